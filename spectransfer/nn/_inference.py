"""Passing spectra through a trained module, block by block.

Every block has the same number of rows, the last one padded. A matrix product may
round differently for another number of rows, so this keeps a prediction from depending
on how many spectra it was asked for together with. What is left is where in a block a
spectrum stands: products with few columns (8, say) may round by that, a part in 10^7.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from spectransfer._typing import FloatArray
from spectransfer.nn._data import Unit
from spectransfer.nn._precision import autocast, matrix_products

BLOCK_ROWS = 256
# a graphics card has done with 256 rows before it has been asked for the next ones
CUDA_BLOCK_ROWS = 4096


@torch.inference_mode()
def forward_blocks(
    function: Callable[[Tensor], Tensor],
    inputs: FloatArray,
    units: tuple[Unit, Unit],
    device: torch.device,
    *,
    precision: str = "float32",
    out: FloatArray | None = None,
) -> FloatArray:
    """Apply a torch function to rows, in blocks of fixed size.

    Parameters
    ----------
    function : callable
        From tensor (n_rows, n_in) to tensor (n_rows, n_out), row by row.
    inputs : ndarray of shape (n_rows, n_in)
        Rows in laboratory units, float32 or float64, possibly memory-mapped.
    units : tuple of Unit
        Units of inputs and outputs.
    device : torch.device
        Where `function` computes.
    precision : {"float32", "tf32", "bfloat16"}, default="float32"
        What matrix products are computed in.
    out : ndarray of shape (n_rows, n_out), default=None
        Where outputs go, possibly memory-mapped; a new array when None.

    Returns
    -------
    ndarray of shape (n_rows, n_out)
        Outputs in laboratory units: `out`, or an array in the dtype of `inputs`.
    """
    n_rows, n_in = inputs.shape
    if out is None:
        out = np.empty((n_rows, len(units[1].shift)), dtype=inputs.dtype)
    enter, leave = (unit.on(device) for unit in units)
    on_card = device.type == "cuda"
    block_rows = CUDA_BLOCK_ROWS if on_card else BLOCK_ROWS
    # pinned memory is what a graphics card reads at full speed
    block = torch.zeros((block_rows, n_in), dtype=torch.float32, pin_memory=on_card)
    with matrix_products(precision), autocast(precision, device):
        for start in range(0, n_rows, block_rows):
            stop = min(start + block_rows, n_rows)
            block.numpy()[: stop - start] = inputs[start:stop]
            block[stop - start :] = 0
            spectra = block.to(device, non_blocking=True)
            result = function(enter.enter_(spectra))[: stop - start].float()
            out[start:stop] = leave.leave_(result).cpu().numpy()
    return out
