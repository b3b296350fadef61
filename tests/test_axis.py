"""Wavelengths travel from a pair through column names into fitted estimators."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from spectransfer._axis import axis_of, check_wavelengths, read_names
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import WavelengthError
from spectransfer.preprocessing import BaselineCorrector, StandardScaler
from spectransfer.spectra import SpectraPair
from spectransfer.transfer import KNNTransfer, MeanTransfer

pd = pytest.importorskip("pandas")

ESTIMATORS = [
    BaselineCorrector(min_window=5, smooth_window=3),
    StandardScaler(),
    KNNTransfer(),
    MeanTransfer(),
]


@pytest.fixture
def pair():
    return make_instrument_pair(20, n_secondary=30, n_primary=40, random_state=0)


def on_axis(pair, wavelengths):
    n = len(wavelengths)
    return SpectraPair(
        pair.X_secondary[:, :n],
        pair.X_primary,
        wavelengths,
        pair.wavelengths_primary,
    ).as_frames()[0]


def use(estimator, X):
    return getattr(
        estimator, "transform" if hasattr(estimator, "transform") else "predict"
    )(X)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_another_axis_is_refused_and_both_are_named(estimator, pair):
    fitted = clone(estimator).fit(*pair.as_frames())
    assert_array_equal(
        read_names(fitted.feature_names_in_).values, pair.wavelengths_secondary
    )
    shifted = pair.wavelengths_secondary.copy()
    shifted[3:] += 0.5
    with pytest.raises(
        WavelengthError,
        match=r"30 channels from 265 to 370 nm, and this one 30 channels from 265 "
        r"to 370\.5; the first channel that differs is 3, with 275\.862069 there and "
        r"276\.362069 here",
    ):
        use(fitted, on_axis(pair, shifted))


def test_a_shorter_axis_ends_where_it_differs(pair):
    fitted = StandardScaler().fit(pair.as_frames()[0])
    with pytest.raises(WavelengthError, match="differs is 29, with 370 there and noth"):
        fitted.transform(on_axis(pair, pair.wavelengths_secondary[:-1]))


def test_shuffled_channels_are_refused(pair):
    frame = pair.as_frames()[0]
    fitted = StandardScaler().fit(frame)
    with pytest.raises(WavelengthError, match="reverse the columns"):
        fitted.transform(frame[frame.columns[::-1]])


def test_the_same_axis_may_be_written_otherwise_or_rounded(pair):
    frame = pair.as_frames()[0]
    fitted = StandardScaler().fit(frame)
    expected = fitted.transform(frame)
    for names in (
        pair.wavelengths_secondary,
        [f"{w:.3f}" for w in pair.wavelengths_secondary],
        [f"{w:.12e}" for w in pair.wavelengths_secondary],
        pair.wavelengths_secondary.astype(np.float32),
    ):
        other = frame.copy()
        other.columns = names
        assert_array_equal(fitted.transform(other), expected)
        assert list(other.columns) == list(names)


def test_columns_that_are_numbers_become_feature_names(pair):
    frame = pair.as_frames()[0].set_axis(pair.wavelengths_secondary, axis="columns")
    fitted = StandardScaler().fit(frame)
    assert_array_equal(
        read_names(fitted.feature_names_in_).values, pair.wavelengths_secondary
    )
    with pytest.raises(WavelengthError, match="first channel that differs is 0"):
        fitted.transform(frame.set_axis(pair.wavelengths_secondary + 1, axis=1))


def test_a_pipeline_refuses_another_axis_in_its_first_step(pair):
    pipeline = make_pipeline(StandardScaler(), MeanTransfer()).fit(*pair.as_frames())
    other = on_axis(pair, pair.wavelengths_secondary + 1)
    with pytest.raises(WavelengthError, match="StandardScaler must be given"):
        pipeline.predict(other)


def test_names_that_are_no_wavelengths_are_left_to_scikit_learn(pair):
    frame = pair.as_frames()[0].add_prefix("channel ")
    fitted = StandardScaler().fit(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.transform(frame.add_suffix("!"))


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ([300.0, 299.0, 301.0], "channel 0 steps from 300 to 299.*np.argsort"),
        ([300.0, 301.0, 301.0], "channels 1 and 2 are both at 301.*merge_detectors"),
        ([300.0, np.nan, 301.0], "must be finite, but channel 1 has nan"),
        ([300.0, 301.0], "there are 2 entries and 3 channels"),
        ([[300.0, 301.0, 302.0]], r"one row of numbers.*shape is \(1, 3\)"),
        ([], r"one row of numbers.*shape is \(0,\)"),
    ],
)
def test_an_axis_that_is_none_is_refused(axis, message):
    with pytest.raises(WavelengthError, match=f"(?s)^axis .*{message}"):
        check_wavelengths(axis, 3, name="axis")


@pytest.mark.parametrize(
    ("columns", "axis"),
    [
        ([300.5, 301.5], [300.5, 301.5]),
        (["300.5", "301.5"], [300.5, 301.5]),
        ([300, 301], [300.0, 301.0]),
        ([0, 1], None),
        (["0", "1"], [0.0, 1.0]),
        (["red", "blue"], None),
        ([300.5, "blue"], None),
    ],
)
def test_column_names_are_wavelengths_where_all_are_numbers(columns, axis):
    found = axis_of(pd.DataFrame([[1.0, 2.0]], columns=columns))
    assert found is None if axis is None else list(found.values) == axis


def test_arrays_have_no_wavelengths():
    assert axis_of(np.ones((2, 2))) is None
