import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neighbors import KNeighborsRegressor

from spectransfer import KNNTransfer, MeanTransfer
from spectransfer.transfer.knn import weighted_rows


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("n_neighbors", [1, 3, 10])
def test_knn_predicts_what_scikit_learns_regressor_does(rng, weights, n_neighbors):
    X, y = rng.normal(size=(80, 6)), rng.normal(size=(80, 9))
    query = np.vstack([rng.normal(size=(20, 6)), X[:5]])
    expected = KNeighborsRegressor(n_neighbors, weights=weights).fit(X, y)
    ours = KNNTransfer(n_neighbors, weights=weights).fit(X, y)
    assert_allclose(ours.predict(query), expected.predict(query), rtol=1e-10)


def test_all_neighbours_give_the_mean_spectrum(rng):
    X, y = rng.normal(size=(15, 4)), rng.normal(size=(15, 3))
    everyone = KNNTransfer(n_neighbors=15).fit(X, y).predict(X)
    assert_allclose(everyone, MeanTransfer().fit(X, y).predict(X), rtol=1e-12)


def test_one_neighbour_gives_back_the_measured_partner(rng):
    X, y = rng.normal(size=(15, 4)), rng.normal(size=(15, 3))
    assert_array_equal(KNNTransfer(n_neighbors=1).fit(X, y).predict(X), y)


def test_weighted_rows_equal_the_gathered_sum(rng):
    values = rng.normal(size=(12, 5))
    indices = rng.integers(12, size=(7, 3))
    weights = rng.random((7, 3))
    gathered = np.einsum("qk,qkj->qj", weights, values[indices])
    assert_allclose(weighted_rows(values, indices, weights), gathered, rtol=1e-12)


def test_neighbours_spectra_are_never_gathered_whole(rng):
    n_query, k, n_channels = 300, 20, 2000
    X = rng.normal(size=(400, 3)).astype(np.float32)
    y = rng.normal(size=(400, n_channels)).astype(np.float32)
    knn = KNNTransfer(n_neighbors=k).fit(X, y)
    knn.predict(X[:1])
    tracemalloc.start()
    predicted = knn.predict(X[:n_query])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    gathered = predicted.nbytes * k
    # result, one block of it, and the distances: far from the k-fold of the result
    assert peak < gathered / 5


def test_primary_spectra_are_not_copied(rng):
    y = rng.normal(size=(15, 3))
    assert KNNTransfer().fit(rng.normal(size=(15, 4)), y).primary_ is y


def test_more_neighbours_than_standards_are_refused(rng):
    with pytest.raises(ValueError, match=r"(?s)n_neighbors.*is 5 and there are 3"):
        KNNTransfer(n_neighbors=5).fit(rng.normal(size=(3, 4)), rng.normal(size=3))
