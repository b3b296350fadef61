"""Numbers in headers: decimal commas, minus signs, columns named by numbers."""

import pytest
from numpy.testing import assert_array_equal

from spectransfer.exceptions import FileFormatError
from spectransfer.io import read_spectra


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, **options):
        path = tmp_path / "a.csv"
        path.write_text(text, encoding="utf-8")
        return read_spectra(path, **options)

    return write_and_read


@pytest.mark.parametrize("header", ["1,000;1,002;1,004", "12,345;12,346;12,347"])
@pytest.mark.parametrize("cells", ["5;6;7", "5,5;6;7", "5.5;6;7"])
@pytest.mark.parametrize("mark", [";", "\t", ","])
def test_commas_in_a_header_that_may_divide_thousands_are_refused(
    read, header, cells, mark
):
    if mark == ",":
        header = ",".join(f'"{name}"' for name in header.split(";"))
        cells = cells.replace("5,5", "5")
    text = f"sample_id;{header}\na;{cells}\nb;8;9;10\n".replace(";", mark)
    if "5,5" in cells:  # the cells show that commas are those of decimals
        assert read(text).wavelengths[0] == float(
            header.split(";")[0].replace(",", ".")
        )
        return
    with pytest.raises(FileFormatError, match=r"line [12], must write decimals"):
        read(text)


@pytest.mark.parametrize("header", ["400,5;401;401,5", "0,998;1,000;1,002"])
def test_commas_in_a_header_that_are_of_decimals_are_read(read, header):
    found = read(f"sample_id;{header}\na;1;2;3\nb;2;3;4\n")
    expected = [float(name.replace(",", ".")) for name in header.split(";")]
    assert_array_equal(found.wavelengths, expected)


def test_commas_in_a_sheet_are_refused_alike(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["sample_id", "1,000", "1,001"], ["a", 5, 6], ["b", 7, 8]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(FileFormatError, match="line 1, must write decimals"):
        read_spectra(tmp_path / "a.xlsx")


def test_points_in_the_header_and_commas_in_cells_are_read_where_both_can_be_told(read):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        [[1.5, 2.25], [3.0, 1234.5]], columns=["200.0 cm-1", "201.5 cm-1"]
    )
    frame.insert(0, "sample_id", ["a", "b"])
    found = read(frame.to_csv(sep=";", decimal=",", index=False))
    assert_array_equal(found.wavelengths, [200, 201.5])
    assert_array_equal(found.X, [[1.5, 2.25], [3, 1234.5]])
    assert any("decimal comma in cells, point in the header" in n for n in found.notes)
    for header, cells in [
        ("200.125;201.625", "1,5;2,5"),
        ("200.5;201.5", "1,250;2,500"),
        ("200.5;201.5", "1.5;2,5"),
        ("200.5;201,5", "1;2"),
    ]:
        text = f"sample_id;{header}\na;{cells}\n"
        with pytest.raises(FileFormatError, match=r"line [12], must"):
            read(text)


@pytest.mark.parametrize("minus", ["-", "\u2212", "\ufe63", "\uff0d"])
def test_minus_signs_of_unicode_are_minus_signs(read, minus):
    text = "sample_id;-100;-50;0;50\na;1;-2;3e-2;4\nb;-0.5;1;2;3\nx-1;1;2;3;4\n"
    found = read(text.replace("-", minus))
    assert_array_equal(found.wavelengths, [-100, -50, 0, 50])
    assert_array_equal(found.X[0], [1, -2, 3e-2, 4])
    assert found.sample_id.tolist() == ["a", "b", f"x{minus}1"]
    text = "sample_id,-5 nm,-4 nm\n-5 x,1,-2\n".replace("-", minus)
    found = read(text)
    assert_array_equal(found.wavelengths, [-5, -4])
    assert_array_equal(found.X, [[1, -2]])
    assert found.sample_id.tolist() == [f"{minus}5 x"]
    text = "Raman shift;Int\n-100;-1\n-50;2\n50;3\n".replace("-", minus)
    assert_array_equal(read(text).wavelengths, [-100, -50, 50])


@pytest.mark.parametrize("dash", ["\u2013", "\u2014", "\u2010"])
def test_other_dashes_before_numbers_are_refused(read, dash):
    with pytest.raises(FileFormatError, match="must name each channel by a number"):
        read(f"sample_id;{dash}100;{dash}50;0;50\na;1;2;3;4\nb;1;2;3;4\n")


@pytest.mark.parametrize("name", ["2024", "5 px", "400.5"])
def test_a_column_of_samples_may_be_named_by_a_number(read, name):
    text = f"{name},401,402,403\na,1,2,3\nb,2,3,4\n"
    found = read(text, names={"sample_id": name})
    assert_array_equal(found.wavelengths, [401, 402, 403])
    assert found.sample_id.tolist() == ["a", "b"]
    text = f"401,402,403,{name}\n1,2,3,7\n2,3,4,9\n"
    found = read(text, names={"sample_id": name})
    assert_array_equal(found.wavelengths, [401, 402, 403])
    assert found.sample_id.tolist() == [7, 9]


@pytest.mark.parametrize("names", [{"sample_id": "Probe"}, {"sample_id": "b"}])
def test_a_column_of_samples_is_refused_where_spectra_are_columns(read, names):
    with pytest.raises(FileFormatError, match="sample_id"):
        read("wavelength (nm),a,b\n400,1,2\n401,3,4\n402,5,6\n", names=names)
