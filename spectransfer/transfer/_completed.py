r"""What the library makes of a spectrum that the other instrument saw in part.

Two instruments see one light, each broadened and amplified in its own way. Few
standards can tell four numbers c for all channels, if not one for every channel:
what counts the resampled spectrum, blurred by Gaussians :math:`S_j` of 0, 1, 2 and 4
channels,

.. math:: u = \sum_j c_j S_j R x .

It holds for materials that no standard is of, but only where the secondary instrument
sees anything, and with noise. The library knows the rest: of a normal distribution with
its covariance :math:`F^\top F`, about the means of the standards, the most likely
spectrum is

.. math:: \hat y = \bar y + F^\top \bigl(1 + F_r D^{-1} F_r^\top\bigr)^{-1}
                   F_r D^{-1} (u - \bar u) ,

with r the channels that are seen. D is the mean square of what u misses there, and many
times that of what the library cannot make of the primary spectra of the standards: a
library of another material would make of every strange line a mixture of its own.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.ndimage import gaussian_filter1d

from spectransfer._typing import FloatArray, IntArray
from spectransfer.transfer._affine import Mixture
from spectransfer.transfer._population import LibraryMoments
from spectransfer.transfer._priors import Nothing, Standards

# channels of the primary
_BLURS = (0.0, 1.0, 2.0, 4.0)
# samples are left out one by one up to here, beyond that in so many folds
_FOLDS = 20
# of the mean square: no channel is known without an error
_FLOOR = 1e-3
_ROUNDING = 1e-6
# what a library lacks is alike in all channels of a line, and few standards show little
# of it: chosen for five to fifty of them
_LACKING = 200.0
# two that are left tell what blurs count
_FEWEST = 3
_COMPONENTS = (12, 40)
# a component of fewer spectra than this is one of their accidents
_SPECTRA_OF_A_COMPONENT = 5


def _blurred(spectra: FloatArray, width: float) -> FloatArray:
    """Blur along the channels; nothing comes from beyond them, so it is symmetric."""
    if not width:
        return spectra
    found = gaussian_filter1d(spectra, width, axis=-1, mode="constant")
    return np.asarray(found)


class Learned(NamedTuple):
    """What standards told: all of them, or all but those left out."""

    rows: IntArray
    n_samples: int
    counts: FloatArray
    """What each blur counts."""
    noise: FloatArray
    """The mean square that they miss by, a number for each channel that is seen."""


class Seen:
    """Standards at the primary channels that the secondary instrument sees, blurred.

    Parameters
    ----------
    standards : Standards
        What is learned from.
    resampled : csr_array of shape (n_primary, n_secondary)
        The interpolation.
    """

    def __init__(self, standards: Standards, resampled: sparse.csr_array) -> None:
        self.channels: IntArray = np.flatnonzero(np.diff(resampled.indptr))
        self.resampled = resampled[self.channels]
        moved = standards.x @ self.resampled.T
        self.blurred = np.stack([_blurred(moved, width) for width in _BLURS])
        targets = standards.y[:, self.channels]
        every = np.arange(len(moved)), len(standards.samples)
        self.every = self._learned(targets, *every)
        self.without: list[tuple[IntArray, Learned]] = []
        for out, rest, n_samples in standards.folds(_FOLDS):
            self.without.append((out, self._learned(targets, rest, n_samples)))

    def _learned(self, targets: FloatArray, rows: IntArray, n_samples: int) -> Learned:
        known = self.blurred[:, rows] - self.blurred[:, rows].mean(axis=1)[:, None]
        wanted = targets[rows] - targets[rows].mean(axis=0)
        flat = known.reshape(len(known), -1)
        gram = flat @ flat.T
        gram += _ROUNDING * (np.trace(gram) or 1.0) * np.eye(len(gram))
        counts = np.linalg.solve(gram, flat @ wanted.ravel())
        noise = ((wanted - np.tensordot(counts, known, 1)) ** 2).mean(axis=0)
        return Learned(rows, n_samples, counts, noise + _FLOOR * noise.mean())


class Completed(Nothing):
    """The resampled spectrum, blurred and amplified, as a spectrum of the library.

    Parameters
    ----------
    standards : Standards
        What is learned from.
    library : LibraryMoments
        Primary spectra.
    n_components : int
        Number of their components that are asked.
    seen : Seen
        What is known of the standards.
    """

    name = "completed"

    def __init__(
        self,
        standards: Standards,
        library: LibraryMoments,
        n_components: int,
        seen: Seen,
    ) -> None:
        super().__init__(standards)
        self._seen, self._factor = seen, library._components[:n_components]
        lacking = self._lacking()
        self._weights = seen.every.counts
        self._latents = self._likely(seen.every, lacking)
        self._left_out = []
        for out, left in seen.without:
            known = np.tensordot(left.counts, seen.blurred, 1)
            self._left_out.append((out, known @ self._likely(left, lacking)))

    def _lacking(self) -> FloatArray:
        """Give what no spectrum of the library has of the standards, where it is seen.

        Up to a constant of each channel.
        """
        targets, channels = self.standards.y, self._seen.channels
        right = self._factor / np.linalg.norm(self._factor, axis=1)[:, None]
        known: FloatArray = (targets @ right.T) @ right[:, channels]
        return targets[:, channels] - known

    def _likely(self, learned: Learned, lacking: FloatArray) -> FloatArray:
        """Give the matrix from channels that are seen to components of the library."""
        factor = self._factor[:, self._seen.channels]
        times = _LACKING / learned.n_samples
        noise = learned.noise + times * lacking[learned.rows].var(axis=0, ddof=1)
        # standards that agree to the last digit are not that certain
        weighted = factor / (noise + _ROUNDING * (factor**2).sum(axis=0).mean())
        return np.linalg.solve(np.eye(len(factor)) + weighted @ factor.T, weighted).T

    def carried(self) -> FloatArray:
        moved = np.tensordot(self._weights, self._seen.blurred, 1)
        return (moved @ self._latents) @ self._factor

    def _carried_left_out(self, weights: FloatArray, columns: slice) -> FloatArray:
        latents = np.empty((len(weights), len(self._factor)))
        for out, known in self._left_out:
            latents[out] = weights[out] @ known
        return latents @ self._factor[:, columns]

    @cached_property
    def _left(self) -> FloatArray:
        """From secondary spectra to components of the library."""
        parts = [
            count * _blurred(self._latents.T, width)
            for count, width in zip(self._weights, _BLURS, strict=True)
        ]
        return np.asarray(self._seen.resampled.T @ np.sum(parts, axis=0).T)

    def _add_prior(self, mixture: Mixture, share: float) -> None:
        factors = self._left, share * self._factor
        mixture.add(share, self.standards.means, factors=factors)


def completed(
    standards: Standards, library: LibraryMoments, resampled: sparse.csr_array
) -> list[Completed]:
    """Give the priors of few and of many components, as the library has them."""
    if len(standards.samples) < _FEWEST:
        return []
    most = len(library._components), library.n_spectra // _SPECTRA_OF_A_COMPONENT
    numbers = {min(n, *most) for n in _COMPONENTS} - {0}
    seen = Seen(standards, resampled)
    return [Completed(standards, library, n, seen) for n in sorted(numbers)]
