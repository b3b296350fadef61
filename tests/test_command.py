"""The command line does what the functions do, and says why when it cannot."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from spectransfer import BaselineCorrector, StandardScaler, transfer_spectra
from spectransfer.__main__ import _say, main
from spectransfer.datasets import make_instrument_pair
from spectransfer.io import read_spectra, save_spectra
from spectransfer.library import load_transfer, open_library, publish_library
from spectransfer.spectra import Axis, Spectra

CARD = {
    "title": "Rocks",
    "instrument": {"maker": "One", "model": "Two"},
    "measured": "2026-11-27",
    "medium": "air",
    "standards": {"description": "made up", "source": "nobody"},
    "licence": {"data": "CC0-1.0", "code": "BSD-3-Clause"},
    "citation": "none",
    "contact": "nobody@example.org",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A library, standards, spectra without partners, and primary spectra in files."""
    folder = tmp_path_factory.mktemp("laboratory")
    pair = make_instrument_pair(n_spectra=200, random_state=0)
    names = np.array([f"spot {i}" for i in range(200)])
    known = make_pipeline(BaselineCorrector(), StandardScaler(power=0), PCA(8))
    publish_library(
        known.fit(pair.X_primary),
        folder / "library.safetensors",
        spectra=pair.X_primary,
        sample_id=names,
        card=CARD,
        wavelengths=Axis(pair.wavelengths_primary, "nm"),
        held_out=make_instrument_pair(n_spectra=50, random_state=1).X_primary,
    )

    def saved(name, side, rows, **given):
        axis = getattr(pair, f"wavelengths_{side}")
        spectra = Spectra(
            getattr(pair, f"X_{side}")[rows], axis, unit="nm", sample_id=names[rows]
        )
        save_spectra(spectra, folder / name)

    saved("standards.csv", "secondary", slice(0, 20))
    saved("more.npz", "secondary", slice(20, 30))
    saved("unknown.csv.gz", "secondary", slice(100, 110))
    saved("primary.csv", "primary", slice(0, 50))
    return folder


def run(folder, *words):
    named = [str(folder / w) if (folder / w).exists() or "." in w else w for w in words]
    return main(
        [w if w.startswith("-") else n for w, n in zip(words, named, strict=True)]
    )


@pytest.fixture(scope="module")
def joined(folder):
    words = "join library.safetensors --secondary standards.csv more.npz --unpaired"
    words += " unknown.csv.gz --out joined.safetensors --quiet"
    assert run(folder, *words.split()) == 0
    return folder / "joined.safetensors"


def test_join_and_transfer_give_what_the_functions_give(folder, joined):
    assert run(
        folder, "transfer", "joined.safetensors", "--spectra", "unknown.csv.gz",
        "--out", "out.csv",
    ) == 0  # fmt: skip
    read = read_spectra(folder / "out.csv")
    own = read_spectra(folder / "unknown.csv.gz")
    expected = transfer_spectra(load_transfer(joined), own)
    assert_allclose(read.X, expected.X, rtol=1e-6)
    assert_array_equal(read.wavelengths, expected.wavelengths)
    assert read.unit == "nm"
    assert_array_equal(read.sample_id, own.sample_id)

    library = open_library(folder / "library.safetensors")
    standards = [read_spectra(folder / name) for name in ("standards.csv", "more.npz")]
    again = library.join(
        np.concatenate([s.X for s in standards]),
        sample_id=np.concatenate([s.sample_id for s in standards]),
        cv=None,
    )
    assert again.predict(own.X).shape == expected.X.shape


def test_inspect_tells_both_kinds_of_files(folder, joined, capsys):
    assert run(folder, "inspect", "library.safetensors") == 0
    told = capsys.readouterr().out
    assert "Library: Rocks" in told
    assert open_library(folder / "library.safetensors").sha256 in told
    assert run(folder, "inspect", "joined.safetensors") == 0
    told = capsys.readouterr().out
    assert "Transfer: TransferPipeline" in told
    assert "left out" in told


def test_lookup_writes_names_and_distances(folder, joined, capsys):
    words = "lookup library.safetensors --spectra unknown.csv.gz --transfer"
    words += " joined.safetensors -n 3 --quiet"
    assert run(folder, *words.split()) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert len(rows) == 30
    library = open_library(folder / "library.safetensors")
    own = read_spectra(folder / "unknown.csv.gz")
    found = library.lookup(transfer_spectra(load_transfer(joined), own), 3)
    assert [row["entry"] for row in rows] == found.sample_id.ravel().tolist()
    assert_allclose([float(r["distance"]) for r in rows], found.distance.ravel(), 1e-4)
    assert run(folder, *words.split(), "--out", "found.csv") == 0
    with (folder / "found.csv").open() as file:
        assert list(csv.DictReader(file)) == rows


