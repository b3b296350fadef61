"""Pairs to learn from, spectra to transfer, and a new day."""

from sklearn.linear_model import Ridge

from spectransfer import OffsetTransfer, make_transfer_pipeline
from spectransfer.datasets import make_instrument_pair

options = {"n_secondary": 300, "n_primary": 300, "shots_per_sample": 1}
pair = make_instrument_pair(n_spectra=160, random_state=0, **options)
X, y = (frame[:60] for frame in pair.as_frames())
X_new, y_new = (frame[60:110] for frame in pair.as_frames())
X_today, y_reference = (frame[110:] for frame in pair.as_frames())
pipeline = make_transfer_pipeline(Ridge(), preparation=None)
recalibrated = make_transfer_pipeline(Ridge(), preparation=None).fit(X, y)
before = OffsetTransfer("nothing").fit(X, y)
