r"""How many clusters a library has, by their silhouette.

Of spectrum i, with mean distance a to the others of its cluster and b to those of the
next one, the silhouette is

.. math:: s_i = (b_i - a_i) / \max(a_i, b_i) .

The number of clusters with the largest mean is taken (Rousseeuw, J. Comput. Appl.
Math. 20, 1987). The paper tries 3 to 10, 15 and 20 on 25,000 spectra drawn at random
(section 3.2.4; its "minimize" is a slip). The time for distances grows with the square
of the number of spectra, so they are computed once for all options, in chunks.
"""

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_chunked
from sklearn.utils import check_random_state

from spectransfer._blocks import row_blocks, take_rows
from spectransfer._typing import ArrayLike, FloatArray, IntArray, RandomState
from spectransfer._validation import Interval, check_targets, validate_params
from spectransfer.spectra import as_table

Prepare = Callable[[Any], Any]

PAPER_N_CLUSTERS = (3, 4, 5, 6, 7, 8, 9, 10, 15, 20)

_DISTANCE_MEBIBYTES = 256

SUBSAMPLE_CONSTRAINTS = {
    "prepare": [callable, None],
    "n_subsample": [Interval(Integral, 2, None, closed="left")],
    "n_init": [Interval(Integral, 1, None, closed="left")],
    "random_state": ["random_state"],
}


class ClusterChoice(NamedTuple):
    """The number of clusters with the largest mean silhouette, and all of them."""

    n_clusters: int
    silhouette: dict[int, float]


def read_block(library: Any, rows: Any, prepare: Prepare | None) -> FloatArray:
    block = take_rows(library, rows)
    return check_targets(block if prepare is None else prepare(block), name="library")


def subsample(
    library: Any, prepare: Prepare | None, n_subsample: int, random_state: RandomState
) -> FloatArray:
    """Draw spectra without replacement, in the order of the library."""
    n_spectra = len(library)
    chosen = np.arange(n_spectra)
    if n_spectra > n_subsample:
        rng = check_random_state(random_state)
        chosen = np.sort(rng.choice(n_spectra, n_subsample, replace=False))
    first = read_block(library, chosen[:1], prepare)
    drawn = np.empty((len(chosen), first.shape[1]), first.dtype)
    for rows in row_blocks(len(chosen), 8 * library.shape[1]):
        drawn[rows] = read_block(library, chosen[rows], prepare)
    return drawn


def mean_silhouettes(spectra: FloatArray, labelings: Sequence[IntArray]) -> list[float]:
    """Mean silhouette of several labelings, with every distance computed once.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_wavelengths)
        Spectra.
    labelings : sequence of ndarray of shape (n_spectra,)
        Clusters of each spectrum, numbered from 0, each with at least two clusters.

    Returns
    -------
    list of float
        Between -1 and 1. A spectrum alone in its cluster, or without another cluster
        beside, counts as 0.
    """
    members = [np.eye(labels.max() + 1)[labels] for labels in labelings]
    edges = np.cumsum([0] + [m.shape[1] for m in members])
    together = np.hstack(members)
    totals, start = np.zeros(len(labelings)), 0
    for distances in pairwise_distances_chunked(
        spectra, working_memory=_DISTANCE_MEBIBYTES
    ):
        sums = distances.astype(np.float64) @ together
        rows = slice(start, start + len(distances))
        for i, labels in enumerate(labelings):
            own = sums[:, edges[i] : edges[i + 1]]
            totals[i] += _silhouettes(own, labels[rows], members[i].sum(axis=0)).sum()
        start = rows.stop
    return [float(total) for total in totals / len(spectra)]


def _silhouettes(sums: FloatArray, labels: IntArray, sizes: FloatArray) -> FloatArray:
    """Silhouettes from summed distances (n_rows, n_clusters) to every cluster."""
    each = np.arange(len(labels))
    size = sizes[labels]
    inside = sums[each, labels] / np.maximum(size - 1, 1)
    mean = np.where(sizes > 0, sums / np.maximum(sizes, 1), np.inf)
    mean[each, labels] = np.inf
    outside = mean.min(axis=1)
    larger = np.maximum(inside, outside)
    counted = (size > 1) & np.isfinite(outside) & (larger > 0)
    found = np.zeros(len(labels))
    found[counted] = (outside - inside)[counted] / larger[counted]
    return found


@validate_params(
    SUBSAMPLE_CONSTRAINTS | {"options": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def choose_n_clusters(
    library: ArrayLike,
    options: Iterable[int] = PAPER_N_CLUSTERS,
    *,
    prepare: Prepare | None = None,
    n_subsample: int = 25_000,
    n_init: int = 3,
    random_state: RandomState = None,
) -> ClusterChoice:
    """Choose the number of k-means clusters with the largest mean silhouette.

    Parameters
    ----------
    library : array-like of shape (n_spectra, n_wavelengths)
        Primary spectra of the training library, in counts; may be memory-mapped.
    options : sequence of int, default=(3, 4, 5, 6, 7, 8, 9, 10, 15, 20)
        Numbers of clusters to try, by default the paper's.
    prepare : callable, default=None
        Applied to blocks of the library, for example `transform_target` of a fitted
        transfer, which takes the baseline off.
    n_subsample : int, default=25_000
        Spectra drawn at random, as in the paper; all where there are fewer. They are
        held in memory a few times over, and time grows with their square.
    n_init : int, default=3
        Starts of k-means for each option.
    random_state : int, RandomState instance or None, default=None
        Seed of draw and starts; an int for the same choice every time.

    Returns
    -------
    ClusterChoice
        `n_clusters`, and the `silhouette` of every option. Of equal ones the first
        wins.

    Examples
    --------
    >>> from spectransfer.evaluation import choose_n_clusters
    >>> library = [[0.0], [0.1], [5.0], [5.1], [9.0], [9.1]]
    >>> choose_n_clusters(library, (2, 3, 4), random_state=0).n_clusters
    3
    """
    table = as_table(library, "library")
    drawn = subsample(table, prepare, n_subsample, random_state)
    tried = [int(k) for k in options]
    if not tried:
        raise ValueError("options must hold at least one number of clusters.")
    for k in tried:
        if not 2 <= k < len(drawn):
            raise ValueError(
                "A silhouette needs at least two clusters and fewer than spectra, but "
                f"options holds {k}, and there are {len(drawn)} spectra. Leave this "
                "option out, or draw more spectra with n_subsample."
            )
    labelings = [
        np.unique(
            KMeans(k, n_init=n_init, random_state=random_state).fit(drawn).labels_,
            return_inverse=True,
        )[1]
        for k in tried
    ]
    found = dict(zip(tried, mean_silhouettes(drawn, labelings), strict=True))
    return ClusterChoice(max(found, key=found.__getitem__), found)
