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
