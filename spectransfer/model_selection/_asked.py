"""What `select_standards` is asked for, checked before anything is computed."""

from numbers import Integral
from typing import Any

import numpy as np

from spectransfer._blocks import blocks_of
from spectransfer._labels import checked_labels
from spectransfer._numbers import check_finite, common_unit, our_words, readable
from spectransfer._typing import ArrayLike, FloatArray, IntArray
from spectransfer.spectra import Spectra

_METHODS = ("kmeans", "kmedoids", "kennard-stone", "duplex", "spxy", "d-optimal")


def checked_table(X: Any) -> np.ndarray:
    """Give spectra as a table of finite numbers; memory-mapped ones stay so.

    Parameters
    ----------
    X : array-like or Spectra of shape (n_spectra, n_channels)
        As they came.

    Returns
    -------
    ndarray of shape (n_spectra, n_channels)
        Floats or whole numbers.
    """
    spectra = _numbers(X.X if isinstance(X, Spectra) else X, "X")
    if spectra.ndim != 2 or 0 in spectra.shape:
        raise ValueError(
            "X must be a table of spectra, one in each row, with at least one "
            f"spectrum, but its shape is {spectra.shape}. Pass all spectra that may "
            "become standards."
        )
    check_finite(spectra, "X")
    return spectra


def _numbers(given: Any, name: str) -> np.ndarray:
    """Read an array of numbers; what holds none is refused in our words."""
    read = readable(given, name)
    with our_words(name):
        array = np.asarray(read)
        return array if array.dtype.kind in "fiub" else array.astype(np.float64)


def checked_properties(y: Any, n_spectra: int) -> FloatArray:
    """Give the properties that spxy chooses by.

    Parameters
    ----------
    y : array-like of shape (n_spectra,) or (n_spectra, n_properties)
        As they came.
    n_spectra : int
        How many there have to be.

    Returns
    -------
    ndarray of shape (n_spectra, n_properties)
        Finite, at most about one, so that their squares are numbers, too.
    """
    values = _numbers(y, "y")
    if values.ndim not in (1, 2) or len(values) != n_spectra or not values.size:
        raise ValueError(
            f"y must have a row for each of the {n_spectra} spectra of X, since spxy "
            f"chooses by both, but its shape is {values.shape}. Pass the properties of "
            "these spectra, one row for each."
        )
    table = values.reshape(n_spectra, -1).astype(np.float64)
    finite = np.isfinite(table)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise ValueError(
            "y must hold a finite number for each spectrum, since spxy chooses by it, "
            f"but row {row} (counted from 0) holds {table[row, column]}. Leave out "
            "spectra whose property is not known, of X and y alike, or take another "
            "method."
        )
    return np.asarray(table / common_unit(table))


def check_number(n: Any, n_samples: int) -> None:
    """Refuse numbers of standards that there are not.

    Parameters
    ----------
    n : object
        As it came.
    n_samples : int
        How many there are to choose from.
    """
    if not isinstance(n, Integral):
        raise TypeError(f"n must be a whole number of standards, but it is {n!r}.")
    if not 1 <= int(n) <= n_samples:
        way = "Ask for fewer." if int(n) > n_samples else "Ask for at least one."
        raise ValueError(
            f"n must be a number of standards from 1 to {n_samples}, as many as "
            f"there are samples, but it is {n}. {way}"
        )


def check_method(method: str, has_y: bool) -> None:
    """Refuse an unknown method, and a property without the method that takes it.

    Parameters
    ----------
    method : str
        As it came.
    has_y : bool
        Whether a property came with it.
    """
    if method not in _METHODS:
        raise ValueError(
            f"method must be one of {', '.join(_METHODS[:-1])} and {_METHODS[-1]}, but "
            f"it is {method!r}. kmeans needs nothing but spectra."
        )
    if (method == "spxy") != has_y:
        raise ValueError(
            "y is what spxy chooses by beside the spectra, but "
            f"method={method!r} came {'with' if has_y else 'without'} it. "
            "Pass y= together with method='spxy'."
        )


