"""Which of the named arrays of a file are spectra, and which is their axis."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spectransfer.exceptions import FileFormatError
from spectransfer.io.formats._parsed import Parsed, refuse
from spectransfer.io.formats._stores import Store, open_store
from spectransfer.io.formats._words import (
    axis_name,
    signal_name,
    unit_of,
    unknown_unit,
)

_SPECTRA = (
    *("x", "spectra", "spectrum", "data", "intensity", "intensities", "counts"),
    *("absorbance", "reflectance", "transmittance"),
)
_UNITS_OF_AXIS = ("axis", "unit", "units", "wavelength_unit", "x_unit")


def read_arrays(path: Path, names: Mapping[str, str]) -> Parsed:
    """Read spectra from a file of named arrays.

    Parameters
    ----------
    path : Path
        An .npz archive, or an HDF5, NeXus or MATLAB file.
    names : mapping of str to str
        What the user says of its entries: "X", "wavelengths", "sample_id".

    Returns
    -------
    Parsed
        Spectra; other arrays with an entry for each spectrum are annotations.

    Raises
    ------
    FileFormatError
        If the file does not show which of its arrays are the spectra or their axis.
    """
    with open_store(path, tuple(names.values())) as store:
        for key, name in names.items():
            if name not in store.shapes:
                refuse(
                    path,
                    f"must hold {name!r}, as names[{key!r}] says",
                    f"it holds {store.listed() or 'no arrays'}",
                    "Give the name as it stands in the file.",
                )
            if name in store.unreadable:
                refuse(
                    path,
                    f"must hold numbers or text in {name!r}",
                    f"{name} {store.unreadable[name]}",
                    "Name another entry.",
                )
        known = store.signals | dict(names)
        spectra = known.get("X") or _only_spectra(store)
        axis = known.get("wavelengths") or _only_axis(store, spectra)
        arrays = store.load(spectra, axis)
        parsed = Parsed(*_oriented(store, arrays[spectra], arrays[axis], spectra, axis))
        parsed.kind = store.kind
        parsed.notes[:0] = [f"spectra from {spectra!r}, axis from {axis!r}"]
        for name in (spectra, axis):
            if name in store.packed:
                applied = ", ".join(store.packed[name])
                parsed.notes.append(f"{applied} of {name!r} applied")
        if arrays[spectra].shape[:1] != parsed.X.shape[:1] and arrays[spectra].ndim > 1:
            parsed.notes.append("spectra were columns")
        _describe(store, parsed, {spectra, axis}, known.get("sample_id"))
        _tell_unit(parsed, store.units.get(axis, ""), axis)
        signal = store.units.get(spectra)
        told = signal or parsed.meta.pop("intensity", None)
        parsed.intensity = told or signal_name(spectra.rpartition("/")[2])[1]
    return parsed


def _tell_unit(parsed: Parsed, told: str, axis: str) -> None:
    """Read the unit of the axis: of its own, of the file, or in its name.

    What the file says of the axis is taken out of what it says of everything.
    """
    name = axis.rpartition("/")[2]
    keys = [key for key in _UNITS_OF_AXIS if key in parsed.meta]
    others = [
        str(parsed.meta[k]) for k in keys if not signal_name(str(parsed.meta[k]))[0]
    ]
    for key in keys:
        if unit_of(str(parsed.meta[key])):
            del parsed.meta[key]
    said = next((text for text in (told, *others) if text), unknown_unit(name))
    parsed.unit = next((u for u in map(unit_of, (told, *others)) if u), None)
    if parsed.unit is None and said:
        parsed.notes.append(f"unit {said!r} of the axis is not known")
    elif parsed.unit is None:
        parsed.unit = axis_name(name)[1]


def meta_of(text: Any, path: object) -> dict[str, Any]:
    """Read what is known of a file from a JSON text.

    Parameters
    ----------
    text : array of one text
        JSON.
    path : object
        The file.

    Returns
    -------
    dict of str to object
        Its entries; under "meta" where it is no object of JSON.

    Raises
    ------
    FileFormatError
        If it is no JSON.
    """
    try:
        meta = json.loads(str(np.asarray(text)[()]))
    except (ValueError, LookupError, RecursionError) as error:
        raise FileFormatError(
            f"In {path}: meta must be a JSON text, but reading it fails: {error}."
        ) from error
    return meta if isinstance(meta, dict) else {"meta": meta}


def _last(name: str) -> str:
    return name.replace(".", "/").rpartition("/")[2].lower()


def _size(shape: tuple[int, ...]) -> int | None:
    """Count the entries of a row or a column; None for what is a table."""
    long = [n for n in shape if n != 1]
    return long[0] if len(long) == 1 else None


def _only_spectra(store: Store) -> str:
    if {"X_primary", "X_secondary"} <= set(store.shapes):
        refuse(
            store.path,
            "must hold the spectra of one instrument",
            "it holds both sides of a pair",
            "Call load_pair, or choose a side with "
            'names={"X": "X_primary", "wavelengths": "wavelengths_primary"}.',
        )
    tables = [
        name
        for name, shape in store.shapes.items()
        if name in store.numeric and len(shape) == 2
        if _last(name) in _SPECTRA or not axis_name(_last(name))[0]
    ]
    wide = [n for n in tables if min(store.shapes[n]) > 1]
    tables = wide or tables
    named = [n for n in tables if _last(n) in _SPECTRA]
    if len(named) != 1 and len(tables) != 1:
        rows = [
            n
            for n in store.shapes
            if n in store.numeric and _last(n) in _SPECTRA and len(store.shapes[n]) == 1
        ]
        if len(rows) == 1 and not tables:
            return rows[0]
        refuse(
            store.path,
            "must show which of its arrays are the spectra",
            f"it holds {store.listed() or 'no arrays'}",
            'Choose, for example with names={"X": ..., "wavelengths": ...}.',
        )
    return (named if len(named) == 1 else tables)[0]


def _only_axis(store: Store, spectra: str) -> str:
    """Find the one array that is called an axis and is as long as a side of spectra."""
    shape = store.shapes[spectra]
    called = [
        name
        for name in store.shapes
        if name in store.numeric and name != spectra
        if axis_name(_last(name))[0] or axis_name(_last(name)[:-1])[0]
    ]
    named = [name for name in called if _size(store.shapes[name]) in shape]
    if not named and 1 in shape:  # of one channel
        named = [n for n in called if set(store.shapes[n]) == {1}]
    if len(named) == 1:
        return named[0]
    refuse(
        store.path,
        f"must show which of its arrays is the axis of {spectra!r} {shape}",
        f"it holds {store.listed()}, of which "
        + (f"{', '.join(named)} may be" if named else "none is called one"),
        'Choose, for example with names={"X": ..., "wavelengths": ...}; spectra over '
        "pixels need an array that counts them.",
    )


def _oriented(
    store: Store, X: np.ndarray, axis: np.ndarray, spectra: str, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Bring spectra into rows: the axis shows which way they lie."""
    flat = axis.ravel() if _size(axis.shape) is not None or axis.size == 1 else axis
    table = X[np.newaxis] if X.ndim == 1 else X
    fits = table.ndim == 2 and flat.ndim == 1 and len(flat) in table.shape
    if not fits or flat.dtype.kind not in "fiu" or table.dtype.kind not in "fiu":
        refuse(
            store.path,
            f"must hold {spectra!r}, a table of numbers, over the axis {name!r}",
            f"their shapes are {X.shape} and {axis.shape}, their types {X.dtype} and "
            f"{axis.dtype}",
            'Choose other arrays, with names={"X": ..., "wavelengths": ...}.',
        )
    if table.shape[1] != len(flat):
        table = np.ascontiguousarray(table.T)
    return table, flat


