"""Pairs of spectra as they come: containers, tuples, arrays, data frames.

Nothing is copied and nothing converted. Rows are taken block by block, so that a
memory-mapped map is read from its file as it is needed.
"""

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_consistent_length

from spectransfer._validation import check_finite


class Pair(NamedTuple):
    """Secondary and primary spectra of the same spots."""

    secondary: Any
    primary: Any

    @property
    def n_spectra(self) -> int:
        """Number of spots."""
        return len(self.primary)


def as_pair(data: Any, name: str) -> Pair:
    """Read a pair from a container of `spectransfer.spectra`, or from a tuple.

    Parameters
    ----------
    data : SpectraPair, PairedMaps or tuple of (X_secondary, X_primary)
        Spectra of the same spots.
    name : str
        What the caller calls it.

    Returns
    -------
    Pair
        Tables whose rows pair, of finite numbers.
    """
    if hasattr(data, "X_secondary") and hasattr(data, "X_primary"):
        sides = (data.X_secondary, data.X_primary)
    elif isinstance(data, tuple | list) and len(data) == 2:
        sides = (data[0], data[1])
    else:
        raise TypeError(
            f"{name} must be paired spectra: a SpectraPair, PairedMaps, or a tuple "
            f"(X_secondary, X_primary), but it is a {type(data).__name__}. Pass for "
            f"example {name}=(X_secondary, X_primary)."
        )
    pair = Pair(*(as_table(side, name) for side in sides))
    check_consistent_length(*pair)
    return pair


def as_table(spectra: Any, name: str) -> Any:
    """Refuse what is not a table of finite numbers; arrays and frames stay so."""
    if not isinstance(spectra, np.ndarray) and not hasattr(spectra, "iloc"):
        spectra = np.asarray(spectra)
    if spectra.ndim != 2 or 0 in spectra.shape:
        raise ValueError(
            f"{name} must hold tables of shape (n_spectra, n_wavelengths), with at "
            f"least one spectrum, but one has shape {spectra.shape}. Give a single "
            "spectrum as a table of one row, with X[np.newaxis]."
        )
    check_finite(np.asarray(spectra), name)
    return spectra
