r"""Protocols: whose mean and variance standardize spectra, without fitting again.

They also say what a transfer is judged by: the primary as it measured that day, or as
it would have measured on the day of the library.

Steps that standardize are found wherever they sit (pipelines in pipelines, inside a
search, a frozen estimator or a meta-regressor), and stand in a copy of the transfer
with the statistics that the protocol asks for. Everything else in the copy is the
fitted original.

A map is read in blocks. Its own mean and variance are pooled over them beforehand, so
that no map is ever prepared as a whole.
"""

from copy import copy
from typing import Any

from sklearn.pipeline import Pipeline

from spectransfer._wrapping import unwrapped
from spectransfer.pipeline._primary_side import PrimarySide
from spectransfer.pipeline._rescaling import Source, rescaled, scaler_fitted_to

PROTOCOLS = {
    "deployable": (
        "both sides scaled with statistics of the training spectra; judged by what the "
        "primary measured that day"
    ),
    "deployable-batch": (
        "secondary spectra scaled by their own map, primary ones with statistics of "
        "the training spectra; judged by what the primary measured that day"
    ),
    "library": (
        "scaled as deployable; judged by what the primary would have measured on the "
        "library's day"
    ),
    "paper": (
        "every map scaled by itself, the measured primary test map included, and "
        "judged by that map; it cannot be had in deployment"
    ),
}


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

    return rescaled(transfer, as_fitted, lambda: iter(()))


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
        return scaler_fitted_to(scaler, source)

    return rescaled(transfer, of_the_map, secondary)


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
    return rescaled(transfer, scaler_fitted_to, secondary)


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
    side = getattr(transfer, "primary_side_", None)
    if side is None:
        # scikit-learn's own TransformedTargetRegressor has such a side, too
        transformer = getattr(transfer, "transformer_", None)
        if transformer is None:
            return transfer
        copied = copy(transfer)
        side = PrimarySide(transformer, whole.shape[1:])
        copied.transformer_ = side.fitted_to(whole, primary).transformer
        return copied
    copied = copy(transfer)
    copied.primary_side_ = side.fitted_to(whole, primary)
    return copied
