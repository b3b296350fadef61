"""One fit of a search: trained on one map, judged on another, kept on the disk.

scikit-learn's searches clone a `Candidate`, give it the parameters of the estimator
that it holds, and have it fitted and scored. Where the same fit was finished before, it
gives the score of then.

Maps are the samples that these searches select from. To select training and validation
rows out of one array is to copy them: twice the 10 GB of the paper's maps. Here the
training map is one sample and the validation map the other, so that the only split
there is hands each of them over as it is. A memory-mapped array travels to another
process as the name of its file.
"""

import mmap
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone
from threadpoolctl import threadpool_info, threadpool_limits

from spectransfer.exceptions import DivergenceError
from spectransfer.pipeline import fit_watched
from spectransfer.search._fingerprint import NoFingerprint, fingerprint
from spectransfer.search._records import Record, Records


class Spectra(NamedTuple):
    """Spectra of one map, and what is to be predicted for them."""

    X: Any
    y: Any


@dataclass(frozen=True)
class FileRegion:
    """Where an array lies in a file."""

    filename: str
    dtype: np.dtype
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int

    @classmethod
    def of(cls, array: Any) -> "FileRegion | None":
        """Find the file behind an array; None where there is none."""
        if not isinstance(array, np.ndarray) or min(array.strides, default=0) < 0:
            return None
        root: Any = array
        while isinstance(root.base, np.ndarray):
            root = root.base
        if not isinstance(root, np.memmap) or not isinstance(root.base, mmap.mmap):
            return None
        # changes to a copy-on-write map are not in its file
        if root.filename is None or root.mode == "c" or array.dtype.hasobject:
            return None
        start, file_start = (a.__array_interface__["data"][0] for a in (array, root))
        offset = root.offset + start - file_start
        return cls(
            str(root.filename), array.dtype, array.shape, array.strides, int(offset)
        )

    def open(self) -> np.ndarray:
        """Map the array, to be read only."""
        content = np.memmap(self.filename, dtype=np.uint8, mode="r")
        return np.ndarray(
            self.shape, self.dtype, content, offset=self.offset, strides=self.strides
        )


def _packed(spectra: Spectra) -> tuple[Any, ...]:
    return tuple(FileRegion.of(side) or Whole(side) for side in spectra)


class Whole(NamedTuple):
    """An array that has to travel itself."""

    array: Any

    def open(self) -> Any:
        """Give the array."""
        return self.array


def _unpacked(known: tuple[Any, Any], watched: tuple[Any, Any]) -> "Maps":
    return Maps(
        Spectra(*(side.open() for side in known)),
        Spectra(*(side.open() for side in watched)),
    )


class Maps:
    """A sequence of two samples: the map to train with, the map to judge by.

    Parameters
    ----------
    known : Spectra
        The training map.
    watched : Spectra
        The validation map. It goes along with the first sample, for early stopping.
    """

    def __init__(self, known: Spectra, watched: Spectra) -> None:
        self.known = known
        self.watched = watched

    def __len__(self) -> int:
        return 2

    def __getitem__(self, sample: int) -> Any:
        return ((self.known, self.watched), self.watched)[sample]

    def __reduce__(self) -> tuple[Callable[..., "Maps"], tuple[Any, ...]]:
        return _unpacked, (_packed(self.known), _packed(self.watched))

    def __sizeof__(self) -> int:
        # Dask sends what is large once to each worker, not with every fit
        sides = [*_packed(self.known), *_packed(self.watched)]
        arrays = [side.array for side in sides if isinstance(side, Whole)]
        # views have no size of their own, data frames no nbytes
        sizes = [max(sys.getsizeof(a), getattr(a, "nbytes", 0)) for a in arrays]
        return object.__sizeof__(self) + sum(sizes)


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
    """Fit an estimator to a map; one that stops early watches another map."""
    return fit_watched(estimator, *known, X_val=watched.X, y_val=watched.y)


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


@dataclass(frozen=True)
class Task:
    """What all fits of a search share.

    Parameters
    ----------
    scorer : callable
        Called as ``scorer(estimator, X, y)``; gives one number, the greater the better.
    records : Records
        Where finished fits are kept.
    shared : str or None
        Fingerprint of spectra and scoring; None where they have none.
    seed : int
        Seed of all parts without one.
    threads : int or None
        Most threads of a fit.
    error_score : float or "raise"
        Score of a training that diverges.
    searched : tuple of str
        Parameters of the estimator that are searched, for records and errors.
    """

    scorer: Any
    records: Records
    shared: str | None
    seed: int
    threads: int | None
    error_score: float | str
    searched: tuple[str, ...]

    def __sklearn_clone__(self) -> "Task":
        return self  # all candidates share it

    def key(self, estimator: Any) -> str | None:
        """Name of a fit: the fingerprint of all that it depends on, if it has one."""
        try:
            return self.name(estimator)
        except NoFingerprint:
            return None

    def name(self, estimator: Any) -> str:
        """Name a fit, or raise what says why it has no name."""
        if self.shared is None:
            raise NoFingerprint("the spectra or the scoring")
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
        The estimator that is searched.
    task : Task
        What all candidates share.
    """

    def __init__(self, estimator: Any, task: Task) -> None:
        self.estimator = estimator
        self.task = task

    @property
    def searched(self) -> dict[str, Any]:
        """What the candidate has of the parameters that are searched."""
        params = self.estimator.get_params(deep=True)
        return {name: params[name] for name in self.task.searched if name in params}

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
            with at_most_threads(self.task.threads):
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
                with at_most_threads(self.task.threads):
                    score = self.task.judge(self.fitted_, X[0])
            except Exception as error:
                error.add_note(f"This was while scoring the candidate {self.searched}.")
                raise
        seconds = time.perf_counter() - start
        record = Record(score, self.fit_time_, seconds, self.error_)
        self.task.records.write(self.key_, record, self.searched)
        # the search needs the score only; networks would pile up in the results
        self.fitted_ = None
        return score
