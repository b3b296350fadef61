"""
How fast is the baseline corrector?
===================================

Times of baseline correction, as multiples of the time that numpy takes to copy the
spectra: machines differ, the ratio much less. Next to ours stand the same numbers from
scipy's filters and from the recipe of the method's authors (one spectrum after the
other, with pandas, written anew), and the closest method of pybaselines, whose numbers
are others.

    python benchmarks/bench_baseline.py [--spectra 2000] [--channels 4062]

Slow ways are timed on fewer spectra and scaled up. The column "differs" is the largest
difference from the authors' recipe in float64, relative to the largest intensity.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.ndimage import correlate1d, minimum_filter1d
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parent))
from _report import Row, machine, markdown, seconds

from spectransfer.preprocessing import BaselineCorrector

MIN_WINDOW, SMOOTH_WINDOW = 100, 50


def pandas_recipe(spectra: np.ndarray) -> np.ndarray:
    """The authors' way: pandas' rolling windows, zeros outside, row by row."""
    import pandas as pd

    def rolling_mean(values: pd.Series) -> pd.Series:
        rolling = values.rolling(SMOOTH_WINDOW, win_type="gaussian")
        return rolling.mean(std=SMOOTH_WINDOW)

    corrected = np.empty_like(spectra)
    for row, spectrum in enumerate(spectra):
        x = pd.Series(spectrum)
        left = x.rolling(MIN_WINDOW, min_periods=1).min()
        right = x[::-1].rolling(MIN_WINDOW, min_periods=1).min()[::-1]
        padded = pd.Series(np.pad((left + right).to_numpy() / 2, SMOOTH_WINDOW))
        smooth = (rolling_mean(padded) + rolling_mean(padded[::-1])[::-1]) / 2
        corrected[row] = spectrum - smooth.to_numpy()[SMOOTH_WINDOW:-SMOOTH_WINDOW]
    return corrected


def scipy_filters(spectra: np.ndarray) -> np.ndarray:
    """Two minimum filters and one correlation, each over all spectra."""
    shift = (MIN_WINDOW - 1) // 2
    left = minimum_filter1d(spectra, MIN_WINDOW, axis=1, origin=shift, mode="nearest")
    right = minimum_filter1d(
        spectra, MIN_WINDOW, axis=1, origin=-(MIN_WINDOW // 2), mode="nearest"
    )
    u = (np.arange(SMOOTH_WINDOW) - (SMOOTH_WINDOW - 1) / 2) / SMOOTH_WINDOW
    one_sided = np.exp(-(u**2) / 2)
    taps = np.zeros(2 * SMOOTH_WINDOW - 1)
    taps[:SMOOTH_WINDOW] += one_sided
    taps[SMOOTH_WINDOW - 1 :] += one_sided
    taps /= 4 * one_sided.sum()
    return spectra - correlate1d(left + right, taps, axis=1, mode="constant")


def pybaselines_mwmv(spectra: np.ndarray) -> np.ndarray:
    """Moving-window minimum value: symmetric minima, smoothed by a flat mean."""
    from pybaselines import Baseline

    fitter = Baseline(np.arange(spectra.shape[1]))
    return np.array(
        [
            x
            - fitter.mwmv(x, MIN_WINDOW // 2, smooth_half_window=SMOOTH_WINDOW // 2)[0]
            for x in spectra
        ]
    )


def ours(edges: str, n_jobs: int) -> Callable[[np.ndarray], np.ndarray]:
    """The corrector, checks of its input included."""
    return BaselineCorrector(
        MIN_WINDOW, smooth_window=SMOOTH_WINDOW, edges=edges, n_jobs=n_jobs
    ).transform


TARGETS = {
    "ours, 1 thread": "<= 25",
    "ours, 2 threads": "<= 15",
}


def ways() -> list[tuple[str, Callable[[np.ndarray], np.ndarray], int, bool]]:
    """Give name, work, share of the spectra it is timed on, and whether it is exact."""
    return [
        ("ours, 1 thread", ours("available", 1), 1, False),
        ("ours, 2 threads", ours("available", 2), 1, False),
        ("ours, zero-padded, 1 thread", ours("zero-padded", 1), 1, True),
        ("ours, zero-padded, 2 threads", ours("zero-padded", 2), 1, True),
        ("scipy, 2 minimum_filter1d + correlate1d", scipy_filters, 10, True),
        ("pybaselines, mwmv, per spectrum", pybaselines_mwmv, 40, False),
        ("pandas, the authors' recipe", pandas_recipe, 40, True),
    ]


def times(
    spectra: int, channels: int, repeats: int, dtype: str
) -> dict[str, tuple[float, str]]:
    """Time every way, in seconds, and say how far it is from the authors' recipe."""
    rng = np.random.default_rng(0)
    X = (rng.gamma(2.0, 100.0, (spectra, channels)) + 500).astype(dtype)
    few = X[:20]
    truth = pandas_recipe(few.astype(np.float64))
    found = {}
    with threadpool_limits(1):
        copy = seconds(np.copy, X, repeats=3 * repeats)
        found["numpy copy"] = (copy, "")
        for name, way, share, same in ways():
            part = X[: max(1, len(X) // share)]
            # Slow ways need no median of many.
            took = seconds(way, part, repeats=repeats if share == 1 else 3)
            error = np.abs(way(few) - truth).max() / np.abs(few).max()
            differs = f"{error:.1e}" if same else "other method"
            if name.startswith("ours") and not same:
                differs = "other ends"
            found[name] = (took * len(X) / len(part), differs)
    return found


def rows(
    spectra: int = 2000, channels: int = 4062, repeats: int = 9, dtype: str = "float32"
) -> list[Row]:
    """Compare with the copy, and the other ways with ours."""
    found = times(spectra, channels, repeats, dtype)
    copy = found["numpy copy"][0]
    print(f"{'':42}{'ms':>10}{'x copy':>9}  differs")
    for name, (took, differs) in found.items():
        print(f"{name:42}{took * 1e3:10.1f}{took / copy:9.1f}  {differs}")
    what = f"baseline, {spectra} x {channels} {dtype}"
    table: list[Row] = [
        (f"{what}, {name}", "numpy copy", found[name][0] / copy, target)
        for name, target in TARGETS.items()
    ]
    one = found["ours, 1 thread"][0]
    for name, target in (
        ("scipy, 2 minimum_filter1d + correlate1d", ">= 8"),
        ("pybaselines, mwmv, per spectrum", ">= 1"),
        ("pandas, the authors' recipe", ">= 100"),
    ):
        table.append(
            (f"{name}: times as slow", "ours, 1 thread", found[name][0] / one, target)
        )
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[2])
    parser.add_argument("--spectra", type=int, default=2000)
    parser.add_argument("--channels", type=int, default=4062)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    options = parser.parse_args()
    print(machine())
    print(markdown(rows(**vars(options))))


if __name__ == "__main__":
    main()
