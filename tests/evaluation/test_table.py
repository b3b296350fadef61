"""The table as text, and read back from every format that it is written in."""

import csv
import io
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.evaluation import (
    PROTOCOLS,
    SpectrumErrors,
    TransferRow,
    TransferTable,
)

NASTY = r"50 % & a_b {c} #1 $x^2~ \d | <i> *e*, " "q" ""


def row(transfer, protocol, **changes):
    values = {
        "rse": 0.1 + 0.2,
        "euclidean": 4658.7123,
        "cosine": 0.00811,
        "k_score": 0.9758,
        "fit_time": 80.04,
        "predict_time": 1.234,
        "shared_bytes": 99_202_664,
    }
    return TransferRow(transfer, protocol, **(values | changes))


@pytest.fixture
def table():
    return TransferTable(
        (
            row("VAE + MLP", "deployable"),
            row("VAE + MLP", "paper", rse=float("inf"), fit_time=None),
            row(NASTY, "paper", rse=float("nan"), shared_bytes=4060),
        ),
        {
            "n_train": 313_600,
            "n_test": 250_000,
            "n_channels": 4062,
            "n_clusters": "4",
            "unit": "counts",
        },
    )


COMMON = ["4658.7", "0.0081", "97.58"]
CELLS = [
    ["VAE + MLP", "deployable", "0.3000", *COMMON, "80.0", "1.23", "99.2"],
    ["VAE + MLP", "paper", "inf", *COMMON, "-", "1.23", "99.2"],
    [NASTY, "paper", "nan", *COMMON, "80.0", "1.23", "0.004"],
]
HEADER = ["transfer", "protocol", "RSE", "Euclidean / counts", "cosine distance"]
HEADER += ["k-score / %", "fit / s", "predict / s", "shared / MB"]


def test_the_printed_table_is_aligned_with_units_and_explains_its_protocols(table):
    lines = repr(table).splitlines()
    assert lines[0] == (
        "250,000 spectra of 4,062 channels, after 313,600 shared standards; "
        "k-score of 4 clusters"
    )
    printed = [re.split(r" {2,}", line) for line in (lines[1], *lines[3:5])]
    assert printed == [HEADER, *CELLS[:2]]
    # every column ends where its rule ends
    ends = [match.end() for match in re.finditer("-+", lines[2])]
    for line in (lines[1], *lines[3:6]):
        assert all(line[end : end + 2].strip() == "" for end in ends[1:])
    assert lines[6:] == [f"{p}: {PROTOCOLS[p]}" for p in ("deployable", "paper")]


def test_columns_that_nobody_measured_are_not_printed():
    one = TransferTable((row("a", "paper", fit_time=None, shared_bytes=None),))
    assert "predict / s" in repr(one)
    for name in ("fit / s", "shared"):
        assert name not in repr(one)
    measured = TransferTable((row("a", "paper", shared_bytes=123_456_789),))
    assert "shared / MB" in repr(measured)
    assert "123.5" in repr(measured)


def test_the_sign_of_the_cosine_is_in_the_header():
    table = TransferTable(
        (row("a", "paper", cosine=-0.9919),), {"cosine_convention": "minus_cosine"}
    )
    assert "minus cosine" in repr(table)
    assert "-0.9919" in repr(table)
    assert "cosine distance" not in repr(table)


def test_csv_reads_back_exactly(table):
    header, *body = csv.reader(io.StringIO(table.to_csv(), newline=""))
    assert header == list(TransferRow._fields)
    for cells, expected in zip(body, table, strict=True):
        assert cells[:2] == [expected.transfer, expected.protocol]
        for cell, value in zip(cells[2:], expected[2:], strict=True):
            if value is None:
                assert cell == ""
            else:
                assert_array_equal(float(cell), value)


def test_pandas_reads_the_csv_as_the_frame(table):
    pd = pytest.importorskip("pandas")
    frame = table.to_frame()
    read = pd.read_csv(io.StringIO(table.to_csv()))
    assert frame["rse"].tolist()[:2] == [0.1 + 0.2, float("inf")]
    assert frame.loc[0, "shared_bytes"] == 99_202_664
    assert frame["fit_time"].isna().tolist() == [False, True, False]
    pd.testing.assert_frame_equal(read.astype(frame.dtypes), frame)


def test_a_frame_without_pandas_says_how_to_get_it(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r'pip install -c .* "\.\[files\]"'):
        table.to_frame()