def test_verify_ends_with_one_where_the_instrument_has_changed(folder, capsys):
    words = ["verify", "library.safetensors", "--primary"]
    assert run(folder, *words, "primary.csv") == 0
    changed = read_spectra(folder / "primary.csv")
    louder = Spectra(1.3 * changed.X, changed.axis.values, unit="nm",
                     sample_id=changed.sample_id)  # fmt: skip
    save_spectra(louder, folder / "louder.csv")
    assert run(folder, *words, "louder.csv") == 1
    assert "the gain of the samples is 1.3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("inspect nothing.safetensors", "nothing.safetensors"),
        ("inspect standards.csv", "must be a file of"),
        ("join library.safetensors --secondary primary.csv x.csv --out o", "x.csv"),
        ("join library.safetensors --secondary standards.csv primary.csv --out o",
         "must be on one axis"),
        ("transfer joined.safetensors --spectra primary.csv --out o.csv", "axis"),
        ("transfer joined.safetensors --spectra standards.csv --out o.spc", "ending"),
        ("transfer library.safetensors --spectra standards.csv --out o.csv",
         "must hold a transfer"),
        ("lookup library.safetensors --spectra standards.csv", "axis|channels"),
        ("inspect library.safetensors --sha256 00", "must have the SHA-256"),
    ],
)  # fmt: skip
def test_what_fails_is_said_on_one_line_and_ends_with_two(
    folder, joined, words, said, capsys
):
    import re

    before = {p.name: p.stat().st_mtime_ns for p in Path(folder).iterdir()}
    assert run(folder, *words.split()) == 2
    told = capsys.readouterr()
    assert re.search(said, told.err)
    assert told.err.startswith(f"spectransfer {words.split()[0]}: ")
    assert "Traceback" not in told.err
    assert {p.name: p.stat().st_mtime_ns for p in Path(folder).iterdir()} == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("lookup library.safetensors --spectra primary.csv --measured --out"
         " library.safetensors", "another file"),
        ("join library.safetensors --secondary standards.csv --out standards.csv",
         "another file"),
        ("transfer joined.safetensors --spectra unknown.csv.gz --out no.folder/x.csv",
         "a folder that is there"),
    ],
)  # fmt: skip
def test_results_do_not_go_over_what_is_read(folder, joined, words, said, capsys):
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    assert run(folder, *words.split()) == 2
    assert said in capsys.readouterr().err
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before


def test_files_with_and_without_names_are_not_put_together(folder, capsys):
    spectra = read_spectra(folder / "primary.csv")
    save_spectra(Spectra(spectra.X, spectra.wavelengths, unit="nm"), folder / "no.csv")
    assert run(
        folder, "verify", "library.safetensors", "--primary", "primary.csv", "no.csv"
    ) == 2  # fmt: skip
    assert "must all name their samples" in capsys.readouterr().err


def test_spectra_without_partners_need_no_names(folder, joined):
    text = (folder / "standards.csv").read_text().replace("sample_id", "Probe", 1)
    (folder / "probe.csv").write_text(text)
    spectra = read_spectra(folder / "unknown.csv.gz")
    nameless = Spectra(spectra.X, spectra.wavelengths, unit="nm")
    save_spectra(nameless, folder / "nameless2.csv")
    words = "join library.safetensors --secondary probe.csv --sample-column Probe"
    words += " --unpaired nameless2.csv --out probe.safetensors --quiet"
    assert run(folder, *words.split()) == 0


def test_a_closed_output_is_no_answer(folder, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert run(folder, "inspect", "library.safetensors") == 0


def test_spectra_without_names_cannot_join(folder, capsys):
    spectra = read_spectra(folder / "standards.csv")
    nameless = Spectra(spectra.X, spectra.wavelengths, unit="nm")
    save_spectra(nameless, folder / "nameless.csv")
    words = "join library.safetensors --secondary nameless.csv --out o"
    assert run(folder, *words.split()) == 2
    assert "--sample-column" in capsys.readouterr().err


def test_the_program_is_installed_and_tells_its_commands():
    done = subprocess.run(
        [sys.executable, "-m", "spectransfer", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    for command in ("inspect", "join", "transfer", "verify", "lookup"):
        assert command in done.stdout
    with pytest.raises(SystemExit) as refused:
        main(["guess"])
    assert refused.value.code == 2


@pytest.mark.parametrize("command", ["join", "transfer", "verify", "lookup"])
def test_the_usage_tells_an_order_of_words_that_works(folder, joined, command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    usage = shown.split("usage: spectransfer ")[1].split(" [options]")[0]
    side = {"join": "standards", "verify": "primary"}.get(command, "unknown")
    file = f"{side}.csv.gz" if side == "unknown" else f"{side}.csv"
    written = "w.safetensors" if command == "join" else "w.csv"
    usage = usage.replace("--out TRANSFER", f"--out {written}")
    usage = usage.replace("--out FILE", f"--out {written}").replace(" [FILE ...]", "")
    usage = usage.replace("LIBRARY", "library.safetensors")
    usage = usage.replace("TRANSFER", "joined.safetensors").replace("FILE", file)
    words = usage.split()
    if command == "lookup":
        words += ["--transfer", "joined.safetensors"]
    assert run(folder, *words) == 0


def test_names_beyond_the_letters_of_a_terminal_are_printed(monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    _say("Fällung µ")
    out.flush()
    assert out.buffer.getvalue() == b"F\\xe4llung \\xb5\n"
