"""Files of named arrays: .npz, HDF5 and MATLAB, looked at before anything is read.

A `Store` knows names, shapes and sizes, and reads one array at a time. MATLAB's own
format (to version 7) is read by scipy; its version 7.3 is HDF5 with axes in the other
order.
"""

import math
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spectransfer._imports import need
from spectransfer._reading import DAMAGE, read_npy_header, refuse_more_than_memory
from spectransfer.exceptions import FileFormatError
from spectransfer.io.formats._matlab import check_matlab
from spectransfer.io.formats._packing import odd, packing, unpacked
from spectransfer.io.formats._parsed import refuse

HDF5 = b"\x89HDF\r\n\x1a\n"
MATLAB5 = b"MATLAB 5.0 MAT-file"
MATLAB73 = b"MATLAB 7.3 MAT-file"
_HDF5_NAMES = (".h5", ".hdf5", ".hdf", ".nxs", ".nx")
_UNPACKED = 1 << 34


@dataclass
class Store:
    """What a file holds, by name.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        What it is, in words.
    shapes : dict of str to tuple of int
        Shapes of its arrays.
    n_bytes : dict of str to int
        Sizes of its arrays.
    load_one : callable
        Reads the array of a name.
    numeric : frozenset of str, default=frozenset()
        Names of arrays of real numbers.
    attributes : dict, default={}
        Single values beside the arrays.
    units : dict of str to str, default={}
        Units of arrays, where the file tells.
    signals : dict of str to str, default={}
        For a NeXus file, what its groups call signal, and its axis.
    unreadable : dict of str to str, default={}
        Why entries that are no arrays of numbers or text cannot be read.
    packed : dict of str to list of str, default={}
        Attributes that say how numbers are packed; `load` has unpacked them.
    """

    path: Path
    kind: str
    shapes: dict[str, tuple[int, ...]]
    n_bytes: dict[str, int]
    load_one: Callable[[str], np.ndarray]
    numeric: frozenset[str] = frozenset()
    attributes: dict[str, Any] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    signals: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    packed: dict[str, list[str]] = field(default_factory=dict)

    def load(self, *names: str) -> dict[str, np.ndarray]:
        """Read arrays, after asking whether memory can hold them."""
        refuse_more_than_memory(sum(self.n_bytes[name] for name in names), self.path)
        return {name: self.load_one(name) for name in names}

    def listed(self) -> str:
        """Name what is there, with shapes."""
        told = [f"{name} {shape}" for name, shape in self.shapes.items() if shape]
        return ", ".join(told[:12]) + (", ..." if len(told) > 12 else "")


