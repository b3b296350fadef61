r"""What a map between instruments may be, before any standard was seen.

A ridge regression shrinks a map towards nothing. It can as well shrink it towards a
prior :math:`B_0`: it then learns what the prior leaves of the primary spectra,

.. math:: B = B_0 + \arg\min_D \lVert Y - X B_0 - X D \rVert^2
              + \alpha \lVert D \rVert^2 .

Each prior here tells the residuals of samples that were left out, for every strength
:math:`\alpha`, in closed form. A prior that learns from the standards itself learns
without the sample that is left out.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np
from scipy import sparse

from spectransfer._typing import FloatArray, IntArray
from spectransfer.transfer._affine import Mixture
from spectransfer.transfer._leave_out import Ridge, centred
from spectransfer.transfer._piecewise import LocalRidge

GRID = np.array([1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, np.inf])
"""Strengths of the ridge towards a prior, relative as in `Ridge`; inf is the prior."""


class Standards:
    """The shared standards, centred, and the ridges that learn from them.

    Parameters
    ----------
    secondary, primary : ndarray of shape (n_spectra, n_channels)
        Pairs of spectra.
    samples : list of ndarray
        Rows of each sample.
    together : iterable of list of int, default=()
        Numbers of samples that are left out at once. All others are left out alone.
    """

    def __init__(
        self,
        secondary: FloatArray,
        primary: FloatArray,
        samples: list[IntArray],
        together: Iterable[list[int]] = (),
    ) -> None:
        (x_mean, self.x), (y_mean, self.y) = centred(secondary), centred(primary)
        self.means = x_mean, y_mean
        self.samples = samples
        self._together = list(together)
        known = set(chain(*self._together))
        self._together += [[n] for n in range(len(samples)) if n not in known]
        self.left = [np.concatenate([samples[n] for n in g]) for g in self._together]
        self.ridge = Ridge(self.x, True, self.left)
        self.left_out = [self.ridge.left_out(float(strength)) for strength in GRID]
        self._last: tuple[slice, FloatArray] | None = None

    def folds(self, most: int) -> Iterator[tuple[IntArray, IntArray, int]]:
        """Leave out what is left out at once, or some of that, in few folds.

        Parameters
        ----------
        most : int
            How many folds there may be.

        Yields
        ------
        out, rest : ndarray of int
            Rows that are left out, and those that stay.
        n_samples : int
            Number of samples that stay.
        """
        every = np.arange(len(self.x))
        n_folds = min(len(self.left), most)
        for fold in range(n_folds):
            out = np.concatenate(self.left[fold::n_folds])
            n_out = sum(map(len, self._together[fold::n_folds]))
            yield out, np.setdiff1d(every, out), len(self.samples) - n_out

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
        right = ridge.right(left, self.strengths, shares)
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
        ridge = LocalRidge(standards.x, targets, channels, inside, standards.left)
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
        self._reached = np.diff(resampled.indptr) > 0
        self._mean = np.where(self._reached, resampled @ x_mean, y_mean)

    def residuals(self, columns: slice) -> FloatArray:
        """Give differences of both instruments on some primary channels.

        Where the secondary instrument does not reach, the mean of the standards is
        given, of which left-out samples have no part.
        """
        standards = self.standards
        moved = standards.x @ self._resampled[columns].T + self._mean[columns]
        missed = standards.y[:, columns] + standards.means[1][columns] - moved
        of_means = standards.left_out_targets(columns)[-1]
        return np.where(self._reached[columns], missed, of_means)[None]

    def add_to(self, mixture: Mixture, shares: FloatArray) -> None:
        """Add the resampled spectrum, as much as its share."""
        share, means = float(shares[0]), (self.standards.means[0], self._mean)
        mixture.add(share, means, local=share * self._resampled)
