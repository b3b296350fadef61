"""Reading files that may be damaged, or made to mislead.

Sizes are compared with what is there before memory is asked for, and whatever goes
wrong in foreign bytes is a `FileFormatError`.
"""

import lzma
import math
import os
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from spectransfer.exceptions import FileFormatError

DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    lzma.LZMAError,
    MemoryError,
    OSError,
    RuntimeError,
    struct.error,
    SyntaxError,
    tokenize.TokenError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the readers of Python, numpy and HDF5 raise of bytes that are not theirs."""


def read_npy_header(file: Any) -> tuple[tuple[int, ...], np.dtype, int]:
    """Read what an array in numpy's format says of itself, and nothing else.

    Parameters
    ----------
    file : binary file
        At the beginning of the array.

    Returns
    -------
    shape : tuple of int
        Its shape.
    dtype : dtype
        Type of its numbers.
    offset : int
        Where they begin.

    Raises
    ------
    ValueError
        It is no such header. Other errors of `DAMAGE` are possible.
    """
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read(file)
    if any(n < 0 for n in shape):
        raise ValueError(f"its shape is {shape}")
    return shape, dtype, file.tell()


def refuse_more_than_memory(n_bytes: int, path: object) -> None:
    """Refuse to read what no memory of this machine could hold, before trying.

    Parameters
    ----------
    n_bytes : int
        What a file says that it holds.
    path : object
        The file.

    Raises
    ------
    FileFormatError
        It is more than the memory of the machine.
    """
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows does not tell
        return
    if n_bytes > there:
        raise FileFormatError(
            f"{path} must fit into memory, but it says that it holds {n_bytes} bytes "
            f"({n_bytes / 1e9:.1f} GB), and this machine has {there / 1e9:.1f} GB. If "
            "it is not damaged, keep such spectra in .npy files, which are mapped."
        )


def open_npy(path: Path) -> np.ndarray:
    """Map an array of numbers from a file, after comparing its size with its header.

    Parameters
    ----------
    path : Path
        File in numpy's format.

    Returns
    -------
    numpy.memmap
        The array, read-only; nothing but the header has been read.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            shape, dtype, offset = read_npy_header(file)
    except DAMAGE as error:
        raise FileFormatError(
            f"{path} ({size} bytes) must be an array in numpy's .npy format, but its "
            f"header cannot be read: {error}. It is damaged or of another format; "
            "copy or download it again."
        ) from error
    if dtype.hasobject:
        raise FileFormatError(
            f"{path} must hold plain numbers, but its dtype is object. Such a file can "
            "run foreign code when it is opened; export it as numbers."
        )
    promised = offset + math.prod(shape) * dtype.itemsize
    if size != promised:
        raise FileFormatError(
            f"{path} must have the {promised} bytes that its header promises (shape "
            f"{shape}, {dtype}), but it has {size}: it is "
            f"{'cut short' if size < promised else 'longer'} by {abs(promised - size)} "
            "bytes. Copy or download it again."
        )
    return np.load(path, mmap_mode="r", allow_pickle=False)
