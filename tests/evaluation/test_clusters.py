import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from spectransfer import BaselineCorrector
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import (
    choose_n_clusters,
    compare_clusters,
    fit_library_clusters,
)
from spectransfer.evaluation._clusters import mean_silhouettes
from spectransfer.metrics import k_score


@pytest.fixture(scope="module")
def library():
    """Spectra of five groups, two of which are hard to tell apart."""
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 5, size=(5, 8))
    return centres[rng.integers(5, size=300)] + rng.normal(0, 1.5, size=(300, 8))


def test_silhouettes_equal_scikit_learns_for_every_option(library):
    options = (2, 3, 4, 5, 6, 9)
    expected = {
        k: silhouette_score(
            library, KMeans(k, n_init=3, random_state=3).fit_predict(library)
        )
        for k in options
    }
    found = choose_n_clusters(library, options, random_state=3)
    assert list(found.silhouette) == list(options)
    for k in options:
        assert found.silhouette[k] == pytest.approx(expected[k], abs=1e-12)
    assert found.n_clusters == max(expected, key=expected.get) == 4


def test_silhouette_of_a_spectrum_alone_and_of_equal_spectra_is_as_in_scikit_learn():
    spectra = np.array([[0.0], [0.0], [4.0], [4.0], [9.0]])
    labels = np.array([0, 1, 1, 1, 2])
    (found,) = mean_silhouettes(spectra, [labels])
    assert found == pytest.approx(silhouette_score(spectra, labels), abs=1e-15)


def test_silhouettes_do_not_depend_on_the_chunks_of_distances(library):
    labelings = [np.arange(300) % 3, np.arange(300) % 7]
    seven_rows = 300 * 8 * 7 / 2**20
    found = mean_silhouettes(library, labelings, mebibytes=seven_rows)
    assert_allclose(found, mean_silhouettes(library, labelings), rtol=1e-13)


def test_the_choice_is_made_on_spectra_drawn_without_replacement(library):
    # all but one spectrum drawn: the silhouette is one of 40 possible ones
    spectra, possible = library[:40], []
    found = choose_n_clusters(spectra, (4,), n_subsample=39, random_state=0)
    for left_out in range(40):
        drawn = np.delete(spectra, left_out, axis=0)
        labels = KMeans(4, n_init=3, random_state=0).fit_predict(drawn)
        possible.append(silhouette_score(drawn, labels))
    assert np.abs(np.array(possible) - found.silhouette[4]).min() < 1e-12


