"""Standards are chosen as the literal algorithms do, whole samples, in any size."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA

from spectransfer import DirectStandardization
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import WavelengthError
from spectransfer.metrics import relative_squared_error
from spectransfer.model_selection import select_standards
from spectransfer.spectra import Spectra

METHODS = ["kmeans", "kmedoids", "kennard-stone", "duplex", "d-optimal"]


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(n_spectra=300, random_state=0, dtype="float64")


def literal_farthest_first(distances, n):
    """Kennard and Stone's steps, by the whole table of distances."""
    chosen = list(np.unravel_index(distances.argmax(), distances.shape))
    while len(chosen) < n:
        rest = [i for i in range(len(distances)) if i not in chosen]
        nearest = [min(distances[i, j] for j in chosen) for i in rest]
        chosen.append(rest[int(np.argmax(nearest))])
    return chosen


def whitened(spectra):
    return PCA(8, whiten=True).fit_transform(spectra)


def test_kennard_stone_takes_the_steps_of_the_literal_loop(pair):
    distances = cdist(*[whitened(pair.X_secondary)] * 2)
    found = select_standards(pair.X_secondary, 12, method="kennard-stone")
    assert_array_equal(found, literal_farthest_first(distances, 12))


def test_spxy_adds_distances_in_spectra_and_property(pair, rng):
    y = rng.normal(size=300)
    parts = [cdist(p, p) for p in (whitened(pair.X_secondary), y[:, None])]
    distances = sum(part / part.max() for part in parts)
    found = select_standards(pair.X_secondary, 12, method="spxy", y=y)
    assert_array_equal(found, literal_farthest_first(distances, 12))


def test_duplex_takes_the_steps_of_the_literal_loop(pair):
    distances = cdist(*[whitened(pair.X_secondary[:60])] * 2)
    rest, sets = set(range(60)), ([], [])
    for chosen in sets:
        left = sorted(rest)
        among = distances[np.ix_(left, left)]
        i, j = np.unravel_index(among.argmax(), among.shape)
        chosen.extend([left[i], left[j]])
        rest -= set(chosen)
    while len(sets[0]) < 12:
        for chosen in sets:
            left = sorted(rest)
            nearest = distances[np.ix_(left, chosen)].min(axis=1)
            chosen.append(left[nearest.argmax()])
            rest -= set(chosen)
    found = select_standards(pair.X_secondary[:60], 12, method="duplex")
    assert_array_equal(found, sets[0])


def test_the_d_optimal_standard_raises_the_determinant_most(pair):
    rows = np.column_stack([np.ones(300), whitened(pair.X_secondary)])
    found = select_standards(pair.X_secondary, 12, method="d-optimal")

    def determinant(some):
        return np.linalg.slogdet(rows[some].T @ rows[some] + 1e-6 * np.eye(9))[1]

    for n in range(12):
        chosen = list(found[:n])
        others = [i for i in range(300) if i not in chosen]
        best = others[int(np.argmax([determinant([*chosen, i]) for i in others]))]
        assert found[n] == best


