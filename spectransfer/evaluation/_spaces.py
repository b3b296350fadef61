"""The spaces that transfers predict in: with a baseline, say, or without one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from spectransfer._blocks import take_rows
from spectransfer._typing import FloatArray
from spectransfer.metrics import target_in_prediction_space

_PROBE_ROWS = 4


class Space(NamedTuple):
    """What a transfer predicts, told by what it makes of a few measured spectra."""

    transfer: str
    probe: FloatArray

    def is_that_of(self, other: "Space") -> bool:
        """Tell whether two transfers predict in one space, but for rounding."""
        if self.probe.shape != other.probe.shape:
            return False
        small = 1e-5 * float(np.abs(self.probe).max())
        return np.allclose(self.probe, other.probe, rtol=1e-4, atol=small)


def space_of(name: str, transfer: Any, primary: Any) -> Space:
    """Give the space that a fitted transfer predicts in.

    Parameters
    ----------
    name : str
        Its name in the table.
    transfer : estimator
        Fitted.
    primary : array-like of shape (n_spectra, n_wavelengths)
        Measured primary spectra, of which a few are tried.

    Returns
    -------
    Space
        To be compared with others.
    """
    some = take_rows(primary, slice(_PROBE_ROWS))
    probe = target_in_prediction_space(transfer, some)
    return Space(name, np.asarray(probe, dtype=np.float64))


def check_one_space(first: Space, other: Space, asked: Mapping[str, Any]) -> None:
    """Refuse a second space where a calibration reads predictions.

    Parameters
    ----------
    first, other : Space
        Of two transfers.
    asked : mapping of str to Property
        What calibrations read.
    """
    reading = [name for name, prop in asked.items() if prop.space == "predictions"]
    if reading and not first.is_that_of(other):
        raise ValueError(
            f"The calibration of {reading[0]!r} reads predictions of one space, but "
            f"those of {other.transfer!r} are in another one than those of "
            f"{first.transfer!r}: steps of the primary side that cannot be undone, "
            "such as the baseline, differ. Compare transfers of one space at a time, "
            "each time with a calibration fitted to transform_target(y) of theirs."
        )
