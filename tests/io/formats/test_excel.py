import re
import sys
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.exceptions import FileFormatError
from spectransfer.io import load_pair, read_spectra

openpyxl = pytest.importorskip("openpyxl")


@pytest.fixture
def workbook(tmp_path):
    def write(name="lab.xlsx", **sheets):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / name)
        return tmp_path / name

    return write


ROWS = [["sample_id", 400.5, 401, 402], ["007", 1.25, 2, 3], ["8", 4, 5, 6e-9]]


def test_a_sheet_is_read_as_text_would_be(workbook):
    path = workbook(Data=[["Operator", "Eva"], ["Laser", 785], *ROWS], Empty=[])
    spectra = read_spectra(path)
    assert_array_equal(spectra.wavelengths, [400.5, 401, 402])
    assert_array_equal(spectra.X, [[1.25, 2, 3], [4, 5, 6e-9]])
    assert spectra.sample_id.tolist() == ["007", "8"]
    assert spectra.meta == {"Operator": "Eva", "Laser": "785"}
    assert spectra.notes[0] == "Excel, sheet 'Data'"


def test_what_is_said_of_a_sheet_with_decimal_commas_is_true_of_a_sheet(workbook):
    rows = [["Probe", "402,0", "401,5"], ["007", "1,5", "2,25"]]
    spectra = read_spectra(workbook(Data=rows))
    assert "decimal comma" in spectra.notes
    assert not any("tabs" in note for note in spectra.notes)
    assert_array_equal(spectra.X, [[2.25, 1.5]])


def test_spectra_may_be_columns(workbook):
    rows = list(map(list, np.array(ROWS, dtype=object).T))
    rows[0] = ["Wavelength (nm)", "quartz", "8"]
    spectra = read_spectra(workbook(Data=rows))
    assert spectra.unit == "nm"
    assert_array_equal(spectra.X[0], [1.25, 2, 3])
    assert spectra.sample_id.tolist() == ["quartz", "8"]


def test_of_several_sheets_the_user_chooses(workbook):
    path = workbook(one=ROWS, two=[*ROWS[:2]])
    with pytest.raises(FileFormatError, match="filled sheets are 'one', 'two'"):
        read_spectra(path)
    assert len(read_spectra(path, names={"X": "two"})) == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*ROWS, ["9", None, 2, 3]], r"line 4, .*column '400\.5' is empty"),
        ([*ROWS, ["9", 1, 2]], r"line 4, .*column '402' is empty"),
        ([ROWS[0], ["9", 1, 2], *ROWS[1:]], r"line 2, .*column '402' is empty"),
        ([ROWS[0], ["8", 1, 2], ["9", 1, 2]], r"line 2, .*column '402' is empty"),
        ([["Probe", 400, 401], *ROWS[1:]], r"line 1, must have a cell for each"),
        ([*ROWS, ["measured by O."]], r"line 4, .*column '400\.5' is empty"),
        ([*ROWS, ["9", "x", 2, 3]], r"line 4, .*holds 'x'"),
        (
            [*ROWS, ["9", "1,2345", 2, 3]],
            r"line 4, .*column '400\.5' holds '1,2345'.*That cell is text",
        ),
    ],
)
def test_what_is_not_understood_is_refused_with_its_row(workbook, rows, message):
    with pytest.raises(FileFormatError, match=message):
        read_spectra(workbook(Data=rows))


def test_two_workbooks_make_a_pair(workbook):
    first = workbook("a.xlsx", Data=ROWS)
    second = workbook("b.xlsx", Data=[ROWS[0], ROWS[2], ROWS[1]])
    pair = load_pair(first, second)
    assert_array_equal(pair.X_secondary, pair.X_primary)


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_workbook_cut_short_is_refused(workbook, kept):
    path = workbook(Data=ROWS)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(FileFormatError, match=r"lab\.xlsx"):
        read_spectra(path)


def test_without_openpyxl_the_error_says_what_to_install(workbook, monkeypatch):
    path = workbook(Data=ROWS)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ImportError, match=r"\.\[files\]"):
        read_spectra(path)


@pytest.mark.parametrize("last", [200_000, 99_999_999])
def test_a_sheet_that_lies_about_its_size_takes_no_time(workbook, last):
    path = workbook(Data=ROWS)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    cell = f'<row r="{last}"><c r="A{last}"/></row></sheetData>'
    entries[sheet] = (
        re.sub(rb'ref="A1[^"]*"', b'ref="A1:XFD1048576"', entries[sheet])
    ).replace(b"</sheetData>", cell.encode())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    if last > 2**20:
        with pytest.raises(FileFormatError, match="must have at most 1048576 rows"):
            read_spectra(path)
    else:
        assert_array_equal(read_spectra(path).X[0], ROWS[1][1:])


def test_a_cell_of_one_row_that_is_empty_makes_no_spectrum_the_axis(workbook):
    rows = [["sample_id", 400, 401, 402], ["a", 1, 2, None]]
    rows += [[f"s{i}", i, i + 1, i + 2] for i in range(9)]
    with pytest.raises(FileFormatError, match=r"line 2, .*column '402' is empty"):
        read_spectra(workbook(Data=rows))


@pytest.mark.parametrize("empty", [None, ""])
def test_samples_without_a_name_among_others_are_refused(workbook, empty):
    rows = [ROWS[0], ["a", 1, 2, 3], [empty, 4, 5, 6], ["b", 1, 5, 6], [empty, 1, 5, 6]]
    with pytest.raises(FileFormatError, match=r"line 3, .*'sample_id' is empty"):
        read_spectra(workbook(Data=rows))


def test_names_with_quotation_marks_stay_apart(workbook):
    names = ['2" pipe', "2' pipe", '"quoted"', '5", 6"']
    rows = [ROWS[0], *([name, 1, 2, 3] for name in names)]
    path = workbook(Data=[["Tube", '3" "x"'], *rows])
    found = read_spectra(path)
    assert found.sample_id.tolist() == names
    assert found.meta["Tube"] == '3" "x"'


@pytest.mark.parametrize("sheets", [["Messung"], ["Messung", "Notizen"]])
def test_a_sheet_that_does_not_exist_is_named_with_those_that_do(workbook, sheets):
    path = workbook(**dict.fromkeys(sheets, ROWS))
    told = r"must have a sheet or column 'Tabelle'.*its sheets are 'Messung'"
    with pytest.raises(FileFormatError, match=told):
        read_spectra(path, names={"X": "Tabelle"})


def test_a_column_may_be_chosen_in_the_only_sheet(workbook):
    rows = [["Wavelength (nm)", "a", "b"], [400, 1, 2], [401, 3, 4], [402, 5, 6]]
    found = read_spectra(workbook(Data=rows), names={"X": "b"})
    assert_array_equal(found.X, [[2, 4, 6]])


@pytest.mark.parametrize(
    ("row", "column", "place"), [(1, 1, "B2"), (0, 1, "B1"), (2, 0, "A3"), (2, 3, "D3")]
)
def test_a_formula_without_a_value_is_named(workbook, row, column, place):
    rows = [list(row) for row in ROWS]
    rows[row][column] = "=1+1"
    with pytest.raises(FileFormatError, match=rf"cell {place} has a formula"):
        read_spectra(workbook(Data=rows))
