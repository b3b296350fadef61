"""
What do bfloat16 and TF32 gain, and what do they cost?
======================================================

The option `precision` of a training. First the time of a step of the paper's
autoencoder, against float32 in the same run. Then, on a simulated map, the relative
squared error of a transfer trained and used in each precision, and how far its
predictions are from those in float32, in the same measure: what the option alone costs.
As a yardstick, the same distance between two seeds in float32.

    python benchmarks/bench_precision.py [--device cpu] [--threads 2]
"""

import argparse
import os
import statistics
from functools import partial

import numpy as np
import torch
from _report import machine
from bench_training import BATCH, CLOCKS, N_PRIMARY, Clock, Fit, step_times
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from spectransfer import (
    SpectralMLP,
    SpectralVAE,
    Training,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.metrics import relative_squared_error
from spectransfer.nn import PRECISIONS
from spectransfer.simulation import make_libs_maps


def speeds(device: str, n_spectra: int, repeats: int, clock: Clock) -> None:
    """Print the time of a step of the autoencoder."""
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(n_spectra, N_PRIMARY)).astype(np.float32)

    def fit(precision: str, n_epochs: int) -> object:
        return SpectralVAE.as_published(
            training__max_epochs=n_epochs,
            training__patience=None,
            training__device=device,
            training__precision=precision,
            random_state=0,
        ).fit(Y)

    fits: dict[str, Fit] = {name: partial(fit, name) for name in PRECISIONS}
    n_steps = -(-n_spectra // BATCH)
    times = step_times(fits, 4, n_steps, repeats, clock)
    print(f"{'autoencoder, 4062-1024-512-64':32}{'ms/step':>9}{'speed':>7}")
    for name, own in times.items():
        step = statistics.median(t for t, _ in own)
        speed = statistics.median(
            a / b for (a, _), (b, _) in zip(times["float32"], own, strict=True)
        )
        print(f"  {name:30}{step * 1e3:9.2f}{speed:7.2f}")


def errors(device: str, n_epochs: int, size: str) -> None:
    """Print what the options do to a transfer of a simulated map."""
    maps = make_libs_maps(
        (32, 32), None, (20, 20), second_day=(), spectrometers=size, random_state=0
    )
    train, test = maps.train, maps.test
    n_steps = n_epochs * -(-len(train.X_primary) // 64)

    def predicted(precision: str = "float32", seed: int = 0) -> np.ndarray:
        training = Training(
            n_steps=n_steps, batch_size=64, device=device, precision=precision
        )
        transfer = VAELatentTransfer(
            SpectralVAE(training=training),
            SpectralMLP(training=training),
            random_state=seed,
        )
        pipeline = clone(make_transfer_pipeline(transfer))
        pipeline.fit(train.X_secondary, train.X_primary)
        truth.append(pipeline[-1].transform_target(test.X_primary))
        return pipeline.predict(test.X_secondary)

    truth: list[np.ndarray] = []
    exact = predicted()
    measured = truth[0]
    print(f"{'transfer of a 32 x 32 map':32}{'RSE':>9}{'from float32':>15}")
    for name in PRECISIONS:
        found = exact if name == "float32" else predicted(name)
        away = relative_squared_error(exact, found)
        print(f"  {name:30}{relative_squared_error(measured, found):9.4f}{away:15.1e}")
    other = predicted(seed=1)
    away = relative_squared_error(exact, other)
    print(
        f"  {'float32, another seed':30}"
        f"{relative_squared_error(measured, other):9.4f}{away:15.1e}"
    )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--spectra", type=int, default=640)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--spectrometers", choices=["full", "light"], default="full")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(machine())
    print(f"{options.threads} threads, device {options.device}, {options.clock} clock")
    with threadpool_limits(options.threads):
        speeds(
            options.device,
            options.spectra,
            options.repeats,
            CLOCKS[options.clock],
        )
        errors(options.device, options.epochs, options.spectrometers)


if __name__ == "__main__":
    main()
