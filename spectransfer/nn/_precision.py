"""What the products of matrices are computed in.

    float32     24 bits of every factor, as torch is set
    tf32        11 bits of every factor, sums in float32; on CUDA only
    bfloat16    8 bits of every factor, sums in float32

Weights, losses and Adam stay in float32 in all of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

PRECISIONS = ("float32", "tf32", "bfloat16")


@contextmanager
def matrix_products(precision: str) -> Iterator[None]:
    """Let CUDA round the factors of products to TF32, if that is wanted.

    Parameters
    ----------
    precision : {"float32", "tf32", "bfloat16"}
        The precision. torch keeps it for the whole process: it is given back as it
        was.
    """
    if precision != "tf32":
        yield
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Let torch round the factors of products to bfloat16, if that is wanted."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")
