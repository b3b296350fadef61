import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from spectransfer import SpectralMLP, SpectralVAE, Training, VAELatentTransfer
from spectransfer._progress import progress_bar
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import (
    choose_n_clusters,
    evaluate_transfers,
    fit_library_clusters,
    standards_curve,
    summarize_transfer,
)
from spectransfer.io import read_spectra, save_libs_transfer
from spectransfer.model_selection import select_standards
from spectransfer.pipeline import make_transfer_pipeline, transfer_spectra
from spectransfer.search import HalvingSearch
from spectransfer.simulation import make_libs_maps


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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_bar_is_seen_on_a_terminal_that_does_not_know_its_width():
    import pty

    ours, theirs = pty.openpty()
    program = (
        "from spectransfer._progress import progress_bar\n"
        "with progress_bar(4, 'spectrum', visible=True, desc='long') as bar:\n"
        "    bar.reach(3)\n"
    )
    with os.fdopen(theirs, "w") as terminal:
        subprocess.run([sys.executable, "-c", program], stderr=terminal, check=True)
        shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "long" in shown
    assert "3/4" in shown


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


PAIR = make_instrument_pair(n_spectra=60, random_state=0)
QUICK = Training(n_steps=20)


def ridge():
    return make_transfer_pipeline(Ridge()).fit(PAIR.X_secondary, PAIR.X_primary)


def a_folder(folder):
    for name in "ab":
        table = np.column_stack([np.arange(5.0), np.arange(5.0)])
        np.savetxt(folder / f"{name}.txt", table, header="nm counts")
    return folder


def a_search(verbose):
    search = HalvingSearch(
        SpectralVAE((4,), n_latent=2, training=Training()),
        {"n_latent": [1, 2]},
        resource="training__n_steps",
        min_resources=5,
        max_resources=10,
        n_candidates=2,
        random_state=0,
        verbose=verbose,
    )
    search.fit(PAIR.X_primary[:40], X_val=PAIR.X_primary[40:])


def saved(folder, **options):
    maps = make_libs_maps((2, 2), None, None, spectrometers="light", random_state=0)
    save_libs_transfer(folder, {"train": maps.train}, **options)


def few(**options):
    standards_curve(
        {"ridge": make_transfer_pipeline(Ridge())},
        PAIR[:40],
        [5],
        test=PAIR[40:],
        n_draws=1,
        **options,
    )


# what may take longer than two seconds, and a word of what it shows
LONG = {
    "simulate": (
        lambda _, v: make_libs_maps(
            (2, 2), None, None, spectrometers="light", random_state=0, verbose=v
        ),
        "simulate train",
    ),
    "read a folder": (lambda path, v: read_spectra(a_folder(path), verbose=v), "read"),
    "save maps": (lambda path, v: saved(path / "maps", verbose=v), "save"),
    "a network": (
        lambda _, v: SpectralVAE((4,), training=QUICK, verbose=v).fit(PAIR.X_primary),
        "step",
    ),
    "a latent transfer": (
        lambda _, v: VAELatentTransfer(
            SpectralVAE((4,), training=QUICK),
            SpectralMLP((4,), training=QUICK),
            verbose=v,
        ).fit(PAIR.X_secondary, PAIR.X_primary),
        "step",
    ),
    "a table": (
        lambda _, v: evaluate_transfers(
            {"ridge": make_transfer_pipeline(Ridge())},
            PAIR[:40],
            PAIR[40:],
            protocols=["deployable"],
            verbose=v,
        ),
        "ridge",
    ),
    "a curve": (lambda _, v: few(verbose=v), "fit"),
    "a search": (lambda _, v: a_search(v), "fit"),
    "a whole map": (
        lambda _, v: transfer_spectra(ridge(), PAIR.X_secondary, verbose=v),
        "transfer",
    ),
    "what can be drawn of it": (
        lambda _, v: summarize_transfer(ridge(), PAIR, verbose=v),
        "transfer",
    ),
    "a choice of standards": (
        lambda _, v: select_standards(PAIR.X_secondary, 3, verbose=v),
        "choose standards",
    ),
    "how many clusters": (
        lambda _, v: choose_n_clusters(
            PAIR.X_primary, (2, 3), random_state=0, verbose=v
        ),
        "silhouettes",
    ),
    "clusters": (
        lambda _, v: fit_library_clusters(
            PAIR.X_primary, 2, n_subsample=20, random_state=0, verbose=v
        ),
        "clusters of the library",
    ),
}


@pytest.mark.parametrize(("long", "word"), LONG.values(), ids=LONG)
def test_what_may_take_long_shows_it_where_asked_and_is_quiet_elsewhere(
    long, word, tmp_path, capfd
):
    long(tmp_path, False)
    assert capfd.readouterr() == ("", "")
    for path in sorted(tmp_path.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    long(tmp_path, True)
    shown = capfd.readouterr().err
    assert word in shown
    assert "100%" in shown or "it]" in shown or "/" in shown


def test_a_pipeline_tells_its_steps_as_those_of_scikit_learn_do(capsys):
    for verbose in (False, True):
        transfer = make_transfer_pipeline(Ridge(), verbose=verbose)
        transfer.fit(PAIR.X_secondary, PAIR.X_primary)
        steps = capsys.readouterr().out.splitlines()
        assert [("Processing" in line) for line in steps] == 3 * verbose * [True]
