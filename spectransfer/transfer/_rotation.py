r"""A rotation between the components of two populations: what spectra alone can tell.

Two instruments that look at one material see one cloud of points, each in coordinates
of its own. Whitened, the clouds differ by a rotation only, and a few standards tell it
roughly. Then every point of the secondary cloud, turned, has neighbours in the primary
one, and the rotation that brings the points to their neighbours is a better one:
alternating (iterative closest points, with weights that fall softly with the distance),

.. math:: t_i = \sum_j p_{ij} z^p_j, \qquad
          p_{ij} \propto \exp\left(-\lVert z^s_i Q - z^p_j \rVert^2 / 2 h^2\right),
          \qquad
          Q = \arg\min_{Q^\top Q = 1} \lambda \sum_{\mathrm{standards}}
              \lVert z^s Q - z^p \rVert^2 + \sum_i \lVert z^s_i Q - t_i \rVert^2 .

Neighbours are near also where the materials have other shares in one of the clouds.
"""

from typing import Any

import numpy as np
from scipy import sparse

from spectransfer._typing import FloatArray
from spectransfer.transfer._affine import Mixture
from spectransfer.transfer._coverage import told_of
from spectransfer.transfer._population import LibraryMoments
from spectransfer.transfer._priors import Nothing, Standards

# what all points that are turned count together
_OF_ALL_POINTS = 250.0
_ROUNDS = 5
# what a standard counts, in points without a partner
_OF_A_STANDARD = 1.25
# standards are left out of the alignment in so many folds
_FOLDS = 10


def _nearest_rotation(product: FloatArray) -> FloatArray:
    """Give the orthogonal matrix nearest to a matrix."""
    left, _, right = np.linalg.svd(product)
    return left @ right


def aligned(
    product: FloatArray, secondary: FloatArray | None, primary: FloatArray | None
) -> FloatArray:
    """Give the rotation between two clouds, beginning with that of standards.

    Parameters
    ----------
    product : ndarray of shape (n_components, n_components)
        Whitened secondary times primary components of the standards, summed.
    secondary : ndarray of shape (n_turned, n_components) or None
        Whitened components of secondary spectra.
    primary : ndarray of shape (n_met, n_components) or None
        Whitened components of primary spectra, of other spots. Without points of one
        side, standards alone tell the rotation.

    Returns
    -------
    ndarray of shape (n_components, n_components)
        An orthogonal matrix Q, so that `secondary` Q lies on `primary`.
    """
    rotation = _nearest_rotation(product)
    if secondary is None or primary is None:
        return rotation
    # distances need no more digits
    turned, met = secondary.astype(np.float32), primary.astype(np.float32)
    squares = (met**2).sum(axis=1)
    weight = _OF_ALL_POINTS / len(secondary)
    for _ in range(_ROUNDS):
        moved = turned @ rotation.astype(np.float32)
        distance = squares - 2.0 * moved @ met.T
        nearest = distance.min(axis=1, keepdims=True)
        # the width is what a typical point is away from its nearest neighbour
        width = max(float(np.median(nearest[:, 0] + (moved**2).sum(axis=1))), 1e-6)
        likely = np.exp((nearest - distance) / (2.0 * width))
        likely /= likely.sum(axis=1, keepdims=True)
        seen = (turned.T @ (likely @ met)).astype(np.float64)
        rotation = _nearest_rotation(_OF_A_STANDARD * product + weight * seen)
    return rotation


class Rotation(Nothing):
    r"""A rotation between the whitened components of both populations.

    Components come from spectra without partners. That two instruments see the same
    population in other coordinates leaves an orthogonal matrix Q open, and the
    standards tell it first: :math:`Q = U V^\top` with
    :math:`Z_s^\top Z_p = U \Sigma V^\top` (Procrustes). Then `aligned` lets both
    populations tell the rest.

    A direction that no standard has is not rotated: only the part :math:`z K` of a
    spectrum is, with :math:`K = 1 - (1 + Z_s^\top Z_s)^{-1}`. The rest stays as it was
    resampled, or is left to the mean.

    Parameters
    ----------
    standards : Standards
        What is learned from.
    populations : tuple of LibraryMoments
        Secondary and primary population.
    n_components : int
        Number of components that are rotated.
    resampled : csr_array of shape (n_primary, n_secondary), default=None
        Keeps what the components do not describe, read at the primary wavelengths.
        Small differences live there, by which calibrations tell samples apart.
    """

    name = "rotation"

    def __init__(
        self,
        standards: Standards,
        populations: tuple[LibraryMoments, LibraryMoments],
        n_components: int,
        resampled: sparse.csr_array | None = None,
    ) -> None:
        super().__init__(standards)
        secondary, primary = populations
        self._local = resampled
        self.n_components = n_components
        self._left, self._right = secondary._whiten, primary._unwhiten[:n_components]
        self._z = standards.x @ secondary._whiten[:, :n_components]
        # what is exchanged: components, read at the primary wavelengths
        self._taken: Any = np.zeros_like(self._right)
        self._moved: Any = np.zeros_like(standards.y)
        if resampled is not None:
            self._taken = secondary._unwhiten[:n_components] @ resampled.T
            self._moved = standards.x @ resampled.T
        known = standards.means[0] - secondary.mean, standards.means[1] - primary.mean
        # the rotation turns about the means of the populations
        z_s = self._z + known[0] @ secondary._whiten[:, :n_components]
        z_p = (standards.y + known[1]) @ primary._whiten[:, :n_components]
        self._learn(z_s, z_p, (secondary, primary))

    def _learn(
        self,
        z_s: FloatArray,
        z_p: FloatArray,
        populations: tuple[LibraryMoments, LibraryMoments],
    ) -> None:
        """Learn the rotation from all standards, and without those left out."""
        n = self.n_components
        secondary, primary = (
            None if population._cloud is None else population._cloud[:, :n]
            for population in populations
        )
        product = z_s.T @ z_p
        squares = z_s.T @ z_s
        self._known = told_of(squares)
        self._rotation = self._known @ aligned(product, secondary, primary)
        of_row = np.empty(len(z_s), dtype=np.intp)
        without, known = [], []
        for number, (rows, _, _) in enumerate(self.standards.folds(_FOLDS)):
            of_row[rows] = number
            rest = product - z_s[rows].T @ z_p[rows]
            known.append(told_of(squares - z_s[rows].T @ z_s[rows]))
            without.append(known[-1] @ aligned(rest, secondary, primary))
        self._left_out_rotations = np.stack(without)[of_row]
        self._left_out_known = np.stack(known)[of_row]

    def carried(self) -> FloatArray:
        rotated = (self._z @ self._rotation) @ self._right
        return rotated - (self._z @ self._known) @ self._taken + self._moved

    def _carried_left_out(self, weights: FloatArray, columns: slice) -> FloatArray:
        z = (weights @ self._z)[:, None]
        carried = (z @ self._left_out_rotations)[:, 0] @ self._right[:, columns]
        if self._local is not None:
            carried -= (z @ self._left_out_known)[:, 0] @ self._taken[:, columns]
            carried += weights @ self._moved[:, columns]
        return carried

    def _add_prior(self, mixture: Mixture, share: float) -> None:
        right = np.zeros((self._left.shape[1], self._right.shape[1]))
        right[: self.n_components] = share * (self._rotation @ self._right)
        local = None
        if self._local is not None:
            right[: self.n_components] -= share * (self._known @ self._taken)
            local = share * self._local
        mixture.add(share, self.standards.means, local, (self._left, right))
