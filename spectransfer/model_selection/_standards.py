"""Which samples to measure on both instruments, chosen from secondary spectra alone."""

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from spectransfer._blocks import blocks_of, even_rows
from spectransfer._numbers import common_unit
from spectransfer._progress import progress_bar
from spectransfer._typing import ArrayLike, FloatArray, IntArray, RandomState
from spectransfer.model_selection._asked import (
    check_method,
    check_number,
    checked_properties,
    checked_table,
    distinct_samples,
    samples_included,
    samples_of_rows,
)
from spectransfer.model_selection._medoids import medoids

# what a standard that was not measured yet is known to, for the leverage
_PRIOR_LEVERAGE = 1e-6
# distances that differ by less are the same
_TIED = 1e-6
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
    include: ArrayLike | None = None,
    n_components: int = 8,
    random_state: RandomState = 0,
    verbose: bool | int = False,
) -> IntArray:
    """Choose the samples that are to be measured on the primary instrument, too.

    The choice is made from secondary spectra alone, in their whitened principal
    components, where common and rare materials are as far apart.

    Parameters
    ----------
    X : array-like or Spectra of shape (n_spectra, n_channels)
        Secondary spectra: those of LIBS as they were measured, those of NIR without
        their scatter. Memory-mapped ones are read in blocks.
    n : int
        Number of standards; of samples, where there are `groups`.
    method : str, default="kmeans"
        "kmeans": the spectra nearest to the centres of n clusters, and of two that are
        equally near the one nearer to the mean of all. "kmedoids": the spectra with the
        least sum of distances from all others to the nearest of them, beginning with
        those of "kmeans". "kennard-stone": one after the other the spectrum farthest
        from all that are chosen, beginning with the two that are farthest apart.
        "duplex": the same, while every second pair, and then every second spectrum,
        goes to another set, which is as good to test with. "spxy": as Kennard-Stone, by
        distances in spectra and `y` together, each divided by its largest. "d-optimal":
        one after the other the spectrum with the largest leverage over those that are
        chosen.
    y : array-like of shape (n_spectra,) or (n_spectra, n_properties), default=None
        Known properties, for "spxy"; finite, a row for each spectrum.
    groups : array-like of shape (n_spectra,), default=None
        Sample of each spectrum. Samples are chosen by their mean spectra, with all of
        their replicates.
    include : array-like of int or bool, default=None
        Row numbers, each once, or a mask of bool of the rows that are standards
        already: they are among the n, and come first. With `groups`, one row of each
        sample.
    n_components : int, default=8
        Number of components, at most the number of spectra or channels less one.
    random_state : int, RandomState instance or None, default=0
        Where the clusters begin.
    verbose : bool or int, default=False
        Whether to show how many spectra have been read.

    Returns
    -------
    ndarray of int
        Rows of `X`, in the order in which they were chosen, or by cluster.

    Notes
    -----
    Copies of a spectrum, equal to the last digit, are chosen only when no others are
    left.

    Beyond 5000 spectra components are learned from an even draw of them, and
    Kennard-Stone begins with the spectrum that is farthest from the first one and the
    one farthest from that. Beyond 20,000 clusters are learned from batches. Medoids of
    more than 1500 spectra are exchanged within three draws of 1500, and those that are
    best for all spectra are kept.

    References
    ----------
    .. [1] R. W. Kennard, L. A. Stone, "Computer aided design of experiments",
       Technometrics 11 (1969) 137.
    .. [2] R. D. Snee, "Validation of regression models: methods and examples",
       Technometrics 19 (1977) 415 (DUPLEX).
    .. [3] R. K. H. Galvao et al., "A method for calibration and validation subset
       partitioning", Talanta 67 (2005) 736.
    .. [4] V. V. Fedorov, "Theory of optimal experiments", Academic Press (1972).
    .. [5] L. Kaufman, P. J. Rousseeuw, "Finding groups in data", Wiley (1990), chapters
       2 and 3 (PAM and CLARA).

    Examples
    --------
    >>> from spectransfer.model_selection import select_standards
    >>> spectra = [[0.0, 1.0], [0.2, 1.0], [0.1, 1.0], [5.0, 1.0], [5.1, 1.0]]
    >>> len(select_standards(spectra, 2))
    2
    >>> [int(i) for i in select_standards(spectra, 2, method="kennard-stone")]
    [0, 4]
    """
    spectra = checked_table(X)
    samples = samples_of_rows(groups, len(spectra))
    check_number(n, len(samples))
    check_method(method, y is not None)
    if not isinstance(n_components, int | np.integer) or n_components < 1:
        raise ValueError(
            "n_components must be a whole number of at least 1, but it is "
            f"{n_components!r}."
        )
    known = samples_included(include, samples, n)
    by = (
        []
        if y is None
        else [_sample_means(checked_properties(y, len(spectra)), samples)]
    )
    points = _sample_means(_whitened(spectra, n_components, verbose), samples)
    # copies are no other material: they come when nothing else is left
    distinct = distinct_samples(spectra, samples, by, known)
    copies = np.setdiff1d(np.arange(len(samples)), distinct)
    parts = [part[distinct] for part in (points, *by)]
    there = np.flatnonzero(np.isin(distinct, known))
    there = there[np.argsort([known.index(i) for i in distinct[there]])]
    most = min(n, len(distinct))
    chosen = distinct[_chosen(method, parts, most, there.tolist(), random_state)]
    every = np.concatenate([chosen, copies[: n - most]])
    return np.concatenate([samples[i] for i in every])