def samples_included(
    include: ArrayLike | None, samples: list[IntArray], n: int
) -> list[int]:
    """Give the numbers of the samples that are standards already.

    Parameters
    ----------
    include : array-like of int or bool, or None
        Row numbers, or a mask of rows, as they came.
    samples : list of ndarray
        Rows of each sample.
    n : int
        How many standards there will be.

    Returns
    -------
    list of int
        Each once, in the order in which they came.
    """
    if include is None:
        return []
    n_spectra = sum(map(len, samples))
    rows = _rows_included(np.atleast_1d(np.asarray(include)), n_spectra)
    number_of = np.empty(n_spectra, dtype=int)
    for number, members in enumerate(samples):
        number_of[members] = number
    known = list(dict.fromkeys(number_of[rows].tolist()))
    if len(known) > n:
        raise ValueError(
            f"n counts all standards, but it is {n} and {len(known)} are included "
            "already. Ask for more."
        )
    return known


def _rows_included(rows: np.ndarray, n_spectra: int) -> IntArray:
    """Give row numbers; refuse what is neither such numbers nor a mask."""
    if rows.dtype == bool and rows.shape == (n_spectra,):
        return np.flatnonzero(rows)
    if not rows.size:
        return np.zeros(0, dtype=int)
    came = f"it has the shape {rows.shape} and the dtype {rows.dtype}"
    way = "Leave it out where there are no standards yet."
    if rows.dtype == bool and rows.ndim == 1:
        came = f"it is a mask of {len(rows)} rows, and there are {n_spectra} spectra"
        way = "Give it an entry for each spectrum."
    elif rows.dtype.kind in "iu" and rows.ndim == 1:
        out = (rows < 0) | (rows >= n_spectra)
        numbers, times = np.unique(rows, return_counts=True)
        if not out.any() and times.max() == 1:
            return rows
        if out.any():
            came = f"it holds {', '.join(map(str, rows[out][:3]))}"
            way = "Rows are counted from 0."
        else:
            twice = times.argmax()
            came = f"row {numbers[twice]} comes {times[twice]} times"
            way = (
                "Name each row once; a mask has to be of bool, such as "
                "np.asarray(mask, dtype=bool)."
            )
    raise ValueError(
        f"include must hold row numbers of X, from 0 to {n_spectra - 1}, each once, or "
        f"be a mask of its rows, but {came}. {way}"
    )


def samples_of_rows(groups: ArrayLike | None, n_spectra: int) -> list[IntArray]:
    """Give the rows of each sample.

    Parameters
    ----------
    groups : array-like of shape (n_spectra,) or None
        Sample of each spectrum; None takes every spectrum for a sample.
    n_spectra : int
        Number of spectra.

    Returns
    -------
    list of ndarray
        Row numbers.
    """
    if groups is None:
        return list(np.arange(n_spectra)[:, None])
    labels = checked_labels(groups, n_spectra, "groups")
    _, numbers = np.unique(labels, return_inverse=True)
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)


def distinct_samples(
    spectra: np.ndarray,
    samples: list[IntArray],
    by: list[FloatArray],
    known: list[int],
) -> IntArray:
    """Give the numbers of samples that are no copies of others.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_channels)
        Read block by block.
    samples : list of ndarray
        Rows of each sample.
    by : list of ndarray of shape (n_samples, n_properties)
        What else tells samples apart.
    known : list of int
        Samples that are standards already: they stay, and others are their copies.

    Returns
    -------
    ndarray of int
        In their order; of equal samples the first.
    """
    prints: list[int] = []
    for block in blocks_of(spectra, 4096):
        # 0.0 and -0.0 are the same number
        prints.extend(hash((row + 0).tobytes()) for row in np.asarray(block))
    kept, seen = set(known), set()
    for number in [*known, *range(len(samples))]:
        others = tuple(part[number].tobytes() for part in by)
        its = (*sorted({prints[row] for row in samples[number]}), *others)
        if its not in seen:
            seen.add(its)
            kept.add(number)
    return np.array(sorted(kept))
