"""
Do larger batches reach the same error sooner?
==============================================

The latent transfer of a simulated map, trained with growing batches and fewer steps, so
that every training sees as many spectra; learning rates as they are, and multiplied by
the square root of the growth and by the growth itself. Time of the fit, and the
relative squared error on a map of the same day.

    python benchmarks/bench_batches.py [--device cpu] [--threads 1] [--growth 1 2 4]
        [--shots 48] [--spectrometers light] [--steps 2000]

On a CPU a step consists of arithmetic, and time follows the spectra; on a graphics card
small steps consist of launches, and time follows the steps.
"""

import argparse
import sys
import time
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parent))
from _report import machine

from spectransfer import (
    SpectralMLP,
    SpectralVAE,
    Training,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.metrics import relative_squared_error
from spectransfer.simulation import make_libs_maps

BATCH = 128
POWERS = {"lr": 0.0, "lr x sqrt": 0.5, "lr x growth": 1.0}


def transfer(
    growth: int, power: float, n_steps: int, device: str, seed: int
) -> VAELatentTransfer:
    """Make a transfer whose batches are so many times larger."""
    parts = []
    for part in (SpectralVAE(), SpectralMLP()):
        part.set_params(
            training__batch_size=BATCH * growth,
            training__n_steps=n_steps // growth,
            training__learning_rate=Training().learning_rate * growth**power,
        )
        parts.append(part)
    return VAELatentTransfer(*parts, device=device, random_state=seed)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--growth", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--shots", type=int, default=48)
    parser.add_argument("--spectrometers", choices=["full", "light"], default="light")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(machine())
    print(f"device {options.device}, {options.shots} x {options.shots} shots")
    print(
        f"{'batch':>6}{'steps':>7}  {'':14}{'fit, s':>8}  RSE of seeds {options.seeds}"
    )
    maps = make_libs_maps(
        (options.shots, options.shots), None, (32, 32), second_day=(),
        spectrometers=options.spectrometers, random_state=0,
    )  # fmt: skip
    # what is imported and set up once is no time of a training
    warm = make_transfer_pipeline(transfer(1, 0.0, 10, options.device, 0))
    warm.fit(maps.train.X_secondary[:256], maps.train.X_primary[:256])
    for growth in options.growth:
        for name, power in POWERS.items():
            if growth == 1 and power:
                continue
            took, errors = 0.0, []
            for seed in options.seeds:
                pipeline = make_transfer_pipeline(
                    transfer(growth, power, options.steps, options.device, seed)
                )
                with threadpool_limits(options.threads):
                    start = time.perf_counter()
                    pipeline.fit(maps.train.X_secondary, maps.train.X_primary)
                    took += time.perf_counter() - start
                measured = pipeline[-1].transform_target(maps.test.X_primary)
                predicted = pipeline.predict(maps.test.X_secondary)
                errors.append(relative_squared_error(measured, predicted))
            shown = "  ".join(f"{error:.4f}" for error in errors)
            print(
                f"{BATCH * growth:6}{options.steps // growth:7}  {name:14}"
                f"{took / len(options.seeds):8.1f}  {shown}",
                flush=True,
            )


if __name__ == "__main__":
    main()
