"""Whatever a user has for an axis, a unit or a laser: read, or refused in our words."""

from datetime import date

import numpy as np
import pytest

from spectransfer.exceptions import WavelengthError
from spectransfer.spectra import Axis, PairedMaps, Spectra, SpectraPair

sparse = pytest.importorskip("scipy.sparse")

X = np.arange(12.0).reshape(3, 4)
W = np.arange(400.0, 404)


@pytest.mark.parametrize(
    ("names", "unit"),
    [
        (["400.0 nm", "401.0 nm", "402 nm", "403nm"], "nm"),
        (np.array(["400", "401", "402", "403"]), None),
        (np.array(["400 1/cm", "401 cm-1", "402 cm^-1", "403 cm-1"], object), "cm-1"),
    ],
)
def test_names_of_channels_are_an_axis_with_its_unit(names, unit):
    for read in (Axis(names), Spectra(X, names).axis):
        assert read.values.tolist() == W.tolist()
        assert read.unit == unit
    pair = SpectraPair(X, X, names, W)
    assert pair.units == (unit, None)


def test_the_names_of_our_own_frames_are_an_axis():
    pytest.importorskip("pandas")
    frame = Spectra(X, W, unit="nm").as_frame()
    again = Spectra(frame.to_numpy(), frame.columns)
    assert again.axis == Axis(W, "nm")


@pytest.mark.parametrize(
    "values",
    [
        [[1.0], [2.0, 3.0]],
        {1: 2.0, 2: 3.0},
        {1.0, 2.0},
        sparse.csr_array([[1.0, 2.0]]),
        [1, 10**400],
        np.array([1.0, 2.0]) + 1j,
        np.array(["2024-01-01", "2024-01-02"], "M8[D]"),
        [date(2024, 1, 1), date(2024, 1, 2)],
        ["400 nm", "0.5 um"],
        ["400", "x"],
        [400.0, None],
        ["400,5", "401,5"],
        None,
        (v for v in W),
    ],
    ids=lambda values: type(values).__name__,
)
def test_what_is_no_axis_is_refused_in_our_words(values):
    for use in (
        lambda: Axis(values),
        lambda: Spectra(X[:, :2], values),
        lambda: SpectraPair(X, X[:, :2], W, values),
    ):
        with pytest.raises(WavelengthError, match="must be"):
            use()


def test_an_axis_of_an_axis_has_one_unit():
    assert Axis(Axis(W, "nm")).unit == "nm"
    assert Axis(Axis(W), "nm").unit == "nm"
    with pytest.raises(WavelengthError, match="one unit"):
        Axis(Axis(W, "nm"), "cm-1")


@pytest.mark.parametrize("laser", ["785", "532,02", [785.0], np.inf, np.nan, 0, -1.0])
def test_a_laser_is_a_number(laser):
    with pytest.raises(WavelengthError, match="laser is"):
        Axis(W, "cm-1").to("nm", laser=laser)


def test_text_of_a_laser_is_told_how_it_becomes_a_number():
    with pytest.raises(WavelengthError, match=r"float\(text"):
        Axis(W, "cm-1").to("nm", laser="532,02")
    assert len(Axis(W, "cm-1").to("nm", laser=np.float32(532.02))) == 4


@pytest.mark.parametrize("written", ["increasing", "decreasing"])
def test_conversion_keeps_the_way_in_which_files_are_written(written):
    axis = Axis(W, "nm", written)
    assert axis.to("um").direction == written
    assert axis.to_air().direction == written
    for unit in ("cm-1", "eV"):
        there = axis.to(unit)
        # the first place of the file stays the first
        assert there.as_written().values[0] == pytest.approx(
            Axis([axis.as_written().values[0]], "nm").to(unit).values[0]
        )
        assert there.to("nm").direction == written


def test_equal_axes_have_equal_hashes():
    one, other = Axis([-0.0, 1.0], "nm"), Axis([0.0, 1.0], "nm")
    assert one == other
    assert hash(one) == hash(other)


MAPS = PairedMaps(X, X, W, W, shape=(3, 1))


@pytest.mark.parametrize("ends", [("400", "401"), (np.nan, 401), (400, None)])
def test_a_band_runs_between_numbers(ends):
    with pytest.raises(WavelengthError, match="numbers"):
        MAPS.band("primary", *ends)
    assert MAPS.band("primary", np.float32(400), 401).shape == (3, 1)


@pytest.mark.parametrize("shape", [None, (3, 1, 1), 3, "31", ("3", "1")])
def test_a_map_has_rows_and_columns(shape):
    with pytest.raises(ValueError, match="n_rows, n_columns"):
        PairedMaps(X, X, W, W, shape=shape)


@pytest.mark.parametrize("name", ["annotations", "meta"])
def test_what_is_known_beside_spectra_has_names(name):
    for make in (
        lambda **known: Spectra(X, W, **known),
        lambda **known: SpectraPair(X, X, W, W, **known),
    ):
        with pytest.raises(TypeError, match=f"{name} must be a mapping"):
            make(**{name: [1, 2, 3]})


@pytest.mark.parametrize("units", [5, ("nm",), ("nm", "nm", "nm"), ("nm", 5)])
def test_units_are_those_of_both_sides(units):
    with pytest.raises(ValueError, match="unit"):
        SpectraPair(X, X, W, W, units=units)
