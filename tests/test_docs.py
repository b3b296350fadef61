"""The pages lead where they say."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import spectransfer

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def place_of(page: Path, link: str) -> Path:
    """Give the file that a link means; pages of the gallery are made from scripts."""
    if link == "gallery/index":
        return ROOT / "examples" / "GALLERY_HEADER.rst"
    if link.startswith("gallery/"):
        return ROOT / "examples" / f"{Path(link).name}.py"
    return page.parent / link


def test_the_gallery_has_a_title_that_sphinx_reads():
    header = ROOT / "examples" / "GALLERY_HEADER.rst"  # the page that is made is rst
    title, line, *_ = header.read_text(encoding="utf-8").splitlines()
    assert line == "=" * len(title)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    missing = [link for link in local if not place_of(page, link).exists()]
    assert not missing


def test_every_public_name_of_the_package_can_be_imported():
    for name in spectransfer.__all__:
        assert getattr(spectransfer, name) is not None


def test_importing_the_package_does_not_import_torch():
    code = "import sys, spectransfer; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_room_with_public_names_is_in_the_reference():
    listed = set((ROOT / "docs" / "reference.rst").read_text().split())
    rooms = {
        f"spectransfer.{path.parent.name}"
        for path in (ROOT / "spectransfer").glob("*/__init__.py")
        if import_module(f"spectransfer.{path.parent.name}").__all__
    }
    # torch modules and losses: for those who build networks, and read the code
    assert rooms - {"spectransfer.nn"} <= listed


# results of a function whose example shows them
SHOWN_BY = {
    "Acceptance": "reliability.accept_transfer",
    "AcceptanceRow": "reliability.accept_transfer",
    "ClusterChoice": "evaluation.choose_n_clusters",
    "ClusterComparison": "evaluation.compare_clusters",
    "InferredLine": "reliability.ConformalTransfer",
    "Judgement": "reliability.ApplicabilityDomain",
    "Library": "library.open_library",
}


def named(path):
    room, _, name = path.partition(".")
    return getattr(import_module(f"spectransfer.{room}"), name)


def test_every_public_name_has_an_example_or_is_shown_by_the_one_of_another():
    for path in sorted((ROOT / "spectransfer").glob("*/__init__.py")):
        room = path.parent.name
        if room == "nn":  # for those who build networks
            continue
        for name in import_module(f"spectransfer.{room}").__all__:
            made = named(f"{room}.{name}")
            if getattr(type(made), "__module__", "").startswith("spectransfer"):
                made = type(made)  # a scorer, a spectrometer
            if not callable(made):  # a table of constants
                continue
            shown = named(SHOWN_BY[name]) if name in SHOWN_BY else made
            assert ">>>" in (shown.__doc__ or ""), f"{room}.{name}"


def test_every_page_is_in_the_contents_of_the_site():
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    contents = ("index", "guides", "project")
    told = " ".join((ROOT / "docs" / f"{name}.md").read_text() for name in contents)
    toctrees = " ".join(re.findall(r"```\{toctree\}(.*?)```", told, re.DOTALL)).split()
    assert pages - {"index"} <= set(toctrees)


# a phrase of the page of decisions with its figures, the page that has the table, its
# heading there, the beginnings of rows, and which numbers of each row are meant
BOUND = [
    ("on {} simulated pairs", "paper.md", "", ["On the 2,304 shots"], [0]),
    ("RSE is {} and {}", "paper.md", "RSE  ", ["VAE + MLP  ", "ridge  "], [0]),
    (
        "ridge has {} after it and {} with", "few_standards.md",
        "light, DS (ridge), by the choice", ["kmeans", "at random"], [0],
    ),
    (
        "a ridge is at {} times its error", "new_day.md",
        "| drift, standards", ["| secondary, 1 standard of 100 shots |"], [2],
    ),
    (
        "at {} times (median of 30 draws, {} at worst)", "new_day.md",
        "| drift, standards", ["| secondary, 1 standard of 100 shots |"], [3, 4],
    ),
    (
        "the offset has RSE {}", "few_standards.md",
        "Tablets, raw, standards at random: RSE", ["offset"], [0],
    ),
    (
        "an RMSEP of {}", "few_standards.md",
        "Tablets, raw, standards at random: RMSEP", ["offset"], [0],
    ),
    (
        "ridge {} and", "few_standards.md",
        "Tablets, raw, standards at random: RSE", ["RidgeCV"], [0],
    ),
    (
        "ridge 0.286 and {}", "few_standards.md",
        "Tablets, raw, standards at random: RMSEP", ["RidgeCV"], [0],
    ),
    (
        "no transfer {} and", "few_standards.md",
        "Tablets, raw, standards at random: RSE", ["untransferred"], [0],
    ),
    (
        "no transfer 0.440 and {}", "few_standards.md",
        "Tablets, raw, standards at random: RMSEP", ["untransferred"], [0],
    ),
    (
        "size {} MB in place of {} GB", "paper.md", "## What must be shared",
        ["For the paper's 313,600 standards"], [2, 1],
    ),
    (
        "pairs, {} and {} | `make demo`", "paper.md",
        "RSE  ", ["VAE + MLP  ", "ridge  "], [0],
    ),
    (
        "LIBS map, {} and {} |", "few_standards.md",
        "light, DS (ridge), by the choice", ["kmeans", "at random"], [0],
    ),
    (
        "a new day: {} times, {} and {} |", "new_day.md",
        "| drift, standards", ["| secondary, 1 standard of 100 shots |"], [2, 3, 4],
    ),
    (
        "shared, {} MB and {} GB |", "paper.md", "## What must be shared",
        ["For the paper's 313,600 standards"], [2, 1],
    ),
]  # fmt: skip
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w%])")


def page_of(name):
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return text, " ".join(text.split())


def told_there(page, heading, rows, which):
    """Give the numbers of rows below a heading: the first that begin so."""
    lines = page_of(page)[0].splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip().startswith(heading))
    found = []
    for row in rows:
        line = next(x for x in lines[start:] if x.strip().startswith(row))
        numbers = NUMBER.findall(line)
        found += [numbers[k].replace(",", "") for k in which]
    return [float(number) for number in found]


@pytest.mark.parametrize(
    ("phrase", "page", "heading", "rows", "which"),
    BOUND,
    ids=[bound[0] for bound in BOUND],
)
def test_each_figure_of_the_decisions_is_that_of_its_row(
    phrase, page, heading, rows, which
):
    choice = page_of("how_to_choose.md")[1]
    pattern = re.escape(phrase).replace(r"\{\}", r"([\d.,]*\d)")
    (said,) = re.findall(pattern, choice)
    said = [said] if isinstance(said, str) else said
    known = told_there(page, heading, rows, which)
    assert len(said) == len(known)
    for figure, number in zip(said, known, strict=True):
        decimals = len(figure.partition(".")[2])
        assert abs(float(figure.replace(",", "")) - number) <= 0.5001 * 10**-decimals


def test_no_figure_of_the_decisions_is_without_a_row():
    choice = page_of("how_to_choose.md")[1].split("Simulated maps need nothing")[0]
    compared = set()
    for phrase, *_ in BOUND:
        pattern = re.escape(phrase).replace(r"\{\}", r"[\d.,]*\d")
        for found in re.finditer(pattern, choice):
            compared.update(range(*found.span()))
    figures = re.finditer(r"\d+[.,]\d+|\d+ (?:times|[MG]B)", choice)
    assert not [one[0] for one in figures if one.start() not in compared]


# columns of what `make demo` printed
SAME_DAY, DEPLOYABLE, LIBRARY, PAPER = 0, 1, 3, 4
REPEATED = {
    "| RSE, small preset, seed 0 |": [
        ("{}", SAME_DAY), ("{}", LIBRARY), ("{}", DEPLOYABLE),
    ],
    "| RSE | same day, unit variance |": [
        ("{}, unit variance", SAME_DAY), ("{}", SAME_DAY),
        ("{}, unit variance", PAPER), ("{}", PAPER),
    ],
}  # fmt: skip
CALLED = {
    "nearest neighbours": "KNN",
    "mean spectrum": "mean",
    "PLS, 16 components": "PLS",
}


@pytest.mark.parametrize("head", REPEATED)
def test_tables_that_repeat_what_was_printed_say_the_same(head):
    lines = page_of("paper.md")[0].splitlines()
    printed = {}
    for line in lines:
        if line.startswith("    ") and "." in line:
            name, *numbers = re.split(r" {2,}", line.strip())
            printed.setdefault(name, numbers)
    start = next(i for i, line in enumerate(lines) if line.startswith(head)) + 2
    for line in lines[start : lines.index("", start)]:
        name, *cells = (cell.strip(" *") for cell in line.strip("|").split("|"))
        name = CALLED.get(name, name)
        for cell, (called, column) in zip(cells, REPEATED[head], strict=True):
            number = float(printed[called.format(name)][column])
            decimals = len(cell.partition(".")[2])
            assert abs(float(cell) - number) <= 0.5001 * 10**-decimals, line
