"""Wavelength axes: checked, read from column names, and compared.

Laboratories keep spectra as tables whose columns are named by wavelength. These names
are the axis, and they follow the spectra into scikit-learn's feature names.
"""

from typing import Any

import numpy as np

from spectransfer._typing import ArrayLike, FloatArray
from spectransfer.exceptions import WavelengthError


def check_wavelengths(
    wavelengths: ArrayLike,
    n_wavelengths: int | None = None,
    *,
    name: str = "wavelengths",
) -> FloatArray:
    """Validate a wavelength axis: one dimension, finite, increasing.

    Parameters
    ----------
    wavelengths : array-like of shape (n_wavelengths,)
        Axis in nm (or any other unit that increases along the spectrum).
    n_wavelengths : int, default=None
        The number of channels that the axis must have.
    name : str, default="wavelengths"
        What the caller calls the axis.

    Returns
    -------
    ndarray of shape (n_wavelengths,)
        The axis in float64.
    """
    axis = np.asarray(wavelengths, dtype=np.float64)
    if axis.ndim != 1 or axis.size == 0:
        raise WavelengthError(
            f"{name} must be one row of numbers, one for each channel, but their "
            f"shape is {axis.shape}."
        )
    if n_wavelengths is not None and len(axis) != n_wavelengths:
        raise WavelengthError(
            f"{name} must have one entry for each channel, but there are {len(axis)} "
            f"entries and {n_wavelengths} channels. Pass the axis of these very "
            "spectra."
        )
    if not np.isfinite(axis).all():
        bad = int(np.flatnonzero(~np.isfinite(axis))[0])
        raise WavelengthError(
            f"{name} must be finite, but channel {bad} has {axis[bad]}."
        )
    steps = np.diff(axis)
    if (steps <= 0).any():
        i = int(np.flatnonzero(steps <= 0)[0])
        raise WavelengthError(
            f"{name} must increase from channel to channel, but channel {i} steps "
            f"from {axis[i]:.6g} to {axis[i + 1]:.6g}. Sort the axis and the spectra "
            "together, with order = np.argsort(wavelengths)."
        )
    return axis


def wavelengths_of(X: Any) -> FloatArray | None:
    """Read the wavelength axis from the column names of a data frame.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_wavelengths)
        Spectra; a data frame (of any library that names its columns) may have
        wavelengths as column names, numbers or text such as ``"589.0"``.

    Returns
    -------
    ndarray of shape (n_wavelengths,) or None
        The axis, or None where the columns have no names, names that are not all
        numbers, or those that a data frame gives by itself: 0, 1, 2, ...
    """
    columns = getattr(X, "columns", None)
    if columns is None:
        return None
    try:
        axis = np.asarray([float(c) for c in columns], dtype=np.float64)
    except (TypeError, ValueError):
        return None
    unnamed = all(not isinstance(c, str) for c in columns) and np.array_equal(
        axis, np.arange(len(axis))
    )
    return None if unnamed else axis


def with_text_names(frame: Any, names: Any) -> Any:
    """Name columns by text, which scikit-learn keeps; numbers it would drop."""
    if names is None:
        if all(isinstance(c, str) for c in frame.columns):
            return frame
        names = [str(c) for c in frame.columns]
    named = frame.copy(deep=False) if hasattr(frame, "copy") else frame.clone()
    # numpy's own text type is none that scikit-learn takes for a name.
    named.columns = [str(name) for name in np.asarray(names)]
    return named


def known_names(estimator: object, axis: FloatArray, *, who: str | None = None) -> Any:
    """Give the names seen in `fit`, and refuse spectra on another axis than theirs.

    The same wavelength may be written in two ways, or have been rounded: axes agree
    where no channel is off by more than a thousandth of the pitch.
    """
    names = getattr(estimator, "feature_names_in_", None)
    try:
        known = np.asarray([] if names is None else names, dtype=np.float64)
    except ValueError:
        return None
    if known.size == 0:
        return None
    n = min(len(known), len(axis))
    pitch = np.abs(np.diff(known)).min(initial=np.abs(known).max())
    off = np.flatnonzero(np.abs(known[:n] - axis[:n]) > 1e-3 * pitch)
    if len(off) == 0 and len(known) == len(axis):
        return names
    first = int(off[0]) if len(off) else n
    fitted, given = (
        f"{a[first]:.9g}" if first < len(a) else "nothing" for a in (known, axis)
    )
    raise WavelengthError(
        f"{who or type(estimator).__name__} must be given spectra on the wavelength "
        f"axis that it was fitted on, but that one has {_axis_in_words(known)}, and "
        f"this one {_axis_in_words(axis)}; the first channel that differs is {first}, "
        f"with {fitted} there and {given} here. Bring the spectra to the first axis, "
        "for example with WavelengthResampler."
    )


def _axis_in_words(axis: FloatArray) -> str:
    return f"{len(axis)} channels from {axis[0]:.6g} to {axis[-1]:.6g}"
