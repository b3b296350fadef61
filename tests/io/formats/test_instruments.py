"""Every file that an instrument's program wrote, read with one call."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.io import read_spectra

FILES = "data/instrument_files/"
# name: kind, spectra, channels, first and last place, unit, intensity, first value
EXPECTED = {
    "bwtek_calcite_532.txt": (
        *("BWTek text", 1, 1801, 145.99, 4010.28, "cm-1", "counts"),
        5403.6667,
    ),
    "bwtek_polystyrene_785.txt": (
        *("BWTek text", 1, 1743, -42.14, 3000.64, "cm-1", "counts"),
        -74.0,
    ),
    "bwtek_polystyrene_785_b.txt": (
        *("BWTek text", 1, 1743, -42.14, 3000.64, "cm-1", "counts"),
        69.0,
    ),
    "horiba_polystyrene_785.txt": (
        *("text table", 1, 1006, 120.387, 3199.64, None, None),
        25850.8,
    ),
    "labspec_acetonitrile_473.txt": (
        *("Horiba LabSpec text", 1, 1600, -560.91, 6267.38, "cm-1", "counts"),
        556.98,
    ),
    "labspec_polystyrene_785.txt": (
        *("Horiba LabSpec text", 1, 2048, 87.8957, 3513.15, "cm-1", "counts"),
        620.5,
    ),
    "openraman_calcite.csv": (
        *("OpenRAMAN text", 1, 2048, 0, 2047, "pixel", "a.u."),
        5.93091,
    ),
    "renishaw_map.txt": (
        *("Renishaw WiRE text, map", 4, 1015, 712.416016, 1808.186523, None, None),
        None,
    ),
    "renishaw_point.txt": (
        *("Renishaw WiRE text, point", 1, 3078, 600.93457, 3399.408203, None, None),
        41363.480469,
    ),
    "wasatch_acetonitrile.csv": (
        *("Wasatch ENLIGHTEN text", 1, 2038, 260.19, 3653.54, "cm-1", "counts"),
        2111.5,
    ),
}


def test_there_is_an_expectation_for_every_file(shared_file):
    folder = shared_file(FILES + "renishaw_map.txt").parent
    assert sorted(path.name for path in folder.iterdir()) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_of_an_instrument_is_read_with_one_call(shared_file, name):
    kind, n, n_channels, first, last, unit, intensity, value = EXPECTED[name]
    spectra = read_spectra(shared_file(FILES + name))
    assert spectra.notes[0] == kind
    assert spectra.X.shape == (n, n_channels)
    assert (spectra.wavelengths[0], spectra.wavelengths[-1]) == (first, last)
    assert (spectra.unit, spectra.intensity) == (unit, intensity)
    assert np.isfinite(spectra.X).all()
    if value is not None:
        assert spectra.X[0, 0] == value


def test_a_map_of_renishaw_keeps_the_places_of_its_points(shared_file):
    path = shared_file(FILES + "renishaw_map.txt")
    spectra = read_spectra(path, unit="cm-1")
    raw = np.loadtxt(path)
    assert spectra.unit == "cm-1"
    for i, (x, y) in enumerate(
        zip(spectra.annotations["X"], spectra.annotations["Y"], strict=True)
    ):
        rows = raw[(raw[:, 0] == x) & (raw[:, 1] == y)]
        assert_array_equal(spectra.X[i], rows[::-1, 3])
        assert_array_equal(spectra.wavelengths, rows[::-1, 2])


def test_other_columns_of_bwtek_and_wasatch_are_had_by_name(shared_file):
    spectra = read_spectra(
        shared_file(FILES + "bwtek_calcite_532.txt"),
        names={"wavelengths": "Wavelength", "X": "Raw data #1"},
    )
    assert spectra.unit == "nm"
    laser = float(spectra.meta["laser_wavelength"].replace(",", "."))
    shift = 1e7 / laser - 1e7 / spectra.wavelengths
    default = read_spectra(shared_file(FILES + "bwtek_calcite_532.txt"))
    assert_allclose(shift[-1801:], default.wavelengths, atol=1.0)
    spectra = read_spectra(
        shared_file(FILES + "wasatch_acetonitrile.csv"),
        names={"wavelengths": "Pixel"},
    )
    assert spectra.unit == "pixel"
    assert spectra.wavelengths[0] == 10


def test_preambles_are_kept(shared_file):
    def meta(name):
        return read_spectra(shared_file(FILES + name)).meta

    assert meta("bwtek_calcite_532.txt")["laser_wavelength"] == "532,02"
    assert meta("labspec_polystyrene_785.txt")["Laser (nm)"] == "785"
    assert meta("labspec_polystyrene_785.txt")["Detector temperature (°C)"] == "-49.97"
    assert meta("labspec_acetonitrile_473.txt")["Range"] == "Off"
    assert meta("labspec_acetonitrile_473.txt")["Range (line 26)"] == "Visible"
    assert meta("wasatch_acetonitrile.csv")["Laser Wavelength"] == "785.041"


def test_a_pattern_of_files_becomes_a_table(shared_file):
    folder = shared_file(FILES + "renishaw_map.txt").parent
    spectra = read_spectra(folder / "bwtek_poly*.txt")
    assert spectra.sample_id.tolist() == [
        "bwtek_polystyrene_785",
        "bwtek_polystyrene_785_b",
    ]
    times = spectra.annotations["intigration times(ms)"]
    assert times.tolist() == [1300, 3200]
    assert spectra.meta["title"] == "BWS415-785S"


def test_files_of_several_instruments_are_no_table(shared_file):
    folder = shared_file(FILES + "renishaw_map.txt").parent
    with pytest.raises(WavelengthError, match=r"bwtek_poly.*\.txt has 1743 channels"):
        read_spectra(folder)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_cut_short_is_refused_or_read_up_to_there(
    shared_file, name, kept, tmp_path
):
    content = shared_file(FILES + name).read_bytes()
    path = tmp_path / name
    path.write_bytes(content[: int(kept * len(content))])
    try:
        spectra = read_spectra(path)
    except (FileFormatError, WavelengthError):
        return
    assert spectra.X.shape[1] < EXPECTED[name][2]


@pytest.mark.parametrize("name", ["bwtek_calcite_532.txt", "wasatch_acetonitrile.csv"])
def test_a_file_with_fewer_pixels_than_it_promises_is_refused(
    shared_file, name, tmp_path
):
    lines = shared_file(FILES + name).read_bytes().splitlines(keepends=True)
    path = tmp_path / name
    path.write_bytes(b"".join(lines[:-100]))
    with pytest.raises(FileFormatError, match=r"2048 pixels that .* ends after 1948"):
        read_spectra(path)


def test_soils_whose_axis_steps_back_are_told_as_they_are(shared_file):
    path = shared_file("data/libs_soils_goueguel_171x6669.npz")
    with pytest.raises(
        WavelengthError, match=r"channel 6242 steps from 766\.15 to 765\.716 nm"
    ):
        read_spectra(path)
    merged = read_spectra(path, detectors="upper")
    assert merged.X.shape == (171, 6663)
    assert "2 detectors merged by 'upper': 6 of their channels" in merged.notes[-1]
