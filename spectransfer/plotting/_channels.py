r"""What is drawn along a spectrum: its axis, means over spectra, errors.

Sums over spectra run through blocks of rows, so that memory-mapped libraries are
never held in memory, and are kept in float64.
"""

from typing import Any

import numpy as np

from spectransfer._blocks import row_blocks
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import check_targets
from spectransfer._wavelengths import check_wavelengths, wavelengths_of
from spectransfer.metrics import target_in_prediction_space


def axis_of(
    wavelengths: ArrayLike | None, n_channels: int, *sources: Any
) -> tuple[FloatArray, str | None]:
    """Find the axis of spectra, and its unit; None for counted channels.

    Parameters
    ----------
    wavelengths : array-like of shape (n_channels,) or None
        Axis given by the user. None looks at the column names of `sources`.
    n_channels : int
        Number of channels that are drawn.
    *sources : array-like
        Spectra, perhaps data frames.

    Returns
    -------
    axis : ndarray of shape (n_channels,)
        Wavelengths, or 0, 1, 2, ...
    unit : str or None
        Unit of the axis.
    """
    if wavelengths is not None:
        return check_wavelengths(wavelengths, n_channels), "nm"
    found = known_axis(n_channels, *sources)
    if found is not None:
        return found, "nm"
    return np.arange(n_channels, dtype=np.float64), None


def known_axis(n_channels: int, *sources: Any) -> FloatArray | None:
    """Read an axis of this length from the column names of the first that has one."""
    for source in sources:
        found = wavelengths_of(source)
        if found is not None and len(found) == n_channels:
            return check_wavelengths(found)
    return None


def axis_label(unit: str | None) -> str:
    """Write what stands under a spectrum."""
    return "channel" if unit is None else f"wavelength ({unit})"


def mean_spectrum(spectra: ArrayLike, name: str = "X") -> FloatArray:
    """Average spectra channel by channel; a single spectrum is its own mean.

    Parameters
    ----------
    spectra : array-like of shape (n_spectra, n_wavelengths) or (n_wavelengths,)
        Spectra, read in blocks.
    name : str, default="X"
        What the caller calls them.

    Returns
    -------
    ndarray of shape (n_wavelengths,)
        The mean, float64.
    """
    if np.ndim(spectra) == 1:
        spectra = np.asarray(spectra)[np.newaxis]
    rows = check_targets(spectra, name=name)
    total = np.zeros(rows.shape[1])
    for block in row_blocks(len(rows), rows[:1].nbytes):
        total += rows[block].sum(axis=0, dtype=np.float64)
    return total / len(rows)


def channel_rmse(measured: FloatArray, predicted: FloatArray) -> FloatArray:
    r"""Root-mean-square error of each channel over all spectra.

    .. math:: e_j = \sqrt{\textstyle\frac 1 N \sum_i (y_{ij} - \hat y_{ij})^2}

    Parameters
    ----------
    measured, predicted : ndarray of shape (n_spectra, n_wavelengths)
        Spectra of the same spots, read in blocks.

    Returns
    -------
    ndarray of shape (n_wavelengths,)
        Errors in the unit of the spectra, float64.
    """
    squares = np.zeros(measured.shape[1])
    for rows in row_blocks(len(measured), 8 * measured.shape[1]):
        error = np.subtract(measured[rows], predicted[rows], dtype=np.float64)
        squares += np.einsum("ij,ij->j", error, error)
    return np.sqrt(squares / len(measured))


def measured_and_predicted(
    estimator: Any, X: ArrayLike, y: ArrayLike
) -> tuple[Any, np.ndarray]:
    """Predict, and bring what was measured to the space of the predictions."""
    # All at once: a pipeline that scales by batch would see blocks as batches.
    predicted = np.asarray(estimator.predict(X))
    return target_in_prediction_space(estimator, y), predicted
