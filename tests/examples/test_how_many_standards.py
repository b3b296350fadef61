"""The script of the tables of standards refuses what would print nothing."""

import importlib.util
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "how_many_standards.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("how_many_standards", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ask(script, monkeypatch, options):
    monkeypatch.setattr(sys, "argv", ["script", *map(str, options)])
    return script.asked()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sets", "wheat"], "wheat needs --data FOLDER"),
        (["--sets", "light", "tablets", "--choices"], "tablets needs --data FOLDER"),
        (["--data", "nowhere"], "no folder nowhere"),
        (["--data", "."], "nir_tablets_idrc2002_instr1_instr2.npz is not in"),
        (["--only", "ridge"], "invalid choice: 'ridge'"),
        (["--sets", "corn"], "invalid choice: 'corn'"),
        (["--choices", "--sets", "light", "full"], "leave full out of --sets"),
    ],
)
def test_what_would_print_nothing_is_refused(
    script, monkeypatch, capsys, tmp_path, options, said
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        ask(script, monkeypatch, options)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_without_a_folder_the_simulated_maps_are_asked_for(script, monkeypatch):
    assert ask(script, monkeypatch, []).sets == ["light"]


def test_the_choices_are_compared_in_the_transfers_that_are_asked_for(
    script, monkeypatch, capsys
):
    asked = []

    def errors(draw, k, rows, new, prepare, only=None):
        asked.append(only)
        return dict.fromkeys(only, (0.5, None))

    draw = {"X": script.np.random.default_rng(0).random((30, 4))}
    monkeypatch.setattr(script, "errors_of", errors)
    monkeypatch.setattr(script, "libs_draw", lambda *_: (draw, None, None))
    options = ["--choices", "--sizes", "3", "--only", "SST", "--sets", "light"]
    monkeypatch.setattr(sys, "argv", ["script", *options])
    script.main()
    assert set(map(tuple, asked)) == {("SST",)}
    printed = capsys.readouterr().out
    assert "light, SST, by the choice" in printed
    assert printed.startswith("Each cell: median / worst of 1 draws")
