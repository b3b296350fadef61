"""Names of samples: one for each spectrum, none missing, of one kind."""

from typing import Any

import numpy as np

from spectransfer._typing import ArrayLike


def checked_labels(labels: ArrayLike, n_spectra: int, name: str) -> np.ndarray:
    """Give names of samples as an array, and refuse what would be taken for others.

    Parameters
    ----------
    labels : array-like of shape (n_spectra,)
        Numbers or texts.
    n_spectra : int
        How many there have to be.
    name : str
        What the caller calls them.

    Returns
    -------
    ndarray of shape (n_spectra,)
        Names that can be sorted.
    """
    found = np.asarray(labels)
    if found.shape != (n_spectra,):
        raise ValueError(
            f"{name} must name the sample of each spectrum, but its shape is "
            f"{found.shape} and there are {n_spectra} spectra. Pass one entry for each "
            "row of the spectra."
        )
    missing = np.array([_is_missing(label) for label in found.tolist()], dtype=bool)
    if missing.any():
        raise ValueError(
            f"{name} must name every spectrum, but {int(missing.sum())} have no name, "
            f"first that in row {int(missing.argmax())}. Name them, or leave these "
            "rows out."
        )
    try:
        np.unique(found)
    except TypeError as error:
        raise ValueError(
            f"{name} must be of one kind, all numbers or all texts, but they cannot be "
            f"put in order: {error}. Turn them into texts."
        ) from error
    return found


def _is_missing(label: Any) -> bool:
    if label is None or type(label).__name__ in ("NAType", "NaTType"):
        return True
    return bool(label != label)
