"""Names and errors lead to the page of the documentation that helps."""

import pickle
import traceback
from importlib import import_module
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator, clone

from spectransfer import KNNTransfer, _pages
from spectransfer.exceptions import FileFormatError, WavelengthError, WindowError
from spectransfer.io import read_spectra
from spectransfer.spectra import Axis

ROOT = Path(__file__).resolve().parents[1]
SITE = "https://somewhere.example/docs"


def public_estimators():
    for path in sorted((ROOT / "spectransfer").glob("*/__init__.py")):
        room = import_module(f"spectransfer.{path.parent.name}")
        for name in room.__all__:
            made = getattr(room, name)
            if isinstance(made, type) and issubclass(made, BaseEstimator):
                yield pytest.param(room.__name__, made, id=name)


@pytest.mark.parametrize(("room", "estimator"), list(public_estimators()))
def test_an_estimator_leads_to_its_entry_in_the_reference(room, estimator, monkeypatch):
    found = estimator.__new__(estimator)
    monkeypatch.setenv("SPECTRANSFER_DOCS", f"{SITE}/")
    assert found._get_doc_link() == f"{SITE}/generated/{room}.{estimator.__name__}.html"
    monkeypatch.setenv("SPECTRANSFER_DOCS", "")
    assert found._get_doc_link() == ""


def test_the_html_of_an_estimator_has_the_link_where_the_site_is_known(monkeypatch):
    monkeypatch.setenv("SPECTRANSFER_DOCS", SITE)
    page = f'href="{SITE}/generated/spectransfer.transfer.KNNTransfer.html"'
    assert page in KNNTransfer()._repr_html_()
    monkeypatch.setenv("SPECTRANSFER_DOCS", "")
    assert page not in KNNTransfer()._repr_html_()


def test_estimators_that_are_made_of_ours_do_not_lead_to_our_pages(monkeypatch):
    class Own(KNNTransfer):
        pass

    monkeypatch.setenv("SPECTRANSFER_DOCS", SITE)
    assert clone(Own())._get_doc_link() == ""


def test_the_site_may_be_a_folder_or_what_the_package_tells(monkeypatch, tmp_path):
    monkeypatch.setenv("SPECTRANSFER_DOCS", str(tmp_path))
    assert _pages.site() == tmp_path.as_uri()
    monkeypatch.delenv("SPECTRANSFER_DOCS")
    told = [f"Source, {SITE}/source", f"Documentation, {SITE}"]

    class Metadata:
        get_all = staticmethod(lambda name: told if name == "Project-URL" else None)

    monkeypatch.setattr("importlib.metadata.metadata", lambda name: Metadata)
    assert _pages.site() == SITE
    told.clear()
    assert _pages.site() == ""


def last_line(error):
    return traceback.format_exception_only(error)[-1].strip()


def test_an_error_names_its_page_under_the_traceback_and_not_in_its_text(monkeypatch):
    monkeypatch.setenv("SPECTRANSFER_DOCS", "")
    with pytest.raises(WavelengthError) as told:
        Axis([3.0, 1.0, 2.0], unit="nm")
    assert last_line(told.value) == "See docs/axes.md in the project."
    assert "docs/" not in str(told.value)
    monkeypatch.setenv("SPECTRANSFER_DOCS", SITE)
    with pytest.raises(FileFormatError) as told:
        read_spectra(__file__)
    assert last_line(told.value) == f"See {SITE}/bringing_your_spectra.html"


@pytest.mark.parametrize("kind", [WavelengthError, WindowError, FileFormatError])
def test_the_page_of_an_error_exists_and_is_named_once(kind, monkeypatch):
    monkeypatch.setenv("SPECTRANSFER_DOCS", "")
    error = kind("said")
    for each in (error, pickle.loads(pickle.dumps(error))):
        (note,) = each.__notes__
        assert (ROOT / note.split()[1]).is_file()
        assert str(each) == "said"


def test_an_error_that_no_page_answers_names_none():
    assert not hasattr(FileFormatError("said", page=""), "__notes__")


def test_pages_that_are_named_in_the_code_exist():
    for path in (ROOT / "spectransfer").rglob("*.py"):
        for page in _named_in(path.read_text(encoding="utf-8")):
            assert (ROOT / "docs" / f"{page}.md").is_file(), (path, page)


def _named_in(code):
    named = [part.split('"')[0] for part in code.split(' page="')[1:]]
    return [page for page in named if page]


def test_an_address_cannot_add_anything_to_the_html_of_an_estimator(monkeypatch):
    monkeypatch.setenv("SPECTRANSFER_DOCS", 'https://x.example/"><script>alert(1)')
    assert "<script>alert" not in KNNTransfer()._repr_html_()
    assert "https://x.example/&quot;&gt;&lt;script&gt;" in KNNTransfer()._repr_html_()


def test_a_folder_that_is_not_there_is_told_and_leads_nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv("SPECTRANSFER_DOCS", str(tmp_path / "gone"))
    with pytest.warns(UserWarning, match="there is no folder"):
        assert _pages.site() == ""
