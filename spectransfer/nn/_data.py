"""Spectra on their way into a network: whole batches, in the network's units.

A network wants intensities of order one, a laboratory has counts. `Unit` is the one
shift for each channel and the one scale for all of them that lie between the two. One
scale for all channels, so that no channel gains weight over another: weighting is the
business of the scalers before.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from spectransfer._typing import FloatArray, IntArray
from spectransfer._validation import row_blocks


class Unit(NamedTuple):
    """Shift (per channel) and scale (common) from network to laboratory units."""

    shift: FloatArray
    scale: float

    @classmethod
    def identity(cls, n_channels: int) -> "Unit":
        """Leave numbers as they are."""
        return cls(np.zeros(n_channels, dtype=np.float32), 1.0)

    @classmethod
    def of(cls, spectra: FloatArray) -> "Unit":
        """Centre each channel, and scale all to a root mean square of one."""
        n_rows, n_channels = spectra.shape
        blocks = list(row_blocks(n_rows, 8 * n_channels))
        total = np.zeros(n_channels)
        for rows in blocks:
            total += spectra[rows].sum(axis=0, dtype=np.float64)
        shift = (total / n_rows).astype(np.float32)
        squares = 0.0
        for rows in blocks:
            centred = spectra[rows] - shift
            squares += float(np.einsum("ij,ij->", centred, centred, dtype=np.float64))
        scale = float(np.sqrt(squares / spectra.size))
        # what the rounding of the shift leaves of constant spectra is no spread
        level = np.sqrt(np.mean(np.square(total / n_rows)))
        rounding = np.finfo(np.float32).eps * level
        return cls(shift, scale if scale > rounding else 1.0)

    def enter(self, spectra: FloatArray) -> FloatArray:
        """Laboratory to network units, in float32."""
        inside = spectra.astype(np.float32, copy=True)
        inside -= self.shift
        inside *= np.float32(1.0 / self.scale)
        return inside

    def leave(self, inside: FloatArray) -> FloatArray:
        """Network to laboratory units, in place."""
        inside *= np.float32(self.scale)
        inside += self.shift
        return inside


class SpectraDataset(Dataset[tuple[Tensor, Tensor]]):
    """Pairs of inputs and targets that answer a whole batch of row numbers at once.

    Arrays are read where they lie, memory-mapped ones too; only the rows of a batch
    are copied. Without `targets` the inputs are their own target (autoencoder).

    Parameters
    ----------
    inputs, targets : ndarray of shape (n_spectra, n_in) and (n_spectra, n_out)
        Rows that belong together; `targets` may be None.
    units : tuple of Unit
        Units of inputs and targets.
    rows : ndarray of int, default=None
        The rows that make up the dataset; all when None.
    """

    def __init__(
        self,
        inputs: FloatArray,
        targets: FloatArray | None,
        units: tuple[Unit, Unit],
        rows: IntArray | None = None,
    ) -> None:
        self.inputs, self.targets = inputs, targets
        self.units, self.rows = units, rows

    def __len__(self) -> int:
        """Give the number of spectra."""
        return len(self.inputs) if self.rows is None else len(self.rows)

    def __getitem__(self, positions: IntArray) -> tuple[Tensor, Tensor]:
        """Give inputs and targets at these positions, in network units."""
        rows = positions if self.rows is None else self.rows[positions]
        input_unit, target_unit = self.units
        inputs = torch.from_numpy(input_unit.enter(self.inputs[rows]))
        if self.targets is None:
            return inputs, inputs
        return inputs, torch.from_numpy(target_unit.enter(self.targets[rows]))


class Batches:
    """Batches of a `SpectraDataset`, in place of torch's per-spectrum loader.

    Parameters
    ----------
    dataset : SpectraDataset
        Spectra.
    batch_size : int
        Spectra in a batch; the last one of an epoch may be smaller.
    shuffle : bool, default=False
        Draw a new order for every epoch from torch's generator.
    """

    def __init__(
        self, dataset: SpectraDataset, batch_size: int, shuffle: bool = False
    ) -> None:
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle

    def __len__(self) -> int:
        """Give the number of batches."""
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield inputs and targets, batch by batch."""
        n = len(self.dataset)
        order = torch.randperm(n).numpy() if self.shuffle else np.arange(n)
        for start in range(0, n, self.batch_size):
            yield self.dataset[order[start : start + self.batch_size]]
