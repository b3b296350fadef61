"""Transfers by their names, before any of them is fitted."""

from collections.abc import Mapping
from typing import Any


def named_transfers(transfers: Any) -> dict[str, Any]:
    """Check names and estimators before any of them is fitted.

    Parameters
    ----------
    transfers : mapping of str to estimator, or iterable of (str, estimator)
        What the user passed.

    Returns
    -------
    dict of str to estimator
        In their order.
    """
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
