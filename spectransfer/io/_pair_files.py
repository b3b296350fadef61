"""Paired spectra in files: reading, checking, writing.

An .npz, HDF5 or MATLAB file holds `X_secondary`, `X_primary`, `wavelengths_secondary`
and `wavelengths_primary`; it may hold `sample_id`, `y` with `y_names`, any further
array with one entry for each spectrum, and `meta`, a JSON text. All other files come
in pairs, one for each instrument.
"""

import json
import os
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spectransfer._axis import find_unit
from spectransfer._files import written_beside
from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.io._pairing import AVERAGES, keys_of, paired
from spectransfer.io._read import read_spectra
from spectransfer.io.formats import (
    Store,
    decoded,
    is_store,
    meta_of,
    open_store,
    text_of_bytes,
)
from spectransfer.spectra import SIDES, Spectra, SpectraPair

REQUIRED = ("X_secondary", "X_primary", "wavelengths_secondary", "wavelengths_primary")
_UNITS = "axis_units"  # entry of meta, while it is in a file
_ANNOTATIONS = "annotations/"  # before those that are called as an entry of a pair
_OPTIONAL = ("sample_id", "y", "y_names")
_EACH_SIDE = (
    "Read each side by itself, and they are paired by sample: "
    'load_pair(read_spectra(path, names={"X": ..., "wavelengths": ..., '
    '"sample_id": ...}), read_spectra(...)), with average= for replicates'
)
_STORES = (".npz", ".npy", ".h5", ".hdf5", ".hdf", ".nxs", ".mat")

File = str | os.PathLike[str]


def pair_from_entries(
    entries: Mapping[str, Any],
    path: object,
    units: tuple[str | None, str | None] = (None, None),
) -> SpectraPair:
    """Build a pair from what a file holds; every complaint names the file."""
    missing = [name for name in REQUIRED if name not in entries]
    if missing:
        raise FileFormatError(
            f"{path} must hold {', '.join(REQUIRED)}, but {', '.join(missing)} "
            f"cannot be found among its entries: {', '.join(sorted(entries)) or None}. "
            "Write it with spectransfer.io.save_pair, or rename its entries."
        )
    known = {name: entries[name] for name in (*REQUIRED, *_OPTIONAL) if name in entries}
    for name in known:
        if name.startswith("wavelengths") or name in ("sample_id", "y_names"):
            known[name] = _flat(known[name])
    meta = meta_of(entries["meta"], path) if "meta" in entries else {}
    annotations = {}
    for name in set(entries) - set(known) - {"meta"}:
        value = np.asarray(entries[name])
        if value.ndim:
            annotations[name.removeprefix(_ANNOTATIONS)] = value
        else:
            meta[name] = value.item()
    both = {f"sample_id_{side}" for side in SIDES}
    if both <= annotations.keys():
        keys = [keys_of(annotations[f"sample_id_{side}"]) for side in SIDES]
        if keys[0] != keys[1]:
            raise FileFormatError(
                f"The rows of {path} must pair, but its two sides have samples in "
                f"another order. {_EACH_SIDE}."
            )
    try:
        units = meta.pop(_UNITS, units)
        told = find_unit(meta.get("unit"))
        if told is not None:  # no intensity has the unit of an axis
            units = units[0] or told, units[1] or told
            del meta["unit"]
        if f"{_UNITS}/meta" in meta:
            meta[_UNITS] = meta.pop(f"{_UNITS}/meta")
        return SpectraPair(**known, annotations=annotations, meta=meta, units=units)
    except WavelengthError as error:
        raise WavelengthError(f"In {path}: {error}") from error
    except (TypeError, ValueError) as error:
        sizes = [len(np.atleast_1d(entries[name])) for name in REQUIRED[:2]]
        way = f" {_EACH_SIDE}." if sizes[0] != sizes[1] else ""
        raise FileFormatError(f"In {path}: {error}{way}") from error


def _flat(value: Any) -> np.ndarray:
    """Make one row of what MATLAB keeps as a row or a column of a matrix."""
    array = np.asarray(value)
    return array.ravel() if array.ndim == 2 and 1 in array.shape else array


def _of_shape(shape: tuple[int, ...]) -> np.ndarray:
    """Give an array that takes no memory."""
    return np.broadcast_to(np.float32(0), shape)


