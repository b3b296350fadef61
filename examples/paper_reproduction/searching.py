"""The paper's hyperparameter search, and the transfers that it finds."""

from pathlib import Path

from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from paper_reproduction.transfers import Candidate, baseline_corrector
from spectransfer import StandardScaler
from spectransfer.search import PublishedSearch, search_published

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
