"""
Does halving find what trying everything finds?
===============================================

The paper chose its networks by Hyperband on the validation map: most candidates get a
few epochs only, in the hope that who is bad stays bad. We run the paper's whole search
at a small size, the VAE on primary spectra, the mapper into the frozen VAE, the direct
MLP, the number of neighbours, and then train all candidates of the VAE in full.

Halving spends 81 epochs where everything takes 243, and finds the same VAE, which keeps
0.9985 of the variance of the validation map.

    python examples/search_hyperparameters.py                # in this process
    python examples/search_hyperparameters.py --dask         # on a local Dask cluster
    python examples/search_hyperparameters.py --folder kept  # taken up when run again
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import joblib
import matplotlib.pyplot as plt

from spectransfer import (
    DirectMLPTransfer,
    SpectralMLP,
    SpectralVAE,
    StandardScaler,
    Training,
)
from spectransfer.evaluation import evaluate_transfers
from spectransfer.preprocessing import BaselineCorrector
from spectransfer.search import HalvingSearch, published_space, search_published
from spectransfer.simulation import make_libs_maps

parser = argparse.ArgumentParser(description="Search the parameters of a transfer.")
parser.add_argument("--dask", action="store_true", help="use a local cluster")
parser.add_argument("--folder", help="where to keep finished fits")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--verbose", action="store_true", help="show progress bars")


@contextmanager
def on_cluster(wanted: bool) -> Iterator[None]:
    """Let joblib send its work to a Dask cluster of two processes, if wanted."""
    if not wanted:
        yield
        return
    from distributed import Client, LocalCluster

    with (
        LocalCluster(2, threads_per_worker=1, dashboard_address=":0") as machines,
        Client(machines),
        joblib.parallel_config("dask"),
    ):
        yield


# %%
# Three maps without baseline
# ---------------------------
# Taken off once and for all, the baseline is not taken off again in every fit.
def prepared_maps(seed: int) -> dict[str, tuple]:
    """Give pairs of secondary and primary spectra by the name of their map."""
    maps = make_libs_maps(
        train=(24, 24),
        validation=(16, 16),
        test=(16, 16),
        second_day=(),
        spectrometers="light",
        random_state=seed,
    )
    corrector = BaselineCorrector(25, smooth_window=12)
    return {
        name: tuple(corrector.fit_transform(s) for s in (m.X_secondary, m.X_primary))
        for name, m in maps.items()
    }


# %%
# The paper's spaces, for smaller networks
# ----------------------------------------
# Layers a sixteenth as wide: a quarter of the channels, and 576 spectra, not 313,600.
def small_spaces() -> dict[str, dict]:
    """Give the paper's spaces with narrower layers."""
    spaces = {name: published_space(name) for name in ("vae", "mlp", "direct")}
    for space in spaces.values():
        for name in ("hidden_layer_sizes", "decoder_layer_sizes"):
            if name in space:
                space[name] = [tuple(n // 16 for n in layers) for layers in space[name]]
    return spaces


# %%
# The search
# ----------
# Nine candidates of each network begin with 3 epochs, three go on to 9, one to 27. An
# epoch of the 576 spectra are nine steps.
BATCH, STEPS = 64, 9


def main() -> None:
    """Search, and print what was found."""
    arguments = parser.parse_args()
    pairs = prepared_maps(arguments.seed)
    options = {"random_state": arguments.seed, "verbose": arguments.verbose}
    options |= {"n_candidates": 9, "min_resources": 3 * STEPS}
    with tempfile.TemporaryDirectory() as scratch, on_cluster(arguments.dask):
        options["folder"] = Path(arguments.folder or scratch)
        found = search_published(
            *pairs["train"],
            *pairs["validation"],
            spaces=small_spaces(),
            max_resources=dict.fromkeys(("vae", "mlp", "direct"), 27 * STEPS),
            autoencoder=SpectralVAE(training=Training(batch_size=BATCH)),
            mapper=SpectralMLP(training=Training(batch_size=BATCH)),
            direct=DirectMLPTransfer(training=Training(batch_size=BATCH)),
            secondary=StandardScaler(),
            primary=StandardScaler(with_std=False),
            **options,
        )
        halving = found.searches["vae"]
        # the same candidates, none of which is sent home early
        everything = HalvingSearch(
            halving.estimator,
            halving.space,
            resource="vae__training__n_steps",
            max_resources=27 * STEPS,
            **options | {"min_resources": 27 * STEPS},
        ).fit(pairs["train"][1], X_val=pairs["validation"][1])

    draw(halving)
    print(f"{'search of the VAE':<20}{'epochs':>8}{'score':>9}   best")
    for name, search in {"halving": halving, "everything": everything}.items():
        best = {k.removeprefix("vae__"): v for k, v in search.best_params_.items()}
        n_epochs = search.cv_results_["n_resources"].sum() // STEPS
        print(f"{name:<20}{n_epochs:>8}{search.best_score_:>9.4f}   {best}")
    print()
    print(
        evaluate_transfers(
            found.transfers, pairs["train"], pairs["test"], protocols=["deployable"]
        )
    )
    plt.show()


# %%
# Who goes on
# -----------
def draw(search: HalvingSearch) -> None:
    """Show every candidate at every number of epochs that it got."""
    results = search.cv_results_
    _, ax = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
    epochs = results["n_resources"] // STEPS
    ax.plot(epochs, results["mean_test_score"], "o", alpha=0.6)
    ax.set(xlabel="epochs", ylabel="share of the variance kept", xscale="log")
    ax.set_xticks(sorted(set(epochs)), sorted(set(epochs)))


if __name__ == "__main__":
    main()
