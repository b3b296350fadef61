"""Fitting what is not fitted yet, with a validation set where one is watched."""

from typing import Any

from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from spectransfer.spectra import Pair


def watches(estimator: Any) -> bool:
    """Tell whether the fit of a transfer makes use of a validation set.

    Networks do, alone, in a `PrimarySpaceRegressor`, or as the last step of a pipeline.
    """
    if isinstance(estimator, Pipeline):
        return watches(estimator.steps[-1][1])
    if not has_fit_parameter(estimator, "X_val"):
        return False
    # PrimarySpaceRegressor takes it for its regressor; None is a network there
    regressor = getattr(estimator, "regressor", None)
    return regressor is None or has_fit_parameter(regressor, "X_val")


def fit_fresh(transfer: Any, known: Pair, watched: Pair | None) -> Any:
    """Fit a clone of a transfer to shared standards.

    Parameters
    ----------
    transfer : estimator
        A transfer that is not fitted; it stays so.
    known : Pair
        Spectra of the shared standards.
    watched : Pair or None
        Spectra for early stopping, for a transfer that watches some.

    Returns
    -------
    estimator
        The fitted clone.
    """
    fresh = clone(transfer)
    if watched is None or not watches(fresh):
        return fresh.fit(*known)
    validation = {"X_val": watched.secondary, "y_val": watched.primary}
    if not isinstance(fresh, Pipeline):
        return fresh.fit(*known, **validation)
    # scikit-learn hands X_val through the steps of a pipeline only with its metadata
    # routing; what the caller has set is restored
    transform_input = fresh.transform_input
    with config_context(enable_metadata_routing=True):
        fresh.transform_input = ["X_val"]
        fresh.fit(*known, **validation)
    fresh.transform_input = transform_input
    return fresh
