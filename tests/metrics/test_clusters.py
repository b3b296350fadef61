import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from spectransfer import _files
from spectransfer.metrics import k_score


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 10, size=(4, 6))
    truth = centres[rng.integers(4, size=80)] + rng.normal(0, 1, size=(80, 6))
    return truth, truth + rng.normal(0, 8, size=truth.shape)


def nearest_centre(spectra, centres):
    return [
        min(range(len(centres)), key=lambda k, s=s: ((s - centres[k]) ** 2).sum())
        for s in spectra
    ]


def test_k_score_equals_counting_equal_nearest_centres(pair):
    truth, guess = pair
    kmeans = KMeans(5, random_state=1).fit(truth)
    labels = nearest_centre(truth, kmeans.cluster_centers_)
    guessed = nearest_centre(guess, kmeans.cluster_centers_)
    expected = sum(a == b for a, b in zip(labels, guessed, strict=True)) / len(labels)
    assert 0.5 < expected < 1
    assert k_score(truth, guess, kmeans=kmeans) == pytest.approx(expected, abs=1e-15)


def test_without_clusters_they_are_fitted_on_the_measured_spectra(pair):
    truth, guess = pair
    kmeans = KMeans(4, random_state=3).fit(truth)
    expected = accuracy_score(kmeans.predict(truth), kmeans.predict(guess))
    assert k_score(truth, guess, n_clusters=4, random_state=3) == expected


def test_fitted_clusters_are_left_as_they_are(pair):
    truth, guess = pair
    kmeans = KMeans(3, random_state=0).fit(truth[:10])
    centres = kmeans.cluster_centers_.copy()
    k_score(truth, guess, kmeans=kmeans)
    assert_array_equal(kmeans.cluster_centers_, centres)


@pytest.mark.parametrize("fitted_on", [np.float32, np.float64])
@pytest.mark.parametrize("measured_in", [np.float32, np.float64])
@pytest.mark.parametrize("predicted_in", [np.float32, np.float64])
def test_precisions_of_clusters_and_spectra_may_differ(
    fitted_on, measured_in, predicted_in, pair
):
    truth, guess = pair
    kmeans = KMeans(4, random_state=0).fit(truth)
    same_clusters = KMeans(4, random_state=0).fit(truth.astype(fitted_on))
    found = k_score(
        truth.astype(measured_in), guess.astype(predicted_in), kmeans=same_clusters
    )
    assert found == k_score(truth, guess, kmeans=kmeans)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("power", [-99, -86, 99])
def test_k_score_does_not_depend_on_the_unit(pair, power, dtype):
    truth, guess = (spectra.astype(dtype) for spectra in pair)
    unit = dtype(2.0**power)
    kmeans = KMeans(5, random_state=1).fit(truth)
    expected = k_score(truth, guess, kmeans=kmeans)
    kmeans.cluster_centers_ = kmeans.cluster_centers_ * unit
    assert k_score(truth * unit, guess * unit, kmeans=kmeans) == expected
    own = k_score(truth, guess, random_state=0)
    assert own < 1
    assert k_score(truth * unit, guess * unit, random_state=0) == own


def test_any_fitted_clusterer_that_predicts_will_do(pair):
    truth, guess = pair
    for clusters in [
        MiniBatchKMeans(4, random_state=0),
        make_pipeline(StandardScaler(), KMeans(4, random_state=0)),
    ]:
        clusters.fit(truth)
        expected = accuracy_score(clusters.predict(truth), clusters.predict(guess))
        assert k_score(truth, guess, kmeans=clusters) == expected


def test_k_score_is_one_for_the_same_spectra_or_one_cluster(pair):
    truth, guess = pair
    assert k_score(truth, truth, random_state=0) == 1
    assert k_score(truth, guess, n_clusters=1) == 1


def test_k_score_of_spectra_in_several_blocks_counts_them_all():
    rng = np.random.default_rng(4)
    # 24 MB, where a block is 16 MB
    truth = rng.random((3000, 1000)) + rng.integers(3, size=(3000, 1))
    guess = truth + rng.normal(0, 1, size=(3000, 1))
    kmeans = KMeans(3, random_state=0, n_init=1).fit(truth[:100])
    expected = accuracy_score(kmeans.predict(truth), kmeans.predict(guess))
    assert 0.3 < expected < 0.9
    assert k_score(truth, guess, kmeans=kmeans) == expected


def test_weights_count_in_the_fraction():
    truth, guess = [[0.0], [1.0], [10.0]], [[0.0], [9.0], [10.0]]
    weights = [1, 3, 4]
    found = k_score(truth, guess, n_clusters=2, random_state=0, sample_weight=weights)
    assert found == 5 / 8


def test_a_single_target_has_clusters_too():
    found = k_score([0.0, 1.0, 10.0], [0.0, 9.0, 10.0], n_clusters=2, random_state=0)
    assert found == pytest.approx(2 / 3)


def test_unfitted_clusters_are_refused(pair):
    with pytest.raises(NotFittedError, match="KMeans instance is not fitted"):
        k_score(*pair, kmeans=KMeans(4))


def test_clusters_of_other_channels_are_refused_with_both_numbers(pair):
    truth, guess = pair
    kmeans = KMeans(4).fit(truth[:, :5])
    with pytest.raises(ValueError, match="fitted on 5 channels and the spectra have 6"):
        k_score(truth, guess, kmeans=kmeans)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"kmeans": 4}, "kmeans"),
        ({"n_clusters": 0}, "n_clusters"),
        ({"random_state": "one"}, "random_state"),
    ],
)
def test_wrong_options_are_refused_by_name(options, name, pair):
    with pytest.raises(ValueError, match=f"'{name}' parameter of k_score"):
        k_score(*pair, **options)


def test_k_score_of_mapped_spectra_is_that_of_spectra_in_memory(
    mapped_pair, peak_of, monkeypatch
):
    measured, predicted = mapped_pair
    monkeypatch.setattr(_files, "LARGE", 1)
    k_score(measured[:100], predicted[:100], random_state=0)
    options = {"n_clusters": 2, "random_state": 0}
    streamed, peak = peak_of(lambda: k_score(measured, predicted, **options))
    in_memory = k_score(np.array(measured), np.array(predicted), **options)
    assert streamed == in_memory
    # k-means takes a tenth of its spectra for its distances, labels are found in blocks
    assert peak < 0.4 * measured.nbytes
