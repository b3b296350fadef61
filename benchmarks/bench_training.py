"""
How much of a training is not torch?
====================================

Steps of the paper's networks through `fit`, against a bare torch loop over the same
tensors (gather a batch, forward, backward, Adam) and against scikit-learn's
MLPRegressor with the same layers. Times of one step in milliseconds, and how fast each
way is compared with the bare loop that does the same work: once the paper's, once with
what our defaults add (units, clipped gradients, a falling learning rate).

    python benchmarks/bench_training.py [--threads 2] [--spectra 1280] [--repeats 5]

A fit of `1 + epochs` epochs less a fit of one epoch gives the time of the steps; what
is left is the time that a fit spends before and after them (checks, weights, and the
encoding of all spectra by the autoencoder), the last column. All ways take turns in one
run; figures are medians. On a machine that does other work, too, `--clock processor`
counts the time of the processor instead; it tells of one thread only.
"""

import argparse
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parent))
from _report import Row, machine

from spectransfer import DirectMLPTransfer, SpectralMLP, SpectralVAE, Training
from spectransfer.networks import PublishedTraining
from spectransfer.nn import MLP, VAE, kl_divergence

N_PRIMARY, N_SECONDARY, N_LATENT, BATCH = 4062, 3872, 64, 128
KL_WEIGHT = 0.5
BARE, EXTRAS = "bare torch", ", with units, clipping, decay"
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
Fit = Callable[[int], object]
Clock = Callable[[], float]


def adam(module: nn.Module) -> torch.optim.Optimizer:
    """The paper's Adam, with the penalty on the hidden kernels."""
    hidden, others = [], []
    for name, weights in module.named_parameters():
        penalized = "hidden" in name and name.endswith("weight")
        (hidden if penalized else others).append(weights)
    groups = [{"params": hidden, "weight_decay": 2e-6}, {"params": others}]
    return torch.optim.Adam(groups, lr=1e-4, eps=1e-7, fused=True)


def batches(*tensors: Tensor) -> Iterator[list[Tensor]]:
    """An epoch of random batches."""
    order = torch.randperm(len(tensors[0]))
    for rows in order.split(BATCH):
        yield [tensor.index_select(0, rows) for tensor in tensors]


