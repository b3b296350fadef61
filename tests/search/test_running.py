"""Searches that are killed, interrupted, repeated, widened, and what the bar counts."""

import os
import subprocess
import sys

import numpy as np
import pytest
from kept_searches import OPTIONS, SPACE, search_in
from learners import Descent, LoggedUntilCtrlC
from numpy.testing import assert_array_equal
from sklearn.decomposition import PCA

from spectransfer import SpectralMLP, Training
from spectransfer.nn._dense import DenseStep
from spectransfer.search import HalvingSearch
from spectransfer.search._brackets import Bracket
from spectransfer.search._records import Record
from spectransfer.search._running import Progress, rungs_of

N_FITS = 8 + 3  # two rungs: eight candidates, three of them go on

KILLED = """
import joblib
import numpy as np
from learners import Logged
from spectransfer.search import HalvingSearch
maps = dict(np.load("maps.npz"))
HalvingSearch(Logged(), {space}, folder="kept", **{options}).fit(**maps)
"""


@pytest.mark.slow
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


def test_ctrl_c_ends_the_program_and_the_same_search_goes_on(
    maps, fits, tmp_path, monkeypatch
):
    monkeypatch.setenv("LAST", "10")
    search = search_in(tmp_path, LoggedUntilCtrlC())
    with pytest.raises(KeyboardInterrupt) as stopped:
        search.fit(**maps)
    assert "had finished 9 of 11 fits" in stopped.value.__notes__[0]
    # nothing that could be taken for the result of a search
    assert not [name for name in vars(search) if name.endswith("_")]
    monkeypatch.delenv("LAST")
    fits()
    search.fit(**maps)
    assert fits() == N_FITS - 9 + 1
    whole = search_in(None, Descent()).fit(**maps)
    assert_array_equal(
        search.cv_results_["mean_test_score"], whole.cv_results_["mean_test_score"]
    )


def test_ctrl_c_in_the_last_training_leaves_no_half_result(
    maps, fits, monkeypatch, tmp_path
):
    monkeypatch.setenv("LAST", str(N_FITS + 1))
    search = search_in(tmp_path, LoggedUntilCtrlC())
    with pytest.raises(KeyboardInterrupt):
        search.fit(**maps)
    assert not hasattr(search, "cv_results_")
    assert len(list(tmp_path.glob("*.json"))) == N_FITS
    assert not list(tmp_path.glob("*.joblib"))


def test_a_training_that_was_cut_short_does_not_pass_for_a_whole_one(
    maps, tmp_path, monkeypatch
):
    n_steps, step = iter(range(10**6)), DenseStep.__call__

    def impatient(*args):
        if next(n_steps) == 20:
            raise KeyboardInterrupt
        return step(*args)

    search = HalvingSearch(
        SpectralMLP((4,), training=Training(batch_size=10)),
        {"training__learning_rate": [1e-4, 1e-3, 1e-2, 1e-1]},
        max_resources=8,
        min_resources=8,
        folder=tmp_path,
        random_state=0,
        n_candidates=4,
    )
    monkeypatch.setattr(DenseStep, "__call__", impatient)
    with pytest.raises(KeyboardInterrupt) as stopped:
        search.fit(**maps)
    assert "2 of 4 fits" in stopped.value.__notes__[0]
    # eight steps each: the third was in its middle
    assert len(list(tmp_path.glob("*.json"))) == 2


def test_a_search_that_draws_anew_cannot_be_taken_up(maps, tmp_path):
    with pytest.raises(ValueError, match=r"(?s)draw the same.*random_state=0"):
        search_in(tmp_path, random_state=None).fit(**maps)


# the maps


@pytest.mark.parametrize(
    ("missing", "match"),
    [
        (["X_val", "y_val"], r"(?s)judges on another.*X_val is None"),
        (["y_val"], r"y_val is None"),
        (["y"], r"(?s)search over Descent requires y.*target y is None"),
    ],
)
def test_both_maps_are_needed_whole(maps, missing, match):
    with pytest.raises(ValueError, match=match):
        search_in(None, Descent()).fit(**(maps | dict.fromkeys(missing)))


def test_an_autoencoder_takes_primary_spectra_on_both_maps_or_on_none(maps):
    search = HalvingSearch(PCA(), {"n_components": [1, 2]}, resource=None)
    spectra = {"X": maps["y"], "X_val": maps["y_val"]}
    with pytest.raises(ValueError, match="but y is None"):
        search.fit(**spectra, y_val=maps["y_val"])
    assert search.fit(**spectra).best_params_ == {"n_components": 2}


def test_rows_have_to_pair(maps):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        search_in(None, Descent()).fit(**(maps | {"y_val": maps["y"]}))


# the bar

CANDIDATES = [{"a": i} for i in range(9)]
BRACKETS = [
    Bracket(CANDIDATES, "part__max_epochs", 1, 9),
    Bracket(CANDIDATES[:2], "part__max_epochs", 9, 9),
]


def counted(finished):
    """A counter that finds some fits, by candidate and epochs."""
    records = {
        f"{a} {n}": Record(score, 0.0, 0.0) for (a, n), score in finished.items()
    }
    rungs = rungs_of(BRACKETS, lambda p: f"{p['a']} {p['part__max_epochs']}")
    return Progress(rungs, records.get)


def test_fits_are_counted_rung_by_rung_with_the_best_of_all():
    finished = {(0, 1): 0.25, (1, 1): np.nan, (5, 3): 0.75}
    progress = counted(finished)
    assert progress.n_fits == 9 + 3 + 1 + 2
    assert progress.look() == (0, "search", {})
    progress.next_rung()
    title = "bracket 1/2, rung 1/3, max_epochs=1"
    assert progress.look() == (2, title, {"best": "0.25"})
    progress.next_rung()
    title = "bracket 1/2, rung 2/3, max_epochs=3"
    # all nine of the first rung are over, seen or not
    assert progress.look() == (9 + 1, title, {"best": "0.75"})


def test_fits_of_an_earlier_search_do_not_count_twice():
    progress = counted({(i, 3): 0.5 for i in range(9)})
    progress.next_rung()
    progress.next_rung()
    assert progress.look()[0] == 9 + 3


def test_a_search_ends_with_all_fits_where_no_file_is_seen():
    progress = counted({})
    for _ in range(5):
        progress.next_rung()
    assert progress.look() == (15, "bracket 2/2, rung 1/1, max_epochs=9", {})


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_one_bar_counts_all_fits(maps, capfd, n_jobs):
    search_in(None, Descent(), n_jobs=n_jobs).fit(**maps)
    assert capfd.readouterr() == ("", "")
    search_in(None, Descent(), n_jobs=n_jobs, verbose=1).fit(**maps)
    out, shown = capfd.readouterr()
    assert out == ""
    assert (
        shown.rstrip()
        .splitlines()[-1]
        .rsplit("\r", 1)[-1]
        .startswith("rung 2/2, max_epochs=9: 100%")
    )
    assert f"{N_FITS}/{N_FITS}" in shown
    assert "best=" in shown
