"""A file of arrays and one strict JSON header, with a checksum of each.

It is a safetensors file. Its metadata have one text, ``spectransfer``: the SHA-256 of
the header in UTF-8 (lower-case hexadecimal digits), a newline, the header. The header
has ``arrays``: for each array its dtype, its shape and the SHA-256 of its bytes, which
are little-endian and row by row, as safetensors has them. So the header is checked when
a file is opened, and an array when it is asked for: a large one may wait for that.
What is written twice has the same bytes.

The sums tell of damage, not of who wrote the file.
"""

import hashlib
import json
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from spectransfer._files import written_beside
from spectransfer.exceptions import FileFormatError

VERSION = 1
LONGEST_HEADER = 2**24
"""Bytes that the headers of a file may have: 16 MiB."""

DTYPES = {
    "BOOL": np.bool_, "F16": np.float16, "F32": np.float32, "F64": np.float64,
    "I8": np.int8, "I16": np.int16, "I32": np.int32, "I64": np.int64,
    "U8": np.uint8, "U16": np.uint16, "U32": np.uint32, "U64": np.uint64,
}  # fmt: skip
_NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


def write_container(
    path: Path, kind: str, content: dict[str, Any], arrays: dict[str, np.ndarray]
) -> None:
    """Write header and arrays; the file is whole, or the older one stays.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        What it holds, such as "transfer".
    content : dict
        All that is no array: texts, finite numbers, None, lists and dicts of them.
    arrays : dict of str to ndarray
        In row order, of `DTYPES`.

    Raises
    ------
    ValueError
        The header is longer than a reader would take.
    """
    described = {
        name: [_NAMES[array.dtype], list(array.shape), _digest(array)]
        for name, array in arrays.items()
    }
    start = {"kind": kind, "version": VERSION}
    header = _text(start | content | {"arrays": described})
    if len(header) > LONGEST_HEADER // 2:
        raise ValueError(
            f"A file of spectransfer has a header of at most {LONGEST_HEADER // 2} "
            f"bytes, but that of {path} would have {len(header)}. Keep what is this "
            "large with joblib.dump."
        )
    metadata = {"spectransfer": f"{_sum_of(header)}\n{header}"}
    # save_file has a temporary file of its own, which a killed process leaves
    made = save(arrays, metadata)
    with written_beside(path) as beside, beside.open("wb") as file:
        file.write(made)


