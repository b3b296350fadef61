"""
Which reading of the paper trains its autoencoder to the figures that it prints?
================================================================================

Text and code of the paper leave open whether the divergence (KL) is summed or averaged,
and whether the training of the autoencoder is stopped early. Each reading is fitted to
a simulated map at unit variance, with the published mapper behind it, and judged as the
paper judges: on the day of the training map, and on a second day whose maps are scaled
by themselves (0.12 in the paper's Table 1). Beside it stands what the autoencoder alone
makes of primary spectra, which it encodes and decodes. The direct MLP, in which nothing
has to be read one way or another, tells how hard the maps are (0.10 in Table 1).

    OMP_NUM_THREADS=1 python benchmarks/published_readings.py --side 128
    OMP_NUM_THREADS=1 python benchmarks/published_readings.py --readings literal

At a side of 560 these are the paper's 313,600 shots, and an epoch takes minutes:

    OMP_NUM_THREADS=1 python benchmarks/published_readings.py --side 560 --keep FOLDER \
        --readings "no divergence" averaged --epochs 15 --mapper-epochs 20

With `--keep` a killed run goes on from its last epoch. With `--epochs` the training
ends before its schedule does: step size and weight of the divergence are in each epoch
what they are in a training of 50, so that these are the first epochs of the paper's.
`--mapper-epochs` does the same to the mapper, and to the direct MLP.
Seconds are of the processor, in this run (what a killed one took is not in them).
"""

import argparse
import math
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from _report import machine
from sklearn.pipeline import make_pipeline

