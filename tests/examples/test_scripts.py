"""The scripts of the gallery run from top to bottom, and print what they promise."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run_example(name, options, folder):
    run = subprocess.run(
        [sys.executable, "-W", "error::FutureWarning", EXAMPLES / name, *options],
        cwd=folder,
        env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(p.name for p in EXAMPLES.glob("*.py")))
def test_example_runs_and_prints_its_figures(name, tmp_path):
    quick = {
        "compare_transfers.py": ["--methods", "mean", "ridge", "--folds", "2"],
    }
    shown = run_example(name, quick.get(name, []), tmp_path)
    assert any(character.isdigit() for character in shown)


@pytest.mark.slow
def test_the_search_prints_the_same_on_a_dask_cluster(tmp_path):
    pytest.importorskip("distributed")
    name, kept = "search_hyperparameters.py", ["--folder", "kept"]
    there = run_example(name, ["--dask", *kept], tmp_path).splitlines()
    # what the cluster has kept is what this process finds
    here = run_example(name, kept, tmp_path).splitlines()
    assert there[:3] == here[:3]
    assert there[0].startswith("search of the VAE")


@pytest.mark.slow
def test_plot_libs_maps_draws_small_pictures_and_prints_what_it_promises(
    tmp_path, monkeypatch, capsys
):
    example = EXAMPLES / "plot_libs_maps.py"
    monkeypatch.setattr(sys, "argv", [example.name, "--output", str(tmp_path)])
    told = runpy.run_path(str(example), run_name="__main__")["__doc__"]
    printed = capsys.readouterr().out
    pictures = sorted(tmp_path.glob("*.png"))
    assert len(pictures) == 3
    assert all(picture.stat().st_size < 150_000 for picture in pictures)
    low, high = re.search(r"floor is (\d+) to (\d+) % higher", told).groups()
    assert f"(+{low}%)" in printed
    assert f"(+{high}%)" in printed
    lost = re.search(r"has lost (\d+) %", told).group(1)
    assert f"(-{lost}%)" in printed
    assert re.search(r"quartz has [\d.]+ times the light", told).group() in printed
