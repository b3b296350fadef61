"""The page: well formed, complete in itself, and true to what was put in."""

import base64
import csv
import os
import re
import struct
import sys
from itertools import pairwise

import pytest
from matplotlib.figure import Figure

import spectransfer.report
from spectransfer.report import Report

ODD = "a < b & \"c\" > 'd' <script>alert(1)</script>"


def picture(points=(0, 1, 0)):
    figure = Figure(figsize=(2.0, 1.0))
    figure.subplots().plot(points)
    return figure


@pytest.fixture(scope="module")
def report():
    made = Report(ODD, ODD, dpi=50)
    made.section("One", f"First {ODD}.\n\n- an entry\n- {ODD}")
    made.table("odd", ["name", ODD], [[ODD, "1"], ["z", "-2.5"]], caption=ODD)
    made.section("Inside one", level=3)
    made.figure("single", picture(), caption=ODD, alt=ODD, label="Figure 1")
    made.section("One")
    made.figure("both", {"left": picture(), "right": picture()}, caption="c", alt="a")
    made.provenance({"seed": 0, "odd": ODD}, {"fit": 1.5, "draw": 3725.0})
    return made


def test_every_tag_is_closed_in_its_turn(report, read_page):
    read_page(report.html())


def test_headings_begin_with_the_title_and_leave_out_no_level(report, read_page):
    levels = [
        int(tag[1])
        for tag, _ in read_page(report.html()).elements
        if re.fullmatch("h[1-6]", tag)
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_contents_lead_to_sections_and_no_two_have_one_anchor(report, read_page):
    page = read_page(report.html())
    anchors = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(set(anchors)) == len(anchors) == 4
    targets = [attrs["href"].removeprefix("#") for attrs in page.all("a")]
    assert targets == ["one", "one-2", "how-this-page-was-made"]
    assert set(targets) <= set(anchors)


def test_every_picture_has_words_and_brings_its_own_pixels(report, read_page):
    images = read_page(report.html()).all("img")
    assert [image["alt"] for image in images] == [ODD, "a: left", "a: right"]
    for image in images:
        kind, _, pixels = image["src"].partition(",")
        assert kind == "data:image/png;base64"
        content = base64.b64decode(pixels, validate=True)
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        # width and height stand in the header of every PNG
        size = struct.unpack(">II", content[16:24])
        assert size == (int(image["width"]), int(image["height"])) == (100, 50)


def test_nothing_is_loaded_from_anywhere(report, read_page):
    html = report.html()
    page = read_page(html)
    assert not {"script", "link", "iframe", "object"} & {t for t, _ in page.elements}
    for tag, attrs in page.elements:
        for name in ("src", "href", "data", "action", "srcset", "poster"):
            target = attrs.get(name) or "#"
            assert target.startswith(("#", "data:")), (tag, name)
    (style,) = page.texts["style"]
    assert "url(" not in style
    assert "@import" not in style
    policy = page.all("meta")[2]["content"]
    assert policy.startswith("default-src 'none'")


def test_characters_of_markup_come_back_as_the_text_they_were(report, read_page):
    page = read_page(report.html())
    assert page.texts["title"] == page.texts["h1"] == [ODD]
    assert f"First {ODD}." in page.texts["p"]
    assert page.texts["li"][-1] == ODD
    assert ODD in page.texts["th"]
    assert ODD in page.texts["figcaption"]


def test_files_hold_what_the_page_shows(report, read_page, tmp_path):
    page = report.write(tmp_path / "new" / "folder")
    assert page.read_text(encoding="utf-8") == report.html()
    tables = page.parent / "tables"
    with open(tables / "odd.csv", newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["name", ODD], [ODD, "1"], ["z", "-2.5"]]
    assert (tables / "odd.tex").read_text().count(r"\hline") == 3
    assert (tables / "odd.md").read_text().count("\n") == 4
    names = {path.name for path in (page.parent / "figures").iterdir()}
    stems = {"single", "both-left", "both-right"}
    assert names == {f"{s}.{e}" for s in stems for e in ("png", "pdf")}
    first = read_page(report.html()).all("img")[0]["src"].partition(",")[2]
    shown = base64.b64decode(first)
    assert (page.parent / "figures" / "single.png").read_bytes() == shown


def test_writing_that_fails_leaves_the_older_page_as_it_was(tmp_path, monkeypatch):
    Report("old").write(tmp_path)

    def fail(source, target):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="the disk is full"):
        Report("new").write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert "<h1>old</h1>" in (tmp_path / "report.html").read_text()


