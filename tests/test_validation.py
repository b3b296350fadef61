"""The one door for arrays: what it lets through, and what it says where it does not."""

import inspect
import tracemalloc
from numbers import Real

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from spectransfer._validation import (
    Interval,
    check_finite,
    check_layer_sizes,
    check_pair,
    check_spectra,
    check_targets,
    fit_context,
    validation_set,
)


class Door(BaseEstimator):
    """An estimator that does nothing."""

    _parameter_constraints = {"width": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, width=1.0):
        self.width = width

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, error=None):
        self.spectra_ = check_spectra(self, X, reset=True)
        self.newly_set_ = True
        del self.spectra_
        if error is not None:
            raise error
        self.spectra_ = X
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, error=None):
        return self.fit(X, error)


@pytest.fixture
def mapped(tmp_path, rng):
    """Map 4 MB of spectra from a file."""
    np.save(tmp_path / "spectra", rng.normal(size=(2000, 500)).astype(np.float32))
    return np.load(tmp_path / "spectra.npy", mmap_mode="r")


def peak_of(function):
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


# finite numbers


# The larger ones take 24 MB, and are looked through in two blocks.
@pytest.mark.parametrize(
    ("shape", "place"),
    [
        ((10, 7), (0, 0)),
        ((10, 7), (3, 4)),
        ((10, 7), (9, 6)),
        ((3000, 1000), (0, 0)),
        ((3000, 1000), (2500, 4)),
    ],
)
@pytest.mark.parametrize(
    ("value", "word"), [(np.nan, "NaN"), (np.inf, "inf"), (-np.inf, "inf")]
)
def test_the_first_number_that_is_not_finite_is_named(shape, place, value, word):
    spectra = np.zeros(shape)
    spectra[place] = value
    spectra[-1, -1] = value
    with pytest.raises(
        ValueError, match=f"X contains {word}.*spectrum {place[0]}, channel {place[1]} "
    ):
        check_finite(spectra, "X")


def test_nan_and_inf_that_cancel_in_a_sum_are_found():
    spectra = np.zeros((4, 3))
    spectra[2] = [np.inf, -np.inf, 0]
    with pytest.raises(ValueError, match=r"contains inf.*spectrum 2, channel 0 "):
        check_finite(spectra, "X")


def test_finite_numbers_whose_sum_overflows_pass():
    huge = np.full((4, 3), np.finfo(np.float32).max, dtype=np.float32)
    check_finite(huge, "X")


def test_a_single_target_is_named_without_a_channel():
    with pytest.raises(ValueError, match=r"y contains NaN.*stands in spectrum 1 \("):
        check_finite(np.array([0.0, np.nan]), "y")


def test_numbers_that_are_whole_need_no_look():
    check_finite(np.arange(6).reshape(2, 3), "X")


def test_looking_for_nan_takes_no_copy_and_no_mask(mapped):
    # 4 MB of spectra, whose mask would take 1 MB
    assert peak_of(lambda: check_finite(mapped, "X")) < 2**18


# a fit that fails


@pytest.mark.parametrize("error", [ValueError("late"), KeyboardInterrupt()])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_fit_that_ends_in_an_error_sets_adds_and_deletes_nothing(method, error, rng):
    door = Door().fit(rng.normal(size=(5, 4)))
    del door.newly_set_
    before = vars(door).copy()
    with pytest.raises(type(error)):
        getattr(door, method)(rng.normal(size=(5, 3)), error)
    assert vars(door).keys() == before.keys()
    assert all(vars(door)[name] is value for name, value in before.items())


def test_a_fit_of_a_wrong_parameter_is_refused_by_its_name(rng):
    with pytest.raises(ValueError, match="'width' parameter of Door"):
        Door(-1).fit(rng.normal(size=(5, 4)))


def test_a_fit_keeps_its_name_words_and_signature():
    assert Door.fit.__name__ == "fit"
    assert list(inspect.signature(Door.fit).parameters) == ["self", "X", "error"]


# arrays


