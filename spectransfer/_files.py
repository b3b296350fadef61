"""Files: complete under their names or not at all, and large results in them.

A file is written beside its place and renamed once it is complete, so that a process
that is killed leaves the older file as it was.

What is made from memory-mapped spectra is as large as they are, and they are mapped
because memory is short. So a large result of theirs is written into a file of its own,
which has no name and is gone with the last array that looks into it, also when the
process is killed.
"""

import errno
import math
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from spectransfer._typing import FloatArray
from spectransfer.exceptions import FileFormatError

LARGE = 2**26
"""Bytes from which on a result of memory-mapped spectra gets a file: 64 MiB."""


def on_memory_map(array: Any) -> bool:
    """Tell whether the numbers of an array, or of what it is a view of, lie in a file.

    Parameters
    ----------
    array : ndarray
        Any array.

    Returns
    -------
    bool
        True for `numpy.memmap` and its views, and for temporary files of our own.
    """
    while array is not None and not isinstance(array, mmap.mmap):
        array = getattr(array, "base", None)
    return array is not None


def new_array(shape: tuple[int, ...], dtype: Any, like: np.ndarray) -> FloatArray:
    """Make an array for a result, to be filled: in memory, or in a temporary file.

    Parameters
    ----------
    shape : tuple of int
        Shape of the result.
    dtype : dtype
        Type of its numbers.
    like : ndarray
        What the result is made from. Where it is memory-mapped and the result has
        `LARGE` bytes or more, the result lies in a temporary file.

    Returns
    -------
    ndarray
        Not initialized.

    Raises
    ------
    OSError
        The folder of temporary files has no room for the result.
    """
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    if n_bytes < LARGE or not on_memory_map(like):
        return np.empty(shape, dtype)
    return np.ndarray(shape, dtype, buffer=_unnamed_file(n_bytes))


def temporary_folder() -> str:
    """Give the folder of temporary files: joblib's where it is set, else Python's."""
    return os.environ.get("JOBLIB_TEMP_FOLDER") or tempfile.gettempdir()


def _unnamed_file(n_bytes: int) -> mmap.mmap:
    folder = temporary_folder()
    with tempfile.TemporaryFile(dir=folder) as file:
        reserve(file.fileno(), n_bytes, folder)
        return mmap.mmap(file.fileno(), n_bytes)


def reserve(descriptor: int, n_bytes: int, folder: str | os.PathLike[str]) -> None:
    """Take the room for a file now: a disk that fills up later ends the process.

    Parameters
    ----------
    descriptor : int
        The open file.
    n_bytes : int
        Bytes that it is to have, at least.
    folder : path
        Where it lies.

    Raises
    ------
    OSError
        There is no room.
    """
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, n_bytes)
        elif shutil.disk_usage(folder).free < n_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        else:
            os.truncate(descriptor, n_bytes)
    except OSError as error:
        raise OSError(
            error.errno,
            f"A file of spectra needs {n_bytes} bytes ({n_bytes / 1e9:.1f} GB), but "
            f"there is no room in {folder}, which has "
            f"{shutil.disk_usage(folder).free / 1e9:.1f} GB free ({error.strerror}). "
            "Choose a folder on a larger disk; for temporary files, let the "
            "environment variable JOBLIB_TEMP_FOLDER or TMPDIR name it.",
        ) from error


def copied(array: np.ndarray) -> FloatArray:
    """Copy an array row by row, into a temporary file where it is large and mapped.

    Parameters
    ----------
    array : ndarray
        Numbers, in memory or memory-mapped.

    Returns
    -------
    ndarray
        A new array, contiguous and writable.
    """
    copy = new_array(array.shape, array.dtype, like=array)
    copy[...] = array
    return copy


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Give a new file beside `path`, and rename it once it is complete.

    Parameters
    ----------
    path : Path
        The file to be written; it has the permissions of any file of the user's.

    Yields
    ------
    Path
        An empty file in the same folder, which is gone after an error.
    """
    beside = path.with_name(f".{uuid4().hex}.part")
    # to ask for the umask is to change it, for all threads: the system applies it
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield beside
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _header(path: Path) -> tuple[tuple[int, ...], np.dtype, int]:
    """Shape, dtype and offset of the numbers in the file."""
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(file)
        return shape, dtype, file.tell()


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
        shape, dtype, offset = _header(path)
    except (ValueError, EOFError, OSError) as error:
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


@contextmanager
def new_npy_files(
    layout: dict[Path, tuple[tuple[int, ...], np.dtype]],
) -> Iterator[dict[Path, np.ndarray]]:
    """Make memory-mapped arrays to be filled, and rename their files at the end.

    Parameters
    ----------
    layout : mapping of Path to tuple of (shape, dtype)
        The files to write.

    Yields
    ------
    mapping of Path to numpy.memmap
        Writable arrays of zeros. The files take their names when the block ends, all
        of them or, after an error, none.
    """
    with ExitStack() as stack:
        # Renaming runs as the stack unwinds, so every array is complete by then.
        beside = {path: stack.enter_context(written_beside(path)) for path in layout}
        arrays: dict[Path, np.ndarray] = {}
        for path, (shape, dtype) in layout.items():
            arrays[path] = np.lib.format.open_memmap(
                beside[path], mode="w+", dtype=dtype, shape=shape
            )
            with beside[path].open("r+b") as file:
                reserve(file.fileno(), beside[path].stat().st_size, path.parent)
        yield arrays
        for array in arrays.values():
            if isinstance(array, np.memmap):
                array.flush()
        arrays.clear()