@pytest.mark.parametrize("method", METHODS)
def test_standards_that_there_are_come_first_and_are_not_doubled(method, rng):
    materials = 10.0 * np.eye(6)[np.repeat(np.arange(6), 20)]
    spectra = materials + 0.1 * rng.normal(size=(120, 6))
    known = [3, 25, 47]  # of the first three materials
    found = select_standards(spectra, 6, method=method, include=known, n_components=5)
    assert found[:3].tolist() == known
    assert sorted(found // 20) == [0, 1, 2, 3, 4, 5]


def test_standards_that_there_are_may_be_all(pair):
    found = select_standards(pair.X_secondary, 2, include=[7, 5])
    assert found.tolist() == [7, 5]


def test_a_mask_of_rows_says_the_same(pair):
    mask = np.isin(np.arange(300), [5, 7])
    found = select_standards(pair.X_secondary, 6, include=mask)
    assert_array_equal(found, select_standards(pair.X_secondary, 6, include=[5, 7]))


@pytest.mark.parametrize("n", [2.0, "2"])
def test_a_number_of_standards_is_a_whole_one(pair, n):
    with pytest.raises(TypeError, match="n must be a whole number"):
        select_standards(pair.X_secondary, n)


def test_a_single_spectrum_is_nothing_to_choose_from(pair):
    with pytest.raises(ValueError, match=r"X must be a table.*\(100,\)"):
        select_standards(pair.X_secondary[0, :100], 2)


def test_one_row_includes_its_sample(pair):
    groups = np.repeat(np.arange(100), 3)
    found = select_standards(pair.X_secondary, 4, groups=groups, include=[31])
    assert found[:3].tolist() == [30, 31, 32]
    assert len(found) == 12


def test_kmeans_finds_one_spectrum_of_each_material(rng):
    materials = rng.normal(size=(5, 40))
    number = rng.integers(5, size=400)
    spectra = materials[number] + 0.01 * rng.normal(size=(400, 40))
    found = select_standards(spectra, 5, n_components=4)
    assert sorted(number[found]) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("method", METHODS)
def test_replicates_stay_together(method, pair):
    groups = np.repeat(np.arange(100), 3)[::-1]
    found = select_standards(pair.X_secondary, 7, method=method, groups=groups)
    assert len(found) == len(set(found)) == 21
    chosen = np.unique(groups[found])
    assert_array_equal(np.sort(found), np.flatnonzero(np.isin(groups, chosen)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [1, 2, 300])
def test_any_number_of_standards_is_chosen_once_each(method, n, pair):
    found = select_standards(pair.X_secondary, n, method=method)
    assert len(set(found.tolist())) == n


@pytest.mark.parametrize("method", METHODS)
def test_unit_and_kind_of_table_change_nothing(method, pair):
    expected = select_standards(pair.X_secondary, 9, method=method)
    frame = pd.DataFrame(1e-6 * pair.X_secondary)
    assert_array_equal(select_standards(frame, 9, method=method), expected)


@pytest.mark.parametrize("method", METHODS)
def test_large_sets_are_read_in_blocks(method, rng, tmp_path):
    path = tmp_path / "spectra.npy"
    np.save(path, rng.normal(size=(30_000, 20)).astype(np.float32))
    found = select_standards(np.load(path, mmap_mode="r"), 10, method=method)
    assert len(set(found.tolist())) == 10


def test_chosen_standards_transfer_better_than_random_ones(pair, rng):
    known, new = pair[:200], pair[200:]

    def error(rows):
        transfer = DirectStandardization()
        transfer.fit(known.X_secondary[rows], known.X_primary[rows])
        predicted = transfer.predict(new.X_secondary)
        return relative_squared_error(new.X_primary, predicted)

    chosen = [
        error(select_standards(known.X_secondary, 20, random_state=seed))
        for seed in range(5)
    ]
    drawn = [error(rng.choice(200, 20, replace=False)) for _ in range(20)]
    assert np.median(chosen) < np.median(drawn)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n": 0}, r"(?s)n must be .* from 1 to 300.*it is 0"),
        ({"n": 301}, r"(?s)n must be .* from 1 to 300.*it is 301"),
        ({"n": 3, "method": "best"}, r"(?s)method must be one of.*'best'"),
        ({"n": 3, "method": "spxy"}, r"(?s)y is what spxy.*came without it"),
        ({"n": 3, "y": np.ones(300)}, r"(?s)y is what spxy.*came with it"),
        ({"n": 3, "include": [300]}, r"(?s)include must hold row numbers .* 0 to 299"),
        ({"n": 3, "include": [0.5]}, r"(?s)include must hold row numbers .* 0 to 299"),
        ({"n": 1, "include": [0, 1]}, r"(?s)n counts all standards.*1 and 2 are"),
        ({"n": 3, "groups": [1]}, r"(?s)groups must name.*\(1,\)"),
    ],
)
def test_what_cannot_be_chosen_is_refused(options, said, pair):
    with pytest.raises(ValueError, match=said):
        select_standards(pair.X_secondary, **options)


def test_spectra_that_are_not_finite_are_named_by_row_and_channel(pair):
    spectra = pair.X_secondary.copy()
    spectra[3, 4] = np.nan
    with pytest.raises(ValueError, match=r"X contains NaN.*spectrum 3, channel 4"):
        select_standards(spectra, 3)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (np.r_[np.nan, np.ones(299)], "finite number for each spectrum.*row 0.*nan"),
        (np.r_[np.ones(299), np.inf], "finite number for each spectrum.*row 299.*inf"),
        (np.ones(299), r"a row for each of the 300 spectra.*\(299,\)"),
        (np.ones((2, 300)), r"a row for each of the 300 spectra.*\(2, 300\)"),
        (np.full(300, "much"), "y must hold numbers.*'much'"),
        (1.0, r"a row for each of the 300 spectra.*\(\)"),
    ],
)
def test_a_property_that_spxy_cannot_choose_by_is_refused(pair, y, said):
    with pytest.raises(ValueError, match=f"(?s){said}"):
        select_standards(pair.X_secondary, 3, method="spxy", y=y)


