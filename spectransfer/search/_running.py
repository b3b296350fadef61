"""A search as it runs: bracket after bracket.

One bar shows all its fits, wherever they run: they leave a small file each when they
are finished, and a thread looks for these files. So the bar moves with processes and
with a cluster as it does without; where workers do not see the folder, it moves from
rung to rung.
"""

import math
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sklearn.base import clone
from sklearn.utils import check_consistent_length, get_tags

from spectransfer._progress import Bar, progress_bar
from spectransfer.exceptions import SpectransferWarning
from spectransfer.search._brackets import Bracket, Params
from spectransfer.search._candidate import (
    Candidate,
    Maps,
    Spectra,
    Task,
    at_most_threads,
    fit_on_map,
    with_seeds,
)
from spectransfer.search._fingerprint import NoFingerprint
from spectransfer.search._records import (
    UNPICKLED,
    Record,
    Records,
    check_can_be_kept,
)
from spectransfer.search._results import Row

LOOK_EVERY = 0.3  # s


def check_maps(estimator: Any, known: Spectra, watched: Spectra) -> Maps:
    """Refuse a search without a validation map, or with rows that do not pair."""
    if known.y is None and get_tags(estimator).target_tags.required:
        raise ValueError(
            f"A search over {type(estimator).__name__} requires y to be passed, but "
            "the target y is None. Pass the primary spectra of the same spots."
        )
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


@dataclass
class Rung:
    """One rung as the bar sees it: how many fits there are, and which they may be."""

    title: str
    n_fits: int
    candidates: list[Params]
    key_of: Callable[[Params], str | None]

    @cached_property
    def keys(self) -> list[str | None]:
        """Names of the fits, worked out when they are first looked for."""
        return [self.key_of(params) for params in self.candidates]


@dataclass
class Progress:
    """Counts finished fits.

    Parameters
    ----------
    rungs : list of Rung
        All rungs of all brackets.
    read : callable
        Looks up a record by its key.
    """

    rungs: list[Rung]
    read: Callable[[str | None], Record | None]
    current: int = -1
    found: dict[str, Record] = field(default_factory=dict)

    @property
    def n_fits(self) -> int:
        """Number of fits in all."""
        return sum(rung.n_fits for rung in self.rungs)

    def next_rung(self) -> None:
        """Note that a rung is finished, and the next begins, if there is one."""
        self.current += 1

    def look(self) -> tuple[int, str, dict[str, str]]:
        """Give the number of finished fits, the rung, and the best score so far."""
        if self.current < 0:
            return 0, "search", {}
        n_before = sum(rung.n_fits for rung in self.rungs[: self.current])
        rung = self.rungs[min(self.current, len(self.rungs) - 1)]
        for key in rung.keys:
            record = None if key in self.found else self.read(key)
            if key is not None and record is not None:
                self.found[key] = record
        n_here = sum(key in self.found for key in rung.keys)
        n_finished = min(n_before + min(n_here, rung.n_fits), self.n_fits)
        scores = [r.score for r in self.found.values() if math.isfinite(r.score)]
        best = {"best": f"{max(scores):.4g}"} if scores else {}
        return n_finished, rung.title, best


def rungs_of(
    brackets: list[Bracket], key_of: Callable[[Params], str | None]
) -> list[Rung]:
    """List the rungs of all brackets, with the fits that there may be."""
    rungs = []
    for i, bracket in enumerate(brackets):
        steps = bracket.rungs
        for j, (n_fits, resource) in enumerate(steps):
            title = f"rung {j + 1}/{len(steps)}"
            if bracket.resource is not None:
                title += f", {bracket.resource.rpartition('__')[2]}={resource}"
            if len(brackets) > 1:
                title = f"bracket {i + 1}/{len(brackets)}, {title}"
            candidates = bracket.candidates_with(resource)
            rungs.append(Rung(title, n_fits, candidates, key_of))
    return rungs


