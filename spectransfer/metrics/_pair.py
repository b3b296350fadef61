"""Measured and predicted spectra of the same spots, checked once for every figure."""

import numpy as np
from sklearn.utils.validation import check_consistent_length

from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import check_targets


def paired_spectra(
    y_true: ArrayLike, y_pred: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Validate two sets of spectra of the same spots; a 1-D target is one channel.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_spectra, n_wavelengths) or (n_spectra,)
        Measured and predicted spectra. Float arrays, memory-mapped ones included,
        are not copied.

    Returns
    -------
    measured, predicted : ndarray of shape (n_spectra, n_wavelengths)
        Finite, float32 or float64 each.
    """
    measured = _as_rows(check_targets(y_true, name="y_true"))
    predicted = _as_rows(check_targets(y_pred, name="y_pred"))
    check_consistent_length(measured, predicted)
    if measured.shape[1] != predicted.shape[1]:
        raise ValueError(
            "y_true and y_pred must be on the same channels, but y_true has "
            f"{measured.shape[1]} and y_pred has {predicted.shape[1]}. Compare "
            "predictions with primary spectra brought to the space of the predictions, "
            "as spectransfer.metrics.target_in_prediction_space gives them."
        )
    return measured, predicted


def spectrum_weights(sample_weight: ArrayLike | None, n_spectra: int) -> FloatArray:
    """Validate one weight for each spectrum; None weighs all alike.

    Parameters
    ----------
    sample_weight : array-like of shape (n_spectra,) or None
        Weights, not negative.
    n_spectra : int
        The number of weights there must be.

    Returns
    -------
    ndarray of shape (n_spectra,)
        Weights in float64.
    """
    if sample_weight is None:
        return np.ones(n_spectra)
    weights = check_targets(sample_weight, name="sample_weight").astype(np.float64)
    if weights.shape != (n_spectra,):
        raise ValueError(
            f"sample_weight must have one number for each of the {n_spectra} spectra, "
            f"but its shape is {weights.shape}."
        )
    if (weights < 0).any() or not weights.any():
        i = int(weights.argmin())
        raise ValueError(
            "sample_weight must not be negative and not be zero everywhere, but its "
            f"least value, for spectrum {i}, is {weights[i]:g} and its sum is "
            f"{weights.sum():g}. Leave sample_weight out to weigh all spectra alike."
        )
    return weights


def _as_rows(array: FloatArray) -> FloatArray:
    return array.reshape(-1, 1) if array.ndim == 1 else array
