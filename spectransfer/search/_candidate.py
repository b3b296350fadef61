"""One fit of a search: trained on one map, judged on another, kept on the disk.

scikit-learn's searches clone a `Candidate`, give it parameters, and have it fitted and
scored. It hands the parameters on to the estimator that is searched, and where the
same fit was finished before, it gives the score of then.
"""

import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone
from threadpoolctl import threadpool_info, threadpool_limits

from spectransfer.exceptions import DivergenceError, InterruptedTrainingWarning
from spectransfer.pipeline import fit_watched
from spectransfer.search._fingerprint import fingerprint
from spectransfer.search._maps import Spectra
from spectransfer.search._records import Record, Records


def with_seeds(estimator: Any, seed: int) -> Any:
    """Clone an estimator, and seed the parts that have no seed of their own.

    All candidates get the same seed: they then differ by their parameters alone.
    """
    seeded = clone(estimator)
    missing = [
        name
        for name, value in seeded.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    ]
    if missing:  # a FrozenEstimator has none, and gives nothing back
        seeded.set_params(**dict.fromkeys(missing, seed))
    return seeded


def fit_on_map(estimator: Any, known: Spectra, watched: Spectra) -> Any:
    """Fit a clone to a map; estimators that stop early watch another one."""
    return fit_watched(clone(estimator), *known, X_val=watched.X, y_val=watched.y)


def threads_of(threads_per_fit: int | str, n_jobs: int | None) -> int | None:
    """Divide the cores among parallel fits, unless a number is given."""
    if not isinstance(threads_per_fit, str):
        return int(threads_per_fit)
    n_parallel = joblib.effective_n_jobs(n_jobs)
    return None if n_parallel == 1 else max(1, joblib.cpu_count() // n_parallel)


@contextmanager
def at_most_threads(limit: int | None) -> Iterator[None]:
    """Keep the libraries from using more threads; None leaves them alone."""
    if limit is None:
        yield
        return
    used = max((pool["num_threads"] for pool in threadpool_info()), default=limit)
    with threadpool_limits(limits=min(limit, used)):
        yield


@contextmanager
def ends_by_hand() -> Iterator[None]:
    """Let Ctrl-C end the search, not one training alone.

    A training that is interrupted keeps what it learned and warns. Its score would
    pass for that of a whole one.
    """
    # only the main thread is interrupted, and filters belong to the whole process
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", InterruptedTrainingWarning)
            yield
    except InterruptedTrainingWarning:
        raise KeyboardInterrupt from None


@dataclass(frozen=True)
class Task:
    """What all fits of a search share.

    Parameters
    ----------
    scorer : callable
        Called as ``scorer(estimator, X, y)``; gives one number, the greater the better.
    records : Records
        Where finished fits are kept.
    shared : str
        Fingerprint of spectra and scoring.
    seed : int
        Seed of all parts without one.
    threads : int or None
        Most threads of a fit.
    error_score : float or "raise"
        Score of a training that diverges.
    """

    scorer: Any
    records: Records
    shared: str
    seed: int
    threads: int | None
    error_score: float | str

    def key(self, estimator: Any) -> str:
        """Name of a fit: the fingerprint of all that it depends on."""
        return fingerprint(self.shared, estimator, repr(self.error_score))

    def judge(self, estimator: Any, watched: Spectra) -> float:
        """Score a fitted estimator on the validation map."""
        y = () if watched.y is None else (watched.y,)
        score = self.scorer(estimator, watched.X, *y)
        if not isinstance(score, int | float | np.number):
            raise TypeError(
                "scoring must give one number for a search to compare, but "
                f"{self.scorer!r} gives a {type(score).__name__}. Pass one scorer, "
                "such as spectransfer.metrics.rse_scorer."
            )
        return float(score)


class Candidate(BaseEstimator):
    """What scikit-learn's search clones, fits and scores.

    Parameters
    ----------
    estimator : estimator
        The estimator that is searched; its parameters are those of the candidate.
    task : Task
        What all candidates share; never cloned.
    """

    def __init__(self, estimator: Any, task: Task) -> None:
        self.estimator = estimator
        self.task = task

    def __sklearn_clone__(self) -> "Candidate":
        return Candidate(clone(self.estimator), self.task)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Give the parameters of the estimator."""
        return dict(self.estimator.get_params(deep))

    def set_params(self, **params: Any) -> "Candidate":
        """Set parameters of the estimator."""
        self.estimator.set_params(**params)
        self.params_ = params
        return self

    def fit(self, X: Any, y: None = None) -> "Candidate":
        """Train on the map that `X` holds, unless it was done before."""
        known, watched = X[0]
        estimator = with_seeds(self.estimator, self.task.seed)
        self.key_ = self.task.key(estimator)
        self.record_ = self.task.records.read(self.key_)
        self.fitted_, self.error_ = None, None
        if self.record_ is not None:
            return self
        start = time.perf_counter()
        try:
            with at_most_threads(self.task.threads), ends_by_hand():
                self.fitted_ = fit_on_map(estimator, known, watched)
        except DivergenceError as error:
            if self.task.error_score == "raise":
                raise
            self.error_ = str(error)
        self.fit_time_ = time.perf_counter() - start
        return self

    def score(self, X: Any, y: None = None) -> float:
        """Judge on the map that `X` holds, and keep the score."""
        if self.record_ is not None:
            return self.record_.score
        start = time.perf_counter()
        if self.fitted_ is None:
            score = float(self.task.error_score)
        else:
            try:
                with at_most_threads(self.task.threads), ends_by_hand():
                    score = self.task.judge(self.fitted_, X[0])
            except Exception as error:
                error.add_note(f"This was while scoring the candidate {self.params_}.")
                raise
        seconds = time.perf_counter() - start
        record = Record(score, self.fit_time_, seconds, self.error_)
        self.task.records.write(self.key_, record, self.params_)
        # the search needs the score only; networks would pile up in the results
        self.fitted_ = None
        return score
