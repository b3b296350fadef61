import copy
import pickle
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge

from spectransfer._axis import axis_of, read_names
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import WavelengthError
from spectransfer.metrics import rse_scorer
from spectransfer.simulation import make_libs_maps
from spectransfer.spectra import (
    Axis,
    Spectra,
    SpectraPair,
    as_pair,
    as_table,
    merge_detectors,
)
from spectransfer.transfer import LibraryMoments


@pytest.fixture
def pair():
    return make_instrument_pair(n_spectra=12, random_state=0)


def parts(**changes):
    given = {
        "X_secondary": np.arange(12.0).reshape(4, 3),
        "X_primary": np.arange(8.0).reshape(4, 2),
        "wavelengths_secondary": [1.0, 2.0, 3.0],
        "wavelengths_primary": [1.0, 4.0],
    }
    return given | changes


def test_arrays_are_kept_without_a_copy():
    given = parts()
    built = SpectraPair(**given)
    assert built.X_secondary is given["X_secondary"]
    assert built.X_primary is given["X_primary"]


@pytest.mark.parametrize(
    "rows",
    [slice(2, 9, 3), np.arange(12) % 3 == 1, np.array([5, 1, 1]), [0, 11]],
    ids=["slice", "mask", "indices", "list"],
)
def test_selecting_rows_takes_the_same_rows_of_every_array(pair, rows):
    numbered = SpectraPair(
        pair.X_secondary,
        pair.X_primary,
        pair.wavelengths_secondary,
        pair.wavelengths_primary,
        sample_id=np.arange(12),
        y=pair.y,
        annotations={"place": np.arange(24).reshape(12, 2)},
    )
    chosen = numbered[rows]
    expected = np.arange(12)[rows]
    assert_array_equal(chosen.sample_id, expected)
    assert_array_equal(chosen.X_secondary, pair.X_secondary[expected])
    assert_array_equal(chosen.X_primary, pair.X_primary[expected])
    assert_array_equal(chosen.y, pair.y[expected])
    assert_array_equal(chosen.annotations["place"][:, 0], 2 * expected)


def test_one_index_gives_a_pair_of_one_spectrum(pair):
    assert pair[3].X_primary.shape == (1, 300)
    assert len(list(pair)) == 12


def test_a_pair_cannot_be_changed(pair):
    with pytest.raises(AttributeError):
        pair.y = None
    with pytest.raises(TypeError):
        pair.meta["axis"] = "cm-1"


def test_pickle_and_deepcopy_give_the_same_pair(pair):
    for other in (pickle.loads(pickle.dumps(pair)), copy.deepcopy(pair)):
        assert_array_equal(other.X_secondary, pair.X_secondary)
        assert_array_equal(other.sample_id, pair.sample_id)
        assert dict(other.meta) == dict(pair.meta)
        assert other.y_names == pair.y_names


def test_frames_carry_the_very_axis_into_feature_names():
    pandas = pytest.importorskip("pandas")
    axis = np.float32([240.811, 240.865, 1e5 / 3]).astype(np.float64)
    built = SpectraPair(**parts(wavelengths_secondary=axis, sample_id=list("aabb")))
    secondary, primary = built.as_frames()
    assert isinstance(primary, pandas.DataFrame)
    assert list(secondary.index) == list("aabb")
    assert_array_equal(axis_of(secondary).values, axis)
    fitted = Ridge().fit(secondary, primary)
    assert_array_equal(read_names(fitted.feature_names_in_).values, axis)


def test_frames_share_memory_with_the_spectra(pair):
    pytest.importorskip("pandas")
    secondary, _ = pair.as_frames()
    assert np.shares_memory(secondary.to_numpy(), pair.X_secondary)


def test_without_pandas_the_error_says_what_to_install(pair, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"as_frames needs pandas.*\[files\]"):
        pair.as_frames()


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        (
            {"X_primary": np.zeros((3, 2))},
            ValueError,
            r"X_primary must have one entry for each of the 4 secondary spectra.* 3\.",
        ),
        ({"sample_id": [0, 1]}, ValueError, r"sample_id must have one entry.* 2\."),
        ({"y": 5.0}, ValueError, r"y must have one entry.*its shape is \(\)"),
        (
            {"annotations": {"mineral": ["a"]}},
            ValueError,
            r"mineral must have one entry",
        ),
        (
            {"wavelengths_secondary": [1.0, 3.0, 2.0]},
            WavelengthError,
            r"wavelengths_secondary must increase.*channel 1 steps from 3 to 2",
        ),
        (
            {"wavelengths_primary": [1.0, 2.0, 3.0]},
            WavelengthError,
            r"wavelengths_primary must have one entry.*3 entries and 2 channels",
        ),
        (
            {"X_secondary": np.zeros(4)},
            ValueError,
            r"X_secondary must be a table.*\(4,\)",
        ),
        (
            {"X_secondary": np.zeros((0, 3)), "X_primary": np.zeros((0, 2))},
            ValueError,
            r"at least one spectrum.*\(0, 3\)",
        ),
        (
            {"X_primary": np.full((4, 2), "7")},
            ValueError,
            r"X_primary must hold real numbers, but its dtype is <U1",
        ),
        (
            {"y": np.zeros((4, 2)), "y_names": ["Na"]},
            ValueError,
            r"y_names must name each column.*1 names and 2 columns",
        ),
        ({"y_names": ["Na"]}, ValueError, r"1 names and 0 columns"),
    ],
)
def test_a_pair_that_does_not_fit_is_refused_by_name(changes, kind, message):
    with pytest.raises(kind, match=message):
        SpectraPair(**parts(**changes))


