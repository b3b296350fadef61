"""
What does the paper's experiment take at its own size?
======================================================

313,600 shared standards and 250,000 unseen spectra (Table 2 of the paper: 80 s for the
mapper, 300 s for the direct network, 15 s for predictions, on a GPU, and an hour for
nearest neighbours). Steps and queries are all alike: a part of them is measured, and
what all of them take is said beside it.

    OMP_NUM_THREADS=1 python benchmarks/paper_size.py --part 0.1
    OMP_NUM_THREADS=2 python benchmarks/paper_size.py --spectrometers full --part 0.05
    OMP_NUM_THREADS=2 python benchmarks/paper_size.py --neighbours --part 0.03

Networks are fitted to that part of the standards for one epoch. Neighbours of that part
of the unseen spectra are looked for among all standards, which need 8 GB, in all
channels and in components of them, or among a part (`--among 0.1`). All is then told
too long for components: they look at as many spectra closely among few as among many.

Beside the time by the clock stands that of the processor, which other work on the
machine changes less; of several threads it is the sum.
"""

import argparse
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

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
# of the paper
EPOCHS = {"VAE": 50, "mapper": 100, "direct MLP": 100}


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Time of a call, by the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


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


def told(what: str, part: float, took: tuple[float, float], repeats: int = 1) -> None:
    """Print what a part took, and what all of it takes."""
    line = f"{what:34}{part:9.4f}"
    for measured in took:
        line += f"{measured:9.1f}{repeats * measured / part / 3600:9.2f}"
    print(line + (f"{repeats:8}" if repeats > 1 else ""), flush=True)


def networks(X, y) -> None:
    """Time an epoch of each published network, and predictions."""
    once = {"training__max_epochs": 1, "training__patience": None, "random_state": 0}
    vae = SpectralVAE.as_published(**once)
    mapper = SpectralMLP.as_published(**once)
    direct = DirectMLPTransfer.as_published(**once)
    part, unseen = len(X) / N_STANDARDS, len(X) / N_UNSEEN
    told("VAE", part, seconds(lambda: vae.fit(y)), EPOCHS["VAE"])
    z = vae.transform(y)
    took = seconds(lambda: mapper.fit(X, z))
    told("mapper", part, took, EPOCHS["mapper"])
    took = seconds(lambda: direct.fit(X, y))
    told("direct MLP", part, took, EPOCHS["direct MLP"])
    took = seconds(lambda: vae.inverse_transform(mapper.predict(X)))
    told("mapper and decoder, predictions", unseen, took)
    told("direct MLP, predictions", unseen, seconds(lambda: direct.predict(X)))


def neighbours(width: str, part: float, among: float) -> None:
    """Time a search for some among some, which together are a part of all pairs."""
    side = math.isqrt(round(among * N_STANDARDS))
    X, y = prepared(width, (side, side), 0)
    queries, _ = prepared(width, (max(1, int(part * N_UNSEEN) // 50), 50), 1)
    pairs = len(queries) * len(X) / (N_UNSEEN * N_STANDARDS)
    print(f"{len(queries):,} of the unseen among {len(X):,} of the standards")
    nearest: list[np.ndarray] = []
    for n_components in (None, 256, 64):
        knn = KNNTransfer(10, n_components=n_components, copy=False).fit(X, y)
        what = "all channels" if n_components is None else f"{n_components} components"
        told(f"neighbours, {what}", pairs, seconds(lambda k=knn: k.predict(queries)))
        few = queries[:500]
        nearest.append(np.concatenate([found for *_, found in knn._nearest(few)]))
    shares = [
        (nearest[0][:, :, None] == n[:, None]).sum(axis=1).mean() for n in nearest
    ]
    print(f"of the nearest found: {np.round(shares, 3)}")


def main() -> None:
    """Print a row for each work."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--spectrometers", choices=list(WINDOWS), default="light")
    parser.add_argument("--part", type=float, default=0.1)
    parser.add_argument("--neighbours", action="store_true")
    parser.add_argument("--among", type=float, default=1.0, help="of the standards")
    options = parser.parse_args()
    print(f"Measured on: {machine()}; {options.spectrometers}.\n")
    print(
        f"{'':43}{'by the clock':>18}{'processor':>18}\n{'':34}{'part':>9}"
        f"{'s':>9}{'all, h':>9}{'s':>9}{'all, h':>9}{'epochs':>8}",
        flush=True,
    )
    if options.neighbours:
        neighbours(options.spectrometers, options.part, options.among)
        return
    side = math.isqrt(int(options.part * N_STANDARDS))
    networks(*prepared(options.spectrometers, (side, side), 0))


if __name__ == "__main__":
    main()
