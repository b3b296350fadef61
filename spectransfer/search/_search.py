"""Successive halving and Hyperband on a validation map.

The halving is scikit-learn's own (`HalvingGridSearchCV`, public interface only: its
private one changes from release to release). Around it stands what a search over maps
needs and a cross-validation does not have: the one split is between two maps, neither
of which is copied (`_maps`); finished fits are kept (`_records`, `_candidate`), so that
a search can be taken up; a bar shows all fits (`_progress`); Hyperband is a sequence of
halvings (`_brackets`).

Others were considered. optuna has Hyperband, storage and progress, but its parallel
trials are threads, and it does not know joblib's backends. dask-ml's Hyperband runs on
Dask only and needs `partial_fit`.
"""

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state

from spectransfer._typing import ArrayLike, RandomState
from spectransfer._validation import HasMethods, Interval, StrOptions, fit_context
from spectransfer.exceptions import SpectransferWarning
from spectransfer.search._best import StandsForTheBest
from spectransfer.search._brackets import LARGEST_SEED, Bracket, check_resources, plan
from spectransfer.search._candidate import Task, threads_of
from spectransfer.search._fingerprint import fingerprint
from spectransfer.search._maps import Spectra
from spectransfer.search._results import Row, best_row, table
from spectransfer.search._running import Run, check_maps, records_in


