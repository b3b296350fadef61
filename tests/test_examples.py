"""The examples run from top to bottom; `make demo` runs the main one besides."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(p.name for p in EXAMPLES.glob("*.py")))
def test_example_runs_and_prints_its_figures(name, tmp_path):
    quick = {
        "compare_transfers.py": ["--methods", "mean", "ridge", "--folds", "2"],
        "reproduce_paper.py": [
            *("--shapes", "14x14/10x10/12x12"),
            *("--spectrometers", "light", "--steps", "20"),
            *("--out", "report"),
        ],
    }
    run = subprocess.run(
        [
            sys.executable,
            "-W",
            "error::FutureWarning",
            EXAMPLES / name,
            *quick.get(name, []),
        ],
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert any(character.isdigit() for character in run.stdout)
