"""Errors and warnings of spectransfer.

Errors subclass `ValueError`, so that code written for scikit-learn catches them
unchanged. Wrong shapes, wrong parameters and unfitted estimators are reported by
scikit-learn itself, in its own words. Where a page of the documentation helps, a note
under the error names it.
"""

from typing import ClassVar

from spectransfer._pages import see

__all__ = [
    "DivergenceError",
    "FileFormatError",
    "SpectransferWarning",
    "WavelengthError",
    "WindowError",
]


class _WithPage(ValueError):
    """An error that names the page that helps, if one does, under the traceback."""

    _page: ClassVar[str]

    def __init__(self, *args: object, page: str | None = None) -> None:
        super().__init__(*args)
        if page := self._page if page is None else page:
            self.add_note(see(page))


class WavelengthError(_WithPage):
    """A wavelength axis that does not increase, or does not fit its spectra."""

    _page = "axes"


class WindowError(_WithPage):
    """A window that is longer than the spectrum it should slide over."""

    _page = "preprocessing"


class FileFormatError(_WithPage):
    """A file of spectra that is damaged, truncated, or not what it should hold."""

    _page = "bringing_your_spectra"


class DivergenceError(ValueError):
    """A training whose loss has become NaN or infinite."""


class SpectransferWarning(UserWarning):
    """The category of every warning that spectransfer gives."""
