"""Errors and warnings of spectransfer.

Errors subclass `ValueError`, so that code written for scikit-learn catches them
unchanged. Wrong shapes, wrong parameters and unfitted estimators are reported by
scikit-learn itself, in its own words.
"""

__all__ = [
    "DivergenceError",
    "FileFormatError",
    "SpectransferWarning",
    "WavelengthError",
    "WindowError",
]


class WavelengthError(ValueError):
    """A wavelength axis that does not increase, or does not fit its spectra."""


class WindowError(ValueError):
    """A window that is longer than the spectrum it should slide over."""


class FileFormatError(ValueError):
    """A file of spectra that is damaged, truncated, or not what it should hold."""


class DivergenceError(ValueError):
    """A training whose loss has become NaN or infinite."""


class SpectransferWarning(UserWarning):
    """The category of every warning that spectransfer gives."""
