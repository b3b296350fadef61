"""Files: complete under their names or not at all, and large results in them.

A file is written beside its place and renamed once it is complete, so that a process
that is killed leaves the older file as it was. Where the system has files without a
name, a large one gets its name when it is complete; what a killed process has left
beside is removed by the next. A symbolic link is followed: the file that it points to
is replaced, and the link stays.

What is made from memory-mapped spectra is as large as they are, and they are mapped
because memory is short. So a large result of theirs is written into a file of its own,
which has no name and is gone with the last array that looks into it, also when the
process is killed.
"""

import errno
import hashlib
import math
import mmap
import os
import platform
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import numpy as np

from spectransfer._reading import open_npy
from spectransfer._typing import FloatArray

_SWEPT: set[Path] = set()

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


def new_array(
    shape: tuple[int, ...], dtype: Any, like: np.ndarray, *, large: int | None = None
) -> FloatArray:
    """Make an array for a result, to be filled: in memory, or in a temporary file.

    Parameters
    ----------
    shape : tuple of int
        Shape of the result.
    dtype : dtype
        Type of its numbers.
    like : ndarray
        What the result is made from. Where it is memory-mapped and the result has
        `large` bytes or more, the result lies in a temporary file.
    large : int, default=None
        Number of bytes; `LARGE` when None.

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
    if n_bytes < (LARGE if large is None else large) or not on_memory_map(like):
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


def _writer() -> str:
    """Name this process among all that may see a folder."""
    try:
        space = os.readlink("/proc/self/ns/pid")  # numbers of processes are its own
    except OSError:
        space = ""
    machine = hashlib.sha256(f"{platform.node()} {space}".encode()).hexdigest()[:12]
    return f"{machine}-{os.getpid()}"


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _place(path: Path) -> tuple[Path, Path]:
    """Follow links, and name a file beside; remove what killed processes have left."""
    path = Path(os.path.realpath(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"There is no folder {str(path.parent)!r} to write {path.name!r} into. "
            "Make it first."
        )
    writer = _writer()
    if path.parent not in _SWEPT and os.name == "posix":
        _SWEPT.add(path.parent)
        machine = writer.partition("-")[0]
        for part in path.parent.glob(f".*.{machine}-*.part"):
            process = part.name.rpartition("-")[2].removesuffix(".part")
            if process.isdecimal() and not _runs(int(process)):
                part.unlink(missing_ok=True)
    return path, path.with_name(f".{uuid4().hex}.{writer}.part")


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
    path, beside = _place(path)
    # to ask for the umask is to change it, for all threads: the system applies it
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield beside
        _on_the_disk(beside)
        try:
            os.replace(beside, path)
        except PermissionError:
            if os.name != "nt":
                raise
            _copy_takes_the_name(beside, path)
    except BaseException:
        _removed(beside)
        raise


def _on_the_disk(path: Path) -> None:
    """Have all of a file written: a machine may go down after its renaming."""
    descriptor = os.open(path, os.O_RDWR)  # Windows asks for writing
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_takes_the_name(held: Path, path: Path) -> None:
    """Give the name to a copy: Windows renames no file that an array looks into."""
    copy = path.with_name(f".{uuid4().hex}.{_writer()}.part")
    try:
        shutil.copyfile(held, copy)
        os.replace(copy, path)
    except BaseException:
        _removed(copy)
        raise
    _removed(held)


def _removed(part: Path) -> None:
    """Remove a file; on Windows, one that an array looks into goes with the array."""
    try:
        part.unlink(missing_ok=True)
    except PermissionError:
        if os.name != "nt":
            raise


@contextmanager
def _named_at_the_end(path: Path) -> Iterator[BinaryIO]:
    """Give an open file that takes its name once it is complete."""
    place, beside = _place(path)
    descriptor = _without_name(place.parent)
    if descriptor is None:
        with written_beside(path) as part, part.open("r+b") as file:
            yield file
        return
    with open(descriptor, "r+b") as file:
        yield file
        file.flush()
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            # a link cannot take the place of a file, and a new name can be given one
            os.link(f"/proc/self/fd/{descriptor}", beside.name, dst_dir_fd=folder)
        finally:
            os.close(folder)
        try:
            os.replace(beside, place)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def _without_name(folder: Path) -> int | None:
    """Open a file without a name; None where the system or the disk has none."""
    if not (hasattr(os, "O_TMPFILE") and os.path.exists("/proc/self/fd")):
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o666)
    except OSError:
        return None


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
        of them or, after an error, none. From then on the mapping holds the arrays of
        the very files that were written, to be read, whoever may have written others
        under these names.
    """
    finished: dict[Path, Any] = {}
    arrays: dict[Path, Any] = {}
    with ExitStack() as stack:
        # Files get their names as the stack unwinds: every array is complete by then.
        for path, (shape, dtype) in layout.items():
            file = stack.enter_context(_named_at_the_end(path))
            header = np.lib.format.dtype_to_descr(dtype)
            np.lib.format.write_array_header_1_0(
                file, {"descr": header, "fortran_order": False, "shape": shape}
            )
            offset = file.tell()
            n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
            reserve(file.fileno(), offset + n_bytes, path.parent)
            file.flush()
            arrays[path] = np.memmap(file, dtype, "r+", offset, shape)
            if arrays[path].filename is None:  # for other processes to open it by
                own = f"/proc/{os.getpid()}/fd/{file.fileno()}"
                arrays[path].filename = own
            if os.name == "nt":  # where no file that is open is renamed or removed
                weakref.finalize(arrays[path].base, _removed, Path(file.name))
            else:
                finished[path] = np.memmap(file, dtype, "r", offset, shape)
                finished[path].filename = os.path.abspath(path)
        try:
            yield arrays
            for path in layout:
                arrays[path].flush()
        finally:
            arrays.clear()
    arrays |= finished or {path: open_npy(path) for path in layout}
