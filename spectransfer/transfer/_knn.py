"""The mean of the primary spectra of the nearest secondary ones."""

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, MultiOutputMixin
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.validation import check_is_fitted

from spectransfer._blocks import row_blocks
from spectransfer._files import on_memory_map
from spectransfer._numbers import check_squares
from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray, IntArray
from spectransfer._validation import (
    Interval,
    ScoresOnItsAxis,
    StrOptions,
    check_pair,
    check_spectra,
    check_weights,
    fit_context,
)
from spectransfer.transfer._neighbors import StoredSpectra
from spectransfer.transfer._nominated import Nominator, nearest_nominated, nominator_of


def neighbor_weights(distances: FloatArray, weights: str) -> FloatArray:
    """Weigh neighbours by their distance, each row summing to one.

    With "distance" a neighbour weighs by the inverse of its distance; where some are
    at distance zero, only these count.

    Parameters
    ----------
    distances : ndarray of shape (n_query, k)
        Distances to the neighbours.
    weights : {"uniform", "distance"}
        How to weigh them.

    Returns
    -------
    ndarray of shape (n_query, k)
        Weights.
    """
    if weights == "uniform":
        return np.full(distances.shape, 1.0 / distances.shape[1])
    exact = distances == 0
    with np.errstate(divide="ignore"):
        raw = np.where(exact.any(axis=1, keepdims=True), exact, 1.0 / distances)
    return raw / raw.sum(axis=1, keepdims=True)


def _kept(spectra: FloatArray) -> FloatArray:
    """Copy spectra, but for memory-mapped ones."""
    return spectra if on_memory_map(spectra) else spectra.copy()


def weighted_rows(
    values: FloatArray, indices: IntArray, weights: FloatArray
) -> FloatArray:
    r"""Weighted sums of rows of an array, without gathering these rows.

    .. math:: \hat y_{qj} = \sum_k w_{qk} \, y_{i_{qk} j}

    Written as a sparse (n_query, n_spectra) matrix times the array, it needs the
    memory of its result and no (n_query, k, n_channels) array.

    Parameters
    ----------
    values : ndarray of shape (n_spectra, n_channels) or (n_spectra,)
        Rows to be summed.
    indices, weights : ndarray of shape (n_query, k)
        Which rows each sum takes, and their weights.

    Returns
    -------
    ndarray of shape (n_query, n_channels) or (n_query,)
        The sums, in the dtype of `values`.
    """
    n_query, k = indices.shape
    if not values.flags.c_contiguous:
        # a matrix product would copy all rows, not only these
        taken, indices = np.unique(indices, return_inverse=True)
        values, indices = values[taken], indices.reshape(n_query, k)
    starts = np.arange(0, n_query * k + 1, k)
    sparse = csr_array(
        (weights.ravel().astype(values.dtype), indices.ravel(), starts),
        shape=(n_query, len(values)),
    )
    return np.asarray(sparse @ values)


