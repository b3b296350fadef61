r"""k-means on a library that does not fit into memory, and what a transfer does to it.

The paper fits k-means (Lloyd's algorithm) on the primary training map. Here it is
scikit-learn's `KMeans`, from several starts, on spectra drawn at random, and then
Lloyd's own iteration over the whole library, read in blocks. That is full k-means but
for its starting point: on a simulated map of 25,600 spectra it came to the inertia of
`KMeans` on all spectra, or (4 clusters) to a neighbouring optimum 2 % above, the last
labels settling in two to ten passes. `MiniBatchKMeans`, which does not iterate to the
end, was left 2 % to 39 % above, depending on its seed.
"""

from collections.abc import Iterator
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin_min

from spectransfer._blocks import row_blocks
from spectransfer._typing import ArrayLike, BoolArray, FloatArray, IntArray, RandomState
from spectransfer._validation import HasMethods, Interval, StrOptions, validate_params
from spectransfer.evaluation._silhouette import (
    PAPER_N_CLUSTERS,
    SUBSAMPLE_CONSTRAINTS,
    Prepare,
    choose_n_clusters,
    read_block,
    subsample,
)
from spectransfer.metrics import cluster_labels, paired_spectra
from spectransfer.spectra import as_table

# a pass over the library that changes fewer labels than this was the last one
_SETTLED = 1e-4


class ClusterComparison(NamedTuple):
    """Clusters of measured and predicted spectra, and where they differ."""

    measured: IntArray
    predicted: IntArray
    differs: BoolArray


@validate_params(
    SUBSAMPLE_CONSTRAINTS
    | {
        "n_clusters": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "max_passes": [Interval(Integral, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
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
    table = as_table(library, "library")
    options: dict[str, Any] = {
        "prepare": prepare,
        "n_subsample": n_subsample,
        "random_state": random_state,
    }
    if isinstance(n_clusters, str):
        few = min(len(table), n_subsample)
        fitting = [k for k in PAPER_N_CLUSTERS if k < few]
        n_clusters = choose_n_clusters(table, fitting, **options).n_clusters
    drawn = subsample(table, prepare, n_subsample, random_state)
    kmeans = KMeans(int(n_clusters), n_init=n_init, random_state=random_state)
    kmeans.fit(drawn)
    if len(drawn) == len(table):
        return kmeans
    del drawn

    def blocks() -> Iterator[FloatArray]:
        for rows in row_blocks(len(table), 8 * table.shape[1]):
            yield read_block(table, rows, prepare)

    for n_passes in range(1, max_passes + 1):
        if _settles(kmeans, blocks(), len(table), n_passes):
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
    {"kmeans": [HasMethods("predict")]}, prefer_skip_nested_validation=True
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