def test_pairs_come_as_containers_or_as_tuples_and_are_not_copied(pair):
    for data in (pair, (pair.X_secondary, pair.X_primary)):
        taken = as_pair(data, "train")
        assert taken.secondary is pair.X_secondary
        assert taken.primary is pair.X_primary
        assert taken.n_spectra == 12


def test_frames_of_a_pair_stay_frames(pair):
    pytest.importorskip("pandas")
    secondary, primary = pair.as_frames()
    assert as_pair((secondary, primary), "train").primary is primary


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (np.ones((3, 2)), TypeError, "train must be paired spectra.*it is a ndarray"),
        ((np.ones((3, 2)), np.ones(3)), ValueError, r"must hold tables.*shape \(3,\)"),
        ((np.ones((3, 2)), np.ones((0, 2))), ValueError, r"at least one.*\(0, 2\)"),
        ((np.ones((3, 2)), np.ones((2, 2))), ValueError, "inconsistent numbers"),
        ((np.ones((3, 2)), np.full((3, 2), np.nan)), ValueError, "train"),
    ],
)
def test_what_is_no_pair_is_refused_with_the_callers_name(data, kind, message):
    with pytest.raises(kind, match=message):
        as_pair(data, "train")


def test_a_list_of_spectra_becomes_a_table():
    assert_array_equal(as_table([[1, 2], [3, 4]], "X"), [[1, 2], [3, 4]])


def frames(library, columns):
    frame = pytest.importorskip(library).DataFrame
    return frame({c: np.arange(4.0) + i for i, c in enumerate(columns)})


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_column_of_a_frame_that_is_no_channel_is_refused(library):
    frame = frames(library, ["1.0", "2.0", "3.0", "sample_no"])
    for made in (
        lambda: SpectraPair(**parts(X_secondary=frame, wavelengths_secondary=range(4))),
        lambda: SpectraPair(**parts(X_primary=frame, wavelengths_primary=range(4))),
        lambda: Spectra(frame, range(4)),
    ):
        with pytest.raises(WavelengthError, match="'sample_no', which is no channel"):
            made()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_the_axis_of_a_frame_is_compared_with_that_which_is_given(library):
    frame = frames(library, ["1.0 nm", "2.0 nm", "3.0 nm"])
    for made in (
        lambda axis: (
            SpectraPair(
                **parts(X_secondary=frame, wavelengths_secondary=axis)
            ).axis_secondary
        ),
        lambda axis: Spectra(frame, axis).axis,
    ):
        assert made([1, 2, 3]).unit == "nm"
        with pytest.raises(WavelengthError, match="the first channel that differs"):
            made([1, 2, 4])
        with pytest.raises(WavelengthError, match="their units differ"):
            made(Axis([1, 2, 3], "cm-1"))


@pytest.mark.parametrize(
    "spectra", [[[1, 2], [3]], [[[1], [2, 3]]], {"a": 1}, "text", None]
)
def test_what_is_no_table_is_refused_in_our_words(spectra):
    with pytest.raises(ValueError, match="X must be a table"):
        Spectra(spectra, [1.0, 2.0])


@pytest.mark.parametrize("kind", ["spectra", "pair", "maps"])
def test_no_container_is_taken_for_a_table(pair, kind):
    given = {
        "spectra": Spectra(pair.X_secondary, pair.wavelengths_secondary),
        "pair": pair,
        "maps": make_libs_maps((3, 3), random_state=0, spectrometers="light").train,
    }[kind]
    asks = {
        "numpy": np.asarray,
        "moments": LibraryMoments.of,
        "scorer": lambda y: rse_scorer(Ridge().fit([[0.0]], [0.0]), [[0.0]], y),
        "detectors": lambda X: merge_detectors(X, [1.0, 2.0]),
    }
    for name, ask in asks.items():
        with pytest.raises((TypeError, ValueError), match=r"Pass .*as_frame") as error:
            ask(given)
        assert "must be a table of spectra" in str(error.value), name
