"""Looking through what wraps an estimator: frozen ones, searches, pipelines."""

from collections.abc import Iterator
from typing import Any

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def is_fitted(estimator: Any) -> bool:
    """Tell whether an estimator has been fitted."""
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def is_frozen(estimator: Any) -> bool:
    """Tell whether an estimator is to be used as it is: `clone` gives back itself."""
    return clone(estimator, safe=False) is estimator


def layers(estimator: Any) -> Iterator[Any]:
    """Give an estimator, and one after the other those whose predictions it passes on.

    Parameters
    ----------
    estimator : estimator
        Anything that predicts or transforms.

    Yields
    ------
    estimator
        The estimator itself, what is inside a :class:`~sklearn.frozen.FrozenEstimator`,
        the best estimator of a search, the last step of a pipeline, nested in any
        order.
    """
    while estimator is not None:
        yield estimator
        if isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        else:
            return


def unwrapped(estimator: Any) -> Any:
    """Give what predicts inside frozen estimators and searches."""
    for layer in layers(estimator):
        if not isinstance(layer, FrozenEstimator) and not hasattr(
            layer, "best_estimator_"
        ):
            return layer
    return estimator


def predictor(estimator: Any) -> Any:
    """Give the last step of a transfer, where the secondary side ends."""
    *_, last = layers(estimator)
    return last


def flat_steps(transformer: Any) -> list[Any]:
    """Flatten nested pipelines, frozen ones too, into the list of working steps."""
    transformer = unwrapped(transformer)
    if isinstance(transformer, Pipeline):
        nested = [flat_steps(step) for _, step in transformer.steps]
        return [step for steps in nested for step in steps]
    return [] if transformer in (None, "passthrough") else [transformer]
