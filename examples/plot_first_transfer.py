"""
What does a transfer do to a spectrum?
======================================

Two LIBS spectrometers look at one rock. They cover other ranges, resolve lines
differently, and see other counts. Twenty spots, chosen from the secondary's spectra
alone, are measured on both; from these the transfer is learned. Then it is asked for a
spot that it has not seen.

    python examples/plot_first_transfer.py                  # shows the figure
    python examples/plot_first_transfer.py --output FILE    # or keeps it
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np

from spectransfer import FewStandardsTransfer, make_transfer_pipeline, rse_scorer
from spectransfer.model_selection import select_standards
from spectransfer.preprocessing import BaselineCorrector
from spectransfer.simulation import make_libs_maps

parser = argparse.ArgumentParser(description="Transfer one spectrum, and draw it.")
parser.add_argument("--output", help="file for the figure")
arguments = parser.parse_args()

# %%
# A rock on two instruments
# -------------------------
maps = make_libs_maps(
    train=(32, 32), validation=(24, 24), test=None, spectrometers="light",
    random_state=1,
)  # fmt: skip
rock, unseen = maps.train, maps.validation
print(rock)

# %%
# Twenty standards
# ----------------
corrector = BaselineCorrector(25, smooth_window=12)
transfer = make_transfer_pipeline(
    FewStandardsTransfer(
        wavelengths_secondary=rock.wavelengths_secondary,
        wavelengths_primary=rock.wavelengths_primary,
    ),
    secondary=corrector,
    primary=corrector,
)
standards = select_standards(corrector.fit_transform(rock.X_secondary), 20)
transfer.fit(rock.X_secondary[standards], rock.X_primary[standards])
rse = -rse_scorer(transfer, unseen.X_secondary, unseen.X_primary)
print(f"{len(standards)} standards: relative squared error {rse:.3f} on another map")

# %%
# One spot that it has not seen
# -----------------------------
spot = int(np.argmax(unseen.X_primary.sum(axis=1)))
measured = transfer[-1].transform_target(unseen.X_primary[[spot]])[0]
transferred = transfer.predict(unseen.X_secondary[[spot]])[0]
secondary = corrector.transform(unseen.X_secondary[[spot]])[0]

figure, (above, below) = plt.subplots(
    2, 1, figsize=(8.0, 4.4), sharex=True, layout="constrained"
)
above.plot(unseen.wavelengths_secondary, secondary, color="#D55E00", lw=0.9)
above.set_title("what the secondary spectrometer saw", loc="left", fontsize="medium")
below.plot(unseen.wavelengths_primary, measured, color="#0072B2", lw=2.6, alpha=0.45)
below.plot(unseen.wavelengths_primary, transferred, color="black", lw=0.8)
below.set_title(
    "the same spot on the primary: measured (blue), transferred (black)",
    loc="left",
    fontsize="medium",
)
below.set_xlabel("wavelength / nm")
for ax in (above, below):
    ax.set_ylabel("counts")
    ax.spines[["top", "right"]].set_visible(False)
if arguments.output:
    figure.savefig(arguments.output, dpi=110)
else:
    plt.show()