def _chosen(
    method: str,
    parts: list[FloatArray],
    n: int,
    known: list[int],
    random_state: RandomState,
) -> list[int]:
    """Give n points, those that are known first."""
    points = parts[0]
    if method == "kmeans":
        return _nearest_to_centers(points, n, known, random_state)
    if method == "kmedoids":
        state = check_random_state(random_state)
        start = _nearest_to_centers(points, n, known, state)
        return medoids(points, start, len(known), state)
    if method == "d-optimal":
        return _largest_leverage(points, n, known)
    return _farthest_first(parts, n, known, duplex=method == "duplex")


def _sample_means(points: FloatArray, samples: list[IntArray]) -> FloatArray:
    if len(samples) == len(points):
        return points
    return np.stack([points[rows].mean(axis=0) for rows in samples])


def _whitened(
    spectra: np.ndarray, n_components: int, verbose: bool | int
) -> FloatArray:
    """Give spectra as components of unit variance."""
    draw = np.asarray(spectra[even_rows(len(spectra), _MOST_SPECTRA)])
    unit = common_unit(draw)
    n_components = min(n_components, len(draw) - 1, draw.shape[1])
    if n_components < 1:
        return np.zeros((len(spectra), 1))
    if (draw == draw[0]).all():
        raise ValueError(
            "Standards are chosen by what tells spectra apart, but these are all "
            "alike. Pass the spectra of other materials, too."
        )
    draw = draw / unit
    pca = PCA(n_components, whiten=True, svd_solver="auto", random_state=0).fit(draw)
    # components of rounding would weigh as much as those of the material
    kept = pca.explained_variance_ > 1e-10 * pca.explained_variance_[0]
    points = []
    with progress_bar(
        len(spectra), "spectrum", visible=bool(verbose), desc="choose standards"
    ) as bar:
        for block in blocks_of(spectra, 4096):
            points.append(pca.transform(np.asarray(block) / unit)[:, kept])
            bar.update(len(block))
    return np.concatenate(points).astype(np.float64)