def test_markdown_reads_back(table):
    lines = table.to_markdown().splitlines()

    def cells(line):
        parts = re.split(r"(?<!\\)\|", line)
        assert parts[0] == parts[-1] == ""
        return [re.sub(r"\\(.)", r"\1", part.strip()) for part in parts[1:-1]]

    assert cells(lines[0]) == HEADER
    assert cells(lines[1]) == [":--"] * 2 + ["--:"] * 7
    assert [cells(line) for line in lines[2:]] == CELLS


def test_latex_escapes_everything_that_it_would_take_for_a_command(table):
    lines = table.to_latex().splitlines()
    assert lines[:2] == [r"\begin{tabular}{llrrrrrrr}", r"\hline"]
    assert lines[-2:] == [r"\hline", r"\end{tabular}"]
    escaped = (
        r"50 \% \& a\_b \{c\} \#1 \$x\textasciicircum{}2\textasciitilde{} "
        r"\textbackslash{}d \textbar{} \textless{}i\textgreater{} *e*, "
        "q"
    )
    body = [re.split(r" & ", line.removesuffix(r" \\")) for line in lines[4:7]]
    assert body[2] == [escaped, *CELLS[2][1:]]
    assert body[:2] == CELLS[:2]
    assert r"k-score / \%" in lines[2]


def test_latex_has_minus_signs_and_not_hyphens():
    table = TransferTable((row("a-b", "paper", cosine=-0.9919),))
    assert "a-b & paper & 0.3000 & 4658.7 & $-$0.9919 &" in table.to_latex()


def test_latex_with_a_caption_floats(table):
    text = table.to_latex(caption="50 % of it", label="tab:one_two")
    assert text.startswith("\\begin{table}\n\\centering\n\\caption{50 \\% of it}\n")
    assert r"\label{tab:one_two}" in text
    assert text.endswith("\\end{tabular}\n\\end{table}\n")


class Cells(HTMLParser):
    """Collect the text of every cell, row by row."""

    def __init__(self):
        super().__init__()
        self.rows, self.inside = [], False

    def handle_starttag(self, tag, attrs):
        self.inside = tag in ("td", "th")
        if tag == "tr":
            self.rows.append([])
        if self.inside:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data


def test_html_reads_back(table):
    parser = Cells()
    parser.feed(table._repr_html_())
    assert parser.rows == [HEADER, *CELLS]
    assert "<i>" not in table.to_html()
    assert "<figcaption>250,000 spectra" in table.to_html()
    assert "cannot be had in deployment" in table.to_html()


@pytest.mark.parametrize("kind", ["csv", "markdown", "latex", "html"])
def test_a_file_holds_what_is_given_back_without_one(kind, table, tmp_path):
    path = tmp_path / "table.out"
    path.write_text("an older one")
    write = getattr(table, f"to_{kind}")
    assert write(path) is None
    assert path.read_bytes().decode() == write()
    assert [p.name for p in tmp_path.iterdir()] == ["table.out"]


def test_a_file_that_cannot_be_written_leaves_the_older_one(table, tmp_path):
    path = tmp_path / "table.csv"
    path.mkdir()
    with pytest.raises(OSError, match=r"table\.csv"):
        table.to_csv(path)
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


def test_rows_are_plain_records(table):
    records = table.to_records()
    assert records[0]["transfer"] == "VAE + MLP"
    assert list(records[0]) == list(TransferRow._fields)
    assert len(table) == len(records) == 3
    assert table["VAE + MLP", "paper"] is table.rows[1]
    assert [tuple(record.values()) for record in records[:2]] == list(table.rows[:2])


def test_a_row_that_there_is_not_is_refused_with_those_that_there_are(table):
    with pytest.raises(KeyError, match=r"'fair'.*'VAE \+ MLP', 'deployable'"):
        table["VAE + MLP", "fair"]


def test_a_table_without_rows_prints_and_writes():
    empty = TransferTable(())
    assert "RSE" in repr(empty)
    assert empty.to_csv().splitlines() == [",".join(TransferRow._fields)]


def test_differing_clusters_are_where_the_labels_are_unequal():
    labels = np.array([0, 1, 2]), np.array([0, 2, 2])
    errors = SpectrumErrors(np.zeros(3), np.zeros(3), *labels)
    assert errors.differs.tolist() == [False, True, False]
