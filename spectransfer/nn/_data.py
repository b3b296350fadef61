"""Spectra on their way into a network: whole batches, in the network's units.

A network wants intensities of order one, a laboratory has counts. `Unit` is the one
shift for each channel and the one scale for all of them that lie between the two. One
scale for all channels, so that no channel gains weight over another: weighting is the
business of the scalers before.

At batch 128 a graphics card has done with a step long before the next batch has come
through the bus. So spectra are sent there once, in network units, if they fit;
otherwise batch by batch, through pinned memory, while the card computes. On the CPU
they are where they have to be, and are never copied.
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
RESIDENT_PART = 0.7  # of the free memory; weights, moments and batches need the rest
# rounding of float32 above this part of the spread of spectra is too much
SEEN = 1e-4


class Unit(NamedTuple):
    """Shift (per channel) and scale (common) from network to laboratory units."""

    shift: FloatArray
    scale: float

    @classmethod
    def identity(cls, n_channels: int) -> "Unit":
        """Leave numbers as they are."""
        return cls(np.zeros(n_channels, dtype=np.float32), 1.0)

    @classmethod
    def of(cls, spectra: FloatArray, weights: FloatArray | None = None) -> "Unit":
        """Centre each channel, and scale all to a root mean square of one.

        The shift is in float32, but where float64 spectra stand so far above their
        spread that float32 would not tell them apart.
        """
        n_rows, n_channels = spectra.shape
        n_counted = n_rows if weights is None else float(weights.sum())
        total = np.zeros(n_channels)
        for rows in row_blocks(n_rows, 8 * n_channels):
            if weights is None:
                total += spectra[rows].sum(axis=0, dtype=np.float64)
            else:
                total += weights[rows] @ spectra[rows]
        exact = total / n_counted
        shift: FloatArray = exact.astype(np.float32)
        scale = _deviation(spectra, shift, weights, n_counted)
        level = float(np.sqrt(np.mean(np.square(exact))))
        eps = float(np.finfo(np.float32).eps)
        if spectra.dtype == np.float64 and eps * level > SEEN * scale:
            # a mean of many rounds by some times the last digit
            shift, eps = exact, 64 * float(np.finfo(np.float64).eps)
            scale = _deviation(spectra, shift, weights, n_counted)
        # what the rounding of the shift leaves of constant spectra is no spread
        return cls(shift, scale if scale > eps * level else 1.0)

    @property
    def is_identity(self) -> bool:
        """Whether numbers stay as they are."""
        return self.scale == 1.0 and not self.shift.any()

    def on(self, device: torch.device) -> "TensorUnit":
        """Give the same unit for tensors on a device."""
        if self.is_identity:
            return TensorUnit(None, None, 1.0)
        origin = (self.shift / -np.float64(self.scale)).astype(self.shift.dtype)
        return TensorUnit(
            torch.from_numpy(origin).to(device),
            torch.from_numpy(self.shift).to(device),
            self.scale,
        )


def _deviation(
    spectra: FloatArray,
    shift: FloatArray,
    weights: FloatArray | None,
    n_counted: float,
) -> float:
    """Give the root mean square of all numbers around a shift of each channel."""
    squares = 0.0
    for rows in row_blocks(len(spectra), 8 * spectra.shape[1]):
        centred = spectra[rows] - shift
        if weights is None:
            own = np.einsum("ij,ij->", centred, centred, dtype=np.float64)
        else:
            own = np.einsum("i,ij,ij->", weights[rows], centred, centred)
        squares += float(own)
    return float(np.sqrt(squares / (n_counted * spectra.shape[1])))


class TensorUnit(NamedTuple):
    """A `Unit` for tensors; without a shift, numbers stay as they are.

    Both ways are one pass over the numbers, rounded as float32 is, or as float64 where
    the shift is in float64.
    """

    origin: Tensor | None
    shift: Tensor | None
    scale: float

    @property
    def dtype(self) -> torch.dtype:
        """What spectra are to be read as."""
        return torch.float32 if self.origin is None else self.origin.dtype

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


class Seen(NamedTuple):
    """Spectra as a network sees them, and the mean square of what it cannot see."""

    numbers: FloatArray
    unit: Unit
    left_out: FloatArray | None = None


class SpectraDataset(Dataset[tuple[Tensor, ...]]):
    """Pairs of inputs and targets that answer a whole batch of row numbers at once.

    Where spectra have weights, these come third.

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
    weights : ndarray of shape (n_spectra,), default=None
        Weights of all rows in the loss, of mean one over those of the dataset.
    left_out : ndarray of shape (n_spectra,), default=None
        Mean square of what components of the targets leave out of them, for all rows.
    """

    def __init__(
        self,
        inputs: FloatArray,
        targets: FloatArray | None,
        units: tuple[Unit, Unit],
        rows: IntArray | None = None,
        device: torch.device = CPU,
        weights: FloatArray | None = None,
        left_out: FloatArray | None = None,
    ) -> None:
        self.inputs, self.targets = inputs, targets
        self.units, self.rows = units, rows
        self.device, self.weights, self.left_out = device, weights, left_out
        self._tensor_units = [unit.on(device) for unit in units]

    def __len__(self) -> int:
        """Give the number of spectra."""
        return len(self.inputs) if self.rows is None else len(self.rows)

    def on(self, device: torch.device) -> "SpectraDataset":
        """Give the same dataset with batches on a device."""
        return SpectraDataset(
            self.inputs,
            self.targets,
            self.units,
            self.rows,
            device,
            self.weights,
            self.left_out,
        )

    @property
    def loss_left_out(self) -> float:
        """What components leave out of a loss over channels: a constant."""
        if self.left_out is None:
            return 0.0
        rows = slice(None) if self.rows is None else self.rows
        left_out = self.left_out[rows]
        if self.weights is not None:
            left_out = self.weights[rows] * left_out
        return float(left_out.mean())

    def positions(self, order: Tensor) -> IntArray:
        """Give positions as numpy wants them."""
        return order.numpy()

    def __getitem__(self, positions: IntArray) -> tuple[Tensor, ...]:
        """Give inputs and targets at these positions, in network units, and weights."""
        rows = positions if self.rows is None else self.rows[positions]
        inputs = targets = self._batch(self.inputs, rows, self._tensor_units[0])
        if self.targets is not None:
            targets = self._batch(self.targets, rows, self._tensor_units[1])
        if self.weights is None:
            return inputs, targets
        weights = torch.from_numpy(self.weights[rows].astype(np.float32))
        return inputs, targets, weights.to(self.device)

    def _batch(self, spectra: FloatArray, rows: IntArray, unit: TensorUnit) -> Tensor:
        # fancy indexing has made a copy, which is free to be changed in place
        batch = torch.from_numpy(spectra[rows]).to(unit.dtype)
        if self.device.type != "cpu":
            # a pinned copy travels while the device still computes
            batch = batch.pin_memory().to(self.device, non_blocking=True)
        out = batch
        if batch.dtype != torch.float32:
            out = torch.empty(batch.shape, dtype=torch.float32, device=batch.device)
        return unit.enter(batch, out=out)


class ResidentDataset(Dataset[tuple[Tensor, ...]]):
    """A `SpectraDataset` whose spectra are kept on a device, in network units.

    Batches have the bits that the dataset itself gives.

    Parameters
    ----------
    data : SpectraDataset
        Where the spectra come from; read once, in blocks.
    device : torch.device
        Where they are kept.
    """

    def __init__(self, data: SpectraDataset, device: torch.device) -> None:
        self.inputs = _empty(data, data.inputs.shape[1], device)
        self.targets = self.inputs
        if data.targets is not None:
            self.targets = _empty(data, data.targets.shape[1], device)
        self.weights: Tensor | None = None
        if data.weights is not None:
            self.weights = _empty(data, 1, device).ravel()
        self.loss_left_out = data.loss_left_out
        source = data.on(device)
        for rows in row_blocks(len(data), _row_bytes(data)):
            inputs, targets, *weights = source[np.arange(rows.start, rows.stop)]
            self.inputs[rows] = inputs
            if data.targets is not None:
                self.targets[rows] = targets
            if self.weights is not None:
                (self.weights[rows],) = weights

    def __len__(self) -> int:
        """Give the number of spectra."""
        return len(self.inputs)

    def positions(self, order: Tensor) -> Tensor:
        """Send positions to the device; once for an epoch, as sending waits."""
        return order.to(self.inputs.device)

    def __getitem__(self, positions: Tensor) -> tuple[Tensor, ...]:
        """Give inputs and targets at these positions, in network units, and weights."""
        inputs = targets = self.inputs.index_select(0, positions)
        if self.targets is not self.inputs:
            targets = self.targets.index_select(0, positions)
        if self.weights is None:
            return inputs, targets
        return inputs, targets, self.weights.index_select(0, positions)


def _empty(data: SpectraDataset, n_columns: int, device: torch.device) -> Tensor:
    return torch.empty((len(data), n_columns), dtype=torch.float32, device=device)


def _row_bytes(data: SpectraDataset) -> int:
    n_out = 0 if data.targets is None else data.targets.shape[1]
    return 4 * (data.inputs.shape[1] + n_out)


def fits(n_bytes: int, device: torch.device) -> bool:
    """Tell whether spectra of so many bytes are to be kept on a device.

    Parameters
    ----------
    n_bytes : int
        Bytes of inputs and targets in float32.
    device : torch.device
        The device.

    Returns
    -------
    bool
        True for a graphics card of which 0.7 of the free memory hold them.
    """
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return n_bytes <= RESIDENT_PART * free


def place(
    data: SpectraDataset, device: torch.device
) -> SpectraDataset | ResidentDataset:
    """Keep spectra on the device where they fit, or send them batch by batch.

    Parameters
    ----------
    data : SpectraDataset
        Spectra of a training.
    device : torch.device
        Where the network computes.

    Returns
    -------
    ResidentDataset or SpectraDataset
        The same batches, on `device`.
    """
    if fits(len(data) * _row_bytes(data), device):
        return ResidentDataset(data, device)
    return data.on(device)


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

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        """Yield inputs and targets, and weights where there are any."""
        n = len(self.dataset)
        order = torch.randperm(n) if self.shuffle else torch.arange(n)
        positions = self.dataset.positions(order)
        for start in range(0, n, self.batch_size):
            yield self.dataset[positions[start : start + self.batch_size]]
