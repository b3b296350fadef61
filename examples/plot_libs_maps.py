"""
What do two spectrometers see of one rock?
==========================================

A laser walks over a pegmatite, and two spectrometers record every plasma at once.
Before anything is learned from such a pair, one looks at it: at the lines, at what has
changed from one day to the next, and at the minerals. The simulated maps show what the
paper's do. The secondary spectrometer misses both ends of the spectrum, and with them
silicon at 251 nm and calcium and aluminium at 395 nm. On the second day the primary's
floor is 7 to 42 % higher, whereas its strongest line has lost 42 % of its height: the
baseline can be taken off, the change of the lines cannot. And brightness alone, the sum
of every spectrum, shows where the minerals are: quartz has 0.85 times the light of
muscovite.

    python examples/plot_libs_maps.py                       # shows the pictures
    python examples/plot_libs_maps.py --output docs/images  # or keeps them
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from sklearn.utils import Bunch

from spectransfer import BaselineCorrector
from spectransfer.plotting import MapDisplay, SpectraDisplay
from spectransfer.simulation import make_libs_maps
from spectransfer.spectra import PairedMaps


# %%
# A map for training, one from the day after, and a larger one to look at
# -----------------------------------------------------------------------
# Spectra in the paper's channels where lines are drawn; four times wider pixels where
# only sums are.
def measure(seed: int) -> tuple[Bunch, PairedMaps]:
    """Simulate both days, and 9 mm x 9 mm of rock."""
    days = make_libs_maps((40, 40), None, (40, 40), random_state=seed)
    rock = make_libs_maps(
        None, None, (150, 150), step=60.0, spectrometers="light", random_state=seed
    )
    return days, rock.test


# %%
# Both instruments, with the lines of the minerals
# ------------------------------------------------
def draw_instruments(maps: PairedMaps) -> Figure:
    """Figure 2 of the paper: mean spectra, one instrument above the other."""
    figure, axes = plt.subplots(
        2, 1, figsize=(8.0, 5.6), sharex=True, layout="constrained"
    )
    for ax, side, color in zip(
        axes, ("primary", "secondary"), ("#0072B2", "#D55E00"), strict=True
    ):
        SpectraDisplay.from_maps(maps, sides=side, lines="libs", ax=ax, color=color)
        ax.set_title(f"{side} spectrometer", loc="left", fontsize="medium")
    axes[0].set_xlabel("")
    return figure


# %%
# The same instrument on two days
# -------------------------------
# The floor has risen and the lines have fallen. The baseline correction levels the
# floors; the lines stay as different as they were.
def draw_days(days: Bunch) -> Figure:
    """Figure 3 of the paper, its floor, and what is left without the baseline."""
    raw = {
        "training map": days.train.X_primary,
        "test map, second day": days.test.X_primary,
    }
    corrected = {name: BaselineCorrector().fit_transform(X) for name, X in raw.items()}
    titles = ("as measured", "as measured, the floor", "without baseline")
    axis = days.train.wavelengths_primary
    figure, axes = plt.subplots(
        3, 1, figsize=(8.0, 6.4), sharex=True, layout="constrained"
    )
    for ax, title, spectra in zip(axes, titles, (raw, raw, corrected), strict=True):
        SpectraDisplay.from_spectra(spectra, axis, ax=ax)
        ax.set_title(title, loc="left", fontsize="medium")
    for ax in axes[1:]:
        ax.get_legend().remove()
    for ax in axes[:-1]:
        ax.set_xlabel("")
    axes[1].set_ylim(600, 1200)
    return figure


def compare_days(days: Bunch) -> str:
    """Put the shift of floor and lines into numbers."""
    first, second = (
        days[name].X_primary.mean(axis=0, dtype=np.float64)
        for name in ("train", "test")
    )
    axis = days.train.wavelengths_primary
    told = []
    for low, high in ((245, 250), (320, 330), (398, 404)):
        band = (axis >= low) & (axis <= high)
        floors = np.median(first[band]), np.median(second[band])
        told.append(
            f"floor, {low} to {high} nm: {floors[0]:.0f} counts on the first day, "
            f"{floors[1]:.0f} on the second ({floors[1] / floors[0] - 1:+.0%})"
        )
    line = int(first.argmax())
    told.append(
        f"strongest line, {axis[line]:.2f} nm: {first[line]:.0f} and "
        f"{second[line]:.0f} counts ({second[line] / first[line] - 1:+.0%})"
    )
    return "\n".join(told)


# %%
# The minerals, by nothing but brightness
# ---------------------------------------
def draw_emissivity(rock: PairedMaps) -> Figure:
    """Figure 5 of the paper: total emissivity, outliers in one colour."""
    return MapDisplay.from_maps(rock).figure_


def compare_minerals(rock: PairedMaps) -> str:
    """Put the contrast of the map into a number."""
    light = rock.X_primary.sum(axis=1, dtype=np.float64)
    mineral = rock.annotations["mineral"]
    quartz, muscovite = (
        light[mineral == name].mean() for name in ("quartz", "muscovite")
    )
    return f"quartz has {quartz / muscovite:.2f} times the light of muscovite"


# %%
# The pictures
# ------------
def main() -> None:
    """Read the options, draw, and save."""
    parser = argparse.ArgumentParser(description="Draw simulated LIBS maps.")
    parser.add_argument("--output", type=Path, help="folder for the pictures")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    days, rock = measure(arguments.seed)
    print(compare_days(days))
    print(compare_minerals(rock))
    pictures = {
        "libs-mean-spectra": draw_instruments(days.test),
        "libs-two-days": draw_days(days),
        "libs-emissivity": draw_emissivity(rock),
    }
    if arguments.output is None:
        plt.show()
        return
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, figure in pictures.items():
        path = arguments.output / f"{name}.png"
        figure.savefig(path, dpi=100)
        plt.close(figure)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
