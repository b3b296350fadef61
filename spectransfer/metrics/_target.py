"""Measured spectra in the space of an estimator's predictions.

A baseline that was taken off the primary spectra before training cannot be put back:
such an estimator predicts baseline-free spectra, and says what they are to be compared
with through a method `transform_target`. Here it is found wherever the estimator sits.
"""

from typing import Any

from spectransfer._typing import ArrayLike


def _inner(estimator: Any) -> Any | None:
    """Give the estimator whose predictions a wrapper passes on unchanged."""
    # A FrozenEstimator answers for the attributes of the one inside it.
    if hasattr(estimator, "best_estimator_"):
        return estimator.best_estimator_
    if hasattr(estimator, "steps"):
        return estimator.steps[-1][1]
    return None


def target_in_prediction_space(estimator: Any, y: ArrayLike) -> ArrayLike:
    """Bring measured primary spectra to the space of an estimator's predictions.

    The method `transform_target` is looked for on the estimator itself, on the last
    step of a pipeline, on the best estimator of a search and inside a
    :class:`~sklearn.frozen.FrozenEstimator`, nested in any order.

    Parameters
    ----------
    estimator : estimator
        A fitted transfer, such as :class:`spectransfer.pipeline.PrimarySpaceRegressor`,
        or any scikit-learn regressor.
    y : array-like of shape (n_spectra, n_wavelengths) or (n_spectra,)
        Measured primary spectra, in counts.

    Returns
    -------
    array-like of shape (n_spectra, n_channels) or (n_spectra,)
        What the predictions are to be compared with: for example spectra without
        baseline, on the channels of the predictions. `y` itself where the estimator
        has no such method.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from spectransfer.metrics import target_in_prediction_space
    >>> target_in_prediction_space(Ridge(), [[1.0, 2.0]])
    [[1.0, 2.0]]
    """
    while estimator is not None:
        if hasattr(estimator, "transform_target"):
            return estimator.transform_target(y)
        estimator = _inner(estimator)
    return y
