"""The closed list of what a file may hold, and where each of it is imported from.

A file names a part by a word of this list, never by a module: what is not listed here
can be neither written nor made by reading.
"""

from functools import cache
from importlib import import_module
from typing import Any

_ROOMS = {
    "spectransfer.adaptation": ("AdaptedTransfer",),
    "spectransfer.preprocessing": (
        "AxisAligner", "BaselineCorrector", "BlindCorrector", "DriftCorrector",
        "StandardScaler", "WavelengthCropper", "WavelengthResampler",
    ),
    "spectransfer.networks": (
        "PublishedTraining", "SpectralMLP", "SpectralVAE", "Training",
    ),
    "spectransfer.transfer": (
        "CanonicalCorrelationTransfer", "DirectMLPTransfer", "DirectStandardization",
        "FewStandardsTransfer", "KNNTransfer", "MeanTransfer", "OffsetTransfer",
        "PiecewiseDirectStandardization", "SlopeBiasCorrection",
        "SpectralSpaceTransformation", "VAELatentTransfer",
    ),
    "spectransfer.pipeline": (
        "PrimarySide", "PrimarySpaceRegressor", "TransferPipeline",
    ),
}  # fmt: skip
_SKLEARN = {
    "sklearn.cross_decomposition": ("PLSRegression",),
    "sklearn.decomposition": ("PCA",),
    "sklearn.frozen": ("FrozenEstimator",),
    "sklearn.linear_model": ("LinearRegression", "Ridge", "RidgeCV"),
    "sklearn.pipeline": ("Pipeline",),
    "sklearn.preprocessing": (
        "MaxAbsScaler", "MinMaxScaler", "RobustScaler", "StandardScaler",
    ),
}  # fmt: skip
_RECORDS = {
    "Axis": "spectransfer._axis",
    "Named": "spectransfer._axis",
    "PrimarySpace": "spectransfer.pipeline",
    "StoredSpectra": "spectransfer.transfer",
    "Unit": "spectransfer.nn",
}
PARTS = {name: room for room, names in _ROOMS.items() for name in names} | {
    f"sklearn.{name}": room for room, names in _SKLEARN.items() for name in names
}


def part_class(word: str) -> type[Any]:
    """Give the class of a listed part."""
    return _found(PARTS[word], word.removeprefix("sklearn."))


def record_class(word: str) -> type[Any] | None:
    """Give the class of a listed record; None where there is none of that name."""
    return _found(_RECORDS[word], word) if word in _RECORDS else None


def word_of(value: Any) -> str | None:
    """Give the word of a part; None where it is not listed, or made of a listed one."""
    kind = type(value)
    word = kind.__name__
    if kind.__module__.partition(".")[0] == "sklearn":
        word = f"sklearn.{word}"
    return word if word in PARTS and part_class(word) is kind else None


def record_word_of(value: Any) -> str | None:
    """Give the word of a record; None where it is not listed."""
    word = type(value).__name__
    return word if record_class(word) is type(value) else None


@cache
def _found(room: str, name: str) -> type[Any]:
    found: type[Any] = getattr(import_module(room), name)
    return found
