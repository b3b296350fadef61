import tracemalloc

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error

from spectransfer import BaselineCorrector, PrimarySpaceRegressor
from spectransfer.exceptions import WavelengthError
from spectransfer.plotting._channels import (
    axis_label,
    axis_of,
    channel_rmse,
    mean_spectrum,
    measured_and_predicted,
)


def test_rmse_equals_scikit_learns_channel_by_channel(rng):
    measured, predicted = rng.normal(size=(2, 40, 7))
    expected = root_mean_squared_error(measured, predicted, multioutput="raw_values")
    assert_allclose(channel_rmse(measured, predicted), expected, rtol=1e-12)


def test_rmse_of_float32_spectra_is_summed_in_float64_over_many_blocks(rng):
    # 3,000 rows of 2,000 channels are three blocks
    measured = (1e4 + rng.normal(size=(3000, 2000))).astype(np.float32)
    predicted = measured + np.float32(0.25)
    expected = np.sqrt(
        ((measured.astype(float) - predicted.astype(float)) ** 2).mean(axis=0)
    )
    found = channel_rmse(measured, predicted)
    assert found.dtype == np.float64
    assert_allclose(found, expected, rtol=1e-12)


def test_mean_of_float32_spectra_is_summed_in_float64_over_many_blocks(rng):
    spectra = (1e5 + rng.normal(size=(5000, 2000))).astype(np.float32)
    assert_allclose(
        mean_spectrum(spectra), spectra.mean(axis=0, dtype=np.float64), rtol=1e-13
    )


def test_a_single_spectrum_is_its_own_mean():
    assert_array_equal(mean_spectrum([1.0, 5.0]), [1.0, 5.0])


def test_memory_mapped_spectra_are_never_held_as_a_whole(tmp_path):
    shape = (12_000, 1000)  # 48 MB on the disk
    for name in ("a", "b"):
        np.lib.format.open_memmap(tmp_path / f"{name}.npy", "w+", np.float32, shape)
    a, b = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "ab")
    tracemalloc.start()
    channel_rmse(a, b)
    in_rmse = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    mean_spectrum(a)
    in_mean = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # a block has 16 MB as float64
    assert in_rmse < 40e6
    assert in_mean < 4e6


def test_mean_refuses_a_spectrum_that_is_not_finite():
    with pytest.raises(ValueError, match="spectrum 1, channel 0"):
        mean_spectrum([[1.0, 2.0], [np.nan, 2.0]])


def test_the_axis_is_the_users_then_the_column_names_then_a_count():
    named = pd.DataFrame([[1.0, 2.0]], columns=["300.5", "301.5"])
    assert axis_of([1.0, 2.0], 2, named)[0].tolist() == [1.0, 2.0]
    axis, unit = axis_of(None, 2, [[1.0, 2.0]], named)
    assert (axis.tolist(), unit) == ([300.5, 301.5], "nm")
    axis, unit = axis_of(None, 3, named)
    assert (axis.tolist(), unit) == ([0.0, 1.0, 2.0], None)


def test_an_axis_of_another_length_is_refused():
    with pytest.raises(WavelengthError, match="2 entries and 3 channels"):
        axis_of([1.0, 2.0], 3)


def test_channels_that_are_counted_have_no_unit():
    assert axis_label(None) == "channel"
    assert axis_label("nm") == "wavelength (nm)"


def test_what_was_measured_is_compared_in_the_space_of_the_predictions(pair):
    transfer = PrimarySpaceRegressor(Ridge(1e3), transformer=BaselineCorrector())
    transfer.fit(pair.X_secondary, pair.X_primary)
    measured, predicted = measured_and_predicted(
        transfer, pair.X_secondary, pair.X_primary
    )
    assert_array_equal(measured, BaselineCorrector().fit_transform(pair.X_primary))
    assert_array_equal(predicted, transfer.predict(pair.X_secondary))
