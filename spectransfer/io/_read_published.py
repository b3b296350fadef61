"""Opening maps in the layout in which the paper's are published: a folder of tables.

============================ =====================================================
file                         content
============================ =====================================================
s1_train, s1_val, s1_test    primary spectra, in the order of measurement
s2_train, s2_val, s2_test    secondary spectra of the same shots
s1_wavelengths               axis of the primary instrument, nm or as described
s2_wavelengths               axis of the secondary instrument
libs_transfer.json           ours: shapes, rasters, steps, units; not in the
                             published set, whose shapes are those of the paper
============================ =====================================================

Which instrument is which, the names of the files and the snake order are read from
the code that the authors published (LIBS-ML-team/libs-transfer-library), which fits
s2 to s1; the map shapes are the paper's. Our description of a folder is read and
written here, so that its format stands in one place.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from spectransfer._axis import Axis, find_unit
from spectransfer._files import written_beside
from spectransfer._reading import DAMAGE, open_npy
from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.spectra import SIDES, PairedMaps

# The authors read "val"; other copies of the set spell it out.
PARTS = {"train": ("train",), "validation": ("val", "validation"), "test": ("test",)}
_PREFIX = {"primary": "s1", "secondary": "s2"}
_PUBLISHED_SHAPES = {313_600: (560, 560), 133_000: (266, 500), 250_000: (500, 500)}
_PUBLISHED_RASTER = "row-snake"
SIDECAR = "libs_transfer.json"
_FORMAT = "spectransfer libs-transfer folder"
_VERSION = 1


def table_path(folder: Path, side: str, part: str) -> Path:
    """Name the file of a map, or of the axis where part is "wavelengths"."""
    names = PARTS.get(part, (part,))
    paths = [folder / f"{_PREFIX[side]}_{name}.npy" for name in names]
    return next((path for path in paths if path.exists()), paths[0])


def describe(
    parts: Mapping[str, Mapping[str, Any]],
    meta: Mapping[str, Any],
    axes: Mapping[str, Axis],
) -> str:
    """Put shapes, rasters and steps of all maps into words, or rather into JSON."""
    content = {
        "format": _FORMAT,
        "format_version": _VERSION,
        "parts": dict(parts),
        "meta": dict(meta),
        "units": [axes[side].unit for side in SIDES],
        "descending": [axes[side].direction == "decreasing" for side in SIDES],
    }
    return json.dumps(content, indent=2)


def write_sidecar(folder: Path, description: str) -> None:
    """Write the description of a folder, whole or not at all."""
    with written_beside(folder / SIDECAR) as beside:
        beside.write_text(description, encoding="utf-8")


def _check_described(path: Path, part: str, described: Mapping[str, Any]) -> None:
    """Refuse a description of something else than a map and files beside it."""
    if part not in PARTS:
        raise ValueError(f"there is no part {part!r}")
    dict(described.get("meta", {}))
    for name in described.get("annotations", ()):
        file = f"{part}_{name}.npy"
        if Path(file).name != file or not (path.parent / file).exists():
            raise ValueError(f"there is no file {file} beside it")


def read_sidecar(folder: Path) -> dict[str, Any]:
    """Read the description of a folder; an empty one where there is none."""
    path = folder / SIDECAR
    if not path.exists():
        return {"parts": {}, "meta": {}}
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        kind, version = written["format"], written["format_version"]
        if kind == _FORMAT and version == _VERSION:
            dict(written["meta"])
            for part, described in written["parts"].items():
                _check_described(path, part, described)
    except DAMAGE as error:
        raise FileFormatError(
            f"{path} must describe the maps of its folder in JSON, but reading it "
            f"fails: {error!r}. Write the folder again, or remove the file and pass "
            "shapes=... to load_libs_transfer.",
            page="",
        ) from error
    if kind != _FORMAT or version != _VERSION:
        raise FileFormatError(
            f"{path} must be a {_FORMAT!r} of version {_VERSION}, but it is a {kind!r} "
            f"of version {version}. Read it with the release of spectransfer that "
            "wrote it, or a newer one.",
            page="",
        )
    return written


def _shape_of(part: str, n_spectra: int, described: Mapping[str, Any]) -> Any:
    shape = described.get("shape") or _PUBLISHED_SHAPES.get(n_spectra)
    if shape is None:
        known = ", ".join(f"{n} ({r}x{c})" for n, (r, c) in _PUBLISHED_SHAPES.items())
        raise FileFormatError(
            f"The shape of a map must be known, but {n_spectra} spectra of {part!r} "
            f"are no published map ({known}), and there is no {SIDECAR}. Pass "
            f"shapes={{{part!r}: (n_rows, n_columns)}}.",
            page="",
        )
    return shape


def _open_tables(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    paths = [table_path(folder, side, part) for side in SIDES]
    secondary, primary = (open_npy(path) for path in paths)
    for path, table in zip(paths, (secondary, primary), strict=True):
        if table.ndim != 2:
            raise FileFormatError(
                f"{path} must be a table of shape (n_spectra, n_wavelengths), but its "
                f"shape is {table.shape}.",
                page="",
            )
    if len(secondary) != len(primary):
        raise FileFormatError(
            f"The tables of {part!r} in {folder} must hold the same shots, but "
            f"{paths[0].name} has {len(secondary)} rows and {paths[1].name} has "
            f"{len(primary)}. Get both from one source.",
            page="",
        )
    return secondary, primary


def _check_files(folder: Path, parts: Sequence[str]) -> None:
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise ValueError(
            f"parts must be among {', '.join(PARTS)}, but there is {unknown[0]!r}."
        )
    wanted = [
        table_path(folder, s, part) for part in (*parts, "wavelengths") for s in SIDES
    ]
    missing = [path.name for path in wanted if not path.exists()]
    if missing:
        raise FileNotFoundError(
            f"{folder} must hold {', '.join(path.name for path in wanted)}, but there "
            f"is no {', '.join(missing)}. Get the files with fetch_libs_transfer, or "
            "name the maps that you have, for example parts=('test',)."
        )


def _open_part(
    folder: Path, part: str, described: Mapping[str, Any], sidecar: Mapping[str, Any]
) -> PairedMaps:
    secondary, primary = _open_tables(folder, part)
    axes = [np.ravel(open_npy(table_path(folder, s, "wavelengths"))) for s in SIDES]
    # the published set is in nm, and so was all that was written before units were
    units = sidecar.get("units", (find_unit(sidecar["meta"].get("axis")) or "nm",) * 2)
    annotations = {
        name: open_npy(folder / f"{part}_{name}.npy")
        for name in described.get("annotations", ())
    }
    shape = _shape_of(part, len(primary), described)
    try:
        return PairedMaps(
            secondary,
            primary,
            axes[0],
            axes[1],
            shape=shape,
            raster=described.get("raster", _PUBLISHED_RASTER),
            step=described.get("step"),
            annotations=annotations,
            meta=dict(sidecar["meta"]) | described.get("meta", {}),
            units=(units[0], units[1]),
            descending=tuple(sidecar.get("descending", (False, False))),
        )
    except WavelengthError as error:
        raise WavelengthError(f"In {folder}, {part!r}: {error}") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise FileFormatError(f"In {folder}, {part!r}: {error}") from error


def load_libs_transfer(
    folder: str | os.PathLike[str],
    *,
    parts: Sequence[str] | None = None,
    shapes: Mapping[str, tuple[int, int]] | None = None,
) -> Bunch:
    """Open the paper's maps, or others in the same layout, without reading them.

    Spectra stay on the disk: headers, sizes and wavelength axes are checked, and
    rows are read when they are used.

    Parameters
    ----------
    folder : str or path-like
        Folder with ``s1_train.npy`` (primary), ``s2_train.npy`` (secondary), the same
        for ``val`` and ``test``, ``s1_wavelengths.npy`` and ``s2_wavelengths.npy``.
    parts : sequence of {"train", "validation", "test"}, default=None
        The maps to open. None for those that the folder's own description lists, or
        all three where there is none, as in the published set.
    shapes : mapping of str to (n_rows, n_columns), default=None
        Shapes of the maps. They are known for maps of the published sizes and for
        folders written by `save_libs_transfer`.

    Returns
    -------
    Bunch
        `train`, `validation` and `test`, each a `PairedMaps` with memory-mapped
        spectra.

    Raises
    ------
    FileNotFoundError
        If a file is not there.
    FileFormatError
        If a file is damaged, shorter or longer than its header says, or if files do
        not belong together.
    WavelengthError
        If an axis does not increase, or does not fit its spectra.

    See Also
    --------
    fetch_libs_transfer : Downloads the published maps.
    save_libs_transfer : Writes such a folder.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.io import load_libs_transfer, save_libs_transfer
    >>> from spectransfer.spectra import PairedMaps
    >>> pair = make_instrument_pair(n_spectra=12, random_state=0)
    >>> maps = PairedMaps(
    ...     pair.X_secondary, pair.X_primary, pair.wavelengths_secondary,
    ...     pair.wavelengths_primary, shape=(3, 4),
    ... )
    >>> with TemporaryDirectory() as folder:
    ...     save_libs_transfer(folder, {"train": maps})
    ...     load_libs_transfer(folder).train
    PairedMaps(3 x 4 shots, row-snake, secondary 260 channels 265 to 370, primary
    300 channels 250 to 400)
    """
    folder = Path(folder)
    sidecar = read_sidecar(folder)
    wanted = list(parts or sidecar["parts"] or PARTS)
    _check_files(folder, wanted)
    maps = Bunch()
    for part in wanted:
        described = dict(sidecar["parts"].get(part, {}))
        if shapes is not None and part in shapes:
            described["shape"] = shapes[part]
        maps[part] = _open_part(folder, part, described, sidecar)
    return maps
