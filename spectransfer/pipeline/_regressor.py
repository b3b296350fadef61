r"""A regression onto transformed primary spectra.

Primary spectra are prepared by a transformer of their own, the regressor learns what
comes out, and predictions are brought back as far as the transformer can be undone.
"""

from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    MultiOutputMixin,
    RegressorMixin,
    clone,
)
from sklearn.metrics import r2_score
from sklearn.utils import Tags, get_tags
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from spectransfer._axis import named_as_known, names_compared, with_names
from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import (
    HasMethods,
    check_pair,
    check_spectra,
    fit_context,
    takes_weights,
    validation_set,
)
from spectransfer._wrapping import HeldParts
from spectransfer.pipeline._preparations import warn_of_lost
from spectransfer.pipeline._primary_side import PrimarySide
from spectransfer.pipeline._space import PrimarySpace, check_joined, mark
from spectransfer.pipeline._steps import crops_first
from spectransfer.transfer import LibraryMoments


def _default_regressor() -> Any:
    # only here, so that other regressors do without torch
    from spectransfer.transfer import VAELatentTransfer

    return VAELatentTransfer()


def _check_takes(regressor: Any, named: dict[str, Any]) -> None:
    """Refuse what the regressor cannot make use of, before the first long work."""
    lacking = [name for name in named if not has_fit_parameter(regressor, name)]
    if lacking:
        raise TypeError(
            f"{' and '.join(lacking)} need a regressor that learns from them, but "
            f"{type(regressor).__name__}.fit has no such parameters. Leave them out, "
            "or use FewStandardsTransfer."
        )


