"""How far a handful of standards brings a transfer back on a new day.

The library protocol: predictions are judged by what the primary would have measured on
the day of the library. A standard is one place of a pure mineral, drawn at random; the
secondary alone measures other shots of it on each day. The same map without a drift is
the unit: 1 is as good as no drift at all.

    python benchmarks/new_day.py                  # ridge, light spectrometers
    python benchmarks/new_day.py --latent --full  # VAE and MLP, the paper's width
    python benchmarks/new_day.py --curve new_day.png  # 0 to 20 standards
"""

import argparse
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from spectransfer import BaselineCorrector, StandardScaler, make_transfer_pipeline
from spectransfer.adaptation import recalibrate
from spectransfer.exceptions import SpectransferWarning
from spectransfer.metrics import relative_squared_error
from spectransfer.simulation import DayDrift, Rock, make_libs_maps
from spectransfer.spectra import PairedMaps

NO_DRIFT = DayDrift.off()
PLASMA = ("temperature", "mass", "continuum")
SECONDARY = DayDrift().without(*PLASMA)
MINERALS = {"quartz": 0.34, "albite": 0.36, "muscovite": 0.30}
STRONG = {
    "gain": {"gain": (1.0, 3.0)},
    "shift": {"shift": (0.0, 2.0)},
    "width": {"resolution": (1.0, 1.2)},
    "tilt": {"tilt": (0.0, 0.3)},
}
STRONG["all four"] = {k: v for one in STRONG.values() for k, v in one.items()}


def simulate(name: str, side: tuple[int, int], day: DayDrift, **options: Any) -> Any:
    """Give one map, measured on `day`."""
    shapes: dict[str, Any] = dict.fromkeys(("train", "validation", "test"))
    maps = make_libs_maps(
        **shapes | {name: side}, second_day=(name,), day=day, **options
    )
    return maps[name]


def standard(
    mineral: str, n_shots: int, day: DayDrift, seed: int, width: str
) -> tuple[np.ndarray, np.ndarray]:
    """Give other shots of one place on either day."""
    shares = tuple(float(m == mineral) for m in MINERALS) + (0.0,) * 3
    place = Rock(shares, min_grains=1, grain_size=1e5, spot=0.0, intergrowth=0.0)
    options = {"rock": place, "step": 0.01, "random_state": seed}
    reference, today = (
        simulate("train", (2, n_shots), d, spectrometers=width, **options).X_secondary
        for d in (NO_DRIFT, day)
    )
    return today[n_shots:], reference[:n_shots]


def fitted(train: PairedMaps, arguments: argparse.Namespace) -> Any:
    """Fit the transfer on the library's day."""
    windows = (100, 50) if arguments.full else (25, 12)
    regressor = None if arguments.latent else Ridge(100.0)
    sides = [
        Pipeline(
            [
                ("baseline", BaselineCorrector(windows[0], smooth_window=windows[1])),
                ("scaler", StandardScaler(power=0)),
            ]
        )
        for _ in range(2)
    ]
    transfer = make_transfer_pipeline(regressor, secondary=sides[0], primary=sides[1])
    if arguments.latent:
        transfer.set_params(transfer__regressor__random_state=0)
    return transfer.fit(train.X_secondary, train.X_primary)


class Laboratory:
    """One rock, one transfer, and its days."""

    def __init__(self, seed: int, arguments: argparse.Namespace) -> None:
        self.width = "full" if arguments.full else "light"
        self.seed, self.draws = seed, arguments.draws
        self.side = (arguments.test, arguments.test)
        options = {"spectrometers": self.width, "random_state": seed}
        train = simulate("train", (arguments.train,) * 2, NO_DRIFT, **options)
        self.transfer = fitted(train, arguments)
        steady = simulate("test", self.side, NO_DRIFT, **options)
        self.truth = self.transfer[-1].transform_target(steady.X_primary)
        self.steady = self.error(self.transfer, steady.X_secondary)

    def error(self, transfer: Any, spectra: np.ndarray) -> float:
        """RSE, library protocol."""
        return relative_squared_error(self.truth, transfer.predict(spectra))

    def row(
        self, day: DayDrift, n_standards: int, n_shots: int, wrong: bool = False
    ) -> tuple[float, list[float], int, int]:
        """Give errors untouched and recalibrated, by that of no drift.

        With how many of the standards were warned of, and how many refused.
        """
        late = simulate(
            "test", self.side, day, spectrometers=self.width, random_state=self.seed
        ).X_secondary
        errors, warned, refused = [], 0, 0
        for draw in range(self.draws):
            rng = np.random.default_rng([self.seed, draw])
            minerals = rng.choice(
                list(MINERALS), n_standards, p=list(MINERALS.values())
            )
            seeds = rng.integers(2**31, size=n_standards)
            both = [
                standard(m, n_shots, day, int(s), self.width)
                for m, s in zip(minerals, seeds, strict=True)
            ]
            today, reference = (
                np.concatenate(days) for days in zip(*both, strict=True)
            )
            if wrong:
                names = list(MINERALS)
                other = names[names.index(minerals[0]) - 1]
                swapped = standard(other, n_shots, day, int(seeds[0]), self.width)[0]
                today[:n_shots] = swapped
            ids = np.repeat(np.arange(n_standards), n_shots)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", SpectransferWarning)
                try:
                    new = recalibrate(self.transfer, today, reference, sample_id=ids)
                except ValueError:
                    refused += 1
                    continue
            warned += bool(caught)
            errors.append(self.error(new, late) / self.steady)
        return self.error(self.transfer, late) / self.steady, errors, warned, refused

    def curve(self, n_standards: int, n_shots: int) -> tuple[float, np.ndarray]:
        """Give errors untouched, and for each draw with 1, 2, ... standards."""
        late = simulate(
            "test",
            self.side,
            SECONDARY,
            spectrometers=self.width,
            random_state=self.seed,
        ).X_secondary
        errors = np.empty((self.draws, n_standards))
        for draw in range(self.draws):
            rng = np.random.default_rng([self.seed, draw])
            minerals = rng.choice(
                list(MINERALS), n_standards, p=list(MINERALS.values())
            )
            seeds = rng.integers(2**31, size=n_standards)
            both = [
                standard(m, n_shots, SECONDARY, int(s), self.width)
                for m, s in zip(minerals, seeds, strict=True)
            ]
            for k in range(1, n_standards + 1):
                today, reference = (
                    np.concatenate(days) for days in zip(*both[:k], strict=True)
                )
                ids = np.repeat(np.arange(k), n_shots)
                new = recalibrate(self.transfer, today, reference, sample_id=ids)
                errors[draw, k - 1] = self.error(new, late) / self.steady
        return self.error(self.transfer, late) / self.steady, errors


