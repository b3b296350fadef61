r"""Ridge whose strength is chosen by leaving out whole samples, in closed form.

A ridge regression predicts the standards it has learned by :math:`H R`, with the hat
matrix :math:`H` and the targets :math:`R`. Had sample G been left out, its residuals
would have been

.. math:: e_G = (I - H_{GG})^{-1} \, (R - H R)_G ,

exactly for one penalty, also with an intercept that is not penalized (strengths are
relative to the spread of all standards, which a new fit would take of the others). So
no regression is ever fitted again, and only the Gram matrices of the standards are
looked at.
"""

import warnings
from collections.abc import Iterator
from functools import cached_property

import numpy as np
from scipy.cluster.hierarchy import linkage

from spectransfer._labels import checked_labels
from spectransfer._typing import ArrayLike, BoolArray, FloatArray, IntArray
from spectransfer.exceptions import SpectransferWarning

_MOST_FOLDS = 20
# distances between samples are so many times those between replicates
_GAP = 5.0
_MOST_LOOKED_AT = 500
# of the largest step; float32 is right to seven digits
_SAME = 1e-6
_ROUNDING = 32 * float(np.finfo(np.float64).eps)
STRENGTHS = np.logspace(-8, 3, 34)
"""Ridge penalties that are tried, relative to the mean square of a centred spectrum."""


