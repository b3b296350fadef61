"""
How much memory does a training need beside its spectra?
========================================================

Spectra lie in memory-mapped files. Printed is the anonymous memory (all that is not a
file) that the paper's networks need at most in `fit` and `predict`, above what the
process had before, in MB and relative to the bytes of the inputs: for a number of
spectra and for four times as many. What grows with the spectra shows in the difference.

    python benchmarks/bench_network_memory.py [--threads 2] [--spectra 4096]

Linux only: it reads /proc.
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from _memory import Peaks
from _report import machine
from bench_training import N_LATENT, N_PRIMARY, N_SECONDARY
from threadpoolctl import threadpool_limits

from spectransfer import DirectMLPTransfer, SpectralMLP, SpectralVAE, Training


def mapped(folder: Path, name: str, n_spectra: int, n_channels: int) -> np.ndarray:
    """Random spectra in a file."""
    path, rng = folder / f"{name}.npy", np.random.default_rng(0)
    shape = (n_spectra, n_channels)
    out = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    for start in range(0, n_spectra, 1024):
        rows = out[start : start + 1024]
        rows[:] = rng.normal(300, 20, size=rows.shape)
    out.flush()
    return np.load(path, mmap_mode="r")


def works(folder: Path, n_spectra: int) -> dict[str, tuple[int, Callable[[], object]]]:
    """Fits and predictions, each with the bytes of its inputs."""
    X = mapped(folder, "secondary", n_spectra, N_SECONDARY)
    Y = mapped(folder, "primary", n_spectra, N_PRIMARY)
    Z = np.zeros((n_spectra, N_LATENT), np.float32)
    quick = {
        "training": Training(n_steps=1, batch_size=128),
        "random_state": 0,
    }
    direct = DirectMLPTransfer(**quick)
    return {
        "VAE, fit": (Y.nbytes, lambda: SpectralVAE(**quick).fit(Y)),
        "mapper, fit": (X.nbytes, lambda: SpectralMLP(**quick).fit(X, Z)),
        "direct MLP, fit": (X.nbytes + Y.nbytes, lambda: direct.fit(X, Y)),
        "direct MLP, predict": (X.nbytes, lambda: direct.predict(X)),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--spectra", type=int, default=4096)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(machine())
    print(f"{'':22}{'spectra':>9}{'inputs, MB':>12}{'peak, MB':>10}{'x inputs':>10}")
    with threadpool_limits(options.threads), tempfile.TemporaryDirectory() as folder:
        # what is loaded and set up once is no memory of a training
        for _, work in works(Path(folder), 256).values():
            work()
        for n_spectra in (options.spectra, 4 * options.spectra):
            for name, (size, work) in works(Path(folder), n_spectra).items():
                with Peaks() as peaks:
                    work()
                print(
                    f"{name:22}{n_spectra:9}{size / 1e6:12.0f}"
                    f"{peaks.above / 1e6:10.0f}{peaks.above / size:10.2f}"
                )


if __name__ == "__main__":
    main()
