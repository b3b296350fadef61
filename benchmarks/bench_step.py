"""
How near to the arithmetic limit is a training step in a subspace?
==================================================================

A step of the default networks, on components of spectra, written out in numpy as `fit`
takes it on the CPU, and by torch's own gradients and optimizer. GFLOP/s count six
operations for each weight and spectrum; beside them stands the best matrix product of
this machine, on as many threads. Products are the matrix products of a step alone, in
the shapes that it has, and Adam its passes over weights, gradient and moments; the rest
are activations, the loss, and the calls of numpy.

    OMP_NUM_THREADS=1 python benchmarks/bench_step.py
    OMP_NUM_THREADS=2 python benchmarks/bench_step.py
"""

import argparse
import copy
import time
from collections.abc import Callable

import numpy as np
import torch
from _report import machine
from torch import nn

from spectransfer.nn import MLP, VAE, Plan, SquaredError, Subspace, VAELoss
from spectransfer.nn._dense import DenseStep
from spectransfer.nn._plan import ADAM_EPS

LATENTS = 64
# components, layers of the encoder, spectra in a step
SIZES = [(64, (64, 32), 16), (64, (64, 32), 128), (256, (128, 64), 128)]


def seconds(work: Callable[[], object], repeats: int = 300) -> float:
    """Shortest time of a call: other work on the machine lengthens all others."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def peak() -> float:
    """GFLOP/s of the best matrix product."""
    best = 0.0
    for n in (256, 512, 1024, 2048):
        a, b = np.ones((n, n), np.float32), np.ones((n, n), np.float32)
        once = seconds(lambda a=a, b=b: a @ b, repeats=30)
        best = max(best, 2 * n**3 / once / 1e9)
    return best


def networks(n_components: int, sizes: tuple[int, ...], batch: int):
    """Give the networks of a latent transfer, with losses and data."""
    vae = VAE(n_components, sizes, LATENTS)
    whole = Subspace(
        torch.eye(n_components), torch.zeros(n_components), torch.ones(n_components)
    )
    vae.start_from(whole.leading(LATENTS))
    loss = VAELoss(1e-3)
    loss.kl_weight = 0.5
    spectra = torch.randn(batch, n_components)
    yield "VAE", vae, loss, spectra, spectra
    mapper = MLP(n_components, (128, 512), LATENTS)
    yield "mapper", mapper, SquaredError(), spectra, torch.randn(batch, LATENTS)


def torch_step(module: nn.Module, loss: nn.Module, *pair: torch.Tensor):
    """Give a step as torch takes it."""
    weights = list(module.parameters())
    optimizer = torch.optim.Adam(weights, eps=ADAM_EPS, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        loss(module(pair[0]), pair[1]).backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()

    return step


def products(module: nn.Module, batch: int) -> Callable[[], None]:
    """Give the three matrix products of every layer, and nothing else."""
    layers = [m for m in module.modules() if isinstance(m, nn.Linear)]
    arrays = []
    for layer in layers:
        n_out, n_in = layer.weight.shape
        shapes = (batch, n_in), (batch, n_out), (n_out, n_in)
        arrays.append([np.ones(shape, np.float32) for shape in shapes])

    def all_of_them() -> None:
        for x, y, kernel in arrays:
            np.dot(x, kernel.T)
            np.dot(y.T, x)
            np.dot(y, kernel)

    return all_of_them


def main() -> None:
    """Print a row for each network."""
    argparse.ArgumentParser(description=__doc__.splitlines()[1]).parse_args()
    torch.manual_seed(0)
    best = peak()
    print(f"Measured on: {machine()}, torch's threads {torch.get_num_threads()}.")
    print(f"Best matrix product: {best:.0f} GFLOP/s.\n")
    print(
        "components  batch  network   torch, ms  written out, ms  products   Adam"
        "  GFLOP/s  of best"
    )
    for n_components, sizes, batch in SIZES:
        plan = Plan("net", 100, batch, 1e-4, torch.device("cpu"), max_gradient_norm=1.0)
        for name, module, loss, *pair in networks(n_components, sizes, batch):
            n_weights = sum(weights.numel() for weights in module.parameters())
            theirs = torch_step(copy.deepcopy(module), loss, *pair)
            ours = DenseStep(module, loss, plan, batch)
            slow, fast = seconds(theirs), seconds(lambda o=ours, p=pair: o(*p))
            alone = seconds(products(module, batch))
            adam = seconds(lambda o=ours: o._adam(1e-4))
            rate = 6 * n_weights * batch / fast / 1e9
            print(
                f"{n_components:10}{batch:7}  {name:8}{1e3 * slow:11.2f}"
                f"{1e3 * fast:17.2f}{1e3 * alone:10.2f}{1e3 * adam:7.2f}"
                f"{rate:9.1f}{rate / best:9.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
