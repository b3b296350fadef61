r"""k-means on a library that does not fit into memory, and what a transfer does to it.

The paper fits k-means (Lloyd's algorithm) on the primary training map. Here it is
scikit-learn's `KMeans`, from several starts, on spectra drawn at random, and then
Lloyd's own iteration over the whole library, read in blocks. That is full k-means but
for its starting point: on a simulated map of 25,600 spectra it came to the inertia of
`KMeans` on all spectra, or (4 clusters) to a neighbouring optimum 2 % above, the last
labels settling in two to ten passes. `MiniBatchKMeans`, which does not iterate to the
end, was left 2 % to 39 % above, depending on its seed.

How many clusters a library has is told by their silhouette. Of spectrum i, with mean
distance a to the others of its cluster and b to those of the next one, it is

.. math:: s_i = (b_i - a_i) / \max(a_i, b_i) .

The number of clusters with the largest mean is taken (Rousseeuw, J. Comput. Appl.
Math. 20, 1987). The paper tries 3 to 10, 15 and 20 on 25,000 spectra drawn at random
(section 3.2.4; its "minimize" is a slip). The time for distances grows with the square
of the number of spectra, so they are computed once for all options, in chunks.
"""

from collections.abc import Callable, Iterator, Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin_min, pairwise_distances_chunked
from sklearn.utils import check_random_state

from spectransfer._blocks import row_blocks, take_rows
from spectransfer._progress import progress_bar
from spectransfer._typing import ArrayLike, BoolArray, FloatArray, IntArray, RandomState
from spectransfer._validation import (
    HasMethods,
    Interval,
    StrOptions,
    check_targets,
    validate_params,
)
from spectransfer.metrics import cluster_labels, fit_clusters, paired_spectra
from spectransfer.spectra import as_table

Prepare = Callable[[Any], Any]

PAPER_N_CLUSTERS = (3, 4, 5, 6, 7, 8, 9, 10, 15, 20)

# a pass over the library that changes fewer labels than this was the last one
_SETTLED = 1e-4

