"""Words that instruments write: an unknown unit is none, known ones are spelled so."""

import numpy as np
import pytest

from spectransfer.io import read_spectra
from spectransfer.io.formats._words import axis_name

QUANTITIES = ["Raman shift", "Wavenumber", "Wavelength", "Pixel", "Energy", "Shift"]


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("unit", ["meV", "1/m", "µm-1", "GHz", "mm", "THz", "K"])
@pytest.mark.parametrize("form", ["{} ({})", "{} [{}]", "{} / {}", "{}, {}"])
def test_an_unknown_unit_is_none_and_is_said(tmp_path, quantity, unit, form):
    name = form.format(quantity, unit)
    path = tmp_path / "a.csv"
    path.write_text(f"{name};counts\n10;5\n20;6\n30;7\n", encoding="utf-8")
    found = read_spectra(path)
    assert found.unit is None
    assert f"unit {unit!r} of the axis is not known" in found.notes


@pytest.mark.parametrize("unit", ["meV", "1/m"])
def test_an_unknown_unit_of_a_dataset_is_none_and_is_said(tmp_path, unit):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["X"] = np.ones((2, 3))
        file["wavenumbers"] = [1.0, 2, 3]
        file["wavenumbers"].attrs["units"] = unit
    found = read_spectra(tmp_path / "a.h5")
    assert found.unit is None
    assert f"unit {unit!r} of the axis is not known" in found.notes
    np.savez(tmp_path / "a.npz", X=np.ones((2, 3)), wavenumbers=[1, 2, 3], unit=unit)
    found = read_spectra(tmp_path / "a.npz")
    assert found.unit is None
    assert f"unit {unit!r} of the axis is not known" in found.notes


def test_the_unit_below_a_header_goes_before_that_of_its_words(tmp_path):
    text = "Pixel;Raman shift;Int\npx;meV;counts\n1;7;2\n2;8;3\n3;9;5\n"
    (tmp_path / "a.csv").write_text(text)
    names = {"wavelengths": "Raman shift", "X": "Int"}
    assert read_spectra(tmp_path / "a.csv", names=names).unit is None


@pytest.mark.parametrize("column", ["pixel", "channel", "Energy (eV)", "Pixel #"])
def test_a_describing_column_gives_the_axis_no_unit(tmp_path, column):
    text = f"sample_id,{column},400,401\na,1,2,3\nb,2,4,5\n"
    (tmp_path / "a.csv").write_text(text)
    assert read_spectra(tmp_path / "a.csv").unit is None


@pytest.mark.parametrize(
    "header",
    ["Wavelength (nm),400,401", "nm,400,401", "sample_id,nm,400,401", ",nm,400,401"],
)
def test_the_corner_of_a_table_or_an_empty_column_tells_the_unit(tmp_path, header):
    empty = "," if ",nm" in header else ""
    text = f"{header}\na,{empty}2,3\nb,{empty}4,5\n"
    (tmp_path / "a.csv").write_text(text)
    assert read_spectra(tmp_path / "a.csv").unit == "nm"


@pytest.mark.parametrize(
    ("unit", "spellings"),
    [
        (
            "cm-1",
            ["cm\u2011\u00b9", "cm\u20101", "cm\u22121", "cm⁻¹", "㎝-1", "Kayser"],
        ),
        ("nm", ["nm (air)", "nm, vac", "nm (vacuum)", "nm in air"]),
        ("angstrom", ["Angstroem", "Ångstroem", "Å", "A\u030a"]),
    ],
)
def test_units_are_known_in_the_spellings_of_programs(unit, spellings):
    for spelling in spellings:
        assert axis_name(f"Wavelength [{spelling}]") == (True, unit)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("raman_shift", "cm-1"),
        ("raman_shift_cm-1", "cm-1"),
        ("wavelength_nm", "nm"),
        ("λ/nm", "nm"),
        ("Wavelength", None),
        ("Wellenzahl", "cm-1"),
        ("wavelength_primary", None),
    ],
)
def test_names_of_axes_tell_their_unit(name, unit):
    assert axis_name(name) == (True, unit)