def draw_curve(path: str, laboratory: Laboratory, n_shots: int = 20) -> None:
    """Print and draw the error over the number of standards."""
    untouched, errors = laboratory.curve(20, n_shots)
    print(f"standards of {n_shots} shots, RSE in units of that without drift")
    print(f"{'standards':>10}{'median':>8}{'worst':>8}")
    print(f"{0:>10}{untouched:>8.2f}{untouched:>8.2f}")
    for k, column in enumerate(errors.T, start=1):
        print(f"{k:>10}{np.median(column):>8.2f}{column.max():>8.2f}")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 3.4), layout="constrained")
    axes = figure.subplots()
    counts = np.arange(errors.shape[1] + 1)
    every = np.column_stack([np.full(len(errors), untouched), errors])
    axes.plot(
        counts, np.median(every, axis=0), "o-", ms=3, label="recalibrated, median"
    )
    axes.fill_between(
        counts, every.min(axis=0), every.max(axis=0), alpha=0.2, label="all draws"
    )
    axes.axhline(1.0, color="0.5", linestyle="--", label="no drift")
    axes.set(xlabel="standards", ylabel="RSE over that without drift", yscale="log")
    axes.set_xticks(counts[::2])
    axes.legend(frameon=False)
    figure.savefig(path, dpi=110)


def show(name: str, rows: Sequence[tuple[float, list[float], int, int]]) -> None:
    """Print one row of the table."""
    untouched = np.median([row[0] for row in rows])
    errors = [error for row in rows for error in row[1]]
    warned, refused = (sum(row[i] for row in rows) for i in (2, 3))
    median, worst = (np.median(errors), max(errors)) if errors else (np.nan, np.nan)
    print(
        f"{name:<42}{untouched:>10.2f}{median:>8.2f}{worst:>8.2f}"
        f"{warned:>7d}{refused:>9d} of {len(errors) + refused}",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="full-width spectra")
    parser.add_argument("--latent", action="store_true", help="VAE and MLP, not ridge")
    parser.add_argument("--strong", action="store_true", help="stronger drifts, too")
    parser.add_argument("--draws", type=int, default=10, help="of standards, per seed")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--train", type=int, default=48, help="shots along a side")
    parser.add_argument("--rows", nargs="+", help="parts of the names of rows to print")
    parser.add_argument("--curve", help="file for the error over 0 to 20 standards")
    parser.add_argument("--test", type=int, default=30, help="shots along a side")
    arguments = parser.parse_args()
    laboratories = [Laboratory(seed, arguments) for seed in arguments.seeds]
    if arguments.curve:
        draw_curve(arguments.curve, laboratories[0])
        return
    steady = ", ".join(f"{lab.steady:.4f}" for lab in laboratories)
    print(f"RSE without drift: {steady}; below, in units of it\n")
    header = f"{'drift, standards':<42}{'untouched':>10}{'median':>8}{'worst':>8}"
    print(f"{header} warned  refused")
    table = {
        "secondary, 1 standard of 100 shots": (SECONDARY, 1, 100),
        "secondary, 3 of 20": (SECONDARY, 3, 20),
        "secondary and plasma, 3 of 100": (DayDrift(), 3, 100),
        "none, 1 of 20": (NO_DRIFT, 1, 20),
        "none, 3 of 20": (NO_DRIFT, 3, 20),
        "secondary, 3 of 100, one another mineral": (SECONDARY, 3, 100, True),
    }
    if arguments.strong:
        for name, change in STRONG.items():
            table[f"strong {name}, 3 of 100"] = (
                DayDrift(**NO_DRIFT.__dict__ | change),
                3,
                100,
            )
    for name, what in table.items():
        if arguments.rows and not any(part in name for part in arguments.rows):
            continue
        show(name, [lab.row(*what) for lab in laboratories])


if __name__ == "__main__":
    main()
