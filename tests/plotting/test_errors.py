import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error

from spectransfer import make_transfer_pipeline
from spectransfer.plotting import ErrorSpectrumDisplay
from spectransfer.plotting._errors import channel_rmse


def test_the_curve_is_the_error_of_each_channel(pair, predicted):
    display = ErrorSpectrumDisplay.from_predictions(
        pair.X_primary, predicted, wavelengths=pair.wavelengths_primary, unit="counts"
    )
    expected = np.sqrt(((pair.X_primary - predicted) ** 2).mean(axis=0))
    assert_allclose(display.line_.get_ydata(), expected, rtol=1e-12)
    assert_array_equal(display.line_.get_xdata(), pair.wavelengths_primary)
    assert display.ax_.get_ylabel() == "error (counts)"
    assert display.ax_.get_ylim()[0] == 0
    assert display.reference_ is None


def test_always_answering_the_mean_spectrum_has_a_relative_error_of_one(pair):
    mean = np.broadcast_to(pair.X_primary.mean(axis=0), pair.X_primary.shape)
    display = ErrorSpectrumDisplay.from_predictions(pair.X_primary, mean, relative=True)
    assert_allclose(display.line_.get_ydata(), 1, rtol=1e-9)
    assert_array_equal(display.reference_.get_ydata(), [1, 1])
    assert display.ax_.get_ylabel() == "error / standard deviation"


def test_a_constant_channel_has_no_relative_error():
    measured = np.array([[1.0, 5.0], [3.0, 5.0]])
    display = ErrorSpectrumDisplay.from_predictions(measured, measured + 1)
    assert_allclose(display.relative_error, [1.0, np.nan])
    assert_allclose(display.rmse, [1.0, 1.0])


def test_two_transfers_are_drawn_on_one_axes_in_two_colours(pair, predicted):
    first = ErrorSpectrumDisplay.from_predictions(pair.X_primary, predicted, name="a")
    second = ErrorSpectrumDisplay.from_predictions(
        pair.X_primary, 0.5 * predicted, name="b", ax=first.ax_
    )
    assert list(first.ax_.lines) == [first.line_, second.line_]
    assert first.line_.get_color() != second.line_.get_color()
    legend = first.ax_.get_legend()
    assert [text.get_text() for text in legend.texts] == ["a", "b"]


def test_an_estimator_is_compared_without_baseline(pair):
    transfer = make_transfer_pipeline(Ridge()).fit(pair.X_secondary, pair.X_primary)
    display = ErrorSpectrumDisplay.from_estimator(
        transfer, pair.X_secondary, pair.X_primary
    )
    measured = transfer[-1].transform_target(pair.X_primary).astype(float)
    error = measured - transfer.predict(pair.X_secondary)
    assert_allclose(display.rmse, np.sqrt((error**2).mean(axis=0)), rtol=1e-9)
    assert display.ax_.get_xlabel() == "channel"


def test_relative_errors_need_the_spread():
    with pytest.raises(ValueError, match="spread is None"):
        ErrorSpectrumDisplay([1.0], [300.0]).plot(relative=True)


def test_spectra_that_do_not_pair_are_refused(pair):
    with pytest.raises(ValueError, match="same channels"):
        ErrorSpectrumDisplay.from_predictions(pair.X_primary, pair.X_secondary)


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


def test_the_error_of_memory_mapped_spectra_is_taken_in_blocks(tmp_path):
    shape = (12_000, 1000)  # 48 MB on the disk
    for name in "ab":
        np.lib.format.open_memmap(tmp_path / f"{name}.npy", "w+", np.float32, shape)
    a, b = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "ab")
    tracemalloc.start()
    channel_rmse(a, b)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # a block has 16 MB as float64
    assert peak < 40e6
