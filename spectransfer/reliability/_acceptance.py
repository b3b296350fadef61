"""Is a transfer good enough to be used? Its test with samples it does not know."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from spectransfer._typing import ArrayLike, BoolArray, FloatArray, IntArray
from spectransfer._validation import HasMethods, validate_params
from spectransfer._version import __version__
from spectransfer.reliability._conformal import numbers_of
from spectransfer.reliability._domain import ApplicabilityDomain
from spectransfer.reliability._paired import (
    errors_of_samples,
    permutation_test,
    slope_of,
    spread_of,
    squares_of,
    wilcoxon_test,
)
from spectransfer.reliability._predicted import InferredLine
from spectransfer.reliability._tested import (
    SPECTRA,
    axis_values,
    check_limits,
    check_named,
    check_properties,
    checksum_of,
    predictions_and_truth,
    read_figure,
)
from spectransfer.reliability._verdict import (
    Acceptance,
    AcceptanceRow,
    judged_rows,
    verdict_of,
)

_OF_THE_PRIMARY = 1.2
_OF_THE_SPREAD = 0.5


@validate_params(
    {
        "transfer": [HasMethods("predict")],
        "before": [HasMethods("predict")],
        "properties": [dict, None],
        "limits": [dict, None],
        "domain": [ApplicabilityDomain, None],
        "units": [dict, None],
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
    units: Mapping[str, str] | None = None,
) -> Acceptance:
    """Test a fitted transfer with samples that it does not know.

    A figure is accepted with "transfer" where its RMSEP is within the limit, and
    samples are significantly (5 %) better than without the transfer; with "no transfer
    needed" where they are not, and are within the limit without it, too. All else is
    "do not use", or "too few samples" where no p of so few can be significant. The
    whole is "transfer" where one figure is, and the transfer brings none beyond its
    limit. p are corrected for the number of figures.

    Parameters
    ----------
    transfer : estimator
        Fitted.
    before : estimator
        Fitted: what is done without a transfer, such as ``OffsetTransfer("nothing")``.
        Its predictions are in the space of the transfer's.
    X, y : array-like of shape (n_spectra, n_channels)
        Secondary and primary spectra of samples from which neither has learned. That
        is not checked: who signs the page confirms it.
    properties : mapping of str to (calibration, values), default=None
        A fitted calibration that reads predictions, or a slice of channels whose mean
        is a band, and known values of shape (n_spectra,). With None for values, the
        truth is what is read from the primary spectra.
    limits : mapping of str to float, default=None
        Largest RMSEP of "spectra" and of properties. By default it is 1.2 times that
        of the primary's own spectra, and half of the standard deviation over samples
        where these are the truth.
    sample_id : array-like of shape (n_spectra,), default=None
        Sample of each spectrum; samples count alike. None takes every spectrum for a
        sample.
    domain : ApplicabilityDomain, default=None
        Fitted: tells which of the samples are strange.
    units : mapping of str to str, default=None
        Units of "spectra" and of properties, for the page.

    Returns
    -------
    Acceptance
        The verdict, with its numbers. It prints as a few lines.

    Raises
    ------
    ValueError
        Something is NaN or infinite, a limit or a unit belongs to no figure, or both
        predict in different spaces.

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
    predicted, truth = predictions_and_truth((transfer, before), X, y)
    samples = numbers_of(sample_id, len(truth))
    asked = check_properties(properties, *truth.shape)
    names = [SPECTRA, *asked]
    told = check_limits(limits, names), check_named(units, names, "units")
    seen = getattr(transfer, "inferred_", None)
    figures = {SPECTRA: (slice(None), None)} | asked
    rows, read = _figures(figures, predicted, truth, samples, told)
    rows = [replace(row, inferred=_share(seen, figures[row.name][0])) for row in rows]
    arrays = [
        *(("X", X), ("y", y), ("after", predicted[0]), ("before", predicted[1])),
        *(("sample", samples), ("axis of X", axis_values(X))),
        *(("axis of y", axis_values(y)), *read),
    ]
    rows = judged_rows(rows, int(samples.max()) + 1)
    about = _about(transfer, before)
    bands = {name: str(c) for name, (c, _) in asked.items() if isinstance(c, slice)}
    settings = {"limits": told[0], "units": told[1], "bands": bands, **about}
    checksum, line = checksum_of(settings, arrays)
    return Acceptance(
        verdict=verdict_of(rows),
        rows=rows,
        n_spectra=len(samples),
        n_samples=int(samples.max()) + 1,
        judgement=None if domain is None else domain.judge(X),
        checksum=checksum,
        lines=_lines(transfer, X),
        settings=line,
        about=about,
        false_alarms=float("nan") if domain is None else domain.false_alarms_,
        sample_names=None if sample_id is None else np.asarray(sample_id).astype(str),
    )


