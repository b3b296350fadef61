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

parser = argparse.ArgumentParser(description="Scatter of lines over 17 days.")
parser.add_argument("--reference", type=int, default=13, help="number of the day")
arguments = parser.parse_args()
FOLDER = Path(os.environ["SPECTRANSFER_SHARED"])
DATA = np.load(FOLDER / "data" / "raman_openraman_days.npz")
NEON, SAMPLE = (DATA[k].astype(np.float64) for k in ("neon", "acetonitrile"))
DAYS, REFERENCE = DATA["day"], arguments.reference
APART = 15  # 2024-10-18: lamp and sample lie 40 channels apart
# channels of 2024-10-09, Raman shifts in cm-1
PLACES = {"neon": (764, 931, 1201, 1287, 1512, 1636, 1760, 1952)}
PLACES["acetonitrile"] = (292, 1112, 1592)
SHIFTS, LASER = np.array([918.0, 2253.0, 2942.0]), 532.0
ROUGH = np.linspace(545, 657, NEON.shape[1])  # nm


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


def by_drift(lamp: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Let the corrector of small drifts take the lamp as its standard."""
    try:
        return DriftCorrector().fit(lamp[None], NEON[[REFERENCE]]).transform
    except ValueError:  # the lamp burns 100 times as bright, or not at all
        print("DriftCorrector refuses a day: left as it was")
        return lambda X: X


def by_axis(lamp: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Give each day its own axis in nm, and bring it to that of the reference day."""
    axes = [axis_from_lines(x, ROUGH, tolerance=4) for x in (lamp, NEON[REFERENCE])]
    own, new = (found.wavelengths for found in axes)
    bring = WavelengthResampler(new, wavelengths=own, kind="cubic", fill_value="edge")
    return lambda X: bring.fit_transform(X)


WAYS = {
    "untouched": lambda lamp: lambda X: X,
    "neon: same shift for all channels": lambda lamp: (
        AxisAligner(0).fit(lamp[None], NEON[[REFERENCE]]).transform
    ),
    "neon: shift and stretch": lambda lamp: (
        AxisAligner(1).fit(lamp[None], NEON[[REFERENCE]]).transform
    ),
    "neon: axis in nm, degree 3": by_axis,
    "neon through DriftCorrector": by_drift,
}


def line_of_its_own(day: int) -> Callable[[np.ndarray], np.ndarray]:
    """Align by the line at 2942 cm-1 of the sample itself; the others judge."""
    both = SAMPLE[[day, REFERENCE], 1450:1750]
    shift = AxisAligner(0, max_shift=60).fit(both[:1], both[1:]).shift_[0]
    moved = np.arange(SAMPLE.shape[1]) + shift
    return lambda X: np.array([np.interp(moved, np.arange(len(x)), x) for x in X])


def scatter(places: np.ndarray) -> str:
    """Say the scatter over days, pooled over lines."""
    apart = places - np.median(places, axis=0)
    told = []
    for days in (np.arange(len(DAYS)), np.delete(np.arange(len(DAYS)), APART)):
        deviation = np.sqrt(apart[days].var(axis=0, ddof=1).mean())
        robust = 1.4826 * np.median(np.abs(apart[days] - np.median(apart[days], 0)))
        told.append(f"{deviation:>8.2f}{robust:>8.2f}")
    return "  ".join(told)


print(f"{'scatter in channels':<36}{'all 17 days':>18}{'without 10-18':>18}")
print(f"{'':<36}{'sd':>8}{'robust':>8}  {'sd':>8}{'robust':>8}")
warnings.simplefilter("ignore", SpectransferWarning)
for name, way in WAYS.items():
    brought = [way(NEON[i])(np.array([NEON[i], SAMPLE[i]])) for i in range(len(DAYS))]
    for k, kind in enumerate(("acetonitrile", "neon")):
        both = np.array([day[1 - k] for day in brought])
        print(f"{name + ', ' + kind:<48}"[:48], scatter(places_of(both, kind)))
own = np.array([line_of_its_own(i)(SAMPLE[[i]])[0] for i in range(len(DAYS))])
print(f"{'line 2942 of the sample: 918 and 2253':<48}", end=" ")
print(scatter(places_of(own, "acetonitrile")[:, :2]))

# Why: does the sample move against the lamp as a laser would, or as light that enters
# the spectrometer on another way?
sample = places_of(SAMPLE, "acetonitrile")
lamp = np.array(
    [AxisAligner(0).fit(x[None], NEON[[REFERENCE]]).shift_[0] for x in NEON]
)
apart = sample - sample[REFERENCE] - lamp[:, None]
nm = 1e7 / (1e7 / LASER - SHIFTS)
laser = (nm / LASER) ** 2
laser /= laser.mean()
print("\nsample against lamp, channels, at 918, 2253 and 2942 cm-1:")
for day, row in zip(DAYS, apart, strict=True):
    print(f"{day}  " + "".join(f"{x:>8.2f}" for x in row))
for name, pattern in (("all lines alike", np.ones(3)), ("a laser that moves", laser)):
    part = apart @ pattern / (pattern @ pattern)
    left = apart - part[:, None] * pattern
    print(f"{name:<20} leaves {np.sqrt(np.mean(left**2)):.2f} channels")
