"""
What does the paper's experiment take at its own size?
======================================================

313,600 shared standards and 250,000 unseen spectra (Table 2 of the paper: 80 s for the
mapper, 300 s for the direct network, 15 s for predictions, on a GPU, and an hour for
nearest neighbours). Steps and queries are all alike: a part of them is measured, and
what all of them take is said beside it.

    OMP_NUM_THREADS=1 python benchmarks/paper_size.py --part 0.1
    OMP_NUM_THREADS=2 python benchmarks/paper_size.py --spectrometers full --part 0.05

Networks are fitted to that part of the standards for one epoch; neighbours of that part
of 1 % of the queries are looked for among all standards (`--neighbours`, which needs
memory for these).
"""

import argparse
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from _report import machine

from spectransfer import (
    BaselineCorrector,
    DirectMLPTransfer,
    KNNTransfer,
    SpectralMLP,
    SpectralVAE,
    StandardScaler,
)
from spectransfer.simulation import make_libs_maps

N_STANDARDS, N_UNSEEN = 560 * 560, 500 * 500
WINDOWS = {"light": (25, 12), "full": (100, 50)}
# epochs of the paper, of the autoencoder and of the others
EPOCHS = {"VAE": 50, "mapper": 100, "direct MLP": 100}


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock time of a call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def prepared(width: str, shape: tuple[int, int], seed: int):
    """Simulate a map, and prepare both sides as the paper does."""
    minimum, smooth = WINDOWS[width]
    pair = make_libs_maps(
        shape, None, None, spectrometers=width, random_state=seed
    ).train
    return [
        StandardScaler().fit_transform(
            BaselineCorrector(minimum, smooth_window=smooth).fit_transform(spectra)
        )
        for spectra in (pair.X_secondary, pair.X_primary)
    ]


def told(what: str, n: int, took: float, n_all: int, repeats: int = 1) -> None:
    """Print what was measured, and what all of it takes."""
    every = took * n_all / n
    line = f"{what:34}{n:9,}{took:9.1f}{n_all:10,}{every:9.0f}"
    print(line + (f"{repeats:8}{repeats * every / 3600:9.2f}" if repeats > 1 else ""))
    sys.stdout.flush()


def networks(X, y) -> None:
    """Time an epoch of each published network, and predictions."""
    once = {"training__max_epochs": 1, "training__patience": None, "random_state": 0}
    vae = SpectralVAE.as_published(**once)
    mapper = SpectralMLP.as_published(**once)
    direct = DirectMLPTransfer.as_published(**once)
    n = len(X)
    told("VAE, epoch", n, seconds(lambda: vae.fit(y)), N_STANDARDS, EPOCHS["VAE"])
    z = vae.transform(y)
    took = seconds(lambda: mapper.fit(X, z))
    told("mapper, epoch", n, took, N_STANDARDS, EPOCHS["mapper"])
    took = seconds(lambda: direct.fit(X, y))
    told("direct MLP, epoch", n, took, N_STANDARDS, EPOCHS["direct MLP"])
    took = seconds(lambda: vae.inverse_transform(mapper.predict(X)))
    told("mapper and decoder, predictions", n, took, N_UNSEEN)
    told("direct MLP, predictions", n, seconds(lambda: direct.predict(X)), N_UNSEEN)


def main() -> None:
    """Print a row for each work."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--spectrometers", choices=list(WINDOWS), default="light")
    parser.add_argument("--part", type=float, default=0.1)
    parser.add_argument("--neighbours", action="store_true")
    options = parser.parse_args()
    side = math.isqrt(int(options.part * N_STANDARDS))
    print(f"Measured on: {machine()}; {options.spectrometers}.\n")
    print(
        f"{'':34}{'measured':>9}{'s':>9}{'of':>10}{'s':>9}{'epochs':>8}{'hours':>9}",
        flush=True,
    )
    if not options.neighbours:
        networks(*prepared(options.spectrometers, (side, side), 0))
        return
    X, y = prepared(options.spectrometers, (560, 560), 0)
    n_queries = int(options.part * 0.01 * N_UNSEEN)
    queries, _ = prepared(options.spectrometers, (n_queries // 50, 50), 1)
    knn = KNNTransfer(10).fit(X, y)
    took = seconds(lambda: knn.predict(queries))
    told("nearest neighbours, queries", len(queries), took, N_UNSEEN)


if __name__ == "__main__":
    main()
