"""Rows of the table: their fields, units, and how they are printed."""

from collections.abc import Callable
from typing import Any, NamedTuple

from spectransfer._typing import BoolArray, FloatArray, IntArray


class TransferRow(NamedTuple):
    """One transfer under one protocol: a row of the table, in base units.

    Euclidean distances are in counts, the k-score is a fraction, times are in seconds,
    sizes in bytes. None stands for what was not measured.
    """

    transfer: str
    protocol: str
    rse: float
    euclidean: float
    cosine: float
    k_score: float
    fit_time: float | None
    predict_time: float | None
    shared_bytes: int | None


class SpectrumErrors(NamedTuple):
    """Errors and clusters of each spectrum, in the order of the test spectra."""

    euclidean: FloatArray
    cosine: FloatArray
    measured_cluster: IntArray
    predicted_cluster: IntArray

    @property
    def differs(self) -> BoolArray:
        """Where measured and predicted spectrum are of different clusters."""
        return self.measured_cluster != self.predicted_cluster


def _places(digits: int, factor: float = 1.0) -> Callable[[float], str]:
    return lambda value: f"{value * factor:.{digits}f}"


def _seconds(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _megabytes(value: float) -> str:
    return f"{value / 1e6:,.1f}" if value >= 1e6 else f"{value / 1e6:.3f}"


COLUMNS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "transfer": ("transfer", str),
    "protocol": ("protocol", str),
    "rse": ("RSE", _places(4)),
    "euclidean": ("Euclidean / counts", _places(1)),
    "cosine": ("cosine distance", _places(4)),
    "k_score": ("k-score / %", _places(2, 100.0)),
    "fit_time": ("fit / s", _seconds),
    "predict_time": ("predict / s", _seconds),
    "shared_bytes": ("shared / MB", _megabytes),
}
N_LEFT = 2
OPTIONAL = ("fit_time", "predict_time", "shared_bytes")
