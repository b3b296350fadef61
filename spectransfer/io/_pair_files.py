"""Paired spectra in files: reading, checking, writing.

An .npz or HDF5 file holds `X_secondary`, `X_primary`, `wavelengths_secondary` and
`wavelengths_primary`; it may hold `sample_id`, `y` with `y_names`, any further array
with one entry for each spectrum, and `meta`, a JSON text. Text tables come in pairs,
one for each instrument.
"""

import json
import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spectransfer._files import written_beside
from spectransfer._imports import need
from spectransfer._reading import DAMAGE, read_npy_header, refuse_more_than_memory
from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.io._text_tables import entries_of
from spectransfer.spectra import SIDES, SpectraPair

REQUIRED = ("X_secondary", "X_primary", "wavelengths_secondary", "wavelengths_primary")
_UNITS = "axis_units"  # entry of meta, while it is in a file
_OPTIONAL = ("sample_id", "y", "y_names")
_HDF5 = b"\x89HDF\r\n\x1a\n"
_TEXT = (".csv", ".tsv", ".txt")


def pair_from_entries(entries: Mapping[str, Any], path: object) -> SpectraPair:
    """Build a pair from what a file holds; every complaint names the file."""
    missing = [name for name in REQUIRED if name not in entries]
    if missing:
        raise FileFormatError(
            f"{path} must hold {', '.join(REQUIRED)}, but {', '.join(missing)} "
            f"cannot be found among its entries: {', '.join(sorted(entries)) or None}. "
            "Write it with spectransfer.io.save_pair, or rename its entries."
        )
    known = {name: entries[name] for name in (*REQUIRED, *_OPTIONAL) if name in entries}
    meta = _read_meta(entries.get("meta"), path)
    annotations = {}
    for name in set(entries) - set(known) - {"meta"}:
        value = np.asarray(entries[name])
        if value.ndim:
            annotations[name] = value
        else:
            meta[name] = value.item()
    try:
        units = meta.pop(_UNITS, (None, None))
        return SpectraPair(**known, annotations=annotations, meta=meta, units=units)
    except WavelengthError as error:
        raise WavelengthError(f"In {path}: {error}") from error
    except (TypeError, ValueError) as error:
        raise FileFormatError(f"In {path}: {error}") from error


def _read_meta(text: Any, path: object) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        meta = json.loads(str(np.asarray(text)[()]))
    except (ValueError, LookupError, RecursionError) as error:
        raise FileFormatError(
            f"In {path}: meta must be a JSON text, but reading it fails: {error}."
        ) from error
    return meta if isinstance(meta, dict) else {"meta": meta}


def _read_npz(path: Path, names: Mapping[str, str]) -> dict[str, np.ndarray]:
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            if file.read(6) != np.lib.format.MAGIC_PREFIX:
                return _read_archive(path, names)
            file.seek(0)
            shape = read_npy_header(file)[0]
    except FileFormatError:
        raise
    except DAMAGE as error:
        raise FileFormatError(
            f"{path} ({size} bytes) must be an .npz archive of plain arrays, but "
            f"reading it fails: {error}. It is damaged, cut short, of another format, "
            "or holds Python objects; copy or export it again."
        ) from error
    raise FileFormatError(
        f"{path} must be an archive of several arrays (.npz), but it is a single "
        f"array (.npy) of shape {shape}. Write both sides into one file with "
        "spectransfer.io.save_pair."
    )


