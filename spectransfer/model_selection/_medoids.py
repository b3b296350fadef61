r"""k-medoids: the points whose sum of distances to all others is least.

.. math:: \min_{M, \, |M| = n} \sum_i \min_{m \in M} \lVert z_i - z_m \rVert

Medoids are exchanged for other points, one by one, as long as that lowers the sum
(PAM). Of many points this is done in draws, each with the best medoids so far in it,
and those that are best for all points are kept (CLARA).
"""

import numpy as np
from scipy.spatial.distance import cdist

from spectransfer._blocks import row_blocks
from spectransfer._typing import FloatArray

# points that are exchanged with each other, all distances at hand
_IN_A_DRAW = 1500
_DRAWS = 3


def medoids(
    points: FloatArray, start: list[int], n_fixed: int, rng: np.random.RandomState
) -> list[int]:
    """Give the medoids of points.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_components)
        What medoids are chosen among.
    start : list of int
        Where they begin, without doubles.
    n_fixed : int
        So many of the first ones stay.
    rng : RandomState
        Draws points, where there are many.

    Returns
    -------
    list of int
        As many as there were, the fixed ones first.
    """
    if len(points) <= _IN_A_DRAW:
        return exchanged(cdist(points, points), start, n_fixed)
    best, least = start, _sum_of_distances(points, start)
    for _ in range(_DRAWS):
        others = np.setdiff1d(rng.choice(len(points), _IN_A_DRAW, replace=False), best)
        drawn = np.concatenate([best, others])
        among = cdist(points[drawn], points[drawn])
        found = exchanged(among, list(range(len(best))), n_fixed)
        chosen = drawn[found].tolist()
        total = _sum_of_distances(points, chosen)
        if total < least:
            best, least = chosen, total
    return best


def exchanged(distances: FloatArray, chosen: list[int], n_fixed: int) -> list[int]:
    """Exchange medoids for other points until no exchange lowers the sum.

    Parameters
    ----------
    distances : ndarray of shape (n_points, n_points)
        Of all points.
    chosen : list of int
        Medoids to begin with.
    n_fixed : int
        So many of the first ones stay.

    Returns
    -------
    list of int
        The medoids.
    """
    now = np.array(chosen)
    while n_fixed < len(now):
        gain, out, into = _best_exchange(distances, now, n_fixed)
        # rounding is no gain
        if gain <= 1e-12 * distances.sum():
            break
        now[out] = into
    return [int(i) for i in now]


def _best_exchange(
    distances: FloatArray, now: np.ndarray, n_fixed: int
) -> tuple[float, int, int]:
    """Give what the best exchange gains, the medoid that goes and what comes."""
    to_medoids = distances[:, now]
    nearest = to_medoids.argmin(axis=1)
    ranked = np.sort(to_medoids, axis=1)
    first = ranked[:, 0]
    second = ranked[:, 1] if len(now) > 1 else np.full(len(first), np.inf)
    # what a point gains by another medoid, and by it once its own has gone
    gained = np.maximum(first[:, None] - distances, 0.0)
    instead = first[:, None] - np.minimum(distances, second[:, None])
    gains = np.stack(
        [
            gained.sum(axis=0) + (instead - gained)[nearest == i].sum(axis=0)
            for i in range(n_fixed, len(now))
        ]
    )
    gains[:, now] = -np.inf
    out, into = np.unravel_index(gains.argmax(), gains.shape)
    return float(gains[out, into]), n_fixed + int(out), int(into)


def _sum_of_distances(points: FloatArray, chosen: list[int]) -> float:
    """Sum up distances to the nearest medoid, in blocks of points."""
    centers = points[chosen]
    blocks = row_blocks(len(points), 8 * len(chosen))
    return float(sum(cdist(points[b], centers).min(axis=1).sum() for b in blocks))