_SUBSAMPLE_CONSTRAINTS = {
    "prepare": [callable, None],
    "n_subsample": [Interval(Integral, 2, None, closed="left")],
    "n_init": [Interval(Integral, 1, None, closed="left")],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


class ClusterChoice(NamedTuple):
    """The number of clusters with the largest mean silhouette, and all of them."""

    n_clusters: int
    silhouette: dict[int, float]


def _read_block(library: Any, rows: Any, prepare: Prepare | None) -> FloatArray:
    block = take_rows(library, rows)
    return check_targets(block if prepare is None else prepare(block), name="library")


def _subsample(
    library: Any, prepare: Prepare | None, n_subsample: int, random_state: RandomState
) -> FloatArray:
    """Draw spectra without replacement, in the order of the library."""
    n_spectra = len(library)
    chosen = np.arange(n_spectra)
    if n_spectra > n_subsample:
        rng = check_random_state(random_state)
        chosen = np.sort(rng.choice(n_spectra, n_subsample, replace=False))
    first = _read_block(library, chosen[:1], prepare)
    drawn = np.empty((len(chosen), first.shape[1]), first.dtype)
    for rows in row_blocks(len(chosen), 8 * library.shape[1]):
        drawn[rows] = _read_block(library, chosen[rows], prepare)
    return drawn


def mean_silhouettes(
    spectra: FloatArray,
    labelings: Sequence[IntArray],
    *,
    mebibytes: float = 256,
    verbose: bool = False,
) -> list[float]:
    """Mean silhouette of several labelings, with every distance computed once.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_wavelengths)
        Spectra.
    labelings : sequence of ndarray of shape (n_spectra,)
        Clusters of each spectrum, numbered from 0, each with at least two clusters.
    mebibytes : float, default=256
        What a chunk of distances may take.
    verbose : bool, default=False
        Whether to show how far it is.

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
    with progress_bar(
        len(spectra), "spectrum", visible=verbose, desc="silhouettes"
    ) as bar:
        for distances in pairwise_distances_chunked(spectra, working_memory=mebibytes):
            sums = distances.astype(np.float64) @ together
            rows = slice(start, start + len(distances))
            for i, labels in enumerate(labelings):
                own, sizes = sums[:, edges[i] : edges[i + 1]], members[i].sum(axis=0)
                totals[i] += _silhouettes(own, labels[rows], sizes).sum()
            start = rows.stop
            bar.update(len(distances))
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
    _SUBSAMPLE_CONSTRAINTS | {"options": ["array-like"]},
    prefer_skip_nested_validation=False,
)
def choose_n_clusters(
    library: ArrayLike,
    options: Sequence[int] | IntArray = PAPER_N_CLUSTERS,
    *,
    prepare: Prepare | None = None,
    n_subsample: int = 25_000,
    n_init: int = 3,
    random_state: RandomState = None,
    verbose: bool | int = False,
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
    verbose : bool or int, default=False
        Whether to show how far it is.

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
    table = as_table(library, "library", finite=prepare is None)
    drawn = _subsample(table, prepare, n_subsample, random_state)
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
    labelings = []
    with progress_bar(len(tried), "choice", visible=bool(verbose)) as bar:
        for k in tried:
            bar.describe(f"{k} clusters")
            kmeans = KMeans(k, n_init=n_init, random_state=random_state)
            labels = fit_clusters(kmeans, drawn).labels_
            labelings.append(np.unique(labels, return_inverse=True)[1])
            bar.update()
    silhouettes = mean_silhouettes(drawn, labelings, verbose=bool(verbose))
    found = dict(zip(tried, silhouettes, strict=True))
    return ClusterChoice(max(found, key=found.__getitem__), found)


class ClusterComparison(NamedTuple):
    """Clusters of measured and predicted spectra, and where they differ."""

    measured: IntArray
    predicted: IntArray
    differs: BoolArray


@validate_params(
    _SUBSAMPLE_CONSTRAINTS
    | {
        "n_clusters": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "max_passes": [Interval(Integral, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=False,
)
def fit_library_clusters(
    library: ArrayLike,
    n_clusters: int | str = 4,
    *,
    prepare: Prepare | None = None,
    n_subsample: int = 25_000,
    n_init: int = 10,
    max_passes: int = 10,
    random_state: RandomState = None,
    verbose: bool | int = False,
) -> KMeans:
    r"""Fit k-means to a library of any length, in bounded memory.

    .. math:: \min_{c} \sum_i \min_k \lVert y_i - c_k \rVert^2

    `KMeans` on spectra drawn at random, then Lloyd's iteration over the whole library
    until no more than one label in 10,000 changes.

    Parameters
    ----------
    library : array-like of shape (n_spectra, n_wavelengths)
        Primary spectra of the training library, in counts; may be memory-mapped.
    n_clusters : int or "auto", default=4
        Number of clusters: the paper's 4, or `choose_n_clusters` on those of the
        paper's options that are fewer than the spectra.
    prepare : callable, default=None
        Applied to blocks of the library in every pass, for example `transform_target`
        of a fitted transfer, which takes the baseline off.
    n_subsample : int, default=25_000
        Spectra drawn at random for the start; all where there are fewer.
    n_init : int, default=10
        Starts of k-means on these, once the number of clusters is known.
    max_passes : int, default=10
        Largest number of passes over the whole library; 0 leaves the clusters of the
        drawn spectra. None is made where all were drawn.
    random_state : int, RandomState instance or None, default=None
        Seed of draw and starts; an int for the same clusters every time.
    verbose : bool or int, default=False
        Whether to show how far it is.

    Returns
    -------
    sklearn.cluster.KMeans
        Fitted; `labels_` and `inertia_` are of the last pass over the library (of the
        drawn spectra with ``max_passes=0``), `n_iter_` counts the passes.

    See Also
    --------
    compare_clusters : What a transfer does to the clusters.
    spectransfer.metrics.k_score : The figure of merit.

    Examples
    --------
    >>> from spectransfer.evaluation import fit_library_clusters
    >>> library = [[0.0], [0.5], [5.0], [5.5]]
    >>> kmeans = fit_library_clusters(library, 2, random_state=0)
    >>> sorted(kmeans.cluster_centers_.ravel().tolist())
    [0.25, 5.25]
    """
    table = as_table(library, "library", finite=prepare is None)
    options: dict[str, Any] = {
        "prepare": prepare,
        "n_subsample": n_subsample,
        "random_state": random_state,
        "verbose": verbose,
    }
    if isinstance(n_clusters, str):
        few = min(len(table), n_subsample)
        fitting = [k for k in PAPER_N_CLUSTERS if k < few]
        n_clusters = choose_n_clusters(table, fitting, **options).n_clusters
    drawn = _subsample(table, prepare, n_subsample, random_state)
    kmeans = KMeans(int(n_clusters), n_init=n_init, random_state=random_state)
    fit_clusters(kmeans, drawn)
    if len(drawn) == len(table):
        return kmeans
    del drawn

    def blocks() -> Iterator[FloatArray]:
        for rows in row_blocks(len(table), 8 * table.shape[1]):
            yield _read_block(table, rows, prepare)

    with progress_bar(
        max_passes, "pass", visible=bool(verbose), desc="clusters of the library"
    ) as bar:
        for n_passes in range(1, max_passes + 1):
            settled = _settles(kmeans, blocks(), len(table), n_passes)
            bar.update()
            if settled:
                break
    return kmeans


def _settles(
    kmeans: KMeans, blocks: Iterator[FloatArray], n_spectra: int, n_passes: int
) -> bool:
    """Assign all spectra; tell if labels stay, and else move centres to their means."""
    centres = kmeans.cluster_centers_
    n_clusters = len(centres)
    labels = np.empty(n_spectra, np.int32)
    sums, sizes = np.zeros(centres.shape), np.zeros(n_clusters)
    inertia, start = 0.0, 0
    for block in blocks:
        found, squares = pairwise_distances_argmin_min(
            block, centres, metric="sqeuclidean"
        )
        labels[start : start + len(block)] = found
        start += len(block)
        inertia += float(squares.sum(dtype=np.float64))
        member = np.eye(n_clusters)[found]
        sums += member.T @ block.astype(np.float64)
        sizes += member.sum(axis=0)
    before = kmeans.labels_
    kmeans.labels_, kmeans.inertia_, kmeans.n_iter_ = labels, inertia, n_passes
    if len(before) == n_spectra and (before != labels).sum() <= _SETTLED * n_spectra:
        return True
    filled = sizes > 0
    moved = centres.copy()
    moved[filled] = sums[filled] / sizes[filled, None]
    kmeans.cluster_centers_ = moved
    return False


@validate_params(
    {"kmeans": [HasMethods("predict")]}, prefer_skip_nested_validation=False
)
def compare_clusters(
    y_true: ArrayLike, y_pred: ArrayLike, *, kmeans: Any
) -> ClusterComparison:
    """Clusters of measured and predicted spectra, and the spots where they differ.

    Parameters
    ----------
    y_true : array-like of shape (n_spectra, n_wavelengths)
        Measured primary spectra, in the space of the predictions, in counts.
    y_pred : array-like of shape (n_spectra, n_wavelengths)
        Predicted spectra of the same spots.
    kmeans : fitted estimator with `predict`
        Clusters of the primary library.

    Returns
    -------
    ClusterComparison
        `measured` and `predicted` clusters and `differs`, each of shape (n_spectra,).
        ``maps.image(comparison.differs)`` lays the last one out as a map; one minus
        its mean is the k-score.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from spectransfer.evaluation import compare_clusters
    >>> kmeans = KMeans(2, random_state=0).fit([[0.0], [1.0], [9.0]])
    >>> compare_clusters([[0.0], [9.0]], [[1.0], [2.0]], kmeans=kmeans).differs
    array([False,  True])
    """
    spectra, transferred = paired_spectra(y_true, y_pred)
    measured = cluster_labels(kmeans, spectra)
    predicted = cluster_labels(kmeans, transferred)
    return ClusterComparison(measured, predicted, measured != predicted)
