r"""A regression onto transformed primary spectra.

Primary spectra are prepared by a transformer of their own, the regressor learns what
comes out, and predictions are brought back as far as the transformer can be undone.
"""

from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    MultiOutputMixin,
    RegressorMixin,
    clone,
)
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import r2_score
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import (
    HasMethods,
    check_pair,
    check_spectra,
    check_targets,
    fit_context,
    validation_set,
)
from spectransfer.pipeline._applying import apply_steps
from spectransfer.preprocessing import StandardScaler


def _steps(transformer: Any) -> list[Any]:
    """Flatten nested pipelines, frozen ones too, into the list of working steps."""
    if isinstance(transformer, FrozenEstimator):
        return _steps(transformer.estimator)
    if not isinstance(transformer, Pipeline):
        return [transformer]
    nested = [_steps(step) for _, step in transformer.steps]
    return [s for steps in nested for s in steps if s not in (None, "passthrough")]


def fitted_to_map(transformer: Any, spectra: Any) -> Any:
    """Fit a fresh copy of a transformer, of what is inside a frozen one, to a map.

    Mean and deviation are the map's, the weights of channels stay those of training.
    """
    while isinstance(transformer, FrozenEstimator):
        transformer = transformer.estimator
    fresh = clone(transformer).fit(spectra)
    for new, old in zip(_steps(fresh), _steps(transformer), strict=True):
        if isinstance(new, StandardScaler):
            new.weigh_like(old)
    return fresh


def _default_regressor() -> Any:
    # only here, so that other regressors do without torch
    from spectransfer.transfer import VAELatentTransfer

    return VAELatentTransfer()


def _undo(steps: list[Any], spectra: FloatArray) -> FloatArray:
    """Undo steps from last to first, passing over those that cannot be undone."""
    for step in reversed(steps):
        if hasattr(step, "inverse_transform"):
            spectra = step.inverse_transform(spectra)
    return spectra


