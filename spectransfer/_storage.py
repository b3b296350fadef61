"""Where large results lie: in memory, or in a temporary memory-mapped file.

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
from typing import Any

import numpy as np

from spectransfer._typing import FloatArray

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
