"""Every block of Python in README.md and docs runs, from the top of its page down.

A page may leave out what its reader has anyway: spectra, a fitted transfer, files.
That is made by `snippets/PAGE.py` before the first block, in about a second.
Of a block behind `<!-- not run: reason -->` only the imports run.
"""

import ast
import doctest
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
PRELUDES = Path(__file__).resolve().parent / "snippets"
BLOCK = re.compile(
    r"(^<!-- not run: .+ -->\n\n?)?^```(python|pycon)\n(.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def blocks(page: Path) -> list[tuple[str, str, int]]:
    """Give kind, text and first line of the blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        (
            "imports" if found[1] else found[2],
            found[3],
            text[: found.start(3)].count("\n"),
        )
        for found in BLOCK.finditer(text)
    ]


# transcripts of files that are not ours have a test that can do without them
ELSEWHERE = {"bringing_your_spectra": "tests/io/test_bringing_page.py"}
PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    if blocks(page) and page.stem not in ELSEWHERE
]


def run(kind: str, code: str, line: int, page: Path, names: dict) -> None:
    """Run one block; what it prints is compared where the page says what that is."""
    if kind != "pycon":
        tree = ast.parse("\n" * line + code)
        if kind == "imports":
            kept = (ast.Import, ast.ImportFrom)
            tree.body = [node for node in tree.body if isinstance(node, kept)]
        exec(compile(tree, page, "exec"), names)
        return
    told = doctest.DocTestParser().get_doctest(code, {}, page.name, str(page), line)
    told.globs = names
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    failed = runner.run(told, out=said.append, clear_globs=False).failed
    assert not failed, "".join(said)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run_from_top_to_bottom(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    reader = ModuleType("__main__")
    prelude = PRELUDES / f"{page.stem}.py"
    if prelude.exists():
        exec(compile(prelude.read_text("utf-8"), prelude, "exec"), reader.__dict__)
    for kind, code, line in blocks(page):
        run(kind, code, line, page, reader.__dict__)


def test_no_prelude_is_left_of_a_page_that_is_gone():
    left = {path.stem for path in PRELUDES.glob("*.py")}
    assert left <= {page.stem for page in PAGES}


@pytest.mark.parametrize(("page", "test"), ELSEWHERE.items())
def test_a_page_that_is_tried_elsewhere_is(page, test):
    assert (ROOT / "docs" / f"{page}.md").exists()
    assert f'"{page}.md"' in (ROOT / test).read_text(encoding="utf-8")
