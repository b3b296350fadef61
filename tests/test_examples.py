"""The examples run from top to bottom; `make demo` runs the main one besides."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


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
        "reproduce_paper.py": [
            *("--shapes", "14x14/10x10/12x12"),
            *("--spectrometers", "light", "--steps", "20", "--out", "report"),
        ],
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
