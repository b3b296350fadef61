"""What is checked of the spectra of two days of one instrument."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from spectransfer._channels import axis_of, compare_axes
from spectransfer.exceptions import SpectransferWarning
from spectransfer.preprocessing._drift_model import Standard


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
