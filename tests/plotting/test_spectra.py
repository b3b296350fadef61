import tracemalloc

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from spectransfer import BaselineCorrector, make_transfer_pipeline
from spectransfer.exceptions import WavelengthError
from spectransfer.plotting import SpectraDisplay
from spectransfer.plotting._figure import CURVES
from spectransfer.plotting._spectra import mean_spectrum


def labels(display):
    return [curve.get_label() for curve in display.curves_]


def test_both_instruments_are_drawn_on_their_own_axes(pair):
    display = SpectraDisplay.from_maps(pair)
    primary, secondary = display.curves_
    assert_array_equal(primary.get_xdata(), pair.wavelengths_primary)
    assert_array_equal(secondary.get_xdata(), pair.wavelengths_secondary)
    assert_allclose(
        primary.get_ydata(), pair.X_primary.mean(axis=0, dtype=float), rtol=1e-12
    )
    assert_allclose(
        secondary.get_ydata(), pair.X_secondary.mean(axis=0, dtype=float), rtol=1e-12
    )
    assert labels(display) == ["primary", "secondary"]
    assert [text.get_text() for text in display.ax_.get_legend().texts] == labels(
        display
    )


def test_units_stand_at_both_axes(maps):
    ax = SpectraDisplay.from_maps(maps).ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "wavelength (nm)",
        "intensity (counts)",
    )


def test_one_instrument_alone_needs_no_legend(pair):
    display = SpectraDisplay.from_maps(pair, sides="secondary")
    assert labels(display) == ["secondary"]
    assert display.ax_.get_legend() is None


@pytest.mark.parametrize("shots", [7, [7], slice(7, 8), np.arange(60) == 7])
def test_a_single_shot_is_drawn_as_it_was_measured(pair, shots):
    display = SpectraDisplay.from_maps(pair, sides="primary", shots=shots)
    assert_array_equal(display.curves_[0].get_ydata(), pair.X_primary[7])


def test_chosen_shots_are_averaged(pair):
    mask = pair.y[:, 0] > np.median(pair.y[:, 0])
    display = SpectraDisplay.from_maps(pair, sides="primary", shots=mask)
    expected = pair.X_primary[mask].mean(axis=0, dtype=float)
    assert_allclose(display.curves_[0].get_ydata(), expected, rtol=1e-12)


def test_two_sets_are_averaged_each_on_one_axis(pair):
    raw = pair.X_primary
    corrected = BaselineCorrector().fit_transform(raw)
    display = SpectraDisplay.from_spectra(
        {"before": raw, "after": corrected}, pair.wavelengths_primary
    )
    assert labels(display) == ["before", "after"]
    assert_allclose(
        display.curves_[1].get_ydata(),
        corrected.mean(axis=0, dtype=float),
        rtol=1e-9,
        atol=1e-9,
    )
    assert_array_equal(display.curves_[1].get_xdata(), pair.wavelengths_primary)


def test_the_axis_of_a_data_frame_is_found(pair):
    frame = pd.DataFrame(
        pair.X_primary, columns=[f"{w} nm" for w in pair.wavelengths_primary]
    )
    display = SpectraDisplay.from_spectra({"day": frame})
    assert_array_equal(display.curves_[0].get_xdata(), pair.wavelengths_primary)
    assert display.ax_.get_xlabel() == "wavelength (nm)"


def test_offset_moves_each_curve_up_and_the_axis_says_so(pair):
    x = pair.X_primary
    display = SpectraDisplay.from_spectra({"a": x, "b": x, "c": x}, offset=50.0)
    first, _, third = (curve.get_ydata() for curve in display.curves_)
    assert_allclose(third - first, 100.0, rtol=1e-9)
    assert display.ax_.get_ylabel() == "intensity + offset"


def test_measured_and_predicted_spectra_of_one_spot_are_drawn(pair, predicted):
    display = SpectraDisplay.from_predictions(
        pair.X_primary, predicted, spot=3, wavelengths=pair.wavelengths_primary
    )
    measured, guess = (curve.get_ydata() for curve in display.curves_)
    assert_array_equal(measured, pair.X_primary[3])
    assert_array_equal(guess, predicted[3])
    assert labels(display) == ["measured", "predicted"]


def test_measured_and_predicted_means_are_drawn_without_a_spot(pair, predicted):
    display = SpectraDisplay.from_predictions(pair.X_primary, predicted)
    assert_allclose(
        display.curves_[1].get_ydata(), predicted.mean(axis=0, dtype=float), rtol=1e-9
    )
    assert display.ax_.get_xlabel() == "channel"


def test_an_estimator_is_compared_without_baseline(pair):
    frame = pd.DataFrame(
        pair.X_primary, columns=[f"{w} nm" for w in pair.wavelengths_primary]
    )
    transfer = make_transfer_pipeline(Ridge()).fit(pair.X_secondary, frame)
    display = SpectraDisplay.from_estimator(transfer, pair.X_secondary, frame, spot=0)
    measured, guess = display.curves_
    assert_array_equal(measured.get_ydata(), transfer[-1].transform_target(frame)[0])
    assert_array_equal(guess.get_ydata(), transfer.predict(pair.X_secondary)[0])
    assert_array_equal(guess.get_xdata(), pair.wavelengths_primary)


def test_the_first_curve_shows_from_under_the_second(pair):
    display = SpectraDisplay.from_maps(pair)
    first, second = (curve.get_linewidth() for curve in display.curves_)
    assert first > second


def test_curves_have_colours_of_their_own_unless_given(pair):
    display = SpectraDisplay.from_maps(pair)
    assert [to_hex(c.get_color()).upper() for c in display.curves_] == list(CURVES[:2])
    display = SpectraDisplay.from_maps(pair, sides="primary", color="red", lw=3)
    assert (display.curves_[0].get_color(), display.curves_[0].get_linewidth()) == (
        "red",
        3,
    )


def test_an_axis_that_does_not_fit_is_refused(pair):
    with pytest.raises(WavelengthError, match="one entry for each channel"):
        SpectraDisplay.from_spectra({"day": pair.X_primary}, [1.0, 2.0])


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="at least one set"):
        SpectraDisplay.from_spectra({})


def test_mean_of_float32_spectra_is_summed_in_float64_over_many_blocks(rng):
    spectra = (1e5 + rng.normal(size=(5000, 2000))).astype(np.float32)
    assert_allclose(
        mean_spectrum(spectra), spectra.mean(axis=0, dtype=np.float64), rtol=1e-13
    )


def test_a_single_spectrum_is_its_own_mean():
    assert_array_equal(mean_spectrum([1.0, 5.0]), [1.0, 5.0])


def test_mean_refuses_a_spectrum_that_is_not_finite():
    with pytest.raises(ValueError, match="spectrum 1, channel 0"):
        mean_spectrum([[1.0, 2.0], [np.nan, 2.0]])


def test_the_mean_of_memory_mapped_spectra_is_taken_in_blocks(tmp_path):
    shape = (12_000, 1000)  # 48 MB on the disk
    np.lib.format.open_memmap(tmp_path / "a.npy", "w+", np.float32, shape)
    spectra = np.load(tmp_path / "a.npy", mmap_mode="r")
    tracemalloc.start()
    mean_spectrum(spectra)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6
