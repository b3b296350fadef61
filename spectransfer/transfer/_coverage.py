r"""What standards stand for, and what they say nothing of.

In the whitened components :math:`z` of many secondary spectra, standards
:math:`z_1 \ldots z_k` leave of the variance of a direction what a Bayesian regression
leaves of it that knew nothing before:

.. math:: h(z) = z^\top \Bigl(1 + \sum_i z_i z_i^\top\Bigr)^{-1} z .

A spectrum in a direction that no standard has keeps its whole squared distance from the
mean, and one standard of its kind makes it small.

What a transfer misses of such spectra the standards tell as well: of a *material*,
which is a cluster of standards, that was left out as a whole.
"""

from typing import NamedTuple

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import cdist

from spectransfer._blocks import even_rows, row_blocks
from spectransfer._typing import FloatArray, IntArray
from spectransfer.transfer._population import LibraryMoments

# of so many samples distances in eight components tell materials, of fewer not
_SAMPLES_OF_MATERIALS = 16
# components in which spectra are near to standards, as `select_standards` has it
_OF_DISTANCE = 8
# a component of fewer spectra than this is one of their accidents
SPECTRA_OF_A_COMPONENT = 10
# standard deviations of the population, and their square
_APART = 3.0
_FAR = _APART**2
# what is worth a warning: rare minerals are a few per cent, odd spectra one or two
_SHARE = 0.01
_FEWEST = 3
# spectra that are proposed at once, and those among which they are sought
_MOST_PROPOSED = 5
_MOST_LOOKED_AT = 1000


def stood_for(standards: FloatArray, population: LibraryMoments) -> FloatArray:
    """Give how many spectra each standard stands for: those nearest to it.

    Parameters
    ----------
    standards : ndarray of shape (n_standards, n_channels)
        Spectra of the standards.
    population : LibraryMoments
        Spectra of the same instrument, of which points are known.

    Returns
    -------
    ndarray of shape (n_standards,)
        With mean 1; all alike where there are no points.
    """
    cloud = population._cloud
    if cloud is None:
        return np.ones(len(standards))
    known = (standards - population.mean) @ population._whiten[:, :_OF_DISTANCE]
    nearest = cdist(cloud[:, :_OF_DISTANCE], known).argmin(axis=1)
    # each of them stands for itself, too: few points tell little
    counts = 1.0 + np.bincount(nearest, minlength=len(standards))
    return counts / counts.mean()


class Unlike(NamedTuple):
    """Spectra that no standard is like."""

    n: int
    n_spectra: int
    """Number of all spectra."""
    share: float
    """Their part of the squared distances of all spectra from the mean, the largest
    hundredth of which count as the next."""
    rows: IntArray
    """At most five of them, one after the other those that, as standards, would leave
    the fewest."""
    n_left: int
    """How many would still be far."""


def to_measure(
    standards: FloatArray, spectra: FloatArray, population: LibraryMoments
) -> Unlike:
    """Give spectra that no standard is like, and which of them to measure first.

    Parameters
    ----------
    standards : ndarray of shape (n_standards, n_channels)
        Spectra of the standards.
    spectra : ndarray of shape (n_spectra, n_channels)
        Spectra of the same instrument.
    population : LibraryMoments
        Their moments.

    Returns
    -------
    Unlike
        How many they are, and which of them come first.
    """
    white = _white(population)
    known = (standards - population.mean) @ white
    left = np.eye(known.shape[1]) - told_of(known.T @ known)
    points = np.empty((len(spectra), known.shape[1]))
    squares = np.empty(len(spectra))
    for rows in row_blocks(len(spectra), 8 * spectra.shape[1]):
        away = spectra[rows] - population.mean
        points[rows], squares[rows] = away @ white, (away**2).sum(axis=1)
    far = np.flatnonzero(_beyond(points, left) > _FAR)
    # a spike makes no material
    squares = np.minimum(squares, np.quantile(squares, 1.0 - _SHARE))
    n_far, share = len(far), float(squares[far].sum() / (squares.sum() or 1.0))
    chosen: list[int] = []
    while len(far) and len(chosen) < _MOST_PROPOSED:
        rows = far[even_rows(len(far), _MOST_LOOKED_AT)]
        some = points[rows]
        left_of = _beyond(some, left)
        # one more standard takes from all others what it shares with them
        shared = (some @ left @ some.T) ** 2 / (1.0 + left_of)[:, None]
        still = (left_of - shared > _FAR).sum(axis=1)
        best = int(np.argmin(still))
        point = left @ some[best]
        chosen.append(int(rows[best]))
        left -= np.outer(point, point) / (1.0 + left_of[best])
        far = far[_beyond(points[far], left) > _FAR]
    first = np.array(chosen, dtype=np.intp)
    return Unlike(n_far, len(spectra), share, first, len(far))


