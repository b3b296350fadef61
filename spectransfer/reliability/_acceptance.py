r"""Is a transfer good enough to be used? Verdicts with the numbers they rest on.

Errors before and after the transfer are those of the same samples, so they are compared
sample by sample. With the difference :math:`d_g` of mean squared errors of sample g, a
permutation test turns the signs of all :math:`d_g` at random (R. A. Fisher, "The Design
of Experiments", 1935), and Wilcoxon's test ranks them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import wilcoxon

from spectransfer._typing import ArrayLike, BoolArray, FloatArray, IntArray
from spectransfer._validation import HasMethods, validate_params
from spectransfer.metrics import (
    PropertyErrors,
    property_errors,
    read_property,
    target_in_prediction_space,
)
from spectransfer.reliability._conformal import numbers_of
from spectransfer.reliability._domain import ApplicabilityDomain, Judgement
from spectransfer.reliability._predicted import InferredLine

_ALPHA = 0.05
_TURNS = 9999
_OF_THE_PRIMARY = 1.2
_OF_THE_SPREAD = 0.5
_BLOCK = 500
DO_NOT, NEEDLESS, GOOD = "do not use", "no transfer needed", "transfer"


@dataclass(frozen=True)
class AcceptanceRow:
    """One figure, before and after the transfer.

    Parameters
    ----------
    name : str
        "spectra", or the name of a property.
    before, after : PropertyErrors
        RMSEP, bias and SEP without and with the transfer, in the unit of the figure.
    slopes : tuple of float
        Slope of predicted against known values, before and after.
    limit : float
        Largest RMSEP that is accepted.
    p_permutation, p_wilcoxon : float
        How likely samples are to differ so much before and after by chance.
    verdict : str
        "transfer", "no transfer needed" or "do not use".
    inferred : float, default=nan
        Share of its channels that the secondary instrument does not see. NaN where
        that is not known, as of calibrations and of transfers without `inferred_`.
    """

    name: str
    before: PropertyErrors
    after: PropertyErrors
    slopes: tuple[float, float]
    limit: float
    p_permutation: float
    p_wilcoxon: float
    verdict: str
    inferred: float = float("nan")


@dataclass(frozen=True)
class Acceptance:
    """What was found where a transfer was tested.

    Parameters
    ----------
    verdict : str
        "transfer", "no transfer needed" or "do not use": for "transfer", no figure may
        say "do not use".
    rows : list of AcceptanceRow
        The figures.
    n_spectra, n_samples : int
        Spectra and samples that were tested.
    judgement : Judgement or None
        Which of them are strange, where a domain was given.
    checksum : str
        SHA-256 of the tested spectra and of what was predicted.
    lines : tuple of InferredLine, default=()
        Predicted lines that no secondary channel supports, where the transfer is a
        `ConformalTransfer`.
    """

    verdict: str
    rows: list[AcceptanceRow]
    n_spectra: int
    n_samples: int
    judgement: Judgement | None
    checksum: str
    lines: tuple[InferredLine, ...] = ()

    def __repr__(self) -> str:
        said = [f"{self.verdict} ({self.n_samples} samples)"]
        for row in self.rows:
            mark = f" ({row.inferred:.0%} inferred)" if row.inferred > 0 else ""
            said.append(
                f"{row.name}{mark}: RMSEP {row.before.rmsep:.3g} before, "
                f"{row.after.rmsep:.3g} after, limit {row.limit:.3g}, "
                f"p {row.p_permutation:.2g}: {row.verdict}"
            )
        return "\n".join(said)


@validate_params(
    {
        "transfer": [HasMethods("predict")],
        "before": [HasMethods("predict")],
        "properties": [dict, None],
        "limits": [dict, None],
        "domain": [ApplicabilityDomain, None],
    },
    prefer_skip_nested_validation=True,
)
def accept_transfer(
    transfer: Any,
    before: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    properties: Mapping[str, tuple[Any, ArrayLike | None]] | None = None,
    limits: Mapping[str, float] | None = None,
    sample_id: ArrayLike | None = None,
    domain: ApplicabilityDomain | None = None,
) -> Acceptance:
    """Test a fitted transfer with samples that it does not know.

    A figure is accepted with "transfer" where its RMSEP is within the limit, and
    samples are significantly (5 %) better than without the transfer; with "no transfer
    needed" where they are not, and are within the limit without it, too. All else is
    "do not use", such as an improvement that too few samples prove.

    Parameters
    ----------
    transfer : estimator
        Fitted.
    before : estimator
        Fitted: what is done without a transfer, such as ``OffsetTransfer("nothing")``.
    X, y : array-like of shape (n_spectra, n_channels)
        Secondary and primary spectra of the samples.
    properties : mapping of str to (calibration, values), default=None
        A fitted calibration that reads predictions, or a slice of channels whose mean
        is a band, and known values of shape (n_spectra,). With None for values, the
        truth is what is read from the primary spectra.
    limits : mapping of str to float, default=None
        Largest RMSEP of "spectra" and of properties. By default it is 1.2 times that
        of the primary's own spectra, and half of the standard deviation where these
        are the truth.
    sample_id : array-like of shape (n_spectra,), default=None
        Sample of each spectrum. None takes every spectrum for a sample.
    domain : ApplicabilityDomain, default=None
        Fitted: tells which of the samples are strange.

    Returns
    -------
    Acceptance
        The verdict, with its numbers. It prints as a few lines.

    See Also
    --------
    spectransfer.report.write_acceptance : The page to be signed.

    Examples
    --------
    >>> from spectransfer import DirectStandardization, OffsetTransfer
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.reliability import accept_transfer
    >>> pair = make_instrument_pair(
    ...     n_spectra=120, n_secondary=300, shots_per_sample=1, random_state=0
    ... )
    >>> known, new = pair[:80], pair[80:]
    >>> fitted = [
    ...     t.fit(known.X_secondary, known.X_primary)
    ...     for t in (DirectStandardization(), OffsetTransfer("nothing"))
    ... ]
    >>> accept_transfer(*fitted, new.X_secondary, new.X_primary).verdict
    'transfer'
    """
    predicted = [np.asarray(t.predict(X)) for t in (transfer, before)]
    truths = [np.asarray(target_in_prediction_space(t, y)) for t in (transfer, before)]
    samples = numbers_of(sample_id, len(predicted[0]))
    seen = getattr(transfer, "inferred_", None)
    rows = [
        replace(
            _row("spectra", predicted, truths, samples, None, limits),
            inferred=_share(seen, slice(None)),
        )
    ]
    for name, (calibration, values) in (properties or {}).items():
        read = [_read(calibration, p, name) for p in predicted]
        primary = [_read(calibration, t, name) for t in truths]
        known = primary if values is None else [np.asarray(values, float).ravel()] * 2
        own = None if values is None else property_errors(known[0], primary[0]).rmsep
        row = _row(name, read, known, samples, own, limits)
        rows.append(replace(row, inferred=_share(seen, calibration)))
    told = {row.verdict for row in rows}
    verdict = next(v for v in (DO_NOT, GOOD, NEEDLESS) if v in told)
    return Acceptance(
        verdict=verdict,
        rows=rows,
        n_spectra=len(samples),
        n_samples=int(samples.max()) + 1,
        judgement=None if domain is None else domain.judge(X),
        checksum=_checksum(X, y, predicted[0]),
        lines=_lines(transfer, X),
    )


def _share(inferred: BoolArray | None, band: Any) -> float:
    """Give the share of the channels of a band that are inferred, NaN if unknown."""
    if inferred is None or not isinstance(band, slice):
        return float("nan")
    return float(inferred[band].mean()) if len(inferred[band]) else float("nan")


def _lines(transfer: Any, X: ArrayLike) -> tuple[InferredLine, ...]:
    if not np.any(getattr(transfer, "inferred_", False)):
        return ()
    return tuple(transfer.inferred_lines(X))


def _read(calibration: Any, spectra: FloatArray, name: str) -> FloatArray:
    if isinstance(calibration, slice):
        band: FloatArray = spectra[:, calibration].mean(axis=1, dtype=np.float64)
        return band
    return read_property(calibration, spectra, name)


def _row(
    name: str,
    predicted: list[FloatArray],
    known: list[FloatArray],
    samples: IntArray,
    own: float | None,
    limits: Mapping[str, float] | None,
) -> AcceptanceRow:
    """Compare a figure after (0) and before (1) the transfer."""
    after, before = (
        property_errors(k, p) for k, p in zip(known, predicted, strict=True)
    )
    default = (
        _OF_THE_SPREAD * _spread(known[0]) if own is None else _OF_THE_PRIMARY * own
    )
    limit = float((limits or {}).get(name, default))
    gained = _by_sample(known[1], predicted[1], samples) - _by_sample(
        known[0], predicted[0], samples
    )
    p_permutation = permutation_test(gained)
    p_wilcoxon = float(wilcoxon(gained).pvalue) if gained.any() else 1.0
    better = p_permutation <= _ALPHA and gained.mean() > 0
    verdict = DO_NOT
    if better and after.rmsep <= limit:
        verdict = GOOD
    elif not better and before.rmsep <= limit:
        verdict = NEEDLESS
    slopes = _slope(known[1], predicted[1]), _slope(known[0], predicted[0])
    return AcceptanceRow(
        name, before, after, slopes, limit, p_permutation, p_wilcoxon, verdict
    )


def permutation_test(gained: FloatArray) -> float:
    """Give the two-sided p of a mean, when signs are turned at random.

    Parameters
    ----------
    gained : ndarray of shape (n_samples,)
        Differences.

    Returns
    -------
    float
        At least 1e-4.
    """
    rng = np.random.default_rng(0)
    # rounding must not tell a turned sum from the same one
    seen = abs(gained.sum()) * (1 - 1e-12)
    beyond = 0
    for start in range(0, _TURNS, _BLOCK):
        n = min(_BLOCK, _TURNS - start)
        signs = rng.choice([-1.0, 1.0], (n, len(gained)))
        beyond += int((np.abs(signs @ gained) >= seen).sum())
    return (1 + beyond) / (1 + _TURNS)


def _by_sample(
    known: FloatArray, predicted: FloatArray, samples: IntArray
) -> FloatArray:
    """Give the mean squared error of each sample."""
    off = (predicted.astype(np.float64) - known).reshape(len(samples), -1)
    squares = (off**2).mean(axis=1)
    return np.bincount(samples, squares) / np.bincount(samples)


def _spread(known: FloatArray) -> float:
    table = known.astype(np.float64).reshape(len(known), -1)
    return float(np.sqrt(((table - table.mean(axis=0)) ** 2).mean()))


def _slope(known: FloatArray, predicted: FloatArray) -> float:
    x, z = (a.astype(np.float64).ravel() for a in (known, predicted))
    x = x - x.mean()
    square = float(x @ x)
    return float(x @ z) / square if square > 0 else float("nan")


def _checksum(*arrays: Any) -> str:
    told = hashlib.sha256()
    for array in arrays:
        values = np.ascontiguousarray(np.asarray(array))
        told.update(f"{values.shape} {values.dtype}".encode())
        told.update(values.tobytes())
    return told.hexdigest()
