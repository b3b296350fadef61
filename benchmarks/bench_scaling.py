"""
How do time and memory grow with the number of spectra, and of channels?
========================================================================

Prints the slopes in log-log axes of time and of peak memory beside inputs and result,
over the larger half of the sizes, next to what is expected, and draws them.

    python benchmarks/bench_scaling.py [--spectra 500 2000 8000 32000]
        [--channels 500 1000 2000 4000 8000] [--repeats 3] [--out scaling.png]

Expected: everything is linear in both, but for KNN, whose every query meets every
stored spectrum, so that it is quadratic where queries grow with the stored spectra. The
memory of blocks does not grow with the number of spectra.
"""

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _report import machine, seconds

from spectransfer import (
    BaselineCorrector,
    KNNTransfer,
    SpectralVAE,
    StandardScaler,
)

FIXED_SPECTRA, FIXED_CHANNELS = 2000, 1000


class Piece(NamedTuple):
    """Something to be measured: how to make it ready, and the slopes of its time."""

    name: str
    ready: Callable[[np.ndarray], Callable[[], object]]
    over_spectra: float
    over_channels: float


def baseline(X: np.ndarray) -> Callable[[], object]:
    """Correct all spectra."""
    corrector = BaselineCorrector().fit(X)
    return lambda: corrector.transform(X)


def scaler(X: np.ndarray) -> Callable[[], object]:
    """Learn statistics and scale."""
    return lambda: StandardScaler().fit_transform(X)


def knn(X: np.ndarray) -> Callable[[], object]:
    """Search all spectra among all."""
    fitted = KNNTransfer(10).fit(X, X)
    return lambda: fitted.predict(X)


def vae_epoch(X: np.ndarray) -> Callable[[], object]:
    """Train one epoch, the layers of the paper whatever the channels."""
    vae = SpectralVAE(
        (1024, 512), n_latent=64, max_epochs=1, batch_size=128, random_state=0
    )
    return lambda: vae.fit(X)


def vae_forward(X: np.ndarray) -> Callable[[], object]:
    """Encode all spectra, and decode them again."""
    vae = SpectralVAE(
        (1024, 512), n_latent=64, max_epochs=1, batch_size=128, random_state=0
    )
    vae.fit(X[:256])
    return lambda: vae.inverse_transform(vae.transform(X))


PIECES = [
    Piece("baseline", baseline, 1, 1),
    Piece("scaler", scaler, 1, 1),
    Piece("KNN predict", knn, 2, 1),
    Piece("VAE fit, one epoch", vae_epoch, 1, 1),
    Piece("VAE predict", vae_forward, 1, 1),
]


class Curve(NamedTuple):
    """Seconds and bytes at several sizes."""

    sizes: list[int]
    seconds: list[float]
    n_bytes: list[int]

    def slope(self, values: list[float] | list[int]) -> float:
        """Fit the slope in log-log axes, over the larger half of the sizes."""
        half = len(self.sizes) // 2
        logs = np.log(np.maximum(values, 1e-9))
        return float(np.polyfit(np.log(self.sizes)[half:], logs[half:], 1)[0])


def measure(
    piece: Piece, along: str, sizes: list[int], repeats: int, limit: float
) -> Curve:
    """Measure a piece at growing sizes, until one takes longer than the limit."""
    rng = np.random.default_rng(0)
    curve = Curve([], [], [])
    for size in sizes:
        over_spectra = along == "spectra"
        shape = (size, FIXED_CHANNELS) if over_spectra else (FIXED_SPECTRA, size)
        X = rng.gamma(2.0, 100.0, shape).astype(np.float32)
        work = piece.ready(X)
        start = time.perf_counter()
        curve.seconds.append(seconds(work, repeats=repeats))
        tracemalloc.start()
        result = work()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        curve.n_bytes.append(peak - getattr(result, "nbytes", 0))
        curve.sizes.append(size)
        if time.perf_counter() - start > limit:
            break
    return curve


def draw(curves: dict[tuple[str, str], Curve], path: Path) -> None:
    """Draw time above and memory below, spectra on the left and channels right."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9, 7), sharex="col", sharey="row")
    for (name, along), curve in curves.items():
        column = 0 if along == "spectra" else 1
        axes[0, column].loglog(curve.sizes, curve.seconds, "o-", label=name)
        megabytes = np.maximum(curve.n_bytes, 1e4) / 1e6
        axes[1, column].loglog(curve.sizes, megabytes, "o-", label=name)
        axes[1, column].set_xlabel(f"number of {along}")
    axes[0, 0].set_ylabel("time / s")
    axes[1, 0].set_ylabel("memory beside inputs and result / MB")
    axes[0, 0].set_title(f"{FIXED_CHANNELS} channels")
    axes[0, 1].set_title(f"{FIXED_SPECTRA} spectra")
    axes[0, 0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Print slopes, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument(
        "--spectra", type=int, nargs="+", default=[500, 2000, 8000, 32_000]
    )
    parser.add_argument(
        "--channels", type=int, nargs="+", default=[500, 1000, 2000, 4000, 8000]
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, default=120, help="seconds for one size")
    parser.add_argument("--out", type=Path, default=Path("scaling.png"))
    options = parser.parse_args()
    print(machine())
    heads = ("largest", "seconds", "slope", "expected", "memory slope")
    print(f"{'':20}{'along':>10}" + "".join(f"{head:>14}" for head in heads))
    curves = {}
    for piece in PIECES:
        for along, sizes, expected in (
            ("spectra", options.spectra, piece.over_spectra),
            ("channels", options.channels, piece.over_channels),
        ):
            curve = measure(piece, along, sizes, options.repeats, options.limit)
            curves[piece.name, along] = curve
            if len(curve.sizes) < 3:
                print(f"{piece.name:20}{along:>10}  too slow for three sizes")
                continue
            print(
                f"{piece.name:20}{along:>10}{curve.sizes[-1]:14}"
                f"{curve.seconds[-1]:14.3g}{curve.slope(curve.seconds):14.2f}"
                f"{expected:14.0f}{curve.slope(curve.n_bytes):14.2f}",
                flush=True,
            )
    draw(curves, options.out)


if __name__ == "__main__":
    main()