class KNNTransfer(OnItsPage, MultiOutputMixin, ScoresOnItsAxis, BaseEstimator):
    r"""Transfer by the nearest secondary spectra of the shared standards.

    A comparison method (Vrabel et al., section 3.2.3): the prediction is the mean of
    the primary spectra whose secondary partners are nearest.

    .. math:: \hat y_{qj} = \sum_{k=1}^{K} w_{qk} \, y_{i_{qk} j}

    Parameters
    ----------
    n_neighbors : int, default=10
        Number of neighbours; the paper's search chose 10. With 1 the prediction is a
        measured spectrum, with all of them the mean spectrum.
    weights : {"uniform", "distance"}, default="uniform"
        Whether all neighbours weigh the same, or by the inverse of their distance.
    metric : str, default="euclidean"
        Distance between secondary spectra, any of scikit-learn's. "euclidean" is
        searched by matrix products of our own, others by scikit-learn.
    n_components : int or None, default=None
        None compares each query with every stored spectrum in all channels. A number
        nominates ten times as many neighbours as are wanted in so many principal
        components, and takes the nearest of these: faster among very many spectra, and
        the same neighbours only where components hold most of what tells spectra
        apart; not where noise does. For "euclidean" only.
    n_jobs : int or None, default=None
        Threads of scikit-learn's search, for other metrics than "euclidean". The
        matrix products take the threads that the BLAS library is given.
    copy : bool, default=True
        Whether to keep copies of the spectra. Memory-mapped ones are never copied.
        With False the estimator keeps the arrays given to `fit`, and predicts from
        what you later write into them.

    Attributes
    ----------
    neighbors_ : StoredSpectra or sklearn.neighbors.NearestNeighbors
        Holds the secondary spectra of the shared standards.
    primary_ : ndarray of shape (n_spectra, n_primary) or (n_spectra,)
        Their primary spectra.
    n_features_in_ : int
        Number of channels of the secondary spectra.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of `X`, where it had any.

    See Also
    --------
    sklearn.neighbors.KNeighborsRegressor : Same predictions, but it gathers all
        neighbours' spectra at once, 61 GB for the paper's test map.

    Notes
    -----
    Queries and stored spectra are read in blocks, memory-mapped ones from their files,
    so that beside the result some 300 MB are needed, whatever their numbers. Distances
    are exact to float64 also for float32 spectra, those of nominated ones too. Of
    equally near spectra the first of the training set count, as far as scikit-learn's
    order is defined, too. With `n_components` so many numbers and one are kept in
    memory of every spectrum, stored or asked for.

    Examples
    --------
    >>> from spectransfer import KNNTransfer
    >>> knn = KNNTransfer(n_neighbors=2)
    >>> knn.fit([[0.0], [1.0], [9.0]], [[0.0, 1.0], [2.0, 3.0], [8.0, 8.0]])
    KNNTransfer(n_neighbors=2)
    >>> knn.predict([[0.4]])
    array([[1., 2.]])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "weights": [StrOptions({"uniform", "distance"})],
        "metric": [str],
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "n_jobs": [Integral, None],
        "copy": ["boolean"],
    }

    def __init__(
        self,
        n_neighbors: int = 10,
        *,
        weights: str = "uniform",
        metric: str = "euclidean",
        n_components: int | None = None,
        n_jobs: int | None = None,
        copy: bool = True,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.metric = metric
        self.n_components = n_components
        self.n_jobs = n_jobs
        self.copy = copy

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: ArrayLike, *, sample_weight: ArrayLike | None = None
    ) -> "KNNTransfer":
        """Remember the spectra of shared standards.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra of the same spots.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weights of the shared standards, by which neighbours count in the mean,
            times `weights`. Those of weight zero are nobody's neighbour.

        Returns
        -------
        KNNTransfer
            The fitted estimator.
        """
        secondary, primary = check_pair(self, X, y)
        counted = check_weights(sample_weight, secondary)
        check_squares(secondary)
        if counted is not None and not counted.all():
            kept = np.flatnonzero(counted)
            secondary, primary, counted = secondary[kept], primary[kept], counted[kept]
        if self.n_neighbors > len(secondary):
            raise ValueError(
                "n_neighbors must not be larger than the number of spectra, but it is "
                f"{self.n_neighbors} and there are {len(secondary)} spectra "
                f"(n_samples={len(secondary)}). Take fewer neighbours."
            )
        if self.n_components is not None and self.metric != "euclidean":
            raise ValueError(
                "n_components needs metric='euclidean', which components keep, but it "
                f"is {self.n_components} with metric={self.metric!r}. Leave it None."
            )
        if self.copy:
            secondary, primary = _kept(secondary), _kept(primary)
        self.primary_, self._counted = primary, counted
        self._nominator: Nominator | None = None
        if self.metric == "euclidean":
            self.neighbors_: Any = StoredSpectra.of(secondary)
            if self.n_components is not None:
                self._nominator = nominator_of(self.neighbors_, self.n_components)
        else:
            self.neighbors_ = NearestNeighbors(
                algorithm="brute", metric=self.metric, n_jobs=self.n_jobs
            ).fit(secondary)
        return self

    def predict(self, X: ArrayLike) -> FloatArray:
        """Average the primary spectra of the nearest neighbours.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra, in the dtype of `X`.
        """
        check_is_fitted(self)
        secondary = check_spectra(self, X)
        primary = self.primary_
        predicted = np.empty((len(secondary), *primary.shape[1:]), secondary.dtype)
        # few enough at a time that their neighbours' spectra could be gathered
        row_bytes = self.n_neighbors * primary[:1].nbytes
        for block, distances, indices in self._nearest(secondary):
            weights = neighbor_weights(distances, self.weights)
            if self._counted is not None:
                weights *= self._counted[indices]
                weights /= weights.sum(axis=1, keepdims=True)
            for rows in row_blocks(len(indices), row_bytes):
                means = weighted_rows(primary, indices[rows], weights[rows])
                predicted[block][rows] = means
        return predicted

    def _nearest(
        self, secondary: FloatArray
    ) -> Iterator[tuple[slice, FloatArray, IntArray]]:
        """Give the rows of each block, and their neighbours' distances and numbers."""
        known, k = self.neighbors_, self.n_neighbors
        if self._nominator is not None:
            yield from nearest_nominated(known, self._nominator, secondary, k)
            return
        if isinstance(known, StoredSpectra):
            yield from known.nearest(secondary, k)
            return
        for rows in row_blocks(len(secondary), secondary[:1].nbytes):
            yield rows, *known.kneighbors(secondary[rows], k)
