"""What is seen and checked of a training while it runs."""

import math
import time
from typing import Any

import torch
from torch import Tensor

from spectransfer.exceptions import DivergenceError
from spectransfer.nn._plan import Plan

USUAL_LEARNING_RATE = 1e-3
SECONDS_BETWEEN_LOSSES = 0.5
STEPS_BETWEEN_CHECKS = 50


def refuse_divergence(loss: float, epoch: int, plan: Plan) -> None:
    """Stop a training whose loss is no finite number."""
    if math.isfinite(loss):
        return
    rate = plan.learning_rate
    limit = (
        ""
        if plan.max_gradient_norm
        else " take Training(), which shortens long gradients,"
    )
    raise DivergenceError(
        f"The loss of a training must stay finite, but that of the {plan.name} "
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

    def mean(self) -> float:
        """Mean loss of a spectrum so far."""
        return self.total.item() / self.n_spectra


class Watch:
    """Divergence and progress of a training.

    Parameters
    ----------
    plan : Plan
        How the network is trained.
    n_batches : int
        Batches in an epoch.
    """

    def __init__(self, plan: Plan, n_batches: int) -> None:
        self.plan, self.n_batches = plan, n_batches
        self.bar: Any = None
        self.n_seen, self.started, self.shown = 0, 0.0, 0.0
        self.every = 1 if plan.device.type == "cpu" else STEPS_BETWEEN_CHECKS

    def start(self) -> None:
        """Open the bar: one for all epochs."""
        if not self.plan.verbose:
            return
        # in a notebook without ipywidgets, to import it is to be warned
        from tqdm.auto import tqdm

        total = self.plan.n_epochs * self.n_batches
        self.bar = tqdm(total=total, unit="step", dynamic_ncols=True)
        self.started = time.monotonic()

    def epoch(self, epoch: int) -> None:
        """Name the epoch that begins."""
        if self.bar is not None:
            self.bar.set_description(
                f"{self.plan.name}, epoch {epoch}/{self.plan.n_epochs}", refresh=False
            )

    def step(self, losses: EpochLoss, n_spectra: int, step: int, epoch: int) -> None:
        """Look at a step: every one on the CPU, one in fifty on other devices."""
        if step % self.every == 0:
            refuse_divergence(losses.mean(), epoch, self.plan)
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
