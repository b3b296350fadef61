"""One axis from several detectors, whose ranges meet, overlap, or repeat channels."""

from typing import Any

import numpy as np

from spectransfer._axis import Axis, parse_unit
from spectransfer._masked import refuse_masked
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer.exceptions import WavelengthError


def merge_detectors(
    X: ArrayLike, wavelengths: ArrayLike, *, unit: str | None = None, keep: str = "mean"
) -> tuple[np.ndarray, Axis]:
    """Bring the channels of several detectors into one order.

    A detector begins wherever the axis repeats a place or steps back.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_channels)
        Spectra, the detectors side by side.
    wavelengths : array-like of shape (n_channels,)
        Their axis, which increases within each detector, or decreases within each.
    unit : str, default=None
        Unit of the axis; None is not known.
    keep : {"mean", "lower", "upper"}, default="mean"
        What stands where two detectors overlap: the channels of the lower one, those
        of the upper one, or those of the lower one with the mean of both, the upper
        one interpolated. Look at the overlap first: detectors may differ in gain.

    Returns
    -------
    X : ndarray of shape (n_spectra, n_merged)
        A new table.
    axis : Axis
        Its increasing axis.

    Examples
    --------
    >>> from spectransfer.spectra import merge_detectors
    >>> X, axis = merge_detectors(
    ...     [[1.0, 2.0, 4.0, 5.0]], [300.0, 310.0, 310.0, 320.0], unit="nm"
    ... )
    >>> X
    array([[1., 3., 5.]])
    >>> axis
    Axis(3 channels from 300 to 320 nm)
    """
    refuse_masked(X, "X")
    refuse_masked(wavelengths, "wavelengths")
    spectra, places = np.asarray(X), np.asarray(wavelengths, dtype=np.float64)
    if spectra.ndim != 2 or places.shape != spectra.shape[1:]:
        raise WavelengthError(
            "The axis must have one entry for each channel of a table of spectra, but "
            f"its shape is {places.shape}, and that of the spectra {spectra.shape}."
        )
    if not np.isfinite(places).all():
        raise WavelengthError("The axis must be finite, but it holds NaN or inf.")
    if keep not in ("mean", "lower", "upper"):
        raise ValueError(f'keep must be "mean", "lower" or "upper", not {keep!r}.')
    if 2 * int((np.diff(places) < 0).sum()) > len(places) - 1:
        spectra, places = spectra[:, ::-1], places[::-1]
    cuts = np.flatnonzero(np.diff(places) <= 0) + 1
    if len(cuts) > max(1, len(places) // 4):
        raise WavelengthError(
            "The axis must increase within each detector, but it steps back "
            f"{len(cuts)} times over {len(places)} channels. Sort such channels, with "
            "order = np.argsort(wavelengths)."
        )
    parts = list(
        zip(np.split(places, cuts), np.split(spectra, cuts, axis=1), strict=True)
    )
    parts.sort(key=lambda part: part[0][0])
    merged: tuple[FloatArray, np.ndarray] = parts[0]
    for part in parts[1:]:
        merged = _joined(merged, part, keep)
    return merged[1], Axis(merged[0], None if unit is None else parse_unit(unit))


def _joined(lower: Any, upper: Any, keep: str) -> tuple[FloatArray, np.ndarray]:
    """Put two detectors side by side, one reading for each place of the overlap."""
    (low, X_low), (high, X_high) = lower, upper
    if high[-1] <= low[-1] and len(high) > 1:
        raise WavelengthError(
            "Detectors must follow each other along the axis, but one from "
            f"{high[0]:.6g} to {high[-1]:.6g} lies within another from {low[0]:.6g} to "
            f"{low[-1]:.6g}. Choose the channels of one of them first."
        )
    if keep == "upper":
        rest = low < high[0]
        return np.append(low[rest], high), np.hstack([X_low[:, rest], X_high])
    both = low >= high[0]
    if keep == "mean" and both.any():
        X_low = X_low.astype(np.result_type(X_low.dtype, np.float32))
        read = np.array([np.interp(low[both], high, row) for row in X_high])
        X_low[:, both] = 0.5 * (X_low[:, both] + read)
    rest = high > low[-1]
    return np.append(low, high[rest]), np.hstack([X_low, X_high[:, rest]])
