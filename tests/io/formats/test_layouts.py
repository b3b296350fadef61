"""Text tables in every layout; what cannot be told is refused with line and reason."""

import gzip

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.io import read_spectra


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, name="spectra.csv", **options):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_spectra(path, **options)

    return write_and_read


ROWS = [[7.25, 8], [9, 1]]


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
        "300,301.5\n7.25,8\n9,1\n".encode("utf-16"),
        gzip.compress(b"300,301.5\n7.25,8\n9,1\n", mtime=0),
        b"300,301.5\r7.25,8\r9,1\r",
        "300 301.5\n7.25 8\n9 1\n",
        "  300   301,5\n  7,25   8,0\n 9  1\n",
        "300|301.5\n7.25|8\n9|1\n",
        "sample_id,300,301.5,\na,7.25,8,\nb,9,1,\n",
        '"300" "301.5"\n"a" 7.25 8\n"b" 9 1\n',
        "wavelength,s1,s2\n300,7.25,9\n301.5,8,1\n",
        "Wavelength (nm);s1;s2\n300;7,25;9\n301,5;8;1\n",
        "nm,a,b\n301.5,8,1\n300,7.25,9\n",
        "300,7.25,9\n301.5,8,1\n302,8,1\n".replace("302,8,1\n", ""),
        "x,y\nnm,counts\n300,7.25\n301.5,8\n".replace("x,y", "wavelength,a,b")
        .replace("counts", "counts,counts")
        .replace("7.25", "7.25,9")
        .replace("301.5,8", "301.5,8,1"),
        "sample_id,wavelength,intensity\na,300,7.25\na,301.5,8\nb,300,9\nb,301.5,1\n",
        "Operator: Eva\nDate=today\n\n300;301,5\n7,25;8\n9;1\n>>>End of data<<<\n",
    ],
    ids=[
        "decimal comma",
        "commas only",
        "tabs",
        "R",
        "quotes and unit",
        "comments",
        "BOM",
        "UTF-16",
        "gzip",
        "old Mac",
        "blanks",
        "blanks and decimal commas",
        "bars",
        "delimiter at the end",
        "names of rows without a header",
        "columns",
        "columns with decimal commas",
        "columns that descend",
        "columns without a header",
        "a line of units",
        "long form",
        "preamble and footer",
    ],
)
def test_tables_of_every_usual_form_are_read_alike(read, text):
    spectra = read(text)
    assert_array_equal(spectra.wavelengths, [300, 301.5])
    assert_array_equal(spectra.X, ROWS)


@pytest.mark.parametrize(
    ("ids", "kind"),
    [
        (["1_11", "11_1"], "U"),
        (["007", "7"], "U"),
        (["1e3", "1000"], "U"),
        (["1.0", "1"], "U"),
        (["٣", "3"], "U"),
        (["12345678901234567890", "2"], "U"),
        (["x", "nan"], "U"),
        ([" 5", "6 "], "i"),
        (["-3", "0"], "i"),
    ],
)
@pytest.mark.parametrize("layout", ["rows", "columns", "long"])
def test_ids_are_text_unless_all_are_plain_integers(read, ids, kind, layout):
    a, b = ids
    text = {
        "rows": f"sample_id,400,401\n{a},1,2\n{b},3,4\n",
        "columns": f"wavelength,{a},{b}\n400,1,3\n401,2,4\n402,5,6\n",
        "long": f"sample_id,nm,counts\n{a},400,1\n{a},401,2\n{b},400,3\n{b},401,4\n",
    }[layout]
    spectra = read(text, names={"wavelengths": "wavelength"} if "wave" in text else {})
    assert spectra.sample_id.dtype.kind == kind
    expected = [i.strip() if kind == "U" else int(i) for i in ids]
    assert spectra.sample_id.tolist() == expected


@pytest.mark.parametrize(
    "text",
    [
        "sample_id,400,401\na,1,2\n,3,4\nb,5,6\n",
        "sample_id,nm,counts\na,400,1\na,401,2\n,400,3\n,401,4\n",
        ",400,401\na,1,2\n,3,4\n",
    ],
)
def test_a_sample_without_a_name_among_others_is_refused(read, text):
    with pytest.raises(FileFormatError, match=r"line [34], must name every sample"):
        read(text)