def minor_materials(
    standards: FloatArray, samples: list[IntArray], population: LibraryMoments
) -> list[list[int]]:
    """Give the samples of each material that at most half of them are of.

    Materials are clusters within three standard deviations, or nearer ones where these
    are not two.

    Parameters
    ----------
    standards : ndarray of shape (n_standards, n_channels)
        Spectra of the standards.
    samples : list of ndarray
        Rows of each sample.
    population : LibraryMoments
        Spectra of the same instrument.

    Returns
    -------
    list of list of int
        Numbers of samples, for each of two materials or more. Nothing where there are
        too few samples to tell.
    """
    if len(samples) < _SAMPLES_OF_MATERIALS:
        return []
    means = np.stack([standards[rows].mean(axis=0) for rows in samples])
    points = (means - population.mean) @ _white(population)
    tree = linkage(points, "average")
    steps = tree[tree[:, 2] < _APART, 2]
    for apart in [_APART, *np.nextafter(steps[::-1], 0.0)]:
        labels = fcluster(tree, apart, "distance")
        found = [
            np.flatnonzero(labels == label).tolist() for label in np.unique(labels)
        ]
        minor = [numbers for numbers in found if 2 * len(numbers) <= len(samples)]
        if len(minor) > 1:
            return minor
    return []


def many(unlike: Unlike) -> bool:
    """Say whether so many of the spectra are worth a warning."""
    return unlike.n >= _FEWEST and unlike.n > _SHARE * unlike.n_spectra


def in_words(unlike: Unlike, counted: bool) -> str:
    """Say how many spectra are far, whether an error is expected, and what to do."""
    left = f", which leaves {unlike.n_left}" if unlike.n_left else ""
    expected = "does not count them, and they may be missed many times more"
    if counted:
        expected = (
            "assumes that they are missed as are materials among the standards that "
            "are left out as a whole"
        )
    warned = "Every material needs a standard, but " if many(unlike) else ""
    return (
        f"{warned}{unlike.n} of {unlike.n_spectra} spectra without partners "
        f"({unlike.n / unlike.n_spectra:.1%}) are unlike all standards: what is "
        f"expected {expected}. Make rows {unlike.rows.tolist()} of X_unpaired "
        f"standards, too{left}; select_standards, with those that are there in "
        "include=, chooses more of them."
    )


def tells_materials(population: LibraryMoments) -> bool:
    """Say whether spectra are enough for all components in which some are unlike."""
    return population.n_spectra >= SPECTRA_OF_A_COMPONENT * _OF_DISTANCE


def told_of(squares: FloatArray) -> FloatArray:
    """Give what standards tell of each direction: all of it 1, nothing 0.

    Parameters
    ----------
    squares : ndarray of shape (n_components, n_components)
        Sum of the squares of their whitened components.

    Returns
    -------
    ndarray of shape (n_components, n_components)
        One less the inverse of one and the squares.
    """
    values, vectors = np.linalg.eigh(squares)
    values = np.maximum(values, 0.0)
    told: FloatArray = (vectors * (values / (1.0 + values))) @ vectors.T
    return told


def _white(population: LibraryMoments) -> FloatArray:
    """Give the matrix to whitened components that are more than an accident."""
    n = max(2, population.n_spectra // SPECTRA_OF_A_COMPONENT)
    return population._whiten[:, : min(n, _OF_DISTANCE)]


def _beyond(points: FloatArray, left: FloatArray) -> FloatArray:
    """Give what standards leave of the square of each point."""
    return ((points @ left) * points).sum(axis=1)
