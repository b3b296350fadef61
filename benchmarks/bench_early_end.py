"""
Does an early end of training, when nothing is gained any more, pay?
====================================================================

A rule that holds back no spectra: mapper and decoded training keep their full step size
until the mean loss of a tenth of the planned steps is less than a part (`tolerance`)
below that of the tenth before, or half of the steps are taken; then the step size falls
along half a cosine in as many steps again, and the training ends. None is what `fit`
does. Printed are errors on spectra that were not learned from, the worst ratio to the
first row, and the part of the steps that was taken.

    OMP_NUM_THREADS=1 python benchmarks/bench_early_end.py --kinds builtin light24 FILE

Kinds are those of `bench_length.py`.
"""

import argparse
import math
import statistics
import sys
from pathlib import Path

import numpy as np
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))
from _report import machine
from bench_length import spectra_of

from spectransfer import StandardScaler, VAELatentTransfer, make_transfer_pipeline
from spectransfer.metrics import relative_squared_error
from spectransfer.nn import _dense, _engine

TOLERANCES = (None, 0.02, 0.05, 0.1)
PART = 0.1


class EndingStep(_dense.DenseStep):
    """A step that ends by the rule; behind its end it changes nothing."""

    tolerance = 0.02
    taken: list[float] = []

    def __call__(self, inputs: Tensor, targets: Tensor, *weights: Tensor) -> float:
        """Take a step, and give the loss before it."""
        if self.n_taken == 0:
            self.losses: list[float] = []
            self.turn: int | None = None
        self.losses.append(super().__call__(inputs, targets, *weights))
        if self.n_taken == self.n_steps and self.ends:
            turn = self.n_steps / 2 if self.turn is None else self.turn
            self.taken.append(min(2 * turn / self.n_steps, 1))
        return self.losses[-1]

    @property
    def ends(self) -> bool:
        """Whether it is a mapper's: an autoencoder has a quarter of the steps."""
        return isinstance(self.batch, _dense.Regression)

    def _adam(self, rate: float) -> None:
        if self.ends:
            rate = self.plan.learning_rate * self._part()
        if rate > 0:
            super()._adam(rate)

    def _part(self) -> float:
        window, n = int(PART * self.n_steps), self.n_taken
        if self.turn is None and n >= 2 * window:
            before = np.mean(self.losses[n - 2 * window : n - window])
            gained = np.mean(self.losses[n - window :]) < (1 - self.tolerance) * before
            if not gained or n >= self.n_steps // 2:
                self.turn = n
        if self.turn is None:
            return 1.0
        return (1 + math.cos(math.pi * min(n / self.turn - 1, 1))) / 2


def measured(kind: str, seed: int) -> float:
    """Fit once, and give the error."""
    X, y, X_test, y_test = spectra_of(kind, seed)
    sides = {}
    if ".npz" in kind:
        sides = {side: StandardScaler(power=0) for side in ("secondary", "primary")}
    pipeline = make_transfer_pipeline(VAELatentTransfer(random_state=seed), **sides)
    pipeline.fit(X, y)
    truth = pipeline[-1].transform_target(y_test)
    return relative_squared_error(truth, pipeline.predict(X_test))


def main() -> None:
    """Print a table for each kind of spectra."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--kinds", nargs="+", default=["builtin", "light24"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[11, 12, 13])
    options = parser.parse_args()
    print(f"Measured on: {machine()}. Seeds {options.seeds}.")
    for kind in options.kinds:
        print(f"\n{Path(kind).name}\ntolerance      RSE  worst ratio  steps")
        first: list[float] = []
        for tolerance in TOLERANCES:
            _engine.DenseStep = _dense.DenseStep if tolerance is None else EndingStep
            EndingStep.tolerance, EndingStep.taken = tolerance or 0.0, []
            errors = [measured(kind, seed) for seed in options.seeds]
            first = first or errors
            worst = max(a / b for a, b in zip(errors, first, strict=True))
            steps = statistics.fmean(EndingStep.taken or [1.0])
            print(
                f"{tolerance or 'none':>9}{statistics.median(errors):9.4f}"
                f"{worst:13.3f}{steps:7.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