def test_a_column_of_samples_that_is_empty_names_none(read):
    assert read("sample_id,400,401\n,1,2\n,3,4\n").sample_id is None


def test_channels_may_be_negative(read):
    spectra = read("sample_id,-50,0,50\na,1,2,3\n")
    assert_array_equal(spectra.wavelengths, [-50, 0, 50])


def test_a_first_column_that_is_the_axis_transposes(read):
    spectra = read("wavelength,1,2\n400,11,12\n401,13,14\n")
    assert_array_equal(spectra.wavelengths, [400, 401])
    assert_array_equal(spectra.X, [[11, 13], [12, 14]])
    assert_array_equal(spectra.sample_id, [1, 2])


AMBIGUOUS = "wavelength,500,510\n400,11,12\n401,13,14\n"


def test_where_header_and_first_column_may_both_be_the_axis_the_user_chooses(read):
    with pytest.raises(FileFormatError, match=r"line 1, must show whether.*columns"):
        read(AMBIGUOUS)
    columns = read(AMBIGUOUS, names={"wavelengths": "wavelength"})
    assert_array_equal(columns.wavelengths, [400, 401])
    rows = read(AMBIGUOUS, names={"sample_id": "wavelength"})
    assert_array_equal(rows.wavelengths, [500, 510])
    assert_array_equal(rows.sample_id, [400, 401])


def test_two_columns_without_a_header_are_one_spectrum(read):
    lines = [f"{200 + 0.1 * i:.1f},{1200 + i % 3}" for i in range(8)]
    spectra = read("\n".join(lines))
    assert spectra.X.shape == (1, 8)
    assert spectra.wavelengths[0] == 200


def test_few_rows_that_may_be_either_are_refused(read):
    with pytest.raises(FileFormatError, match="first row and its first column both"):
        read("200.1,1200\n200.2,1250\n")


@pytest.mark.parametrize(
    "preamble",
    [
        "Integration time,100\n",
        "Integration time,100\nAverages,5\n",
        "Integration time: 100\nOperator\n",
        "#Integration time=100\n",
    ],
)
def test_a_preamble_is_kept_as_metadata(read, preamble):
    table = "sample_id,400,401\na,1,2\nb,3,4\n"
    spectra = read(preamble + table)
    assert spectra.X.shape == (2, 2)
    assert spectra.meta["Integration time"] == "100"
    spectrum = "".join(f"{400 + i},{i % 4}\n" for i in range(8))
    one = read(preamble + spectrum)
    assert one.X.shape == (1, 8)
    assert one.meta["Integration time"] == "100"


def test_other_columns_describe_the_spectra_and_keep_their_kind(read):
    text = "file,300,301,code,depth,day\nf1,1,2,007,0.5,3\nf2,3,4,8,NA,4\n"
    known = read(text).annotations
    assert known["file"].tolist() == ["f1", "f2"]
    assert known["code"].tolist() == ["007", "8"]
    assert_array_equal(known["depth"], [0.5, np.nan])
    assert known["day"].dtype.kind == "i"


def test_samples_are_under_any_name_that_the_user_gives(read):
    text = "Probe;300;301\n007;1;2\n7;3;4\n"
    assert read(text).sample_id is None
    assert read(text, names={"sample_id": "Probe"}).sample_id.tolist() == ["007", "7"]
    with pytest.raises(FileFormatError, match=r"must have a column 'probe'.*'Probe'"):
        read(text, names={"sample_id": "probe"})


def test_a_first_column_without_a_name_is_left_out_only_where_it_counts(read):
    assert read(",300,301\n0,1,2\n1,3,4\n").sample_id is None
    assert read(",300,301\n17,1,2\n12,3,4\n").sample_id.tolist() == [17, 12]
    assert read(",300,301\nx,1,2\ny,3,4\n").sample_id.tolist() == ["x", "y"]


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("400 nm,401 nm", "nm"),
        ("400 cm-1,401 cm^-1", "cm-1"),
        ("400 (µm),401 (um)", "um"),
        ("400,401", None),
    ],
)
def test_the_unit_of_the_header_is_that_of_the_axis(read, header, unit):
    assert read(f"sample_id,{header}\na,1,2\n").unit == unit