@contextmanager
def _shown(progress: Progress, visible: bool) -> Iterator[None]:
    """Show a bar while the search runs."""
    over = threading.Event()

    def show(bar: Bar) -> None:
        n_done, title, best = progress.look()
        bar.describe(title)
        bar.show(**best)
        bar.reach(n_done)

    def watch(bar: Bar) -> None:
        while not over.wait(LOOK_EVERY):
            show(bar)

    with progress_bar(progress.n_fits, "fit", visible=visible) as bar:
        if not bar.visible:
            yield
            return
        watcher = threading.Thread(target=watch, args=(bar,), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
            show(bar)


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

    def check_candidates(self, kept: bool, model_kept: bool) -> None:
        """Refuse before the first fit what would fail after the last one.

        Parameters
        ----------
        kept : bool
            Whether finished fits are kept.
        model_kept : bool
            Whether the best estimator is kept, too.
        """
        for bracket in self.brackets:
            for params in bracket.candidates:
                candidate = self.candidate(params)
                if model_kept:
                    check_can_be_kept(candidate)
        if not kept:
            return
        keys = {key for rung in self.progress.rungs for key in rung.keys}
        self.task.records.warn_of_damage(keys)
        if None in keys:
            self._warn_of_no_name()

    def _warn_of_no_name(self) -> None:
        every = (params for bracket in self.brackets for params in bracket.candidates)
        nameless = next(params for params in every if self.key_of(params) is None)
        try:
            self.task.name(self.candidate(nameless))
        except NoFingerprint as error:
            warnings.warn(
                "A search with folder= finds finished fits again by what they depend "
                f"on, but {error} cannot be told from its like. Fits with it are "
                "neither kept nor taken from the folder. Use a function or class "
                "whose code and parameters say all that it does.",
                SpectransferWarning,
                stacklevel=6,
            )

    def key_of(self, params: Params) -> str | None:
        """Name the fit of a candidate, if it can have a name."""
        return self.task.key(self.candidate(params))

    @cached_property
    def progress(self) -> Progress:
        """Counter of the fits."""
        return Progress(rungs_of(self.brackets, self.key_of), self.task.records.read)

    def search(self) -> list[Row]:
        """Run all brackets, whose candidates were checked.

        Returns
        -------
        list of Row
            The fits.

        Raises
        ------
        KeyboardInterrupt
            Ctrl-C, with a note of how far the search came.
        """
        rows: list[Row] = []
        candidate = Candidate(self.estimator, self.task)
        progress = self.progress
        try:
            with _shown(progress, self.verbose), _diverged_expected():
                for i, bracket in enumerate(self.brackets):
                    found = bracket.run(
                        candidate, self.maps, progress.next_rung, self.n_jobs
                    )
                    rows += self._rows(i, found)
                progress.next_rung()
        except KeyboardInterrupt as stop:
            stop.add_note(
                f"The search had finished {progress.look()[0]} of {progress.n_fits} "
                "fits. With folder= and the same random_state, the same search goes on "
                "from there."
            )
            raise
        return rows

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

    def refit(self, params: Params, keep: bool, threads: int | str) -> Any:
        """Train the best candidate again, or load it where it was kept.

        Parameters
        ----------
        params : dict
            Its parameters.
        keep : bool
            Whether to keep it on the disk.
        threads : int or "auto"
            Most threads; with "auto" all, since nothing else runs beside it.

        Returns
        -------
        estimator
            The fitted estimator.
        """
        key = self.key_of(params)
        best = self.task.records.model(key) if keep else None
        if best is not None:
            return best
        limit = None if isinstance(threads, str) else int(threads)
        with at_most_threads(limit):
            best = fit_on_map(
                self.candidate(params), self.maps.known, self.maps.watched
            )
        if keep:
            self._keep(key, best)
        return best

    def _keep(self, key: str | None, best: Any) -> None:
        """Keep the best estimator; that it cannot be kept costs no search."""
        try:
            self.task.records.keep_model(key, best)
        except (OSError, *UNPICKLED) as error:
            warnings.warn(
                f"The best estimator could not be kept in {self.task.records.folder}: "
                f"{error!r}. It is in best_estimator_; the same search will train it "
                "again.",
                SpectransferWarning,
                stacklevel=6,
            )
