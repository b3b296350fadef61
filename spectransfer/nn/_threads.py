"""No more threads than a training step has work for.

A step of a small network lasts a few milliseconds, and threads that wait for each
other in it gain little; on a machine that does other work, too, a fit by two of them
took some twenty times as long. Measured on 300 channels and a quiet machine, two
threads took 0.8 to 1.2 times as long as one at 35 to 50 MFLOP a step, and 0.6 times as
long at 800.
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
