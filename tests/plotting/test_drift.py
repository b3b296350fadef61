"""What is drawn of a drift and of watched days is what was found."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import same_color
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.adaptation import watch_instrument
from spectransfer.adaptation._watch import InstrumentWatch
from spectransfer.plotting import ControlChartDisplay, DriftDisplay
from spectransfer.preprocessing import DriftCorrector

CHANNELS = np.arange(200.0)
LINES = np.exp(-0.5 * ((CHANNELS - [[20.0], [90.0], [170.0]]) / 2) ** 2).sum(axis=0)


@pytest.fixture
def corrector():
    reference = 100 + 1000 * LINES + np.random.default_rng(0).normal(0, 1, 200)
    return DriftCorrector(wavelengths=400 + 0.1 * CHANNELS).fit(
        [1.4 * reference], [reference]
    )


def test_curves_and_two_standard_errors_are_those_of_the_corrector(corrector):
    display = DriftDisplay.from_corrector(corrector)
    names = ("gain", "shift", "width", "offset")
    for name, line, band in zip(names, display.lines_, display.bands_, strict=True):
        curve = getattr(corrector, f"{name}_")
        error = getattr(corrector, f"{name}_error_")
        assert_array_equal(line.get_ydata(), curve)
        heights = band.get_paths()[0].vertices[:, 1]
        assert_allclose(heights.max(), (curve + 2 * error).max())
    assert_allclose(display.lines_[0].get_xdata(), 400 + 0.1 * CHANNELS)
    assert display.axes_[2].get_xlabel() == "wavelength (nm)"
    assert f"{corrector.explained_:.1%}" in display.figure_.get_suptitle()


def test_axes_of_the_caller_are_drawn_on_and_counted(corrector):
    figure, axes = plt.subplots(2, 2)
    display = DriftDisplay.from_corrector(corrector, ax=axes)
    assert display.figure_ is figure
    assert figure.get_suptitle() == ""
    with pytest.raises(ValueError, match="ax must hold 4 axes"):
        DriftDisplay.from_corrector(corrector, ax=axes[0])


def days(kind):
    rng = np.random.default_rng(0)
    gain = np.where(np.arange(15) < 13, 1.0, 1.3) * rng.normal(1, 0.02, 15)
    spectra = 100 + 1000 * gain[:, None] * LINES + rng.normal(0, 3, (15, 200))
    dates = np.datetime64("2026-03-01") + np.arange(15)
    named = {"dates": dates, "text": dates.astype(str), "numbers": np.arange(15)}
    return watch_instrument(spectra, named[kind])


@pytest.mark.parametrize("kind", ["dates", "text", "numbers"])
def test_days_and_marks_are_those_of_the_watch(kind):
    watch = days(kind)
    display = ControlChartDisplay.from_watch(watch)
    for name, line in display.lines_.items():
        assert_array_equal(line.get_ydata(), watch.statistics[name])
        out = watch.out(name)
        assert_array_equal(display.marks_[name].get_ydata(), line.get_ydata()[out])
        places = line.get_xdata(orig=False)
        assert np.all(np.diff(places) == 1)
        assert_array_equal(display.marks_[name].get_xdata(orig=False), places[out])
    assert watch.out("gain").sum() == 2
    assert display.axes_[0].get_title() == watch.advice


def test_days_of_reference_are_hollow():
    panel = ControlChartDisplay.from_watch(days("dates")).axes_[2]
    hollow = [
        line for line in panel.lines if same_color(line.get_markerfacecolor(), "white")
    ]
    assert len(hollow[0].get_ydata()) == 10


def test_days_that_are_no_dates_stand_one_after_the_other():
    watch = InstrumentWatch(
        np.array(["Monday", "Tuesday"]),
        np.array([True, False]),
        {"Q": np.array([1.0, 99.0])},
        {"Q": (0.0, 2.0)},
    )
    display = ControlChartDisplay.from_watch(watch)
    assert_array_equal(display.lines_["Q"].get_xdata(), [0, 1])
    assert display.axes_[0].get_yscale() == "log"
