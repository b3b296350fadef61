"""
How fast does the default pipeline fit and predict, here and in another checkout?
=================================================================================

Processor time of `fit`, for a spectrum of `predict`, peak memory of the fit beside the
spectra, and the relative squared error on spectra that were not learned from; here and
in an older checkout, in turn:

    git worktree add ../before COMMIT
    OMP_NUM_THREADS=1 python benchmarks/bench_default.py --against ../before

Maps are simulated, one for each seed; tablets (the file of real spectra, `--tablets`)
are divided at random, once for each seed. Medians over seeds.
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
SIDES = {"light": 48, "full": 64}
LEARNED = 0.7  # of the tablets


def simulate(kind: str, side: int | None, seed: int, out: Path) -> None:
    """Save spectra of a training map, and of the validation map of the same day."""
    from spectransfer.datasets import make_libs_maps

    shape = (side or SIDES[kind],) * 2
    maps = make_libs_maps(shape, (32, 32), None, spectrometers=kind, random_state=seed)
    save(out, maps["train"], maps["validation"])


def save(out: Path, train: object, test: object) -> None:
    """Keep what is learned from and what is judged on."""
    parts = {"": train, "_test": test}
    np.savez(
        out,
        **{
            side + name: np.asarray(getattr(part, f"X_{side}"))
            for name, part in parts.items()
            for side in ("secondary", "primary")
        },
    )


def divide(file: Path, seed: int, out: Path) -> None:
    """Save pairs of a file of real spectra in two parts, by samples."""
    with np.load(file, allow_pickle=False) as given:
        sample = given["sample_id"]
        names = np.random.RandomState(seed).permutation(np.unique(sample))
        learned = np.isin(sample, names[: int(LEARNED * len(names))])
        arrays = {}
        for side in ("secondary", "primary"):
            spectra = given[f"X_{side}"].astype(np.float32)
            arrays |= {side: spectra[learned], f"{side}_test": spectra[~learned]}
        np.savez(out, **arrays)


def child(kind: str, file: str) -> None:
    """Fit and predict once in this process, and print what it took."""
    import torch  # noqa: F401  what is imported first is no part of a fit

    from spectransfer import StandardScaler, VAELatentTransfer, make_transfer_pipeline
    from spectransfer.metrics import relative_squared_error

    with np.load(file) as arrays:
        X, y, X_test, y_test = (
            arrays[name]
            for name in ("secondary", "primary", "secondary_test", "primary_test")
        )
    # NIR spectra have no lines that stand on a baseline
    sides = {}
    if kind == "tablets":
        sides = {side: StandardScaler(power=0) for side in ("secondary", "primary")}
    transfer = make_transfer_pipeline(VAELatentTransfer(random_state=0), **sides)
    with Peaks() as peaks:
        # of the processor, which other work on the machine does not lengthen
        start = time.process_time()
        transfer.fit(X, y)
        fit = time.process_time() - start
    regressor = transfer[-1].regressor_
    regressor.predict(X_test)
    start = time.process_time()
    for _ in range(3):
        regressor.predict(X_test)
    predict = (time.process_time() - start) / (3 * len(X_test))
    found = {
        "fit, s": fit,
        "predict, us a spectrum": 1e6 * predict,
        "peak memory of fit, MB": peaks.above / 1e6,
        "RSE": relative_squared_error(
            transfer[-1].transform_target(y_test), transfer.predict(X_test)
        ),
    }
    print(json.dumps(found))


def run(checkout: Path, kind: str, file: Path) -> dict[str, float]:
    """Run a child with the package of a checkout."""
    done = subprocess.run(
        [sys.executable, __file__, "--child", kind, str(file)],
        env=os.environ | {"PYTHONPATH": str(checkout)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def compare(
    kind: str, side: int | None, seeds: list[int], checkouts: list[Path], file: Path
) -> None:
    """Print a table of one kind of spectra."""
    shots = "" if kind == "tablets" else f", {(side or SIDES[kind]) ** 2:,} shots"
    print(f"\n{kind}{shots}, seeds {seeds}", flush=True)
    runs: list[list[dict[str, float]]] = [[] for _ in checkouts]
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "spectra.npz"
            if kind == "tablets":
                divide(file, seed, out)
            else:
                simulate(kind, side, seed, out)
            for one, checkout in zip(runs, checkouts, strict=True):
                one.append(run(checkout, kind, out))
    for key in runs[0][0]:
        values = [statistics.median(r[key] for r in one) for one in runs]
        each = " / ".join(" ".join(f"{r[key]:.4g}" for r in one) for one in runs)
        shown = "".join(f"{value:10.4g}" for value in values)
        print(f"  {key:24}{shown}   ratio {values[0] / values[-1]:6.2f}   ({each})")


def main() -> None:
    """Compare this checkout with another one, or look at it alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--against", type=Path, default=HERE)
    parser.add_argument(
        "--kinds", nargs="+", default=["light"], help="light full tablets"
    )
    parser.add_argument("--side", type=int, help="of the maps, in shots (48 and 64)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--tablets", type=Path, help="npz with paired real spectra")
    parser.add_argument("--child", nargs=2)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    print(f"Measured on: {machine()}. Before, here, before / here.")
    for kind in options.kinds:
        checkouts = [options.against.resolve(), HERE]
        compare(kind, options.side, options.seeds, checkouts, options.tablets)


if __name__ == "__main__":
    main()