def _read_archive(path: Path, names: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Read the entries of an archive that belong to a pair, sizes first."""
    with zipfile.ZipFile(path) as archive:
        shapes, n_bytes = {}, {}
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            with archive.open(member) as entry:
                shape, dtype, offset = read_npy_header(entry)
            if dtype.hasobject:
                raise ValueError(f"{name} holds Python objects")
            n_bytes[name] = math.prod(shape) * dtype.itemsize
            if offset + n_bytes[name] != member.file_size:
                raise ValueError(
                    f"{name} has {member.file_size} bytes in the archive, but its "
                    f"header promises {offset + n_bytes[name]}"
                )
            shapes[name] = shape
        wanted = _wanted(shapes, names)
        refuse_more_than_memory(sum(n_bytes[name] for name in wanted), path)
        arrays = np.load(path, allow_pickle=False)
        with arrays:
            # the others are told of, not read
            return {
                name: arrays[name] if name in wanted else _of_shape(shape)
                for name, shape in shapes.items()
            }


def _of_shape(shape: tuple[int, ...]) -> np.ndarray:
    """Give an array that takes no memory."""
    return np.broadcast_to(np.float32(0), shape)


def _wanted(shapes: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """Choose the entries that may belong to a pair, by their names and shapes."""
    known = {*REQUIRED, *_OPTIONAL, "meta", *names.values()}
    spectra = shapes.get(names.get("X_secondary", "X_secondary"), ())
    return [
        name
        for name, shape in shapes.items()
        if name in known or shape[:1] in ((), tuple(spectra[:1]))
    ]


def _read_hdf5(path: Path, names: Mapping[str, str]) -> dict[str, Any]:
    h5py = need("h5py", f"Reading {path}", "spectransfer[files]")
    try:
        with h5py.File(path, "r") as file:
            entries = {n: v for n, v in file.attrs.items() if np.ndim(v) == 0}
            there = {n: n for n in file if isinstance(file[n], h5py.Dataset)}
            there |= {name: at for name, at in names.items() if at in file}
            sets = {name: file[at] for name, at in there.items()}
            shapes = {name: data.shape or () for name, data in sets.items()}
            wanted = _wanted(shapes, {name: name for name in names})
            refuse_more_than_memory(sum(sets[name].nbytes for name in wanted), path)
            return entries | {
                name: _plain(sets[name]) if name in wanted else _of_shape(shape)
                for name, shape in shapes.items()
            }
    except FileFormatError:
        raise
    except DAMAGE as error:
        raise FileFormatError(
            f"{path} ({path.stat().st_size} bytes) must be an HDF5 file, but reading "
            f"it fails: {error}. It is damaged or cut short; copy or export it again."
        ) from error


def _plain(dataset: Any) -> np.ndarray:
    # HDF5 keeps text as objects of bytes.
    if dataset.dtype.kind == "O":
        return np.asarray(dataset.asstr()[()]).astype(str)
    return dataset[()]


def _entries_of(
    path: Path, primary: Path | None, names: Mapping[str, str]
) -> Mapping[str, Any]:
    with path.open("rb") as file:
        start = file.read(len(_HDF5))
    is_text = path.suffix.lower() in _TEXT
    if is_text != (primary is not None):
        raise ValueError(
            f"Text tables come in pairs, one for each instrument, and other files hold "
            f"both sides, but load_pair was called with {path} and {primary}. Call "
            "load_pair(secondary.csv, primary.csv), or load_pair(both.npz)."
        )
    if primary is not None:
        if names:
            raise ValueError(
                "names are for entries of .npz and HDF5 files, but the files are text "
                "tables. Leave names out."
            )
        return entries_of(path, primary)
    if start == _HDF5 or path.suffix.lower() in (".h5", ".hdf5"):
        return _read_hdf5(path, names)
    entries = _read_npz(path, names)
    return entries | {
        n: entries[there] for n, there in names.items() if there in entries
    }


def load_pair(
    path: str | os.PathLike[str],
    primary: str | os.PathLike[str] | None = None,
    *,
    names: Mapping[str, str] | None = None,
) -> SpectraPair:
    """Load spectra of the same spots, measured on two instruments, from files.

    Parameters
    ----------
    path : str or path-like
        An ``.npz`` or HDF5 file (``.h5``, ``.hdf5``; needs h5py) that holds
        `X_secondary`, `X_primary`, `wavelengths_secondary` and `wavelengths_primary`.
        `sample_id`, `y`, `y_names` and `meta` (a JSON text) are read where they
        exist; any other array with one entry for each spectrum becomes an annotation,
        and a single value goes into `meta`. Or a text table (``.csv``, ``.tsv``,
        ``.txt``) of the secondary instrument, with one spectrum in each row under a
        header of wavelengths; other columns, such as `sample_id`, describe the rows.
    primary : str or path-like, default=None
        Text table of the primary instrument, of the same spots row by row, where
        `path` is a text table. Where both tables have a column `sample_id`, it has
        to agree.
    names : mapping of str to str, default=None
        What the entries are called in a file that has names of its own, such as
        ``{"X_primary": "lab/spectra"}``; a path within the file for HDF5.

    Returns
    -------
    SpectraPair
        The pair, in the precision of the file; text tables give float64.

    Raises
    ------
    FileFormatError
        If a file is damaged, cut short, or does not hold what it should.
    WavelengthError
        If an axis does not increase, or does not fit its spectra.

    See Also
    --------
    save_pair : Writes an ``.npz`` file.

    Examples
    --------
    >>> import os, tempfile
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.io import load_pair, save_pair
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "pair.npz")
    ...     save_pair(make_instrument_pair(20, random_state=0), path)
    ...     load_pair(path)
    SpectraPair(20 spectra, secondary 260 channels 265 to 370 nm, primary 300 channels
    250 to 400 nm)
    """
    path = Path(path)
    second = None if primary is None else Path(primary)
    entries = _entries_of(path, second, names or {})
    return pair_from_entries(
        entries, path if second is None else f"{path} and {second}"
    )


def save_pair(pair: SpectraPair, path: str | os.PathLike[str]) -> None:
    """Save a pair as one compressed ``.npz`` file.

    The file is written beside its destination and renamed when it is complete, so a
    file that was there before is never half overwritten.

    Parameters
    ----------
    pair : SpectraPair
        What to save. Its `meta` must be writable as JSON.
    path : str or path-like
        The file to write, under this very name.

    See Also
    --------
    load_pair : Reads it back.

    Examples
    --------
    >>> import os, tempfile
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.io import save_pair
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_pair(make_instrument_pair(20), os.path.join(folder, "pair.npz"))
    """
    path = Path(path)
    entries: dict[str, Any] = {name: getattr(pair, name) for name in REQUIRED}
    for side, turned in zip(SIDES, pair.descending, strict=True):
        # in the order in which the user has them
        if turned:
            for name in (f"X_{side}", f"wavelengths_{side}"):
                entries[name] = entries[name][..., ::-1]
    for name in _OPTIONAL:
        if getattr(pair, name) is not None:
            entries[name] = np.asarray(getattr(pair, name))
    clash = set(pair.annotations) & {*REQUIRED, *_OPTIONAL, "meta"}
    if clash:
        raise ValueError(
            f"annotations must not be called {', '.join(sorted(clash))}: files of "
            "pairs use these names themselves. Rename them before saving."
        )
    entries |= pair.annotations
    objects = [name for name, array in entries.items() if array.dtype.hasobject]
    if objects:
        raise ValueError(
            f"{', '.join(objects)} must be numbers or text to be saved, but the dtype "
            "is object. Convert it, for example with .astype(str)."
        )
    entries["meta"] = np.asarray(json.dumps(dict(pair.meta) | {_UNITS: pair.units}))
    with written_beside(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **entries)
