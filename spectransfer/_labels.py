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
        Names that can be sorted; texts as such, and not as objects.

    Raises
    ------
    ValueError
        Another shape, a name that is missing, or names of two kinds.
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
    texts = found.dtype == object and all(isinstance(label, str) for label in found)
    return found.astype(str) if texts else found


def sample_names(labels: ArrayLike, n_spectra: int, name: str) -> np.ndarray:
    """Give names of samples that are written to files: texts, or whole numbers.

    Parameters
    ----------
    labels : array-like of shape (n_spectra,)
        Texts or whole numbers.
    n_spectra : int
        How many there have to be.
    name : str
        What the caller calls them.

    Returns
    -------
    ndarray of shape (n_spectra,)
        Texts, or numbers in int64.

    Raises
    ------
    ValueError
        What `checked_labels` refuses, other kinds, or numbers that int64 does not hold.
    """
    if np.ma.is_masked(labels):
        raise ValueError(
            f"{name} must name every spectrum, but some are masked. Leave these rows "
            "out."
        )
    found = checked_labels(labels, n_spectra, name)
    if found.dtype.kind == "U":
        return found
    whole = found.tolist()
    if found.dtype.kind == "b" or not all(type(label) is int for label in whole):
        kind = type(whole[0]).__name__ if whole else found.dtype
        raise ValueError(
            f"{name} must be texts or whole numbers, but they are of type {kind}. "
            "Convert them, for example with [str(name) for name in names]."
        )
    if any(not -(2**63) <= label < 2**63 for label in whole):
        raise ValueError(f"{name} must be of 64 bits, but one is {max(whole)}.")
    return np.array(whole, np.int64)


def paired_labels(
    today: ArrayLike, reference: ArrayLike | None, n_today: int, n_reference: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give the names of the samples of two days, alike where they mean the same.

    Parameters
    ----------
    today : array-like of shape (n_today,)
        `sample_id`.
    reference : array-like of shape (n_reference,) or None
        `reference_id`; None is the same as `today`.
    n_today, n_reference : int
        Numbers of spectra.

    Returns
    -------
    today, reference : ndarray
        Both as texts where one day has numbers and the other one texts.
    """
    here = checked_labels(today, n_today, "sample_id")
    name = "sample_id" if reference is None else "reference_id"
    there = checked_labels(here if reference is None else reference, n_reference, name)
    if (here.dtype.kind == "U") != (there.dtype.kind == "U"):
        return here.astype(str), there.astype(str)
    return here, there


def _is_missing(label: Any) -> bool:
    if label is None or type(label).__name__ in ("NAType", "NaTType"):
        return True
    return bool(label != label)
