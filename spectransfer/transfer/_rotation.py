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
from scipy.linalg import eigh
from sklearn.utils.extmath import randomized_svd

from spectransfer._typing import FloatArray
from spectransfer.transfer._affine import Mixture
from spectransfer.transfer._priors import Nothing, Standards

_EXACT_UP_TO = 1500
# points that are turned, and points among which their neighbours are
_MOST_TURNED, _MOST_MET = 250, 400
_ROUNDS = 5
# what a standard counts, in points without a partner
_OF_A_STANDARD = 1.25
# standards are left out of the alignment in so many groups
_GROUPS = 10


def _nearest_rotation(product: FloatArray) -> FloatArray:
    """Give the orthogonal matrix nearest to a matrix."""
    left, _, right = np.linalg.svd(product)
    return left @ right


def aligned(
    product: FloatArray, secondary: FloatArray, primary: FloatArray
) -> FloatArray:
    """Give the rotation between two clouds, beginning with that of standards.

    Parameters
    ----------
    product : ndarray of shape (n_components, n_components)
        Whitened secondary times primary components of the standards, summed.
    secondary : ndarray of shape (n_turned, n_components)
        Whitened components of secondary spectra.
    primary : ndarray of shape (n_met, n_components)
        Whitened components of primary spectra, of other spots.

    Returns
    -------
    ndarray of shape (n_components, n_components)
        An orthogonal matrix Q, so that `secondary` Q lies on `primary`.
    """
    rotation = _nearest_rotation(product)
    # distances need no more digits
    turned, met = secondary.astype(np.float32), primary.astype(np.float32)
    squares = (met**2).sum(axis=1)
    weight = _MOST_TURNED / len(secondary)
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


class Population:
    """Principal components of spectra without partners, and what whitens them.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_channels)
        Spectra of one instrument.
    n_components : int
        Most components that are wanted.

    Attributes
    ----------
    mean : ndarray of shape (n_channels,)
        Mean spectrum.
    whiten : ndarray of shape (n_channels, n_components)
        From centred spectra to components of unit variance.
    unwhiten : ndarray of shape (n_components, n_channels)
        And back.
    """

    def __init__(self, spectra: FloatArray, n_components: int) -> None:
        self.mean = spectra.mean(axis=0, dtype=np.float64)
        centred = spectra - self.mean
        self._centred = centred
        deviations, components = _leading_components(centred, n_components)
        self.unwhiten = deviations[:, None] * components
        self.whiten = components.T / deviations

    def draw(self, n_spectra: int) -> FloatArray:
        """Give the components of an even draw of the spectra.

        Parameters
        ----------
        n_spectra : int
            About how many.

        Returns
        -------
        ndarray of shape (n_drawn, n_components)
            Of unit variance in the whole population.
        """
        every = -(-len(self._centred) // n_spectra)
        return self._centred[::every] @ self.whiten


def _leading_components(
    centred: FloatArray, n_components: int
) -> tuple[FloatArray, FloatArray]:
    """Give deviations and directions of the leading principal components."""
    n_spectra, n_channels = centred.shape
    size = min(n_spectra, n_channels)
    n_components = min(n_components, size)
    if size > _EXACT_UP_TO:
        _, values, found = randomized_svd(centred, n_components, random_state=0)
    else:
        wide = n_channels > n_spectra
        gram = centred @ centred.T if wide else centred.T @ centred
        squares, vectors = eigh(gram, subset_by_index=[size - n_components, size - 1])
        values = np.sqrt(np.maximum(squares[::-1], 0.0))
        found = vectors[:, ::-1].T
        if wide:
            found = (found @ centred) / np.where(values > 0, values, 1.0)[:, None]
    # squared sums in the Gram matrix: half of the digits
    kept = values > np.sqrt(np.finfo(np.float64).eps) * values[0]
    return values[kept] / np.sqrt(n_spectra), found[kept]


class Rotation(Nothing):
    r"""A rotation between the whitened components of both populations.

    Components come from spectra without partners. That two instruments see the same
    population in other coordinates leaves an orthogonal matrix Q open, and the
    standards tell it first: :math:`Q = U V^\top` with
    :math:`Z_s^\top Z_p = U \Sigma V^\top` (Procrustes). Then `aligned` lets both
    populations tell the rest.

    Parameters
    ----------
    standards : Standards
        What is learned from.
    populations : tuple of Population
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
        populations: tuple[Population, Population],
        n_components: int,
        resampled: sparse.csr_array | None = None,
    ) -> None:
        super().__init__(standards)
        secondary, primary = populations
        self._local = resampled
        self.n_components = n_components
        self._left, self._right = secondary.whiten, primary.unwhiten[:n_components]
        self._z = standards.x @ secondary.whiten[:, :n_components]
        self._rest: Any = 0.0
        if resampled is not None:
            # back to secondary spectra, and on to the primary wavelengths
            self._taken = secondary.unwhiten[:n_components] @ resampled.T
            self._rest = standards.x @ resampled.T - self._z @ self._taken
        known = standards.means[0] - secondary.mean, standards.means[1] - primary.mean
        # the rotation turns about the means of the populations
        z_s = self._z + known[0] @ secondary.whiten[:, :n_components]
        z_p = (standards.y + known[1]) @ primary.whiten[:, :n_components]
        self._learn(z_s, z_p, (secondary, primary))

    def _learn(
        self,
        z_s: FloatArray,
        z_p: FloatArray,
        populations: tuple[Population, Population],
    ) -> None:
        """Learn the rotation from all standards, and without those left out."""
        n = self.n_components
        secondary, primary = (
            population.draw(some)[:, :n]
            for population, some in zip(
                populations, (_MOST_TURNED, _MOST_MET), strict=True
            )
        )
        product = z_s.T @ z_p
        self._rotation = aligned(product, secondary, primary)
        samples = self.standards.samples
        n_groups = min(len(samples), _GROUPS)
        of_row = np.empty(len(z_s), dtype=np.intp)
        without = []
        for number in range(n_groups):
            rows = np.concatenate(samples[number::n_groups])
            of_row[rows] = number
            rest = product - z_s[rows].T @ z_p[rows]
            without.append(aligned(rest, secondary, primary))
        self._left_out_rotations = np.stack(without)[of_row]

    def carried(self) -> FloatArray:
        return (self._z @ self._rotation) @ self._right + self._rest

    def _carried_left_out(self, weights: FloatArray, columns: slice) -> FloatArray:
        z = (weights @ self._z)[:, None] @ self._left_out_rotations
        carried = z[:, 0] @ self._right[:, columns]
        if self._local is not None:
            carried += weights @ self._rest[:, columns]
        return carried

    def _add_prior(self, mixture: Mixture, share: float) -> None:
        right = np.zeros((self._left.shape[1], self._right.shape[1]))
        right[: self.n_components] = share * (self._rotation @ self._right)
        local = None
        if self._local is not None:
            right[: self.n_components] -= share * self._taken
            local = share * self._local
        mixture.add(share, self.standards.means, local, (self._left, right))
