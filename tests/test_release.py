"""One version, a changelog of fragments, and a site that needs no network."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import spectransfer

ROOT = Path(__file__).resolve().parents[1]
KINDS = {"added", "changed", "deprecated", "removed", "fixed"}


def test_the_citation_names_the_version_of_the_package():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    (told,) = re.findall(r"^version: (.+)$", citation, re.MULTILINE)
    assert told == spectransfer.__version__


def test_fragments_of_the_changelog_have_a_kind_and_one_paragraph():
    fragments = [path for path in (ROOT / "changes").iterdir() if path.name[0] == "+"]
    assert fragments
    for path in fragments:
        _, kind, ending = path.name.split(".")
        assert (kind in KINDS, ending) == (True, "md"), path.name
        text = path.read_text(encoding="utf-8").strip()
        assert text, path.name
        assert "\n\n" not in text, path.name


PAGE = '<link rel="stylesheet" href="_static/a.css"><p id="here">{}</p>'


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ('<a href="https://elsewhere.org">a link may lead out</a>', ""),
        ('<a href="#here">within</a>', ""),
        ('<script src="https://elsewhere.org/m.js"></script>', "loads https://else"),
        ('<img src="//elsewhere.org/m.png">', "loads //elsewhere"),
        ('<a href="gone.html">gone</a>', "gone.html leads to no file"),
        ('<a href="#there">gone</a>', "#there leads to no place"),
        ('<img srcset="https://else.org/a.png 2x">', "loads https://else"),
        ('<p style="background: url(https://else.org/a)">', "loads https://else"),
        ("<style>@import 'https://else.org/a.css'</style>", "loads https://else"),
        ('<style>@import url("//else.org/a.css");</style>', "loads //else"),
        ('<video poster="https://else.org/a"></video>', "loads https://else"),
        ('<svg><image href="https://else.org/a"/></svg>', "loads https://else"),
        ('<svg><image xlink:href="https://else.org/a"/></svg>', "loads https://else"),
        ('<audio src="https://else.org/a"></audio>', "loads https://else"),
        ('<input type="image" src="https://else.org/a">', "loads https://else"),
        ('<a href="../lib.py">out</a>', "../lib.py leaves the site"),
        ('<a href="/etc/hosts">out</a>', "/etc/hosts leaves the site"),
        ('<a href="a:b.html">gone</a>', "a:b.html leads to no file"),
        ('<a href="mailto:a@example.org">a letter</a>', ""),
        ('<b id="here"></b>', "#here is there twice"),
        (r'<span class="math">\frac 1 2</span>', "a formula is left as text"),
    ],
)
def test_the_check_of_the_site_finds_what_a_browser_would_miss(inside, said, tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "a.css").write_text("p { color: red }")
    (tmp_path / "index.html").write_text(PAGE.format(inside))
    command = [sys.executable, ROOT / ".ci" / "check_site.py", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said in done.stderr
    assert bool(done.returncode) is bool(said)


def test_the_check_of_the_site_tells_what_it_needs():
    command = [sys.executable, ROOT / ".ci" / "check_site.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr.startswith("usage: ")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="asks git")
def test_the_source_archive_has_a_line_for_all_that_lies_at_the_top():
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    top = {name.split("/")[0] for name in listed.decode().split("\0") if name}
    lines = (ROOT / "MANIFEST.in").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.startswith(("include", "graft"))]
    named = {name for line in kept for name in line.split()[1:]}
    assert top - {"spectransfer"} == named


def test_the_slow_tests_of_make_run_in_the_workflow_too():
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    slow = made.split("\nslow:")[1].split("\n\n")[0]
    runs = [line.split('/pytest"')[1].strip() for line in slow.splitlines()[1:]]
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8")
    for run in runs:
        assert run.replace(" $(ARGS)", "") in workflow
