"""Days and materials are what names say, and nothing is guessed in silence."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.adaptation import read_days
from spectransfer.adaptation._days import day_and_material, read_two_columns
from spectransfer.exceptions import FileFormatError

SPECTRUM = "400.0,12\n400.5,70\n401.0,9\n"


@pytest.mark.parametrize(
    ("name", "day", "material"),
    [
        ("2026-03-01_albite_001.txt", (2026, 3, 1), "albite"),
        ("albite-A_2026-03-01_7.csv", (2026, 3, 1), "albite-A"),
        ("20260301 quartz glass 12.txt", (2026, 3, 1), "quartz glass"),
        ("2026_12_31.txt", (2026, 12, 31), "standard"),
        ("2026-03-01/albite_7.txt", (2026, 3, 1), "albite"),
        ("run of 2026-03-01/shots/albite.txt", (2026, 3, 1), "albite"),
        ("2026-02-28/2026-03-01_neon.txt", (2026, 3, 1), "neon"),
        ("99991399_20260301_neon_3.txt", (2026, 3, 1), "99991399__neon"),
    ],
)
def test_names_tell_day_and_material(name, day, material):
    assert day_and_material(Path(name)) == (date(*day), material)


@pytest.mark.parametrize("name", ["albite.txt", "2026-13-01_a.txt", "12026-03-011.txt"])
def test_a_name_without_a_day_is_refused(name):
    with pytest.raises(FileFormatError, match="must tell the day"):
        day_and_material(Path(name))


@pytest.mark.parametrize(
    "text",
    [
        SPECTRUM,
        "Pixels #,Intensity\n" + SPECTRUM,
        "# laser 532\n\n" + SPECTRUM.replace(",", "\t"),
        SPECTRUM.replace(",", ";").replace(".", ","),
        SPECTRUM.replace(",", "  "),
        "\ufeff401.0;9;\n400.5;70;\n400.0;12;\n",
    ],
)
def test_two_columns_are_read_however_they_are_divided(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    axis, spectrum = read_two_columns(path)
    assert_array_equal(axis, [400, 400.5, 401])
    assert_array_equal(spectrum, [12, 70, 9])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("400,1\n401,x\n402,3\n", "line 2 .* is '401,x'"),
        ("400,1,2\n401,1,2\n", "has 0 such rows"),
        ("", "has 0 such rows"),
    ],
)
def test_what_is_no_spectrum_is_refused_with_its_line(tmp_path, text, message):
    path = tmp_path / "2026-03-01_a.txt"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_days(tmp_path)


def test_a_folder_is_read_in_the_order_of_days(tmp_path):
    for day, shots in (("2026-03-02", 2), ("2026-03-01", 1)):
        (tmp_path / day).mkdir()
        for shot in range(shots):
            path = tmp_path / day / f"albite_{shot}.csv"
            path.write_text(SPECTRUM.replace("70", str(int(day[-1]) * 10 + shot)))
    (tmp_path / ".hidden").write_text("nothing")
    X, day, sample, wavelengths = read_days(tmp_path)
    assert_array_equal(X[:, 1], [10, 20, 21])
    assert_array_equal(day.astype(str), ["2026-03-01", *["2026-03-02"] * 2])
    assert set(sample) == {"albite"}
    assert_array_equal(wavelengths, [400, 400.5, 401])


def test_a_file_on_another_axis_is_named(tmp_path):
    (tmp_path / "2026-03-01_a.txt").write_text(SPECTRUM)
    (tmp_path / "2026-03-02_a.txt").write_text(SPECTRUM.replace("401.0", "401.5"))
    with pytest.raises(FileFormatError, match=r"2026-03-02_a.txt \(3 channels"):
        read_days(tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(FileFormatError, match="none that match"):
        read_days(tmp_path)


def test_another_reader_may_be_given(tmp_path):
    np.save(tmp_path / "2026-03-01_a.npy", [[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]])
    days = read_days(tmp_path, read=np.load)
    assert_array_equal(days.X, [[5, 6, 7]])


def test_an_instruments_own_file_is_read(shared_file):
    path = shared_file("data/instrument_files/openraman_calcite.csv")
    axis, spectrum = read_two_columns(path)
    expected = np.loadtxt(path, delimiter=",", skiprows=1)
    assert_array_equal(np.column_stack([axis, spectrum]), expected)


@pytest.mark.parametrize("cells", ["400 1_1", "400 1e999", "400 nan", "4_00 1"])
def test_what_python_takes_for_a_number_and_no_instrument_writes_is_refused(
    tmp_path, cells
):
    (tmp_path / "2026-03-01_a.txt").write_text(f"{cells}\n401 2\n402 3\n")
    with pytest.raises(FileFormatError, match="line 1 of"):
        read_days(tmp_path)
