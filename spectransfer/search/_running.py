"""A search as it runs: bracket after bracket, until the end or until Ctrl-C."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sklearn.base import clone
from sklearn.utils import check_consistent_length

from spectransfer.exceptions import InterruptedSearchWarning
from spectransfer.search._brackets import Bracket, Params
from spectransfer.search._candidate import (
    Candidate,
    Task,
    at_most_threads,
    ends_by_hand,
    fit_on_map,
    with_seeds,
)
from spectransfer.search._maps import Maps, Spectra
from spectransfer.search._progress import Progress, rungs_of, shown
from spectransfer.search._records import Record, Records
from spectransfer.search._results import Row


def check_maps(known: Spectra, watched: Spectra) -> Maps:
    """Refuse a search without a validation map, or with rows that do not pair."""
    halves = [known.y is None, watched.y is None]
    if watched.X is None or halves[0] != halves[1]:
        missing = "X_val" if watched.X is None else "y" if halves[0] else "y_val"
        raise ValueError(
            "A search trains on one map and judges on another, and both have primary "
            f"spectra or none has, but {missing} is None. Pass X_val and y_val, or "
            "for an autoencoder X and X_val alone."
        )
    for spectra in (known, watched):
        check_consistent_length(*spectra)
    return Maps(known, watched)


@contextmanager
def records_in(folder: Any) -> Iterator[Records]:
    """Open the folder of the finished fits; without one they are kept for now only."""
    if folder is not None:
        path = Path(folder).absolute()
        path.mkdir(parents=True, exist_ok=True)
        yield Records(path)
        return
    with tempfile.TemporaryDirectory(prefix="spectransfer-search-") as name:
        yield Records(Path(name))


@contextmanager
def _diverged_expected() -> Iterator[None]:
    """Keep scikit-learn from warning of NaN scores; the search itself says more."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", r"One or more of the test scores", category=UserWarning
        )
        yield


@dataclass(frozen=True)
class Run:
    """What is needed to search.

    Parameters
    ----------
    estimator : estimator
        What is searched.
    brackets : list of Bracket
        What is tried, in this order.
    task : Task
        What all fits share.
    maps : Maps
        Training and validation map.
    n_jobs : int or None
        Fits at the same time.
    verbose : bool
        Whether to show a bar.
    """

    estimator: Any
    brackets: list[Bracket]
    task: Task
    maps: Maps
    n_jobs: int | None
    verbose: bool

    def candidate(self, params: Params) -> Any:
        """Give the estimator with some parameters, seeded, not fitted."""
        estimator = clone(self.estimator).set_params(**clone(params, safe=False))
        return with_seeds(estimator, self.task.seed)

    def check_candidates(self) -> None:
        """Refuse parameters that the estimator does not have, before the first fit."""
        for bracket in self.brackets:
            for params in bracket.candidates:
                self.candidate(params)

    def key_of(self, params: Params) -> str:
        """Name the fit of a candidate."""
        return self.task.key(self.candidate(params))

    @cached_property
    def progress(self) -> Progress:
        """Counter of the fits."""
        return Progress(rungs_of(self.brackets, self.key_of), self.task.records.read)

    def search(self) -> tuple[list[Row], bool]:
        """Run all brackets.

        Returns
        -------
        rows : list of Row
            The fits.
        finished : bool
            False where Ctrl-C ended the search.
        """
        self.check_candidates()
        rows: list[Row] = []
        candidate = Candidate(self.estimator, self.task)
        progress = self.progress
        try:
            with shown(progress, self.verbose), _diverged_expected():
                for i, bracket in enumerate(self.brackets):
                    found = bracket.run(
                        candidate, self.maps, progress.next_rung, self.n_jobs
                    )
                    rows += self._rows(i, found)
                progress.next_rung()
        except KeyboardInterrupt:
            rows = self._finished_rows()
            if not rows:
                raise
            self._warn(f"after {len(rows)} of {progress.n_fits} fits")
            return rows, False
        return rows, True

    def _rows(self, bracket: int, found: dict[str, Any]) -> list[Row]:
        """Read scikit-learn's table; times are those of when a fit was made."""
        rows = []
        for i, params in enumerate(found["params"]):
            key = self.key_of(params)
            record = self.task.records.read(key)
            if record is None:  # the worker does not see the folder
                record = Record(
                    float(found["mean_test_score"][i]),
                    float(found["mean_fit_time"][i]),
                    float(found["mean_score_time"][i]),
                )
                self.task.records.write(key, record, params)
            rung = int(found["iter"][i]) if "iter" in found else 0
            resource = int(found["n_resources"][i]) if "iter" in found else None
            rows.append(Row(bracket, rung, params, resource, record))
        return rows

    def _finished_rows(self) -> list[Row]:
        """Find what an interrupted search has finished."""
        rows = []
        for i, bracket in enumerate(self.brackets):
            for rung, (_, resource) in enumerate(bracket.rungs):
                for params in bracket.candidates_with(resource):
                    record = self.task.records.read(self.key_of(params))
                    if record is not None:
                        rows.append(Row(i, rung, params, resource, record))
        return rows

    def refit(self, params: Params, keep: bool, threads: int | None) -> Any | None:
        """Train the best candidate again, or load it where it was kept.

        Parameters
        ----------
        params : dict
            Its parameters.
        keep : bool
            Whether to keep it on the disk.
        threads : int or None
            Most threads; nothing else runs beside it.

        Returns
        -------
        estimator or None
            The fitted estimator; None where Ctrl-C ended its training.
        """
        key = self.key_of(params)
        best = self.task.records.model(key) if keep else None
        if best is not None:
            return best
        try:
            with at_most_threads(threads), ends_by_hand():
                best = fit_on_map(
                    self.candidate(params), self.maps.known, self.maps.watched
                )
        except KeyboardInterrupt:
            self._warn("while the best candidate was trained again")
            return None
        if keep:
            self.task.records.keep_model(key, best)
        return best

    def _warn(self, when: str) -> None:
        warnings.warn(
            f"The search was interrupted {when}. best_params_ and cv_results_ tell of "
            "what was finished; there is no best_estimator_. With folder= and the same "
            "random_state, the same search goes on from here.",
            InterruptedSearchWarning,
            stacklevel=4,
        )
