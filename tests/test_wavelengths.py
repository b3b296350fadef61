"""Wavelengths travel from a pair through column names into fitted estimators."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

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
        fitted.feature_names_in_.astype(float), pair.wavelengths_secondary
    )
    shifted = pair.wavelengths_secondary.copy()
    shifted[3:] += 0.5
    with pytest.raises(
        WavelengthError,
        match=r"30 channels from 265 to 370, and this one 30 channels from 265 to "
        r"370\.5; the first channel that differs is 3, with 275\.862069 there and "
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
    with pytest.raises(WavelengthError, match="first channel that differs is 0"):
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
        fitted.feature_names_in_.astype(float), pair.wavelengths_secondary
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
