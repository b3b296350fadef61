"""What is refused before any long work begins."""

from collections.abc import Iterable, Mapping
from typing import Any

from spectransfer.pipeline import PROTOCOLS
from spectransfer.spectra import Pair


def named_transfers(transfers: Any) -> dict[str, Any]:
    """Check names and estimators before any of them is fitted."""
    pairs = list(transfers.items() if isinstance(transfers, Mapping) else transfers)
    named = dict(pairs)
    if not named or len(named) < len(pairs):
        raise ValueError(
            "transfers must give every transfer a name of its own, but there are "
            f"{len(pairs)} transfers and {len(named)} names. Pass a mapping such as "
            "{'ridge': make_transfer_pipeline(Ridge())}."
        )
    for name, transfer in named.items():
        if isinstance(transfer, type) or not hasattr(transfer, "predict"):
            raise TypeError(
                "transfers must hold estimators that predict, but the one named "
                f"{name!r} is {transfer!r}. Pass an object such as "
                "make_transfer_pipeline(Ridge())."
            )
    return {str(name): transfer for name, transfer in named.items()}


def known_protocols(protocols: str | Iterable[str]) -> list[str]:
    """Refuse protocols that there are not."""
    names = [protocols] if isinstance(protocols, str) else list(protocols)
    unknown = [name for name in names if name not in PROTOCOLS]
    if unknown or not names or len(set(names)) < len(names):
        raise ValueError(
            f"protocols must be some of {', '.join(map(repr, PROTOCOLS))}, each once, "
            f"but they are {names!r}."
        )
    return names


def check_channels(known: Pair, unseen: Pair, watched: Pair | None) -> None:
    """Refuse spectra on other channels than those of the shared standards."""
    for name, pair in (("test", unseen), ("validation", watched)):
        for side in Pair._fields:
            if pair is None:
                continue
            n, n_known = (getattr(p, side).shape[1] for p in (pair, known))
            if n != n_known:
                raise ValueError(
                    f"{name} must have the channels of train, but its {side} spectra "
                    f"have {n} and those of train {n_known}. Bring them to one axis, "
                    "for example with WavelengthResampler."
                )


def check_map(unseen: Pair, protocols: list[str]) -> None:
    """Refuse to scale one spectrum by itself."""
    if unseen.n_spectra == 1 and protocols != ["deployable"]:
        raise ValueError(
            "A map is scaled by itself over its spectra, and one spectrum has no "
            "deviation, but test has 1. Evaluate more, or with "
            "protocols='deployable' only."
        )
