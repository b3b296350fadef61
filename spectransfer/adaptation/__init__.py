"""A fitted transfer on a new day: watched, and brought back by standards."""

from spectransfer.adaptation._behind import AdaptedTransfer
from spectransfer.adaptation._days import DatedSpectra, read_days
from spectransfer.adaptation._recalibrate import recalibrate
from spectransfer.adaptation._watch import InstrumentWatch, watch_instrument
from spectransfer.adaptation._watch_statistics import drift_between as drift_between
from spectransfer.adaptation._watch_statistics import light_of as light_of

__all__ = [
    "AdaptedTransfer",
    "DatedSpectra",
    "InstrumentWatch",
    "read_days",
    "recalibrate",
    "watch_instrument",
]
