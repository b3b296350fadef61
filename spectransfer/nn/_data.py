"""Spectra on their way into a network: whole batches, in the network's units.

A network wants intensities of order one, a laboratory has counts. `Unit` is the one
shift for each channel and the one scale for all of them that lie between the two. One
scale for all channels, so that no channel gains weight over another: weighting is the
business of the scalers before.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from spectransfer._blocks import row_blocks
from spectransfer._typing import FloatArray, IntArray

CPU = torch.device("cpu")


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

    @property
    def is_identity(self) -> bool:
        """Whether numbers stay as they are."""
        return self.scale == 1.0 and not self.shift.any()

    def on(self, device: torch.device) -> "TensorUnit":
        """Give the same unit for tensors on a device."""
        if self.is_identity:
            return TensorUnit(None, None, 1.0)
        origin = (self.shift / -np.float64(self.scale)).astype(np.float32)
        return TensorUnit(
            torch.from_numpy(origin).to(device),
            torch.from_numpy(self.shift).to(device),
            self.scale,
        )


class TensorUnit(NamedTuple):
    """A `Unit` for tensors; without a shift, numbers stay as they are.

    Both ways are one pass over the numbers. Their rounding is that of spectra in
    float32: intensities far above their spread have no more digits to give.
    """

    origin: Tensor | None
    shift: Tensor | None
    scale: float

    def enter(self, spectra: Tensor, out: Tensor) -> Tensor:
        """Laboratory to network units, into `out`, which may be `spectra`."""
        if self.origin is None:
            return out if out is spectra else out.copy_(spectra)
        return torch.add(self.origin, spectra, alpha=1.0 / self.scale, out=out)

    def leave(self, inside: Tensor, out: Tensor) -> Tensor:
        """Network to laboratory units, into `out`."""
        if self.shift is None:
            return out if out is inside else out.copy_(inside)
        return torch.add(self.shift, inside, alpha=self.scale, out=out)


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
    device : torch.device, default="cpu"
        Where batches are wanted.
    """

    def __init__(
        self,
        inputs: FloatArray,
        targets: FloatArray | None,
        units: tuple[Unit, Unit],
        rows: IntArray | None = None,
        device: torch.device = CPU,
    ) -> None:
        self.inputs, self.targets = inputs, targets
        self.units, self.rows = units, rows
        self.device = device
        self._tensor_units = [unit.on(device) for unit in units]

    def __len__(self) -> int:
        """Give the number of spectra."""
        return len(self.inputs) if self.rows is None else len(self.rows)

    def on(self, device: torch.device) -> "SpectraDataset":
        """Give the same dataset with batches on a device."""
        return SpectraDataset(self.inputs, self.targets, self.units, self.rows, device)

    def positions(self, order: Tensor) -> IntArray:
        """Give positions as numpy wants them."""
        return order.numpy()

    def __getitem__(self, positions: IntArray) -> tuple[Tensor, Tensor]:
        """Give inputs and targets at these positions, in network units."""
        rows = positions if self.rows is None else self.rows[positions]
        inputs = self._batch(self.inputs, rows, self._tensor_units[0])
        if self.targets is None:
            return inputs, inputs
        return inputs, self._batch(self.targets, rows, self._tensor_units[1])

    def _batch(self, spectra: FloatArray, rows: IntArray, unit: TensorUnit) -> Tensor:
        # fancy indexing has made a copy, which is free to be changed in place
        batch = torch.from_numpy(spectra[rows].astype(np.float32, copy=False))
        if self.device.type != "cpu":
            # a pinned copy travels while the device still computes
            batch = batch.pin_memory().to(self.device, non_blocking=True)
        return unit.enter(batch, out=batch)


class Batches:
    """Batches of a dataset, in place of torch's per-spectrum loader.

    Parameters
    ----------
    dataset : SpectraDataset or ResidentDataset
        Spectra.
    batch_size : int
        Spectra in a batch; the last one of an epoch may be smaller.
    shuffle : bool, default=False
        Draw a new order for every epoch from torch's generator.
    """

    def __init__(self, dataset: Any, batch_size: int, shuffle: bool = False) -> None:
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle

    def __len__(self) -> int:
        """Give the number of batches."""
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield inputs and targets, batch by batch."""
        n = len(self.dataset)
        order = torch.randperm(n) if self.shuffle else torch.arange(n)
        positions = self.dataset.positions(order)
        for start in range(0, n, self.batch_size):
            yield self.dataset[positions[start : start + self.batch_size]]
