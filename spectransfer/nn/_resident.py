"""Spectra that live where the network computes.

At batch 128 a graphics card has done with a step long before the next batch has come
through the bus. So the spectra are sent once, in network units, if they fit; otherwise
batch by batch, through pinned memory, while the card computes. On the CPU they are
where they have to be, and are never copied.
"""

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from spectransfer._blocks import row_blocks
from spectransfer.nn._data import SpectraDataset

RESIDENT_PART = 0.7  # of the free memory; weights, moments and batches need the rest


class ResidentDataset(Dataset[tuple[Tensor, Tensor]]):
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
        source = data.on(device)
        for rows in row_blocks(len(data), _row_bytes(data)):
            inputs, targets = source[np.arange(rows.start, rows.stop)]
            self.inputs[rows] = inputs
            if data.targets is not None:
                self.targets[rows] = targets

    def __len__(self) -> int:
        """Give the number of spectra."""
        return len(self.inputs)

    def positions(self, order: Tensor) -> Tensor:
        """Send positions to the device; once for an epoch, as sending waits."""
        return order.to(self.inputs.device)

    def __getitem__(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Give inputs and targets at these positions, in network units."""
        inputs = self.inputs.index_select(0, positions)
        if self.targets is self.inputs:
            return inputs, inputs
        return inputs, self.targets.index_select(0, positions)


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
