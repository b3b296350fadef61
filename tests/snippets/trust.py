"""Pairs to learn from, spectra to transfer, and a new day."""

from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from spectransfer import OffsetTransfer, StandardScaler, make_transfer_pipeline
from spectransfer.datasets import make_instrument_pair
from spectransfer.library import publish_library

options = {"n_secondary": 300, "n_primary": 300, "shots_per_sample": 1}
pair = make_instrument_pair(n_spectra=160, random_state=0, **options)
X, y = (frame[:60] for frame in pair.as_frames())
X_new, y_new = (frame[60:110] for frame in pair.as_frames())
X_today, y_reference = (frame[110:] for frame in pair.as_frames())
pipeline = make_transfer_pipeline(Ridge(), preparation=None)
recalibrated = make_transfer_pipeline(Ridge(), preparation=None).fit(X, y)
before = OffsetTransfer("nothing").fit(X, y)

publish_library(
    make_pipeline(StandardScaler(power=0), PCA(5)).fit(pair.X_primary[:60]),
    "rocks.safetensors",
    spectra=pair.X_primary[:60],
    wavelengths=pair.axis_primary,
    held_out=pair.X_primary[60:110],
    card={
        "title": "Rocks",
        "instrument": {"maker": "One", "model": "Two", "laser": "266 nm"},
        "measured": "2026-11-27",
        "medium": "air",
        "standards": {"description": "made up", "source": "nobody"},
        "licence": {"data": "CC0-1.0", "code": "BSD-3-Clause"},
        "citation": "none",
        "contact": "nobody@example.org",
    },
)
transferred, measured = pair.X_primary[110:], pair.X_primary[110:]
