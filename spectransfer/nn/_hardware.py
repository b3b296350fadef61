"""Where a network computes, in which precision, and with how many threads.

What the products of matrices are computed in:

    float32     24 bits of every factor, as torch is set
    tf32        11 bits of every factor, sums in float32; on CUDA only
    bfloat16    8 bits of every factor, sums in float32

Weights, losses and Adam stay in float32 in all of them.

A training step has no more threads than work for them. A step of a small network lasts
a few milliseconds, and threads that wait for each other in it gain little; on a machine
that does other work, too, a fit by two of them took some twenty times as long. Measured
on 300 channels and a quiet machine, two threads took 0.8 to 1.2 times as long as one at
35 to 50 MFLOP a step, and 0.6 times as long at 800.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits
from torch import nn

PRECISIONS = ("float32", "tf32", "bfloat16")
FLOP_PER_THREAD = 2.5e8


def _parse(device: str) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise ValueError(
            "device must be 'cpu', 'cuda', 'cuda:1' for the second graphics card and "
            f"so on, or 'auto' for CUDA where there is one, but it is {device!r}."
        )
    return torch.device(device)


def _is_here(device: torch.device) -> bool:
    return device.type == "cpu" or (device.index or 0) < torch.cuda.device_count()


def resolve_device(device: str) -> torch.device:
    """Turn the parameter `device` into a torch device; "auto" takes CUDA if it can."""
    wanted = _parse(device)
    if not _is_here(wanted):
        found = torch.cuda.device_count() or "no CUDA device"
        raise ValueError(
            f"device={device!r} needs a graphics card that torch can use, but torch "
            f"finds {found} here. Use device='auto', which takes the CPU where there "
            "is no card, or install a build of torch for CUDA."
        )
    return wanted


def usable_device(device: str) -> torch.device:
    """Give the device, or the CPU where a loaded model asks for one that is absent."""
    wanted = _parse(device)
    return wanted if _is_here(wanted) else torch.device("cpu")


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


@contextmanager
def fitting_threads(module: nn.Module, batch_size: int) -> Iterator[None]:
    """Limit threads to the work of a training step, and restore them.

    Those of torch; numpy's products, of which written-out steps consist, take as many.

    Parameters
    ----------
    module : Module
        The network; a step costs 6 FLOP for each weight and spectrum.
    batch_size : int
        Spectra in a step.
    """
    n_weights = sum(weights.numel() for weights in module.parameters())
    useful = 1 + int(6 * n_weights * batch_size / FLOP_PER_THREAD)
    before = torch.get_num_threads()
    torch.set_num_threads(min(before, useful))
    try:
        with threadpool_limits(min(before, useful), user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)
