"""Every benchmark says what it does when asked, and starts only when told."""

import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
FILES = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
BESIDE = {path.stem for path in FOLDER.glob("*.py")}


@pytest.fixture
def benchmarks(monkeypatch):
    """The folder on the path, as a script has it, and no module of it left behind."""
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    before = {name: module for name, module in sys.modules.items() if name in BESIDE}
    yield
    for name in BESIDE & sys.modules.keys():
        del sys.modules[name]
    sys.modules.update(before)


@pytest.mark.parametrize("name", FILES)
def test_a_benchmark_says_what_it_does_and_does_nothing(
    name, benchmarks, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    # what it needs beside is not named before it is started
    monkeypatch.delenv("SPECTRANSFER_SHARED", raising=False)
    loaded = importlib.import_module(name)
    assert capsys.readouterr().out == ""
    with pytest.raises(SystemExit) as ended:
        loaded.main()
    assert ended.value.code == 0
    said = capsys.readouterr().out
    # more than usage and options
    assert said.startswith("usage: ")
    assert len(said.split("\n\n")) > 2


def test_every_benchmark_starts_by_its_main_alone():
    for name in FILES:
        text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
        assert text.endswith('\n\n\nif __name__ == "__main__":\n    main()\n'), name
