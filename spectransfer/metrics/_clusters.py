"""The k-score: do clusters of the primary library survive the transfer?

k-means is fitted on primary spectra; the k-score is the fraction of spots whose
measured and predicted spectra fall into the same cluster (section 3.2 of the paper,
shown there in percent).
"""

from copy import copy
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.utils.validation import check_is_fitted

from spectransfer._blocks import row_blocks
from spectransfer._files import copied, on_memory_map
from spectransfer._numbers import common_unit
from spectransfer._typing import ArrayLike, FloatArray, IntArray, RandomState
from spectransfer._validation import HasMethods, Interval, validate_params
from spectransfer.metrics._distances import paired_spectra, spectrum_weights


def fit_clusters(kmeans: KMeans, spectra: FloatArray) -> KMeans:
    """Fit k-means to spectra in any unit of intensity.

    k-means sums squares in the precision of the spectra, and those of 1e-23 counts are
    zero in float32. So they are brought to a unit near theirs, a power of two, and the
    clusters back; no bit of usual spectra depends on it.

    Parameters
    ----------
    kmeans : KMeans
        Fitted here, to a copy of the spectra, which lies in a file where they do.
    spectra : ndarray of shape (n_spectra, n_wavelengths)
        Finite spectra, float32 or float64.

    Returns
    -------
    KMeans
        `kmeans` itself.
    """
    unit, copies = common_unit(spectra), kmeans.copy_x
    scaled = copied(spectra)
    scaled /= unit
    # it centres them in place, and brings them back
    kmeans.set_params(copy_x=False).fit(scaled)
    kmeans.set_params(copy_x=copies)
    kmeans.cluster_centers_ *= unit
    kmeans.inertia_ *= unit**2
    return kmeans


def cluster_labels(kmeans: Any, spectra: FloatArray) -> IntArray:
    """Give the cluster of each spectrum, in blocks of rows.

    Parameters
    ----------
    kmeans : fitted estimator with `predict`
        The clusters.
    spectra : ndarray of shape (n_spectra, n_wavelengths)
        Finite spectra, float32 or float64.

    Returns
    -------
    ndarray of shape (n_spectra,)
        Numbers of the clusters.
    """
    _check_fitted(kmeans, spectra.shape[1])
    # k-means refuses spectra of another precision than its centres have.
    dtype, unit = getattr(kmeans, "cluster_centers_", spectra).dtype, 1.0
    if isinstance(kmeans, (KMeans, MiniBatchKMeans)):
        unit = common_unit(kmeans.cluster_centers_)
        kmeans = copy(kmeans)
        kmeans.cluster_centers_ = kmeans.cluster_centers_ / unit
    labels = []
    # small blocks: they are copied
    for rows in row_blocks(len(spectra), 64 * spectra.shape[1]):
        scaled = (spectra[rows] / unit).astype(dtype, copy=False)
        labels.append(kmeans.predict(scaled))
    return np.concatenate(labels)


def _fitted_clusters(
    n_clusters: int, random_state: RandomState, spectra: FloatArray
) -> KMeans:
    kmeans = KMeans(n_clusters, random_state=random_state)
    if on_memory_map(spectra):
        # for its tolerance it would copy them in memory: it goes on until labels settle
        kmeans.set_params(tol=0)
    return fit_clusters(kmeans, spectra)


def _check_fitted(kmeans: Any, n_channels: int) -> None:
    check_is_fitted(kmeans)
    n_known = getattr(kmeans, "n_features_in_", n_channels)
    if n_known != n_channels:
        raise ValueError(
            "k-means must have been fitted on the channels that are compared, but it "
            f"was fitted on {n_known} channels and the spectra have {n_channels}. Fit "
            "it on primary spectra brought to the space of the predictions, as "
            "spectransfer.metrics.target_in_prediction_space gives them."
        )


@validate_params(
    {
        "kmeans": [HasMethods("predict"), None],
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def k_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    kmeans: Any = None,
    n_clusters: int = 4,
    random_state: RandomState = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    r"""Fraction of spectra that k-means puts into the cluster of the measured one.

    .. math:: \mathrm{k} = \frac 1 N \sum_i
              [\,\mathrm{cluster}(y_i) = \mathrm{cluster}(\hat y_i)\,]

    Parameters
    ----------
    y_true : array-like of shape (n_spectra, n_wavelengths) or (n_spectra,)
        Spectra measured on the primary instrument, in counts.
    y_pred : array-like of the shape of `y_true`
        Spectra predicted for the same spots, in the unit of `y_true`.
    kmeans : fitted estimator with `predict`, default=None
        Clusters to use, for example k-means fitted on the primary training library, as
        in the paper's text. It is never fitted again. None fits k-means on `y_true`,
        as the authors' code does; then the result depends on the spectra compared.
        Where these are memory-mapped, k-means goes on until labels settle, in place of
        scikit-learn's tolerance of 1e-4.
    n_clusters : int, default=4
        Number of clusters (4 in the paper) when `kmeans` is None.
    random_state : int, RandomState instance or None, default=None
        Seed of k-means when `kmeans` is None; an int for the same result every time.
    sample_weight : array-like of shape (n_spectra,), default=None
        Weight of each spectrum in the fraction; None weighs all alike.

    Returns
    -------
    float
        1 when every spectrum keeps its cluster, 0 when none does; times 100, it is
        the paper's percentage. One cluster alone always gives 1.

    Examples
    --------
    >>> from spectransfer.metrics import k_score
    >>> y_true = [[0.0, 1.0], [0.0, 2.0], [9.0, 0.0], [8.0, 0.0]]
    >>> y_pred = [[0.0, 1.0], [0.0, 1.0], [9.0, 1.0], [1.0, 1.0]]
    >>> k_score(y_true, y_pred, n_clusters=2, random_state=0)
    0.75
    """
    measured, predicted = paired_spectra(y_true, y_pred)
    weights = spectrum_weights(sample_weight, len(measured))
    if kmeans is None:
        kmeans = _fitted_clusters(n_clusters, random_state, measured)
    same = cluster_labels(kmeans, measured) == cluster_labels(kmeans, predicted)
    return float(np.average(same, weights=weights))