class StoredArrays(Mapping[str, np.ndarray]):
    """The arrays of a file, memory-mapped, each checked when it is first asked for.

    Parameters
    ----------
    path : Path
        The file.
    described : mapping of str to (str, tuple of int, int, str)
        dtype, shape, place in the file and checksum of each.
    """

    def __init__(
        self, path: Path, described: Mapping[str, tuple[str, tuple[int, ...], int, str]]
    ) -> None:
        self._path, self._described = path, described
        self._checked: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._checked:
            dtype, shape, start, digest = self._described[name]
            array: np.ndarray = np.empty(shape, DTYPES[dtype])
            if array.size:
                size = (array.size,)
                flat = np.memmap(self._path, DTYPES[dtype], "r", start, size)
                array = flat.reshape(shape)
            if _digest(array) != digest:
                raise _refused(self._path, f"the checksum of {name!r:.80} is wrong")
            if not is_finite(array):
                raise _refused(self._path, f"array {name!r:.80} holds NaN or inf")
            self._checked[name] = array
        return self._checked[name]

    def __contains__(self, name: object) -> bool:
        return name in self._described  # without looking at the array

    def __iter__(self) -> Iterator[str]:
        return iter(self._described)

    def __len__(self) -> int:
        return len(self._described)

    def shape(self, name: str) -> tuple[int, ...]:
        """Give the shape of an array, without looking at it."""
        return self._described[name][1]

    def dtype(self, name: str) -> np.dtype[Any]:
        """Give the dtype of an array, without looking at it."""
        return np.dtype(DTYPES[self._described[name][0]])

    def in_memory(self, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
        """Give copies of some arrays, or of all.

        Bytes of a file may stand anywhere, and some CPUs round by where numbers stand.
        """
        return {
            name: np.array(self[name]) for name in (self if names is None else names)
        }


def is_finite(array: np.ndarray) -> bool:
    """Tell whether an array is free of NaN and inf, block by block."""
    if array.dtype.kind != "f" or array.size == 0:
        return True
    flat = array.reshape(-1)
    return all(
        np.isfinite(flat[start : start + 2**20]).all()
        for start in range(0, len(flat), 2**20)
    )


def read_container(path: Path, kind: str) -> tuple[dict[str, Any], StoredArrays]:
    """Open a file, after its sizes and the checksum of its header have been looked at.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        What it is to hold.

    Returns
    -------
    content : dict
        The header.
    arrays : StoredArrays
        All arrays, finite, each checked when it is first asked for.

    Raises
    ------
    FileFormatError
        It is damaged, newer, holds something else, or is no such file.
    """
    _refuse_strange_sizes(path)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise _refused(path, f"it is no whole safetensors file ({error})") from error
    if "spectransfer" not in metadata:
        raise _refused(path, "it is a safetensors file of something else")
    digest, _, header = metadata["spectransfer"].partition("\n")
    if _sum_of(header) != digest:
        raise _refused(path, "the checksum of its header is wrong")
    content = _parsed(path, header)
    if content.get("version") != VERSION:
        found = content.get("version")
        raise FileFormatError(
            f"{path} must be of version {VERSION}, the one that this spectransfer "
            f"reads, but it is of version {found!r:.40}. Install the spectransfer that "
            f"wrote it, or a newer one.",
            page="shared_libraries",
        )
    if content.get("kind") != kind:
        raise FileFormatError(
            f"{path} must hold a {kind}, but it holds a {content.get('kind')!r:.40}. "
            "Libraries are read by open_library, transfers by load_transfer.",
            page="shared_libraries",
        )
    return content, _stored(path, content.pop("arrays", None))


def _stored(path: Path, told: Any) -> StoredArrays:
    """Compare what the header says of arrays with what safetensors has."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        tensors = _parsed(path, file.read(length).decode())
    tensors.pop("__metadata__", None)
    if not isinstance(told, dict) or told.keys() != tensors.keys():
        raise _refused(path, "its header tells of other arrays than it has")
    described = {}
    for name, tensor in tensors.items():
        kind, shape, places = tensor["dtype"], tensor["shape"], tensor["data_offsets"]
        if kind not in DTYPES:
            raise _refused(path, f"array {name!r:.80} is of type {kind}")
        if not isinstance(told[name], list) or told[name][:-1] != [kind, shape]:
            raise _refused(path, f"array {name!r:.80} is another than its header says")
        start = 8 + length + places[0]
        described[name] = (kind, tuple(shape), start, told[name][-1])
    return StoredArrays(path, described)


def _refused(path: Path, why: str) -> FileFormatError:
    return FileFormatError(
        f"{path} must be a file of spectransfer, whole and unchanged, but {why}. Ask "
        "for another copy, and compare its SHA-256 with the sender's.",
        page="shared_libraries",
    )


def _refuse_strange_sizes(path: Path) -> None:
    """Look at the length of the header, before anything takes memory for it."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise _refused(path, "it is no file at all")  # a pipe would be waited for
    with path.open("rb") as file:
        first = file.read(8)
    if len(first) < 8:
        raise _refused(path, "it is too short for one")
    length = int.from_bytes(first, "little")
    if length > min(LONGEST_HEADER, status.st_size - 8):
        raise _refused(path, "it does not begin with the length of a header")


def sha256_of(path: Path) -> str:
    """Give the SHA-256 of a whole file, as its publishers print it.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        Lower-case hexadecimal digits.
    """
    if not path.is_file():
        path.stat()  # says that it is not there
        raise _refused(path, "it is no file at all")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(array: np.ndarray) -> str:
    """Give the SHA-256 of the bytes of an array."""
    # an array without numbers cannot be seen as bytes
    flat = np.ascontiguousarray(array).reshape(-1)
    return hashlib.sha256(flat.view(np.uint8).data if flat.size else b"").hexdigest()


def _sum_of(header: str) -> str:
    return hashlib.sha256(header.encode()).hexdigest()


def _text(content: Any) -> str:
    return json.dumps(
        content, allow_nan=False, ensure_ascii=False, separators=(",", ":")
    )


def _parsed(path: Path, header: str) -> dict[str, Any]:
    """Read strict JSON: no name twice, no NaN, no depth that a reader falls into."""
    try:
        content = json.loads(
            header, parse_constant=_no_constant, object_pairs_hook=_once
        )
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"its header is no strict JSON ({error})") from error
    if not isinstance(content, dict):
        raise _refused(path, "its header is no JSON object")
    return content


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a name stands there twice")
    return content
