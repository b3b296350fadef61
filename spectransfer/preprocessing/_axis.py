"""The wavelength axis of spectra: where it is found, and how it is spoken of."""

import numpy as np

from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._wavelengths import wavelengths_of
from spectransfer.exceptions import WavelengthError


def find_axis(X: ArrayLike, wavelengths: ArrayLike | None, n: int) -> FloatArray | None:
    """Give the axis of spectra, or None where nothing tells it.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n)
        Spectra, whose column names may be wavelengths.
    wavelengths : array-like of shape (n_wavelengths,), "channels" or None
        Axis given by the user, in nm. ``"channels"`` counts the channels from 0.
        None looks at the column names.
    n : int
        Number of channels.

    Returns
    -------
    ndarray of shape (n_wavelengths,) or None
        The axis, not yet checked.
    """
    if isinstance(wavelengths, str):
        return np.arange(n, dtype=np.float64)
    if wavelengths is None:
        return wavelengths_of(X)
    return np.asarray(wavelengths, dtype=np.float64)


def channel_pitch(wavelengths: FloatArray) -> float:
    """Give the median distance of neighbouring channels, in nm."""
    if len(wavelengths) < 2:
        raise WavelengthError(
            "A window in nm needs the distance of neighbouring channels, but the "
            "spectra have one channel only. Give the windows with unit='channels'."
        )
    return float(np.median(np.diff(wavelengths)))


def span(wavelengths: FloatArray) -> str:
    """Say the range of an axis."""
    return f"{wavelengths[0]:.6g} to {wavelengths[-1]:.6g}"


def axis_names(wavelengths: FloatArray) -> np.ndarray:
    """Give wavelengths as feature names, which read back as the same numbers."""
    return np.asarray([str(float(w)) for w in wavelengths], dtype=object)
