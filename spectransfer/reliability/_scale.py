r"""How far off a prediction is likely to be: of the spectrum, and of each channel.

A forest reads the expected error e(x) of a spectrum from the secondary side and from
the prediction; in channel j the error is expected to be

.. math:: \sigma_j(x) = a_j \, e(x) + b_j \, |\hat y_j(x)| , \qquad a_j, b_j \ge 0 ,

least squares of the absolute errors of left-out spectra, weighed by
:math:`1 / \sigma^2`: strong lines have wider bands, and so have strange spectra. With
few standards the law is nearly the same for all channels, each in its own units.
"""

from typing import Any

import numpy as np
from scipy.optimize import nnls
from sklearn.ensemble import ExtraTreesRegressor

from spectransfer._blocks import block_slices
from spectransfer._typing import BoolArray, FloatArray, IntArray

Factors = tuple[FloatArray, FloatArray, float]

_LEAST = 0.1  # of the mean error of a channel, at the mean expected error
_FEW = 20  # samples up to which one law is told
_SHARED = 100  # samples for which all channels together count in each
_CHANNELS = 256  # worked on at a time
_CACHED = 2**19  # bytes of predictions that are worked on at a time
_ROUNDS = 4
_STEPS = 30
_TREES = {"n_estimators": 20, "min_samples_leaf": 5, "random_state": 0}


def fit_forest(features: FloatArray, errors: FloatArray) -> Any:
    """Fit a forest to the logarithms of errors, of shape (n_spectra, n_errors)."""
    return ExtraTreesRegressor(**_TREES).fit(features, _logarithm(errors))


def expected(forest: Any, features: FloatArray) -> FloatArray:
    """Give the errors that a forest expects, of shape (n_spectra, n_errors)."""
    # its trees one by one: `predict` of a forest takes four times as long
    read = features.astype(np.float32)
    trees = [tree.tree_.predict(read) for tree in forest.estimators_]
    return np.exp(np.mean(trees, axis=0).reshape(len(features), -1))


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
    predicted: FloatArray,
    off: FloatArray,
    error: FloatArray,
    n_samples: int | None = None,
) -> Factors:
    """Learn how errors of channels grow with the error and the light of a spectrum.

    The samples beyond 20 count for their channel, and 100 more for what all channels
    have together: the mean error that grows with their light, and in units of it and of
    the light the moments. Few standards tell a common law only. Were it that of each
    channel, what is odd about a standard would be in the errors of all that are
    predicted by its help, and the standard would look usual; a new spectrum would not.

    Parameters
    ----------
    predicted, off : ndarray of shape (n_spectra, n_channels)
        Predictions of left-out spectra, and their absolute errors.
    error : ndarray of shape (n_spectra,)
        Expected error of each spectrum.
    n_samples : int, default=None
        Samples that they are of; None takes each spectrum for one.

    Returns
    -------
    a, b : ndarray of shape (n_channels,)
        Factors of the error, in units of the third, and of the light.
    typical : float
        The mean expected error.
    """
    beyond = max((n_samples or len(off)) - _FEW, 0)
    own = beyond / (beyond + _SHARED)
    mean = off.mean(axis=0)
    least = 1e-6 * (mean.max(initial=0.0) or 1.0)
    # a channel that is never off tells nothing of the others
    telling = mean > least if mean.any() else np.ones(mean.shape, dtype=bool)
    light = np.abs(predicted).mean(axis=0, dtype=np.float64)
    shared_mean = _by_light(mean, light, telling)
    mean = np.maximum(own * mean + (1 - own) * shared_mean, least)
    # light that is weaker than its error is not known any better than this
    light = np.maximum(light, mean)
    typical = float(error.mean())
    a, b = np.ones_like(mean), np.zeros_like(mean)
    for _ in range(_ROUNDS):
        found = np.empty((5, len(mean)))
        for part in block_slices(len(mean), _CHANNELS):
            found[:, part] = _moments(
                np.abs(predicted[:, part]) / light[part],
                off[:, part] / mean[part],
                error[:, None] / typical,
                (a[part], b[part]),
            )
        shared = found[:, telling].mean(axis=1, keepdims=True)
        a, b = _two_factors(own * found + (1 - own) * shared)
    return a * mean, b * mean / light, typical


def _by_light(mean: FloatArray, light: FloatArray, telling: BoolArray) -> FloatArray:
    """Give the mean errors that channels of that light have, by least squares."""
    size = float(light.max(initial=0.0)) or 1.0
    terms = np.column_stack([np.ones_like(light), light / size])
    found: FloatArray = terms @ nnls(terms[telling], mean[telling])[0]
    return found


def _moments(
    light: FloatArray,
    off: FloatArray,
    error: FloatArray,
    factors: tuple[FloatArray, FloatArray],
) -> FloatArray:
    """Give weighed moments of light, error and what is off, (5, n_channels)."""
    a, b = factors
    weight = np.maximum(a * error + b * light, _LEAST) ** -2.0
    by_error, by_light = weight * error, weight * light
    pairs = (
        (by_error, error),
        (by_error, light),
        (by_light, light),
        (by_error, off),
        (by_light, off),
    )
    return np.stack([(one * two).mean(axis=0) for one, two in pairs])


def _two_factors(moments: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Solve two normal equations for factors that are not negative."""
    ee, el, ll, eo, lo = np.maximum(moments, np.finfo(np.float64).tiny)
    a = b = np.full_like(ee, 0.5)
    for _ in range(_STEPS):
        a = np.maximum((eo - el * b) / ee, _LEAST)
        b = np.maximum((lo - el * a) / ll, 0.0)
    return a, b


def scale_of(factors: Factors, predicted: FloatArray, error: FloatArray) -> FloatArray:
    """Give the error that is expected in each channel, shaped as `predicted`."""
    a, b, typical = factors
    kind = predicted.dtype
    scale: FloatArray = np.abs(predicted)
    scale *= b.astype(kind)
    scale += np.multiply.outer((error / typical).astype(kind), a.astype(kind))
    return scale


def band_of(
    factors: Factors, limits: FloatArray, predicted: FloatArray, error: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Give the band of `limits` times `scale_of`, by blocks that stay in cache.

    Parameters
    ----------
    factors : tuple
        What `fit_scale` gave.
    limits : ndarray of shape (n_channels,) or (1,)
        By how many times the expected error the band reaches.
    predicted : ndarray of shape (n_spectra, n_channels)
        Predictions.
    error : ndarray of shape (n_spectra,)
        Expected error of each spectrum.

    Returns
    -------
    lower, upper : ndarray of shape (n_spectra, n_channels)
        The band.
    """
    a, b, typical = factors
    lower, upper = np.empty_like(predicted), np.empty_like(predicted)
    kind = predicted.dtype
    relative = (error / typical).astype(kind)
    by_error, by_light = (a * limits).astype(kind), (b * limits).astype(kind)
    step = max(1, _CACHED // max(1, predicted[:1].nbytes))
    for rows in block_slices(len(predicted), step):
        # `scale_of`, without memory of its own
        above, below = upper[rows], lower[rows]
        np.abs(predicted[rows], out=above)
        above *= by_light
        np.multiply(relative[rows, None], by_error, out=below)
        above += below
        np.subtract(predicted[rows], above, out=below)
        above += predicted[rows]
    return lower, upper


def _logarithm(errors: FloatArray) -> FloatArray:
    least = 1e-9 * errors.max(axis=0, initial=0.0) + np.finfo(np.float64).tiny
    return np.log(np.maximum(errors, least))
