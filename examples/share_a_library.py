"""
Can laboratories share one library without sharing spectra?
===========================================================

One primary laboratory publishes decoder and latents of its map in one file. Four
others, whose spectrometers see another range, another resolution, another efficiency,
or who have 20 standards only, join it with their own spectra of the same spots. On rock
that nobody has seen, each of them is about as near to the primary as if it had been
given the primary's spectra, and the laboratories agree with each other: how much nearer
than before, the last line says.

    python examples/share_a_library.py                    # two tables
    python examples/share_a_library.py --plot shared.png  # and the picture
"""

import argparse
import tempfile
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from spectransfer import (
    BaselineCorrector,
    FewStandardsTransfer,
    SpectralVAE,
    StandardScaler,
    VAELatentTransfer,
    WavelengthResampler,
    make_transfer_pipeline,
)
from spectransfer.library import open_library, publish_library
from spectransfer.metrics import relative_squared_error
from spectransfer.model_selection import select_standards
from spectransfer.simulation import PRIMARY, SECONDARY, make_libs_maps
from spectransfer.spectra import Axis, Spectra

parser = argparse.ArgumentParser(description="Share a library between laboratories.")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--side", type=int, default=24, help="shots along the map")
parser.add_argument("--dtype", default="float32", help="float16 halves the latents")
parser.add_argument("--cv", type=int, help="samples left out in so many groups")
parser.add_argument("--plot", help="file for the picture")
arguments = parser.parse_args()

# %%
# One rock, one primary, four secondaries
# ---------------------------------------
# The same shots, seen by every spectrometer. ``few`` has 20 standards.
WIDE = PRIMARY.binned(4)
LABORATORIES = {
    "range": replace(SECONDARY, start=265.0, stop=400.0, serial=3).binned(4),
    "resolution": replace(SECONDARY, width=5.0, serial=4).binned(4),
    "efficiency": replace(SECONDARY, peak=285.0, band=30.0, serial=5).binned(4),
    "few": replace(SECONDARY, serial=6).binned(4),
}
N_FEW = 20


def measured(secondary):
    """Give the maps of the primary and one secondary: to learn from, and unseen."""
    maps = make_libs_maps(
        train=(arguments.side, arguments.side),
        validation=None,
        test=(24, 24),
        second_day=(),
        spectrometers=(WIDE, secondary),
        random_state=arguments.seed,
    )
    return maps.train, maps.test


maps = {name: measured(secondary) for name, secondary in LABORATORIES.items()}
known, unseen = maps["range"]
spots = np.arange(known.n_spectra)

# %%
# The primary laboratory publishes
# --------------------------------
# Whoever opens the file decodes latents, looks spectra up, and joins; no code is run.
autoencoder = make_pipeline(
    BaselineCorrector(), StandardScaler(power=0), SpectralVAE(random_state=0)
).fit(known.X_primary)
card = {
    "title": "Pegmatite, simulated",
    "instrument": {"maker": "none", "model": "spectransfer.simulation.PRIMARY"},
    "measured": "2026-11-27",
    "medium": "air",
    "standards": {"description": "spots of one rock", "source": "make_libs_maps"},
    "licence": {"data": "CC0-1.0", "code": "BSD-3-Clause"},
    "citation": "doi:10.1039/d2ja00406b",
    "contact": "nobody@example.org",
}
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "pegmatite.safetensors"
publish_library(
    autoencoder,
    path,
    spectra=known.X_primary,
    sample_id=spots,
    wavelengths=Axis(known.wavelengths_primary, "nm"),
    held_out=unseen.X_primary,
    card=card,
    dtype=arguments.dtype,
)
library = open_library(path)
print(library)
print(f"file: 1 byte for {known.X_primary.nbytes / path.stat().st_size:.1f} of spectra")

