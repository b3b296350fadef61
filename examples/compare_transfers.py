"""
Which transfer suits a pair of instruments?
===========================================

A laboratory that joins a spectral library has a few hundred spots measured on both
instruments, and wants to know how far each way of transferring will carry it. We
cross-validate them on one pair, whole samples left out, and print one table. On the
built-in pair of 1,000 spectra PLS has an RSE of 0.0093, ridge 0.0118, the direct
network 0.0130, and the latent transfer, the only one that shares a latent library,
0.0107. What only looks for neighbours has 0.0766.

    python examples/compare_transfers.py                     # the built-in pair
    python examples/compare_transfers.py --pair my_pair.npz  # your own
    python examples/compare_transfers.py --all               # slower rows, too

A file of pairs holds X_primary, X_secondary, wavelengths_primary,
wavelengths_secondary and, where spots are repeated, sample_id.

Every statistic comes from the training folds: the deployable protocol.
"""

import argparse
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from scipy.linalg import LinAlgWarning
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer

from spectransfer import (
    BaselineCorrector,
    DirectMLPTransfer,
    KNNTransfer,
    MeanTransfer,
    SpectralMLP,
    SpectralVAE,
    StandardScaler,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.io import load_pair
from spectransfer.metrics import (
    k_score,
    mean_cosine,
    mean_euclidean,
    relative_squared_error,
)
from spectransfer.spectra import SpectraPair

PUBLISHED = "VAE + MLP, as published"
SLOWER = ("VAE + MLP, by spectrum", PUBLISHED)
HEADER = (
    f"{'method':<26}{'RSE':>8}{'+-':>8}{'Euclidean':>11}{'cosine':>9}{'k-score':>9}"
    f"{'fit':>9}{'predict':>9}"
)


# %%
# The transfers
# -------------
def transfers(seed: int, verbose: bool) -> dict[str, object]:
    """Every way of transferring, simplest first."""

    def latent(**options: object) -> VAELatentTransfer:
        networks = SpectralVAE(verbose=verbose), SpectralMLP(verbose=verbose)
        return VAELatentTransfer(*networks, random_state=seed, **options)

    return {
        "mean": MeanTransfer(),
        "KNN": KNNTransfer(),
        "ridge": Ridge(),
        "PLS, 16 components": PLSRegression(16, scale=False),
        "direct MLP": DirectMLPTransfer(random_state=seed, verbose=verbose),
        "VAE + MLP": latent(),
        "VAE + MLP, by spectrum": latent(objective="spectrum"),
        PUBLISHED: VAELatentTransfer.as_published(random_state=seed, verbose=verbose),
    }


def preparation(arguments: argparse.Namespace, power: float) -> Pipeline:
    """What is done to the spectra of one side."""
    minimum, smooth = arguments.windows
    corrector = BaselineCorrector(minimum, smooth_window=smooth)
    steps = [
        ("baseline", None if arguments.no_baseline else corrector),
        ("norm", Normalizer() if arguments.normalize else None),
        ("scaler", StandardScaler(power=power)),
    ]
    return Pipeline([(name, step) for name, step in steps if step is not None])


# %%
# One method, cross-validated
# ---------------------------
def judge(transfer: Pipeline, pair: SpectraPair, folds: int) -> list[list[float]]:
    """Fit and predict fold by fold, and compare like with like."""
    groups = np.arange(len(pair)) if pair.sample_id is None else pair.sample_id
    figures = []
    for known, unseen in GroupKFold(folds).split(pair.X_secondary, groups=groups):
        fitted = clone(transfer)
        started = time.perf_counter()
        fitted.fit(pair.X_secondary[known], pair.X_primary[known])
        trained = time.perf_counter()
        predicted = fitted.predict(pair.X_secondary[unseen])
        finished = time.perf_counter()
        library = fitted[-1].transform_target(pair.X_primary[known])
        measured = fitted[-1].transform_target(pair.X_primary[unseen])
        figures.append(
            [
                relative_squared_error(measured, predicted),
                mean_euclidean(measured, predicted),
                mean_cosine(measured, predicted),
                k_score(
                    measured,
                    predicted,
                    kmeans=KMeans(4, n_init=3, random_state=0).fit(library),
                ),
                trained - started,
                finished - trained,
            ]
        )
    return figures


def row(name: str, figures: list[list[float]]) -> str:
    """Lay out the means over the folds."""
    rse, euclidean, cosine, labels, fit, predict = np.mean(figures, axis=0)
    spread = np.std([fold[0] for fold in figures])
    return (
        f"{name:<26}{rse:>8.4f}{spread:>8.4f}{euclidean:>11.5g}{cosine:>9.4f}"
        f"{labels:>8.1%} {fit:>7.1f} s{predict:>7.2f} s"
    )


# %%
# The table
# ---------
def main() -> None:
    """Read the options, and print a row for each method as it is done."""
    parser = argparse.ArgumentParser(description="Compare transfers on one pair.")
    parser.add_argument("--pair", help="a file of paired spectra (.npz)")
    parser.add_argument("--folds", type=int, help="2 for the built-in pair, else 5")
    parser.add_argument("--methods", nargs="+", help="only these rows of the table")
    parser.add_argument("--all", action="store_true", help="slower rows, too")
    parser.add_argument("--no-baseline", action="store_true", help="keep the baseline")
    parser.add_argument("--windows", type=int, nargs=2, default=(100, 50))
    parser.add_argument(
        "--power",
        type=float,
        default=0,
        help="of the deviation that channels are divided by; 1 is unit variance",
    )
    parser.add_argument(
        "--normalize", action="store_true", help="bring spectra to unit length"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true", help="show progress bars")
    arguments = parser.parse_args()
    # ridge on collinear channels says so at each of its penalties
    warnings.filterwarnings("ignore", category=LinAlgWarning)
    warnings.filterwarnings("ignore", message="Singular matrix in solving dual")

    if arguments.folds is None:
        arguments.folds = 2 if arguments.pair is None else 5
    try:
        pair = (
            make_instrument_pair(n_spectra=1000, random_state=arguments.seed)
            if arguments.pair is None
            else load_pair(arguments.pair)
        )
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(describe(pair, arguments))
    print(HEADER)
    judged = {}
    for name, regressor in transfers(arguments.seed, arguments.verbose).items():
        if not wanted(name, arguments):
            continue
        # the paper has every channel at unit variance
        power = 1 if name == PUBLISHED else arguments.power
        transfer = make_transfer_pipeline(
            regressor,
            secondary=preparation(arguments, power),
            primary=preparation(arguments, power),
        )
        judged[name] = judge(transfer, pair, arguments.folds)
        print(row(name, judged[name]), flush=True)
    draw(judged)


def wanted(name: str, arguments: argparse.Namespace) -> bool:
    """Tell whether a row is asked for."""
    if arguments.methods:
        return name in arguments.methods
    return arguments.all or name not in SLOWER


# %%
# The same as a picture
# ---------------------
def draw(judged: dict[str, list[list[float]]]) -> None:
    """Show the errors of all folds, a row for each method."""
    _, ax = plt.subplots(figsize=(6.5, 3.0), layout="constrained")
    for name, figures in judged.items():
        ax.plot([fold[0] for fold in figures], [name] * len(figures), "o", c="#0072B2")
    ax.invert_yaxis()
    ax.set(xlabel="relative squared error of the folds", xscale="log")
    ax.grid(axis="y", alpha=0.3)
    plt.show()


def describe(pair: SpectraPair, arguments: argparse.Namespace) -> str:
    """Say what is compared, and how."""
    n_samples = len(pair) if pair.sample_id is None else len(set(pair.sample_id))
    steps = preparation(arguments, arguments.power).steps
    described = ", ".join(str(step) for _, step in steps)
    return (
        f"pair: {arguments.pair or 'built-in'}, {len(pair)} spectra of {n_samples} "
        f"samples, {pair.X_secondary.shape[1]} secondary and "
        f"{pair.X_primary.shape[1]} primary channels\n"
        f"both sides: {described}\n"
        f"deployable protocol, {arguments.folds} folds with whole samples left out\n"
    )


if __name__ == "__main__":
    main()
