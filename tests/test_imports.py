import sys
from types import ModuleType

import pytest

from spectransfer._imports import lazy_names, need


@pytest.fixture
def room(monkeypatch):
    """A package whose one public name lies in a module that is not imported yet."""
    module = ModuleType("room._late")
    module.Late = type("Late", (), {})
    monkeypatch.setitem(sys.modules, "room._late", module)
    package = ModuleType("room")
    package.__getattr__, package.__dir__ = lazy_names("room", {"Late": "room._late"})
    return package


def test_a_lazy_name_is_the_one_of_its_module_and_is_listed(room):
    assert room.Late is sys.modules["room._late"].Late
    assert dir(room) == ["Late"]


def test_a_lazy_package_has_no_other_names(room):
    with pytest.raises(AttributeError, match="'room' has no attribute 'Early'"):
        room.Early  # noqa: B018


def test_a_library_that_is_here_is_given():
    assert need("json", "Reading", "spectransfer[files]") is sys.modules["json"]


def test_a_missing_library_is_named_with_who_needs_it_and_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(
        ImportError,
        match=r'^Reading maps needs h5py, which.*pip install -c .* "\.\[files\]"',
    ):
        need("h5py", "Reading maps", "spectransfer[files]")
