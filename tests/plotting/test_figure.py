import numpy as np
import pytest
from matplotlib.colors import to_rgb

from spectransfer.plotting._figure import AREAS, CURVES, area_colors, with_unit

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
