"""Does a neon lamp bring the Raman lines of 17 days together?

One home-built spectrometer, ten weeks, raw spectra of a neon lamp and of acetonitrile
(Arcadia Science, MIT licence; SPECTRANSFER_SHARED names the folder that holds
data/raman_openraman_days.npz). Each day is brought to a reference day by its lamp
alone, and the lines of acetonitrile say how far it came: the scatter of their places
over the days, in channels, as standard deviation and, which a single day does not rule,
as 1.4826 times the median distance from the median.

    python benchmarks/lamp_days.py
"""

import argparse
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter
from scipy.signal import peak_widths

from spectransfer.exceptions import SpectransferWarning
from spectransfer.preprocessing import (
    AxisAligner,
    DriftCorrector,
    WavelengthResampler,
    axis_from_lines,
)

APART = 15  # 2024-10-18: lamp and sample lie 40 channels apart
# channels of 2024-10-09, Raman shifts in cm-1
PLACES = {"neon": (764, 931, 1201, 1287, 1512, 1636, 1760, 1952)}
PLACES["acetonitrile"] = (292, 1112, 1592)
SHIFTS, LASER = np.array([918.0, 2253.0, 2942.0]), 532.0
Way = Callable[[np.ndarray], np.ndarray]


def place_of(spectrum: np.ndarray, near: int, reach: int = 16) -> float:
    """Middle of the highest line near a channel, at half its height."""
    calm = gaussian_filter1d(median_filter(spectrum, 5), 1.5)
    top = near - reach + int(calm[near - reach : near + reach + 1].argmax())
    part = slice(max(top - 25, 0), top + 26)
    # the window ends on the ground beside the line
    ends = peak_widths(calm[part], [top - part.start], rel_height=0.5)[2:]
    return part.start + float(ends[0][0] + ends[1][0]) / 2


def places_of(spectra: np.ndarray, kind: str) -> np.ndarray:
    """Find the lines on every day, wherever they have gone, (n_days, n_lines)."""
    found = []
    strongest = PLACES[kind][0 if kind == "neon" else -1]
    for spectrum in spectra:
        calm = gaussian_filter1d(median_filter(spectrum, 5), 1.5)
        area = slice(strongest - 60, strongest + 61)
        lag = area.start + int(calm[area].argmax()) - strongest
        found.append([place_of(spectrum, near + lag) for near in PLACES[kind]])
    return np.array(found)


def by_drift(lamp: np.ndarray, reference: np.ndarray) -> Way:
    """Let the corrector of small drifts take the lamp as its standard."""
    try:
        return DriftCorrector().fit(lamp[None], reference[None]).transform
    except ValueError:  # the lamp burns 100 times as bright, or not at all
        print("DriftCorrector refuses a day: left as it was")
        return lambda X: X


def by_axis(lamp: np.ndarray, reference: np.ndarray) -> Way:
    """Give each day its own axis in nm, and bring it to that of the reference day."""
    rough = np.linspace(545, 657, len(reference))  # nm
    axes = [axis_from_lines(x, rough, tolerance=4) for x in (lamp, reference)]
    own, new = (found.wavelengths for found in axes)
    bring = WavelengthResampler(new, wavelengths=own, kind="cubic", fill_value="edge")
    return lambda X: bring.fit_transform(X)


WAYS: dict[str, Callable[[np.ndarray, np.ndarray], Way]] = {
    "untouched": lambda lamp, reference: lambda X: X,
    "neon: same shift for all channels": lambda lamp, reference: (
        AxisAligner(0).fit(lamp[None], reference[None]).transform
    ),
    "neon: shift and stretch": lambda lamp, reference: (
        AxisAligner(1).fit(lamp[None], reference[None]).transform
    ),
    "neon: axis in nm, degree 3": by_axis,
    "neon through DriftCorrector": by_drift,
}


def line_of_its_own(spectrum: np.ndarray, reference: np.ndarray) -> Way:
    """Align by the line at 2942 cm-1 of the sample itself; the others judge."""
    both = np.array([spectrum, reference])[:, 1450:1750]
    shift = AxisAligner(0, max_shift=60).fit(both[:1], both[1:]).shift_[0]
    moved = np.arange(len(spectrum)) + shift
    return lambda X: np.array([np.interp(moved, np.arange(len(x)), x) for x in X])


def scatter(places: np.ndarray) -> str:
    """Say the scatter over days, pooled over lines."""
    apart = places - np.median(places, axis=0)
    told = []
    every = np.arange(len(places))
    for days in (every, np.delete(every, APART)):
        deviation = np.sqrt(apart[days].var(axis=0, ddof=1).mean())
        robust = 1.4826 * np.median(np.abs(apart[days] - np.median(apart[days], 0)))
        told.append(f"{deviation:>8.2f}{robust:>8.2f}")
    return "  ".join(told)


def show_ways(neon: np.ndarray, sample: np.ndarray, reference: int) -> None:
    """Print the scatter that every way leaves."""
    print(f"{'scatter in channels':<36}{'all 17 days':>18}{'without 10-18':>18}")
    print(f"{'':<36}{'sd':>8}{'robust':>8}  {'sd':>8}{'robust':>8}")
    for name, way in WAYS.items():
        brought = [
            way(lamp, neon[reference])(np.array([lamp, other]))
            for lamp, other in zip(neon, sample, strict=True)
        ]
        for k, kind in enumerate(("acetonitrile", "neon")):
            both = np.array([day[1 - k] for day in brought])
            print(f"{name + ', ' + kind:<48}"[:48], scatter(places_of(both, kind)))
    own = [line_of_its_own(x, sample[reference])(x[None])[0] for x in sample]
    print(f"{'line 2942 of the sample: 918 and 2253':<48}", end=" ")
    print(scatter(places_of(np.array(own), "acetonitrile")[:, :2]))


def show_why(
    neon: np.ndarray, spectra: np.ndarray, days: np.ndarray, reference: int
) -> None:
    """Ask whether the sample moves against the lamp as a laser would.

    Or as light that enters the spectrometer on another way.
    """
    sample = places_of(spectra, "acetonitrile")
    lamp = np.array(
        [AxisAligner(0).fit(x[None], neon[[reference]]).shift_[0] for x in neon]
    )
    apart = sample - sample[reference] - lamp[:, None]
    nm = 1e7 / (1e7 / LASER - SHIFTS)
    laser = (nm / LASER) ** 2
    laser /= laser.mean()
    print("\nsample against lamp, channels, at 918, 2253 and 2942 cm-1:")
    for day, row in zip(days, apart, strict=True):
        print(f"{day}  " + "".join(f"{x:>8.2f}" for x in row))
    kinds = {"all lines alike": np.ones(3), "a laser that moves": laser}
    for name, pattern in kinds.items():
        part = apart @ pattern / (pattern @ pattern)
        left = apart - part[:, None] * pattern
        print(f"{name:<20} leaves {np.sqrt(np.mean(left**2)):.2f} channels")


def main() -> None:
    """Print how far each way brings the lines together, and what is left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", type=int, default=13, help="number of the day")
    reference = parser.parse_args().reference
    warnings.simplefilter("ignore", SpectransferWarning)
    folder = Path(os.environ["SPECTRANSFER_SHARED"])
    with np.load(folder / "data" / "raman_openraman_days.npz") as data:
        neon, sample = (data[k].astype(np.float64) for k in ("neon", "acetonitrile"))
        days = data["day"]
    show_ways(neon, sample, reference)
    show_why(neon, sample, days, reference)


if __name__ == "__main__":
    main()