def test_memory_mapped_spectra_are_not_copied(mapped):
    assert (
        peak_of(lambda: check_spectra(Door(), mapped, reset=True)) < mapped.nbytes / 4
    )
    checked = check_spectra(Door(), mapped, reset=True)
    assert np.shares_memory(checked, mapped)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float_spectra_pass_as_they_are(dtype, rng):
    spectra = rng.normal(size=(5, 4)).astype(dtype)
    for checked in (
        check_spectra(Door(), spectra, reset=True),
        check_targets(spectra),
        *check_pair(Door(), spectra, spectra),
    ):
        assert np.shares_memory(checked, spectra)
        assert checked.dtype == dtype


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, bool, np.float16, object])
def test_other_numbers_become_float64(dtype):
    counts = np.ones((3, 2)).astype(dtype)
    assert check_spectra(Door(), counts, reset=True).dtype == np.float64
    assert check_targets(counts).dtype == np.float64


def test_a_scalar_is_no_target():
    # scikit-learn says so by itself, from version to version in other words
    with pytest.raises((TypeError, ValueError), match="scalar"):
        check_targets(3.0, name="y_val")


def test_a_pair_keeps_the_dimensions_of_its_targets(rng):
    X = rng.normal(size=(4, 3))
    assert check_pair(Door(), X, X[:, 0])[1].shape == (4,)
    assert check_pair(Door(), X, X[:, :1])[1].shape == (4, 1)


def test_faults_of_a_pair_are_told_under_the_names_given(rng):
    X = rng.normal(size=(4, 3))
    broken = X.copy()
    broken[1, 1] = np.nan
    for pair, name in (((broken, X), "X_val"), ((X, broken), "y_val")):
        with pytest.raises(ValueError, match=f"{name} contains NaN"):
            check_pair(Door(), *pair, names=("X_val", "y_val"))


def test_half_a_validation_set_is_named():
    assert validation_set(None, None) is None
    assert validation_set(1, 2) == (1, 2)
    with pytest.raises(ValueError, match=r"y_val is None. Pass both X_val and y_val"):
        validation_set([[1.0]], None)


@pytest.mark.parametrize("sizes", [(0,), (8, -1), (2.5,), ("8",), (None,)])
def test_layers_without_neurons_are_refused_with_an_example(sizes):
    with pytest.raises(ValueError, match=r"layers must hold positive whole numbers.*"
                       r"Write for example layers=\(128, 512\)"):  # fmt: skip
        check_layer_sizes(sizes, "layers")


def test_layers_may_be_counted_by_numpy():
    check_layer_sizes(np.array([8, 4]), "layers")


# what is no number


def _no_numbers():
    pl = pytest.importorskip("polars")
    pd = pytest.importorskip("pandas")
    return {
        "ragged": [[1.0, 2.0], [3.0]],
        "lists in a frame": pl.DataFrame({"s": [[1.0, 2.0], [3.0, 4.0]]}),
        "series of lists": pl.Series([[1.0, 2.0], [3.0, 4.0]]),
        "texts": np.array([["a", "b"], ["c", "d"]]),
        "texts in a frame": pd.DataFrame({"400": ["a", "b"], "401": [1, 2]}),
        "pandas.NA": np.array([[1.0, pd.NA], [2, 3]], dtype=object),
        "dates": np.array([["2020-01-01"] * 2] * 2, dtype="M8[D]"),
        "dates in a frame": pd.DataFrame({"400": pd.to_datetime(["2020-01-01"] * 2)}),
        "durations": np.ones((2, 2), dtype="m8[s]"),
    }


@pytest.mark.parametrize("kind", _no_numbers())
@pytest.mark.parametrize("place", ["X", "y", "metric"])
def test_what_is_no_table_of_numbers_is_refused_in_our_words(kind, place):
    from spectransfer import MeanTransfer
    from spectransfer.metrics import relative_squared_error

    given, plain = _no_numbers()[kind], np.ones((2, 2))
    sides = (plain, given) if place == "y" else (given, plain)
    ask = relative_squared_error if place == "metric" else MeanTransfer().fit
    with pytest.raises((TypeError, ValueError), match="must hold numbers, but"):
        ask(*sides)
