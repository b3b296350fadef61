"""
Which transferred spectra can be trusted?
=========================================

A transfer answers noise and minerals that it has never seen, too. Here it learns from
a rock without garnet, and meets garnet. The flags find it, and a band says of the usual
spectra how far off they may be: the page prints how many, and what the bands hold.
Lines in channels that the secondary does not see are listed apart.
"""

# %%
# A rock without garnet, and one with much of it
# ----------------------------------------------
import numpy as np
from sklearn.linear_model import Ridge

from spectransfer import make_transfer_pipeline
from spectransfer.plotting import (
    BandDisplay,
    ExpectedErrorDisplay,
    MapDisplay,
    T2QDisplay,
)
from spectransfer.reliability import ConformalTransfer
from spectransfer.simulation import Rock, make_libs_maps

shares = np.array(Rock().shares)
GARNET = 3
with_garnet, without = shares.copy(), shares.copy()
with_garnet[GARNET], without[GARNET] = 0.2, 0.0
options = {"spectrometers": "light", "random_state": 701}
train = make_libs_maps((20, 20), None, None, rock=Rock(tuple(without)), **options).train
new = make_libs_maps(
    None, (20, 20), None, rock=Rock(tuple(with_garnet)), **options
).validation

# %%
# A transfer with bands
# ---------------------
transfer = ConformalTransfer(make_transfer_pipeline(Ridge(100.0)))
transfer.fit(*train[:].as_frames())
X_new, _ = new[:].as_frames()

# %%
# What is strange about the new map
# ---------------------------------
judged = transfer.domain_.judge(X_new)
garnet = new.annotations["mineral_fractions"][:, GARNET] > 0.5
print(judged)
print(f"garnet found: {judged.flagged[garnet].mean():.0%} of {garnet.sum()} shots")
T2QDisplay(judged).plot()
MapDisplay.from_values(new, judged.flagged.astype(float), name="flagged")

# %%
# How far off the others may be
# -----------------------------
usual = new[np.flatnonzero(~judged.flagged)]
X, y = usual.as_frames()
lower, upper = transfer.predict_interval(X, coverage=0.9)
truth = transfer.transform_target(y)
held = (lower <= truth) & (truth <= upper)
print(f"held by the bands: {held.mean():.0%}")
BandDisplay.from_estimator(transfer, usual[:1], simultaneous=True)

# %%
# Where the transfer errs, and what was to be expected
# ----------------------------------------------------
shown = ExpectedErrorDisplay.from_estimator(transfer, usual)
print(f"rank correlation with the expected error: {shown.rank_correlation_:.2f}")
MapDisplay.from_values(
    new, transfer.expected_error(X_new)["euclidean"], name="expected error"
)

# %%
# Lines that no channel of the secondary supports
# -----------------------------------------------
for line in transfer.inferred_lines(X)[:5]:
    print(f"{line.wavelength:.1f} nm: {line.height:.0f}, +- {line.half_width:.0f}")
