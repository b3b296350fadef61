"""
When must an instrument be recalibrated?
========================================

Two standards, measured every morning, tell it. Here the gain of a spectrometer falls by
one percent a day from the 21st day on, and its lines move by a fiftieth of a channel a
day. The drift is told 2 days after it began, by the shift, and no day before it is
called one. (The simulated axis holds still before; a real one scatters, and its limits
are wider.) The gain alone tells nothing in time: mean intensities of 40 shots scatter
by several percent from day to day.

    python examples/watch_instrument.py                   # table and chart
    python examples/watch_instrument.py --plot watch.png  # keeps the chart
"""

import argparse
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from spectransfer.adaptation import read_days, watch_instrument
from spectransfer.plotting import ControlChartDisplay
from spectransfer.simulation import DayDrift, Rock, make_libs_maps

parser = argparse.ArgumentParser(description="Watch an instrument by its standards.")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--shots", type=int, default=40, help="on a standard, each day")
parser.add_argument("--days", type=int, default=36)
parser.add_argument("--begin", type=int, default=21, help="first day of the drift")
parser.add_argument("--plot", help="file for the chart")
arguments = parser.parse_args()

# %%
# A folder of dated files
# -----------------------
# One file for each standard and day, as a program would export them: the mean of 40
# shots. ``read_days`` finds the day and the material in the names.
MINERALS = {"quartz": 0, "albite": 1}


def measure(mineral: str, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Give axis and mean spectrum of a standard on one day."""
    late = max(0, number - arguments.begin + 1)
    day = DayDrift.off()
    if late:
        day = DayDrift(gain=(1, 0.99**late), shift=(0, 0.02 * late)).only(
            "gain", "shift"
        )
    pure = tuple(float(k == MINERALS[mineral]) for k in range(3)) + (0.0,) * 3
    maps = make_libs_maps(
        train=(2, arguments.shots // 2),
        validation=None,
        test=None,
        second_day=("train",),
        day=day,
        rock=Rock(pure, min_grains=1, grain_size=1e5, spot=0.0),
        step=0.01,
        spectrometers="light",
        random_state=1000 * arguments.seed + 2 * number + MINERALS[mineral],
    )
    shots = maps["train"]
    return shots.wavelengths_secondary, shots.X_secondary.mean(axis=0)


first = np.datetime64("2026-03-01")
with tempfile.TemporaryDirectory() as folder:
    for number in range(1, arguments.days + 1):
        for mineral in MINERALS:
            name = f"{first + number - 1}_{mineral}.txt"
            table = np.column_stack(measure(mineral, number))
            np.savetxt(Path(folder) / name, table, header="nm counts")
    standards = read_days(folder)

# %%
# The table
# ---------
# The first ten days tell how far the standards scatter while all is well.
watch = watch_instrument(standards.X, standards.day, sample_id=standards.sample_id)
print(watch)

# %%
# When
# ----
drifts = first + arguments.begin - 1
called = watch.days[np.array(watch.states) == "recalibrate"]
false, true = called[called < drifts], called[called >= drifts]
print(f"days that were called a drift before there was one: {len(false)}")
if len(true):
    delay = int((true[0] - drifts).astype(int)) + 1
    told = int(np.flatnonzero(watch.days == true[0])[0])
    names = ", ".join(name for name in watch.limits if watch.out(name)[told])
    print(f"the drift is told {delay} days after it began, by {names}")
    print(f"gain {0.99**delay:.2f}, shift {0.02 * delay:.2f} channels on that day")

# %%
# The chart
# ---------
display = ControlChartDisplay.from_watch(watch)
if arguments.plot:
    display.figure_.savefig(arguments.plot, dpi=110)
else:
    plt.show()
