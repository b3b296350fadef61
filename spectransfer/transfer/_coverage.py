r"""What standards stand for, and what they say nothing of.

In the whitened components :math:`z` of many secondary spectra, standards
:math:`z_1 \ldots z_k` leave of the variance of a direction what a Bayesian regression
leaves of it that knew nothing before:

.. math:: h(z) = z^\top \Bigl(1 + \sum_i z_i z_i^\top\Bigr)^{-1} z .

A spectrum in a direction that no standard has keeps its whole squared distance from the
mean, and one standard of its kind makes it small.
"""

import numpy as np
from scipy.spatial.distance import cdist

from spectransfer._blocks import even_rows, row_blocks
from spectransfer._typing import FloatArray, IntArray
from spectransfer.transfer._population import LibraryMoments

# components in which spectra are near to standards, as `select_standards` has it
_OF_DISTANCE = 8
# a component of fewer spectra than this is one of their accidents
SPECTRA_OF_A_COMPONENT = 10
# three standard deviations of the population
_FAR = 9.0
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


def to_measure(
    standards: FloatArray, spectra: FloatArray, population: LibraryMoments
) -> tuple[int, IntArray, int]:
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
    n_far : int
        Number of spectra that are unlike all standards.
    rows : ndarray of int
        At most five of them, one after the other those that, as standards, would leave
        the fewest.
    n_left : int
        How many would still be far.
    """
    n = max(2, population.n_spectra // SPECTRA_OF_A_COMPONENT)
    white = population._whiten[:, : min(n, _OF_DISTANCE)]
    known = (standards - population.mean) @ white
    left = np.linalg.inv(np.eye(known.shape[1]) + known.T @ known)
    points = np.concatenate(
        [
            (spectra[rows] - population.mean) @ white
            for rows in row_blocks(len(spectra), 8 * spectra.shape[1])
        ]
    )
    far = np.flatnonzero(_beyond(points, left) > _FAR)
    n_far = len(far)
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
    return n_far, np.array(chosen, dtype=np.intp), len(far)


def many(n_far: int, n_spectra: int) -> bool:
    """Say whether so many of the spectra are worth a warning."""
    return n_far >= _FEWEST and n_far > _SHARE * n_spectra


def in_words(n_far: int, n_spectra: int, rows: IntArray, n_left: int) -> str:
    """Say how many spectra are far, and what to do."""
    left = f", which leaves {n_left}" if n_left else ""
    return (
        f"Every material needs a standard, but {n_far} of {n_spectra} spectra without "
        f"partners ({n_far / n_spectra:.1%}) are unlike all standards: what is "
        "expected does not count them, and they may be missed many times more. Make "
        f"rows {rows.tolist()} of X_unpaired standards, too{left}; select_standards "
        "chooses such standards from the beginning."
    )


def _beyond(points: FloatArray, left: FloatArray) -> FloatArray:
    """Give what standards leave of the square of each point."""
    return ((points @ left) * points).sum(axis=1)
