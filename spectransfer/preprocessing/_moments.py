r"""Mean and variance of every channel, and what scaling does with them.

.. math:: z_{ij} = (x_{ij} - \mu_j) / \sigma_j

Moments are pooled over blocks of rows with the update of Chan, Golub and LeVeque (The
American Statistician 37, 1983), and counted from the first spectrum, so that a
constant channel has exactly zero variance.
"""

from typing import NamedTuple

import numpy as np

from spectransfer._blocks import row_blocks
from spectransfer._typing import FloatArray

# Each block is gone over several times, so that it should be so much smaller than the
# blocks of a single pass, and stay in cache.
_PASSES = 16


class Moments(NamedTuple):
    """Mean and variance of every channel, over spectra of this weight in all."""

    weight: float
    mean: FloatArray
    variance: FloatArray


def pooled_moments(
    spectra: FloatArray,
    weights: FloatArray | None = None,
    known: Moments | None = None,
) -> Moments:
    """Give the moments of spectra, added to those already known.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_wavelengths)
        Spectra, read in blocks of rows; sums are taken in float64.
    weights : ndarray of shape (n_spectra,), default=None
        Weight of each spectrum; None weighs all by 1.
    known : Moments, default=None
        Moments of spectra seen before.

    Returns
    -------
    Moments
        In float64.
    """
    n_wavelengths = spectra.shape[1]
    if known is None:
        origin: FloatArray = spectra[0].astype(np.float64)
        squares: FloatArray = np.zeros(n_wavelengths)
        count = 0.0
    else:
        origin, count = known.mean, float(known.weight)
        squares = known.variance * count
    offset = np.zeros(n_wavelengths)
    for rows in row_blocks(len(spectra), _PASSES * 8 * n_wavelengths):
        deviations = spectra[rows] - origin
        share = np.ones(len(deviations)) if weights is None else weights[rows]
        added = float(share.sum())
        if added == 0:
            continue
        mean = share @ deviations / added
        deviations -= mean
        if weights is not None:
            deviations *= np.sqrt(share)[:, np.newaxis]
        spread = np.einsum("ij,ij->j", deviations, deviations)
        step = mean - offset
        total = count + added
        offset += step * (added / total)
        squares += spread + step**2 * (count * added / total)
        count = total
    return Moments(count, origin + offset, squares / count)


def safe_scale(moments: Moments) -> FloatArray:
    """Give the standard deviations, and 1 where the channel is constant.

    Constant means: not told apart from a constant by sums of this length in float64,
    the bound that scikit-learn uses too.
    """
    count, mean, variance = moments
    eps = np.finfo(np.float64).eps
    rounding = count * eps * variance + (count * mean * eps) ** 2
    return np.where(variance <= rounding, 1.0, np.sqrt(variance))


def standardize(
    spectra: FloatArray,
    mean: FloatArray | None,
    scale: FloatArray | None,
    out: FloatArray,
) -> FloatArray:
    """Write (spectra - mean) / scale into `out`.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_wavelengths)
        Spectra, read in blocks of rows.
    mean, scale : ndarray of shape (n_wavelengths,) or None
        What is taken off and divided by; None leaves that out.
    out : ndarray of shape (n_spectra, n_wavelengths)
        Where the result goes; may be `spectra`.

    Returns
    -------
    ndarray of shape (n_spectra, n_wavelengths)
        `out`.
    """
    shift = 0 if mean is None else mean.astype(spectra.dtype)
    divisor = 1 if scale is None else scale.astype(spectra.dtype)
    for rows in row_blocks(len(spectra), _PASSES * spectra[:1].nbytes):
        np.subtract(spectra[rows], shift, out=out[rows])
        np.divide(out[rows], divisor, out=out[rows])
    return out


def unstandardize(
    scaled: FloatArray,
    mean: FloatArray | None,
    scale: FloatArray | None,
    out: FloatArray,
) -> FloatArray:
    """Write scaled * scale + mean into `out`: the way back of `standardize`.

    Parameters
    ----------
    scaled : ndarray of shape (n_spectra, n_wavelengths)
        Scaled spectra, read in blocks of rows.
    mean, scale : ndarray of shape (n_wavelengths,) or None
        What is added and multiplied by; None leaves that out.
    out : ndarray of shape (n_spectra, n_wavelengths)
        Where the result goes; may be `scaled`.

    Returns
    -------
    ndarray of shape (n_spectra, n_wavelengths)
        `out`.
    """
    shift = 0 if mean is None else mean.astype(scaled.dtype)
    factor = 1 if scale is None else scale.astype(scaled.dtype)
    for rows in row_blocks(len(scaled), _PASSES * scaled[:1].nbytes):
        np.multiply(scaled[rows], factor, out=out[rows])
        np.add(out[rows], shift, out=out[rows])
    return out
