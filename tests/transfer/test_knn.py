import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neighbors import KNeighborsRegressor

from spectransfer import KNNTransfer, MeanTransfer
from spectransfer.transfer._knn import weighted_rows


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


def close_clusters(rng, n_spectra, n_channels=300, width=1e-4):
    """Spectra whose distances are lost in the rounding of float32 products."""
    spectra = width * rng.normal(size=(n_spectra, n_channels))
    spectra += np.where(np.arange(n_spectra)[:, None] % 2, 3.0, -3.0)
    return spectra.astype(np.float32)


def neighbours(knn, queries):
    blocks = list(knn.neighbors_.nearest(queries, knn.n_neighbors))
    distances = np.concatenate([distances for _, distances, _ in blocks])
    return distances, np.concatenate([indices for *_, indices in blocks])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", ["noise", "close"])
def test_neighbours_and_distances_are_those_of_differences_in_float64(rng, make, dtype):
    # more queries and stored spectra than fit one block
    if make == "close":
        X = close_clusters(rng, 7500).astype(dtype)
    else:
        X = (10 + rng.normal(size=(7500, 40))).astype(dtype)
    stored, queries = X[:3000], X[3000:]
    knn = KNNTransfer(n_neighbors=7).fit(stored, stored)
    distances, indices = neighbours(knn, queries)
    for q in (0, 255, 256, 4351, 4352, 4499):
        exact = np.linalg.norm(stored.astype(np.float64) - queries[q], axis=1)
        assert_array_equal(indices[q], np.argsort(exact)[:7])
        assert_allclose(distances[q], np.sort(exact)[:7], rtol=1e-12)


def test_float32_products_alone_would_miss_neighbours(rng):
    X = close_clusters(rng, 400)
    stored, query = X[:399], X[399:]
    product = (stored**2).sum(axis=1) - 2 * stored @ query[0]
    exact = np.linalg.norm(stored.astype(np.float64) - query, axis=1)
    assert set(np.argsort(product)[:7]) != set(np.argsort(exact)[:7])


@pytest.mark.parametrize("n_copies", [2, 100])
def test_of_equal_spectra_the_first_ones_count_as_in_scikit_learn(rng, n_copies):
    X = np.tile(rng.normal(size=(30, 20)), (n_copies, 1))
    y = rng.normal(size=(len(X), 3))
    knn = KNNTransfer(n_neighbors=n_copies).fit(X, y)
    expected = np.arange(30)[:, None] + 30 * np.arange(n_copies)
    assert_array_equal(neighbours(knn, X[:30])[1], expected)
    theirs = KNeighborsRegressor(n_copies, algorithm="brute").fit(X, y)
    assert_allclose(knn.predict(X[:30]), theirs.predict(X[:30]), rtol=1e-12)
    few = KNNTransfer(n_neighbors=1).fit(X, y)
    theirs = KNeighborsRegressor(1, algorithm="brute").fit(X, y)
    assert_array_equal(few.predict(X[:30]), theirs.predict(X[:30]))


def test_predictions_do_not_depend_on_the_other_queries(rng):
    X, y = rng.normal(size=(2500, 12)), rng.normal(size=(2500, 5))
    knn = KNNTransfer(n_neighbors=4).fit(X.astype(np.float32), y)
    queries = rng.normal(size=(5000, 12)).astype(np.float32)
    alone = np.concatenate([knn.predict(queries[i : i + 1]) for i in (0, 4351, 4999)])
    assert_array_equal(knn.predict(queries)[[0, 4351, 4999]], alone)


def test_counts_that_overflow_float32_squares_are_searched_in_float64(rng):
    X = (1e20 * rng.normal(size=(50, 6))).astype(np.float32)
    knn = KNNTransfer(n_neighbors=3).fit(X, X)
    assert_array_equal(neighbours(knn, X)[1][:, 0], np.arange(50))


def test_other_metrics_are_scikit_learns(rng):
    X, y = rng.normal(size=(80, 6)), rng.normal(size=(80, 9))
    expected = KNeighborsRegressor(4, metric="manhattan").fit(X, y).predict(X + 0.1)
    ours = KNNTransfer(4, metric="manhattan").fit(X, y)
    assert_allclose(ours.predict(X + 0.1), expected, rtol=1e-12)


def test_a_crop_of_the_primary_spectra_is_averaged_as_a_copy_of_it(rng):
    X, y = rng.normal(size=(50, 6)), rng.normal(size=(50, 90))
    cropped = KNNTransfer(3).fit(X, y[:, 10:40]).predict(X)
    assert_array_equal(cropped, KNNTransfer(3).fit(X, y[:, 10:40].copy()).predict(X))


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_what_is_written_into_spectra_after_fit_is_not_seen(rng, metric):
    X, y = rng.normal(size=(15, 4)), rng.normal(size=(15, 3))
    query = X.copy()
    knn = KNNTransfer(2, metric=metric).fit(X, y)
    before = knn.predict(query)
    X[:], y[:] = 0, 0
    assert_array_equal(knn.predict(query), before)