def test_a_stated_unit_has_to_agree_with_the_file(read):
    text = "sample_id,400 nm,401 nm\na,1,2\n"
    assert read(text, unit="nanometers").unit == "nm"
    with pytest.raises(FileFormatError, match=r"'cm-1', as unit says.*says 'nm'"):
        read(text, unit="1/cm")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("400.0,400.5,400.5.1\n1,2,3\n4,5,6\n", r"line 1, .*'400\.5\.1' is none"),
        ("sample_id,400,402*\na,1,2\n", r"line 1, .*'402\*' is none"),
        ("sample_id,400,402b\na,1,2\n", r"'402b' is none"),
        ("fe,fe,400,401\n1,2,3,4\n", r"line 1, .*'fe' is there 2 times"),
        (
            "id\t400.5\t401.5\na\t1,234\t2,345\n",
            r"line 2, .*'1,234' and the header has",
        ),
        ("a;400;401\ns;1,234;1.5\n", r"line 2, .*'1,234' and line 2 has '1.5'"),
        ("a;400;401\ns;1,234;2,345\n", r"line 2, .*may be either"),
        ("a;400;401\ns;1,234,567;2,5\n", r"line 2, .*'1,234,567' may be either"),
        ("sample_id,400,401\na,1,2\nb,3\n", r"line 3, must have 3.*it has 2: 'b,3'"),
        ("300,301\n1,2\n3\n", r"line 3, must have 2 columns.*it has 1"),
        ("300,301\n1,2\n3,4,5\n", r"line 3, must have 2 columns.*it has 3"),
        ("sample_id,300,301\na,1,\nb,3,4\n", r"line 2, .*column '301' is empty"),
        ("sample_id,300,301\na,1,2\n\nb,x,4\n", r"line 4, .*column '300' holds 'x'"),
        ("300,301\n", r"line 1, must hold a header and at least one spectrum"),
        ("", "must hold spectra, but it is empty"),
        ("\n \n", "must hold spectra, but it is empty"),
        ("one,two\nthree,four\n", r"line 2, must hold numbers"),
        ("time,signal\n1,2\n3,4\n", r"line 1, .*'time, signal'.*transpose"),
        ("Integration time,100\na,1\n", r"line 1, must have at least two channels"),
        ("Pixel,Wavelength,Counts\n0,400,1\n1,401,2\n", "must have one axis.*Choose"),
        ("sample_id,300,301,\na,1,2,\nb,3,4,oops\n", r"line 3, must name every column"),
        (b"sample_id,300,301\n\x00,1,2\n", "byte 18 is 0"),
        (gzip.compress(b"300,301\n1,2\n", mtime=0)[:-9], "must be whole gzip"),
        ("x,nm,counts\n1,400,5\n1,401,6\n2,400,7\n", r"line 4, .*spectrum 2 has 1"),
        ("300 nm,301 um\n1,2\n", "one unit in its header, but there are nm, um"),
    ],
)
def test_what_is_not_understood_is_refused_with_line_and_reason(read, text, message):
    with pytest.raises(FileFormatError, match=message) as error:
        read(text)
    assert "spectra.csv" in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sample_id,300,300,301\na,1,2,3\n", "each place once.*both at 300"),
        ("sample_id,301,300,302\na,1,2,3\n", "steps from 301 to 300"),
        ("nm,counts\n300,1\n301,2\n301,3\n302,3\n", "each place once.*both at 301"),
        ("sample_id,300,1e999\na,1,2\n", "must be finite"),
    ],
)
def test_an_axis_that_does_not_run_in_one_direction_is_refused(read, text, message):
    with pytest.raises(WavelengthError, match=rf"In .*spectra\.csv: .*{message}"):
        read(text)


def test_channels_that_detectors_share_are_merged_where_the_user_says_how(read):
    text = "sample_id,300,301,301,302\na,1,2,4,5\n"
    with pytest.raises(WavelengthError, match='detectors="mean"'):
        read(text)
    assert_array_equal(read(text, detectors="mean").X, [[1, 3, 5]])
    assert_array_equal(read(text, detectors="upper").X, [[1, 4, 5]])


