"""
How do time and memory grow with the number of spectra, and of channels?
========================================================================

Prints the slopes in log-log axes of time and of peak memory beside inputs and result,
over the larger half of the sizes, next to what is expected, and draws them.

    python benchmarks/bench_scaling.py [--spectra 500 2000 8000 32000 125000 313600]
        [--channels 500 1000 2000 4000 8000] [--repeats 1] [--out scaling.png]

Expected: everything is linear in both, but for KNN, whose every query meets every
stored spectrum, so that it is quadratic where queries grow with the stored spectra. The
memory of blocks does not grow with the number of spectra. A call that would take longer
than --limit is left out.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _memory import Peaks
from _report import machine, seconds

from spectransfer import (
    BaselineCorrector,
    KNNTransfer,
    SpectralVAE,
    StandardScaler,
    Training,
)
from spectransfer.metrics import relative_squared_error

FIXED_SPECTRA, FIXED_CHANNELS = 2000, 1000
SECOND_FLOOR, BYTE_FLOOR = 1e-6, 1e6


class Piece(NamedTuple):
    """Something to be measured: how to make it ready, and the slopes of its time."""

    name: str
    ready: Callable[[np.ndarray], Callable[[], object]]
    over_spectra: float
    over_channels: float

    def expected(self, along: str) -> float:
        """Give the slope of time along spectra or channels."""
        return self.over_spectra if along == "spectra" else self.over_channels


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
        (1024, 512),
        n_latent=64,
        training=Training(n_steps=1, batch_size=128),
        random_state=0,
    )
    return lambda: vae.fit(X)


def vae_forward(X: np.ndarray) -> Callable[[], object]:
    """Encode all spectra, and decode them again."""
    vae = SpectralVAE(
        (1024, 512),
        n_latent=64,
        training=Training(n_steps=1, batch_size=128),
        random_state=0,
    )
    vae.fit(X[:256])
    return lambda: vae.inverse_transform(vae.transform(X))


def error(X: np.ndarray) -> Callable[[], object]:
    """Compare all spectra with all."""
    return lambda: relative_squared_error(X, X)


PIECES = [
    Piece("baseline", baseline, 1, 1),
    Piece("scaler", scaler, 1, 1),
    Piece("RSE", error, 1, 1),
    Piece("KNN predict", knn, 2, 1),
    Piece("VAE fit, one epoch", vae_epoch, 1, 1),
    Piece("VAE predict", vae_forward, 1, 1),
]


class Curve(NamedTuple):
    """Seconds and bytes at several sizes."""

    sizes: list[int]
    seconds: list[float]
    n_bytes: list[int]

    def slope(self, values: list[float] | list[int], floor: float) -> float:
        """Fit the slope in log-log axes, over the larger half of the sizes.

        What is below the floor counts as the floor: it cannot be told from nothing.
        """
        half = len(self.sizes) // 2
        logs = np.log(np.maximum(values, floor))
        return float(np.polyfit(np.log(self.sizes)[half:], logs[half:], 1)[0])


def measure(
    piece: Piece, along: str, sizes: list[int], repeats: int, limit: float
) -> Curve:
    """Measure a piece at growing sizes, as long as a call stays within the limit."""
    rng = np.random.default_rng(0)
    curve = Curve([], [], [])
    for size in sizes:
        over_spectra = along == "spectra"
        if curve.sizes and (
            curve.seconds[-1] * (size / curve.sizes[-1]) ** piece.expected(along)
            > limit
        ):
            break
        shape = (size, FIXED_CHANNELS) if over_spectra else (FIXED_SPECTRA, size)
        X = rng.gamma(2.0, 100.0, shape).astype(np.float32)
        work = piece.ready(X)
        curve.seconds.append(seconds(work, repeats=repeats))
        with Peaks() as peaks:
            result = work()
        curve.n_bytes.append(max(0, peaks.above - getattr(result, "nbytes", 0)))
        curve.sizes.append(size)
    return curve


def draw(curves: dict[tuple[Piece, str], Curve], path: Path) -> None:
    """Draw time above and memory below, spectra on the left and channels right."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        2, 2, figsize=(10, 7), sharex="col", sharey="row", layout="constrained"
    )
    for (piece, along), curve in curves.items():
        column = 0 if along == "spectra" else 1
        above, below = axes[:, column]
        label = piece.name if column == 0 else None
        (line,) = above.loglog(curve.sizes, curve.seconds, "o-", label=label)
        share = np.divide(curve.sizes, curve.sizes[-1]) ** piece.expected(along)
        above.loglog(curve.sizes, curve.seconds[-1] * share, ":", c=line.get_color())
        megabytes = np.maximum(curve.n_bytes, BYTE_FLOOR) / 1e6
        below.loglog(curve.sizes, megabytes, "o-")
        below.set_xlabel(f"number of {along}")
        below.xaxis.set_minor_formatter("")
    axes[0, 0].set_ylabel("time / s")
    axes[1, 0].set_ylabel("memory beside inputs and result / MB")
    axes[0, 0].set_title(f"{FIXED_CHANNELS} channels")
    axes[0, 1].set_title(f"{FIXED_SPECTRA} spectra")
    axes[0, 0].plot([], [], "k:", label="expected slope")
    figure.legend(loc="outside right center")
    figure.savefig(path, dpi=120)


def main() -> None:
    """Print slopes, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument(
        "--spectra",
        type=int,
        nargs="+",
        default=[500, 2000, 8000, 32_000, 125_000, 313_600],
    )
    parser.add_argument(
        "--channels", type=int, nargs="+", default=[500, 1000, 2000, 4000, 8000]
    )
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--limit", type=float, default=150, help="seconds for a call")
    parser.add_argument("--out", type=Path, default=Path("scaling.png"))
    options = parser.parse_args()
    print(machine())
    heads = ("largest", "seconds", "slope", "expected", "memory slope")
    print(f"{'':20}{'along':>10}" + "".join(f"{head:>14}" for head in heads))
    curves = {}
    for piece in PIECES:
        for along, sizes in (
            ("spectra", options.spectra),
            ("channels", options.channels),
        ):
            curve = measure(piece, along, sizes, options.repeats, options.limit)
            curves[piece, along] = curve
            if len(curve.sizes) < 3:
                print(f"{piece.name:20}{along:>10}  too slow for three sizes")
                continue
            time_slope = curve.slope(curve.seconds, SECOND_FLOOR)
            memory_slope = curve.slope(curve.n_bytes, BYTE_FLOOR)
            print(
                f"{piece.name:20}{along:>10}{curve.sizes[-1]:14}"
                f"{curve.seconds[-1]:14.3g}{time_slope:14.2f}"
                f"{piece.expected(along):14.0f}{memory_slope:14.2f}",
                flush=True,
            )
    draw(curves, options.out)


if __name__ == "__main__":
    main()
