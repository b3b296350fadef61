"""The order in which the shots of a map were taken.

Spectra of a map come as one long table, in the order of measurement; an image needs
to know where each of them was taken. Rows count downwards, columns to the right.

============== ==================================================
raster         path of the stage
============== ==================================================
"row"          every row left to right
"column"       every column top to bottom
"row-snake"    first row left to right, next right to left, ...
"column-snake" first column top to bottom, next bottom to top, ...
============== ==================================================
"""

from typing import Any

import numpy as np

from spectransfer._typing import BoolArray, IntArray

RASTERS = ("row", "column", "row-snake", "column-snake")


def shot_order(shape: tuple[int, int], raster: str) -> IntArray:
    """Lay the numbers of the shots out as the map.

    Parameters
    ----------
    shape : tuple of (n_rows, n_columns)
        Shape of the map.
    raster : {"row", "column", "row-snake", "column-snake"}
        Path of the stage.

    Returns
    -------
    ndarray of shape (n_rows, n_columns)
        Number of the shot that was taken at each place, from 0.

    Examples
    --------
    >>> from spectransfer.spectra import shot_order
    >>> shot_order((2, 3), "row-snake")
    array([[0, 1, 2],
           [5, 4, 3]])
    """
    if raster.startswith("column"):
        return shot_order(shape[::-1], raster.replace("column", "row")).T
    order = np.arange(shape[0] * shape[1]).reshape(shape)
    if raster == "row-snake":
        order[1::2] = order[1::2, ::-1]
    return order


def shot_positions(shape: tuple[int, int], raster: str) -> IntArray:
    """Give row and column of every shot, in the order of measurement.

    Parameters
    ----------
    shape : tuple of (n_rows, n_columns)
        Shape of the map.
    raster : {"row", "column", "row-snake", "column-snake"}
        Path of the stage.

    Returns
    -------
    ndarray of shape (n_rows * n_columns, 2)
        Row and column of each shot.

    Examples
    --------
    >>> from spectransfer.spectra import shot_positions
    >>> shot_positions((2, 2), "column-snake").tolist()
    [[0, 0], [1, 0], [1, 1], [0, 1]]
    """
    places = np.argsort(shot_order(shape, raster), axis=None)
    return np.stack(np.unravel_index(places, shape), axis=1)


def region_places(
    shape: tuple[int, int], raster: str, rows: slice | int, columns: slice | int
) -> tuple[IntArray, tuple[int, int]]:
    """Number the shots of a rectangle of the map, and say how many it skips."""
    down, right = (
        slice(cut, None if cut == -1 else cut + 1)
        if isinstance(cut, int | np.integer)
        else cut
        for cut in (rows, columns)
    )
    places = shot_order(shape, raster)[down, right]
    if places.size == 0:
        raise ValueError(
            f"A region must hold at least one shot, but rows {rows} and columns "
            f"{columns} of a map of shape {shape} hold none."
        )
    return places, (abs(down.step or 1), abs(right.step or 1))


def region_order(places: IntArray, raster: str) -> tuple[str, slice | IntArray]:
    """Find an order for the shots of a region that agrees with a raster.

    Parameters
    ----------
    places : ndarray of shape (n_rows, n_columns)
        Numbers of the shots, laid out as the region.
    raster : {"row", "column", "row-snake", "column-snake"}
        Path of the stage over the whole map, tried first.

    Returns
    -------
    raster : str
        The raster of the region: one that keeps the order of measurement if there
        is one, and "row" otherwise.
    shots : slice or ndarray of shape (n_rows * n_columns,)
        Numbers of the region's shots in that order; a slice where they are in one
        run, so that arrays need not be copied.

    Examples
    --------
    >>> from spectransfer.spectra._raster import region_order, shot_order
    >>> region_order(shot_order((4, 3), "row-snake")[2:], "row-snake")
    ('row-snake', slice(6, 12, None))
    """
    shots = np.sort(places, axis=None)
    ranks = np.searchsorted(shots, places)
    for candidate in (raster, *RASTERS):
        if np.array_equal(shot_order(places.shape, candidate), ranks):
            if shots[-1] - shots[0] == len(shots) - 1:
                return candidate, slice(int(shots[0]), int(shots[-1]) + 1)
            return candidate, shots
    return "row", places.ravel()


def check_layout(
    shape: tuple[int, int], raster: str, n_spectra: int
) -> tuple[int, int]:
    """Refuse a shape that does not lay out every shot, and an unknown raster."""
    if raster not in RASTERS:
        raise ValueError(
            f"raster must be one of {', '.join(RASTERS)}, but it is {raster!r}."
        )
    lengths = np.asarray(shape)
    if lengths.shape != (2,) or lengths.dtype.kind not in "iuf":
        raise ValueError(
            "shape must be two numbers, of rows and of columns, but it is "
            f"{shape!r}. Pass the shape of the map as (n_rows, n_columns)."
        )
    rows, columns = (int(length) for length in shape)
    if rows * columns != n_spectra or min(rows, columns) < 1:
        raise ValueError(
            f"shape must lay out every shot, but {rows} rows of {columns} shots are "
            f"{rows * columns}, and there are {n_spectra} spectra. Pass the shape of "
            "the map as (n_rows, n_columns)."
        )
    return rows, columns


def check_step(step: Any) -> tuple[float, float] | None:
    """Refuse a distance between shots that is not positive."""
    if step is None:
        return None
    down, right = np.broadcast_to(np.asarray(step, dtype=float), 2)
    if not (down > 0 and right > 0):
        raise ValueError(
            f"step must be the distance of neighbouring shots in micrometres, one "
            f"number or (down, right), but it is {step}."
        )
    return float(down), float(right)


def mask_of_shots(mask: np.ndarray, shape: tuple[int, int], raster: str) -> BoolArray:
    """Bring a mask, laid out as the map or not, to the order of measurement.

    Parameters
    ----------
    mask : ndarray of bool, of shape (n_rows, n_columns) or (n_spectra,)
        The shots that are chosen.
    shape : tuple of (n_rows, n_columns)
        Shape of the map.
    raster : {"row", "column", "row-snake", "column-snake"}
        Path of the stage.

    Returns
    -------
    ndarray of shape (n_spectra,)
        The mask in the order of measurement.
    """
    n_spectra = shape[0] * shape[1]
    if mask.dtype != bool or mask.shape not in (shape, (n_spectra,)):
        raise ValueError(
            f"A mask must be of bool, laid out as the map, {shape}, or in the order of "
            f"measurement, ({n_spectra},), but it is of {mask.dtype} and of shape "
            f"{mask.shape}."
        )
    if mask.ndim == 1:
        return mask
    rows, columns = shot_positions(shape, raster).T
    return mask[rows, columns]
