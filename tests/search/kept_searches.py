"""Small searches that keep their fits in a folder."""

from learners import Logged

from spectransfer.search import HalvingSearch

SPACE = {"rate": [1e-3, 1e-2, 0.1, 0.3], "penalty": [0.0, 0.1]}
OPTIONS = {
    "resource": "max_epochs",
    "max_resources": 9,
    "n_candidates": 9,
    "random_state": 0,
}


def search_in(folder, estimator=None, **options):
    space = options.pop("space", SPACE)
    return HalvingSearch(
        estimator or Logged(), space, folder=folder, **OPTIONS | options
    )
