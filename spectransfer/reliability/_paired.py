r"""Errors of samples before and after, and tests of their differences.

A sample counts once, however many spectra it has. With the difference :math:`d_g` of
mean squared errors of sample g, a permutation test turns the signs of the :math:`d_g`
(R. A. Fisher, "The Design of Experiments", 1935), all ways up to 13 samples and at
random beyond, and Wilcoxon's test ranks them. The smallest p of n samples is
:math:`2^{1 - n}`. p of several figures are corrected by S. Holm, Scand. J. Statist. 6
(1979) 65.
"""

from itertools import accumulate

import numpy as np
from scipy.stats import wilcoxon

from spectransfer._typing import FloatArray, IntArray
from spectransfer.metrics import PropertyErrors
from spectransfer.reliability._conformal import weights_of

ALPHA = 0.05
_TURNS = 9999
_BLOCK = 500
_EXACT = 13  # samples, up to which all signs are tried


def permutation_test(gained: FloatArray) -> float:
    """Give the two-sided p of a mean, when signs are turned.

    Parameters
    ----------
    gained : ndarray of shape (n_samples,)
        Differences.

    Returns
    -------
    float
        Exact up to 13 samples; at least 1e-4 beyond.
    """
    gained = np.asarray(gained, dtype=np.float64)
    if not np.isfinite(gained).all():
        raise ValueError(
            "Differences must be finite numbers, because signs are turned at random, "
            f"but that of sample {int(np.argmin(np.isfinite(gained)))} is "
            f"{gained[np.argmin(np.isfinite(gained))]}. Leave that sample out."
        )
    n = len(gained)
    # rounding must not tell a turned sum from the same one
    seen = abs(gained.sum()) * (1 - 1e-12) - 1e-12 * np.abs(gained).sum()
    if n <= _EXACT:
        turned = np.arange(2**n)[:, None] >> np.arange(n) & 1
        return float((np.abs((1.0 - 2.0 * turned) @ gained) >= seen).mean())
    rng = np.random.default_rng(0)
    beyond = 0
    for start in range(0, _TURNS, _BLOCK):
        signs = rng.choice([-1.0, 1.0], (min(_BLOCK, _TURNS - start), n))
        beyond += int((np.abs(signs @ gained) >= seen).sum())
    return (1 + beyond) / (1 + _TURNS)


def wilcoxon_test(gained: FloatArray) -> float:
    """Give the two-sided p of Wilcoxon's signed ranks, 1 where nothing differs."""
    return float(wilcoxon(gained).pvalue) if gained.any() else 1.0


def corrected(p: list[float]) -> list[float]:
    """Give p of several tests such that all of them together err with their rate."""
    order = np.argsort(p, kind="stable")
    scaled = [(len(p) - k) * p[i] for k, i in enumerate(order)]
    grown = dict(zip(order.tolist(), accumulate(scaled, max), strict=True))
    return [min(grown[i], 1.0) for i in range(len(p))]


def samples_needed(n_figures: int) -> int:
    """Give the number of samples from which on any test can be significant."""
    return int(np.ceil(1 + np.log2(n_figures / ALPHA)))


def squares_of(
    known: FloatArray, predicted: FloatArray, samples: IntArray
) -> FloatArray:
    """Give the mean squared error of each sample."""
    off = (predicted.astype(np.float64) - known).reshape(len(samples), -1)
    return np.bincount(samples, (off**2).mean(axis=1)) / np.bincount(samples)


def errors_of_samples(
    known: FloatArray, predicted: FloatArray, samples: IntArray
) -> PropertyErrors:
    """Give RMSEP, bias and SEP, to which every sample counts alike.

    Parameters
    ----------
    known, predicted : ndarray of shape (n_spectra,) or (n_spectra, n_channels)
        Values.
    samples : ndarray of shape (n_spectra,)
        Number of the sample of each spectrum.

    Returns
    -------
    PropertyErrors
        That of `property_errors` where samples have equally many spectra.
    """
    off = (predicted.astype(np.float64) - known).reshape(len(samples), -1)
    weights = weights_of(samples)
    square = float(weights @ (off**2).mean(axis=1))
    bias = float(weights @ off.mean(axis=1))
    spread = max(square - bias**2, 0.0)
    free = off.size - 1
    sep = np.sqrt(spread * off.size / free) if free else np.nan
    return PropertyErrors(float(np.sqrt(square)), bias, float(sep))


def spread_of(known: FloatArray, samples: IntArray) -> float:
    """Give the standard deviation of values around their mean, of samples alike."""
    table = known.astype(np.float64).reshape(len(known), -1)
    weights = weights_of(samples)
    return float(np.sqrt(weights @ ((table - weights @ table) ** 2).mean(axis=1)))


def slope_of(known: FloatArray, predicted: FloatArray, samples: IntArray) -> float:
    """Give the slope of predicted against known values, NaN where these are one."""
    x, z = (a.astype(np.float64).reshape(len(samples), -1) for a in (known, predicted))
    weights = weights_of(samples)
    x = x - weights @ x.mean(axis=1)
    square = float(weights @ (x * x).mean(axis=1))
    return float(weights @ (x * z).mean(axis=1)) / square if square > 0 else np.nan