def _read_store(
    path: Path, names: Mapping[str, str]
) -> tuple[dict[str, Any], tuple[str | None, str | None]]:
    """Read the entries that may belong to a pair; the others are told of, not read."""
    alone = [f"sample_id_{side}" for side in SIDES]
    if any(name in names for name in alone):
        raise ValueError(
            "names must say what the entries of a pair are called, and sample_id is "
            f"one of both sides, but it has {' and '.join(alone)}. {_EACH_SIDE}."
        )
    with open_store(path, tuple(names.values())) as store:
        for ours, name in names.items():
            if name not in store.shapes and name not in store.attributes:
                raise FileFormatError(
                    f"{path} must hold {name!r}, as names[{ours!r}] says, but it holds "
                    f"{store.listed() or 'no arrays'}. Give the name as it stands in "
                    "the file."
                )
        there = {name: name for name in store.shapes if name not in names.values()}
        there |= {ours: name for ours, name in names.items() if name in store.shapes}
        top = {
            ours: name for ours, name in there.items() if _belongs(ours, name, store)
        }
        spectra = store.shapes.get(there.get("X_secondary", ""), ())
        wanted = {
            ours: name
            for ours, name in top.items()
            if ours in (*REQUIRED, *_OPTIONAL, "meta")
            or ours in names
            or store.shapes[name][:1] in ((), spectra[:1])
        }
        arrays = store.load(*wanted.values())
        entries = store.attributes | {
            ours: arrays[name] if ours in wanted else _of_shape(store.shapes[name])
            for ours, name in top.items()
        }
        axes = (top.get(f"wavelengths_{side}", "") for side in SIDES)
        secondary, primary = (
            find_unit(store.units.get(name)) or find_unit(name.rpartition("/")[2])
            for name in axes
        )
        return entries, (secondary, primary)


def _belongs(ours: str, name: str, store: Store) -> bool:
    """Tell whether an entry was named, or stands at the top of a file of groups."""
    return ours != name or "/" not in name or store.kind == "npz archive"


def _read_both(path: Path, names: Mapping[str, str]) -> SpectraPair:
    """Read a file that holds both sides."""
    with path.open("rb") as file:
        start = file.read(32)
    if not is_store(start) and path.suffix.lower() not in _STORES:
        raise ValueError(
            f"Only files of named arrays (.npz, HDF5, MATLAB) hold both sides of a "
            f"pair; other files come in pairs, one for each instrument, but load_pair "
            f"was called with {path} alone. Call load_pair(secondary.csv, "
            "primary.csv), or load_pair(pair.npz)."
        )
    entries, units = _read_store(path, names)
    return pair_from_entries(entries, path, units)


