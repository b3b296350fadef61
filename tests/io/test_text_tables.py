import pytest
from numpy.testing import assert_array_equal

from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.io import load_pair

PRIMARY = "sample_id,400.5,401,402.25\na,1,2,3\nb,4,5,6\n"


@pytest.fixture
def tables(tmp_path):
    def write(secondary, primary=PRIMARY, suffix=".csv"):
        paths = tmp_path / f"secondary{suffix}", tmp_path / f"primary{suffix}"
        for path, text in zip(paths, (secondary, primary), strict=True):
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return paths

    return write


def test_wavelengths_come_from_the_header_and_numbers_from_the_rows(tables):
    pair = load_pair(*tables("sample_id,300,301.5\na,7,8e2\nb,-9,.5\n"))
    assert_array_equal(pair.wavelengths_secondary, [300, 301.5])
    assert_array_equal(pair.wavelengths_primary, [400.5, 401, 402.25])
    assert_array_equal(pair.X_secondary, [[7, 800], [-9, 0.5]])
    assert_array_equal(pair.X_primary, [[1, 2, 3], [4, 5, 6]])
    assert_array_equal(pair.sample_id, ["a", "b"])


@pytest.mark.parametrize(
    "text",
    [
        "300;301,5\n7,25;8\n9;1\n",
        "300,0;301,5\n7,25;8,0\n9,0;1,0\n",
        "300\t301.5\n7.25\t8\n9\t1\n",
        "X300,X301.5\n7.25,8\n9,1\n",
        '"300 nm","301.5 nm"\n"7.25","8"\n9,1\n\n',
        "# exported by hand\n\n 300 , 301.5 \n 7.25, 8\n9,1",
        b"\xef\xbb\xbf300,301.5\r\n7.25,8\r\n9,1\r\n",
    ],
    ids=[
        "decimal comma",
        "commas only",
        "tabs",
        "R",
        "quotes and unit",
        "comments",
        "BOM",
    ],
)
def test_tables_of_every_usual_form_are_read_alike(tables, text):
    pair = load_pair(*tables(text))
    assert_array_equal(pair.wavelengths_secondary, [300, 301.5])
    assert_array_equal(pair.X_secondary, [[7.25, 8], [9, 1]])


def test_other_columns_describe_the_spectra(tables):
    pair = load_pair(
        *tables(
            "file,300,301,operator,depth\nf1,1,2,Eva,0.5\nf2,3,4,Jan,1\n",
            "file,400,operator,day\ng1,1,Eva,3\ng2,2,Jan,4\n",
        )
    )
    found = {name: a.tolist() for name, a in pair.annotations.items()}
    assert found == {
        "file_secondary": ["f1", "f2"],
        "file_primary": ["g1", "g2"],
        "operator": ["Eva", "Jan"],
        "depth": [0.5, 1.0],
        "day": [3, 4],
    }
    assert pair.sample_id is None


def test_the_unit_of_both_headers_becomes_the_axis(tables):
    pair = load_pair(*tables("300 cm-1\n1\n2\n", "400 cm-1\n3\n4\n"))
    assert pair.meta["axis"] == "cm-1"
    assert "axis" not in load_pair(*tables("300 nm\n1\n2\n", "400\n3\n4\n")).meta


def test_frames_written_by_pandas_come_back_exactly(tables, tmp_path):
    pytest.importorskip("pandas")
    pair = make_instrument_pair(6, random_state=0, dtype="float64")
    paths = tmp_path / "s.csv", tmp_path / "p.csv"
    for frame, path in zip(pair.as_frames(), paths, strict=True):
        frame.to_csv(path)
    back = load_pair(*paths)
    for name in ("X_secondary", "X_primary", "wavelengths_primary", "sample_id"):
        assert_array_equal(getattr(back, name), getattr(pair, name))


def test_a_row_index_without_a_name_is_passed_over(tables):
    pair = load_pair(*tables(",300,301\n0,1,2\n1,3,4\n"))
    assert not pair.annotations
    assert_array_equal(pair.X_secondary, [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("secondary", "kind", "message"),
    [
        ("300,301\n1,2\n", FileFormatError, r"1 secondary spectra.* 2\."),
        ("301,300,302\n1,2,3\n3,4,5\n", WavelengthError, "increase.*from 301 to 300"),
        ("300,300\n1,2\n3,4\n", WavelengthError, "each place once.*both at 300"),
        ("300,301\n1,2\n3\n", FileFormatError, r"secondary\.csv.*spectrum 2 has 1\."),
        ("300,301\n1,2\n3,4,5\n", FileFormatError, r"2 columns.*spectrum 2 has 3\."),
        ("300,301\n1,\n3,4\n", FileFormatError, r"could not convert.*row 0, column 2"),
        ("300,301\n1,x\n3,4\n", FileFormatError, "could not convert string 'x'"),
        ("300,301\n", FileFormatError, "it has 1 lines"),
        ("", FileFormatError, "it has 0 lines"),
        ("time,signal\n1,2\n", FileFormatError, "header is 'time,signal'.*trans"),
        (b"300,\xff\n1,2\n", FileFormatError, "must be text in UTF-8"),
        (
            "sample_id,300\nb,1\nb,2\n",
            FileFormatError,
            "spectrum 1 is of sample b in the one and of sample a in the other",
        ),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tables, secondary, kind, message):
    with pytest.raises(kind, match=message) as error:
        load_pair(*tables(secondary))
    assert "secondary.csv" in str(error.value)


def test_one_table_alone_is_not_a_pair(tables):
    secondary, primary = tables("300\n1\n2\n")
    with pytest.raises(ValueError, match=r"load_pair\(secondary\.csv, primary\.csv\)"):
        load_pair(secondary)
    with pytest.raises(ValueError, match="names are for entries"):
        load_pair(secondary, primary, names={"y": "z"})
