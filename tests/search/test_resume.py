"""Searches that are killed, interrupted, repeated, widened."""

import json
import os
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from learners import Descent, Logged, LoggedUntilCtrlC
from numpy.testing import assert_array_equal

from spectransfer import SpectralMLP, Training
from spectransfer.exceptions import InterruptedSearchWarning
from spectransfer.search import HalvingSearch
from spectransfer.search._records import Record, Records, write_then_rename

SPACE = {"rate": [1e-3, 1e-2, 0.1, 0.3], "penalty": [0.0, 0.1]}
OPTIONS = {
    "resource": "max_epochs",
    "max_resources": 9,
    "n_candidates": 9,
    "random_state": 0,
}
N_FITS = 8 + 3  # two rungs: eight candidates, three of them go on

KILLED = """
import numpy as np
from learners import Logged
from spectransfer.search import HalvingSearch
maps = dict(np.load("maps.npz"))
HalvingSearch(Logged(), {space}, folder="kept", **{options}).fit(**maps)
"""


@pytest.fixture
def fits(tmp_path, monkeypatch):
    """Count the fits since the last time one asked."""
    path = tmp_path / "fits"
    monkeypatch.setenv("FITS", str(path))
    monkeypatch.delenv("LAST", raising=False)

    def count():
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return len(lines)

    return count


def search_in(folder, estimator=None, **options):
    space = options.pop("space", SPACE)
    return HalvingSearch(
        estimator or Logged(), space, folder=folder, **OPTIONS | options
    )


def test_a_killed_search_goes_on_where_it_stopped(maps, fits, tmp_path, monkeypatch):
    np.savez(tmp_path / "maps.npz", **maps)
    ended = subprocess.run(
        [sys.executable, "-c", KILLED.format(space=SPACE, options=OPTIONS)],
        cwd=tmp_path,
        env=os.environ | {"LAST": "6", "FITS": os.environ["FITS"]},
        check=False,
    )
    assert ended.returncode == -9
    assert fits() == 6
    kept = tmp_path / "kept"
    assert len(list(kept.glob("*.json"))) == 5

    resumed = search_in(kept).fit(**maps)
    # six that were left, and the best of all once more
    assert fits() == N_FITS - 5 + 1
    uninterrupted = search_in(None).fit(**maps)
    assert fits() == N_FITS + 1
    for name in ("params", "mean_test_score", "iter", "rank_test_score"):
        assert_array_equal(resumed.cv_results_[name], uninterrupted.cv_results_[name])
    assert resumed.best_params_ == uninterrupted.best_params_
    assert_array_equal(resumed.predict(maps["X"]), uninterrupted.predict(maps["X"]))


def test_a_finished_search_is_only_read(maps, fits, tmp_path):
    first = search_in(tmp_path / "kept").fit(**maps)
    assert fits() == N_FITS + 1
    again = search_in(tmp_path / "kept").fit(**maps)
    assert fits() == 0
    assert_array_equal(first.predict(maps["X"]), again.predict(maps["X"]))
    # times too are those of when the fits were made
    assert_array_equal(
        first.cv_results_["mean_fit_time"], again.cv_results_["mean_fit_time"]
    )


def test_a_wider_space_finds_the_fits_of_a_smaller_one(maps, fits, tmp_path):
    search_in(tmp_path, resource=None, refit=False).fit(**maps)
    assert fits() == 8
    wider = {"rate": [0.2, *SPACE["rate"]], "penalty": [0.0, 0.1]}
    search_in(tmp_path, space=wider, resource=None, refit=False, n_candidates=None).fit(
        **maps
    )
    assert fits() == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda maps, search: maps["X_val"].__setitem__((0, 0), 9.0),
        lambda maps, search: maps["y"].__setitem__((-1, -1), 9.0),
        lambda maps, search: search.set_params(random_state=1),
        lambda maps, search: search.set_params(scoring="neg_mean_absolute_error"),
        lambda maps, search: search.set_params(estimator__random_state=1),
        lambda maps, search: search.set_params(error_score=-1.0),
    ],
)
def test_a_different_search_in_the_same_folder_is_kept_apart(
    maps, fits, tmp_path, change
):
    search_in(tmp_path, resource=None, refit=False).fit(**maps)
    assert fits() == 8
    maps = {name: array.copy() for name, array in maps.items()}
    other = search_in(tmp_path, resource=None, refit=False)
    change(maps, other)
    other.fit(**maps)
    assert fits() == 8


