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
from sklearn.utils.metaestimators import available_if

from spectransfer._axis import axis_of, names_compared, with_names
from spectransfer._numbers import called
from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike
from spectransfer._validation import unchanged_on_error
from spectransfer._wrapping import flat_steps, layers
from spectransfer.metrics import target_in_prediction_space
from spectransfer.pipeline._door import KnowsItsAxis
from spectransfer.pipeline._frames import framed, names_of_predictions
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
    with unchanged_pipeline(estimator):
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
