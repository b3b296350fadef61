"""Writing maps in the published layout, whole or block by block."""

import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import Bunch

from spectransfer._axis import Axis, check_axis, find_unit
from spectransfer._blocks import row_blocks
from spectransfer._files import new_npy_files
from spectransfer._progress import Bar, progress_bar
from spectransfer._typing import ArrayLike
from spectransfer.exceptions import WavelengthError
from spectransfer.io._read_published import PARTS, describe, table_path, write_sidecar
from spectransfer.spectra import SIDES, PairedMaps, check_layout


class _Part(NamedTuple):
    """One map to be written; tables and annotations as (shape of a row, dtype)."""

    shape: tuple[int, int]
    raster: str
    step: Any
    rows: Mapping[str, tuple[tuple[int, ...], np.dtype]]
    annotations: Mapping[str, tuple[tuple[int, ...], np.dtype]]
    meta: dict[str, Any]


def _files_of(folder: Path, name: str, part: _Part) -> dict[Path, Any]:
    if name not in PARTS:
        raise ValueError(
            f"Maps must be called {', '.join(PARTS)}, but there is {name!r}."
        )
    n_spectra = math.prod(part.shape)
    check_layout(part.shape, part.raster, n_spectra)
    files = {
        folder / table_path(folder, side, name).name: ((n_spectra, *tail), dtype)
        for side, (tail, dtype) in part.rows.items()
    }
    for annotation, (tail, dtype) in part.annotations.items():
        if not annotation.isidentifier() or dtype.hasobject:
            raise ValueError(
                "Annotations must be numbers or text under a plain name to be written, "
                f"but {annotation!r} is of {dtype}. Rename or convert it."
            )
        files[folder / f"{name}_{annotation}.npy"] = ((n_spectra, *tail), dtype)
    return files


def _check_room(folder: Path, files: Mapping[Path, Any], overwrite: bool) -> None:
    taken = [path.name for path in files if path.exists()]
    if taken and not overwrite:
        raise FileExistsError(
            f"{folder} must not hold the files that are to be written, but there is "
            f"{', '.join(taken)}. Name another folder, or pass overwrite=True."
        )
    # A memory-mapped file that outgrows its disk kills the process without a word.
    needed = sum(math.prod(shape) * dtype.itemsize for shape, dtype in files.values())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(
            f"The maps need {needed / 1e9:.1f} GB, but the disk of {folder} has only "
            f"{free / 1e9:.1f} GB left. Name a folder on another disk."
        )


def _part_of(
    folder: Path,
    name: str,
    part: _Part,
    arrays: Mapping[Path, np.ndarray],
    axes: Mapping[str, Axis],
    meta: Mapping[str, Any],
) -> PairedMaps:
    secondary, primary = (arrays[table_path(folder, side, name)] for side in SIDES)
    return PairedMaps(
        secondary,
        primary,
        axes["secondary"].values,
        axes["primary"].values,
        shape=part.shape,
        raster=part.raster,
        step=part.step,
        annotations={
            key: arrays[folder / f"{name}_{key}.npy"] for key in part.annotations
        },
        meta=dict(meta) | part.meta,
        units=(axes["secondary"].unit, axes["primary"].unit),
    )


def _annotations_of(
    name: str, annotations: Mapping[str, Any]
) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    """Give those of one map, whether they were given for each map or for all."""
    for_each = any(isinstance(given, Mapping) for given in annotations.values())
    own = annotations.get(name, {}) if for_each else annotations
    return {key: (tuple(tail), np.dtype(kind)) for key, (tail, kind) in own.items()}


@contextmanager
def _created(
    folder: Path,
    parts: Mapping[str, _Part],
    axes: Mapping[str, Axis],
    meta: Mapping[str, Any],
    overwrite: bool,
) -> Iterator[Bunch]:
    folder.mkdir(parents=True, exist_ok=True)
    description = describe(
        {
            name: {
                "shape": part.shape,
                "raster": part.raster,
                "step": part.step,
                "annotations": sorted(part.annotations),
                "meta": part.meta,
            }
            for name, part in parts.items()
        },
        meta,
        axes,
    )
    files: dict[Path, Any] = {
        table_path(folder, side, "wavelengths"): (axis.values.shape, axis.values.dtype)
        for side, axis in axes.items()
    }
    for name, part in parts.items():
        files |= _files_of(folder, name, part)
    _check_room(folder, files, overwrite)
    maps = Bunch()
    with new_npy_files(files) as arrays:
        for side, axis in axes.items():
            arrays[table_path(folder, side, "wavelengths")][:] = axis
        for name, part in parts.items():
            maps[name] = _part_of(folder, name, part, arrays, axes, meta)
        try:
            yield maps
        finally:
            maps.clear()  # Windows renames no file that an array looks into
    for name, part in parts.items():
        maps[name] = _part_of(folder, name, part, arrays, axes, meta)
    write_sidecar(folder, description)