class PrimarySpaceRegressor(
    OnItsPage,
    HeldParts,
    MultiOutputMixin,
    RegressorMixin,
    MetaEstimatorMixin,
    BaseEstimator,
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
    primary_side_ : PrimarySide
        The fitted primary side: prepares primary spectra, and brings predictions back.
    transformer_ : transformer or None
        Its transformer.
    prediction_space_ : str
        "as measured" where every step of the primary side can be undone: predictions
        then are on the raw scale. Else it names the steps that cannot, such as
        "changed for good by BaselineCorrector": a calibration for such predictions is
        to be built on ``transform_target(y)``.
    n_features_in_ : int
        Number of channels of the secondary spectra.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
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
    _default_parts = {"regressor": _default_regressor}
    __metadata_request__fit = {
        "X_val": True,
        "y_val": True,
        "X_unpaired": True,
        "y_unpaired": True,
        "sample_id": True,
    }
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
        X_unpaired: ArrayLike | None = None,
        y_unpaired: ArrayLike | LibraryMoments | None = None,
        sample_id: ArrayLike | None = None,
        **fit_params: Any,
    ) -> "PrimarySpaceRegressor":
        """Fit the transformer to primary spectra, and the regressor to the pairs.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra of the shared standards, as the regressor is to see them.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra of the same spots, as measured.
        X_val, y_val : array-like, default=None
            Pairs that a regressor with early stopping watches, `X_val` prepared as
            `X` is, `y_val` as measured. The pipeline of `make_transfer_pipeline` takes
            both as measured, and prepares them.
        X_unpaired, y_unpaired : array-like or LibraryMoments, default=None
            Spectra without partners for a regressor that learns from them, `X_unpaired`
            prepared as `X` is, `y_unpaired` as measured, or the `LibraryMoments` of
            what the regressor predicts.
        sample_id : array-like of shape (n_spectra,), default=None
            Sample of each spectrum, for a regressor that leaves out samples.
        **fit_params : dict
            Passed to `fit` of the regressor, such as `sample_weight`; with metadata
            routing enabled, what it requests. The transformer gets none of them.

        Returns
        -------
        PrimarySpaceRegressor
            The fitted estimator.

        Raises
        ------
        TypeError
            The regressor takes no validation spectra, no unpaired ones, no names of
            samples, or no weights.
        """
        targets = check_pair(
            self, X, y, finite=(False, not crops_first(self.transformer))
        )[1]
        given = validation_set(X_val, y_val)
        regressor = clone(self._part("regressor"))
        self._check_fit_params(regressor, given is not None, fit_params)
        unpaired = {
            "X_unpaired": X_unpaired,
            "y_unpaired": y_unpaired,
            "sample_id": sample_id,
        }
        unpaired = {name: v for name, v in unpaired.items() if v is not None}
        _check_takes(regressor, unpaired)
        side, prepared = PrimarySide.fit(self.transformer, y, targets)
        warn_of_lost(side.transformer, y if hasattr(y, "columns") else targets)
        params = self._routed("fit", fit_params)
        if given is not None:
            params |= {"X_val": given[0], "y_val": side.prepare(given[1], "y_val")}
        if y_unpaired is not None and not isinstance(y_unpaired, LibraryMoments):
            unpaired["y_unpaired"] = side.prepare(y_unpaired, "y_unpaired")
        params |= unpaired
        check_joined(regressor, side)
        X = named_as_known(self, X, reset=True)
        regressor.fit(X, with_names(prepared, side.prepared_names), **params)
        mark(regressor, PrimarySpace.of(side, targets))
        self.regressor_, self.primary_side_ = regressor, side
        return self

    def _check_fit_params(
        self, regressor: Any, watched: bool, params: dict[str, Any]
    ) -> None:
        """Refuse before the first long work what the regressor would refuse later."""
        name = type(regressor).__name__
        if watched and not has_fit_parameter(regressor, "X_val"):
            raise TypeError(
                "X_val and y_val need a regressor that watches validation spectra, "
                f"but {name}.fit has no such parameters. Leave them out, or use one of "
                "the networks."
            )
        weighted = params.get("sample_weight") is not None
        if weighted and not takes_weights(regressor):
            raise TypeError(
                "sample_weight needs a regressor that weighs spectra, but "
                f"{name}.fit takes none. Leave it out, or use ridge, KNNTransfer, "
                "MeanTransfer or one of the networks."
            )

    def _routed(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Give what the regressor gets of the parameters of a method."""
        if not get_config()["enable_metadata_routing"]:
            return dict(params)
        routed = process_routing(self, method, **params)
        return dict(routed.regressor[method])

    @property
    def transformer_(self) -> Any:
        """The fitted transformer, or None."""
        return self.primary_side_.transformer

    @property
    def prediction_space_(self) -> str:
        """What predictions are: "as measured", or what changed them for good."""
        check_is_fitted(self)
        return self.primary_side_.space

    def predict(
        self, X: ArrayLike, reference: ArrayLike | None = None, **predict_params: Any
    ) -> FloatArray:
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
        **predict_params : dict
            Passed to `predict` of the regressor.

        Returns
        -------
        ndarray of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra as `transform_target` gives them, in the unit of `y`.
        """
        check_is_fitted(self)
        # for the axis: most regressors know columns by their text only
        check_spectra(self, X, finite=False)
        X = named_as_known(self, X)
        params = self._routed("predict", predict_params)
        with names_compared(X):
            predicted = np.asarray(self.regressor_.predict(X, **params))
        side = self.primary_side_
        if reference is not None:
            side = side.fitted_to(reference)
        return side.undo(predicted)

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
        return self.primary_side_.in_prediction_space(y)

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

    def get_metadata_routing(self) -> MetadataRouter:
        """Say what is passed on to the regressor.

        Returns
        -------
        MetadataRouter
            The validation pairs, weights and references are this estimator's own
            metadata; all else that the regressor requests goes to it.
        """
        regressor = self._part("regressor")
        mapping = MethodMapping()
        for method in ("fit", "predict"):
            mapping = mapping.add(caller=method, callee=method)
        return (
            MetadataRouter(owner=type(self).__name__)
            .add_self_request(self)
            .add(regressor=regressor, method_mapping=mapping)
        )

    def __sklearn_tags__(self) -> Tags:
        """Say of secondary spectra what the regressor says of them."""
        tags = super().__sklearn_tags__()
        if self.regressor is None:
            return tags
        inner = get_tags(self.regressor)
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        tags.non_deterministic = inner.non_deterministic
        if inner.regressor_tags is not None:
            tags.regressor_tags.poor_score = inner.regressor_tags.poor_score
        return tags
