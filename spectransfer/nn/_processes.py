"""Several processes that train one network, one device each, with accelerate.

`accelerate launch` starts the same program several times. Every process draws the
same order of spectra and takes its share of every batch; gradients are summed over the
processes with the weight of their shares. So they make together the steps that one
process would make alone, to rounding.
"""

import importlib
import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

ENGINE = "accelerate"


@dataclass(frozen=True)
class Processes:
    """This process among those that were launched together.

    Parameters
    ----------
    index : int
        Number of this process.
    count : int
        Number of processes.
    device : torch.device
        Where this one computes.
    """

    index: int
    count: int
    device: torch.device

    @property
    def share(self) -> tuple[int, int]:
        """Which part of a batch is ours, and the number of parts."""
        return self.index, self.count

    def together(self, module: nn.Module) -> nn.Module:
        """Wrap a module so that its gradients are averaged over the processes."""
        return DistributedDataParallel(module)

    def total(self, values: Tensor) -> Tensor:
        """Sum numbers over the processes, in place."""
        torch.distributed.all_reduce(values)
        return values


def _state() -> Any:
    """Ask accelerate who we are; at the first time it joins the processes."""
    try:
        accelerate = importlib.import_module(ENGINE)
    except ImportError as error:
        raise ImportError(
            "device='accelerate' trains on several devices with Hugging Face "
            f"accelerate, which cannot be imported here: {error}. Install it with "
            'pip install "spectransfer[accelerate]".'
        ) from error
    # left to itself, accelerate joins processes on graphics cards only
    return accelerate.PartialState(cpu=not torch.cuda.is_available())


def is_launched() -> bool:
    """Tell whether this process was started by a launcher."""
    return "WORLD_SIZE" in os.environ or any(
        name.startswith("ACCELERATE_") for name in os.environ
    )


def launched_processes() -> Processes:
    """Give this process among those that a launcher started together.

    Returns
    -------
    Processes
        A single one, where only one was started.
    """
    if not is_launched():
        raise ValueError(
            "device='accelerate' needs a program that was started by a launcher, but "
            "this one was started alone. Put it into a file and run `accelerate launch "
            "--num_processes 2 FILE` (on CPUs, `torchrun --nproc_per_node 2 FILE`), or "
            "use device='auto'."
        )
    state = _state()
    # accelerate numbers CPUs, too
    device = state.device if state.device.type == "cuda" else torch.device("cpu")
    return Processes(state.process_index, state.num_processes, device)
