"""Two whole maps as the two samples of a search.

scikit-learn's searches select training and validation rows out of one array, which
copies them: twice the 10 GB of the paper's maps. Here the training map is one sample
and the validation map the other, so that the only split there is hands each of them
over as it is.

A memory-mapped array travels to another process as the name of its file.
"""

import mmap
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


class Spectra(NamedTuple):
    """Spectra of one map, and what is to be predicted for them."""

    X: Any
    y: Any


@dataclass(frozen=True)
class FileRegion:
    """Where an array lies in a file."""

    filename: str
    dtype: np.dtype
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int

    @classmethod
    def of(cls, array: Any) -> "FileRegion | None":
        """Find the file behind an array; None where there is none."""
        if not isinstance(array, np.ndarray) or min(array.strides, default=0) < 0:
            return None
        root: Any = array
        while isinstance(root.base, np.ndarray):
            root = root.base
        if not isinstance(root, np.memmap) or not isinstance(root.base, mmap.mmap):
            return None
        # changes to a copy-on-write map are not in its file
        if root.filename is None or root.mode == "c" or array.dtype.hasobject:
            return None
        start, file_start = (a.__array_interface__["data"][0] for a in (array, root))
        offset = root.offset + start - file_start
        return cls(
            str(root.filename), array.dtype, array.shape, array.strides, int(offset)
        )

    def open(self) -> np.ndarray:
        """Map the array, to be read only."""
        content = np.memmap(self.filename, dtype=np.uint8, mode="r")
        return np.ndarray(
            self.shape, self.dtype, content, offset=self.offset, strides=self.strides
        )


def _packed(spectra: Spectra) -> tuple[Any, ...]:
    return tuple(FileRegion.of(side) or Whole(side) for side in spectra)


class Whole(NamedTuple):
    """An array that has to travel itself."""

    array: Any

    def open(self) -> Any:
        """Give the array."""
        return self.array


def _unpacked(known: tuple[Any, Any], watched: tuple[Any, Any]) -> "Maps":
    return Maps(
        Spectra(*(side.open() for side in known)),
        Spectra(*(side.open() for side in watched)),
    )


class Maps:
    """A sequence of two samples: the map to train with, the map to judge by.

    Parameters
    ----------
    known : Spectra
        The training map.
    watched : Spectra
        The validation map. It goes along with the first sample, for early stopping.
    """

    def __init__(self, known: Spectra, watched: Spectra) -> None:
        self.known = known
        self.watched = watched

    def __len__(self) -> int:
        return 2

    def __getitem__(self, sample: int) -> Any:
        return ((self.known, self.watched), self.watched)[sample]

    def __reduce__(self) -> tuple[Callable[..., "Maps"], tuple[Any, ...]]:
        return _unpacked, (_packed(self.known), _packed(self.watched))

    def __sizeof__(self) -> int:
        # Dask sends what is large once to each worker, not with every fit
        sides = [*_packed(self.known), *_packed(self.watched)]
        arrays = [side.array for side in sides if isinstance(side, Whole)]
        # views have no size of their own, data frames no nbytes
        sizes = [max(sys.getsizeof(a), getattr(a, "nbytes", 0)) for a in arrays]
        return object.__sizeof__(self) + sum(sizes)
