"""The command that makes the paper's results section again."""

import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from spectransfer.evaluation import PROTOCOLS, TransferRow, TransferTable
from spectransfer.simulation import make_libs_maps

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
TINY = ["--shapes", "14x14/10x10/12x12", "--spectrometers", "light", "--steps", "20"]

# what differs from run to run
COSTS = {"table-2", "timings", "environment"}


@pytest.fixture(scope="module")
def command():
    """The module of the command."""
    sys.path.insert(0, str(EXAMPLES))
    try:
        from paper import command
    finally:
        sys.path.remove(str(EXAMPLES))
    return command


def test_sharing_at_the_papers_size_is_about_fifty_times_less(command):
    spectra, latents = command.published.shared_bytes()
    assert spectra == 313_600 * 4062 * 4
    assert 45 < spectra / latents < 55


def test_every_row_of_the_papers_tables_has_a_method_that_is_judged(command):
    constants = command.published
    names = [c.name for c in command.transfers_to_judge("light", 0, 20)]
    assert len(set(names)) == len(names)
    assert set(constants.METHODS.values()) <= set(names)
    assert list(constants.TABLE_1) == list(constants.TABLE_2) == list(constants.METHODS)
    assert {command.CLOSELY, *command.BESIDE} <= set(names)


def test_the_command_of_the_readme_says_first_how_long_it_takes(
    command, monkeypatch, capsys
):
    def stop(*_):
        raise OSError("stopped")

    monkeypatch.setattr(command, "run", stop)
    for arguments, says in ([], True), (TINY, False):
        monkeypatch.setattr(sys, "argv", ["paper", "--no-verbose", *arguments])
        with pytest.raises(SystemExit, match="stopped"):
            command.main()
        told = capsys.readouterr()
        assert ("minutes" in told.err) is says
        assert not told.out


@pytest.fixture
def work(command, tmp_path):
    """A work on tiny maps, and two transfers for it."""
    sys.path.insert(0, str(EXAMPLES))
    try:
        from paper import fits
    finally:
        sys.path.remove(str(EXAMPLES))
    from spectransfer.evaluation import fit_library_clusters

    maps = make_libs_maps(
        (10, 10), (8, 8), (8, 8), spectrometers="light", random_state=0
    )
    kmeans = fit_library_clusters(maps.train.X_primary, 2, random_state=0)
    known = {c.name: c for c in command.transfers_to_judge("light", 0, 20)}
    made = fits.Work(maps, kmeans, tmp_path, "tiny", verbose=False)
    return fits, made, [known["mean"], known["ridge"]]


def rse_of(tables):
    return [row.rse for table in tables for row in table]


def test_a_finished_fit_is_not_made_again(work, monkeypatch, capsys):
    fits, made, candidates = work
    first = fits.judge_side_by_side(made, candidates, 1)
    assert [row.transfer for row in first[1]] == ["mean", "ridge"]
    assert "ridge: fitted in " in capsys.readouterr().err

    def again(*_):
        raise AssertionError("made again")

    monkeypatch.setattr(fits.Work, "_judged", again)
    assert rse_of(fits.judge_side_by_side(made, candidates, 1)) == rse_of(first)
    other_maps = fits.Work(made.maps, made.kmeans, made.folder, "others", False)
    with pytest.raises(AssertionError, match="made again"):
        other_maps.done(candidates[0])


def test_half_a_file_is_no_finished_fit(work, monkeypatch):
    fits, made, candidates = work

    def cut_off(_, file):
        Path(file).write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(fits.joblib, "dump", cut_off)
        with pytest.raises(KeyboardInterrupt):
            made.done(candidates[0])
    assert len(rse_of(made.done(candidates[0]))) == 5


@pytest.mark.parametrize("damage", ["cut short", "zeros", "empty"])
def test_a_kept_fit_that_is_damaged_is_made_again_and_said(damage, work, capsys):
    _, made, (mean, _) = work
    first = made.done(mean)
    (file,) = made.folder.glob("*.joblib")
    content = bytearray(file.read_bytes())
    if damage == "zeros":
        middle = len(content) // 2
        content[middle : middle + 64] = bytes(64)
    file.write_bytes({"cut short": content[:-40], "empty": b""}.get(damage, content))
    assert rse_of(made.done(mean)) == rse_of(first)
    assert f"{file} is damaged or cut short" in capsys.readouterr().err
    made.done(mean)
    assert not capsys.readouterr().err


@pytest.mark.parametrize("change", ["torch", "threads"])
def test_a_fit_of_other_releases_or_threads_is_another(change, work, monkeypatch):
    fits, made, (mean, _) = work
    before = made._key(mean)
    if change == "torch":
        monkeypatch.setattr(fits.torch, "__version__", "0.0.0")
    else:
        monkeypatch.setattr(fits.torch, "get_num_threads", lambda: 77)
    assert made._key(mean) != before


