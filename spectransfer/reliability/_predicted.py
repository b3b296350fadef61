"""What a transfer predicts of spectra that it does not know, and in which channels."""

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy.signal import find_peaks

from spectransfer._axis import axis_of, laser_too
from spectransfer._blocks import take_rows
from spectransfer._typing import BoolArray, FloatArray, IntArray
from spectransfer.exceptions import SpectransferWarning
from spectransfer.metrics import read_property, target_in_prediction_space

_REACH = 3  # secondary channels, within which a primary one counts as seen


class InferredLine(NamedTuple):
    """A predicted line in channels that the secondary instrument does not see."""

    channel: int
    wavelength: float
    height: float
    half_width: float


def errors_of(
    predicted: FloatArray, truth: FloatArray, properties: Mapping[str, Any] | None
) -> FloatArray:
    """Give Euclidean and cosine errors of spectra, and those of properties."""
    p, t = predicted.astype(np.float64), truth.astype(np.float64)
    norms = np.linalg.norm(p, axis=1) * np.linalg.norm(t, axis=1)
    cosine = 1 - (p * t).sum(axis=1) / np.where(norms > 0, norms, 1.0)
    errors = [np.linalg.norm(t - p, axis=1), np.maximum(cosine, 0.0)]
    for name, calibration in (properties or {}).items():
        read = [read_property(calibration, s, name) for s in (predicted, truth)]
        errors.append(np.abs(read[0] - read[1]))
    return np.column_stack(errors)


def names_of_properties(properties: Mapping[str, Any] | None) -> list[str]:
    """Give the names of properties; refuse those that errors of spectra have."""
    names = list(properties or {})
    taken = {"euclidean", "cosine"} & {*names}
    if taken:
        raise ValueError(
            f"properties must have names of their own, but {taken.pop()!r} is the "
            "error of the spectrum in expected_error. Call it something else."
        )
    return names


def lines_of(
    lower: FloatArray, upper: FloatArray, inferred: BoolArray, places: FloatArray
) -> list[InferredLine]:
    """Give the lines of a mean band that stand above it in inferred channels."""
    mean, half = (lower + upper).mean(axis=0) / 2, (upper - lower).mean(axis=0) / 2
    peaks, found = find_peaks(mean, prominence=0.0)
    lines = [
        InferredLine(int(j), float(places[j]), float(height), float(half[j]))
        for j, height in zip(peaks, found["prominences"], strict=True)
        if inferred[j] and height > half[j]
    ]
    return sorted(lines, key=lambda line: -line.height)


def judged(transfer: Any, X: Any, y: Any) -> tuple[FloatArray, FloatArray]:
    """Give predictions and truth, in the space of the predictions."""
    truth = np.asarray(target_in_prediction_space(transfer, y))
    return as_table(transfer.predict(X)), as_table(truth)


def predictions_left_out(
    fitted: Any, X: Any, y: Any, folds: list[IntArray]
) -> tuple[FloatArray, FloatArray]:
    """Give predictions and truth of spectra that the transfer does not know."""
    found: list[tuple[FloatArray, FloatArray]] = []
    for out in folds:
        transfer = fitted(np.delete(np.arange(len(X)), out))
        found.append(judged(transfer, take_rows(X, out), take_rows(y, out)))
    order = np.argsort(np.concatenate(folds))
    predicted, truth = (
        np.concatenate(part)[order] for part in zip(*found, strict=True)
    )
    return predicted, truth


def inferred_channels(X: Any, y: Any, n_channels: int) -> tuple[BoolArray, FloatArray]:
    """Tell which primary channels are far from all secondary ones, and their places.

    Parameters
    ----------
    X, y : array-like
        Spectra of both sides; data frames tell their axes.
    n_channels : int
        Number of predicted channels.

    Returns
    -------
    inferred : ndarray of bool of shape (n_channels,)
        Farther than three steps of the secondary axis. False without axes, and
        with axes in two units, which is warned of.
    places : ndarray of shape (n_channels,)
        Wavelengths, or numbers of channels.
    """
    here, there = axis_of(X), axis_of(y)
    if there is None or len(there.values) != n_channels:
        return np.zeros(n_channels, dtype=bool), np.arange(float(n_channels))
    if here is None or len(here.values) < 2:
        return np.zeros(n_channels, dtype=bool), there.values
    if None not in (here.unit, there.unit) and here.unit != there.unit:
        warnings.warn(
            "Inferred channels are those where the secondary instrument sees nothing, "
            f"but its axis has {here.span}, and the primary one {there.span}: axes of "
            "two units cannot be compared, and no channel will be marked. Convert one, "
            f"with axis.to({there.unit!r}{laser_too(here.unit, there.unit)}).",
            SpectransferWarning,
            stacklevel=3,
        )
        return np.zeros(n_channels, dtype=bool), there.values
    seen = np.sort(here.values)
    step = float(np.median(np.diff(seen)))
    after = np.searchsorted(seen, there.values)
    nearest = [
        np.abs(seen[np.clip(k, 0, len(seen) - 1)] - there.values)
        for k in (after - 1, after)
    ]
    return np.minimum(*nearest) > _REACH * step, there.values


def as_table(predicted: Any) -> FloatArray:
    """Give a single target as one column, and whole numbers as floats."""
    predicted = np.asarray(predicted)
    if predicted.dtype.kind != "f":
        predicted = predicted.astype(np.float64)
    return predicted.reshape(len(predicted), -1)
