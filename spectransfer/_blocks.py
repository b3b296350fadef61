"""Rows of a table in blocks, so that work on large ones stays in bounded memory."""

from collections.abc import Iterator
from typing import Any

import numpy as np

_BLOCK_BYTES = 2**24

BLOCK_ROWS = 256
"""Spectra that networks take at once, so that rounding does not depend on others."""


def row_blocks(n_rows: int, row_bytes: int) -> Iterator[slice]:
    """Cut rows into slices of about 16 MB.

    Parameters
    ----------
    n_rows : int
        Number of rows.
    row_bytes : int
        Bytes that the work on a row takes.

    Yields
    ------
    slice
        Rows of a block.
    """
    return block_slices(n_rows, max(1, _BLOCK_BYTES // max(1, row_bytes)))


def block_slices(n_rows: int, block_size: int | None) -> Iterator[slice]:
    """Cut rows into slices of `block_size`; None gives one slice."""
    step = max(1, n_rows) if block_size is None else block_size
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def even_rows(n_rows: int, n_wanted: int) -> np.ndarray:
    """Draw rows from all parts of a table: one at random of each of so many parts.

    At a fixed step, rows of a map that is scanned line by line lie in a few columns of
    it, where the step and the length of a line have a common divisor.

    Parameters
    ----------
    n_rows : int
        Number of rows.
    n_wanted : int
        Number of rows that are drawn; all, where there are no more.

    Returns
    -------
    ndarray of int
        Row numbers, ascending, the same at every call.
    """
    if n_rows <= n_wanted:
        return np.arange(n_rows)
    ends = np.arange(n_wanted + 1) * n_rows // n_wanted
    return np.random.default_rng(0).integers(ends[:-1], ends[1:])


def take_rows(spectra: Any, rows: Any) -> Any:
    """Select rows of an array or of a data frame."""
    return spectra.iloc[rows] if hasattr(spectra, "iloc") else spectra[rows]


def blocks_of(spectra: Any, block_size: int | None) -> Iterator[Any]:
    """Give the rows of an array or of a data frame, block by block."""
    for rows in block_slices(len(spectra), block_size):
        yield take_rows(spectra, rows)