def centred(spectra: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give the mean spectrum, and spectra less it, zero where only rounding is left.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_channels)
        Spectra. The mean of equal numbers is seldom that number.

    Returns
    -------
    mean : ndarray of shape (n_channels,)
        Their mean.
    away : ndarray of shape (n_spectra, n_channels)
        What they differ by; exactly zero in channels that do not vary.
    """
    mean = spectra.mean(axis=0)
    away = spectra - mean
    away[:, np.abs(away).max(axis=0) <= _ROUNDING * np.abs(mean)] = 0.0
    return mean, away


def samples_of(sample_id: ArrayLike | None, spectra: FloatArray) -> list[IntArray]:
    """Give the rows of each sample; without numbers every row is one of its own.

    Parameters
    ----------
    sample_id : array-like of shape (n_spectra,) or None
        Which sample each spectrum was measured on.
    spectra : ndarray of shape (n_spectra, n_channels)
        Secondary spectra. Without numbers they must not look like replicates; a warning
        says so where they do.

    Returns
    -------
    list of ndarray
        Rows, sample by sample.
    """
    n_spectra = len(spectra)
    if sample_id is None:
        n_groups = groups_of_replicates(spectra)
        if n_groups < n_spectra:
            warnings.warn(
                "Samples are left out one by one to judge by, which tells nothing "
                "where another spectrum of one stays, but without sample_id each "
                f"of the {n_spectra} spectra is taken for a sample, and they look like "
                f"replicates of {n_groups}. Pass sample_id=, a name for each spectrum.",
                SpectransferWarning,
                stacklevel=5,
            )
        return list(np.arange(n_spectra)[:, None])
    labels = checked_labels(sample_id, n_spectra, "sample_id")
    _, numbers = np.unique(labels, return_inverse=True)
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)


def groups_of_replicates(spectra: FloatArray) -> int:
    """Give the number of groups that spectra fall into, if these are far apart.

    Neighbours are joined, nearest first. Where a third of the spectra or more are
    joined before a step to distances five times as long, those were replicates. Two
    groups are none: few spectra fall into two by chance.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_channels)
        Six to 500 of them; fewer and more are not looked at.

    Returns
    -------
    int
        Number of groups; that of the spectra where there are none.
    """
    n_spectra = len(spectra)
    if not 6 <= n_spectra <= _MOST_LOOKED_AT:
        return n_spectra
    steps = linkage(spectra, "single")[:, 2]
    # copies that went through matrix products differ by rounding, or do not
    steps = np.maximum(steps, _SAME * steps[-1])
    n_groups = np.arange(n_spectra - 1, 1, -1)
    apart = (steps[1:] > _GAP * steps[:-1]) & (n_groups <= n_spectra * 2 / 3)
    found = n_groups[apart & (n_groups > 2)]
    return int(found[0]) if len(found) else n_spectra


def folds_of(
    secondary: FloatArray, primary: FloatArray, samples: list[IntArray]
) -> Iterator[tuple[FloatArray, FloatArray, FloatArray, FloatArray]]:
    """Leave samples out: one by one up to 20 samples, beyond that in 20 groups.

    Parameters
    ----------
    secondary, primary : ndarray of shape (n_spectra, n_channels)
        Spectra of the standards.
    samples : list of ndarray
        Rows, sample by sample.

    Yields
    ------
    known_secondary, known_primary, secondary, primary : ndarray
        Spectra that are learned from and those that are left out, all less the means
        of the former.
    """
    n_folds = min(len(samples), _MOST_FOLDS)
    for fold in range(n_folds):
        out = np.concatenate(samples[fold::n_folds])
        known = np.setdiff1d(np.arange(len(secondary)), out)
        x_mean, x = centred(secondary[known])
        y_mean, y = centred(primary[known])
        yield x, y, secondary[out] - x_mean, primary[out] - y_mean


class Ridge:
    """The hat matrices of ridge regressions from the same spectra.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_channels)
        Secondary spectra of the standards, centred by what the map is centred by.
    intercept : bool
        Whether an intercept is learned, too, without a penalty.
    samples : list of ndarray
        Rows of each sample.

    Attributes
    ----------
    unit : float
        Mean square of a spectrum: what strengths are relative to.
    """

    def __init__(
        self, spectra: FloatArray, intercept: bool, samples: list[IntArray]
    ) -> None:
        self.center: FloatArray = np.zeros(spectra.shape[1])
        self.spectra = spectra
        if intercept:
            self.center, self.spectra = centred(spectra)
        self.intercept, self.samples = intercept, samples
        gram = self.spectra @ self.spectra.T
        # spectra that are all the same leave nothing to relate to
        self.unit = float(np.trace(gram)) / len(gram) or 1.0
        values, self.vectors = np.linalg.eigh(gram)
        self.values = np.maximum(values, 0.0)

    def hat(self, strength: float) -> FloatArray:
        """Give the hat matrix, of shape (n_spectra, n_spectra)."""
        n = len(self.values)
        mean = 1.0 / n if self.intercept else 0.0
        if np.isinf(strength):
            return np.full((n, n), mean)
        shrunk = self.values / (self.values + strength * self.unit)
        return (self.vectors * shrunk) @ self.vectors.T + mean

    def left_out(self, strength: float) -> FloatArray:
        """Give the matrix from targets to residuals of samples that were left out."""
        return leaving_out(self.hat(strength), self.samples)

    def choose(
        self, targets: FloatArray, strengths: FloatArray = STRENGTHS
    ) -> tuple[float, float]:
        """Give the strength with the least squared error of left-out samples.

        Parameters
        ----------
        targets : ndarray of shape (n_spectra, n_targets)
            What is to be predicted.
        strengths : ndarray
            Penalties to choose from.

        Returns
        -------
        strength, error : float
            The best penalty, and the sum of its squared errors.
        """
        if len(self.samples) < 2:
            return float(strengths[-1]), np.nan
        gram = targets @ targets.T
        errors = []
        for strength in strengths:
            weights = self.left_out(float(strength))
            errors.append(float(((weights @ gram) * weights).sum()))
        best = int(np.argmin(errors))
        return float(strengths[best]), errors[best]

    @cached_property
    def _kept(self) -> BoolArray:
        rounding = np.finfo(np.float64).eps * len(self.values) * self.values[-1]
        return np.asarray(self.values > rounding)

    @cached_property
    def left(self) -> FloatArray:
        """From spectra to a few coordinates, of shape (n_channels, rank)."""
        return self.spectra.T @ self.vectors[:, self._kept]

    def right(
        self, targets: FloatArray, strengths: FloatArray, shares: FloatArray
    ) -> FloatArray:
        """Give the map from coordinates to targets, learned from all standards.

        Parameters
        ----------
        targets : ndarray of shape (n_spectra, n_targets)
            What is to be predicted.
        strengths : ndarray of shape (n_strengths,)
            Penalties; an infinite one gives no map at all.
        shares : ndarray of shape (n_strengths,)
            What each of them counts in the sum of their maps.

        Returns
        -------
        ndarray of shape (rank, n_targets)
            To be multiplied by `left`.
        """
        penalized = self.values[self._kept] + strengths[:, None] * self.unit
        inverse = (shares[:, None] / penalized).sum(axis=0)
        return inverse[:, None] * (self.vectors[:, self._kept].T @ targets)


def leaving_out(hat: FloatArray, samples: list[IntArray]) -> FloatArray:
    """Give the matrix from targets to residuals of samples left out, of a hat matrix.

    Parameters
    ----------
    hat : ndarray of shape (n_spectra, n_spectra)
        From targets to fitted values.
    samples : list of ndarray
        Rows of each sample.

    Returns
    -------
    ndarray of shape (n_spectra, n_spectra)
        Its diagonal blocks of samples are unit matrices: what is left out has no part
        in its own prediction.
    """
    residual = np.eye(len(hat)) - hat
    if len(samples) == len(hat):
        # a spectrum that alone carries a direction cannot be predicted by the others
        own = np.maximum(np.diag(residual), 1e-12)
        weights = residual / own[:, None]
        np.fill_diagonal(weights, 1.0)
        return weights
    weights = np.empty_like(residual)
    for rows in samples:
        block = residual[np.ix_(rows, rows)] + 1e-12 * np.eye(len(rows))
        weights[rows] = np.linalg.solve(block, residual[rows])
    return weights
