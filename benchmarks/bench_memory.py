"""
How much memory does fitting the paper's pipeline take?
=======================================================

Peaks of a process that does nothing else, above what it held before the fit, as
multiples of the bytes of its float32 inputs: in memory and memory-mapped. Networks need
some 0.3 GB whatever the number of spectra, so that the slope between two numbers of
spectra is printed too: it is what counts at full size.

    python benchmarks/bench_memory.py [--spectra 4000 16000]
    python benchmarks/bench_memory.py --full --folder FOLDER

"anonymous" is memory that has to stay; "resident" also counts pages of files, which the
system takes back when it needs room. --full simulates the paper's training map into
FOLDER, fits its 313,600 memory-mapped pairs for one epoch, and needs 30 GB of disk.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _memory import Peaks
from _report import Row, machine, markdown

N_SECONDARY, N_PRIMARY = 3872, 4062
FULL = 313_600


def write_pairs(folder: Path, n_spectra: int) -> None:
    """Write files of spectra with lines, a baseline and noise, block by block."""
    rng = np.random.default_rng(0)
    for name, width in (("secondary", N_SECONDARY), ("primary", N_PRIMARY)):
        lines = rng.gamma(0.05, 4000, size=(8, width)).astype(np.float32)
        shape = (n_spectra, width)
        spectra = np.lib.format.open_memmap(
            folder / f"{name}.npy", mode="w+", dtype=np.float32, shape=shape
        )
        for start in range(0, n_spectra, 1024):
            block = spectra[start : start + 1024]
            shares = rng.random((len(block), 8), dtype=np.float32)
            noise = rng.random(block.shape, dtype=np.float32)
            block[:] = shares @ lines + 100 * noise + 300


def opened(folder: Path, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Open secondary and primary spectra."""
    if kind == "simulated":
        from spectransfer.io import load_libs_transfer

        train = load_libs_transfer(folder)["train"]
        return train.X_secondary, train.X_primary
    mode = "r" if kind == "mapped" else None
    X, y = (
        np.load(folder / f"{n}.npy", mmap_mode=mode) for n in ("secondary", "primary")
    )
    return X, y


def fit_in_this_process(folder: Path, kind: str) -> None:
    """Fit for one epoch, and print what it took as JSON."""
    from spectransfer import (
        SpectralMLP,
        SpectralVAE,
        Training,
        VAELatentTransfer,
        make_transfer_pipeline,
    )

    def transfer() -> object:
        options = {
            "training": Training(n_steps=1, batch_size=128),
            "random_state": 0,
        }
        return make_transfer_pipeline(
            VAELatentTransfer(
                SpectralVAE((1024, 512), n_latent=64, **options),
                SpectralMLP((128, 512), **options),
            )
        )

    X, y = opened(folder, kind)
    transfer().fit(np.array(X[:256]), np.array(y[:256]))  # what is imported and kept
    with Peaks() as peaks:
        start = time.perf_counter()
        transfer().fit(X, y)
        took = time.perf_counter() - start
    found = {
        "seconds": took,
        "inputs": X.nbytes + y.nbytes,
        "anonymous": peaks.anonymous,
        "anonymous_before": peaks.anonymous_before,
        "resident": peaks.resident,
        "resident_before": peaks.resident_before,
    }
    print(json.dumps(found))


def measured(folder: Path, n_spectra: int, kind: str) -> dict[str, float]:
    """Fit in a process of its own, and give and print what it took."""
    command = [sys.executable, __file__, "--child", kind, "--folder", str(folder)]
    environment = {"OMP_NUM_THREADS": "1"} | os.environ
    said = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    found = json.loads(said.stdout.splitlines()[-1])
    found["above"] = found["anonymous"] - found["anonymous_before"]
    print(
        f"{n_spectra} pairs {kind}, inputs {found['inputs'] / 1e9:.2f} GB, "
        f"{found['seconds']:.0f} s: anonymous {found['anonymous_before'] / 1e9:.2f} -> "
        f"{found['anonymous'] / 1e9:.2f} GB, resident "
        f"{found['resident_before'] / 1e9:.2f} -> {found['resident'] / 1e9:.2f} GB",
        flush=True,
    )
    return found


def rows(spectra: tuple[int, int] = (4000, 16_000)) -> list[Row]:
    """Measure both kinds of inputs at two sizes."""
    found: dict[tuple[int, str], dict[str, float]] = {}
    for n_spectra in spectra:
        with tempfile.TemporaryDirectory() as name:
            write_pairs(Path(name), n_spectra)
            for kind in ("in memory", "mapped"):
                found[n_spectra, kind] = measured(Path(name), n_spectra, kind)
    few, many = spectra
    table: list[Row] = []
    for kind in ("in memory", "mapped"):
        small, large = found[few, kind], found[many, kind]
        slope = (large["above"] - small["above"]) / (large["inputs"] - small["inputs"])
        what = f"peak memory of fit, inputs {kind}"
        against = "bytes of inputs, above them"
        share = large["above"] / large["inputs"]
        target = "<= 1.5" if kind == "in memory" else ""
        table.append((f"{what}, {many} pairs", against, share, target))
        table.append((f"{what}, slope {few} to {many}", against, slope, target))
    return table


def full_rows(folder: Path) -> list[Row]:
    """Measure the paper's training set, memory-mapped."""
    from spectransfer.simulation import make_libs_maps

    if not folder.exists():
        start = time.perf_counter()
        shapes = {"train": (560, 560), "validation": None, "test": None}
        make_libs_maps(**shapes, out=folder, n_jobs=-1, random_state=0)
        print(f"simulated into files in {time.perf_counter() - start:.0f} s")
    found = measured(folder, FULL, "simulated")
    return [
        (
            f"peak anonymous memory in all, {FULL} pairs mapped",
            "1 GB",
            found["anonymous"] / 1e9,
            "<= 4",
        )
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--spectra", type=int, nargs=2, default=(4000, 16_000))
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--child", choices=["in memory", "mapped", "simulated"])
    options = parser.parse_args()
    if options.child:
        fit_in_this_process(options.folder, options.child)
        return
    print(machine())
    if options.full:
        print(markdown(full_rows(options.folder)))
    else:
        print(markdown(rows(tuple(options.spectra))))


if __name__ == "__main__":
    main()