class PrimarySpaceRegressor(
    MultiOutputMixin, RegressorMixin, MetaEstimatorMixin, BaseEstimator
):
    r"""Regress onto transformed primary spectra, and predict primary spectra.

    With the transformer :math:`T` of the primary side and the regressor :math:`f`,

    .. math:: f = \text{fit}(X, T(y)), \qquad \hat y(x) = T^{-}(f(x)),

    where :math:`T^{-}` undoes the steps of :math:`T` from last to first and passes over
    those without an `inverse_transform`. A baseline that was taken off cannot be put
    back, so predictions are free of baseline, in the primary's intensity unit.
    `transform_target` brings measured primary spectra to that same space; `score` and
    the scorers of `spectransfer.metrics` compare through it.

    Parameters
    ----------
    regressor : estimator, default=None
        Any multi-output regressor, `VAELatentTransfer()` when None.
    transformer : transformer, default=None
        What is done to primary spectra before the regressor learns them, often a
        `Pipeline`. None leaves them as they are.

    Attributes
    ----------
    regressor_ : estimator
        The fitted regressor.
    transformer_ : transformer or None
        The fitted transformer.
    n_features_in_ : int
        Number of channels of the secondary spectra.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of `X`, where it had any.

    See Also
    --------
    make_transfer_pipeline : Adds the steps of the secondary side.
    sklearn.compose.TransformedTargetRegressor : For transformers that lose nothing.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from spectransfer import BaselineCorrector, PrimarySpaceRegressor
    >>> from spectransfer.datasets import make_instrument_pair
    >>> pair = make_instrument_pair(n_spectra=100, random_state=0)
    >>> transfer = PrimarySpaceRegressor(Ridge(1e4), transformer=BaselineCorrector())
    >>> predicted = transfer.fit(pair.X_secondary, pair.X_primary).predict(
    ...     pair.X_secondary)
    >>> measured = transfer.transform_target(pair.X_primary)
    >>> predicted.shape == measured.shape
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "regressor": [HasMethods(["fit", "predict"]), None],
        "transformer": [HasMethods(["fit", "transform"]), None],
    }
    __metadata_request__fit = {"X_val": True, "y_val": True}
    __metadata_request__predict = {"reference": True}

    def __init__(self, regressor: Any = None, *, transformer: Any = None) -> None:
        self.regressor = regressor
        self.transformer = transformer

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> "PrimarySpaceRegressor":
        """Fit the transformer to primary spectra, and the regressor to the pairs.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra of the shared standards.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra of the same spots.
        X_val, y_val : array-like, default=None
            Pairs that a regressor with early stopping watches, `X_val` prepared as
            `X` is, `y_val` as measured. In a `Pipeline` made by
            `make_transfer_pipeline` with metadata routing enabled, `X_val` goes
            through the steps before.

        Returns
        -------
        PrimarySpaceRegressor
            The fitted estimator.
        """
        targets = check_pair(self, X, y)[1]
        given = validation_set(X_val, y_val)
        self._target_ndim = targets.ndim
        regressor = _default_regressor() if self.regressor is None else self.regressor
        self.transformer_ = (
            None if self.transformer is None else clone(self.transformer)
        )
        if self.transformer_ is not None:
            # with y, which FrozenEstimator asks for
            self.transformer_.fit(_table(y, targets), None)
        watched = {}
        if given is not None:
            watched_targets = check_targets(given[1], name="y_val")
            prepared = self._prepare(given[1], watched_targets)
            watched = {"X_val": given[0], "y_val": prepared}
        self.regressor_ = clone(regressor)
        if watched and not has_fit_parameter(self.regressor_, "X_val"):
            raise TypeError(
                "X_val and y_val need a regressor that watches validation spectra, "
                f"but {type(self.regressor_).__name__}.fit has no such parameters. "
                "Leave them out, or use one of the networks."
            )
        self.regressor_.fit(X, self._prepare(y, targets), **watched)
        return self

    def _prepare(self, y: ArrayLike, targets: FloatArray) -> FloatArray:
        """Give what the regressor learns: transformed primary spectra."""
        if self.transformer_ is None:
            return targets
        steps = _steps(self.transformer_)
        prepared = np.asarray(apply_steps(steps, _table(y, targets)))
        if self._target_ndim == 1 and prepared.shape[1] == 1:
            return prepared.ravel()
        return prepared

    def predict(self, X: ArrayLike, reference: ArrayLike | None = None) -> FloatArray:
        """Transfer secondary spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        reference : array-like of shape (n_reference, n_primary), default=None
            Measured primary spectra whose statistics bring the predictions back,
            instead of those of the training spectra: the paper protocol, in which
            each map is scaled by its own mean and variance. It shows what a transfer
            could do if the unseen map were known, and cannot be had in deployment.

        Returns
        -------
        ndarray of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra as `transform_target` gives them, in the unit of `y`.
        """
        check_is_fitted(self)
        # for the axis: most regressors know columns by their text only
        check_spectra(self, X, finite=False)
        predicted = np.asarray(self.regressor_.predict(X))
        transformer = self.transformer_
        if transformer is None:
            return predicted
        if reference is not None:
            measured = check_targets(reference, name="reference")
            transformer = fitted_to_map(transformer, _table(reference, measured))
        primary = np.asarray(_undo(_steps(transformer), _columns(predicted)))
        if self._target_ndim == 1 and primary.shape[1] == 1:
            return primary.ravel()
        return primary

    def transform_target(self, y: ArrayLike) -> FloatArray:
        """Bring measured primary spectra to the space of the predictions.

        The steps up to the last one that cannot be undone are applied, and those
        before it that can are undone. Steps behind it are left out: what they lose
        (the components that a PCA drops, say) is an error of the transfer.

        Parameters
        ----------
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Measured primary spectra.

        Returns
        -------
        ndarray
            What predictions are to be compared with.
        """
        check_is_fitted(self)
        targets = check_targets(y)
        if self.transformer_ is None:
            return targets
        steps = _steps(self.transformer_)
        lossy = [i for i, s in enumerate(steps) if not hasattr(s, "inverse_transform")]
        if not lossy:
            return targets
        primary = _table(y, targets)
        steps = steps[: lossy[-1] + 1]
        for step in steps:
            primary = step.transform(primary)
        primary = np.asarray(_undo(steps[:-1], primary))
        return primary.ravel() if self._target_ndim == 1 else primary

    def score(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Coefficient of determination in the space of the predictions.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Measured primary spectra of the same spots.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weight of each spectrum.

        Returns
        -------
        float
            R2 weighted by variance: one minus the relative squared error.
        """
        return float(
            r2_score(
                self.transform_target(y),
                self.predict(X),
                sample_weight=sample_weight,
                multioutput="variance_weighted",
            )
        )


def _columns(targets: FloatArray) -> FloatArray:
    return targets.reshape(-1, 1) if targets.ndim == 1 else targets


def _table(y: Any, targets: FloatArray) -> Any:
    """Give a data frame as it came: its columns may be named by wavelength."""
    return y if hasattr(y, "columns") else _columns(targets)
