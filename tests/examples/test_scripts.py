"""Scripts of the gallery print what they say, and each has a figure."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SCRIPTS = sorted(path.stem for path in EXAMPLES.glob("*.py"))
# the gallery is built from the figures that are open at the end of a script
RUN = """
import runpy, sys
import matplotlib.pyplot as plt
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
print("figures:", len(plt.get_fignums()), file=sys.stderr)
"""
NUMBER = re.compile(r"(?<![\w.,])-?\d+\.\d+(?![\w.])")


def run_example(name, folder, options=()):
    """Run a script as the gallery does; give what it prints, and its figures."""
    run = subprocess.run(
        [
            *(
                sys.executable,
                "-W",
                "error::FutureWarning",
                "-W",
                "ignore::UserWarning",
            ),
            *("-c", RUN, EXAMPLES / f"{name}.py", *options),
        ],
        cwd=folder,
        env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout, int(run.stderr.rsplit("figures:", 1)[1])


def numbers_told(name):
    """Give the fractions that the opening of a script names, with their digits."""
    told = ast.get_docstring(ast.parse((EXAMPLES / f"{name}.py").read_text("utf-8")))
    prose = "\n".join(line for line in told.splitlines() if line[:4] != "    ")
    return NUMBER.findall(prose)


def rows_of(printed, *names):
    """Give the numbers of the rows that begin with these names."""
    found = []
    for name in names:
        (line,) = (row for row in printed.splitlines() if row.startswith(f"{name} "))
        found.append([float(n) for n in re.findall(r"-?\d+\.?\d*", line[len(name) :])])
    return found


def first_transfer(printed):
    (error,) = re.findall(r"20 standards: relative squared error (\S+) ", printed)
    assert float(error) < 0.1


def compare(printed):
    names = ["mean", "KNN", "ridge", "direct MLP", "VAE + MLP", "PLS, 16 components"]
    mean, neighbours, *others = (row[0] for row in rows_of(printed, *names))
    assert 1 < mean < 1.1
    assert max(others) < neighbours / 3 < mean / 3
    assert max(others) < 1.5 * min(others)


def drift(printed):
    best, untouched = map(float, re.findall(r"RSE (\S+); .*: (\S+)\n", printed)[0])
    assert untouched > 10 * best
    ratios = [float(r) for r in re.findall(r"(\S+) of no drift", printed)]
    assert len(ratios) == 6
    assert max(ratios) < 1.1
    (gain, error), (shift, width_of_shift) = rows_of(printed, "gain", "shift")
    assert abs(gain - 1.4) < 2 * error
    assert abs(shift + 0.25) < 3 * width_of_shift


def how_many(printed):
    chosen = printed.split("standards chosen: RSE")[1]
    rows = rows_of(chosen.split("another rock")[0], "untransferred", "FewStandards")
    untransferred, few = (row[::2] for row in rows)
    assert all(4 * f < u for f, u in zip(few[1:], untransferred[1:], strict=True))
    assert few[0] > few[1] >= few[2]


def improve(printed):
    names = ["unit variance", "+ strong lines stay strong"]
    names += ["+ begins at the components", "+ latents as they decode"]
    same, second = zip(*rows_of(printed, *names), strict=True)
    assert list(same) == sorted(same, reverse=True)
    assert list(second) == sorted(second, reverse=True)
    ((ridge, _),) = rows_of(printed, "ridge")
    assert same[-1] < ridge


def libs_maps(printed):
    changes = [int(c) for c in re.findall(r"floor, .*\(([+-]\d+)%\)", printed)]
    assert len(changes) == 3
    assert all(change > 0 for change in changes)
    assert int(re.findall(r"strongest line.*\(([+-]\d+)%\)", printed)[0]) < -20


def search(printed):
    (halving, _), (everything, _) = (
        row[:2] for row in rows_of(printed, "halving", "everything")
    )
    assert halving == everything / 3
    best = [line.split("{")[1] for line in printed.splitlines() if "{" in line]
    assert best[0] == best[1]


def split(printed):
    neighbours, ridge = rows_of(printed, "KNN", "ridge")
    for random, blocks, elsewhere in (neighbours, ridge):
        assert random < elsewhere < blocks
    assert all(r < n for r, n in zip(ridge, neighbours, strict=True))


def watch(printed):
    assert "before there was one: 0\n" in printed
    delay, by = re.findall(r"told (\d+) days after it began, by (.+)\n", printed)[0]
    assert int(delay) <= 3
    assert "shift" in by


def trust(printed):
    flagged, of = re.findall(r"(\d+) of (\d+) spectra flagged", printed)[0]
    assert int(flagged) < int(of) / 2
    found, shots = re.findall(r"garnet found: (\d+)% of (\d+) shots", printed)[0]
    assert int(found) >= 85
    assert int(shots) > 20
    assert abs(int(re.findall(r"held by the bands: (\d+)%", printed)[0]) - 90) <= 5


def share(printed):
    names = ["range", "resolution", "efficiency", "few"]
    assert max(row[2] for row in rows_of(printed, *names)) <= 1.15
    factor = float(re.findall(r"are (\S+) times or more nearer", printed)[0])
    assert factor >= 5


def own(printed):
    rows = rows_of(printed, "untransferred", "gain + ridge")
    alone = float(re.findall(r"^ridge +deployable +(\S+)", printed, re.MULTILINE)[0])
    assert rows[1][0] < rows[0][0] < alone
    assert int(re.findall(r"made (\d+) checks", printed)[0]) > 40


MEANING = {
    "compare_transfers": compare,
    "drift_between_days": drift,
    "how_many_standards": how_many,
    "improve_latent_transfer": improve,
    "plot_first_transfer": first_transfer,
    "plot_libs_maps": libs_maps,
    "plot_trust": trust,
    "search_hyperparameters": search,
    "share_a_library": share,
    "split_maps_by_blocks": split,
    "watch_instrument": watch,
    "write_your_own_transfer": own,
}


def test_every_script_of_the_gallery_is_asked_what_it_means():
    assert sorted(MEANING) == SCRIPTS


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_title_of_a_script_is_a_question(name):
    told = ast.get_docstring(ast.parse((EXAMPLES / f"{name}.py").read_text("utf-8")))
    title, line, *_ = told.splitlines()
    assert title.endswith("?")
    assert line == "=" * len(title)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_draws_prints_what_it_promises_and_takes_half_a_minute(name, tmp_path):
    before = os.times()
    printed, n_figures = run_example(name, tmp_path)
    after = os.times()
    MEANING[name](printed)
    shown = [float(number) for number in NUMBER.findall(printed)]
    for told in numbers_told(name):
        unit = 10.0 ** -len(told.split(".")[1])
        # a last digit may be rounded otherwise on another machine
        assert any(abs(n - float(told)) < 1.01 * unit for n in shown), told
    assert n_figures > 0
    assert not list(tmp_path.iterdir())
    # 30 s of one core, where nothing else runs; others need half as long again
    assert after.children_user - before.children_user < 45


@pytest.mark.slow
def test_the_search_prints_the_same_on_a_dask_cluster(tmp_path):
    pytest.importorskip("distributed")
    name, kept = "search_hyperparameters", ["--folder", "kept"]
    there = run_example(name, tmp_path, ["--dask", *kept])[0].splitlines()
    # what the cluster has kept is what this process finds
    here = run_example(name, tmp_path, kept)[0].splitlines()
    assert there[:3] == here[:3]
    assert there[0].startswith("search of the VAE")


@pytest.mark.slow
def test_plot_libs_maps_keeps_small_pictures(tmp_path):
    printed, _ = run_example("plot_libs_maps", tmp_path, ["--output", "pictures"])
    pictures = sorted((tmp_path / "pictures").glob("*.png"))
    assert len(pictures) == 3
    assert all(picture.stat().st_size < 150_000 for picture in pictures)
    assert all(f"{picture.name}: " in printed for picture in pictures)
