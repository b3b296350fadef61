"""Units of axes: every spelling, conversions against published values."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer._axis import parse_unit, read_name
from spectransfer.exceptions import WavelengthError
from spectransfer.spectra import Axis, SpectraPair, merge_detectors

SPELLED = {
    "nm": ["nm", "NM", " nm ", "[nm]", "(nm)", "nanometers", "Wavelength (nm)",
           "nm (air)", "nm, vac", "\u03bb/nm"],
    "um": ["um", "\u00b5m", "\u03bcm", "micron", "micrometre"],
    "angstrom": ["Angstrom", "\u00c5", "\u212b", "\u00c5ngstr\u00f6m", "AA",
                 "Angstroem"],
    "cm-1": [
        "cm-1", "cm^-1", "cm\u207b\u00b9", "1/cm", "cm\u22121", "cm^{-1}", "cm**-1",
        "cm$^{-1}$", "cm\u2011\u00b9", "cm\u20101",
        "Raman shift / cm-1", "Raman Shift (cm-1)", "Wavenumber [1/cm]",
    ],
    "eV": ["eV", "EV", "Energy (eV)", "electronvolt"],
    "pixel": ["pixel", "Pixels", "px"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "text"), [(u, t) for u, texts in SPELLED.items() for t in texts]
)
def test_every_spelling_means_its_unit(unit, text):
    assert parse_unit(text) == unit


@pytest.mark.parametrize("text", ["", "mm", "keV", "counts", "nm2", "n m x", 3, None])
def test_what_is_no_unit_of_an_axis_is_refused(text):
    with pytest.raises(WavelengthError, match="one of nm, um, angstrom"):
        parse_unit(text)


@pytest.mark.parametrize(
    ("start", "unit", "to", "expected"),
    [
        (500.0, "nm", "cm-1", 20000.0),
        (20000.0, "cm-1", "nm", 500.0),
        (500.0, "nm", "eV", 2.47968397),  # hc = 1239.841984 eV nm
        (1.0, "eV", "cm-1", 8065.54394),  # CODATA
        (0.5, "um", "angstrom", 5000.0),
    ],
)
def test_conversions_agree_with_published_constants(start, unit, to, expected):
    assert_allclose(Axis([start], unit).to(to).values, expected, rtol=1e-8)


@pytest.mark.parametrize("unit", ["um", "angstrom", "cm-1", "eV"])
def test_a_conversion_there_and_back_changes_nothing(unit):
    axis = Axis(np.linspace(200, 1000, 50), "nm")
    assert_allclose(axis.to(unit).to("nm").values, axis.values, rtol=1e-13)


def test_a_raman_shift_is_counted_from_the_laser():
    shift = Axis([-100.0, 0.0, 1001.4], "cm-1")
    assert_allclose(shift.to("nm", laser=785.0).values[1], 785.0)
    assert_allclose(
        shift.to("nm", laser=785.0).to("cm-1", laser=785.0).values,
        shift.values,
        atol=1e-9,
    )
    with pytest.raises(WavelengthError, match="laser="):
        shift.to("nm")
    with pytest.raises(WavelengthError, match="Leave it out"):
        Axis([500.0], "nm").to("eV", laser=785.0)


@pytest.mark.parametrize(
    ("air", "vacuum"),
    [(588.9950, 589.1583), (393.3663, 393.4777)],  # Na, Ca II: NIST ASD
)
def test_wavelengths_in_air_and_vacuum_are_those_of_the_tables(air, vacuum):
    assert_allclose(Axis([air], "nm").to_vacuum().values, vacuum, atol=1e-4)
    assert_allclose(Axis([vacuum / 1e3], "um").to_air().values, air / 1e3, atol=1e-7)
    there = Axis([air], "nm").to_vacuum().to_air()
    assert_allclose(there.values, air, rtol=1e-12)


def test_pixels_and_unknown_units_are_not_converted():
    for unit in ("pixel", None):
        with pytest.raises(WavelengthError, match="are converted into each other"):
            Axis([1.0], unit).to("nm")
    with pytest.raises(WavelengthError, match="wavenumbers and energies"):
        Axis([1.0], "cm-1").to_air()


def test_an_axis_never_changes_and_survives_copies():
    axis = Axis([3.0, 2.0, 1.0], "cm^-1")
    with pytest.raises(ValueError, match="read-only"):
        axis.values[0] = 5.0
    assert deepcopy(axis) == axis == pickle.loads(pickle.dumps(axis))
    assert len({axis, Axis([3.0, 2.0, 1.0], "1/cm")}) == 1
    assert axis.in_order().values.tolist() == [1.0, 2.0, 3.0]
    assert axis.in_order().as_written() == axis


@pytest.mark.parametrize("unit", [None, *SPELLED])
def test_names_read_back_as_the_very_axis(unit):
    axis = Axis([-1.5, 1 / 3, 1e5 / 3], unit)
    read = [read_name(name) for name in axis.names]
    assert [value for value, _ in read] == axis.values.tolist()
    assert {found for _, found in read} == {unit}


@pytest.mark.parametrize("name", ["sample", "1st", "400.5.1", "402*", "nan", ""])
def test_other_names_are_no_channels(name):
    assert read_name(name) is None


def test_a_pair_brings_decreasing_axes_to_order_and_remembers(tmp_path):
    from spectransfer.io import load_pair, save_pair

    X = np.arange(12.0).reshape(4, 3)
    pair = SpectraPair(X, X, Axis([3.0, 2.0, 1.0], "cm-1"), Axis([1.0, 2, 3], "nm"))
    assert pair.wavelengths_secondary.tolist() == [1.0, 2.0, 3.0]
    assert_array_equal(pair.X_secondary, X[:, ::-1])
    assert np.shares_memory(pair.X_secondary, X)
    some = pair[1:3]
    assert (some.units, some.descending) == (("cm-1", "nm"), (True, False))
    save_pair(pair, tmp_path / "pair.npz")
    with np.load(tmp_path / "pair.npz") as written:
        assert written["wavelengths_secondary"].tolist() == [3.0, 2.0, 1.0]
        assert_array_equal(written["X_secondary"], X)
    read = load_pair(tmp_path / "pair.npz")
    assert (read.units, read.descending) == (pair.units, pair.descending)
    assert_array_equal(read.X_secondary, pair.X_secondary)
    assert read.meta == pair.meta


@pytest.mark.parametrize("keep", ["mean", "lower", "upper"])
def test_two_detectors_are_merged_where_they_overlap(keep):
    low, high = np.arange(0.0, 6.0), np.arange(4.0, 10.0)
    X = np.hstack([np.full((2, 6), 1.0), np.full((2, 6), 3.0)])
    merged, axis = merge_detectors(X, np.append(low, high), unit="nm", keep=keep)
    assert axis.values.tolist() == list(range(10))
    both = {"mean": 2.0, "lower": 1.0, "upper": 3.0}[keep]
    assert merged[0].tolist() == [1.0] * 4 + [both] * 2 + [3.0] * 4
    turned, _ = merge_detectors(X[:, ::-1], np.append(low, high)[::-1], keep=keep)
    assert_array_equal(turned, merged)


def test_repeated_channels_are_refused_with_the_tool_that_merges_them():
    with pytest.raises(WavelengthError, match=r"both at 310 nm.*merge_detectors"):
        Axis([300.0, 310.0, 310.0, 320.0], "nm")
