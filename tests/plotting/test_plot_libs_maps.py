"""The example that draws the simulated maps."""

import re
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "plot_libs_maps.py"


@pytest.mark.slow
def test_the_example_draws_small_pictures_and_prints_what_it_promises(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", [EXAMPLE.name, "--output", str(tmp_path)])
    told = runpy.run_path(str(EXAMPLE), run_name="__main__")["__doc__"]
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
