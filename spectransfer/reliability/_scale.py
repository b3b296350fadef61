r"""How far off a prediction is likely to be: of the spectrum, and of each channel.

A forest reads the expected error e(x) of a spectrum from the secondary side and from
the prediction; in channel j the error is expected to be

.. math:: \sigma_j(x) = a_j \, e(x) + b_j \, |\hat y_j(x)| , \qquad a_j, b_j \ge 0 ,

least squares of the absolute errors of left-out spectra, weighed by
:math:`1 / \sigma^2`: strong lines have wider bands, and so have strange spectra.
"""

from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor

from spectransfer._typing import FloatArray, IntArray

_LEAST = 1e-2  # of the mean error of a channel
_ROUNDS = 4
_STEPS = 30
_TREES = {"n_estimators": 20, "min_samples_leaf": 5, "random_state": 0}


def fit_forest(features: FloatArray, errors: FloatArray) -> Any:
    """Fit a forest to the logarithms of errors, of shape (n_spectra, n_errors)."""
    return ExtraTreesRegressor(**_TREES).fit(features, _logarithm(errors))


def expected(forest: Any, features: FloatArray) -> FloatArray:
    """Give the errors that a forest expects, of shape (n_spectra, n_errors)."""
    return np.exp(forest.predict(features).reshape(len(features), -1))


def left_out(
    features: FloatArray, errors: FloatArray, folds: list[IntArray]
) -> FloatArray:
    """Give the errors that are expected of spectra that the forest does not know."""
    found = np.empty_like(errors)
    for out in folds:
        known = np.delete(np.arange(len(features)), out)
        forest = fit_forest(features[known], errors[known])
        found[out] = expected(forest, features[out])
    return found


def fit_scale(
    predicted: FloatArray, off: FloatArray, error: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Learn how errors of channels grow with the error and the light of a spectrum.

    Parameters
    ----------
    predicted, off : ndarray of shape (n_spectra, n_channels)
        Predictions of left-out spectra, and their absolute errors.
    error : ndarray of shape (n_spectra,)
        Expected error of each spectrum.

    Returns
    -------
    a, b, least : ndarray of shape (n_channels,)
        Factors of the error and of the light, and the least that is ever expected.
    """
    light, error = np.abs(predicted), error[:, None]
    mean = off.mean(axis=0)
    least = np.maximum(_LEAST * mean, np.finfo(np.float64).tiny)
    least = np.maximum(least, 1e-6 * mean.max(initial=0.0))
    a, b = np.zeros_like(mean), np.zeros_like(mean)
    sigma = np.maximum(np.broadcast_to(mean, off.shape), least)
    for _ in range(_ROUNDS):
        weight = sigma**-2.0
        ee = (weight * error**2).sum(axis=0)
        el = (weight * error * light).sum(axis=0)
        ll = np.maximum((weight * light**2).sum(axis=0), np.finfo(np.float64).tiny)
        eo, lo = (weight * error * off).sum(axis=0), (weight * light * off).sum(axis=0)
        for _ in range(_STEPS):
            a = np.maximum((eo - el * b) / ee, 0.0)
            b = np.maximum((lo - el * a) / ll, 0.0)
        sigma = scale_of((a, b, least), predicted, error[:, 0])
    return a, b, least


def scale_of(
    factors: tuple[FloatArray, FloatArray, FloatArray],
    predicted: FloatArray,
    error: FloatArray,
) -> FloatArray:
    """Give the error that is expected in each channel, shaped as `predicted`."""
    a, b, least = (factor.astype(predicted.dtype) for factor in factors)
    scale: FloatArray = np.abs(predicted)
    scale *= b
    scale += a * error[:, None].astype(predicted.dtype)
    return np.maximum(scale, least, out=scale)


def _logarithm(errors: FloatArray) -> FloatArray:
    least = 1e-9 * errors.max(axis=0, initial=0.0) + np.finfo(np.float64).tiny
    return np.log(np.maximum(errors, least))
