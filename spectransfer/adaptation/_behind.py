"""A small correction behind a transfer, by standards that the primary measured, too."""

from typing import Any, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    MultiOutputMixin,
    RegressorMixin,
    clone,
)
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import HasMethods, fit_context
from spectransfer.metrics import target_in_prediction_space
from spectransfer.pipeline import TransferPipeline
from spectransfer.transfer import FewStandardsTransfer

_FEWEST = 3  # samples, of which one can be left out


class AdaptedTransfer(
    OnItsPage, MultiOutputMixin, RegressorMixin, MetaEstimatorMixin, BaseEstimator
):
    r"""A transfer, and a correction of what it predicts.

    .. math:: \hat y(x) = A(f(x))

    `recalibrate` makes it where `y_reference` is given.

    Parameters
    ----------
    transfer : estimator
        From secondary to primary spectra.
    adaptation : estimator
        From predictions to primary spectra, in the space of the predictions.

    Attributes
    ----------
    transfer_, adaptation_ : estimator
        The fitted parts; those given, where they were frozen.

    See Also
    --------
    recalibrate : Adapts a fitted transfer to a new day.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from spectransfer import OffsetTransfer
    >>> from spectransfer.adaptation import AdaptedTransfer
    >>> adapted = AdaptedTransfer(Ridge(), OffsetTransfer())
    >>> adapted.fit([[0.0], [1.0]], [[1.0, 1.0], [3.0, 2.0]]).predict([[0.5]])
    array([[2. , 1.5]])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "transfer": [HasMethods(["fit", "predict"])],
        "adaptation": [HasMethods(["fit", "predict"])],
    }

    def __init__(self, transfer: Any, adaptation: Any) -> None:
        self.transfer = transfer
        self.adaptation = adaptation

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the transfer, then the adaptation to what it predicts.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra of the same spots.

        Returns
        -------
        AdaptedTransfer
            The fitted estimator.
        """
        transfer = clone(self.transfer).fit(X, y)
        truth = np.asarray(target_in_prediction_space(transfer, y))
        predicted = _as_table(transfer.predict(X))
        adaptation = clone(self.adaptation).fit(predicted, truth)
        self.transfer_, self.adaptation_ = transfer, adaptation
        return self

    def predict(self, X: ArrayLike) -> FloatArray:
        """Transfer secondary spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra in the space of the transfer's predictions.
        """
        check_is_fitted(self)
        predicted = _as_table(self.transfer_.predict(X))
        adapted: FloatArray = self.adaptation_.predict(predicted)
        return adapted

    def transform_target(self, y: ArrayLike) -> ArrayLike:
        """Bring measured primary spectra to the space of the predictions.

        Parameters
        ----------
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Measured primary spectra.

        Returns
        -------
        array-like
            What predictions are to be compared with.
        """
        check_is_fitted(self)
        return target_in_prediction_space(self.transfer_, y)

    @property
    def prediction_space_(self) -> str:
        """What predictions are, as `PrimarySpaceRegressor` says."""
        return str(getattr(self.transfer_, "prediction_space_", "as measured"))

    @property
    def n_features_in_(self) -> int:
        """Number of channels of the secondary spectra."""
        check_is_fitted(self, "transfer_")
        return int(self.transfer_.n_features_in_)


def adapted(
    pipeline: TransferPipeline,
    X_today: ArrayLike,
    y_reference: ArrayLike,
    today: np.ndarray,
    then: np.ndarray,
) -> TransferPipeline:
    """Put an adaptation behind a recalibrated transfer, where left-out samples gain.

    Parameters
    ----------
    pipeline : TransferPipeline
        Fitted.
    X_today : array-like of shape (n_today, n_secondary)
        Standards today.
    y_reference : array-like of shape (n_reference, n_primary)
        Primary spectra of the standards.
    today, then : ndarray
        Material of each row of both.

    Returns
    -------
    TransferPipeline
        The same one where nothing is gained.
    """
    predicted = _means(pipeline.predict(X_today), today)
    truth = _means(np.asarray(pipeline.transform_target(y_reference)), then)
    if len(truth) < _FEWEST:
        return pipeline
    few = FewStandardsTransfer(priors=("resampled",)).fit(predicted, truth)
    if not few.transferred_:
        return pipeline
    name, last = pipeline.steps[-1]
    whole = AdaptedTransfer(_frozen(last), FrozenEstimator(few))
    whole.transfer_, whole.adaptation_ = whole.transfer, whole.adaptation
    return TransferPipeline([*pipeline.steps[:-1], (name, whole)]).knowing(pipeline)


def _as_table(predicted: FloatArray) -> FloatArray:
    """Give a single target as one column, for another regressor to read."""
    return predicted.reshape(len(predicted), -1)


def _frozen(estimator: Any) -> FrozenEstimator:
    if isinstance(estimator, FrozenEstimator):
        return estimator
    return FrozenEstimator(estimator)


def _means(spectra: FloatArray, material: np.ndarray) -> FloatArray:
    """Give the mean spectrum of each material, by name."""
    return np.array(
        [spectra[material == name].mean(axis=0) for name in np.unique(material)]
    )
