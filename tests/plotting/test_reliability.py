import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge

from spectransfer import DirectStandardization, make_transfer_pipeline
from spectransfer.plotting import BandDisplay, ExpectedErrorDisplay
from spectransfer.reliability import ConformalTransfer


def test_band_reaches_from_lower_to_upper_and_inferred_channels_have_their_own():
    places, lower = np.arange(6.0), np.arange(6.0)
    inferred = places > 3
    display = BandDisplay(places, lower, lower + 2, inferred=inferred).plot()
    assert_allclose(display.line_.get_ydata(), lower + 1)
    seen, beyond = (b.get_paths()[0].vertices for b in display.bands_)
    assert seen[:, 0].max() == beyond[:, 0].min() == 3.5
    assert_allclose([beyond[:, 1].min(), beyond[:, 1].max()], [3.5, 7])
    (shade,) = display.ax_.patches
    assert_allclose(shade.get_extents().intervalx, display.ax_.transData.transform(
        [[3.5, 0], [5, 0]])[:, 0])  # fmt: skip


def test_band_of_a_transfer_is_its_interval_on_the_axis_of_the_frame(pair):
    X, y = pair.as_frames()
    transfer = ConformalTransfer(DirectStandardization()).fit(X[:30], y[:30])
    display = BandDisplay.from_estimator(transfer, X[30:31], y[30:31])
    assert_allclose(display.upper, transfer.predict_interval(X[30:31])[1][0])
    assert_allclose(display.places, pair.wavelengths_primary)
    with pytest.raises(ValueError, match="one row of a band"):
        BandDisplay([1.0, 2.0], [1.0], [2.0])


def test_bands_say_the_unit_that_a_pair_knows(pair):
    known = type(pair)(
        pair.X_secondary, pair.X_primary, pair.axis_secondary, pair.axis_primary,
        meta={"unit": "absorbance"},
    )  # fmt: skip
    transfer = ConformalTransfer(DirectStandardization()).fit(*known[:30].as_frames())
    display = BandDisplay.from_estimator(transfer, known[30:31])
    assert display.ax_.get_ylabel() == "intensity (absorbance)"
    assert_allclose(display.places, pair.wavelengths_primary)
    assert display.measured is not None
    X, y = known[30:31].as_frames()
    plain = BandDisplay.from_estimator(transfer, X, y)
    assert plain.ax_.get_ylabel() == "intensity"
    assert_allclose(plain.upper, display.upper)


def test_bands_of_derivatives_are_in_no_unit_of_the_pair(pair):
    known = type(pair)(
        pair.X_secondary, pair.X_primary, pair.axis_secondary, pair.axis_primary,
        meta={"unit": "absorbance"},
    )  # fmt: skip
    pytest.importorskip("chemotools")
    whole = make_transfer_pipeline(Ridge(), preparation="nir")
    transfer = ConformalTransfer(whole).fit(*known[:30].as_frames())
    display = BandDisplay.from_estimator(transfer, known[30:31])
    assert display.ax_.get_ylabel() == "intensity"


@pytest.mark.parametrize("error", ["euclidean", "cosine"])
def test_expected_errors_are_drawn_against_those_of_the_predictions(pair, error):
    X, y = pair.X_secondary, pair.X_primary
    transfer = ConformalTransfer(DirectStandardization()).fit(X[:30], y[:30])
    display = ExpectedErrorDisplay.from_estimator(transfer, X[30:], y[30:], error=error)
    predicted = transfer.predict(X[30:])
    by_hand = np.linalg.norm(predicted - y[30:], axis=1)
    if error == "cosine":
        norms = np.linalg.norm(predicted, axis=1) * np.linalg.norm(y[30:], axis=1)
        by_hand = 1 - (predicted * y[30:]).sum(axis=1) / norms
    dots = display.ax_.lines[0]
    assert_allclose(dots.get_ydata(), by_hand, rtol=1e-3)  # float32 cosines
    assert_allclose(dots.get_xdata(), transfer.expected_error(X[30:])[error])
    assert -1 <= display.rank_correlation_ <= 1
    with pytest.raises(ValueError, match="the same spectra"):
        ExpectedErrorDisplay([1.0], [1.0, 2.0])


def test_a_single_inferred_channel_is_seen():
    places = np.arange(5.0)
    display = BandDisplay(places, places, places + 2, inferred=places == 2).plot()
    vertices = display.bands_[1].get_paths()[0].vertices
    assert_allclose([vertices[:, 0].min(), vertices[:, 0].max()], [1.5, 2.5])
    assert len(display.ax_.patches) == 1


@pytest.mark.parametrize(
    ("lower", "options", "said"),
    [
        ([0.0, 1.0], {"inferred": [True]}, "inferred has one value for each of the 2"),
        ([0.0, 1.0], {"measured": [1.0, 2.0, 3.0]}, "measured has one value"),
        ([0.0, 9.0], {}, "in channel 1 they are 9 and 3"),
    ],
)
def test_bands_refuse_what_is_of_another_spectrum(lower, options, said):
    with pytest.raises(ValueError, match=said):
        BandDisplay([1.0, 2.0], lower, [2.0, 3.0], **options)


def test_bands_without_a_primary_frame_are_on_the_axis_that_the_transfer_knows(pair):
    X, y = pair.as_frames()
    transfer = ConformalTransfer(DirectStandardization()).fit(X[:30], y[:30])
    display = BandDisplay.from_estimator(transfer, X[30:31])
    assert_allclose(display.places, pair.wavelengths_primary)
    assert "nm" in display.ax_.get_xlabel()
    with pytest.raises(ValueError, match="X has 2"):
        BandDisplay.from_estimator(transfer, X[30:32])


def test_the_band_of_a_single_target_is_that_of_one_channel(pair):
    X, y = pair.X_secondary, pair.X_primary[:, 0]
    transfer = ConformalTransfer(Ridge(solver="svd")).fit(X[:30], y[:30])
    display = BandDisplay.from_estimator(transfer, X[30:31], y[30:31])
    assert display.lower.shape == (1,)
