"""What is seen of a training while it runs: its loss, whether that diverges, a bar.

To look at a number on a graphics card is to wait for it. So losses are summed where
they arise, and looked at no more often than they must be.
"""

import math
import time
from typing import Any

import torch
from torch import Tensor

from spectransfer._progress import Bar
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
    """Mean of the losses of an epoch; only sums are kept until someone asks."""

    def __init__(self, device: torch.device, left_out: float = 0.0) -> None:
        self.total: Any = torch.zeros((), dtype=torch.float64, device=device)
        self.n_spectra, self.left_out = 0, left_out

    def add(self, loss: Tensor | float, n_spectra: int) -> None:
        """Add the mean loss of a batch."""
        if isinstance(loss, float):
            self.total = float(self.total) + n_spectra * loss
        else:
            self.total.add_(loss.detach(), alpha=n_spectra)
        self.n_spectra += n_spectra

    def mean(self) -> float:
        """Mean loss of a spectrum so far, over all of its channels."""
        return float(self.total) / self.n_spectra + self.left_out


class Watch:
    """Divergence and progress of a training.

    Parameters
    ----------
    plan : Plan
        How the network is trained.
    bar : Bar
        What counts the steps.
    """

    def __init__(self, plan: Plan, bar: Bar) -> None:
        self.plan, self.bar = plan, bar
        self.n_seen, self.started, self.shown = 0, time.monotonic(), 0.0
        self.every = 1 if plan.device.type == "cpu" else STEPS_BETWEEN_CHECKS

    def epoch(self, epoch: int) -> None:
        """Name the epoch that begins."""
        self.bar.describe(f"{self.plan.name}, epoch {epoch}/{self.plan.n_epochs}")

    def step(self, losses: EpochLoss, n_spectra: int, step: int, epoch: int) -> None:
        """Look at a step: every one on the CPU, one in fifty on other devices."""
        if step % self.every == 0:
            refuse_divergence(losses.mean(), epoch, self.plan)
        if not self.bar.visible:
            return
        self.n_seen += n_spectra
        now = time.monotonic()
        if now - self.shown > SECONDS_BETWEEN_LOSSES:
            self.shown = now
            self.show(losses.mean())
        self.bar.update()

    def show(self, loss: float, validation: float | None = None) -> None:
        """Show losses, and spectra in a second."""
        speed = self.n_seen / max(time.monotonic() - self.started, 1e-9)
        shown = {"loss": f"{loss:.4g}"}
        if validation is not None:
            shown["validation"] = f"{validation:.4g}"
        self.bar.show(**shown, **{"spectra/s": f"{speed:.4g}"})