def test_a_large_table_is_read_without_loops_over_its_numbers(read, monkeypatch):
    from spectransfer.io.formats import _delimited

    calls = []
    original = _delimited.split

    def counting(line, delimiter):
        calls.append(line)
        return original(line, delimiter)

    monkeypatch.setattr(_delimited, "split", counting)
    header = ",".join(["sample_id", *map(str, range(400, 500))])
    row = ",".join(["7", *["1.5"] * 100])
    spectra = read("\n".join([header, *[row] * 500]))
    assert spectra.X.shape == (500, 100)
    assert len(calls) < 50


def test_what_was_understood_is_printed_and_shown(read, capsys):
    text = "Laser=785\nShift (cm-1);Counts\n401,5;2\n400,5;1\n"
    spectra = read(text, verbose=True)
    told = repr(spectra)
    assert told in capsys.readouterr().out
    assert told.splitlines() == [
        "Spectra(1 spectrum, 2 channels 400.5 to 401.5 cm-1, counts)",
        "  text table",
        "  columns divided by semicolons, decimal comma",
        "  1 line of preamble kept in meta",
        "  axis from column 'Shift (cm-1)'",
        "  intensities from column 'Counts'",
        "  axis ran down, 401.5 to 400.5: turned round",
    ]


def test_text_of_no_unicode_is_read_and_said(read):
    spectra = read("Probe,400,401\nKäse,1,2\n".encode("cp1252"))
    assert spectra.annotations["Probe"].tolist() == ["Käse"]
    assert "line 2 is no UTF-8: read as Windows-1252" in spectra.notes


@pytest.mark.parametrize("mark", [";", "\t", ","])
@pytest.mark.parametrize("n", [3, 5, 40])
@pytest.mark.parametrize("preamble", ["", "Gain{0}3\n"])
def test_a_mark_at_the_end_of_each_row_is_no_column(tmp_path, mark, n, preamble):
    rows = [(400.5 + i, (7 * i) % 11 + 0.5) for i in range(n)]
    for end in ("", mark):
        text = "".join(f"{a}{mark}{b}{end}\n" for a, b in rows)
        path = tmp_path / "a.txt"
        path.write_text(preamble.format(mark) + text)
        if n < 5:
            with pytest.raises(FileFormatError, match="which numbers are the axis"):
                read_spectra(path)
            continue
        found = read_spectra(path)
        assert found.wavelengths.tolist() == [a for a, _ in rows]
        assert found.X.tolist() == [[b for _, b in rows]]


@pytest.mark.parametrize("above", ["Gain;3", "Gain;", "Laser (nm);785", "Date:;today"])
@pytest.mark.parametrize(
    "header",
    ["Wavelength (nm);Counts", "nm;counts", "Wavelength (nm);a;b", "nm;a;b"],
)
@pytest.mark.parametrize("n", [2, 6])
def test_a_header_with_units_is_none_of_units_below_a_preamble(
    tmp_path, above, header, n
):
    n_signals = header.count(";")
    rows = [f"{400 + i}" + f";{i % 3}" * n_signals for i in range(n)]
    above += ";" * (n_signals - 1)
    (tmp_path / "a.txt").write_text("\n".join([above, header, *rows]))
    found = read_spectra(tmp_path / "a.txt")
    assert found.X.shape == (n_signals, n)
    assert found.unit == "nm"
    assert found.wavelengths.tolist() == [400 + i for i in range(n)]


@pytest.mark.parametrize("names", ["Wavelength;a;b", "Wellenlaenge;a;b", "Achse;a;b"])
def test_a_line_of_units_stays_one_below_a_header(tmp_path, names):
    text = f"Gain;3;\n{names}\nnm;counts;counts\n400;1;2\n401;2;3\n402;0;1\n"
    (tmp_path / "a.txt").write_text(text)
    found = read_spectra(tmp_path / "a.txt", names={"wavelengths": names[:-4]})
    assert (found.unit, found.sample_id.tolist()) == ("nm", ["a", "b"])
