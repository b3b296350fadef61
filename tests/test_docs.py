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


def test_every_page_is_in_the_contents_of_the_site():
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    contents = ("index", "guides", "project")
    told = " ".join((ROOT / "docs" / f"{name}.md").read_text() for name in contents)
    toctrees = " ".join(re.findall(r"```\{toctree\}(.*?)```", told, re.DOTALL)).split()
    assert pages - {"index"} <= set(toctrees)


FIGURE = re.compile(r"(?<![\w.,])\d+\.\d+(?![\w.])")


def figures_of_choice():
    """Give each figure of the page of decisions, and the pages named beside it."""
    page = (ROOT / "docs" / "how_to_choose.md").read_text(encoding="utf-8")
    decisions = page.split("## The commands")[0]
    for block in re.split(r"\n\n|\n(?=\|)", decisions):
        pages = re.findall(r"\]\((\w+\.md)\)", block)
        for figure in FIGURE.findall(block):
            yield figure, pages


def test_each_figure_of_the_decisions_stands_on_a_page_that_is_named_beside_it():
    figures = list(figures_of_choice())
    assert len(figures) > 10
    for figure, pages in figures:
        half = 0.5 * 10.0 ** -len(figure.split(".")[1])
        texts = [(ROOT / "docs" / page).read_text(encoding="utf-8") for page in pages]
        known = [float(number) for text in texts for number in FIGURE.findall(text)]
        assert any(abs(n - float(figure)) <= half * 1.001 for n in known), figure
