"""Standards of two days of one instrument: checked, and put together."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length

from spectransfer._channels import axis_of, compare_axes
from spectransfer._labels import paired_labels
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer.exceptions import SpectransferWarning
from spectransfer.preprocessing._drift_model import Standard
from spectransfer.preprocessing._drift_scatter import scatter_of


def compare_days(estimator: Any, X: Any, y: Any) -> None:
    """Refuse days on different axes, where both say theirs.

    Parameters
    ----------
    estimator : estimator
        Who asks, for its name.
    X, y : array-like of shape (n_spectra, n_channels)
        Spectra of today and of the reference day.
    """
    today, reference = axis_of(X), axis_of(y)
    if today is not None and reference is not None:
        compare_axes(
            today,
            reference,
            who=type(estimator).__name__,
            what="spectra of the reference day",
            known_from="of today",
        )


def standards_of(
    today: FloatArray,
    reference: FloatArray,
    sample_id: ArrayLike | None,
    reference_id: ArrayLike | None,
    intensity_scatter: float,
) -> tuple[np.ndarray, list[Standard]]:
    """Put the spectra of each material together.

    Parameters
    ----------
    today : ndarray of shape (n_today, n_channels)
        Means of standards, or shots on them.
    reference : ndarray of shape (n_reference, n_channels)
        The same materials on the reference day.
    sample_id, reference_id : array-like or None
        Material of each shot; None where rows are means, in pairs.
    intensity_scatter : float
        Relative scatter of a mean from day to day, where there are no shots.

    Returns
    -------
    names : ndarray of shape (n_standards,)
        Of the materials, or row numbers.
    standards : list of Standard
        In the order of the names.

    Raises
    ------
    ValueError
        Rows that do not pair, or a material of one day only.
    """
    if sample_id is None and reference_id is not None:
        raise ValueError(
            "reference_id says which rows of the reference day belong to which of "
            "today, but sample_id is None. Pass both."
        )
    if sample_id is None:
        check_consistent_length(today, reference)
        level = np.median(reference, axis=1, keepdims=True)
        scatter = np.sqrt(2) * intensity_scatter * (reference - level)
        means = [np.asarray(day, dtype=np.float64) for day in (today, reference)]
        return np.arange(len(today)), [
            Standard(now, then, apart[None], 0, 0.0)
            for now, then, apart in zip(*means, scatter, strict=True)
        ]
    here, there = paired_labels(sample_id, reference_id, len(today), len(reference))
    names = np.unique(here)
    alone = np.setxor1d(names, np.unique(there))
    if len(alone):
        raise ValueError(
            "Every standard must have been measured on both days, but of one day "
            f"only are {', '.join(map(str, alone[:5]))}. Leave them out, or name "
            "the same material alike on both days."
        )
    return names, [_of_shots(today[here == n], reference[there == n]) for n in names]


def _of_shots(now: FloatArray, then: FloatArray) -> Standard:
    (apart, unsure), (before, unsure_before) = map(scatter_of, (now, then))
    return Standard(
        today=now.mean(axis=0, dtype=np.float64),
        reference=then.mean(axis=0, dtype=np.float64),
        scatter=np.concatenate([apart, before]),
        n_today=len(apart),
        unsure=float(np.hypot(unsure, unsure_before)),
    )


def tell_dark(names: Sequence[Any], standards: list[Standard]) -> None:
    """Warn of standards with one and the same number in every channel."""
    for day, spectra in (
        ("today", [standard.today for standard in standards]),
        ("on the reference day", [standard.reference for standard in standards]),
    ):
        dark = [
            str(name)
            for name, spectrum in zip(names, spectra, strict=True)
            if np.ptp(spectrum) == 0
        ]
        if dark:
            warnings.warn(
                f"Standard {', '.join(dark)} has no lines {day}: every channel has the "
                "same number. Measure it again, or leave it out.",
                SpectransferWarning,
                stacklevel=6,
            )
