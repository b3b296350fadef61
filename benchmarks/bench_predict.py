"""
How much of a prediction is not torch?
======================================

`predict` of 20,000 spectra by the paper's networks, against bare forward passes of the
same modules over the same tensors, written into a new array: the fastest of three
chunk sizes. Once the passes alone ("bare"), and once with what a network that learned
on centred and scaled spectra cannot do without ("units"). Checks of the input are ours.

    python benchmarks/bench_predict.py [--threads 2] [--spectra 20000] [--repeats 5]

All ways take turns in one run; figures are medians. The column "differs" is the largest
difference from predicting all spectra in pieces of odd sizes: zero, or a prediction
depends on what it is made together with.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Callable, Hashable
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))
from _report import Row, machine
from bench_training import CLOCKS, N_LATENT, N_PRIMARY, N_SECONDARY, Clock

from spectransfer import (
    DirectMLPTransfer,
    SpectralMLP,
    SpectralVAE,
    Training,
    VAELatentTransfer,
)

CHUNKS = (256, 1024, 4096)
Predict = Callable[[np.ndarray], np.ndarray]


def bare(module: nn.Module, chunk: int, n_outputs: int, units: bool) -> Predict:
    """Forward passes alone; with `units`, spectra are centred and scaled, too."""
    into, out_of = torch.full((1,), 300.0), torch.full((n_outputs,), 300.0)

    @torch.inference_mode()
    def predict(X: np.ndarray) -> np.ndarray:
        # numpy's memory, as ours: torch asks the system for pages of another size
        filled = np.empty((len(X), n_outputs), np.float32)
        out = torch.from_numpy(filled)
        for rows in torch.arange(len(X)).split(chunk):
            start, stop = int(rows[0]), int(rows[-1]) + 1
            spectra = torch.from_numpy(X[start:stop])
            if units and X.shape[1] > N_LATENT:
                spectra = (spectra - into.expand(X.shape[1])) / 20
            predicted = module(spectra)
            if units and n_outputs > N_LATENT:
                predicted = predicted * 20 + out_of
            out[start:stop] = predicted
        return filled

    return predict


class Means(nn.Module):
    """The encoder of a VAE, to the means of its posteriors."""

    def __init__(self, vae: nn.Module) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Encode spectra."""
        return self.vae.encode(x)[0]


def networks() -> dict[str, tuple[Predict, nn.Module, int, int]]:
    """Fitted to a few spectra: `predict`, module, inputs and outputs."""
    rng = np.random.default_rng(0)
    X, Y, Z = (
        rng.normal(300, 20, size=(256, n)).astype(np.float32)
        for n in (N_SECONDARY, N_PRIMARY, N_LATENT)
    )
    quick = {"training": Training(n_steps=1), "random_state": 0}
    mapper = SpectralMLP(**quick).fit(X, Z)
    direct = DirectMLPTransfer(**quick).fit(X, Y)
    vae = SpectralVAE(**quick).fit(Y)
    latent = VAELatentTransfer(
        SpectralVAE(**quick), SpectralMLP(**quick), random_state=0
    ).fit(X, Y)
    both = nn.Sequential(
        latent.mapper_.net_.module_, latent.autoencoder_.net_.module_.decoder
    )
    encoder = vae.net_.module_
    encode = Means(encoder)
    return {
        "mapper": (mapper.predict, mapper.net_.module_, N_SECONDARY, N_LATENT),
        "VAE, transform": (vae.transform, encode, N_PRIMARY, N_LATENT),
        "VAE, inverse_transform": (
            vae.inverse_transform, encoder.decoder, N_LATENT, N_PRIMARY,
        ),
        "direct MLP": (direct.predict, direct.net_.module_, N_SECONDARY, N_PRIMARY),
        "latent transfer": (latent.predict, both, N_SECONDARY, N_PRIMARY),
    }  # fmt: skip


def dependence(predict: Predict, X: np.ndarray) -> float:
    """Largest difference between predicting together and in pieces."""
    few = X[:1500]
    pieces = [few[:1], few[1:300], few[300:812], few[812:]]
    apart = np.concatenate([predict(piece) for piece in pieces])
    return float(np.abs(apart - predict(few)).max())


def race(
    ways: dict[Hashable, Predict], X: np.ndarray, repeats: int, clock: Clock
) -> dict[Hashable, list[float]]:
    """Seconds of every way in every repeat, after one that is not counted."""
    times: dict[Hashable, list[float]] = {key: [] for key in ways}
    for repeat in range(repeats + 1):
        for key, way in ways.items():
            start = clock()
            way(X)
            if repeat:
                times[key].append(clock() - start)
    return times


def measured(
    n_spectra: int, repeats: int, clock: Clock, only: str = ""
) -> dict[str, tuple[float, float, float]]:
    """Print times, and give both speeds and the dependence on pieces, by network."""
    rng, found = np.random.default_rng(1), {}
    heads = ("bare, s", "units, s", "ours, s", "of bare", "of units")
    print(f"{'':24}" + "".join(f"{head:>10}" for head in heads) + "  differs")
    for name, (predict, module, n_in, n_out) in networks().items():
        if not name.startswith(only):
            continue
        X = rng.normal(300, 20, size=(n_spectra, n_in)).astype(np.float32)
        module.eval()
        ways: dict[Hashable, Predict] = {
            (chunk, units): bare(module, chunk, n_out, units)
            for chunk in CHUNKS
            for units in (False, True)
        }
        times = race({**ways, "ours": predict}, X, repeats, clock)
        ours = times.pop("ours")
        bests, speeds = [], []
        for units in (False, True):
            best = min((times[chunk, units] for chunk in CHUNKS), key=statistics.median)
            bests.append(statistics.median(best))
            speeds.append(
                statistics.median(b / t for b, t in zip(best, ours, strict=True))
            )
        differs = dependence(predict, X)
        print(
            f"{name:24}{bests[0]:10.3f}{bests[1]:10.3f}{statistics.median(ours):10.3f}"
            f"{speeds[0]:10.2f}{speeds[1]:10.2f}  {differs:.0e}",
            flush=True,
        )
        found[name] = speeds[0], speeds[1], differs
    return found


def rows() -> list[Row]:
    """Compare with bare forward passes, on one thread."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        found = measured(20_000, 5, CLOCKS["wall"])
    table: list[Row] = []
    for name, (speed, with_units, _) in found.items():
        what = f"predicting 20,000 spectra, {name}"
        table.append((what, "bare forward passes", speed, ">= 0.9"))
        table.append((what, "bare forward passes with units", with_units, ">= 0.9"))
    differs = max(differs for *_, differs in found.values())
    what = "predicting in pieces, largest difference of all networks"
    return [*table, (what, "predicting at once", differs, "<= 1e-3")]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--spectra", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--only", default="", help="networks whose name begins so")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with threadpool_limits(options.threads):
        print(machine())
        print(
            f"torch {torch.__version__}, {options.threads} threads, {options.spectra} "
            f"spectra, float32, {options.clock} clock, medians of {options.repeats}"
        )
        measured(options.spectra, options.repeats, CLOCKS[options.clock], options.only)


if __name__ == "__main__":
    main()
