import subprocess
import sys

import pytest

from spectransfer._progress import progress_bar


def count(**options):
    with progress_bar(4, "spectrum", **options) as bar:
        bar.describe("predicting")
        bar.show(loss="0.25")
        bar.update()
        bar.update(2)
        bar.reach(4)
        return bar.visible


def test_a_bar_that_is_not_wanted_takes_everything_and_shows_nothing(capfd):
    assert not count(visible=False)
    assert capfd.readouterr() == ("", "")


def test_a_bar_shows_what_is_done_how_far_it_is_and_figures(capfd):
    assert count(visible=True, mininterval=0)
    shown = capfd.readouterr().err
    for part in ("predicting", "3/4", "4/4", "100%", "spectrum", "loss=0.25"):
        assert part in shown


def test_a_bar_begins_where_it_is_told(capfd):
    with progress_bar(4, "B", visible=True, initial=3):
        pass
    assert "75%" in capfd.readouterr().err


def test_a_bar_is_ended_by_an_error(capfd):
    def stop():
        with progress_bar(4, "spectrum", visible=True):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert capfd.readouterr().err.endswith("\n")


def test_tqdm_is_imported_for_those_who_look_only():
    code = """
import sys
from spectransfer._progress import progress_bar
with progress_bar(1, "spectrum", visible=False) as bar:
    bar.update()
sys.exit(str("tqdm" in sys.modules))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.stderr.strip() == "False"
