r"""One fitted transfer with the statistics of other maps, without fitting it again.

A protocol (`spectransfer.evaluation.PROTOCOLS`) says whose mean and variance
standardize spectra. Steps that standardize are found wherever they sit (pipelines in
pipelines, inside a search, a frozen estimator or a meta-regressor), and stand in a copy
of the transfer with the statistics that the protocol asks for. Everything else in the
copy is the fitted original.

A map is read in blocks. Its own mean and variance are pooled over them beforehand, so
that no map is ever prepared as a whole.
"""

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler as _SklearnScaler
from sklearn.utils import get_tags

from spectransfer._wrapping import flat_steps, unwrapped
from spectransfer.pipeline._primary_space import fitted_to_map
from spectransfer.preprocessing import (
    BaselineCorrector,
    WavelengthCropper,
    WavelengthResampler,
)

Source = Callable[[], Iterator[Any]]

# these learn the axis only, so that any rows will do to fit them
_LEARN_NO_STATISTICS = (BaselineCorrector, WavelengthCropper, WavelengthResampler)


def has_primary_side(estimator: Any) -> bool:
    """Tell whether a regressor transforms its targets, and undoes it."""
    return (
        hasattr(estimator, "regressor_")
        and getattr(estimator, "transformer_", None) is not None
    )


def with_training_statistics(transfer: Any) -> Any:
    """Copy a transfer so that its secondary side scales as the training spectra.

    Parameters
    ----------
    transfer : estimator
        A fitted transfer.

    Returns
    -------
    estimator
        A copy that shares its fitted parts.
    """

    def as_fitted(scaler: Any, source: Source) -> Any:
        if getattr(scaler, "statistics", "fit") == "fit":
            return scaler
        switched = copy(scaler)
        switched.statistics = "fit"
        return switched

    return _rescaled(transfer, as_fitted, lambda: iter(()))


def with_batch_statistics(transfer: Any, secondary: Source) -> Any:
    """Copy a transfer so that a map in parts is scaled as if given in one piece.

    Parameters
    ----------
    transfer : estimator
        A fitted transfer.
    secondary : callable
        Gives an iterator over the blocks of the map, anew in every call; called only
        where a scaler has ``statistics="batch"``.

    Returns
    -------
    estimator
        A copy whose `predict` may be given any part of the map.
    """

    def of_the_map(scaler: Any, source: Source) -> Any:
        if getattr(scaler, "statistics", "fit") == "fit":
            return scaler
        return _fitted_scaler(scaler, source)

    return _rescaled(transfer, of_the_map, secondary)


def with_own_statistics(transfer: Any, secondary: Source) -> Any:
    """Copy a transfer so that its secondary side scales a map by that very map.

    Parameters
    ----------
    transfer : estimator
        A fitted transfer.
    secondary : callable
        Gives an iterator over the blocks of the map, anew in every call.

    Returns
    -------
    estimator
        A copy whose `predict` may be given any part of the map.
    """
    return _rescaled(transfer, _fitted_scaler, secondary)


def with_reference(transfer: Any, primary: Source, whole: Any) -> Any:
    """Copy a transfer so that predictions return with a measured map's statistics.

    What ``predict(X, reference=y)`` of a `PrimarySpaceRegressor` does, for a map that
    is read in blocks.

    Parameters
    ----------
    transfer : estimator
        A fitted transfer.
    primary : callable
        Gives an iterator over the blocks of the measured primary map.
    whole : array-like of shape (n_spectra, n_primary)
        The same map in one piece, for transformers that cannot learn from blocks.

    Returns
    -------
    estimator
        The copy, or the transfer itself where it has no primary side.
    """
    transfer = unwrapped(transfer)
    if isinstance(transfer, Pipeline):
        copied = copy(transfer)
        name, last = transfer.steps[-1]
        copied.steps = [
            *transfer.steps[:-1],
            (name, with_reference(last, primary, whole)),
        ]
        return copied
    if not has_primary_side(transfer):
        return transfer
    copied = copy(transfer)
    copied.transformer_ = _fitted_transformer(transfer.transformer_, primary, whole)
    return copied


def _rescaled(
    estimator: Any, rescale: Callable[[Any, Source], Any], source: Source
) -> Any:
    """Copy an estimator of any depth, with every scaler in it rescaled."""
    if isinstance(estimator, FrozenEstimator):
        # stays frozen: what can be undone, and so the space of predictions, depends
        # on how steps are wrapped
        return FrozenEstimator(_rescaled(estimator.estimator, rescale, source))
    estimator = unwrapped(estimator)
    if isinstance(estimator, Pipeline):
        copied = copy(estimator)
        copied.steps = []
        for name, step in estimator.steps:
            part = _rescaled(step, rescale, source)
            copied.steps.append((name, part))
            source = _through(part, source)
        return copied
    if isinstance(estimator, _SklearnScaler):
        return rescale(estimator, source)
    for inner in ("regressor_", "mapper_"):
        if hasattr(estimator, inner):
            copied = copy(estimator)
            part = _rescaled(getattr(estimator, inner), rescale, source)
            setattr(copied, inner, part)
            return copied
    return estimator


def _through(step: Any, source: Source) -> Source:
    """Give the blocks as a step leaves them."""
    if step in (None, "passthrough"):
        return source
    return lambda: (step.transform(block) for block in source())


def _fitted_scaler(scaler: Any, source: Source) -> Any:
    """Fit a fresh scaler to blocks; channels keep the weights of training."""
    fresh = clone(scaler)
    if hasattr(fresh, "statistics"):
        fresh.statistics = "fit"
    for block in source():
        fresh.partial_fit(block)
    return fresh.weigh_like(scaler) if hasattr(fresh, "weigh_like") else fresh


def _fitted_transformer(transformer: Any, source: Source, whole: Any) -> Any:
    """Fit a fresh transformer of the primary side to a map, in blocks if it can."""
    if all(_learns_from_blocks(step) for step in flat_steps(transformer)):
        return _rescaled(transformer, _fitted_scaler, source)
    return fitted_to_map(transformer, whole)


def _learns_from_blocks(step: Any) -> bool:
    if isinstance(step, (_SklearnScaler, *_LEARN_NO_STATISTICS)):
        return True
    return not get_tags(step).requires_fit