def test_a_seed_decides_the_choice(library):
    first, again, other = (
        choose_n_clusters(library, (3, 5), n_subsample=100, random_state=seed)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first.silhouette != other.silhouette


@pytest.mark.parametrize("k", [1, 300])
def test_options_without_a_silhouette_are_refused_with_their_number(k, library):
    with pytest.raises(ValueError, match=f"options holds {k}, and there are 300"):
        choose_n_clusters(library, (3, k))


def test_a_library_drawn_whole_has_scikit_learns_clusters(library):
    expected = KMeans(5, n_init=10, random_state=2).fit(library)
    found = fit_library_clusters(library, 5, random_state=2)
    assert_array_equal(found.cluster_centers_, expected.cluster_centers_)
    assert_array_equal(found.labels_, expected.labels_)


def test_passes_over_the_library_reach_the_optimum_of_k_means_on_all(library):
    expected = KMeans(4, n_init=20, random_state=0).fit(library)
    found = fit_library_clusters(library, 4, n_subsample=60, random_state=0)
    start = fit_library_clusters(
        library, 4, n_subsample=60, max_passes=0, random_state=0
    )
    assert found.inertia_ == pytest.approx(expected.inertia_, rel=1e-12)
    assert -start.score(library) > 1.01 * found.inertia_
    assert_array_equal(found.labels_, found.predict(library))
    # at the optimum each centre is the mean of its spectra
    for k, centre in enumerate(found.cluster_centers_):
        assert_allclose(centre, library[found.labels_ == k].mean(axis=0), rtol=1e-12)


def test_one_pass_is_one_step_of_lloyd_written_out(library):
    start, moved = (
        fit_library_clusters(library, 4, n_subsample=40, max_passes=n, random_state=5)
        for n in (0, 1)
    )
    labels = [
        min(range(4), key=lambda k, s=s: ((s - start.cluster_centers_[k]) ** 2).sum())
        for s in library
    ]
    assert_array_equal(moved.labels_, labels)
    for k in range(4):
        expected = library[np.equal(labels, k)].mean(axis=0)
        assert_allclose(moved.cluster_centers_[k], expected, rtol=1e-12)


def test_auto_takes_the_number_of_the_best_silhouette(library):
    chosen = choose_n_clusters(library, random_state=0)
    found = fit_library_clusters(library, "auto", random_state=0)
    assert found.n_clusters == chosen.n_clusters == len(found.cluster_centers_)


def test_auto_leaves_out_options_with_more_clusters_than_spectra(library):
    expected = choose_n_clusters(library[:9], (3, 4, 5, 6, 7, 8), random_state=0)
    found = fit_library_clusters(library[:9], "auto", random_state=0)
    assert found.n_clusters == expected.n_clusters


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_equal_spectra_have_no_silhouette():
    found = choose_n_clusters(np.ones((9, 2)), (2, 3), random_state=0)
    assert found == (2, {2: 0.0, 3: 0.0})


def test_nothing_to_choose_from_is_refused(library):
    with pytest.raises(ValueError, match="at least one number of clusters"):
        choose_n_clusters(library, ())


def test_clusters_are_those_of_the_prepared_spectra():
    spectra = make_instrument_pair(
        n_spectra=120, n_primary=140, dtype="float64", random_state=0
    ).X_primary
    corrector = BaselineCorrector(30, smooth_window=15)
    corrected = corrector.fit_transform(spectra)
    for n_subsample in (50, 1000):
        found, expected = (
            fit_library_clusters(
                s, 3, prepare=p, n_subsample=n_subsample, random_state=0
            )
            for s, p in ((spectra, corrector.transform), (corrected, None))
        )
        assert_allclose(
            found.cluster_centers_, expected.cluster_centers_, rtol=1e-9, atol=1e-9
        )


def test_a_library_on_disk_is_clustered_in_bounded_memory(tmp_path):
    shape = (40_000, 400)
    spectra = np.lib.format.open_memmap(
        tmp_path / "library.npy", mode="w+", dtype=np.float32, shape=shape
    )
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 5, size=(4, 400)).astype(np.float32)
    for start in range(0, len(spectra), 4000):
        drawn = centres[rng.integers(4, size=4000)]
        spectra[start : start + 4000] = drawn + rng.normal(0, 1, size=drawn.shape)
    spectra.flush()
    mapped = np.load(tmp_path / "library.npy", mmap_mode="r")
    tracemalloc.start()
    kmeans = fit_library_clusters(mapped, 4, n_subsample=1000, n_init=1, random_state=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # what must be: the drawn spectra a few times (1.6 MB each), blocks of 16 MB in
    # float64 and float32, and the labels; the library is 64 MB
    assert spectra.nbytes == 64e6
    assert peak < 45e6
    assert len(kmeans.labels_) == 40_000
    order = np.argmin(
        ((kmeans.cluster_centers_[:, None] - centres[None]) ** 2).sum(axis=2), axis=0
    )
    assert_allclose(kmeans.cluster_centers_[order], centres, atol=0.1)


def test_precision_of_the_library_is_the_precision_of_the_clusters(library):
    for dtype in (np.float32, np.float64):
        for n_subsample in (50, 1000):
            found = fit_library_clusters(
                library.astype(dtype), 3, n_subsample=n_subsample, random_state=0
            )
            assert found.cluster_centers_.dtype == dtype


def test_whole_numbers_are_spectra_too(library):
    counts = np.round(100 * library).astype(np.int32)
    found, expected = (
        fit_library_clusters(s, 3, n_subsample=100, random_state=0)
        for s in (counts, counts.astype(np.float64))
    )
    assert_array_equal(found.cluster_centers_, expected.cluster_centers_)


def test_differing_labels_are_counted_by_the_k_score(library):
    guess = library + np.random.default_rng(1).normal(0, 4, size=library.shape)
    kmeans = KMeans(5, random_state=0).fit(library)
    found = compare_clusters(library, guess, kmeans=kmeans)
    assert_array_equal(found.measured, kmeans.predict(library))
    assert_array_equal(found.predicted, kmeans.predict(guess))
    assert_array_equal(found.differs, found.measured != found.predicted)
    assert 0 < found.differs.mean() < 1
    assert k_score(library, guess, kmeans=kmeans) == pytest.approx(
        1 - found.differs.mean(), abs=1e-15
    )


def test_nan_in_a_library_is_refused_before_any_clustering(library):
    spoilt = library.copy()
    spoilt[7, 3] = np.nan
    with pytest.raises(ValueError, match="spectrum 7, channel 3"):
        fit_library_clusters(spoilt, 3)
