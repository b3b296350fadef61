"""The pages lead where they say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import spectransfer

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    missing = [link for link in local if not (page.parent / link).exists()]
    assert not missing


def test_every_public_name_of_the_package_can_be_imported():
    for name in spectransfer.__all__:
        assert getattr(spectransfer, name) is not None


def test_importing_the_package_does_not_import_torch():
    code = "import sys, spectransfer; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
