r"""What a map between instruments may be, before any standard was seen.

A ridge regression shrinks a map towards nothing. It can as well shrink it towards a
prior :math:`B_0`: it then learns what the prior leaves of the primary spectra,

.. math:: B = B_0 + \arg\min_D \lVert Y - X B_0 - X D \rVert^2
              + \alpha \lVert D \rVert^2 .

Each prior here tells the residuals of samples that were left out, for every strength
:math:`\alpha`, in closed form. A prior that learns from the standards itself learns
without the sample that is left out.
"""

from typing import Any

import numpy as np
from scipy import sparse
from scipy.linalg import eigh
from sklearn.utils.extmath import randomized_svd

from spectransfer._typing import FloatArray, IntArray
from spectransfer.transfer._affine import Mixture
from spectransfer.transfer._leave_out import Ridge
from spectransfer.transfer._piecewise import LocalRidge

GRID = np.array([1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, np.inf])
"""Strengths of the ridge towards a prior, relative as in `Ridge`; inf is the prior."""

_EXACT_UP_TO = 1500


class Standards:
    """The shared standards, centred, and the ridges that learn from them.

    Parameters
    ----------
    secondary, primary : ndarray of shape (n_spectra, n_channels)
        Pairs of spectra.
    samples : list of ndarray
        Rows of each sample.
    """

    def __init__(
        self,
        secondary: FloatArray,
        primary: FloatArray,
        samples: list[IntArray],
    ) -> None:
        self.means = secondary.mean(axis=0), primary.mean(axis=0)
        self.x, self.y = secondary - self.means[0], primary - self.means[1]
        self.samples = samples
        self.ridge = Ridge(self.x, True, samples)
        self.left_out = [self.ridge.left_out(float(strength)) for strength in GRID]
        self._last: tuple[slice, FloatArray] | None = None

    def left_out_targets(self, columns: slice) -> FloatArray:
        """Give what ridges without any prior miss left-out samples by.

        Priors of the same standards ask one after the other: the last is remembered.
        """
        if self._last is None or self._last[0] != columns:
            targets = self.y[:, columns]
            self._last = columns, np.stack([w @ targets for w in self.left_out])
        return self._last[1]


class Nothing:
    """No prior: the map is shrunk towards the mean spectrum.

    Parameters
    ----------
    standards : Standards
        What is learned from.
    """

    name = "nothing"
    strengths = GRID

    def __init__(self, standards: Standards) -> None:
        self.standards = standards

    def carried(self) -> Any:
        """Give what the prior makes of the standards, all of them known."""
        return 0.0

    def _carried_left_out(self, weights: FloatArray, columns: slice) -> Any:
        """Give weighted sums of that, each of a prior that did not know its sample."""
        return 0.0

    def residuals(self, columns: slice) -> FloatArray:
        """Give residuals of left-out samples on some primary channels.

        Parameters
        ----------
        columns : slice
            The channels.

        Returns
        -------
        ndarray of shape (n_strengths, n_spectra, n_columns)
            For each strength.
        """
        missed = self.standards.left_out_targets(columns).copy()
        for weights, part in zip(self.standards.left_out, missed, strict=True):
            part -= self._carried_left_out(weights, columns)
        return missed

    def _add_prior(self, mixture: Mixture, share: float) -> None:
        mixture.add(share, self.standards.means)

    def add_to(self, mixture: Mixture, shares: FloatArray) -> None:
        """Add the maps of all strengths, each as much as its share."""
        standards, ridge = self.standards, self.standards.ridge
        self._add_prior(mixture, float(shares.sum()))
        left = standards.y - self.carried()
        # what is centred by the standards has a mean of rounding only
        right = ridge.right(left, GRID, shares)
        mixture.add(0.0, standards.means, factors=(ridge.left, right))


