"""Successive halving and Hyperband on a validation map.

The halving is scikit-learn's own (`HalvingGridSearchCV`, public interface only: its
private one changes from release to release). Around it stands what a search over maps
needs and a cross-validation does not have: the one split is between two maps, neither
of which is copied (`_candidate`); finished fits are kept (`_records`), so that a search
can be taken up; a bar shows all fits (`_running`); Hyperband is a sequence of halvings
(`_brackets`).

Others were considered. optuna has Hyperband, storage and progress, but its parallel
trials are threads, and it does not know joblib's backends. dask-ml's Hyperband runs on
Dask only and needs `partial_fit`.
"""

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.exceptions import NotFittedError
from sklearn.metrics import check_scoring
from sklearn.utils import Tags, check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray, RandomState
from spectransfer._validation import HasMethods, Interval, StrOptions, fit_context
from spectransfer.exceptions import SpectransferWarning
from spectransfer.search._brackets import (
    LARGEST_SEED,
    Bracket,
    check_resources,
    names_in,
    plan,
)
from spectransfer.search._candidate import Spectra, Task, threads_of
from spectransfer.search._fingerprint import NoFingerprint, fingerprint
from spectransfer.search._results import Row, attributes
from spectransfer.search._running import Run, check_maps, records_in


def _best_has(method: str) -> Any:
    def check(search: Any) -> bool:
        found = getattr(search, "best_estimator_", search.estimator)
        return hasattr(found, method)

    return available_if(check)


class HalvingSearch(OnItsPage, MetaEstimatorMixin, BaseEstimator):
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
    resource : str or None, default="training__n_steps"
        The parameter that says how long to train: ``training__n_steps`` of a network,
        ``training__max_epochs`` of a published one, with its prefix in a pipeline. None
        tries all candidates in full, for estimators that are not trained in steps.
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
    n_features_in_ : int
        Number of channels, where the best estimator knows it.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of `X`, where it had any and the best estimator knows them.

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
    __metadata_request__fit = {"X_val": True, "y_val": True}
    best_estimator_: Any

    def __init__(
        self,
        estimator: Any,
        space: Any,
        *,
        resource: str | None = "training__n_steps",
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
        maps = check_maps(self.estimator, Spectra(X, y), Spectra(X_val, y_val))
        rng = check_random_state(self.random_state)
        seed = int(rng.randint(LARGEST_SEED))
        brackets = self._plan(rng)
        scorer = check_scoring(self.estimator, scoring=self.scoring)
        with records_in(self.folder) as records:
            try:
                shared = fingerprint(maps.known, maps.watched, self.scoring)
            except NoFingerprint:
                shared = None
            task = Task(
                scorer,
                records,
                shared,
                seed,
                threads_of(self.threads_per_fit, self.n_jobs),
                self.error_score,
                names_in(self.space, self.resource),
            )
            run = Run(
                self.estimator, brackets, task, maps, self.n_jobs, bool(self.verbose)
            )
            # without epochs a fit is soon made again, and may hold all spectra
            keep = self.resource is not None and self.folder is not None
            run.check_candidates(self.folder is not None, keep and self.refit)
            rows = run.search()
            learned = attributes(brackets, rows)
            self._warn_of_failures(rows)
            if self.refit:
                best = run.refit(learned["best_params_"], keep, self.threads_per_fit)
                learned["best_estimator_"] = best
        # only now: a search that was there before is whole until this one is
        if hasattr(self, "best_estimator_"):
            del self.best_estimator_
        for name, value in (learned | {"scorer_": scorer}).items():
            setattr(self, name, value)
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

    def _warn_of_failures(self, rows: list[Row]) -> None:
        failed = [row.record.error for row in rows if row.record.error]
        if failed:
            warnings.warn(
                f"{len(failed)} of {len(rows)} trainings of the search diverged, and "
                f"their score is {self.error_score}. The first said: {failed[0]}",
                SpectransferWarning,
                stacklevel=5,
            )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type
        tags.input_tags, tags.target_tags = inner.input_tags, inner.target_tags
        tags.regressor_tags = inner.regressor_tags
        tags.classifier_tags = inner.classifier_tags
        tags.transformer_tags = inner.transformer_tags
        tags.non_deterministic = inner.non_deterministic
        return tags

    @property
    def n_features_in_(self) -> int:
        """Number of channels."""
        return self.best_estimator_.n_features_in_

    @property
    def feature_names_in_(self) -> Any:
        """Column names of the spectra."""
        return self.best_estimator_.feature_names_in_

    def _best(self, method: str) -> Any:
        """Give the best estimator, or say why there is none."""
        check_is_fitted(self)
        if not hasattr(self, "best_estimator_"):
            raise NotFittedError(
                f"{method} is that of best_estimator_, but there is none: refit is "
                "False. Call fit with refit=True, or fit an estimator with "
                "best_params_."
            )
        return self.best_estimator_

    @_best_has("predict")
    def predict(self, X: ArrayLike) -> FloatArray:
        """Predict by the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_outputs)
            What the best estimator predicts.
        """
        return self._best("predict").predict(X)

    @_best_has("transform")
    def transform(self, X: ArrayLike) -> FloatArray:
        """Transform by the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_latent)
            What the best estimator makes of them.
        """
        return self._best("transform").transform(X)

    def score(self, X: ArrayLike, y: ArrayLike | None = None) -> float:
        """Score the best estimator, by what the search was judged by.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra.
        y : array-like of shape (n_spectra, n_primary), default=None
            What is to be predicted for them.

        Returns
        -------
        float
            The score.
        """
        targets = () if y is None else (y,)
        return float(self.scorer_(self._best("score"), X, *targets))