def _nearest_to_centers(
    points: FloatArray, n: int, known: list[int], random_state: RandomState
) -> list[int]:
    """Give the point nearest to the center of each cluster, none twice."""
    kind = KMeans if len(points) <= _ONE_BATCH else MiniBatchKMeans
    state = check_random_state(random_state)
    with warnings.catch_warnings():
        # of points that differ by rounding there are fewer clusters than asked for
        warnings.simplefilter("ignore", ConvergenceWarning)
        centers = kind(n, n_init=3, random_state=state).fit(points).cluster_centers_
    # standards that there are stand for the clusters that they are nearest to
    taken = linear_sum_assignment(cdist(points[known], centers))[1] if known else []
    chosen = list(known)
    for center in np.delete(centers, taken, axis=0):
        distance = ((points - center) ** 2).sum(axis=1)
        distance[chosen] = np.inf
        # two that are a cluster are equally near: rounding would choose
        near = np.flatnonzero(distance <= (1.0 + _TIED) * distance.min())
        chosen.append(int(near[(points[near] ** 2).sum(axis=1).argmin()]))
    return chosen


def _largest_leverage(points: FloatArray, n: int, known: list[int]) -> list[int]:
    """Give points that make the determinant of their moments large, one by one."""
    rows = np.column_stack([np.ones(len(points)), points])
    inverse = np.eye(rows.shape[1]) / _PRIOR_LEVERAGE
    chosen: list[int] = []
    while len(chosen) < n:
        if len(chosen) < len(known):
            best = known[len(chosen)]
        else:
            leverage = ((rows @ inverse) * rows).sum(axis=1)
            leverage[chosen] = -1.0
            best = int(leverage.argmax())
        chosen.append(best)
        away = inverse @ rows[best]
        inverse -= np.outer(away, away) / (1.0 + rows[best] @ away)
    return chosen


def _farthest_first(
    parts: list[FloatArray], n: int, known: list[int], *, duplex: bool = False
) -> list[int]:
    """Give the point farthest from all chosen ones, again and again."""

    def distance_in(part: FloatArray, i: int) -> FloatArray:
        return np.sqrt(((part - part[i]) ** 2).sum(axis=1))

    scales = [1.0]
    if len(parts) > 1:
        scales = [_farthest_pair(partial(distance_in, p), p)[0] for p in parts]

    def distance_to(i: int) -> FloatArray:
        each = [
            distance_in(p, i) / (s or 1.0) for p, s in zip(parts, scales, strict=True)
        ]
        return np.sum(each, axis=0)

    free = np.ones(len(parts[0]), dtype=bool)
    sets = [_Spread(distance_to, free)]
    if duplex:
        sets.append(_Spread(distance_to, free))
    for i in known:
        sets[0].take(i)
    for spread in sets:
        if not spread.chosen and free.any():
            _, *pair = _farthest_pair(distance_to, parts[0], free)
            for i in dict.fromkeys(pair):
                spread.take(i)
    while len(sets[0].chosen) < n:
        for spread in sets:
            if free.any():
                spread.take_farthest()
            elif spread is sets[0]:  # the other set has all that is left
                spread.chosen.extend(sets[1].chosen)
    return sets[0].chosen[:n]


class _Spread:
    """Points that lie far from each other, taken from those that are free."""

    def __init__(
        self, distance_to: Callable[[int], FloatArray], free: np.ndarray
    ) -> None:
        self.distance_to, self.free = distance_to, free
        self.chosen: list[int] = []
        self.nearest = np.full(len(free), np.inf)

    def take(self, i: int) -> None:
        self.free[i] = False
        self.chosen.append(i)
        self.nearest = np.minimum(self.nearest, self.distance_to(i))

    def take_farthest(self) -> None:
        self.take(int(np.where(self.free, self.nearest, -1.0).argmax()))


def _farthest_pair(
    distance_to: Callable[[int], FloatArray],
    points: FloatArray,
    free: np.ndarray | None = None,
) -> tuple[float, int, int]:
    """Give the largest distance between free points, and the two."""
    among = np.arange(len(points)) if free is None else np.flatnonzero(free)
    starts = among
    if len(among) > _ALL_PAIRS:
        starts = among[[distance_to(int(among[0]))[among].argmax()]]
    best = (-1.0, 0, 0)
    for i in starts:
        distance = distance_to(int(i))[among]
        if distance.max() > best[0]:
            best = (float(distance.max()), int(i), int(among[distance.argmax()]))
    return best
