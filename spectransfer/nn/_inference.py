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

from spectransfer._blocks import BLOCK_ROWS
from spectransfer._typing import FloatArray
from spectransfer.nn._data import Unit
from spectransfer.nn._hardware import autocast, matrix_products

# a graphics card has done with 256 rows before it has been asked for the next ones
CUDA_BLOCK_ROWS = 4096


def _readable(rows: FloatArray, dtype: torch.dtype) -> Tensor:
    """Give rows as a tensor, without a copy where torch can read them."""
    if not rows.flags.writeable or min(rows.strides) < 0:
        rows = rows.copy()
    return torch.from_numpy(rows).to(dtype)


def _check_out(out: FloatArray, shape: tuple[int, int]) -> None:
    if out.shape != shape or not out.flags.writeable:
        kind = "writable" if out.flags.writeable else "read-only"
        raise ValueError(
            f"out must be a writable array of shape {shape}, but it is {kind} and of "
            f"shape {out.shape}. Make it with np.empty or, in a file, with "
            "np.lib.format.open_memmap(path, 'w+', np.float32, shape)."
        )


@torch.inference_mode()
def forward_blocks(
    function: Callable[[Tensor], Tensor],
    inputs: FloatArray,
    units: tuple[Unit, Unit],
    device: torch.device,
    *,
    precision: str = "float32",
    out: FloatArray | None = None,
    suspect: Callable[[], None] | None = None,
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
    suspect : callable, default=None
        Called once if outputs are not finite. NaN and inf among the inputs always reach
        the outputs, so that it is enough to search the inputs then.

    Returns
    -------
    ndarray of shape (n_rows, n_out)
        Outputs in laboratory units: `out`, or an array in the dtype of `inputs`.
    """
    shape = len(inputs), len(units[1].shift)
    if out is None:
        out = np.empty(shape, dtype=inputs.dtype)
    _check_out(out, shape)
    enter, leave = (unit.on(device) for unit in units)
    on_card = device.type == "cuda"
    block = CUDA_BLOCK_ROWS if on_card else BLOCK_ROWS, inputs.shape[1]
    # inside the network numbers are in float32
    inside = torch.zeros(block, dtype=torch.float32, device=device)
    sent = torch.zeros(block, dtype=enter.dtype, pin_memory=True) if on_card else None
    with matrix_products(precision), autocast(precision, device):
        for start in range(0, len(inputs), len(inside)):
            rows = slice(start, min(start + len(inside), len(inputs)))
            n_rows = rows.stop - start
            spectra = _readable(inputs[rows], enter.dtype)
            if sent is None:
                enter.enter(spectra, out=inside[:n_rows])
            else:
                sent[:n_rows] = spectra
                enter.enter(sent.to(device, non_blocking=True), out=inside)
            result = function(inside)[:n_rows].float()
            if suspect is not None and not torch.isfinite(result.sum()):
                suspect()
                suspect = None
            leave.leave(result, out=torch.from_numpy(out[rows]))
    return out
