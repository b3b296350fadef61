"""No line of a table is taken for its preamble or footer, and none is lost."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.exceptions import FileFormatError
from spectransfer.io import read_spectra


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, name="spectra.csv", **options):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read_spectra(path, **options)

    return write_and_read


def rows(n_columns, n_rows, end=""):
    """Write rows with a name and values that run up, as an axis would."""
    return "".join(
        ",".join([f"s{i}", *(str(i + j) for j in range(n_columns - 1))]) + end + "\n"
        for i in range(n_rows)
    )


def columns(n_columns, n_rows, first=400):
    """Write an axis and spectra beside it."""
    return "".join(
        ",".join(
            [str(first + i), *(str((i * 7 + j) % 11) for j in range(1, n_columns))]
        )
        + "\n"
        for i in range(n_rows)
    )


@pytest.mark.parametrize("n_rows", [2, 3, 9, 30])
@pytest.mark.parametrize("preamble", ["", "Operator: Eva\n", "Gain,3\n"])
@pytest.mark.parametrize(
    ("header", "n_columns", "end"),
    [
        ("sample, id,400,401,402", 4, ""),
        ("sample_id,400,401,402", 5, ""),
        ("sample_id,400,401,402", 4, ",ok"),
        ("sample_id,400,401,402,403", 4, ""),
        ("sample_id,400,401,402\na,1,2", 4, ""),
        ("sample_id,400,401,402\na,1,2,3,comment", 4, ""),
        ('sample_id,400,401,402\n"a\nb",1,2,3', 4, ""),
        ("sample_id,400,401,402\n# measured on Monday", 4, ""),
        ("# sample_id,400,401,402,403", 4, ""),
    ],
)
def test_a_header_of_another_length_makes_no_spectrum_the_axis(
    read, header, n_columns, end, preamble, n_rows
):
    text = f"{preamble}{header}\n{rows(n_columns, n_rows, end)}"
    with pytest.raises(FileFormatError, match=r"line [1-5], must (have|be)"):
        read(text)


@pytest.mark.parametrize("n_rows", [2, 3, 9, 30])
@pytest.mark.parametrize(
    ("header", "n_columns"),
    [
        ("wavelength (nm),a,b,c", 3),
        ("wavelength (nm),a", 3),
        ("Wavelength, nm,Intensity, counts", 2),
        ("Wavelength,Intensity", 4),
        ("400,401,402,403", 3),
        ("wavelength (nm),a,b\n400,1", 3),
        ("wavelength (nm),counts\n399,1\n# lamp changed, new, fibre", 2),
        ("399,1\n# lamp changed, new, fibre", 2),
    ],
)
def test_columns_keep_the_names_and_the_unit_above_them_or_are_refused(
    read, header, n_columns, n_rows
):
    with pytest.raises(FileFormatError, match=r"line [123], must"):
        read(f"{header}\n{columns(n_columns, n_rows)}")


def test_a_row_of_one_channel_is_no_preamble_where_later_names_are_numbers(read):
    with pytest.raises(FileFormatError, match="line 2, must be a row"):
        read("sample_id,400.5\na,1.5\n-51,2.5\nnan,3.7\n")


def test_decimal_commas_between_commas_are_named_as_a_cause(read):
    with pytest.raises(FileFormatError, match=r"line 1, .*4 cells.*decimal commas"):
        read("Wavelength,Intensity\n400,5,1200,3\n401,5,1207,1\n402,5,1201,4\n")


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("n_ends", [1, 3])
def test_an_empty_end_of_the_header_alone_is_no_column(read, mark, n_ends):
    text = "sample_id,400,401,402" + "," * n_ends + "\na,1,2,3\nb,2,3,4\n"
    found = read(text.replace(",", mark))
    assert_array_equal(found.wavelengths, [400, 401, 402])
    assert found.sample_id.tolist() == ["a", "b"]
    text = "wavelength (nm),counts" + "," * n_ends + "\n400,5\n401,6\n"
    found = read(text.replace(",", mark))
    assert (found.unit, found.intensity) == ("nm", "counts")


def test_names_of_rows_without_a_header_are_told_from_values_that_follow(read):
    assert read("400,401,402\n1,5,6,7\n2,6,7,8\n").X.shape == (2, 3)
    assert read("400,401,402\na,5,6,7\nb,6,7,8\n").sample_id.tolist() == ["a", "b"]
    with pytest.raises(FileFormatError, match="line 1, must have a cell for each"):
        read("400,401,402\n5,6,7,99\n6,7,8,98\n7,9,9,97\n")


@pytest.mark.parametrize(
    "header",
    [
        "Wavelength (nm)  Counts",
        "# wavelength (nm), counts",
        "Wavelength [nm] Counts",
        "#Wavelength\t\tCounts",
    ],
)
def test_a_header_of_words_with_blanks_names_columns_divided_by_blanks(read, header):
    found = read(header + "\n" + columns(2, 8).replace(",", "  "))
    assert found.wavelengths[0] == 400
    assert found.intensity == "counts"
    assert found.unit == ("nm" if "nm" in header else None)


@pytest.mark.parametrize("n_peaks", [2, 3, 8])
@pytest.mark.parametrize("peaks", ["Wavelength (nm),Height,Area\n", ""])
@pytest.mark.parametrize("first", ["wavelength (nm),counts\n", ""])
def test_of_two_tables_none_takes_the_place_of_the_other(read, first, peaks, n_peaks):
    text = first + columns(2, 200) + "\nPeaks found\n" + peaks + columns(3, n_peaks)
    with pytest.raises(FileFormatError, match=r"line [12], must hold one table"):
        read(text)


def test_of_two_tables_with_names_of_rows_none_takes_the_place_of_the_other(read):
    text = "sample_id,400,401,402\n" + rows(4, 9) + "Means\nsample,Mean\n" + rows(2, 9)
    with pytest.raises(FileFormatError, match="must hold one table"):
        read(text)


@pytest.mark.parametrize(
    "ids",
    [
        ["#1", "#2", "#3"],
        ["start-1", "end-1"],
        ["a", "b", "*std"],
        ["5%", "%10", "%20"],
        [">5", "=5"],
        ["end"],
    ],
)
@pytest.mark.parametrize("unit", ["", " nm"])
def test_rows_of_samples_are_no_footer(read, ids, unit):
    header = f"sample_id,400{unit},401{unit},402{unit}\n"
    text = header + "".join(f"{i},1,2,3\n" for i in ids)
    assert read(text).sample_id.tolist() == ids
    footer = text + "# end of data\n>>> bye, bye\n"
    found = read(footer)
    assert found.sample_id.tolist() == ids
    assert "2 lines below left out" in found.notes


@pytest.mark.parametrize(
    "preamble",
    [
        "ROI,0,1023\n",
        "Coefficients,400.1,0.5,1e-5\nGain,3\n",
        "Wavelength;785;nm\nGain;3\n",
        "Range x,0,100\nRange y,0,100\nGain,3\n",
        "12,30,00\n2024,01,02\nnoon\n",
    ],
)
def test_a_preamble_with_numbers_stays_one(read, preamble):
    found = read(preamble + "wavelength (nm),counts\n" + columns(2, 9))
    assert found.wavelengths.tolist() == list(np.arange(400, 409))
    found = read(preamble + columns(2, 9))
    assert found.wavelengths.tolist() == list(np.arange(400, 409))


@pytest.mark.parametrize("end", [";", ":", "=", ": "])
def test_an_entry_of_a_preamble_may_be_empty(read, end):
    text = f"operator{end}\nGain;3\nTitle of all\n"
    found = read(text + "Wavelength (nm);Counts\n400;1\n401;2\n402;5\n")
    assert found.meta == {"operator": "", "Gain": "3", "line 3": "Title of all"}


@pytest.mark.parametrize("values", [["841", "842", "84"], ["1.25", "1.5", "1."]])
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_last_number_that_may_be_cut_is_told(read, values, end):
    rows = [f"{400 + i};{value}" for i, value in enumerate(values)]
    found = read("Wavelength (nm);Counts\n" + "\n".join(rows) + end)
    told = f"the last line has no end: {values[-1]!r} may be cut short"
    assert (told in found.notes) == (end == "")
    whole = read("Wavelength (nm);Counts\n" + "\n".join([*rows[:2], "402;1.95"]))
    assert not any("cut short" in note for note in whole.notes)
