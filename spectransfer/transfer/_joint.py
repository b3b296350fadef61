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
from scipy.linalg import eigh

from spectransfer._typing import FloatArray, IntArray
from spectransfer.transfer._affine import Mixture
from spectransfer.transfer._priors import GRID, Nothing, Standards

# samples are left out one by one up to here, beyond that in so many folds
_FOLDS = 20
# of the grid: a family of many maps would count by their number
_STRENGTHS = [5, 7]
_ROUNDING = 1e-10


class Folds:
    """Leading eigenvectors of the joint Gram matrix, without each group of samples.

    Parameters
    ----------
    standards : Standards
        What is learned from.
    n_components : int
        Most components that are asked for.
    """

    def __init__(self, standards: Standards, n_components: int) -> None:
        self.grams = standards.x @ standards.x.T, standards.y @ standards.y.T
        every = np.arange(len(standards.x))
        self.every = every, self._leading(every, n_components)
        self.without = []
        for out, rest, _ in standards.folds(_FOLDS):
            self.without.append((out, rest, self._leading(rest, n_components)))

    def _leading(self, rows: IntArray, n_components: int) -> FloatArray:
        """Give the eigenvectors of some standards, by falling variance."""
        both = (self.grams[0] + self.grams[1])[np.ix_(rows, rows)]
        both = both - both.mean(axis=0)
        both -= both.mean(axis=1, keepdims=True)
        # the first of them is constant: that of all rows, whose mean is not of these
        asked = [max(1, len(rows) - n_components), len(rows) - 1]
        return np.asarray(eigh(both, subset_by_index=asked)[1][:, ::-1])

    def coefficients(self, rows: IntArray, leading: FloatArray) -> FloatArray:
        """Give the matrix from some standards to what each of them counts for them."""
        inner = leading.T @ self.grams[0][np.ix_(rows, rows)] @ leading
        return leading @ np.linalg.pinv(inner, _ROUNDING, hermitian=True) @ leading.T


class Joint(Nothing):
    """The secondary half of joint components, exchanged for the primary half.

    Parameters
    ----------
    standards : Standards
        What is learned from.
    resampled : csr_array of shape (n_primary, n_secondary) or None
        Keeps what the components do not describe, read at the primary wavelengths.
    folds : Folds
        Joint components of the standards.
    n_components : int
        Number of components.
    """

    name = "joint"
    strengths = GRID[_STRENGTHS]

    def __init__(
        self,
        standards: Standards,
        resampled: sparse.csr_array | None,
        folds: Folds,
        n_components: int,
    ) -> None:
        super().__init__(standards)
        self._local, self._gram = resampled, folds.grams[0]
        moved = 0.0 if resampled is None else standards.x @ resampled.T
        self._targets = standards.y - moved
        rows, leading = folds.every
        self._coefficients = folds.coefficients(rows, leading[:, :n_components])
        # from targets to residuals of samples left out, for each strength
        ridges = [standards.left_out[number] for number in _STRENGTHS]
        self._left_out = [weights.copy() for weights in ridges]
        for out, rest, leading in folds.without:
            learned = folds.coefficients(rest, leading[:, :n_components])
            carried = self._gram[:, rest] @ learned
            for weights, left in zip(ridges, self._left_out, strict=True):
                left[np.ix_(out, rest)] -= weights[out] @ carried

    def carried(self) -> FloatArray:
        moved = self.standards.y - self._targets
        return moved + self._gram @ (self._coefficients @ self._targets)

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