def _describe(store: Store, parsed: Parsed, used: set[str], ids: str | None) -> None:
    """Read what has one entry for each spectrum, and single values."""
    n = len(parsed.X)
    parsed.meta.update(store.attributes)
    left_out = []
    for name, shape in store.shapes.items():
        if name in used:
            continue
        if name in store.unreadable and name != ids and _last(name) != "sample_id":
            left_out.append(f"{name}, which {store.unreadable[name]}")
            continue
        is_row = (shape[:1] == (n,) or _size(shape) == n) and name != "meta"
        if name == ids or (is_row and len(shape) <= 2):
            value = store.load(name)[name]
            value = value.ravel() if _size(value.shape) == n else value
            if name == ids or (ids is None and _last(name) == "sample_id"):
                parsed.sample_id = value
                parsed.notes.append(f"sample ids from {name!r}")
            else:
                parsed.annotations[name] = value
        elif name == "meta" and shape == ():
            parsed.meta.update(meta_of(store.load(name)[name], store.path))
        elif shape == () or (shape == (1,) and name not in store.numeric):
            parsed.meta[name] = store.load(name)[name].reshape(-1)[0].item()
        else:
            left_out.append(f"{name} {shape}")
    if parsed.annotations:
        parsed.notes.append(f"annotations {', '.join(map(repr, parsed.annotations))}")
    if left_out:
        parsed.notes.append(f"left out: {', '.join(left_out[:8])}")