def load_pair(
    path: File | Spectra,
    primary: File | Spectra | None = None,
    *,
    names: Mapping[str, str] | None = None,
    average: str | None = None,
    verbose: bool | int = False,
) -> SpectraPair:
    """Load spectra of the same spots, measured on two instruments, from files.

    Parameters
    ----------
    path : str, path-like or Spectra
        A file that holds both sides: ``.npz``, HDF5 (needs h5py) or MATLAB, with
        `X_secondary`, `X_primary`, `wavelengths_secondary` and `wavelengths_primary`.
        `sample_id`, `y`, `y_names` and `meta` (a JSON text) are read where they
        exist; any other array with one entry for each spectrum becomes an annotation,
        and a single value goes into `meta`. Or, with `primary`, the spectra of the
        secondary instrument: whatever `read_spectra` reads, a folder too, or what it
        has read.
    primary : str, path-like or Spectra, default=None
        Spectra of the primary instrument. Where both sides have sample ids, they are
        paired by them, in any order; otherwise row by row.
    names : mapping of str to str, default=None
        What the entries of a file, or the columns of two, are called, such as
        ``{"X_primary": "lab/spectra"}`` for one file, and ``{"sample_id": "Probe",
        "y": "protein"}`` for two, where `y` may be a column of either.
    average : {None, "secondary", "primary", "both"}, default=None
        Sides whose spectra of the same sample are averaged before pairing. Where one
        side has one spectrum of each sample, every replicate of the other finds it.
    verbose : bool or int, default=False
        Whether to print what was understood of two files.

    Returns
    -------
    SpectraPair
        The pair, in the precision of the file; text gives float64.

    Raises
    ------
    FileFormatError
        If a file is damaged, cut short, or does not hold what it should.
    WavelengthError
        If an axis does not increase, or does not fit its spectra.

    Warns
    -----
    SpectransferWarning
        If samples that only one side has are left out.

    See Also
    --------
    read_spectra : Reads one side.
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
    names = dict(names or {})
    if primary is None:
        if isinstance(path, Spectra) or average is not None:
            raise ValueError(
                "load_pair must be given both sides to pair and to average them, but "
                "primary is None. Call load_pair(secondary, primary)."
            )
        return _read_both(Path(path), names)
    for name, data in (("path", path), ("primary", primary)):
        if not isinstance(data, str | os.PathLike | Spectra):
            raise TypeError(
                f"{name} must be a path, or what read_spectra has read, but it is a "
                f"{type(data).__name__}. Make SpectraPair(X_secondary, X_primary, ...) "
                "of arrays."
            )
    y = names.pop("y", None)
    given = {"secondary": path, "primary": primary}
    sides = {
        side: data
        if isinstance(data, Spectra)
        else read_spectra(data, names=names, verbose=verbose)
        for side, data in given.items()
    }
    told = {
        side: f"the {side} spectra" if isinstance(data, Spectra) else str(data)
        for side, data in given.items()
    }
    try:
        pair, notes = paired(sides, told, average, y)
    except FileFormatError:
        raise
    except ValueError as error:
        if isinstance(error, WavelengthError) or average not in AVERAGES:
            raise
        both = f"{told['secondary']} and {told['primary']}"
        raise FileFormatError(f"In {both}: {error}") from error
    if verbose:
        sys.stdout.write("\n  ".join([repr(pair), *notes]) + "\n")
    return pair


def _writable(name: str, values: Any) -> np.ndarray:
    """Give numbers or text; refuse objects that are neither."""
    array = np.asarray(values)
    if array.dtype.kind == "O" and all(isinstance(v, str) for v in array.ravel()):
        array = array.astype(str)
    if array.dtype.hasobject or array.dtype.kind == "T":
        if array.dtype.kind == "T":
            return array.astype(str)
        raise ValueError(
            f"{name} must be numbers or text to be saved, but the dtype is object. "
            "Convert it, for example with .astype(str)."
        )
    return array


def _entry_of(name: str) -> str:
    """Name the entry of an annotation, apart from those that a pair itself has."""
    taken = name in (*REQUIRED, *_OPTIONAL, "meta") or name.startswith(_ANNOTATIONS)
    return _ANNOTATIONS + name if taken else name


def _meta_in_json(pair: SpectraPair) -> str:
    """Write what is known of a pair, and the units of its axes."""
    meta = dict(pair.meta)
    if _UNITS in meta:  # the user's own word stays apart from ours
        meta[_UNITS + "/meta"] = meta[_UNITS]
    try:
        return json.dumps(meta | {_UNITS: pair.units}, default=_plain)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"meta must hold texts, numbers and lists of them to be saved, but {error}."
            " Convert what is none, or leave it out."
        ) from error


def _plain(value: Any) -> Any:
    """Give what numpy and bytes hold as JSON can hold it."""
    if isinstance(value, bytes):
        return decoded(value)
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "SUbfiu":
        return text_of_bytes(np.asarray(value)).tolist()
    raise TypeError(f"{value!r} is a {type(value).__name__}")


def save_pair(pair: SpectraPair, path: str | os.PathLike[str]) -> None:
    """Save a pair as one compressed ``.npz`` file.

    The file is written beside its destination and renamed when it is complete, so a
    file that was there before is never half overwritten.

    Parameters
    ----------
    pair : SpectraPair
        What to save. Its `meta` must hold texts, numbers and lists of them.
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
    entries |= {_entry_of(name): values for name, values in pair.annotations.items()}
    arrays = {name: _writable(name, values) for name, values in entries.items()}
    arrays["meta"] = np.asarray(_meta_in_json(pair))
    with (
        written_beside(path) as beside,
        zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        # np.savez takes some names for its own parameters
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
