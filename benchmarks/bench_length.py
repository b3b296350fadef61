"""
How long must the networks of a latent transfer be trained?
===========================================================

Relative squared error on spectra that were not learned from, and processor seconds of
`fit`, for numbers of steps of the autoencoder and of the mapper (which takes as many
again through the decoder); medians over seeds, and the median and largest ratio of an
error to that of the first row.

    OMP_NUM_THREADS=1 python benchmarks/bench_length.py --kinds builtin light24 light48
    OMP_NUM_THREADS=1 python benchmarks/bench_length.py --kinds FILE FILE:snv
    OMP_NUM_THREADS=1 python benchmarks/bench_length.py --kinds light48:library

The last judges spectra of a second day by what the primary would have measured on the
first, as the library protocol does.

A file is an npz of real pairs (X_primary, X_secondary, sample_id), of which seven
tenths of the samples, drawn at random, are learned from.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _report import machine

from spectransfer import (
    SpectralMLP,
    SpectralVAE,
    StandardScaler,
    Training,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair, make_libs_maps
from spectransfer.metrics import relative_squared_error

# steps of the autoencoder, and of the mapper
LENGTHS = [(2000, 2000), (500, 2000), (2000, 1000), (1000, 1000), (500, 500)]
LEARNED = 0.7
N_BUILTIN, N_UNSEEN = 400, 400


def of_file(file: str, seed: int):
    """Divide the samples of a file, with or without standard normal variates."""
    name, _, treated = file.partition(":")
    with np.load(name, allow_pickle=False) as given:
        sample = given["sample_id"]
        names = np.random.RandomState(seed).permutation(np.unique(sample))
        learned = np.isin(sample, names[: int(LEARNED * len(names))])
        sides = [given[f"X_{s}"].astype(np.float32) for s in ("secondary", "primary")]
    if treated == "snv":
        sides = [
            (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
            for x in sides
        ]
    return [x[rows] for rows in (learned, ~learned) for x in sides]


def spectra_of(kind: str, seed: int):
    """Give what is learned from and what is judged on, secondary and primary."""
    if Path(kind.partition(":")[0]).suffix == ".npz":
        return of_file(kind, seed)
    if kind == "builtin":
        pair = make_instrument_pair(n_spectra=N_BUILTIN + N_UNSEEN, random_state=seed)
        parts = pair[:N_BUILTIN], pair[N_BUILTIN:]
    else:
        size, _, day = kind.partition(":")
        width = size.rstrip("0123456789")
        side = int(size.removeprefix(width))
        shapes = ((32, 32), None) if not day else (None, (40, 40))
        maps = make_libs_maps(
            (side, side), *shapes, spectrometers=width, random_state=seed
        )
        if day:
            learned, test = maps["train"], maps["test"]
            truth = test.annotations["primary_library_day"]
            return [learned.X_secondary, learned.X_primary, test.X_secondary, truth]
        parts = maps["train"], maps["validation"]
    return [x for part in parts for x in (part.X_secondary, part.X_primary)]


def measured(kind: str, seed: int, lengths: tuple[int, int]) -> tuple[float, float]:
    """Fit once; give the error and the seconds."""
    X, y, X_test, y_test = spectra_of(kind, seed)
    vae, mlp = (Training(n_steps=n) for n in lengths)
    transfer = VAELatentTransfer(
        SpectralVAE(training=vae), SpectralMLP(training=mlp), random_state=seed
    )
    # NIR spectra have no lines that stand on a baseline
    sides = {}
    if ".npz" in kind:
        sides = {side: StandardScaler(power=0) for side in ("secondary", "primary")}
    pipeline = make_transfer_pipeline(transfer, **sides)
    start = time.process_time()
    pipeline.fit(X, y)
    took = time.process_time() - start
    truth = pipeline[-1].transform_target(y_test)
    return relative_squared_error(truth, pipeline.predict(X_test)), took


def main() -> None:
    """Print a table for each kind of spectra."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--kinds", nargs="+", default=["builtin", "light24"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[11, 12, 13, 14, 15])
    parser.add_argument(
        "--rows", type=int, default=len(LENGTHS), help="first rows only"
    )
    options = parser.parse_args()
    print(f"Measured on: {machine()}. Seeds {options.seeds}.")
    for kind in options.kinds:
        print(
            f"\n{Path(kind).name}\nautoencoder  mapper      RSE  ratio  worst    fit, s"
        )
        first: list[float] = []
        for lengths in LENGTHS[: options.rows]:
            found = [measured(kind, seed, lengths) for seed in options.seeds]
            errors, times = zip(*found, strict=True)
            first = first or list(errors)
            ratios = [a / b for a, b in zip(errors, first, strict=True)]
            print(
                f"{lengths[0]:11}{lengths[1]:8}{statistics.median(errors):9.4f}"
                f"{statistics.median(ratios):7.3f}{max(ratios):7.3f}"
                f"{statistics.median(times):10.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
