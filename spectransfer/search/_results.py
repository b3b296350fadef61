"""What a search has found: a table with the columns of scikit-learn's, and the best."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from spectransfer.search._brackets import Bracket
from spectransfer.search._records import Record


@dataclass(frozen=True)
class Row:
    """One fit.

    Parameters
    ----------
    bracket, rung : int
        Where in the search.
    params : dict
        Parameters, the resource among them.
    n_resources : int or None
        How long it was trained.
    record : Record
        Its score and times.
    """

    bracket: int
    rung: int
    params: dict[str, Any]
    n_resources: int | None
    record: Record


def ranks(scores: np.ndarray) -> np.ndarray:
    """Rank scores from 1 for the greatest; NaN comes last, ties share a rank."""
    worst = np.nan_to_num(scores, nan=-np.inf, neginf=np.finfo(float).min)
    return rankdata(-worst, method="min").astype(np.int32)


def table(rows: list[Row]) -> dict[str, Any]:
    """Arrange rows in columns.

    Parameters
    ----------
    rows : list of Row
        The fits, in the order of the search.

    Returns
    -------
    dict of str to array or list
        As `cv_results_` of scikit-learn's halving searches, and "bracket".
    """
    scores = np.array([row.record.score for row in rows])
    zeros = np.zeros(len(rows))
    columns: dict[str, Any] = {
        "bracket": np.array([row.bracket for row in rows]),
        "iter": np.array([row.rung for row in rows]),
        "n_resources": np.array([row.n_resources or 0 for row in rows]),
        "mean_fit_time": np.array([row.record.fit_time for row in rows]),
        "std_fit_time": zeros,
        "mean_score_time": np.array([row.record.score_time for row in rows]),
        "std_score_time": zeros,
    }
    for name in dict.fromkeys(name for row in rows for name in row.params):
        values = np.ma.masked_all(len(rows), dtype=object)
        for i, row in enumerate(rows):
            if name in row.params:
                values[i] = row.params[name]
        columns[f"param_{name}"] = values
    return columns | {
        "params": [row.params for row in rows],
        "split0_test_score": scores,
        "mean_test_score": scores,
        "std_test_score": zeros,
        "rank_test_score": ranks(scores),
    }


def best_row(rows: list[Row]) -> int:
    """Find the best fit of the last rungs.

    Parameters
    ----------
    rows : list of Row
        The fits of a search.

    Returns
    -------
    int
        Index of the row.
    """
    last: dict[int, int] = {}
    for row in rows:
        last[row.bracket] = max(row.rung, last.get(row.bracket, 0))
    places = [
        i
        for i, row in enumerate(rows)
        if row.rung == last[row.bracket] and not np.isnan(row.record.score)
    ]
    if not places:
        errors = (row.record.error for row in rows if row.record.error)
        raise ValueError(
            f"A search needs one candidate with a score, but all {len(rows)} are NaN. "
            f"{next(errors, 'Try the scorer on one fit.')}"
        )
    return max(places, key=lambda i: rows[i].record.score)


def attributes(brackets: list[Bracket], rows: list[Row]) -> dict[str, Any]:
    """Give what a search has learned, by the names of its attributes.

    Parameters
    ----------
    brackets : list of Bracket
        What was to be run.
    rows : list of Row
        The fits of the search.

    Returns
    -------
    dict of str to object
        The table, what is best in it, and the rungs.
    """
    best = best_row(rows)
    return {
        "cv_results_": table(rows),
        "best_index_": best,
        "best_params_": rows[best].params,
        "best_score_": rows[best].record.score,
        "n_candidates_": [[n for n, _ in bracket.rungs] for bracket in brackets],
        "n_resources_": [[r or 0 for _, r in bracket.rungs] for bracket in brackets],
    }