def create_libs_transfer(
    folder: str | os.PathLike[str],
    shapes: Mapping[str, tuple[int, int]],
    *,
    wavelengths_secondary: ArrayLike,
    wavelengths_primary: ArrayLike,
    dtype: str = "float32",
    raster: str = "row-snake",
    step: float | Mapping[str, float] | None = None,
    annotations: Mapping[str, Any] | None = None,
    meta: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Any:
    """Make empty maps on the disk, to be filled block by block.

    A context manager: the files take their names when the block ends, all of them,
    and none of them after an error.

    Parameters
    ----------
    folder : str or path-like
        Folder to write; it is made if it does not exist.
    shapes : mapping of {"train", "validation", "test"} to (n_rows, n_columns)
        The maps, and their shapes.
    wavelengths_secondary, wavelengths_primary : Axis or array-like of shape (n,)
        Axes, increasing, the same for all maps.
    dtype : str, default="float32"
        Type of the spectra.
    raster : {"row", "column", "row-snake", "column-snake"}, default="row-snake"
        Order in which the spectra will be written.
    step : float or mapping of str to float, default=None
        Distance of neighbouring shots in micrometres, of all maps or of each.
    annotations : mapping of str to (tuple, str), default=None
        Arrays to make beside the spectra of every map: the shape of one row, and the
        dtype, such as ``{"mineral": ((), "int8")}``. A mapping of the names of maps to
        such mappings makes those of each.
    meta : mapping of str to object, default=None
        Description of the set, writable as JSON.
    overwrite : bool, default=False
        Whether files that are there already may be replaced. A map that is not
        written again is no longer described.

    Returns
    -------
    context manager
        It gives a `Bunch` of `PairedMaps` whose arrays are on the disk, full of
        zeros, and writable.

    Raises
    ------
    FileExistsError
        If a file is there and `overwrite` is false.
    OSError
        If the disk has not enough room, before anything is written.

    See Also
    --------
    save_libs_transfer : Writes maps that exist.
    load_libs_transfer : Opens the folder.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from spectransfer.io import create_libs_transfer, load_libs_transfer
    >>> with TemporaryDirectory() as folder:
    ...     with create_libs_transfer(
    ...         folder, {"test": (2, 3)},
    ...         wavelengths_secondary=[260.0, 261.0],
    ...         wavelengths_primary=[250.0, 251.0, 252.0],
    ...     ) as maps:
    ...         maps.test.X_primary[4] = 7.0
    ...     print(load_libs_transfer(folder).test.total_emissivity())
    [[ 0.  0.  0.]
     [ 0. 21.  0.]]
    """
    given = {"secondary": wavelengths_secondary, "primary": wavelengths_primary}
    unit = find_unit((meta or {}).get("axis"))
    axes = {
        side: check_axis(axis, unit=unit, name=f"wavelengths_{side}")
        for side, axis in given.items()
    }
    rows = {side: ((len(axis),), np.dtype(dtype)) for side, axis in axes.items()}
    parts = {
        name: _Part(
            (int(shape[0]), int(shape[1])),
            raster,
            step.get(name) if isinstance(step, Mapping) else step,
            rows,
            _annotations_of(name, annotations or {}),
            {},
        )
        for name, shape in shapes.items()
    }
    return _created(Path(folder), parts, axes, meta or {}, overwrite)


def save_libs_transfer(
    folder: str | os.PathLike[str],
    maps: Mapping[str, PairedMaps],
    *,
    overwrite: bool = False,
    verbose: bool | int = False,
) -> None:
    """Write maps in the layout in which the paper's maps are published.

    Rows are copied in blocks, so maps may be larger than memory. Shapes, rasters,
    steps, annotations and meta go into a small JSON file beside the tables.

    Parameters
    ----------
    folder : str or path-like
        Folder to write; it is made if it does not exist.
    maps : mapping of {"train", "validation", "test"} to PairedMaps
        The maps, all on the same two axes.
    overwrite : bool, default=False
        Whether files that are there already may be replaced.
    verbose : bool or int, default=False
        Whether to show how far it is.

    See Also
    --------
    create_libs_transfer : Makes empty maps to be filled.
    load_libs_transfer : Opens the folder.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from spectransfer.io import save_libs_transfer
    >>> from spectransfer.spectra import PairedMaps
    >>> maps = PairedMaps([[1.0, 2.0]], [[3.0]], [260, 261], [250], shape=(1, 1))
    >>> with TemporaryDirectory() as folder:
    ...     save_libs_transfer(folder, {"test": maps})
    """
    first = next(iter(maps))
    axes = {side: getattr(maps[first], f"axis_{side}") for side in SIDES}
    parts = {}
    for name, part in maps.items():
        for side, axis in axes.items():
            if getattr(part, f"axis_{side}") != axis:
                raise WavelengthError(
                    f"Maps of one folder must share their axes, but the {side} axes of "
                    f"{first!r} and {name!r} differ. Bring them to one axis, or write "
                    "two folders."
                )
        tables = {side: getattr(part, f"X_{side}") for side in SIDES}
        parts[name] = _Part(
            part.shape,
            part.raster,
            part.step,
            {side: (table.shape[1:], table.dtype) for side, table in tables.items()},
            {key: (a.shape[1:], a.dtype) for key, a in part.annotations.items()},
            dict(part.meta),
        )
    n_rows = sum(len(part) * (2 + len(part.annotations)) for part in maps.values())
    with (
        _created(Path(folder), parts, axes, {}, overwrite) as written,
        progress_bar(n_rows, "row", visible=bool(verbose), desc="save") as bar,
    ):
        for name, part in maps.items():
            _copy(part, written[name], bar)


def _copy(source: PairedMaps, target: PairedMaps, bar: Bar) -> None:
    pairs = [(getattr(source, f"X_{s}"), getattr(target, f"X_{s}")) for s in SIDES]
    pairs += [(a, target.annotations[key]) for key, a in source.annotations.items()]
    for given, written in pairs:
        for rows in row_blocks(len(given), given[:1].nbytes):
            written[rows] = given[rows]
            bar.update(rows.stop - rows.start)
