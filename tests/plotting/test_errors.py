import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from spectransfer import make_transfer_pipeline
from spectransfer.plotting import ErrorSpectrumDisplay


def test_the_curve_is_the_error_of_each_channel(pair, predicted):
    display = ErrorSpectrumDisplay.from_predictions(
        pair.X_primary, predicted, wavelengths=pair.wavelengths_primary
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
