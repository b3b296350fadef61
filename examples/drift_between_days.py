"""
Which drift between two days breaks a transfer?
===============================================

In the paper the unseen map was measured on another day, after both spectrometers had
drifted. We simulate it, and ask how far each way of scaling carries the simplest
transfers, and which part of the drift does the harm. With the statistics of the
training map every transfer is worse than useless: 2.9 for the mean, 4.2 for nearest
neighbours, 5.5 for ridge. It is the gain that breaks them (3.5 by itself), then the
shift of the wavelengths (0.16). In the paper protocol, each map scaled by itself, ridge
has an RSE of 0.050, almost the 0.045 of a day without drift.

    python examples/drift_between_days.py          # light spectrometers, seconds
    python examples/drift_between_days.py --full   # the paper's 4062 and 3872 channels
"""

import argparse
from dataclasses import fields

from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from spectransfer import (
    BaselineCorrector,
    KNNTransfer,
    MeanTransfer,
    StandardScaler,
    make_transfer_pipeline,
)
from spectransfer.metrics import relative_squared_error
from spectransfer.simulation import DayDrift, make_libs_maps
from spectransfer.spectra import PairedMaps

parser = argparse.ArgumentParser(description="Break a transfer by drift.")
parser.add_argument("--full", action="store_true", help="full-width spectra")
parser.add_argument("--seed", type=int, default=0)
arguments = parser.parse_args()
WIDTH = "full" if arguments.full else "light"
WINDOWS = (100, 50) if arguments.full else (25, 12)


def simulate(**options: object) -> PairedMaps:
    """Give one map: the training map, or one that was measured on the second day."""
    shapes = {"train": None, "validation": None, "test": None} | options
    maps = make_libs_maps(**shapes, spectrometers=WIDTH, random_state=arguments.seed)
    return next(part for part in maps.values() if part is not None)


# %%
# The transfers
# -------------
# Fitted once each. The secondary scaler is then switched between the statistics of the
# training map and those of the map at hand.
train = simulate(train=(64, 64))


def fitted(regressor: object) -> Pipeline:
    """Fit a transfer to the first day."""
    sides = [
        Pipeline(
            [
                ("baseline", BaselineCorrector(WINDOWS[0], smooth_window=WINDOWS[1])),
                ("scaler", StandardScaler()),
            ]
        )
        for _ in range(2)
    ]
    pipe = make_transfer_pipeline(regressor, secondary=sides[0], primary=sides[1])
    return pipe.fit(train.X_secondary, train.X_primary)


def errors(pipe: Pipeline, test: PairedMaps) -> list[float]:
    """RSE with training statistics, own secondary ones, and in the paper protocol."""
    measured = pipe[-1].transform_target(test.X_primary)
    pipe.set_params(scaler__statistics="fit")
    predictions = [pipe.predict(test.X_secondary)]
    pipe.set_params(scaler__statistics="batch")
    predictions.append(pipe.predict(test.X_secondary))
    predictions.append(pipe.predict(test.X_secondary, reference=test.X_primary))
    return [relative_squared_error(measured, p) for p in predictions]


HEADER = f"{'RSE':<26}{'training':>10}{'own secondary':>15}{'paper':>9}"
HEADER += f"\n{'statistics of':<26}{'map':>10}{'map':>15}{'protocol':>9}"
print(f"{train.X_secondary.shape} secondary, {train.X_primary.shape} primary spectra\n")

# %%
# How far the simplest transfers come on the second day
# -----------------------------------------------------
test = simulate(test=(50, 50))
ridge = fitted(Ridge(1000.0))
print(HEADER)
for name, pipe in {
    "mean": fitted(MeanTransfer()),
    "KNN, 10 neighbours": fitted(KNNTransfer()),
    "ridge": ridge,
}.items():
    print(f"{name:<26}{{:>10.3f}}{{:>15.3f}}{{:>9.3f}}".format(*errors(pipe, test)))

# %%
# How far any transfer could come
# -------------------------------
# Noise of the primary detector cannot be predicted: measured against noise-free
# spectra, each channel's mean difference (the bias of the rolling minimum) taken off.
noisy = simulate(test=(50, 50), noise_free=True)
corrected = ridge[-1].transform_target(noisy.X_primary)
clean = ridge[-1].transform_target(noisy.annotations["noise_free_primary"])
clean += (corrected - clean).mean(axis=0)
floor = relative_squared_error(corrected, clean)
print(f"{'noise floor':<26}{floor:>34.3f}")

# %%
# Ridge, with one effect of the drift at a time
# ---------------------------------------------
print(f"\nridge, drift of the second day\n{HEADER}")
days = {"none": DayDrift.off(), "all": DayDrift()}
for effect in fields(DayDrift):
    days[f"only {effect.name}"] = DayDrift().only(effect.name)
for name, day in days.items():
    figures = errors(ridge, simulate(test=(40, 40), day=day))
    print(f"{name:<26}{{:>10.3f}}{{:>15.3f}}{{:>9.3f}}".format(*figures))
