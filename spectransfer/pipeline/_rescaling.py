"""Scalers of a fitted transfer, fitted anew to a map that is read in blocks."""

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler as _SklearnScaler
from sklearn.utils import get_tags

from spectransfer._wrapping import unwrapped
from spectransfer.pipeline._steps import AXIS_STEPS, transformed

Source = Callable[[], Iterator[Any]]


def rescaled(
    estimator: Any, rescale: Callable[[Any, Source], Any], source: Source
) -> Any:
    """Copy an estimator of any depth, with every scaler in it replaced.

    Parameters
    ----------
    estimator : estimator
        Fitted: a pipeline, a search, a scaler, a regressor that holds one.
    rescale : callable
        From a scaler, and the blocks that reach it, to the one in its place.
    source : callable
        Gives an iterator over the blocks of a map, anew in every call.

    Returns
    -------
    estimator
        A copy that shares all other parts.
    """
    if isinstance(estimator, FrozenEstimator):
        # stays frozen: what can be undone, and so the space of predictions, depends
        # on how steps are wrapped
        return FrozenEstimator(rescaled(estimator.estimator, rescale, source))
    estimator = unwrapped(estimator)
    if isinstance(estimator, Pipeline):
        copied = copy(estimator)
        copied.steps = []
        for name, step in estimator.steps:
            part = rescaled(step, rescale, source)
            copied.steps.append((name, part))
            source = _through(part, source)
        return copied
    if isinstance(estimator, _SklearnScaler):
        return rescale(estimator, source)
    for inner in ("regressor_", "mapper_"):
        if hasattr(estimator, inner):
            copied = copy(estimator)
            part = rescaled(getattr(estimator, inner), rescale, source)
            setattr(copied, inner, part)
            return copied
    return estimator


def scaler_fitted_to(scaler: Any, source: Source) -> Any:
    """Fit a fresh scaler to blocks; channels keep the weights of training."""
    fresh = clone(scaler)
    if hasattr(fresh, "statistics"):
        fresh.statistics = "fit"
    for block in source():
        fresh.partial_fit(block)
    return fresh.weigh_like(scaler) if hasattr(fresh, "weigh_like") else fresh


def _through(step: Any, source: Source) -> Source:
    """Give the blocks as a step leaves them."""
    if step in (None, "passthrough"):
        return source
    return lambda: (transformed(step, block) for block in source())


def learns_from_blocks(step: Any) -> bool:
    """Tell whether a step is fitted to a map block by block, or needs no fit."""
    if isinstance(step, (_SklearnScaler, *AXIS_STEPS)):
        return True
    return not get_tags(step).requires_fit
