r"""How far a spectrum is from those that are known, in six numbers.

With the mean :math:`\bar x` of known spectra, their principal components P, variances
:math:`\lambda` and the noise :math:`\sigma_j` that components leave in channel j,

.. math:: T^2 = \sum_a t_a^2 / \lambda_a, \quad t = P (x - \bar x), \qquad
          Q = \frac 1 p \sum_j r_j^2 / \sigma_j^2, \quad r = x - \bar x - P^T t

(J. E. Jackson and G. S. Mudholkar, Technometrics 21 (1979) 341, with residuals in
units of their noise), the distance of :math:`t / \sqrt \lambda` to the nearest known
spectrum, the highest and the lowest intensity, and how many channels share the
highest one.
"""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils.extmath import randomized_svd

from spectransfer._blocks import block_slices, even_rows
from spectransfer._typing import FloatArray, IntArray

STATISTICS = ("T2", "Q", "distance", "highest", "lowest", "clipped")
"""Names; `LOGARITHMIC` of them are compared by ratios."""

LOGARITHMIC = 3
_MOST_KNOWN = 250  # spectra among which the nearest is looked for
_LEAST_NOISE = 1e-3  # of the largest noise of a channel
_CACHED = 2**20  # bytes of spectra that are worked on at a time


@dataclass(frozen=True)
class Population:
    """What is known of spectra: mean, components and noise, and some of them."""

    mean: FloatArray
    vectors: FloatArray
    roots: FloatArray
    known: FloatArray
    noise: FloatArray

    @classmethod
    def of(cls, spectra: FloatArray, n_components: int) -> "Population":
        """Learn mean and components; noise is 1 until `with_noise` gives it.

        Parameters
        ----------
        spectra : ndarray of shape (n_spectra, n_channels)
            Known spectra.
        n_components : int
            Components, fewer where there are not as many.

        Returns
        -------
        Population
            In the precision of the spectra.
        """
        mean = spectra.mean(axis=0, dtype=np.float64).astype(spectra.dtype)
        centred = spectra - mean
        n = min(n_components, min(centred.shape) - 1)
        _, sizes, vectors = randomized_svd(centred, max(n, 1), random_state=0)
        roots = sizes / np.sqrt(max(len(spectra) - 1, 1))
        kept = roots > np.finfo(spectra.dtype).eps * 100 * max(roots[0], 1e-300)
        vectors, roots = vectors[kept], roots[kept]
        rows = even_rows(len(spectra), _MOST_KNOWN)
        known = centred[rows] @ vectors.T / roots
        return cls(mean, vectors, roots, known, np.ones_like(mean))

    def with_noise(self, squares: FloatArray) -> "Population":
        """Give the same with noise, from the mean squared residual of each channel."""
        noise = np.sqrt(squares)
        size = float(noise.max()) or float(np.abs(self.mean).max()) or 1.0
        noise = np.maximum(noise, _LEAST_NOISE * size)
        return replace(self, noise=noise.astype(self.mean.dtype))

    def residuals(self, spectra: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give whitened scores, and residuals in units of the noise."""
        centred = spectra - self.mean
        scores = centred @ self.vectors.T
        centred -= scores @ self.vectors
        centred *= 1 / self.noise
        return scores / self.roots, centred

    def statistics(self, spectra: FloatArray) -> FloatArray:
        """Give the statistics of spectra, of shape (n_spectra, 6)."""
        return self.described(spectra)[1]

    def described(self, spectra: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give whitened scores, and the statistics, by blocks that stay in cache."""
        scores = np.empty((len(spectra), len(self.roots)), dtype=self.mean.dtype)
        found = np.empty((len(spectra), len(STATISTICS)))
        step = max(1, _CACHED // spectra[:1].nbytes)
        for rows in block_slices(len(spectra), step):
            block = spectra[rows]
            scores[rows], left = self.residuals(block)
            highest = block.max(axis=1)
            found[rows, 0] = (scores[rows] ** 2).sum(axis=1)
            found[rows, 1] = np.einsum("ij,ij->i", left, left) / left.shape[1]
            found[rows, 2] = self._nearest(scores[rows])
            found[rows, 3] = highest
            found[rows, 4] = -block.min(axis=1)
            at = np.flatnonzero(block == highest[:, None]) // block.shape[1]
            found[rows, 5] = np.bincount(at, minlength=len(block)) - 1
        return scores, found

    def _nearest(self, scores: FloatArray) -> FloatArray:
        """Give the distance to the nearest known spectrum, in whitened scores."""
        if not len(self.roots):
            return np.zeros(len(scores))
        apart = scores @ (-2 * self.known.T)
        apart += (self.known**2).sum(axis=1)
        square = apart.min(axis=1) + (scores**2).sum(axis=1)
        nearest: FloatArray = np.sqrt(np.maximum(square, 0.0))
        return nearest

    def places(self, spectra: FloatArray, n: int) -> IntArray:
        """Give the n channels of each spectrum that its components explain least."""
        _, left = self.residuals(spectra)
        n = min(n, left.shape[1])
        np.abs(left, out=left)
        return np.argsort(-left, axis=1, kind="stable")[:, :n]


@dataclass(frozen=True)
class Gauge:
    """Brings all statistics to one measure: 0 in the middle, 1 at their own limit."""

    middle: FloatArray
    reach: FloatArray

    @classmethod
    def of(cls, statistics: FloatArray, rate: float) -> "Gauge":
        """Learn from statistics of left-out spectra.

        Parameters
        ----------
        statistics : ndarray of shape (n_spectra, 6)
            Of left-out spectra.
        rate : float
            Share of them that is beyond the limit of each.

        Returns
        -------
        Gauge
            The measure.
        """
        values = _compared(statistics)
        middle, limit = np.quantile(values, [0.5, 1 - rate], axis=0)
        least = np.full(len(STATISTICS), 1e-6)
        least[:LOGARITHMIC] = 0.05  # ratios of 5 %
        least[-1] = 1.0  # channels
        size = 1e-3 * np.abs(values[:, LOGARITHMIC:-1]).max(initial=1e-300)
        least[LOGARITHMIC:-1] = size
        return cls(middle, np.maximum(limit - middle, least))

    def measure(self, statistics: FloatArray) -> FloatArray:
        """Give the statistics in this measure, of the same shape."""
        return (_compared(statistics) - self.middle) / self.reach

    def undone(self, measure: float) -> FloatArray:
        """Give the values at which all statistics have one measure."""
        values = self.middle + measure * self.reach
        values[:LOGARITHMIC] = np.exp(values[:LOGARITHMIC])
        return values


def _compared(statistics: FloatArray) -> FloatArray:
    values = statistics.copy()
    least = np.finfo(np.float64).tiny
    values[:, :LOGARITHMIC] = np.log(np.maximum(values[:, :LOGARITHMIC], least))
    return values