# %%
# Four laboratories join
# ----------------------
# ``joined`` knows the library only. ``own`` is the same kind of transfer, but was given
# the primary's measured spectra. Both are judged by a map that nobody has seen.
target = library.transform_target(unseen.X_primary)
joined = {}
print(f"\n{'laboratory':<12}{'joined':>8}{'own':>8}{'ratio':>7}{'expected':>10}")
for name, (own_map, own_unseen) in maps.items():
    axis = own_map.wavelengths_secondary
    rows = spots
    transfer = make_transfer_pipeline(VAELatentTransfer(random_state=0))
    beside = {}
    if name == "few":
        rows = select_standards(own_map.X_secondary, N_FEW, random_state=0)
        transfer = make_transfer_pipeline(FewStandardsTransfer())
        beside = {
            "X_unpaired": Spectra(own_map.X_secondary, axis, unit="nm").as_frame(),
            "y_unpaired": Spectra(
                own_map.X_primary, own_map.wavelengths_primary, unit="nm"
            ).as_frame(),
        }
    own = Spectra(own_map.X_secondary[rows], axis, unit="nm", sample_id=rows)
    joiner = library.join(
        own, X_unpaired=beside.get("X_unpaired"), cv=arguments.cv, random_state=0
    )
    primary = Spectra(
        own_map.X_primary[rows], own_map.wavelengths_primary, unit="nm"
    ).as_frame()
    transfer.fit(own.as_frame(), primary.set_axis(own.as_frame().index), **beside)
    new = Spectra(own_unseen.X_secondary, axis, unit="nm").as_frame()
    joined[name] = joiner.predict(new)
    errors = [
        relative_squared_error(target, predicted)
        for predicted in (joined[name], transfer.predict(new))
    ]
    print(
        f"{name:<12}{errors[0]:>8.3f}{errors[1]:>8.3f}{errors[0] / errors[1]:>7.2f}"
        f"{joiner.expected_rse_:>10.3f}"
    )

# %%
# Do they agree?
# --------------
# Before: spectra without baseline, read at the primary wavelengths that all of them
# see. After: the same channels of what was transferred.
start = max(axis.start for axis in LABORATORIES.values())
stop = min(axis.stop for axis in LABORATORIES.values())
common = library.wavelengths[
    (library.wavelengths > start) & (library.wavelengths < stop)
]
columns = np.isin(library.wavelengths, common)
before = {}
for name, (_, own_unseen) in maps.items():
    corrected = BaselineCorrector().fit_transform(own_unseen.X_secondary)
    reader = WavelengthResampler(common, wavelengths=own_unseen.wavelengths_secondary)
    before[name] = reader.fit_transform(corrected)


def apart(spectra):
    """Give the RSE between every two laboratories."""
    return [
        relative_squared_error(spectra[one], spectra[other])
        for one, other in combinations(spectra, 2)
    ]


after = {name: predicted[:, columns] for name, predicted in joined.items()}
told = zip(combinations(LABORATORIES, 2), apart(before), apart(after), strict=True)
print(f"\n{'between':<24}{'before':>8}{'after':>8}{'times':>7}")
factors = []
for (one, other), old, new in told:
    factors.append(old / new)
    print(f"{one + ', ' + other:<24}{old:>8.3f}{new:>8.3f}{old / new:>7.1f}")
print(f"Laboratories are {min(factors):.1f} times or more nearer to each other.")

# %%
# One spot, five spectrometers
# ----------------------------
spot = int(np.argmax(target.sum(axis=1)))
figure, axes = plt.subplots(2, 1, sharex=True, figsize=(8, 6), layout="constrained")
for name, (_, own_unseen) in maps.items():
    axes[0].plot(
        own_unseen.wavelengths_secondary, own_unseen.X_secondary[spot], label=name
    )
    axes[1].plot(library.wavelengths, joined[name][spot], label=name)
axes[1].plot(library.wavelengths, target[spot], "k:", label="primary")
axes[0].set(ylabel="measured (counts)", title="One spot, four secondaries")
axes[1].set(ylabel="transferred (counts)", xlabel="Wavelength (nm)")
for part in axes:
    part.legend(loc="upper right")
if arguments.plot:
    figure.savefig(arguments.plot)
folder.cleanup()
