"""Two folders of spectra of standards, a fitted transfer, and a map of today."""

from pathlib import Path

import numpy as np
from sklearn.linear_model import Ridge

from spectransfer import make_transfer_pipeline
from spectransfer.simulation import make_libs_maps

maps = make_libs_maps(
    train=(12, 12),
    validation=(8, 8),
    test=None,
    spectrometers="light",
    random_state=0,
)
transfer = make_transfer_pipeline(Ridge(1e3))
transfer.fit(maps.train.X_secondary, maps.train.X_primary)
map_of_today = maps.validation.X_secondary
axis = maps.train.wavelengths_secondary
for folder, level in {"standards_of_monday": 1.0, "standards_of_today": 0.9}.items():
    Path(folder).mkdir()
    for material, spectrum in zip("ab", maps.train.X_secondary[:2], strict=True):
        for shot in range(5):
            light = level * spectrum * (1 + 0.01 * shot)
            name = Path(folder) / f"{material}_{shot:03}.txt"
            np.savetxt(name, np.column_stack([axis, light]))
