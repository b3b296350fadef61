r"""How far the mean spectrum of a standard is uncertain, told by its shots.

The intensities of shots scatter together, in a few directions: the ablated mass, the
temperature, the density, the light that is collected. With covariance C of the shots on
one day, the mean of n shots lies on that day about the mean of all days with covariance

.. math:: C \, (1 / n + d^2),

since a focus or a lens differs from day to day by more than chance: d standard
deviations of a single shot. The directions of few shots are themselves uncertain. What
they leave of a change of all intensities, which is what a gain looks like, is therefore
taken to be uncertain by a share of what a mean's whole intensity is.
"""

from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre

from spectransfer._typing import FloatArray

_DIRECTIONS = 8  # in which the shots of one standard scatter together, at most
_DAY = 0.3  # by how much a day's mean differs, in standard deviations of one shot
_UNSURE = 4.0  # share of a gain that directions leave open, times the root of n_shots
_SMOOTH = 3  # coefficients of a gain curve that are open


@lru_cache(maxsize=32)  # a fit asks for the same ones again and again
def polynomials(n_channels: int, n: int) -> FloatArray:
    """Give Legendre polynomials along the channels, (n_channels, n), read-only."""
    basis: FloatArray = legendre.legvander(np.linspace(-1.0, 1.0, n_channels), n - 1)
    basis.flags.writeable = False
    return basis


def scatter_of(shots: FloatArray) -> tuple[FloatArray, float]:
    """Give the directions in which the mean of some shots is uncertain, beside noise.

    Parameters
    ----------
    shots : ndarray of shape (n_shots, n_channels)
        Shots on one standard.

    Returns
    -------
    ndarray of shape (n_directions, n_channels)
        Rows whose products add up to the covariance of the mean.
    """
    n, n_channels = shots.shape
    if n < 4:
        return np.zeros((0, n_channels)), 0.0
    mean = shots.mean(axis=0, dtype=np.float64)
    light = mean - np.percentile(mean, 2)
    apart = shots - mean
    # in units of the noise, which rises with the light
    noise = np.sqrt(np.maximum(light, 0.0) + 0.01 * np.abs(light).max())
    heavy = apart / np.maximum(noise, np.finfo(float).tiny)
    values, vectors = np.linalg.eigh(heavy @ heavy.T)
    k = min(_DIRECTIONS, n - 3)
    beyond = values[::-1][:k] > 3 * np.median(values)
    chosen = vectors[:, ::-1][:, :k][:, beyond]
    # each direction was found in these very shots, which makes the others look small
    directions = chosen.T @ apart / np.sqrt(n - 1 - chosen.shape[1])
    whole = apart @ light / max(light @ light, np.finfo(float).tiny)
    spread = np.sqrt(1 / n + _DAY**2)
    unsure = min(1.0, _UNSURE / np.sqrt(2 * n)) * float(whole.std(ddof=1))
    return spread * directions, spread * unsure
