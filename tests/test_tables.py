"""The one writer of tables. Those of an evaluation are read back in its own room."""

from html.parser import HTMLParser

import pytest

from spectransfer._tables import TextTable, as_csv, deliver

ODD = "a < b & \"c\" > 'd' <script>alert(1)</script>"


class Elements(HTMLParser):
    """Collect elements, and the text of each kind."""

    def __init__(self, html):
        super().__init__()
        self.found, self.open, self.texts = [], [], {}
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self.open.append(tag)
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def all(self, tag):
        return [attrs for name, attrs in self.found if name == tag]


@pytest.fixture
def page():
    rows = [["ridge", "paper", "0.1"], ["ridge", "x" * 49, "0.2"], [ODD, "", "-3"]]
    table = TextTable(["transfer", ODD, "RSE"], rows, 2, frozenset({2}))
    return Elements(table.html("What it is", "Table 1", ["one", ODD]))


def test_headings_of_columns_and_rows_say_what_they_head(page):
    scopes = [attrs["scope"] for attrs in page.all("th")]
    assert scopes == ["col"] * 3 + ["row"] * 3


def test_text_is_set_to_the_left_and_numbers_to_the_right_without_a_style_sheet(page):
    sides = [attrs["style"].removeprefix("text-align: ") for attrs in page.all("th")]
    assert sides == ["left", "left", "right"] + ["left"] * 3
    sides = [attrs["style"].removeprefix("text-align: ") for attrs in page.all("td")]
    assert sides == ["left", "right"] * 3


def test_a_wide_table_scrolls_in_a_region_that_has_a_name_and_takes_the_focus(page):
    (box,) = page.all("div")
    assert box["style"] == "overflow-x: auto"
    assert (box["role"], box["tabindex"]) == ("region", "0")
    assert box["aria-label"] == "Table 1: What it is"
    assert Elements(TextTable(["a"], []).html()).all("div")[0]["aria-label"] == "table"


def test_rows_are_marked_and_repeated_names_are_known_as_such(page):
    assert [attrs.get("class") for attrs in page.all("tr")[1:]] == [
        None,
        "again",
        "marked",
    ]
    long = [attrs for attrs in page.all("td") if attrs.get("class") == "long"]
    assert len(long) == 1


def test_markup_in_cells_caption_and_notes_comes_back_as_text(page):
    assert page.texts["th"][1] == page.texts["th"][-1] == ODD
    assert page.texts["p"] == ["one", ODD]
    assert page.texts["figcaption"] == ["Table 1. What it is"]
    assert "script" not in page.texts


def test_nothing_is_written_for_a_caption_that_there_is_not():
    assert "figcaption" not in TextTable(["a"], [["1"]]).html()


def test_without_a_rule_the_rows_follow_the_header():
    table = TextTable(["", "RSE"], [["mean", "1.0"]])
    assert table.text(rule=False).splitlines() == ["      RSE", "mean  1.0"]
    assert table.text().splitlines()[1] == "----  ---"


def test_quotes_and_lines_inside_cells_of_csv_reach_the_file_unchanged(tmp_path):
    written = as_csv(["a", "b"], [["one\ntwo", 'say "x"'], ["\r\n", None]])
    path = tmp_path / "table.csv"
    assert deliver(written, path) is None
    assert path.read_bytes() == b'a,b\n"one\ntwo","say ""x"""\n"\r\n",\n'
    assert deliver(written, None) == written


def test_a_file_that_is_left_halfway_keeps_the_older_one(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("older")
    with pytest.raises(UnicodeEncodeError):
        deliver("broken \ud800", path)
    assert path.read_text() == "older"
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]