def is_store(start: bytes) -> bool:
    """Tell whether a file holds named arrays, by its first bytes.

    Parameters
    ----------
    start : bytes
        The first 32 of them, or more.

    Returns
    -------
    bool
        Whether `open_store` is for it.
    """
    marks = (HDF5, MATLAB5, MATLAB73, b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY")
    return start.startswith(marks)


@contextmanager
def open_store(path: Path, also: tuple[str, ...] = ()) -> Iterator[Store]:
    """Open a file of named arrays; whatever is wrong with it is told with its name.

    Parameters
    ----------
    path : Path
        File.
    also : tuple of str, default=()
        Paths within the file that are wanted, for HDF5.

    Yields
    ------
    Store
        Its content.

    Raises
    ------
    FileFormatError
        If it is damaged, or none of these formats.
    """
    with path.open("rb") as file:
        start = file.read(32)
    kind, opened = "an .npz archive of plain arrays", _npz
    if start.startswith(MATLAB5):
        kind, opened = "a MATLAB file", _matlab
    elif start.startswith((HDF5, MATLAB73)) or (
        not is_store(start) and path.suffix.lower() in _HDF5_NAMES
    ):
        kind, opened = "an HDF5 file", _hdf5
    try:
        with opened(path, also) as store:
            yield store
    except (FileFormatError, ImportError):
        raise
    except (*DAMAGE, NotImplementedError) as error:
        size = path.stat().st_size
        raise FileFormatError(
            f"{path} ({size} bytes) must be {kind}, but reading it fails: {error}. "
            "It is damaged, cut short, of another format, or holds Python objects; "
            "copy or export it again."
        ) from error


@contextmanager
def _npz(path: Path, also: tuple[str, ...]) -> Iterator[Store]:
    with path.open("rb") as file:
        if file.read(6) == np.lib.format.MAGIC_PREFIX:
            file.seek(0)
            shape = read_npy_header(file)[0]
            raise FileFormatError(
                f"{path} must be an archive of several arrays (.npz), but it is a "
                f"single array (.npy) of shape {shape}. Write spectra and axis into "
                "one file, with np.savez or spectransfer.io.save_pair."
            )
    with zipfile.ZipFile(path) as archive:
        shapes, n_bytes, numeric = {}, {}, []
        members = {m.filename.removesuffix(".npy"): m for m in archive.infolist()}
        for name, member in members.items():
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
            if dtype.kind in "fiu":
                numeric.append(name)

        def load(name: str) -> np.ndarray:
            with archive.open(members[name]) as entry:
                array = np.lib.format.read_array(entry, allow_pickle=False)
                entry.read()  # to its end, where its checksum is compared
                return array

        yield Store(path, "npz archive", shapes, n_bytes, load, frozenset(numeric))


@contextmanager
def _hdf5(path: Path, also: tuple[str, ...]) -> Iterator[Store]:
    h5py = need("h5py", f"Reading {path}", "spectransfer[files]")
    with path.open("rb") as file:
        is_matlab = file.read(len(MATLAB73)) == MATLAB73
    with h5py.File(path, "r") as file:
        sets: dict[str, Any] = {}

        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and not name.startswith("#"):
                sets[name] = item

        file.visititems(visit)
        for name in also:  # links are not visited
            if isinstance(file.get(name), h5py.Dataset):
                sets.setdefault(name, file[name])
        units = {n: _word(s.attrs.get("units")) for n, s in sets.items()}
        store = Store(
            path,
            "MATLAB 7.3 file" if is_matlab else "HDF5 file",
            {n: (s.shape or ())[:: -1 if is_matlab else 1] for n, s in sets.items()},
            {n: s.nbytes for n, s in sets.items()},
            lambda name: _plain(h5py, sets[name], name, is_matlab),
            frozenset(n for n, s in sets.items() if s.dtype.kind in "fiu"),
            _attributes(file),
            {name: unit for name, unit in units.items() if unit},
            unreadable={n: why for n, s in sets.items() if (why := odd(h5py, s))},
            packed={n: found for n, s in sets.items() if (found := packing(s))},
        )
        if not is_matlab:
            store.signals = _nexus_signals(h5py, file)
            store.kind = "NeXus file" if store.signals else store.kind
        yield store


def _word(value: Any) -> str | None:
    """Read text of an attribute, in bytes of any encoding or not."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(())[()]
    if isinstance(value, bytes):
        return decoded(value)
    return str(value) if isinstance(value, str) else None


def decoded(value: bytes) -> str:
    """Decode bytes as UTF-8, or else as Windows-1252."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("cp1252", errors="replace")


def _attributes(file: Any) -> dict[str, Any]:
    """Give the attributes of a file that are single words or numbers."""
    found: dict[str, Any] = {}
    for name in file.attrs:
        try:
            value = file.attrs[name]
        except (OSError, TypeError, ValueError):  # of a type that h5py does not know
            continue
        word = _word(value)
        if word is not None:
            found[name] = word
        elif np.ndim(value) == 0 and np.asarray(value).dtype.kind in "fiub":
            found[name] = np.asarray(value).item()
    return found


def _plain(h5py: Any, dataset: Any, name: str, is_matlab: bool) -> np.ndarray:
    """Read a dataset of numbers or text; refuse what is neither."""
    if why := odd(h5py, dataset):
        raise ValueError(f"{name} {why}")
    value = unpacked(dataset, np.asarray(dataset[()]), name)
    if value.dtype.kind == "O":
        texts = [v if isinstance(v, str) else decoded(v) for v in value.ravel()]
        value = np.array(texts, dtype=str).reshape(value.shape)
    value = text_of_bytes(value)
    if is_matlab:
        value = value.T
        if dataset.attrs.get("MATLAB_class") == b"char":
            rows = ["".join(map(chr, row)).rstrip(" \0") for row in value.astype(int)]
            value = np.array(rows)
    return value


def text_of_bytes(value: np.ndarray) -> np.ndarray:
    """Make text of an array of bytes; other arrays stay as they are."""
    if value.dtype.kind != "S":
        return value
    return np.array([decoded(v) for v in value.ravel()], dtype=str).reshape(value.shape)


def _nexus_signals(h5py: Any, file: Any) -> dict[str, str]:
    """Find the data of a NeXus file: which dataset is plotted over which.

    The standard names them by attributes: `default` leads from the root to a group of
    class NXdata, whose `signal` and `axes` are names of datasets.
    """
    groups = []

    def visit(name: str, item: Any) -> None:
        if (
            isinstance(item, h5py.Group)
            and _word(item.attrs.get("NX_class")) == "NXdata"
        ):
            groups.append(item)

    file.visititems(visit)
    at: Any = file
    while isinstance(at, h5py.Group) and (_word(at.attrs.get("default")) or "") in at:
        at = at[_word(at.attrs["default"])]
        if at in groups:
            groups = [at]
            break
    if len(groups) != 1:
        return {}
    group = groups[0]
    signal, axes = _word(group.attrs.get("signal")), group.attrs.get("axes")
    axis = _word(axes) or (_word(np.ravel(axes)[-1]) if np.size(axes) > 1 else None)
    if signal is None or axis is None or signal not in group or axis not in group:
        return {}
    prefix = group.name.strip("/")
    return {
        "X": f"{prefix}/{signal}".strip("/"),
        "wavelengths": f"{prefix}/{axis}".strip("/"),
    }


@contextmanager
def _matlab(path: Path, also: tuple[str, ...]) -> Iterator[Store]:
    from scipy.io import loadmat

    refuse_more_than_memory(path.stat().st_size, path)
    check_matlab(path.read_bytes(), _UNPACKED)
    content = loadmat(path, mat_dtype=False, chars_as_strings=True)
    arrays: dict[str, np.ndarray] = {}
    _flatten(content, "", arrays)
    readable = {name: a for name, a in arrays.items() if not a.dtype.hasobject}
    if not readable:
        refuse(
            path,
            "must hold arrays",
            f"its variables are {', '.join(arrays) or 'none'}, which are none",
            "Save spectra and axis as matrices.",
        )
    yield Store(
        path,
        "MATLAB file",
        {name: a.shape for name, a in readable.items()},
        {name: a.nbytes for name, a in readable.items()},
        lambda name: readable[name],
        frozenset(n for n, a in readable.items() if a.dtype.kind in "fiu"),
    )


def _flatten(content: Any, prefix: str, arrays: dict[str, np.ndarray]) -> None:
    """List variables, and the fields of structures as "structure.field"."""
    for name, value in content.items():
        if name.startswith("__") or not isinstance(value, np.ndarray):
            continue
        if value.dtype.names and value.size == 1:
            fields = {n: value.reshape(-1)[0][n] for n in value.dtype.names}
            _flatten(fields, f"{prefix}{name}.", arrays)
        elif value.dtype.kind == "O" and value.size:
            cells = [np.squeeze(cell) for cell in value.ravel()]
            if all(cell.dtype.kind == "U" and cell.ndim == 0 for cell in cells):
                arrays[prefix + name] = np.array([str(cell) for cell in cells])
            else:
                arrays[prefix + name] = value
        elif value.dtype.kind == "U":  # rows of a char matrix are filled up
            arrays[prefix + name] = np.char.rstrip(value)
        else:
            arrays[prefix + name] = value