def bare(
    build: Callable[[], nn.Module],
    loss_of: Callable[[nn.Module, list[Tensor]], Tensor],
    tensors: list[Tensor],
    extras: bool = False,
) -> Fit:
    """The steps, and nothing else; with `extras`, all that our defaults add to them."""
    shifts = [tensor.mean(dim=0) for tensor in tensors]

    def fit(n_epochs: int) -> None:
        module = build()
        optimizer = adam(module)
        n_steps = n_epochs * -(-len(tensors[0]) // BATCH)
        decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
        for _ in range(n_epochs):
            for batch in batches(*tensors):
                if extras:
                    for part, shift in zip(batch, shifts, strict=True):
                        part.sub_(shift).mul_(1.01)
                optimizer.zero_grad()
                loss_of(module, batch).backward()
                if extras:
                    nn.utils.clip_grad_norm_(module.parameters(), 1.0)
                optimizer.step()
                if extras:
                    decay.step()

    return fit


def vae_loss(module: nn.Module, batch: list[Tensor]) -> Tensor:
    """Reconstruction error and KL divergence."""
    (x,) = batch
    decoded, mean, log_variance = module(x)
    error = nn.functional.mse_loss(decoded, x)
    return error + KL_WEIGHT * kl_divergence(mean, log_variance)


def squared_error(module: nn.Module, batch: list[Tensor]) -> Tensor:
    """Mean squared error of a regression."""
    return nn.functional.mse_loss(module(batch[0]), batch[1])


def scikit(sizes: tuple[int, ...], X: np.ndarray, y: np.ndarray) -> Fit:
    """scikit-learn's network: plain instead of leaky ReLUs, the same products."""

    def fit(n_epochs: int) -> MLPRegressor:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it wants to converge
            return MLPRegressor(
                hidden_layer_sizes=sizes, alpha=1e-6, batch_size=BATCH,
                learning_rate_init=1e-4, max_iter=n_epochs,
                n_iter_no_change=n_epochs, random_state=0,
            ).fit(X, y)  # fmt: skip

    return fit


def contests(n_spectra: int) -> dict[str, dict[str, Fit]]:
    """Ways to train each network."""
    rng = np.random.default_rng(0)
    X, Y, Z = (
        rng.normal(size=(n_spectra, n)).astype(np.float32)
        for n in (N_SECONDARY, N_PRIMARY, N_LATENT)
    )
    spectra, primary, latents = (torch.from_numpy(a) for a in (X, Y, Z))

    def ours(estimator: type, *data: np.ndarray) -> tuple[Fit, Fit]:
        n_steps = -(-n_spectra // BATCH)

        def published(n_epochs: int) -> object:
            training = PublishedTraining(max_epochs=n_epochs, patience=None)
            return estimator.as_published(training=training, random_state=0).fit(*data)

        def taught(n_epochs: int) -> object:
            training = Training(
                n_steps=n_epochs * n_steps, batch_size=BATCH, learning_rate=1e-4
            )
            return estimator.as_published(training=training, random_state=0).fit(*data)

        return published, taught

    def build_vae() -> nn.Module:
        return VAE(N_PRIMARY, (1024, 512), N_LATENT)

    def build_mapper() -> nn.Module:
        return MLP(N_SECONDARY, (128, 512), N_LATENT)

    def build_direct() -> nn.Module:
        return nn.Sequential(build_mapper(), MLP(N_LATENT, (512, 1024), N_PRIMARY))

    found = {}
    for name, estimator, build, loss_of, tensors, arrays, sizes in (
        ("VAE, 4062-1024-512-64", SpectralVAE, build_vae, vae_loss, [primary], [Y], ()),
        ("mapper, 3872-128-512-64", SpectralMLP, build_mapper, squared_error,
         [spectra, latents], [X, Z], (128, 512)),
        ("direct MLP, 3872-128-512-64-512-1024-4062", DirectMLPTransfer, build_direct,
         squared_error, [spectra, primary], [X, Y], (128, 512, 64, 512, 1024)),
    ):  # fmt: skip
        published, taught = ours(estimator, *arrays)
        found[name] = {
            BARE: bare(build, loss_of, tensors),
            "fit, as published": published,
            BARE + EXTRAS: bare(build, loss_of, tensors, extras=True),
            "fit" + EXTRAS: taught,
        }
        if sizes:
            found[name]["scikit-learn"] = scikit(sizes, *arrays)
    return found


def seconds(work: Fit, n_epochs: int, clock: Clock) -> float:
    """Time of one fit."""
    start = clock()
    work(n_epochs)
    return clock() - start


def step_times(
    ways: dict[str, Fit],
    n_epochs: int,
    n_steps: int,
    repeats: int,
    clock: Clock = time.perf_counter,
) -> dict[str, list[tuple[float, float]]]:
    """Seconds of a step, and seconds beside the steps, of every way and repeat."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for repeat in range(repeats + 1):
        for name, way in ways.items():
            short, long = seconds(way, 1, clock), seconds(way, 1 + n_epochs, clock)
            step = (long - short) / (n_epochs * n_steps)
            if repeat:  # the first round is not counted
                times[name].append((step, short - n_steps * step))
    return times


def measured(
    n_spectra: int, n_epochs: int, repeats: int, clock: Clock, only: str = ""
) -> dict[tuple[str, str], float]:
    """Print times, and give the speed of every network and way against bare torch."""
    n_steps = -(-n_spectra // BATCH)
    speeds = {}
    print(f"{'':44}{'ms/step':>9}{'spectra/s':>11}{'speed':>7}{'beside, ms':>12}")
    for network, ways in contests(n_spectra).items():
        if not network.startswith(only):
            continue
        print(network)
        times = step_times(ways, n_epochs, n_steps, repeats, clock)
        for name, own in times.items():
            bare = times[BARE + EXTRAS if EXTRAS in name else BARE]
            step = statistics.median(t for t, _ in own)
            speed = statistics.median(
                b / t for (b, _), (t, _) in zip(bare, own, strict=True)
            )
            beside = statistics.median(rest for _, rest in own)
            print(
                f"  {name:42}{step * 1e3:9.2f}{BATCH / step:11.0f}{speed:7.2f}"
                f"{beside * 1e3:12.0f}"
            )
            speeds[network, name] = speed
    return speeds


def rows() -> list[Row]:
    """Compare with the bare loop, and with scikit-learn, on one thread."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        speeds = measured(1280, 4, 3, CLOCKS["wall"], "VAE")
        speeds |= measured(1280, 4, 3, CLOCKS["wall"], "direct")
        # steps of 5 ms need more of them
        speeds |= measured(1280, 16, 7, CLOCKS["wall"], "mapper")
    table: list[Row] = []
    for (network, name), speed in speeds.items():
        what = f"training steps of {network}, {name}"
        if name.startswith("fit"):
            bare = BARE + EXTRAS if EXTRAS in name else BARE
            table.append((what, bare, speed, ">= 0.95"))
        elif name == "scikit-learn":
            fit = speeds[network, "fit, as published"]
            what = f"training steps of {network}, fit, as published"
            table.append((what, "MLPRegressor", fit / speed, ">= 1"))
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--spectra", type=int, default=1280)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--only", default="", help="networks whose name begins so")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with threadpool_limits(options.threads):
        print(machine())
        print(
            f"torch {torch.__version__}, {options.threads} threads, {options.spectra} "
            f"spectra, batches of {BATCH}, {options.epochs} epochs, {options.clock} "
            f"clock, medians of {options.repeats}"
        )
        measured(
            options.spectra,
            options.epochs,
            options.repeats,
            CLOCKS[options.clock],
            options.only,
        )


if __name__ == "__main__":
    main()
