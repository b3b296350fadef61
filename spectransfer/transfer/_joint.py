r"""Joint components, exchanged: a prior that few standards tell by themselves.

Spectral space transformation takes the secondary half of joint components for the
primary half (`SpectralSpaceTransformation`). With the centred standards X and Y, and
the leading eigenvectors V of :math:`X X^\top + Y Y^\top`, it is

.. math:: x \mapsto x R + x X^\top V (V^\top X X^\top V)^{-1} V^\top (Y - X R) ,

weighted sums of the standards, whose weights ask for the Gram matrices only. So what
it makes of samples that it did not learn from needs no spectrum to be looked at again.
"""

from typing import Any

import numpy as np
from scipy import sparse

from spectransfer._typing import FloatArray, IntArray
from spectransfer.transfer._affine import Mixture
from spectransfer.transfer._priors import GRID, Nothing, Standards

# samples are left out one by one up to here, beyond that in so many groups
_GROUPS = 20
# of the grid: a family of many maps would count by their number
_STRENGTHS = [5, 7]
_ROUNDING = 1e-10


class Joint(Nothing):
    """The secondary half of joint components, exchanged for the primary half.

    Parameters
    ----------
    standards : Standards
        What is learned from.
    resampled : csr_array of shape (n_primary, n_secondary) or None
        Keeps what the components do not describe, read at the primary wavelengths.
    n_components : int
        Number of components.
    """

    name = "joint"
    strengths = GRID[_STRENGTHS]

    def __init__(
        self,
        standards: Standards,
        resampled: sparse.csr_array | None,
        n_components: int,
    ) -> None:
        super().__init__(standards)
        self._local, self.n_components = resampled, n_components
        moved = 0.0 if resampled is None else standards.x @ resampled.T
        self._targets = standards.y - moved
        self._coefficients = self._learned(np.arange(len(standards.x)))
        self._left_out = self._without()

    def _learned(self, rows: IntArray) -> FloatArray:
        """Give the matrix from standards to what each of `rows` counts for them."""
        gram, other = self.standards.grams
        both = (gram + other)[np.ix_(rows, rows)]
        both = both - both.mean(axis=0)
        both -= both.mean(axis=1, keepdims=True)
        leading = np.linalg.eigh(both)[1][:, -self.n_components :]
        inner = leading.T @ gram[np.ix_(rows, rows)] @ leading
        return leading @ np.linalg.pinv(inner, _ROUNDING, hermitian=True) @ leading.T

    def _without(self) -> list[FloatArray]:
        """Give matrices from targets to residuals of samples left out, by strength."""
        standards = self.standards
        gram, samples = standards.grams[0], standards.samples
        ridges = [standards.left_out[number] for number in _STRENGTHS]
        maps = [weights.copy() for weights in ridges]
        n_groups = min(len(samples), _GROUPS)
        every = np.arange(len(gram))
        for number in range(n_groups):
            out = np.concatenate(samples[number::n_groups])
            rest = np.setdiff1d(every, out)
            carried = gram[:, rest] @ self._learned(rest)
            for weights, left in zip(ridges, maps, strict=True):
                left[np.ix_(out, rest)] -= weights[out] @ carried
        return maps

    def carried(self) -> FloatArray:
        gram = self.standards.grams[0]
        moved = self.standards.y - self._targets
        return moved + gram @ (self._coefficients @ self._targets)

    def residuals(self, columns: slice) -> FloatArray:
        targets = self._targets[:, columns]
        return np.stack([weights @ targets for weights in self._left_out])

    def _add_prior(self, mixture: Mixture, share: float) -> None:
        standards = self.standards
        local: Any = None if self._local is None else share * self._local
        # in the coordinates of the ridge, which all priors share
        ridge = standards.ridge
        vectors = ridge.vectors[:, ridge._kept]
        right = vectors.T @ (self._coefficients @ self._targets)
        mixture.add(share, standards.means, local, (ridge.left, share * right))
