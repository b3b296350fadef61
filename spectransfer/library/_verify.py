"""Does the primary instrument still match its library?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import fisher_exact

from spectransfer._labels import paired_labels, sample_names
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer.adaptation import drift_between, light_of
from spectransfer.library._population import LEVELS, published_samples, t2_of, with_axis
from spectransfer.spectra import Spectra

if TYPE_CHECKING:
    from spectransfer.library._library import Library

_LEVEL = 0.99
_CHANCE = 1e-3  # that an instrument which matches is said not to
_GAIN, _SHIFT, _WIDTH = 0.05, 0.5, 0.1


@dataclass(frozen=True)
class Verification:
    """What spectra of today say of an instrument and its library.

    It prints as a few sentences.

    Parameters
    ----------
    matches : bool
        Whether nothing speaks against it.
    beyond : dict of str to float
        Share of spectra whose "T2" and "Q" are beyond what one in a hundred spectra of
        the library has.
    drift : dict of str to float
        "gain" (factor), "shift" (channels), "width" (factor) and "offset" of the
        samples against those of the library; empty where they were not named.
    reasons : list of str
        What speaks against it.

    Examples
    --------
    >>> from spectransfer.library import Verification
    >>> told = Verification(
    ...     False, {"T2": 0.01, "Q": 0.4}, {"gain": 1.3},
    ...     ["Q of 40.0% of the spectra is beyond the limit of 1 %."],
    ... )
    >>> told
    The instrument does not match its library:
      Q of 40.0% of the spectra is beyond the limit of 1 %.
      T2: 1.0% beyond the limit of 1 %
      Q: 40.0% beyond the limit of 1 %
      against the published samples: gain 1.3
    """

    matches: bool
    beyond: dict[str, float]
    drift: dict[str, float]
    reasons: list[str]

    def __repr__(self) -> str:
        lines = ["The instrument matches its library."]
        if not self.matches:
            lines = ["The instrument does not match its library:"]
            lines += [f"  {reason}" for reason in self.reasons]
        for name, share in self.beyond.items():
            lines.append(f"  {name}: {share:.1%} beyond the limit of 1 %")
        if self.drift:
            told = ", ".join(f"{name} {v:.3g}" for name, v in self.drift.items())
            lines.append(f"  against the published samples: {told}")
        else:
            lines.append(
                "  Without names of samples, gain, shift and width were not looked at."
            )
        return "\n".join(lines)


def verify_spectra(
    library: Library, X: ArrayLike | Spectra, sample_id: ArrayLike | None
) -> Verification:
    """Judge primary spectra of today; see `Library.verify`."""
    if isinstance(X, Spectra) and sample_id is None and library.sample_id is not None:
        sample_id = X.sample_id
    prepared = library._side.prepare(with_axis(X), "X")
    latents = library._encode_prepared(prepared)
    missed = np.square(prepared - library._decode_prepared(latents), dtype=np.float64)
    statistics = {
        "T2": t2_of(latents, *library._latent_moments),
        "Q": missed.sum(axis=1),
    }
    beyond, reasons = {}, []
    quantiles = library._quantiles
    if quantiles is not None:
        limits = quantiles[:, LEVELS.index(_LEVEL)]
        for (name, values), limit in zip(statistics.items(), limits, strict=True):
            n_beyond = int((values > limit).sum())
            beyond[name] = n_beyond / len(values)
            if name == "Q" and _more(n_beyond, len(values), library._n_held_out):
                reasons.append(
                    f"the decoder misses more of {n_beyond} of {len(values)} spectra "
                    "than of one in a hundred spectra of the library"
                )
    drift = {}
    if sample_id is not None:
        drift = _drift(library, X, sample_id)
        for name, usual, most in (
            ("gain", 1.0, _GAIN), ("shift", 0.0, _SHIFT), ("width", 1.0, _WIDTH),
        ):  # fmt: skip
            if np.isnan(drift[name]):
                reasons.append(f"the {name} of the samples cannot be told: other lines")
            elif abs(drift[name] - usual) > most:
                reasons.append(
                    f"the {name} of the samples is {drift[name]:.3g}, and may be "
                    f"{usual - most:.3g} to {usual + most:.3g}"
                )
    if not beyond and not drift:
        raise ValueError(
            "The library was published without spectra, and has no residuals to "
            "compare with. Pass sample_id=, so that samples can be compared."
        )
    return Verification(not reasons, beyond, drift, reasons)


def _more(n_beyond: int, n_spectra: int, n_known: int | None) -> bool:
    """Tell whether more spectra are beyond a limit than chance would have.

    The limit has been estimated itself, from `n_known` spectra. Without any that were
    held out of the training it says nothing.
    """
    if n_known is None:
        return False
    usual = round((1 - _LEVEL) * n_known)
    table = [[n_beyond, n_spectra - n_beyond], [usual, n_known - usual]]
    return bool(fisher_exact(table, alternative="greater")[1] < _CHANCE)


def _drift(
    library: Library, X: ArrayLike | Spectra, sample_id: ArrayLike
) -> dict[str, float]:
    """Compare the mean spectra of samples with the published ones."""
    measured = np.asarray(library.transform_target(X), np.float64)
    known = library.sample_id
    if known is None:
        raise ValueError(
            "The library has no names of its samples, so that they cannot be "
            "compared. Leave sample_id out."
        )
    own = sample_names(sample_id, len(measured), "sample_id")
    own, known = paired_labels(own, known, len(measured), len(known))
    samples = np.unique(own)
    missing = samples[~np.isin(samples, known)]
    if len(missing):
        raise ValueError(
            f"sample_id must name samples of the library, but {len(missing)} of "
            f"{len(samples)} are not in it, such as {missing[0]}. "
            f"The library has {', '.join(map(str, np.unique(known)[:3]))} and so on."
        )
    prepared = published_samples(library, samples, known)
    published = np.asarray(library._side.undo(prepared), np.float64)
    today: FloatArray = np.stack([measured[own == s].mean(axis=0) for s in samples])
    light = np.stack([light_of(spectrum) for spectrum in published])
    names = ("gain", "shift", "width", "offset")
    return dict(zip(names, drift_between(today, published, light), strict=True))