def _figures(
    figures: Mapping[str, tuple[Any, FloatArray | None]],
    predicted: list[FloatArray],
    truth: FloatArray,
    samples: IntArray,
    told: tuple[Mapping[str, float], Mapping[str, str]],
) -> tuple[list[AcceptanceRow], list[tuple[str, FloatArray]]]:
    """Compare all figures; give what was read of each property, too."""
    rows, arrays = [_row(SPECTRA, predicted, truth, samples, None, told)], []
    for name, (calibration, values) in figures.items():
        if name == SPECTRA:
            continue
        read = [read_figure(calibration, p, name) for p in predicted]
        known = primary = read_figure(calibration, truth, name)
        own = None
        if values is not None:
            known, own = values, errors_of_samples(values, primary, samples).rmsep
        rows.append(_row(name, read, known, samples, own, told))
        parts = zip(("known", "after", "before"), (known, *read), strict=True)
        arrays += [(f"{name}: {part}", array) for part, array in parts]
    return rows, arrays


def _about(transfer: Any, before: Any) -> dict[str, str]:
    """Say what was tested: transfers, version, day."""
    told = {
        "transfer (after)": " ".join(repr(transfer).split()),
        "before": " ".join(repr(before).split()),
        "spectransfer": __version__,
        "day of the test (UTC)": datetime.now(UTC).date().isoformat(),
    }
    if hasattr(transfer, "n_samples_"):
        told["samples of its fit whose errors are known"] = str(transfer.n_samples_)
    return told


def _share(inferred: BoolArray | None, band: Any) -> float:
    """Give the share of the channels of a band that are inferred, NaN if unknown."""
    if inferred is None or not isinstance(band, slice):
        return float("nan")
    return float(inferred[band].mean()) if len(inferred[band]) else float("nan")


def _lines(transfer: Any, X: ArrayLike) -> tuple[InferredLine, ...]:
    if not np.any(getattr(transfer, "inferred_", False)):
        return ()
    return tuple(transfer.inferred_lines(X))


def _row(
    name: str,
    predicted: list[FloatArray],
    known: FloatArray,
    samples: IntArray,
    own: float | None,
    told: tuple[Mapping[str, float], Mapping[str, str]],
) -> AcceptanceRow:
    """Compare a figure after (0) and before (1) the transfer; no verdict yet."""
    after, before = (errors_of_samples(known, p, samples) for p in predicted)
    if name in told[0]:
        limit, source = told[0][name], "given"
    elif own is None:
        limit = _OF_THE_SPREAD * spread_of(known, samples)
        source = "half of the standard deviation over samples"
    else:
        limit, source = _OF_THE_PRIMARY * own, "1.2 times the primary's own RMSEP"
    squares = [squares_of(known, p, samples) for p in predicted]
    gained = squares[1] - squares[0]
    return AcceptanceRow(
        name=name,
        before=before,
        after=after,
        slopes=(
            slope_of(known, predicted[1], samples),
            slope_of(known, predicted[0], samples),
        ),
        limit=limit,
        p_permutation=permutation_test(gained),
        p_wilcoxon=wilcoxon_test(gained),
        verdict="",
        limit_from=source,
        unit=str(told[1].get(name, "")),
    )