from spectransfer import (
    DirectMLPTransfer,
    SpectralMLP,
    SpectralVAE,
    StandardScaler,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.evaluation import evaluate_transfers
from spectransfer.metrics import relative_squared_error
from spectransfer.networks import resumable
from spectransfer.preprocessing import BaselineCorrector
from spectransfer.simulation import make_libs_maps

LITERAL: dict[str, object] = {"autoencoder__kl_scale": "literal"}
TO_THE_END: dict[str, object] = {"autoencoder__training__patience": None}
# by what they differ from as_published()
READINGS: dict[str, dict[str, object]] = {
    "literal": LITERAL | TO_THE_END,
    "literal, stopped early": LITERAL,
    "averaged": TO_THE_END,
    "averaged, stopped early": {},
    # at light width the mean is over a quarter of the paper's channels
    "averaged over 4062 channels": {"autoencoder__kl_weight": 0.5 * 1015 / 4062}
    | TO_THE_END,
    "no divergence": {"autoencoder__kl_weight": 0.0} | TO_THE_END,
}
DIRECT = "direct MLP"
WINDOWS = {"light": (25, 12), "full": (100, 50)}


class Clocked:
    """A network that knows how long its training took, and may end it early."""

    first: int | None = None
    seconds = 0.0

    def _train(self, plan: Any, *parts: Any, **options: Any) -> None:
        if self.first is not None:
            plan = replace(plan, n_epochs=min(self.first, plan.n_epochs))
        start = time.process_time()
        super()._train(plan, *parts, **options)  # type: ignore[misc]
        self.seconds = time.process_time() - start


class Autoencoder(Clocked, SpectralVAE):
    """The paper's autoencoder."""


class Mapper(Clocked, SpectralMLP):
    """The paper's mapper."""


class Direct(Clocked, DirectMLPTransfer):
    """The paper's direct MLP."""


def published(reading: str) -> Any:
    """Give the paper's regressor by one of its readings, or its direct MLP."""
    if reading == DIRECT:
        return Direct.as_published(random_state=0)
    return VAELatentTransfer.as_published(
        autoencoder=Autoencoder.as_published(),
        mapper=Mapper.as_published(),
        random_state=0,
        **READINGS[reading],
    )


def pipeline(width: str, regressor: Any) -> Any:
    """Give the transfer with the paper's preparation of both sides."""
    minimum, smooth = WINDOWS[width]
    sides = {
        side: [
            BaselineCorrector(minimum, smooth_window=smooth),
            StandardScaler(copy=False),
        ]
        for side in ("secondary", "primary")
    }
    prepared = {side: make_pipeline(*steps) for side, steps in sides.items()}
    return make_transfer_pipeline(regressor, **prepared)


def transferred(transfer: Any, maps: Any) -> Iterator[float]:
    """Give the RSE of a transfer on the same day, and on the second day by itself."""
    for judged, protocol in ((maps.validation, "deployable"), (maps.test, "paper")):
        # the first map is for clusters, at which nobody looks here
        (row,) = evaluate_transfers(
            {"": transfer}, maps.validation, judged, protocols=protocol
        )
        yield row.rse


def decoded(transfer: Any, maps: Any) -> Iterator[float]:
    """Give the RSE of primary spectra that the autoencoder encodes and decodes."""
    autoencoder = transfer[-1].regressor_.autoencoder_
    side = transfer[-1].primary_side_
    for primary, own in (
        (maps.validation.X_primary, side),
        (maps.test.X_primary, side.fitted_to(maps.test.X_primary)),
    ):
        latents = autoencoder.transform(own.prepare(primary))
        again = own.undo(autoencoder.inverse_transform(latents))
        yield relative_squared_error(own.in_prediction_space(primary), again)


def show(name: str, transfer: Any, maps: Any) -> None:
    """Print the row of a reading, and the course of its trainings."""
    fitted = transfer[-1].regressor_
    rses = list(transferred(transfer, maps))
    if name == DIRECT:
        networks = {name: fitted}
        rses += [math.nan, math.nan]
        clocks = [(0, 0.0), (fitted.n_epochs_, fitted.seconds)]
    else:
        networks = {"autoencoder": fitted.autoencoder_, "mapper": fitted.mapper_}
        rses += decoded(transfer, maps)
        clocks = [(part.n_epochs_, part.seconds) for part in networks.values()]
    line = f"{name:24}" + "".join(f"{rse:8.3f}" for rse in rses)
    print(line + "".join(f"{n:8}{seconds:8.0f}" for n, seconds in clocks))
    for what, network in networks.items():
        losses = network.validation_loss_curve_
        print(f"    {what}, validation loss by epoch (the least in {least(losses)}):")
        print("    " + " ".join(f"{loss:.4f}" for loss in losses), flush=True)
    if name != DIRECT:
        weights = " ".join(f"{w:.2f}" for w in fitted.autoencoder_.kl_weight_curve_)
        print(f"    weight of the divergence: {weights}", flush=True)


def least(losses: list[float]) -> int:
    """Give the epoch of the least loss, from 1."""
    return losses.index(min(losses)) + 1


def main() -> None:
    """Print a row for each reading."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--side", type=int, default=128, help="of the training map")
    parser.add_argument("--spectrometers", choices=list(WINDOWS), default="light")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--readings", nargs="+", choices=[*READINGS, DIRECT])
    parser.add_argument("--epochs", type=int, help="the first of the autoencoder's 50")
    parser.add_argument("--mapper-epochs", type=int, help="the first of its 100")
    parser.add_argument("--keep", type=Path, help="folder of trainings that go on")
    options = parser.parse_args()
    width = options.spectrometers
    Autoencoder.first = options.epochs
    Mapper.first = Direct.first = options.mapper_epochs
    print(f"Measured on: {machine()}. {options.side}^2 shots, {width}.\n")
    start = time.process_time()
    maps = make_libs_maps(
        (options.side, options.side),
        (64, 64),
        (64, 64),
        spectrometers=width,
        random_state=options.seed,
    )
    print(f"simulated in {time.process_time() - start:.0f} s")
    print(
        f"{'':24}{'transfer':>16}{'autoencoder':>16}{'autoencoder':>16}{'mapper':>16}\n"
        f"{'RSE':24}" + 2 * f"{'same':>8}{'second':>8}" + 2 * f"{'epochs':>8}{'s':>8}",
        flush=True,
    )
    with ExitStack() as kept:
        if options.keep is not None:
            kept.enter_context(resumable(options.keep))
        for name in options.readings or [*READINGS, DIRECT]:
            transfer = pipeline(width, published(name)).fit(
                maps.train.X_secondary,
                maps.train.X_primary,
                X_val=maps.validation.X_secondary,
                y_val=maps.validation.X_primary,
            )
            show(name, transfer, maps)


if __name__ == "__main__":
    main()
