"""Folders of standards, a fitted transfer, a lamp, and maps of two days."""

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

map_of_reference_day = maps.train.X_secondary
lamp_reference = lamp_today = map_of_reference_day[:1]
Path("standards").mkdir()
rng = np.random.default_rng(0)
for day in range(1, 13):
    for material, spectrum in zip("ab", maps.train.X_secondary[:2], strict=True):
        for shot in range(5):
            light = spectrum * rng.normal(1, 0.03) + rng.normal(0, 3, len(axis))
            name = Path("standards") / f"2026-03-{day:02}_{material}_{shot}.txt"
            np.savetxt(name, np.column_stack([axis, light]))
primary_of_reference = np.repeat(maps.train.X_primary[:2], 5, axis=0)
