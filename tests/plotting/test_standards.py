import numpy as np
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.evaluation import StandardsCurve
from spectransfer.plotting import StandardsCurveDisplay


@pytest.fixture
def curve():
    rng = np.random.default_rng(0)
    errors = {"ridge": rng.random((3, 11)), "few": rng.random((3, 11))}
    limits = {"untransferred": np.full(11, 0.4), "primary": np.full(11, 0.1)}
    return StandardsCurve(
        np.array([5, 10, 20]), {"RSE": errors, "assay": errors}, {"assay": limits}
    )


def test_lines_are_medians_and_bands_percentiles(curve):
    display = StandardsCurveDisplay.from_curve(curve)
    for name, errors in curve.errors["RSE"].items():
        drawn = display.lines_[name]
        assert_array_equal(drawn.get_xdata(), curve.sizes)
        assert_allclose(drawn.get_ydata(), np.median(errors, axis=1))
    band = display.ax_.collections[0].get_paths()[0].vertices[:, 1]
    low, high = np.percentile(curve.errors["RSE"]["ridge"], (10, 90), axis=1)
    assert_allclose([band.min(), band.max()], [low.min(), high.max()])


def test_what_needs_no_standards_is_a_horizontal_line(curve):
    display = StandardsCurveDisplay.from_curve(curve, "assay")
    assert_array_equal(display.lines_["untransferred"].get_ydata(), [0.4, 0.4])
    assert_array_equal(display.lines_["primary"].get_ydata(), [0.1, 0.1])
    assert display.ax_.get_ylabel() == "RMSEP of assay"
    styles = {line.get_linestyle() for line in display.ax_.lines}
    assert len(styles) == 3


def test_it_draws_on_the_axes_it_is_given(curve):
    _, ax = plt.subplots()
    assert StandardsCurveDisplay.from_curve(curve, ax=ax).ax_ is ax


def test_ticks_are_the_numbers_of_standards(curve):
    display = StandardsCurveDisplay.from_curve(curve)
    labels = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert labels == ["5", "10", "20"]


def test_errors_of_another_shape_and_unknown_figures_are_refused(curve):
    with pytest.raises(ValueError, match="a row for each of 2"):
        StandardsCurveDisplay([5, 10], {"ridge": [[0.1, 0.2]]})
    with pytest.raises(ValueError, match="'RSE', 'assay'"):
        StandardsCurveDisplay.from_curve(curve, "protein")


def test_the_legend_says_what_bands_are_and_stands_beside_the_curves(curve):
    display = StandardsCurveDisplay.from_curve(curve, "assay")
    legend = display.ax_.get_legend()
    assert legend.get_title().get_text() == "median, and 10 to 90 % of draws"
    display.figure_.canvas.draw()
    outside = legend.get_window_extent().x0 - display.ax_.get_window_extent().x1
    assert outside > 0
    width = display.figure_.get_window_extent().x1
    assert legend.get_window_extent().x1 <= width


def test_a_single_draw_has_no_bands_to_be_told_of(curve):
    display = StandardsCurveDisplay([5, 10], {"ridge": [[0.2], [0.1]]}).plot()
    assert display.ax_.get_legend().get_title().get_text() == ""


def test_untransferred_spectra_that_the_user_passes_are_drawn_once(curve):
    errors = {"untransferred": np.full((3, 11), 0.4)} | curve.errors["RSE"]
    limits = {"RSE": {"untransferred": np.full(11, 0.4)}}
    own = StandardsCurve(curve.sizes, {"RSE": errors}, limits)
    display = StandardsCurveDisplay.from_curve(own)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["untransferred", "ridge", "few"]
    assert len(display.lines_["untransferred"].get_xdata()) == 3
    assert [row[0] for row in own.printed().rows] == labels