class HalvingSearch(StandsForTheBest, MetaEstimatorMixin, BaseEstimator):
    """Search for parameters by successive halving, judged on a validation map.

    All candidates are trained for a few epochs, the best third of them three times as
    long, and so on; whoever is best in the last rung is trained once more and kept.
    With ``n_brackets="all"`` it is Hyperband, the search of the paper. There is one
    split, that between the two maps given to `fit`; spectra are not copied for it.

    Parameters
    ----------
    estimator : estimator
        Anything from a bare `SpectralVAE` to the pipeline of `make_transfer_pipeline`.
    space : dict of str to list or distribution, or list of such dicts
        Values by parameter, such as `published_space` gives.
    resource : str or None, default="max_epochs"
        The parameter that says how long to train: "max_epochs" or "n_steps", with its
        prefix in a pipeline. None tries all candidates in full, for estimators that
        are not trained in epochs.
    min_resources : int or "auto", default="auto"
        Least resource of a first rung; "auto" is what makes four rungs. Where few
        candidates need fewer rungs, the first one begins with more.
    max_resources : int or None, default=None
        Most that a candidate may get. None takes the value that `estimator` has.
        Powers of `factor` (times a small number) make use of all of it: 54 or 81
        epochs, not 50.
    factor : int, default=3
        One of so many candidates goes on to the next rung, with so many times the
        resource.
    n_candidates : int or None, default=None
        Number of candidates, drawn at random without repetition. None takes as many
        as the rungs halve down to one (27 for four rungs of factor 3), or the whole
        space where there is no `resource`.
    n_brackets : int or "all", default=1
        1 for successive halving; "all" for Hyperband, which also tries fewer
        candidates with a longer first rung, in case short trainings deceive.
    scoring : str, callable or None, default=None
        What the candidates are judged by, such as `rse_scorer`; None is the `score`
        of the estimator.
    n_jobs : int or None, default=None
        Fits at the same time, in processes, or wherever
        :func:`joblib.parallel_config` says, such as on a Dask cluster.
    threads_per_fit : int or "auto", default="auto"
        Most threads of a fit. "auto" divides the cores among parallel fits. Networks
        trained by another number of threads differ in rounding.
    folder : path-like or None, default=None
        Where finished fits are kept. The same search started again with the same
        folder goes on where it stopped. Other searches may share the folder. It holds
        a pickled estimator: take none from where you would not take a program.
    refit : bool, default=True
        Whether to train the best candidate once more and keep it.
    error_score : float or "raise", default=nan
        Score of a training that diverges (`DivergenceError`); NaN comes last. Any
        other error ends the search.
    random_state : int, RandomState instance or None, default=None
        Draws the candidates, and the one seed of all parts of the estimator that have
        none: all candidates begin alike. An int is needed with a `folder`.
    verbose : bool or int, default=0
        Whether to show a progress bar.

    Attributes
    ----------
    best_estimator_ : estimator
        The best candidate, trained on the training map; with `refit` only.
    best_params_ : dict
        Its parameters, resource included.
    best_score_ : float
        Its score on the validation map.
    best_index_ : int
        Its row in `cv_results_`.
    cv_results_ : dict of str to array or list
        All fits, one in each row, as in scikit-learn's halving searches. "bracket" and
        "iter" say where in the search a fit was made.
    n_candidates_, n_resources_ : list of list of int
        Candidates and resource of each rung, for each bracket.
    scorer_ : callable
        The scorer.
    finished_ : bool
        False where Ctrl-C ended the search before its time.
    n_features_in_ : int
        Number of channels, where the best estimator knows it.

    See Also
    --------
    published_space : What the paper searched.
    search_published : The paper's whole search, in its two stages.
    sklearn.model_selection.HalvingGridSearchCV : Does the halving.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from spectransfer import make_transfer_pipeline, rse_scorer
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.search import HalvingSearch
    >>> pair = make_instrument_pair(n_spectra=200, random_state=0)
    >>> known, watched = pair[:150], pair[150:]
    >>> search = HalvingSearch(
    ...     make_transfer_pipeline(Ridge()),
    ...     {"transfer__regressor__alpha": [1.0, 10.0, 100.0]},
    ...     resource=None,
    ...     scoring=rse_scorer,
    ... )
    >>> search.fit(known.X_secondary, known.X_primary,
    ...            X_val=watched.X_secondary, y_val=watched.X_primary)
    HalvingSearch(...)
    >>> len(search.cv_results_["params"])
    3
    >>> search.predict(watched.X_secondary).shape == watched.X_primary.shape
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "estimator": [HasMethods(["fit"])],
        "space": [dict, list],
        "resource": [str, None],
        "min_resources": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "max_resources": [Interval(Integral, 1, None, closed="left"), None],
        "factor": [Interval(Integral, 2, None, closed="left")],
        "n_candidates": [Interval(Integral, 1, None, closed="left"), None],
        "n_brackets": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"all"}),
        ],
        "scoring": [str, callable, None],
        "n_jobs": [Integral, None],
        "threads_per_fit": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "folder": [str, HasMethods(["__fspath__"]), None],
        "refit": ["boolean"],
        "error_score": [Real, StrOptions({"raise"})],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any,
        space: Any,
        *,
        resource: str | None = "max_epochs",
        min_resources: int | str = "auto",
        max_resources: int | None = None,
        factor: int = 3,
        n_candidates: int | None = None,
        n_brackets: int | str = 1,
        scoring: Any = None,
        n_jobs: int | None = None,
        threads_per_fit: int | str = "auto",
        folder: Any = None,
        refit: bool = True,
        error_score: float | str = np.nan,
        random_state: RandomState = None,
        verbose: bool | int = 0,
    ) -> None:
        self.estimator = estimator
        self.space = space
        self.resource = resource
        self.min_resources = min_resources
        self.max_resources = max_resources
        self.factor = factor
        self.n_candidates = n_candidates
        self.n_brackets = n_brackets
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.threads_per_fit = threads_per_fit
        self.folder = folder
        self.refit = refit
        self.error_score = error_score
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> "HalvingSearch":
        """Train the candidates on one map, and judge them on another.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra to train with: secondary ones for a transfer, primary ones for an
            autoencoder. Memory-mapped arrays are opened by every worker.
        y : array-like of shape (n_spectra, n_primary), default=None
            Primary spectra of the same spots; None for an autoencoder.
        X_val, y_val : array-like, default=None
            The validation map, shaped as `X` and `y`. Needed. Networks whose
            `patience` is set stop by it, too.

        Returns
        -------
        HalvingSearch
            The fitted search.
        """
        maps = check_maps(Spectra(X, y), Spectra(X_val, y_val))
        rng = check_random_state(self.random_state)
        seed = int(rng.randint(LARGEST_SEED))
        brackets = self._plan(rng)
        self.scorer_ = check_scoring(self.estimator, scoring=self.scoring)
        if hasattr(self, "best_estimator_"):
            del self.best_estimator_
        with records_in(self.folder) as records:
            shared = fingerprint(maps.known, maps.watched, self.scoring)
            threads = threads_of(self.threads_per_fit, self.n_jobs)
            task = Task(self.scorer_, records, shared, seed, threads, self.error_score)
            run = Run(
                self.estimator, brackets, task, maps, self.n_jobs, bool(self.verbose)
            )
            rows, finished = run.search()
            self._conclude(brackets, rows, finished)
            if finished and self.refit:
                self._keep_best(run)
        return self

    def _plan(self, rng: np.random.RandomState) -> list[Bracket]:
        """Check how much is to be searched, and draw all candidates."""
        if self.folder is not None and self.random_state is None:
            raise ValueError(
                "A search that can be taken up must draw the same candidates again, "
                f"but folder is {str(self.folder)!r} and random_state is None. Pass an "
                "int, such as random_state=0."
            )
        limits = (self.min_resources, self.max_resources, self.factor)
        resources = check_resources(self.estimator, self.space, self.resource, limits)
        numbers = (self.n_candidates, self.n_brackets)
        return plan(self.space, self.resource, resources, *numbers, rng)

    def _conclude(
        self, brackets: list[Bracket], rows: list[Row], finished: bool
    ) -> None:
        """Keep the table and the best of it."""
        failed = [row.record.error for row in rows if row.record.error]
        best = best_row(rows, finished)
        if failed:
            warnings.warn(
                f"{len(failed)} of {len(rows)} trainings of the search diverged, and "
                f"their score is {self.error_score}. The first said: {failed[0]}",
                SpectransferWarning,
                stacklevel=5,
            )
        self.cv_results_ = table(rows)
        self.finished_ = finished
        self.best_index_ = best
        self.best_params_ = rows[best].params
        self.best_score_ = rows[best].record.score
        self.n_candidates_ = [[n for n, _ in b.rungs] for b in brackets]
        self.n_resources_ = [[r or 0 for _, r in b.rungs] for b in brackets]

    def _keep_best(self, run: Run) -> None:
        # what is not trained in epochs is soon fitted again, and may hold all spectra
        keep = self.resource is not None and self.folder is not None
        auto = isinstance(self.threads_per_fit, str)
        threads = None if auto else int(self.threads_per_fit)
        best = run.refit(self.best_params_, keep, threads)
        self.finished_ = best is not None
        if best is None:
            return
        self.best_estimator_ = best
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(best, name):
                setattr(self, name, getattr(best, name))
