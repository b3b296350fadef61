"""Fitting with other spectra beside the pairs, which go through the steps as these do.

A validation set, and spectra without partners. scikit-learn hands metadata through the
steps of a pipeline only while its metadata routing is enabled, for the whole process.
Here it needs no setting: raw spectra never reach a regressor that learns from prepared
ones.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import process_routing

from spectransfer._axis import with_names
from spectransfer._numbers import called, noting_exchange
from spectransfer._typing import ArrayLike
from spectransfer._validation import unchanged_on_error
from spectransfer._wrapping import flat_steps
from spectransfer.pipeline._door import KnowsItsAxis
from spectransfer.pipeline._steps import names_behind
from spectransfer.pipeline._takes import takes, watches


def fit_with_unpaired(
    estimator: Any, X: ArrayLike, y: ArrayLike, **beside: ArrayLike | None
) -> Any:
    """Fit an estimator, with what else there is where it makes use of it.

    Parameters
    ----------
    estimator : estimator
        Fitted in place.
    X, y : array-like of shape (n_spectra, n_channels)
        Secondary and primary spectra of shared standards.
    **beside : dict of str to array-like or None
        `X_unpaired`, `y_unpaired`, `sample_id`, `X_val` and `y_val`.

    Returns
    -------
    estimator
        The same, fitted.
    """
    used = {
        name: value
        for name, value in beside.items()
        if value is not None and takes(estimator, name)
    }
    return fit_with_validation(estimator, X, y, used, {})


def fit_watched(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    X_val: ArrayLike | None = None,
    y_val: ArrayLike | None = None,
) -> Any:
    """Fit an estimator, with a validation set where it watches one.

    Parameters
    ----------
    estimator : estimator
        Fitted in place.
    X : array-like of shape (n_spectra, n_channels)
        Spectra to learn from.
    y : array-like of shape (n_spectra, n_primary), default=None
        Primary spectra of the same spots; None for an autoencoder.
    X_val, y_val : array-like, default=None
        The validation set, shaped as `X` and `y`; not used where nothing watches it.

    Returns
    -------
    estimator
        The same, fitted.
    """
    targets = () if y is None else (y,)
    if X_val is None or not watches(estimator):
        return estimator.fit(X, *targets)
    beside = {"X_val": X_val} | ({} if y_val is None else {"y_val": y_val})
    return fit_with_validation(estimator, X, y, beside, {})


def fit_with_validation(
    estimator: Any, X: Any, y: Any, beside: dict[str, Any], params: dict[str, Any]
) -> Any:
    """Fit an estimator, or a pipeline whose steps prepare all sets of spectra.

    Parameters
    ----------
    estimator : estimator
        Fitted in place.
    X, y : array-like
        What it learns from; `y` is None for an autoencoder.
    beside : dict of str to object
        What the last step gets besides. Secondary spectra, ``X_...``, go through the
        steps before it; primary spectra and labels of rows go by.
    params : dict
        Other parameters of `fit`, as scikit-learn takes them.

    Returns
    -------
    estimator
        The same, fitted.
    """
    targets = () if y is None else (y,)
    if not isinstance(estimator, Pipeline):
        return estimator.fit(X, *targets, **beside, **params)
    name, last = estimator.steps[-1]
    front = Pipeline(
        estimator.steps[:-1], memory=estimator.memory, verbose=estimator.verbose
    )
    of_front, of_last = _divided(estimator, front, name, beside, params)
    with unchanged_pipeline(estimator), noting_exchange(_widths(X, y), **beside):
        if isinstance(estimator, KnowsItsAxis):
            X, beside = estimator.met(X, beside)
        if front.steps:
            columns = getattr(X, "columns", None)
            X = front.fit_transform(X, y, **of_front)
            X = _named_behind(front, columns, X)
            secondary = [key for key in beside if key.startswith("X_")]
            prepared = {key: _prepared(front, beside[key], key) for key in secondary}
            # a memory fits clones
            estimator.steps[:-1] = front.steps
            beside = beside | prepared
        fit_with_validation(last, X, y, beside, of_last)
    return estimator


def _widths(*sides: Any) -> tuple[int, int]:
    """Give the numbers of channels of both sides, 0 where they are not tables."""
    first, second = (getattr(side, "shape", ()) for side in sides)
    return sum(first[1:2]), sum(second[1:2])


def _named_behind(front: Pipeline, columns: Any, prepared: Any) -> Any:
    """Let prepared spectra say the names of their channels, as far as steps do."""
    if columns is None or type(prepared) is not np.ndarray:
        return prepared
    names = names_behind(flat_steps(front), [str(c) for c in columns])
    return with_names(prepared, names)


def _divided(
    pipeline: Pipeline,
    front: Pipeline,
    name: str,
    beside: dict[str, Any],
    params: dict[str, Any],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide parameters of `fit` among the steps in front and the last one."""
    if get_config()["enable_metadata_routing"]:
        routed = process_routing(pipeline, "fit", **beside, **params)[name].fit
        of_last = {key: v for key, v in routed.items() if key not in beside}
        if not front.steps:
            return {}, of_last
        router = front.get_metadata_routing()
        taken = router.consumes("fit_transform", params)
        return {key: params[key] for key in taken}, of_last
    start = f"{name}__"
    of_last = {k[len(start) :]: v for k, v in params.items() if k.startswith(start)}
    return {k: v for k, v in params.items() if not k.startswith(start)}, of_last


def _prepared(front: Pipeline, spectra: Any, name: str) -> Any:
    """Pass spectra through the steps in front; complaints name them."""
    try:
        with called(name):
            return front.transform(spectra)
    except ValueError as error:
        error.add_note(f"The spectra in question are {name}.")
        raise


@contextmanager
def unchanged_pipeline(pipeline: Pipeline) -> Iterator[None]:
    """Leave a pipeline, its steps and theirs as they were where fitting them fails."""
    steps = list(pipeline.steps)
    # pipelines inside fit their steps in place, too
    values = {id(v): v for v in pipeline.get_params().values()}.values()
    parts = [v for v in values if hasattr(v, "fit") and not isinstance(v, type)]
    with unchanged_on_error(pipeline, *parts):
        try:
            yield
        except BaseException:
            pipeline.steps[:] = steps
            raise
