"""Masked arrays, whose masked values numpy hands on as if they were measured."""

from typing import Any

import numpy as np


def refuse_masked(values: Any, name: str) -> None:
    """Refuse masked values, in an array and in a list of rows.

    Parameters
    ----------
    values : object
        What came from a user; what holds no masked array passes.
    name : str
        What the caller calls it.
    """
    rows = values if isinstance(values, list | tuple) else [values]
    masked = sum(
        int(np.ma.getmaskarray(row).sum())
        for row in rows
        if isinstance(row, np.ma.MaskedArray)
    )
    if masked:
        raise ValueError(
            f"{name} must have a number in every channel, and a value in every row, "
            f"but it is a masked array with {masked} masked values, which would be "
            "used as if they were measured. Fill them, with filled(...), or leave out "
            "such spectra or channels."
        )
