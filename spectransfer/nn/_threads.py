"""No more threads than a training step has work for.

A step of a small network lasts a millisecond or less, and threads that wait for each
other in it gain nothing; on a machine that does other work, too, they lose up to a
hundredfold. Measured on 300 channels: two threads are no faster than one below 50
MFLOP a step, and 1.5 times faster at 800.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

FLOP_PER_THREAD = 2.5e8


@contextmanager
def fitting_threads(module: nn.Module, batch_size: int) -> Iterator[None]:
    """Limit torch's threads to the work of a training step, and restore them.

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
        yield
    finally:
        torch.set_num_threads(before)