def test_maps_with_one_other_number_are_other_maps(work):
    from paper.experiment import contents_of

    _, made, _ = work
    before = contents_of(made.maps)
    assert contents_of(made.maps) == before
    made.maps.test.X_secondary[3, 4] += 1
    assert contents_of(made.maps) != before


@pytest.mark.slow
def test_a_command_that_was_killed_goes_on_to_the_same_figures(tmp_path):
    known = [
        *(*TINY, "--without"),
        *("VAE + MLP, as published", "direct MLP, as published"),
    ]
    whole = run(tmp_path, *known, "--jobs", "1", "--out", "whole")
    assert whole.returncode == 0, whole.stderr
    kept = [*known, "--keep", "--jobs", "2", "--out", "kept"]
    killed = subprocess.Popen(
        [sys.executable, EXAMPLES / "paper", *kept],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list((tmp_path / "kept" / "fits").glob("*.joblib")):
        assert killed.poll() is None
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    finished = {f: f.stat().st_mtime_ns for f in tmp_path.glob("kept/fits/*.joblib")}
    assert len(finished) < 10
    spectra = {f: f.stat().st_mtime_ns for f in tmp_path.glob("kept/maps/*")}
    again = run(tmp_path, *kept)
    assert again.returncode == 0, again.stderr
    assert all(f.stat().st_mtime_ns == t for f, t in {**finished, **spectra}.items())
    figures = [
        [line[:-8] for line in done.stdout.splitlines()[2:12]]
        for done in (whole, again)
    ]
    assert len(figures[0]) == 10
    assert figures[0] == figures[1]
    assert not list(tmp_path.glob("kept/fits/unfinished/*"))


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, EXAMPLES / "paper", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("started_in", ["the root", "elsewhere"])
def test_the_folder_can_be_started_from_the_root_and_from_elsewhere(
    started_in, tmp_path
):
    folder = ROOT if started_in == "the root" else tmp_path
    path = "examples/paper" if started_in == "the root" else EXAMPLES / "paper"
    told = subprocess.run(
        [sys.executable, path, "--help"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("usage: examples/paper [-h] [--data DATA]")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_same_command_gives_the_same_tables_and_a_whole_page(tmp_path):
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
        done = run(folder, *TINY, "--out", "report")
        assert done.returncode == 0, done.stderr
        assert all(f" {protocol} " in done.stdout for protocol in PROTOCOLS)
        assert len(done.stdout.splitlines()) < 20
        assert done.stdout.endswith("report: report/report.html\n")
    tables = [
        {
            path.name: path.read_bytes()
            for path in (folder / "report" / "tables").iterdir()
            if path.stem not in COSTS
        }
        for folder in folders
    ]
    assert len(tables[0]) == 3 * 9
    assert tables[0] == tables[1]
    html = (folders[0] / "report" / "report.html").read_text(encoding="utf-8")
    numbered = ["Figure 2.", "Figure 3.", "Table 1.", "Table 2.", "Figure 5."]
    numbered += ["Figure 6.", "Figure 7.", "Figure 8.", "Figure 9.", "Figure B.21."]
    numbered += ["Figure 10.", "Figures B.11 to B.14.", "Figures B.15 to B.20."]
    places = [html.index(f"<b>{label}</b>") for label in numbered]
    assert all(a < b for a, b in pairwise(places))


@pytest.mark.parametrize("known", [True, False])
def test_only_maps_that_know_the_librarys_day_have_its_column(command, known):
    names = [p for p in PROTOCOLS if known or p != "library"]
    same_day, second_day = (
        TransferTable(
            tuple(TransferRow("mean", p, *[0.5] * 4, *[None] * 3) for p in protocols)
        )
        for protocols in (["deployable"], names)
    )
    mean = command.transfers_to_judge("light", 0, 20)[:1]
    results = command.Results(
        None, None, mean, None, None, second_day, same_day, floor=None
    )
    _, header, row = command.as_text(results).splitlines()
    assert header.split() == ["RSE", "same", "day", *names, "k-score", "fit"]
    assert row.split() == ["mean", *["0.5000"] * (len(names) + 1), "50.0%", "-"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--shapes", "8x8/4x4"], "three shapes such as 128x128/80x80/100x100"),
        (["--full", "--data", "folder"], "exclude each other"),
        (["--without", "ridge"], "the page needs ridge"),
        (["--without", "rigde"], "there is no transfer 'rigde'"),
        (["--data", "nowhere"], "nowhere must hold s2_train.npy"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    arguments, told, command, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["paper", *arguments])
    with pytest.raises(SystemExit) as ended:
        command.main()
    printed = capsys.readouterr().err.splitlines()
    assert told in (printed or [str(ended.value)])[-1]
    assert not list(tmp_path.iterdir())
