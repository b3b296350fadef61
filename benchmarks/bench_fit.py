"""
What does one fit of the default pipeline cost, here and in another checkout?
=============================================================================

The files that a fit crosses, how often it passes over the spectra (baselines taken off,
searches for NaN), its processor time and its peak memory; beside an older checkout, in
turn:

    git worktree add ../before COMMIT
    OMP_NUM_THREADS=1 python benchmarks/bench_fit.py --against ../before

Simulated LIBS maps, light spectrometers. Predictions with the same seed are compared,
too. Passes and files are counted in a run of their own.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _memory import Peaks
from _report import machine

HERE = Path(__file__).resolve().parent.parent
REGRESSORS = ("ridge", "VAE + MLP")


def maps(side: int):
    """Simulate secondary and primary spectra of a square map."""
    from spectransfer.datasets import make_libs_maps

    made = make_libs_maps(
        (side, side), None, None, spectrometers="light", random_state=0
    )["train"]
    return np.asarray(made.X_secondary), np.asarray(made.X_primary)


def pipeline(name: str):
    """Build a transfer with all its defaults."""
    from sklearn.linear_model import Ridge

    from spectransfer import (
        SpectralMLP,
        SpectralVAE,
        VAELatentTransfer,
        make_transfer_pipeline,
    )

    if name == "ridge":
        return make_transfer_pipeline(Ridge(10.0))
    parts = SpectralVAE(), SpectralMLP()
    return make_transfer_pipeline(VAELatentTransfer(*parts, random_state=0))


def counted(name: str, X: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Count files crossed, and numbers that pass through baseline and search."""
    from sklearn import get_config

    files, passes = set(), {"corrected": 0, "searched": 0}

    def profile(frame, event, arg):
        code = frame.f_code
        if event != "call" or "/spectransfer/" not in code.co_filename:
            return
        files.add(code.co_filename)
        here = frame.f_locals
        if code.co_name == "transform" and code.co_filename.endswith("_baseline.py"):
            passes["corrected"] += here["X"].size
        if code.co_name == "check_finite" and not get_config()["assume_finite"]:
            passes["searched"] += here["array"].size

    few = slice(None, 200)
    transfer = pipeline(name)
    if name != "ridge":
        parts = ("autoencoder", "mapper")
        nested = "n_steps" not in transfer[-1].regressor.mapper.get_params()
        step = "training__n_steps" if nested else "n_steps"
        few_steps = {f"transfer__regressor__{part}__{step}": 20 for part in parts}
        transfer.set_params(**few_steps)
    sys.setprofile(profile)
    try:
        transfer.fit(X[few], y[few])
    finally:
        sys.setprofile(None)
    n = X[few].size + y[few].size
    return {"files": len(files)} | {key: value / n for key, value in passes.items()}


def child(name: str, side: int, out: str, count: bool) -> None:
    """Fit once in this process, and print what it took."""
    X, y = maps(side)
    if count:
        print(json.dumps(counted(name, X, y)))
        return
    transfer = pipeline(name)
    # what is imported late is no part of a fit
    pipeline(name).fit(X[:64], y[:64]) if name == "ridge" else __import__("torch")
    with Peaks() as peaks:
        # of the processor, which other work on the machine does not lengthen
        start = time.process_time()
        transfer.fit(X, y)
        seconds = time.process_time() - start
    np.save(out, transfer.predict(X))
    print(
        json.dumps({"seconds": seconds, "memory": peaks.above / (X.nbytes + y.nbytes)})
    )


def run(checkout: Path, name: str, side: int, out: Path, count: bool = False) -> dict:
    """Run a child with the package of a checkout."""
    done = subprocess.run(
        [
            sys.executable,
            __file__,
            "--child",
            name,
            str(side),
            str(out),
            str(int(count)),
        ],
        env=os.environ | {"PYTHONPATH": str(checkout)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def modules(checkout: Path) -> tuple[int, int, int]:
    """Count modules, lines, and lines of the longest module of the package."""
    lengths = [
        len(path.read_text(encoding="utf-8").splitlines())
        for path in (checkout / "spectransfer").rglob("*.py")
    ]
    return len(lengths), sum(lengths), max(lengths)


PARAMETERS = """
import inspect, json
import spectransfer
kinds = [getattr(spectransfer, name) for name in spectransfer.__all__]
found = {k.__name__: len(inspect.signature(k).parameters) for k in kinds
         if inspect.isclass(k)}
print(json.dumps(found))
"""


def parameters(checkout: Path) -> dict[str, int]:
    """Count the constructor parameters of the public estimators."""
    done = subprocess.run(
        [sys.executable, "-c", PARAMETERS],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def compare(checkouts: list[Path], side: int, repeats: int) -> None:
    """Print one table for each regressor."""
    print(f"Measured on: {machine()}.\n")
    for checkout, when in zip(checkouts, ("before", "here"), strict=True):
        n, lines, longest = modules(checkout)
        print(
            f"{when}: {n} modules, {lines} lines, the longest of {longest}; parameters:"
        )
        print("   ", ", ".join(f"{k} {v}" for k, v in parameters(checkout).items()))
    for name in REGRESSORS:
        print(f"\n{name}, {side}x{side} shots", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            outs = [Path(folder) / f"{i}.npy" for i in range(len(checkouts))]
            counts = [
                run(c, name, side, o, True)
                for c, o in zip(checkouts, outs, strict=True)
            ]
            runs: list[list[dict]] = [[] for _ in checkouts]
            for _ in range(repeats):
                for i, checkout in enumerate(checkouts):
                    runs[i].append(run(checkout, name, side, outs[i]))
            found = [np.load(out) for out in outs]
        for key, words in (
            ("files", "files crossed"),
            ("corrected", "times the baseline is taken off"),
            ("searched", "times numbers are searched for NaN"),
        ):
            print(f"  {words:36}", *(f"{c[key]:10.2f}" for c in counts))
        for key, words in (
            ("seconds", "seconds of the processor"),
            ("memory", "peak memory / spectra"),
        ):
            values = [statistics.median(r[key] for r in one) for one in runs]
            ratio = f"ratio {values[-1] / values[0]:.2f}"
            print(f"  {words:36}", *(f"{v:10.2f}" for v in values), ratio)
        error = np.abs(found[-1] - found[0]).max() / np.abs(found[0]).max()
        print(f"  largest difference of predictions    {error:.1e} of the largest")


def main() -> None:
    """Compare this checkout with another one, or look at it alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--against", type=Path, default=HERE)
    parser.add_argument("--side", type=int, default=32, help="shots along an edge")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--child", nargs=4)
    options = parser.parse_args()
    if options.child:
        name, side, out, count = options.child
        child(name, int(side), out, bool(int(count)))
        return
    compare([options.against.resolve(), HERE], options.side, options.repeats)


if __name__ == "__main__":
    main()