def test_the_same_figure_is_drawn_to_the_same_bytes(tmp_path):
    written = []
    for name in ("a", "b"):
        report = Report("same")
        report.figure("curve", picture(), caption="c", alt="a")
        folder = report.write(tmp_path / name).parent / "figures"
        written.append([p.read_bytes() for p in sorted(folder.iterdir())])
    assert written[0] == written[1]


def test_times_are_told_as_people_say_them(report):
    html = report.html()
    assert "1.5 s" in html
    assert "1 h 2 min" in html


def test_two_of_one_name_are_refused():
    report = Report("names")
    report.table("a", ["x"], [["1"]], caption="c")
    report.figure("a", picture(), caption="c", alt="a")
    with pytest.raises(ValueError, match="Every table needs a name of its own"):
        report.table("a", ["x"], [["1"]], caption="c")


@pytest.mark.parametrize(
    "name",
    ["../../../X", "/tmp/X", "a/b", "a\\b", "..", "", ".hidden", "C:X", "x.", "a\0b"],
)
def test_a_name_that_could_lead_out_of_the_folder_is_refused(name):
    report = Report("names")
    with pytest.raises(ValueError, match=r"must be a plain file name.*for example '"):
        report.table(name, ["x"], [["1"]], caption="c")
    with pytest.raises(ValueError, match=r"The name of a figure must be a plain"):
        report.figure(name, picture(), caption="c", alt="a")
    assert "<figure" not in report.html()


def test_nothing_is_written_beside_the_folder(tmp_path):
    report = Report("parts")
    parts = {"../../../a": picture(), "/b": picture(), "..": picture()}
    report.figure("f", parts, caption="c", alt="a")
    report.write(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    names = {path.name for path in (tmp_path / "out" / "figures").glob("*.png")}
    assert names == {"f-a.png", "f-b.png", "f-part.png"}


def test_parts_whose_names_look_alike_in_a_file_name_keep_files_of_their_own(tmp_path):
    report = Report("parts")
    parts = {"a b": picture((0, 1)), "a-b": picture((1, 0)), "A/B": picture((0, 0))}
    report.figure("f", parts, caption="c", alt="a")
    # a figure of its own may have taken the name, too
    report.figure("g-x", picture(), caption="c", alt="a")
    report.figure("g", {"x": picture((0, 2, 0))}, caption="c", alt="a")
    folder = report.write(tmp_path).parent / "figures"
    written = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    stems = ["f-a-b", "f-a-b-2", "f-a-b-3", "g-x", "g-x-2"]
    assert set(written) == {f"{stem}.png" for stem in stems}
    assert len(set(written.values())) == 5


def test_names_that_differ_in_capitals_only_are_refused():
    report = Report("names")
    report.table("RSE", ["x"], [["1"]], caption="c")
    with pytest.raises(ValueError, match="two of 'rse'"):
        report.table("rse", ["x"], [["1"]], caption="c")


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"2 cells of the header, but one has 1: \['1"):
        Report("rows").table("a", ["x", "y"], [["1"]], caption="c")


def test_a_part_before_any_section_is_refused():
    with pytest.raises(ValueError, match="has level 3 and is the first"):
        Report("levels").section("part", level=3)


def test_text_and_tables_need_no_matplotlib(monkeypatch, tmp_path):
    for name in [n for n in sys.modules if n.startswith("spectransfer.plotting")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("pictures", "_transfers"):
        monkeypatch.delitem(sys.modules, f"spectransfer.report.{name}", raising=False)
        monkeypatch.delattr(spectransfer.report, name, raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    report = Report("words", "only")
    report.section("A", "text")
    report.table("t", ["x"], [["1"]], caption="c")
    assert report.write(tmp_path).exists()
    with pytest.raises(ImportError, match=r'needs matplotlib.*"\.\[plot\]"'):
        from spectransfer.report import write_report  # noqa: F401


def test_pictures_whose_names_clean_to_the_same_have_files_of_their_own(tmp_path):
    names = ["光谱仪", "标准样品", "A+B", "A-B", "a b"]
    report = Report("x")
    parts = {name: Figure() for name in names}
    report.figure("f", parts, caption="c", alt="a")
    report.write(tmp_path)
    assert len(list(tmp_path.rglob("*.png"))) == len(names)


def test_an_unfinished_formula_in_a_figure_is_drawn_as_text(tmp_path):
    figure = Figure()
    figure.suptitle(r"$\frac{x$")
    figure.subplots().set_title(r"$\nonsense$")
    report = Report(r"$\frac{x$")
    report.figure("f", figure, caption=r"$\frac{x$", alt="a")
    assert report.write(tmp_path).exists()
