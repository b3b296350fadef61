"""Which samples to measure on both instruments, chosen from secondary spectra alone."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.utils import check_random_state

from spectransfer._blocks import blocks_of
from spectransfer._typing import ArrayLike, FloatArray, IntArray, RandomState

# components of more spectra are learned from a draw of this size
_MOST_SPECTRA = 5000
# up to here all spectra are clustered together
_ONE_BATCH = 20_000
# up to here every distance is looked at for the farthest pair
_ALL_PAIRS = 5000


def select_standards(
    X: ArrayLike,
    n: int,
    *,
    method: str = "kmeans",
    y: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    n_components: int = 8,
    random_state: RandomState = 0,
) -> IntArray:
    """Choose the samples that are to be measured on the primary instrument, too.

    The choice is made from secondary spectra alone, in their whitened principal
    components, where common and rare materials are as far apart.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_channels)
        Secondary spectra, prepared as for the transfer; memory-mapped ones are read in
        blocks.
    n : int
        Number of standards; of samples, where there are `groups`.
    method : {"kmeans", "kennard-stone", "spxy"}, default="kmeans"
        "kmeans": the spectra nearest to the centres of n clusters. "kennard-stone": one
        after the other the spectrum farthest from all that are chosen, beginning with
        the two that are farthest apart. "spxy": the same by distances in spectra and
        `y` together, each divided by its largest.
    y : array-like of shape (n_spectra,) or (n_spectra, n_properties), default=None
        Known properties, for "spxy".
    groups : array-like of shape (n_spectra,), default=None
        Sample of each spectrum. Samples are chosen by their mean spectra, with all of
        their replicates.
    n_components : int, default=8
        Number of components, at most the number of spectra or channels less one.
    random_state : int, RandomState instance or None, default=0
        Where the clusters begin.

    Returns
    -------
    ndarray of int
        Rows of `X`, in the order in which they were chosen, or by cluster.

    Notes
    -----
    Beyond 5000 spectra components are learned from an even draw of them, and
    Kennard-Stone begins with the spectrum that is farthest from the first one and the
    one farthest from that. Beyond 20,000 clusters are learned from batches.

    References
    ----------
    .. [1] R. W. Kennard, L. A. Stone, "Computer aided design of experiments",
       Technometrics 11 (1969) 137.
    .. [2] R. K. H. Galvao et al., "A method for calibration and validation subset
       partitioning", Talanta 67 (2005) 736.

    Examples
    --------
    >>> from spectransfer.model_selection import select_standards
    >>> spectra = [[0.0, 1.0], [0.2, 1.0], [0.1, 1.0], [5.0, 1.0], [5.1, 1.0]]
    >>> len(select_standards(spectra, 2))
    2
    >>> [int(i) for i in select_standards(spectra, 2, method="kennard-stone")]
    [0, 4]
    """
    spectra: Any = (
        X if hasattr(X, "iloc") or isinstance(X, np.ndarray) else np.asarray(X)
    )
    samples = _samples(groups, len(spectra))
    if not 1 <= n <= len(samples):
        raise ValueError(
            f"n must be a number of standards from 1 to {len(samples)}, as many as "
            f"there are samples, but it is {n}. Ask for fewer."
        )
    if method not in ("kmeans", "kennard-stone", "spxy"):
        raise ValueError(
            "method must be one of kmeans, kennard-stone and spxy, but it is "
            f"{method!r}. kmeans needs nothing but spectra."
        )
    if (method == "spxy") != (y is not None):
        raise ValueError(
            "y is what spxy chooses by beside the spectra, but "
            f"method={method!r} came {'with' if y is not None else 'without'} it. "
            "Pass y= together with method='spxy'."
        )
    points = _sample_means(_whitened(spectra, n_components), samples)
    if method == "kmeans":
        chosen = _nearest_to_centers(points, n, random_state)
    elif method == "kennard-stone":
        chosen = _farthest_first([points], n)
    else:
        known = np.asarray(y, dtype=np.float64).reshape(len(spectra), -1)
        chosen = _farthest_first([points, _sample_means(known, samples)], n)
    return np.concatenate([samples[i] for i in chosen])


def _samples(groups: ArrayLike | None, n_spectra: int) -> list[IntArray]:
    """Give the rows of each sample."""
    if groups is None:
        return list(np.arange(n_spectra)[:, None])
    labels = np.asarray(groups)
    if labels.shape != (n_spectra,):
        raise ValueError(
            f"groups must name the sample of each of {n_spectra} spectra, but their "
            f"shape is {labels.shape}. Pass one entry for each row of X."
        )
    _, numbers = np.unique(labels, return_inverse=True)
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)


def _sample_means(points: FloatArray, samples: list[IntArray]) -> FloatArray:
    if len(samples) == len(points):
        return points
    return np.stack([points[rows].mean(axis=0) for rows in samples])


def _whitened(spectra: Any, n_components: int) -> FloatArray:
    """Give spectra as components of unit variance."""
    every = max(1, len(spectra) // _MOST_SPECTRA)
    rows = slice(0, None, every)
    draw = np.asarray(spectra.iloc[rows] if hasattr(spectra, "iloc") else spectra[rows])
    if not np.isfinite(draw).all():
        raise ValueError(
            "Standards are chosen among finite spectra, but X contains NaN or inf. "
            "Leave out what was not measured."
        )
    n_components = min(n_components, len(draw) - 1, draw.shape[1])
    if n_components < 1:
        return np.zeros((len(spectra), 1))
    pca = PCA(n_components, whiten=True, svd_solver="auto", random_state=0).fit(draw)
    # components of rounding would weigh as much as those of the material
    kept = pca.explained_variance_ > 1e-10 * pca.explained_variance_[0]
    blocks = [pca.transform(np.asarray(b))[:, kept] for b in blocks_of(spectra, 4096)]
    return np.concatenate(blocks).astype(np.float64)


def _nearest_to_centers(
    points: FloatArray, n: int, random_state: RandomState
) -> list[int]:
    """Give the point nearest to the center of each cluster, none twice."""
    kind = KMeans if len(points) <= _ONE_BATCH else MiniBatchKMeans
    state = check_random_state(random_state)
    centers = kind(n, n_init=3, random_state=state).fit(points).cluster_centers_
    chosen: list[int] = []
    for center in centers:
        distance = ((points - center) ** 2).sum(axis=1)
        distance[chosen] = np.inf
        chosen.append(int(distance.argmin()))
    return chosen


def _farthest_first(parts: list[FloatArray], n: int) -> list[int]:
    """Give the point farthest from all chosen ones, again and again."""

    def distance_in(part: FloatArray, i: int) -> FloatArray:
        return np.sqrt(((part - part[i]) ** 2).sum(axis=1))

    scales = [1.0]
    if len(parts) > 1:
        scales = [_farthest_pair(partial(distance_in, p), len(p))[0] for p in parts]

    def distance_to(i: int) -> FloatArray:
        each = [
            distance_in(p, i) / (s or 1.0) for p, s in zip(parts, scales, strict=True)
        ]
        return np.sum(each, axis=0)

    _, first, second = _farthest_pair(distance_to, len(parts[0]))
    chosen = [first, second][:n]
    nearest = np.minimum(distance_to(first), distance_to(second))
    while len(chosen) < n:
        nearest[chosen] = -1.0
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, distance_to(chosen[-1]))
    return chosen


def _farthest_pair(
    distance_to: Callable[[int], FloatArray], n: int
) -> tuple[float, int, int]:
    """Give the largest distance, and the two points that are so far apart."""
    starts = range(n) if n <= _ALL_PAIRS else [int(distance_to(0).argmax())]
    best = (-1.0, 0, 0)
    for i in starts:
        distance = distance_to(i)
        if distance.max() > best[0]:
            best = (float(distance.max()), i, int(distance.argmax()))
    return best
