"""What the fit of an estimator makes use of, beside the pairs."""

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter


def takes(estimator: Any, name: str) -> bool:
    """Tell whether the fit of an estimator makes use of a parameter, such as X_val.

    Alone, in a `PrimarySpaceRegressor`, or as the last step of a pipeline.
    """
    if isinstance(estimator, Pipeline):
        return takes(estimator.steps[-1][1], name)
    if not has_fit_parameter(estimator, name):
        return False
    if hasattr(estimator, "_learns_from"):
        return bool(estimator._learns_from(name))
    # PrimarySpaceRegressor takes it for its regressor; None is a network there
    regressor = getattr(estimator, "regressor", None)
    if regressor is None:
        return name != "sample_id" or not hasattr(estimator, "regressor")
    return takes(regressor, name)


def watches(estimator: Any) -> bool:
    """Tell whether the fit of an estimator makes use of a validation set."""
    return takes(estimator, "X_val")
