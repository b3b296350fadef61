"""The transfers that are judged, and how the spectra of both sides are prepared.

This is the one place to change what is compared: a line for each transfer, and behind
them what the paper's hyperparameter search finds.
"""

from pathlib import Path
from typing import Any, NamedTuple

from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from spectransfer import (
    BaselineCorrector,
    DirectMLPTransfer,
    KNNTransfer,
    MeanTransfer,
    SpectralMLP,
    SpectralVAE,
    StandardScaler,
    Training,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.search import PublishedSearch, search_published

UNIT_VARIANCE = "unit variance"
CENTRED = "centred"

# the transfer that the figures show, and what is drawn beside it over wavelength
CLOSELY = "VAE + MLP"
BESIDE = ("direct MLP", "ridge")

# rolling minimum and smoothing, in channels (section 2 of the paper); those of the
# light spectrometers are four times wider
WINDOWS = {"full": (100, 50), "light": (25, 12)}

# of the ridge at unit variance: the best power of ten on the validation map of seed 0
PENALTY = {"full": 1_000.0, "light": 100.0}


class Candidate(NamedTuple):
    """A transfer to be judged: one method under one way of scaling.

    The name is the method, and behind a comma what is particular about it. Those that
    are not to be compared by their scaling have none.
    """

    name: str
    scaling: str
    transfer: Pipeline

    @property
    def method(self) -> str:
        """What the tables put side by side under several scalings."""
        return self.name.partition(",")[0]

    def describe(self) -> str:
        """Write its settings as code, each step once."""
        *steps, (_, last) = self.transfer.steps
        sides = {
            "secondary": [step for _, step in steps],
            "primary": [step for _, step in last.transformer.steps],
        }
        told = {n: ", ".join(map(repr, side)) for n, side in sides.items()}
        if told["primary"] == told["secondary"]:
            told = {"both sides": told["primary"]}
        parts = [repr(last.regressor), *(f"{n}: {t}" for n, t in told.items())]
        return " ".join("; ".join(parts).split())


def baseline_corrector(width: str) -> BaselineCorrector:
    """Take the baseline off spectra of one width."""
    minimum, smooth = WINDOWS[width]
    return BaselineCorrector(minimum, smooth_window=smooth)


def transfers_to_judge(width: str, seed: int, steps: int | str) -> list[Candidate]:
    """Every transfer of the report, unfitted, simplest first.

    Steps are those of the networks that are not as published.
    """

    def prepared(name: str, regressor: Any, scaling: str, *scalers: Any) -> Candidate:
        secondary, primary = (
            Pipeline([("baseline", baseline_corrector(width)), ("scaler", scaler)])
            for scaler in scalers
        )
        pipeline = make_transfer_pipeline(
            regressor, secondary=secondary, primary=primary
        )
        return Candidate(name, scaling, pipeline)

    seeded = {"random_state": seed}
    training = Training(n_steps=steps)
    direct = DirectMLPTransfer(training=training, **seeded)
    latent = VAELatentTransfer(
        SpectralVAE(training=training), SpectralMLP(training=training), **seeded
    )
    # the name of the scaling, then the secondary side, then the primary one
    unit = (UNIT_VARIANCE, StandardScaler(), StandardScaler())
    published = ("", StandardScaler(), StandardScaler())
    centred = (CENTRED, StandardScaler(power=0), StandardScaler(power=0))
    pls = PLSRegression(16, scale=False)
    return [
        prepared("mean", MeanTransfer(), *unit),
        prepared("KNN", KNNTransfer(), *unit),
        prepared("ridge, unit variance", Ridge(PENALTY[width]), *unit),
        prepared("ridge", Ridge(100.0), *centred),
        prepared("PLS, unit variance", pls, *unit),
        prepared("PLS", pls, *centred),
        prepared("direct MLP, unit variance", direct, *unit),
        prepared("direct MLP", direct, *centred),
        prepared(
            "direct MLP, as published",
            DirectMLPTransfer.as_published(**seeded),
            *published,
        ),
        prepared("VAE + MLP, unit variance", latent, *unit),
        prepared("VAE + MLP", latent, *centred),
        prepared(
            "VAE + MLP, as published",
            VAELatentTransfer.as_published(**seeded),
            *published,
        ),
    ]


# the rows of the tables by what the search calls its methods
_NAMES = {"knn": "KNN", "direct": "direct MLP", "latent": "VAE + MLP"}


def search(
    maps: Bunch, width: str, seed: int, folder: Path, verbose: bool
) -> PublishedSearch:
    """Search on the validation map; started again, it goes on where it stopped."""
    sides = {
        side: Pipeline(
            [("baseline", baseline_corrector(width)), ("scaler", StandardScaler())]
        )
        for side in ("secondary", "primary")
    }
    folder.mkdir(parents=True, exist_ok=True)
    return search_published(
        maps.train.X_secondary,
        maps.train.X_primary,
        maps.validation.X_secondary,
        maps.validation.X_primary,
        folder=folder,
        random_state=seed,
        verbose=verbose,
        **sides,
    )


def searched_transfers(found: PublishedSearch) -> list[Candidate]:
    """Give what was found, fitted, as rows of the tables."""
    return [
        Candidate(f"{_NAMES[method]}, searched", "", transfer)
        for method, transfer in found.transfers.items()
    ]