@pytest.mark.parametrize("unit", [1e-250, 1e250])
def test_the_unit_of_the_property_changes_nothing_in_spxy(pair, rng, unit):
    y = rng.normal(size=300)
    expected = select_standards(pair.X_secondary, 9, method="spxy", y=y)
    found = select_standards(pair.X_secondary, 9, method="spxy", y=unit * y)
    assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("include", "said"),
    [
        (np.r_[1, np.zeros(298, int), 1], "row 0 comes 298 times.*mask.*bool"),
        ([3, 5, 3], "row 3 comes 2 times"),
        ([3, 999], "row numbers of X, from 0 to 299.*999"),
        ([3, -1], "row numbers of X, from 0 to 299.*-1"),
        (np.ones(299, bool), r"mask of 299.*300"),
        ([[3, 5]], r"shape \(1, 2\)"),
        (["a"], "<U1"),
    ],
)
def test_rows_that_are_included_by_mistake_are_named(pair, include, said):
    with pytest.raises(ValueError, match=f"(?s)include must .*{said}"):
        select_standards(pair.X_secondary, 6, include=include)


@pytest.mark.parametrize(("n", "way"), [(0, "at least one"), (301, "Ask for fewer")])
def test_a_number_of_standards_that_cannot_be_has_its_own_way_out(pair, n, way):
    with pytest.raises(ValueError, match=way):
        select_standards(pair.X_secondary, n)


def test_a_column_that_is_no_channel_is_refused(pair):
    frame = pair.as_frames()[0].assign(sample=range(300))
    with pytest.raises(WavelengthError, match="'sample', which is no channel"):
        select_standards(frame, 3)


def test_spectra_are_taken_as_they_are_and_pairs_refused_at_once(pair):
    one = Spectra(pair.X_secondary, pair.wavelengths_secondary)
    expected = select_standards(pair.X_secondary, 6)
    assert_array_equal(select_standards(one, 6), expected)
    with pytest.raises(TypeError, match=r"X must be a table of spectra.*as_frames"):
        select_standards(pair, 6)


@pytest.mark.parametrize(
    ("X", "said"),
    [
        ([["a", "b"], ["c", "d"]], "X must hold numbers"),
        ([[1.0, 2.0], [1.0]], "X must hold numbers"),
        (np.empty((0, 4)), r"at least one spectrum.*\(0, 4\)"),
        (np.empty((4, 0)), r"at least one spectrum.*\(4, 0\)"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused_in_our_words(X, said):
    with pytest.raises(ValueError, match=said):
        select_standards(X, 1)


@pytest.mark.parametrize("level", [0.0, 0.1, 3.0])
@pytest.mark.filterwarnings("error")
def test_spectra_that_are_all_alike_are_refused_without_a_warning(level):
    with pytest.raises(ValueError, match="these are all alike"):
        select_standards(np.full((30, 7), level), 3)


@pytest.mark.parametrize("method", METHODS)
def test_copies_come_when_no_other_spectrum_is_left(method, pair):
    X = np.concatenate([np.repeat(pair.X_secondary[:6], 20, axis=0), pair.X_secondary])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = select_standards(X[:130], 10, method=method, include=[25])
        every = select_standards(X[:130], 40, method=method)
    assert found[0] == 25
    assert len(np.unique(X[found], axis=0)) == 10
    # six in the copies, and four that are not among these
    assert len(np.unique(X[every], axis=0)) == 10
    assert len(set(every.tolist())) == 40


def test_samples_that_are_copies_of_others_come_last(pair):
    X = np.concatenate([np.repeat(pair.X_secondary[:8], 2, axis=0)] * 3)
    groups = np.arange(len(X)) // 2
    found = select_standards(X, 8, groups=groups)
    assert len(np.unique(X[found], axis=0)) == 8


def test_rounding_does_not_choose_between_two_that_are_equally_near(rng):
    # pairs far from each other: the centre of each cluster is in the middle of two
    places = 100.0 * rng.normal(size=(8, 6))
    halves = rng.normal(size=(8, 6))
    spectra = np.concatenate([places - halves, places + halves])
    expected = select_standards(spectra, 8, n_components=6, random_state=0)
    assert_array_equal(np.sort(expected % 8), np.arange(8))
    for _ in range(10):
        almost = spectra * (1.0 + 1e-13 * rng.normal(size=spectra.shape))
        found = select_standards(almost, 8, n_components=6, random_state=0)
        assert_array_equal(found, expected)
