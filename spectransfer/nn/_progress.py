"""What is seen and checked of a training while it runs."""

import math
import time
from typing import Any

import torch
from torch import Tensor

from spectransfer.exceptions import DivergenceError
from spectransfer.nn._processes import Processes
from spectransfer.nn._training import Training

USUAL_LEARNING_RATE = 1e-3
SECONDS_BETWEEN_LOSSES = 0.5
STEPS_BETWEEN_CHECKS = 50


def refuse_divergence(loss: float, epoch: int, training: Training) -> None:
    """Stop a training whose loss is no finite number."""
    if math.isfinite(loss):
        return
    rate = training.learning_rate
    limit = "" if training.max_gradient_norm else " use max_gradient_norm=1.0,"
    raise DivergenceError(
        f"The loss of a training must stay finite, but that of the {training.name} "
        f"became {loss} in epoch {epoch} at learning_rate={rate:g}. Lower the learning "
        f"rate (try {min(rate / 10, USUAL_LEARNING_RATE):g}),{limit} or scale the "
        "spectra: single extreme values weigh with their square."
    )


class EpochLoss:
    """Mean of the losses of an epoch, summed where they arise.

    To look at a number on a graphics card is to wait for it; so only sums are kept
    until someone asks.
    """

    def __init__(self, device: torch.device) -> None:
        self.total = torch.zeros((), dtype=torch.float64, device=device)
        self.n_spectra = 0

    def add(self, loss: Tensor, n_spectra: int) -> None:
        """Add the mean loss of a batch."""
        self.total.add_(loss.detach(), alpha=n_spectra)
        self.n_spectra += n_spectra

    def mean(self, processes: Processes | None = None) -> float:
        """Mean loss of a spectrum so far, of the shares of all processes."""
        if processes is None:
            return self.total.item() / self.n_spectra
        total = processes.total(self.total.clone()).item()
        return total / (self.n_spectra * processes.count)


class Watch:
    """Divergence and progress of a training.

    Parameters
    ----------
    training : Training
        The configuration.
    n_epochs, n_batches : int
        Epochs, and batches in each.
    """

    def __init__(self, training: Training, n_epochs: int, n_batches: int) -> None:
        self.training = training
        self.n_epochs, self.n_batches = n_epochs, n_batches
        self.bar: Any = None
        self.n_seen, self.started, self.shown = 0, 0.0, 0.0
        alone = training.processes is None or training.processes.index == 0
        self.visible = training.verbose and alone
        # several processes have to stop together: at the end of an epoch
        self.waits = training.processes is not None
        self.every = 1 if training.device.type == "cpu" else STEPS_BETWEEN_CHECKS

    def start(self) -> None:
        """Open the bar: one for all epochs."""
        if not self.visible:
            return
        # in a notebook without ipywidgets, to import it is to be warned
        from tqdm.auto import tqdm

        total = self.n_epochs * self.n_batches
        self.bar = tqdm(total=total, unit="step", dynamic_ncols=True)
        self.started = time.monotonic()

    def epoch(self, epoch: int) -> None:
        """Name the epoch that begins."""
        if self.bar is not None:
            self.bar.set_description(
                f"{self.training.name}, epoch {epoch}/{self.n_epochs}", refresh=False
            )

    def step(self, losses: EpochLoss, n_spectra: int, step: int, epoch: int) -> None:
        """Look at a step: every one on the CPU, one in fifty on other devices."""
        if not self.waits and step % self.every == 0:
            refuse_divergence(losses.mean(), epoch, self.training)
        if self.bar is None:
            return
        self.n_seen += n_spectra
        now = time.monotonic()
        if now - self.shown > SECONDS_BETWEEN_LOSSES:
            self.shown = now
            self.show(losses.mean())
        self.bar.update()

    def show(self, loss: float, validation: float | None = None) -> None:
        """Show losses, and spectra in a second."""
        if self.bar is None:
            return
        speed = self.n_seen / max(time.monotonic() - self.started, 1e-9)
        shown = {"loss": f"{loss:.4g}"}
        if validation is not None:
            shown["validation"] = f"{validation:.4g}"
        shown["spectra/s"] = f"{speed:.4g}"
        self.bar.set_postfix(shown, refresh=False)

    def close(self) -> None:
        """Close the bar."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