def test_ctrl_c_keeps_what_was_found(maps, fits, tmp_path, monkeypatch):
    monkeypatch.setenv("LAST", "10")
    search = search_in(None, LoggedUntilCtrlC())
    with pytest.warns(InterruptedSearchWarning, match=r"after 9 of 11 fits"):
        search.fit(**maps)
    assert not search.finished_
    assert not hasattr(search, "best_estimator_")
    found = search.cv_results_
    assert list(found["n_resources"]) == [3] * 8 + [9]
    assert search.best_params_ == found["params"][8]
    whole = search_in(None, Descent()).fit(**maps)
    assert_array_equal(
        found["mean_test_score"], whole.cv_results_["mean_test_score"][:9]
    )


def test_ctrl_c_before_the_first_fit_is_ctrl_c(maps, fits, monkeypatch):
    monkeypatch.setenv("LAST", "1")
    with pytest.raises(KeyboardInterrupt):
        search_in(None, LoggedUntilCtrlC()).fit(**maps)


def test_ctrl_c_in_the_last_training_leaves_the_table(
    maps, fits, monkeypatch, tmp_path
):
    monkeypatch.setenv("LAST", str(N_FITS + 1))
    search = search_in(tmp_path, LoggedUntilCtrlC())
    with pytest.warns(InterruptedSearchWarning, match="was trained again"):
        search.fit(**maps)
    assert not search.finished_
    assert len(search.cv_results_["params"]) == N_FITS
    assert not list(tmp_path.glob("*.joblib"))


def test_a_training_that_was_cut_short_does_not_pass_for_a_whole_one(
    maps, tmp_path, monkeypatch
):
    from spectransfer.nn import _engine

    n_steps = iter(range(10**6))

    step = _engine.TrainedNet.train_step_single

    def impatient(net, batch, **kwargs):
        if next(n_steps) == 20:
            raise KeyboardInterrupt
        return step(net, batch, **kwargs)

    monkeypatch.setattr(_engine.TrainedNet, "train_step_single", impatient)
    search = HalvingSearch(
        SpectralMLP((4,), training=Training(batch_size=10)),
        {"training__learning_rate": [1e-4, 1e-3, 1e-2, 1e-1]},
        max_resources=8,
        min_resources=8,
        folder=tmp_path,
        random_state=0,
        n_candidates=4,
    )
    with pytest.warns(InterruptedSearchWarning, match=r"after 2 of 4"):
        search.fit(**maps)
    # eight steps each: the third was in its middle
    assert len(list(tmp_path.glob("*.json"))) == 2


def test_a_search_that_draws_anew_cannot_be_taken_up(maps, tmp_path):
    with pytest.raises(ValueError, match=r"(?s)draw the same.*random_state=0"):
        search_in(tmp_path, random_state=None).fit(**maps)


# the files


def test_records_are_readable_and_read_back(tmp_path):
    records, record = Records(tmp_path), Record(np.nan, 1.5, 0.25, "diverged")
    records.write("a", record, {"layers": (3, 4)})
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["parameters"] == {"layers": "(3, 4)"}
    back = records.read("a")
    assert np.isnan(back.score)
    assert (back.fit_time, back.score_time, back.error) == (1.5, 0.25, "diverged")


@pytest.mark.parametrize("content", ["", "{", '{"format": 99}', "[]", '{"format": 1}'])
def test_a_damaged_record_counts_as_none(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    assert Records(tmp_path).read("a") is None
    assert Records(tmp_path).read("b") is None


def test_a_write_that_fails_leaves_nothing_behind(tmp_path):
    path = tmp_path / "model"
    joblib.dump("old", path)

    def fail(beside: Path) -> None:
        beside.write_bytes(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_then_rename(path, fail)
    assert joblib.load(path) == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_worker_that_does_not_see_the_folder_keeps_nothing(tmp_path):
    Records(tmp_path / "elsewhere").write("a", Record(1.0, 0.0, 0.0), {})
    assert not (tmp_path / "elsewhere").exists()
