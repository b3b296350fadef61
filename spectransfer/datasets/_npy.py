"""Memory-mapped .npy files that are checked before they are trusted."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from spectransfer._storage import reserve
from spectransfer.datasets._files import written_beside
from spectransfer.exceptions import FileFormatError


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
