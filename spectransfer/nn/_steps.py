"""The loss of a batch: in a precision, compiled, or as one process's share.

A captured or compiled step is a property of a training, not of the network: modules
stay as they are, and so do files and copies of them.
"""

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import torch
from torch import Tensor, nn

from spectransfer.nn._modules import VAE
from spectransfer.nn._precision import autocast
from spectransfer.nn._processes import Processes
from spectransfer.nn._training import Training


def _in_float32(output: Any) -> Any:
    if isinstance(output, tuple):
        return tuple(part.float() for part in output)
    return output.float()


def loss_of(
    module: nn.Module,
    criterion: nn.Module,
    inputs: Any,
    targets: Tensor,
    precision: str,
) -> tuple[Any, Tensor]:
    """Output and loss of a batch.

    Parameters
    ----------
    module, criterion : Module
        Network and loss.
    inputs, targets : Tensor, or a dict of the arguments of `module`, and Tensor
        A batch.
    precision : {"float32", "tf32", "bfloat16"}
        What matrix products are computed in.

    Returns
    -------
    output, loss : Tensor or tuple of Tensor, and Tensor
        Both in float32.
    """
    with autocast(precision, targets.device):
        output = module(**inputs) if isinstance(inputs, Mapping) else module(inputs)
        output = _in_float32(output)
        return output, criterion(output, targets)


class Step:
    """The loss of a batch, for gradients.

    Parameters
    ----------
    module, criterion : Module
        Network and loss, on the device of the training.
    training : Training
        The configuration.
    """

    def __init__(
        self, module: nn.Module, criterion: nn.Module, training: Training
    ) -> None:
        self.module, self.criterion = module, criterion
        self.precision = training.precision
        self.loss_of = _compiled(training.device) if training.compile else loss_of

    def __call__(
        self, inputs: Any, targets: Tensor, n_whole: int
    ) -> tuple[Any, Tensor]:
        """Give output and loss of a batch of `n_whole` spectra."""
        return self.loss_of(
            self.module, self.criterion, inputs, targets, self.precision
        )

    @torch.no_grad()
    def evaluate(
        self, inputs: Any, targets: Tensor, n_whole: int
    ) -> tuple[Any, Tensor]:
        """Give output and loss without gradients."""
        return loss_of(self.module, self.criterion, inputs, targets, self.precision)


class SharedStep(Step):
    """The loss of one process's share of a batch, so weighted that means are right.

    torch averages gradients over processes; a mean over the spectra of a batch needs
    the loss of each share times its part of the batch and the number of processes.
    """

    def __init__(
        self, module: nn.Module, criterion: nn.Module, training: Training
    ) -> None:
        super().__init__(module, criterion, training)
        assert training.processes is not None
        self.processes: Processes = training.processes
        self.network = self.processes.together(module)

    def __call__(
        self, inputs: Tensor, targets: Tensor, n_whole: int
    ) -> tuple[Any, Tensor]:
        """Give output and weighted loss of our share of a batch."""
        arguments = self._with_noise(inputs, n_whole)
        output, loss = self.loss_of(
            self.network, self.criterion, arguments, targets, self.precision
        )
        return output, self._weighted(output, loss, len(targets), n_whole)

    @torch.no_grad()
    def evaluate(
        self, inputs: Tensor, targets: Tensor, n_whole: int
    ) -> tuple[Any, Tensor]:
        """Give output and weighted loss without gradients."""
        output, loss = super().evaluate(inputs, targets, n_whole)
        return output, self._weighted(output, loss, len(targets), n_whole)

    def _with_noise(self, inputs: Tensor, n_whole: int) -> Any:
        """Give a VAE our share of the noise that one process draws for the batch."""
        if not isinstance(self.module, VAE):
            return inputs
        n_latent = self.module.mean.out_features
        noise = torch.randn(n_whole, n_latent, device=inputs.device)
        part, n_parts = self.processes.share
        return {"x": inputs, "noise": noise[part::n_parts]}

    def _weighted(
        self, output: Any, loss: Tensor, n_share: int, n_whole: int
    ) -> Tensor:
        if n_share == 0:
            # no spectra, no mean; but the others wait for our gradients, all zero
            outputs = output if isinstance(output, tuple) else (output,)
            return torch.stack([part.sum() for part in outputs]).sum()
        return loss * (n_share * self.processes.count / n_whole)


def make_step(module: nn.Module, criterion: nn.Module, training: Training) -> Step:
    """Give what a training takes the loss of a batch with.

    Parameters
    ----------
    module, criterion : Module
        Network and loss, on the device of the training.
    training : Training
        The configuration.

    Returns
    -------
    Step
        From inputs and targets to output and loss.
    """
    kind = Step if training.processes is None else SharedStep
    return kind(module, criterion, training)


def _compiled(device: torch.device) -> Callable[..., Any]:
    # torch counts what it compiles for each code object, and gives up at the eighth: a
    # code object of its own for every training
    own = FunctionType(loss_of.__code__.replace(), loss_of.__globals__)
    mode = "reduce-overhead" if device.type == "cuda" else "default"
    fast = torch.compile(own, dynamic=False, mode=mode)

    def step(*arguments: Any) -> Any:
        try:
            torch.compiler.cudagraph_mark_step_begin()
            return fast(*arguments)
        except Exception as error:
            if not _is_of_the_compiler(error):
                raise
            raise ValueError(
                "compile=True needs a compiler that torch can use (a C++ compiler on "
                f"the CPU, triton on CUDA), but on {device} torch says: "
                f"{str(error).splitlines()[0]} Install one, or use compile=False."
            ) from error

    return step


def _is_of_the_compiler(error: Exception) -> bool:
    home, said = type(error).__module__, str(error)
    unsupported = said.startswith(("Dynamo", "torch.compile")) and "support" in said
    return home.startswith(("torch._dynamo", "torch._inductor")) or unsupported