class Resampled(Nothing):
    """The secondary spectrum, read at the primary wavelengths, with the means matched.

    Parameters
    ----------
    standards : Standards
        What is learned from.
    resampled : csr_array of shape (n_primary, n_secondary)
        The interpolation.
    """

    name = "resampled"

    def __init__(self, standards: Standards, resampled: sparse.csr_array) -> None:
        super().__init__(standards)
        self._local, self._moved = resampled, standards.x @ resampled.T

    def carried(self) -> FloatArray:
        return self._moved

    def _carried_left_out(self, weights: FloatArray, columns: slice) -> FloatArray:
        return weights @ self._moved[:, columns]

    def _add_prior(self, mixture: Mixture, share: float) -> None:
        mixture.add(share, self.standards.means, local=share * self._local)


class Rotation(Nothing):
    r"""A rotation between the whitened components of both populations.

    Components come from spectra without partners. That two instruments see the same
    population in other coordinates leaves an orthogonal matrix Q open, and the
    standards tell it: :math:`Q = U V^\top` with
    :math:`Z_s^\top Z_p = U \Sigma V^\top` (Procrustes).

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
        populations: tuple["Population", "Population"],
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
        product = z_s.T @ z_p
        without = np.stack(
            [product - z_s[rows].T @ z_p[rows] for rows in standards.samples]
        )
        self._rotation = _nearest_rotation(product[None])[0]
        of_row = np.empty(len(z_s), dtype=np.intp)
        for number, rows in enumerate(standards.samples):
            of_row[rows] = number
        self._left_out_rotations = _nearest_rotation(without)[of_row]

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


class Window:
    """The resampled spectrum, changed by what the neighbouring channels say.

    Parameters
    ----------
    standards : Standards
        What is learned from, centred by their own means.
    resampled : csr_array of shape (n_primary, n_secondary)
        The interpolation.
    channels, inside : ndarray of shape (n_primary, width)
        What `window_channels` gives.
    """

    name = "window"
    strengths = GRID[1:-1]

    def __init__(
        self,
        standards: Standards,
        resampled: sparse.csr_array,
        channels: IntArray,
        inside: FloatArray,
    ) -> None:
        self.standards = standards
        targets = standards.y - standards.x @ resampled.T
        ridge = LocalRidge(standards.x, targets, channels, inside, standards.samples)
        self._solved = ridge.solve(self.strengths)
        self._resampled = resampled

    def residuals(self, columns: slice) -> FloatArray:
        """Give residuals of left-out samples on some primary channels."""
        return np.stack([missed[:, columns] for _, missed in self._solved])

    def add_to(self, mixture: Mixture, shares: FloatArray) -> None:
        """Add the maps of all strengths, each as much as its share."""
        for share, (local, _) in zip(shares, self._solved, strict=True):
            if share > 0:
                both = share * (local + self._resampled)
                mixture.add(float(share), self.standards.means, local=both)


class Untransferred:
    """The resampled spectrum as it is; nothing is learned.

    Parameters
    ----------
    standards : Standards
        Centred by their own means.
    resampled : csr_array of shape (n_primary, n_secondary)
        The interpolation.
    """

    name = "untransferred"
    strengths = np.array([np.inf])

    def __init__(self, standards: Standards, resampled: sparse.csr_array) -> None:
        self.standards, self._resampled = standards, resampled
        x_mean, y_mean = standards.means
        reached = np.diff(resampled.indptr) > 0
        self._mean = np.where(reached, resampled @ x_mean, y_mean)

    def residuals(self, columns: slice) -> FloatArray:
        """Give differences of both instruments on some primary channels."""
        standards = self.standards
        moved = standards.x @ self._resampled[columns].T + self._mean[columns]
        return (standards.y[:, columns] + standards.means[1][columns] - moved)[None]

    def add_to(self, mixture: Mixture, shares: FloatArray) -> None:
        """Add the resampled spectrum, as much as its share."""
        share, means = float(shares[0]), (self.standards.means[0], self._mean)
        mixture.add(share, means, local=share * self._resampled)


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
        deviations, components = _leading_components(centred, n_components)
        self.unwhiten = deviations[:, None] * components
        self.whiten = components.T / deviations


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


def _nearest_rotation(products: FloatArray) -> FloatArray:
    """Give the orthogonal matrices nearest to a stack of matrices."""
    left, _, right = np.linalg.svd(products)
    return left @ right
