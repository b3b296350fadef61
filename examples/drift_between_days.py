"""
How many standards bring a transfer back on a new day?
======================================================

On another day the secondary spectrometer has drifted, and a transfer that was learned
before is of little use: its RSE is 0.623, where it is 0.042 without drift. A library
does not drift. So we ask for what its primary would have measured on the day of the
library, and measure a few standards again, by the secondary alone. One standard of 40
shots brings the RSE to 1.06 times that without drift, and two bring it to 1.01 times.

    python examples/drift_between_days.py                     # shows the curve
    python examples/drift_between_days.py --plot new_day.png  # or keeps it
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import Ridge

from spectransfer import make_transfer_pipeline
from spectransfer.adaptation import recalibrate
from spectransfer.metrics import relative_squared_error
from spectransfer.simulation import DayDrift, Rock, make_libs_maps
from spectransfer.spectra import PairedMaps

parser = argparse.ArgumentParser(description="Bring a new day back by standards.")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--shots", type=int, default=40, help="on a standard, each day")
parser.add_argument("--plot", help="file for the curve")
arguments = parser.parse_args()
DAYS = {
    "library's day": DayDrift.off(),
    "new day": DayDrift().without("temperature", "mass", "continuum"),
}


def simulate(
    name: str, day: str, shape: tuple[int, int], **options: object
) -> PairedMaps:
    """Give one map, measured on one of the days."""
    shapes = dict.fromkeys(("train", "validation", "test")) | {name: shape}
    options = {"random_state": arguments.seed, "spectrometers": "light"} | options
    return make_libs_maps(**shapes, second_day=(name,), day=DAYS[day], **options)[name]


# %%
# The day of the library
# ----------------------
# The transfer is learned. The same shots of another map, on both days, show what the
# drift does: the truth is what the primary measured on the library's day.
train = simulate("train", "library's day", (40, 40))
transfer = make_transfer_pipeline(Ridge(100)).fit(train.X_secondary, train.X_primary)
steady, late = (simulate("test", day, (30, 30)) for day in DAYS)
truth = transfer[-1].transform_target(steady.X_primary)
best = relative_squared_error(truth, transfer.predict(steady.X_secondary))
untouched = relative_squared_error(truth, transfer.predict(late.X_secondary))
print(f"no drift: RSE {best:.3f}; untouched on the new day: {untouched:.3f}")

# %%
# Standards, measured again
# -------------------------
# A standard is one place of a mineral. Its shots are others on each day, so that their
# intensities scatter as they do in a laboratory.


def standard(i: int) -> list[np.ndarray]:
    """Give shots of a standard on the library's day and on the new one."""
    mineral = tuple(float(m == i % 3) for m in range(3)) + (0.0,) * 3
    place = Rock(mineral, min_grains=1, grain_size=1e5, spot=0.0)
    shape, options = (2, arguments.shots), {"rock": place, "step": 0.01}
    options |= {"random_state": 1000 * (arguments.seed + 1) + i}
    both = [simulate("train", day, shape, **options).X_secondary for day in DAYS]
    return [both[0][: arguments.shots], both[1][arguments.shots :]]


counts = [1, 2, 3, 5, 10, 20]
reference, today = zip(*(standard(i) for i in range(max(counts))), strict=True)
curve = [untouched]
for k in counts:
    new = recalibrate(
        transfer,
        np.concatenate(today[:k]),
        np.concatenate(reference[:k]),
        sample_id=np.repeat(np.arange(k), arguments.shots),
    )
    curve.append(relative_squared_error(truth, new.predict(late.X_secondary)))
    print(f"{k:>3} standards: RSE {curve[-1]:.3f}, {curve[-1] / best:.2f} of no drift")

# %%
# What has drifted
# ----------------
# The simulated drift of the secondary: gain 1.4 (tilted by 5 %), a shift of -0.25
# channels, lines wider by 1.03.
drift = new.named_steps["drift"]
middle = len(drift.gain_) // 2
for name in ("gain", "shift", "width", "offset"):
    value, error = (getattr(drift, f"{name}_{e}")[middle] for e in ("", "error_"))
    print(f"{name:<7}{value:>8.3f} +- {error:.3f}")
print(f"explains {drift.explained_:.1%} of what the standards differ by")

# %%
# The curve
# ---------
figure, axes = plt.subplots(figsize=(5.5, 3.4), layout="constrained")
axes.plot([0, *counts], curve, "o-", label="recalibrated")
axes.axhline(best, color="0.5", linestyle="--", label="no drift")
axes.set(xlabel="standards", ylabel="RSE, library protocol", yscale="log")
axes.legend(frameon=False)
if arguments.plot:
    figure.savefig(arguments.plot, dpi=110)
else:
    plt.show()
