"""`TransferPipeline`: a pipeline from one instrument to the other, fitted whole."""

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if

from spectransfer._axis import axis_of, names_compared
from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike
from spectransfer._wrapping import layers
from spectransfer.metrics import target_in_prediction_space
from spectransfer.pipeline._door import KnowsItsAxis
from spectransfer.pipeline._fitting import fit_with_validation, unchanged_pipeline
from spectransfer.pipeline._frames import framed, names_of_predictions


def _ends_in_a_prediction(pipeline: Any) -> bool:
    """Tell whether the last step predicts; a part of a transfer may end in another."""
    return hasattr(pipeline.steps[-1][1], "predict")


class TransferPipeline(OnItsPage, KnowsItsAxis, Pipeline):
    """scikit-learn's `Pipeline`, whose `fit` takes a validation set, too.

    Made by `make_transfer_pipeline`. Validation spectra go through the same steps as
    those it learns from, with and without scikit-learn's metadata routing, and a `fit`
    that fails leaves all steps as they were.

    Parameters
    ----------
    steps : list of (str, estimator)
        The secondary side, and a `PrimarySpaceRegressor` at the end.
    transform_input : list of str, default=None
        As in :class:`sklearn.pipeline.Pipeline`; validation spectra do not need it.
    memory : str or joblib.Memory, default=None
        Cache of the prepared secondary spectra.
    verbose : bool, default=False
        Whether to print the time of each step.

    See Also
    --------
    make_transfer_pipeline : Builds one from a regressor.

    Examples
    --------
    >>> from spectransfer import DirectMLPTransfer, make_transfer_pipeline
    >>> from spectransfer.datasets import make_instrument_pair
    >>> pair = make_instrument_pair(n_spectra=100, random_state=0)
    >>> known, watched = pair[:80], pair[80:]
    >>> transfer = make_transfer_pipeline(DirectMLPTransfer((8,), random_state=0))
    >>> transfer.fit(known.X_secondary, known.X_primary,
    ...              X_val=watched.X_secondary, y_val=watched.X_primary)
    TransferPipeline(...)
    """

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        X_unpaired: ArrayLike | None = None,
        y_unpaired: ArrayLike | None = None,
        sample_id: ArrayLike | None = None,
        **params: Any,
    ) -> "TransferPipeline":
        """Fit the secondary side, then the transfer.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra of the shared standards, as measured.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra of the same spots, as measured.
        X_val, y_val : array-like, default=None
            Pairs that a regressor with early stopping watches, as measured.
        X_unpaired, y_unpaired : array-like or LibraryMoments, default=None
            Secondary and primary spectra without partners, as measured, for a regressor
            that learns from them, such as `FewStandardsTransfer`: any numbers of rows,
            on the channels of `X` and `y`. Those of as many rows as `X` are divided by
            scikit-learn's cross-validation: leave one out. `y_unpaired` may be the
            `LibraryMoments` of prepared spectra, too.
        sample_id : array-like of shape (n_spectra,), default=None
            Sample of each spectrum in `X`, for a regressor that leaves out samples.
        **params : dict
            As in scikit-learn: ``step__parameter``, or, with metadata routing
            enabled, what the steps request.

        Returns
        -------
        TransferPipeline
            The fitted pipeline.

        Raises
        ------
        TypeError
            Validation or unpaired spectra came for the last step alone, past those
            before it; or its regressor takes none.
        """
        beside = {
            "X_val": X_val,
            "y_val": y_val,
            "X_unpaired": X_unpaired,
            "y_unpaired": y_unpaired,
            "sample_id": sample_id,
        }
        spectra = tuple(f"__{name}" for name in beside if name != "sample_id")
        past = [name for name in params if name.endswith(spectra)]
        if past:
            wanted = sorted({f"{name.rpartition('__')[2]}=..." for name in past})
            raise TypeError(
                "Other spectra go through the steps of a transfer as the training "
                f"spectra do, but {', '.join(past)} would pass them by. Call "
                f"fit(X, y, {', '.join(wanted)})."
            )
        given = {name: value for name, value in beside.items() if value is not None}
        with unchanged_pipeline(self):
            # a regressor that matches channels has to know them behind the steps, too
            named = axis_of(X) is not None and self.transform_input is None
            if given or named:
                return fit_with_validation(self, X, y, given, params)
            return super().fit(self.met(X, {})[0], y, **params)

    def set_output(self, *, transform: str | None = None) -> "TransferPipeline":
        """Say what predictions are: arrays, or data frames named by the primary axis.

        The preparing steps keep their arrays, which are of no use outside;
        ``transfer[:-1].set_output(transform="pandas")`` is for them.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            "default" gives arrays. The columns of a frame are named by the primary
            axis, as in ``"589.0 nm"``, where the transfer was fitted on spectra that
            tell it, and else "channel 0" and so on; pandas keeps the index of `X`.
            None changes nothing.

        Returns
        -------
        TransferPipeline
            Itself.
        """
        if transform not in (None, "default", "pandas", "polars"):
            raise ValueError(
                'transform must be "default", "pandas", "polars" or None, but it is '
                f"{transform!r}."
            )
        if transform is not None:
            # where scikit-learn keeps it, so that clones have it, too
            self._sklearn_output_config = {"transform": transform}
        return self

    @available_if(_ends_in_a_prediction)
    def predict(self, X: ArrayLike, **params: Any) -> Any:
        """Transfer secondary spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra, as measured.
        **params : dict
            As in ``predict`` of the last step, such as `reference`.

        Returns
        -------
        ndarray or frame of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra; what `set_output` asked for.
        """
        X = self.on_its_axis(X)
        with names_compared(X):
            predicted = super().predict(X, **params)
        kind = getattr(self, "_sklearn_output_config", {}).get("transform", "default")
        if kind == "default":
            return predicted
        return framed(predicted, kind, X, names_of_predictions(self))

    @available_if(lambda pipeline: hasattr(pipeline.steps[-1][1], "score"))
    def score(
        self, X: ArrayLike, y: ArrayLike | None = None, *args: Any, **params: Any
    ) -> float:
        """Score predictions as the last step does.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra, as measured.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,), default=None
            Measured primary spectra of the same spots.
        *args, **params : tuple and dict
            As in `sklearn.pipeline.Pipeline`, such as `sample_weight`.

        Returns
        -------
        float
            R2 weighted by variance, of a `PrimarySpaceRegressor`.
        """
        X = self.on_its_axis(X)
        with names_compared(X):
            return float(super().score(X, y, *args, **params))

    @property
    def prediction_space_(self) -> str:
        """What predictions are, as `PrimarySpaceRegressor` says."""
        for layer in layers(self.steps[-1][1]):
            if hasattr(layer, "prediction_space_"):
                return str(layer.prediction_space_)
        return "as measured"

    def transform_target(self, y: ArrayLike) -> ArrayLike:
        """Bring measured primary spectra to the space of the predictions.

        A calibration that is to be applied to predictions is built on these: a model of
        raw spectra would meet spectra without a baseline.

        Parameters
        ----------
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Measured primary spectra.

        Returns
        -------
        array-like of shape (n_spectra, n_primary) or (n_spectra,)
            What predictions are compared with; `y` where the last step has no such.
        """
        return target_in_prediction_space(self.steps[-1][1], y)
