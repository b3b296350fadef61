"""Make standardizations.npz with chemotools 0.5.0 (pip install chemotools==0.5.0).

The oracle of DirectStandardization, PiecewiseDirectStandardization and
SpectralSpaceTransformation on equal axes. Secondary spectra have rank two, so that the
PLS regressions with two components, which chemotools solves in each window, are least
squares of least norm.
"""

from pathlib import Path

import numpy as np
from chemotools.adaptation import (
    DirectStandardization,
    PiecewiseDirectStandardization,
    SpectralSpaceTransform,
)

rng = np.random.default_rng(17)
n_spectra, n_channels = 12, 15
lines = np.exp(-0.5 * ((np.arange(n_channels) - np.array([[4.0], [10.0]])) / 2.5) ** 2)
secondary = 3.0 + rng.normal(size=(n_spectra + 4, 2)) @ lines
primary = 1.3 * secondary + 0.4 * np.roll(secondary, 1, axis=1) + 2.0
primary += 0.05 * rng.normal(size=primary.shape)
noisy = secondary + 0.02 * rng.normal(size=secondary.shape)

known, new = slice(None, n_spectra), slice(n_spectra, None)
direct = DirectStandardization().fit(noisy[known], X_source=primary[known])
piecewise = PiecewiseDirectStandardization(
    window_length=2, n_components=2, scale=False
).fit(secondary[known], X_source=primary[known])
shared = SpectralSpaceTransform(n_components=3).fit(
    noisy[known], X_source=primary[known]
)
np.savez_compressed(
    Path(__file__).with_name("standardizations.npz"),
    secondary=secondary,
    noisy=noisy,
    primary=primary,
    n_known=n_spectra,
    direct=direct.transform(noisy[new]),
    piecewise=piecewise.transform(secondary[new]),
    spectral_space=shared.transform(noisy[new]),
)
