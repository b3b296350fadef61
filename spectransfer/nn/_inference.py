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

BLOCK_ROWS = 256


@torch.inference_mode()
def forward_blocks(
    function: Callable[[Tensor], Tensor],
    inputs: FloatArray,
    units: tuple[Unit, Unit],
    device: torch.device,
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

    Returns
    -------
    ndarray of shape (n_rows, n_out)
        Outputs in laboratory units, in the dtype of `inputs`.
    """
    input_unit, output_unit = units
    n_rows, n_in = inputs.shape
    outputs = np.empty((n_rows, len(output_unit.shift)), dtype=inputs.dtype)
    block = np.zeros((BLOCK_ROWS, n_in), dtype=np.float32)
    for start in range(0, n_rows, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, n_rows)
        block[: stop - start] = input_unit.enter(inputs[start:stop])
        block[stop - start :] = 0
        result = function(torch.from_numpy(block).to(device)).cpu().numpy()
        outputs[start:stop] = output_unit.leave(result[: stop - start].copy())
    return outputs
