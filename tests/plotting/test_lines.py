from itertools import pairwise

import numpy as np
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from spectransfer.plotting import LIBS_LINES, SpectraDisplay
from spectransfer.plotting._lines import lines_to_label, peak_near, spread_places
from spectransfer.simulation._plasma import lines as atomic_lines
from spectransfer.simulation._plasma import species as atomic_species

AXIS = np.linspace(250.0, 410.0, 3201)


def spectrum_with(*lines: float, height: float = 1000.0) -> np.ndarray:
    return 100.0 + sum(height * np.exp(-(((AXIS - w) / 0.05) ** 2)) for w in lines)


@pytest.mark.parametrize("wavelength", LIBS_LINES)
def test_every_built_in_line_is_one_of_the_atomic_data(wavelength):
    lines, elements = atomic_lines(), atomic_species().elements
    element, stage = LIBS_LINES[wavelength].split()
    species = 2 * elements.index(element) + ["I", "II"].index(stage)
    own = lines.wavelengths[lines.species == species]
    assert np.abs(own - wavelength).min() < 5e-4


def test_built_in_lines_are_labelled_where_they_stand_out():
    curve = (AXIS, spectrum_with(288.158, 393.366))
    assert list(lines_to_label("libs", [curve]).values()) == ["Si I", "Ca II"]


def test_a_line_that_stands_out_from_one_of_two_curves_is_labelled():
    flat, peaked = (AXIS, spectrum_with(309.27)), (AXIS, spectrum_with(288.158))
    assert len(lines_to_label("libs", [flat, peaked])) == 2


def test_all_lines_of_a_given_table_that_lie_on_the_axis_are_labelled_in_order():
    table = {500.0: "outside", 300.0: "second", 260.0: "first"}
    found = lines_to_label(table, [(AXIS, spectrum_with(288.0))])
    assert list(found.items()) == [(260.0, "first"), (300.0, "second")]


def test_another_name_of_a_table_is_refused():
    with pytest.raises(ValueError, match="lines must be a mapping"):
        lines_to_label("raman", [])


def test_places_move_as_little_as_possible_in_least_squares(rng):
    wanted = np.sort(rng.uniform(0, 10, 6))
    found = spread_places(wanted, 1.2, 0.0, 10.0)
    expected = minimize(
        lambda x: ((x - wanted) ** 2).sum(),
        np.linspace(1, 9, 6),
        method="SLSQP",
        bounds=[(0, 10)] * 6,
        constraints={"type": "ineq", "fun": lambda x: np.diff(x) - 1.2},
        options={"ftol": 1e-14, "maxiter": 500},
    ).x
    assert_allclose(found, expected, atol=1e-5)  # the optimizer's own tolerance


def test_places_that_are_far_enough_apart_stay():
    assert_allclose(spread_places([1.0, 3.0, 9.0], 2.0, 0.0, 10.0), [1, 3, 9])


def test_places_that_do_not_all_fit_share_the_room():
    assert_allclose(spread_places([4.0, 5.0, 6.0], 30.0, 0.0, 10.0), [0, 5, 10])


def test_the_peak_of_a_line_is_the_highest_channel_near_it():
    spectrum = np.array([1.0, 7.0, 2.0, 50.0])
    assert peak_near(300.15, np.array([300.0, 300.1, 300.2, 301.0]), spectrum) == 7.0
    assert peak_near(300.6, np.array([300.0, 300.1, 300.2, 301.0]), spectrum) == 50.0


def drawn(size=(8.0, 3.6)):
    axes = plt.subplots(figsize=size)[1]
    spectrum = spectrum_with(288.158, 393.366, 394.401, 396.152, 396.847)
    display = SpectraDisplay({"mean": spectrum}, {"mean": AXIS}, lines="libs").plot(
        axes
    )
    display.figure_.canvas.draw()
    return display, spectrum


@pytest.mark.parametrize("size", [(8.0, 3.6), (4.0, 3.0), (8.0, 2.2)])
def test_labels_do_not_overlap_and_stay_inside_the_axes(size):
    display, _ = drawn(size)
    boxes = [text.get_window_extent() for text in display.line_labels_]
    # the box of an annotation holds its thin line, too: here only the words
    words = [super(type(t), t).get_window_extent() for t in display.line_labels_]
    frame = display.ax_.get_window_extent()
    assert len(boxes) == 5
    for left, right in pairwise(words):
        assert left.x1 <= right.x0
    assert all(frame.y0 < box.y0 and box.y1 <= frame.y1 for box in words)
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in words)


def test_labels_point_at_their_peaks_and_stand_above_the_spectrum():
    display, spectrum = drawn()
    first = display.line_labels_[0]
    assert first.get_text() == "Si I 288.16"
    assert first.xy == (288.1578, peak_near(288.1578, AXIS, spectrum))
    assert all(text.xyann[1] > spectrum.max() for text in display.line_labels_)


def test_without_lines_nothing_is_labelled():
    display = SpectraDisplay({"mean": spectrum_with(288.0)}, {"mean": AXIS}).plot()
    assert display.line_labels_ == []