def test_mapped_spectra_are_not_copied_and_others_not_where_that_was_asked(
    rng, tmp_path
):
    X, y = rng.normal(size=(15, 4)), rng.normal(size=(15, 3))
    asked = KNNTransfer(copy=False).fit(X, y)
    assert asked.neighbors_.spectra is X
    assert asked.primary_ is y
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    knn = KNNTransfer().fit(mapped, mapped)
    assert np.shares_memory(knn.neighbors_.spectra, mapped)
    assert np.shares_memory(knn.primary_, mapped)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("unit", [2.0**-99, 1e-23, 1e-30, 1e30, 2.0**99])
def test_neighbours_do_not_depend_on_the_unit(rng, unit, dtype):
    X = rng.normal(size=(300, 6)).astype(dtype)
    expected = neighbours(KNNTransfer(5).fit(X, X), X[:40])
    scaled = X * dtype(unit)
    found = neighbours(KNNTransfer(5).fit(scaled, X), scaled[:40])
    assert_array_equal(found[1], expected[1])
    # 1e-30 in float32 is no power of two, and rounds
    assert_allclose(found[0], expected[0] * unit, rtol=1e-5)


def test_more_neighbours_than_standards_are_refused(rng):
    with pytest.raises(ValueError, match=r"(?s)n_neighbors.*is 5 and there are 3"):
        KNNTransfer(n_neighbors=5).fit(rng.normal(size=(3, 4)), rng.normal(size=3))


# weights of spectra


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_neighbours_count_by_their_weights(rng, weights, metric):
    X, y = rng.normal(size=(80, 6)), rng.normal(size=(80, 9))
    counted, query = rng.random(80) + 0.1, rng.normal(size=(20, 6))
    knn = KNNTransfer(4, weights=weights, metric=metric).fit(
        X, y, sample_weight=counted
    )
    order = 1 if metric == "manhattan" else 2
    for q, found in zip(query, knn.predict(query), strict=True):
        distances = np.linalg.norm(X - q, ord=order, axis=1)
        near = np.argsort(distances)[:4]
        own = counted[near] / (distances[near] if weights == "distance" else 1)
        assert_allclose(found, own @ y[near] / own.sum(), rtol=1e-9)


def test_spectra_of_weight_zero_are_nobodys_neighbours(rng):
    X, y = rng.normal(size=(80, 6)), rng.normal(size=(80, 9))
    counted = rng.integers(0, 3, size=80)
    kept = counted > 0
    ours = KNNTransfer(4).fit(X, y, sample_weight=counted).predict(X)
    alone = KNNTransfer(4).fit(X[kept], y[kept], sample_weight=counted[kept])
    assert_array_equal(ours, alone.predict(X))
    with pytest.raises(ValueError, match=r"(?s)n_neighbors.*there are 2 spectra"):
        KNNTransfer(4).fit(X, y, sample_weight=np.r_[1, 2, np.zeros(78)])


def test_equal_weights_change_no_bit(rng):
    X, y = rng.normal(size=(80, 6)), rng.normal(size=(80, 9))
    weighted = KNNTransfer(7).fit(X, y, sample_weight=np.full(80, 0.3))
    assert_array_equal(weighted.predict(X), KNNTransfer(7).fit(X, y).predict(X))


def lines_and_noise(rng, n_spectra, n_channels=400):
    """Spectra of few kinds of lines, with noise in every channel."""
    lines = np.random.default_rng(0).normal(size=(8, n_channels))
    spectra = rng.normal(size=(n_spectra, 8)) @ lines
    return spectra + 0.3 * rng.normal(size=spectra.shape)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nominated_neighbours_are_mostly_the_nearest(rng, dtype):
    X = lines_and_noise(rng, 3000).astype(dtype)
    queries = lines_and_noise(rng, 300).astype(dtype)
    exact = KNNTransfer(5).fit(X, X)
    nominated = KNNTransfer(5, n_components=16).fit(X, X)
    same, all_found = 0, neighbours(exact, queries)[1]
    for rows, distances, found in nominated._nearest(queries):
        differences = X[found].astype(float) - queries[rows, None].astype(float)
        assert_allclose(distances, np.linalg.norm(differences, axis=2), rtol=1e-12)
        assert np.all(np.diff(distances, axis=1) >= 0)
        same += (found[:, :, None] == all_found[rows][:, None]).sum()
    assert same / all_found.size > 0.98


def test_nominated_neighbours_are_the_nearest_where_all_are_nominated(rng):
    X, queries = lines_and_noise(rng, 40), lines_and_noise(rng, 30)
    exact = KNNTransfer(4).fit(X, X)
    assert_array_equal(
        KNNTransfer(4, n_components=3).fit(X, X).predict(queries),
        exact.predict(queries),
    )


@pytest.mark.parametrize("unit", [1e-20, 1e20])
def test_nominated_neighbours_do_not_depend_on_the_unit(rng, unit):
    X, queries = lines_and_noise(rng, 500), lines_and_noise(rng, 30)
    knn = KNNTransfer(3, n_components=8)
    expected = knn.fit(X, X).predict(queries)
    assert_allclose(knn.fit(unit * X, X).predict(unit * queries), expected, rtol=1e-12)


def test_components_of_another_metric_are_refused(rng):
    X = rng.normal(size=(20, 6))
    with pytest.raises(ValueError, match="n_components needs metric='euclidean'"):
        KNNTransfer(3, metric="manhattan", n_components=2).fit(X, X)
