import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge

from spectransfer import BaselineCorrector, PrimarySpaceRegressor
from spectransfer._axis import Axis
from spectransfer.exceptions import WavelengthError
from spectransfer.plotting import with_whole_formulas
from spectransfer.plotting._figure import (
    AREAS,
    CURVES,
    area_colors,
    axis_label,
    axis_of,
    extent_of,
    measured_and_predicted,
    pitch_of,
    places,
    with_unit,
)

# Machado, Oliveira and Fernandes, IEEE Trans. Vis. Comput. Graph. 15, 2009: what
# readers without one kind of cone see, in linear RGB
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
WHITE = [0.9505, 1.0, 1.089]


def lab(colors, vision):
    """CIE L*a*b* of colours, as somebody sees them."""
    rgb = np.array([to_rgb(color) for color in colors])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(VISION[vision]).T, 0, 1)
    xyz = seen @ np.array(TO_XYZ).T / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def least_distance(colors, vision):
    places = lab(colors, vision)
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    return apart[~np.eye(len(colors), dtype=bool)].min()


# 2.3 is a just noticeable difference; ten and more is told apart in a legend
@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize(
    ("colors", "least"),
    [(CURVES[:3], 50), (CURVES, 15), (AREAS[:4], 20), (AREAS, 10)],
)
def test_colour_blind_readers_tell_the_colours_apart(colors, least, vision):
    assert least_distance(colors, vision) > least


def test_every_area_is_much_lighter_than_the_black_of_a_mark():
    assert lab(AREAS, "normal")[:, 0].min() > 65
    assert lab(area_colors(20), "normal")[:, 0].min() > 25


def test_more_areas_than_hues_grow_lighter_from_one_to_the_next():
    lightness = lab(area_colors(20), "deuteranopia")[:, 0]
    assert (np.diff(lightness) > 1).all()


@pytest.mark.parametrize("n", [1, 9, 10, 20])
def test_there_are_as_many_different_colours_as_areas(n):
    assert len({to_rgb(color) for color in area_colors(n)}) == n


def test_a_unit_stands_in_brackets_and_none_leaves_them_out():
    assert with_unit("error", "counts") == "error (counts)"
    assert with_unit("error", None) == "error"


def test_the_first_shot_has_its_centre_at_zero_and_rows_count_downwards():
    left, right, bottom, top = extent_of((3, 5), None)
    assert (left, right) == (-0.5, 4.5)
    assert (bottom, top) == (2.5, -0.5)


def test_micrometres_become_millimetres():
    assert extent_of((2, 10), (40.0, 20.0)) == pytest.approx((-0.01, 0.19, 0.06, -0.02))
    assert pitch_of((40.0, 20.0)) == (pytest.approx(0.04), pytest.approx(0.02), "mm")


def test_without_a_step_shots_are_counted():
    assert pitch_of(None) == (1.0, 1.0, "shots")


def test_the_axis_is_the_users_then_the_column_names_then_a_count():
    named = pd.DataFrame([[1.0, 2.0]], columns=["300.5", "301.5"])
    assert axis_of([1.0, 2.0], 2, named) == Axis([1.0, 2.0])
    assert axis_of(None, 2, [[1.0, 2.0]], named) == Axis([300.5, 301.5])
    assert axis_of(None, 3, named) is None
    assert places(None, 3).tolist() == [0.0, 1.0, 2.0]


def test_an_axis_of_another_length_is_refused():
    with pytest.raises(WavelengthError, match="2 entries and 3 channels"):
        axis_of([1.0, 2.0], 3)


def test_channels_that_are_counted_have_no_unit():
    assert axis_label(None) == "channel"
    assert axis_label(Axis([1.0])) == "spectral axis"
    assert axis_label(Axis([1.0], "nm")) == "wavelength (nm)"


def test_what_was_measured_is_compared_in_the_space_of_the_predictions(pair):
    transfer = PrimarySpaceRegressor(Ridge(1e3), transformer=BaselineCorrector())
    transfer.fit(pair.X_secondary, pair.X_primary)
    measured, predicted = measured_and_predicted(
        transfer, pair.X_secondary, pair.X_primary
    )
    assert_array_equal(measured, BaselineCorrector().fit_transform(pair.X_primary))
    assert_array_equal(predicted, transfer.predict(pair.X_secondary))


def test_only_what_is_a_formula_is_drawn_as_one():
    ax = plt.figure().subplots()
    ax.set_title(r"$\frac{x$")
    ax.set_xlabel(r"$\mu$m")
    ax.set_ylabel("5 $ and 6 $")
    ax.plot([1], label=r"$\nonsense$")
    ax.legend()
    with_whole_formulas(ax)
    ax.figure.canvas.draw()
    assert not ax.title.get_parse_math()
    assert ax.xaxis.label.get_parse_math()
