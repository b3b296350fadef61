"""A file of arrays and one strict JSON header, with a checksum over both.

It is a safetensors file. Its metadata have two texts: ``spectransfer``, the header, and
``sha256``, in lower-case hexadecimal digits, over

    header + newline
    for each array, sorted by name:
        JSON of [name, dtype, shape] without spaces + newline + its bytes

Header and names are UTF-8; arrays are little-endian and row by row, as safetensors has
them. The sum tells of damage, not of who wrote the file.
"""

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

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
    header = _text({"kind": kind, "version": VERSION, **content})
    described = {name: array.shape for name, array in arrays.items()}
    if len(header) + len(_text(described)) > LONGEST_HEADER // 2:
        raise ValueError(
            f"A file of spectransfer has a header of at most {LONGEST_HEADER // 2} "
            f"bytes, but that of {path} would have {len(header)}. Keep what is this "
            "large with joblib.dump."
        )
    digest = _digest(header, arrays)
    with written_beside(path) as beside:
        save_file(arrays, beside, {"spectransfer": header, "sha256": digest})


def read_container(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a file, after its sizes and its checksum have been looked at.

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
    arrays : dict of str to ndarray
        All arrays, finite, each with memory of its own.

    Raises
    ------
    FileFormatError
        It is damaged, newer, holds something else, or is no such file.
    """
    _refuse_strange_sizes(path)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            for name in file.keys():  # noqa: SIM118 - it is no mapping
                dtype = file.get_slice(name).get_dtype()
                if dtype not in DTYPES:
                    raise _refused(path, f"array {name!r:.80} is of type {dtype}")
            if not {"spectransfer", "sha256"} <= set(metadata):
                raise _refused(path, "it is a safetensors file of something else")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise _refused(path, f"it is no whole safetensors file ({error})") from error
    header = metadata["spectransfer"]
    if _digest(header, arrays) != metadata["sha256"]:
        raise _refused(path, "its checksum is not that of its content")
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise _refused(path, f"array {name!r:.80} holds NaN or inf")
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
        raise _refused(path, f"it holds a {content.get('kind')!r:.40}, no {kind}")
    # bytes of a file may stand anywhere, and some CPUs round by where numbers stand
    return content, {name: np.array(array) for name, array in arrays.items()}


def _refused(path: Path, why: str) -> FileFormatError:
    return FileFormatError(
        f"{path} must be a file that save_transfer wrote, whole and unchanged, but "
        f"{why}. Ask for another copy, and compare its SHA-256 with the sender's.",
        page="shared_libraries",
    )


def _refuse_strange_sizes(path: Path) -> None:
    """Look at the length of the header, before anything takes memory for it."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        first = file.read(8)
    if not stat.S_ISREG(status.st_mode) or len(first) < 8:
        raise _refused(path, "it is too short for one")
    length = int.from_bytes(first, "little")
    if length > min(LONGEST_HEADER, status.st_size - 8):
        raise _refused(
            path,
            f"its header would have {length} bytes, and the file has {status.st_size}",
        )


def _digest(header: str, arrays: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256(header.encode() + b"\n")
    for name in sorted(arrays):
        array = arrays[name]
        told = [name, _NAMES[array.dtype], list(array.shape)]
        digest.update(_text(told).encode() + b"\n")
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


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
