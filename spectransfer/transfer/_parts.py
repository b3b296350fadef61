"""Fitting the parts of a transfer, each with what it can make use of."""

from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.utils.validation import has_fit_parameter

from spectransfer._typing import FloatArray
from spectransfer._validation import takes_weights
from spectransfer.networks import NetworkEstimator


def learned_beside(
    mapper: Any, named: dict[str, Any], *, also: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Give what a mapper learns from beside the pairs; refuse what nobody would use.

    Parameters
    ----------
    mapper : estimator
        Not fitted yet.
    named : dict of str to object
        Parameters of its `fit`; those that are None were not given.
    also : tuple of str
        What another part makes use of.

    Returns
    -------
    dict of str to object
        Those that the mapper takes.
    """
    given = {name: value for name, value in named.items() if value is not None}
    taken = {name: v for name, v in given.items() if has_fit_parameter(mapper, name)}
    lacking = [name for name in given if name not in (*taken, *also)]
    if lacking:
        raise TypeError(
            f"{' and '.join(lacking)} need a mapper that learns from them, but "
            f"{type(mapper).__name__}.fit has no such parameters. Leave them out, or "
            "use FewStandardsTransfer as the mapper."
        )
    return taken


def with_unpaired(
    primary: FloatArray, unpaired: FloatArray | None, weights: FloatArray | None
) -> tuple[FloatArray, FloatArray | None]:
    """Give primary spectra, those without partners last, and the weights of all."""
    if unpaired is None:
        return primary, weights
    if weights is not None:
        weights = np.append(weights, np.full(len(unpaired), weights.mean()))
    return np.concatenate([primary, unpaired]), weights


def fit_watched(
    estimator: Any,
    data: tuple[FloatArray, ...],
    watched: dict[str, Any] | None,
    weights: FloatArray | None,
    beside: dict[str, Any] | None = None,
) -> None:
    """Fit, with validation data where there are any and the estimator takes them."""
    named = dict(beside or {})
    if weights is not None:
        named["sample_weight"] = weights
    if watched and all(has_fit_parameter(estimator, name) for name in watched):
        named |= watched
    # spectra have been searched for NaN, and latents of finite ones are finite
    with config_context(assume_finite=isinstance(estimator, NetworkEstimator) or None):
        estimator.fit(*data, **named)


def refuse_what_takes_no_weights(part: Any) -> None:
    """Refuse weights that a part which is to be fitted could not take."""
    if not takes_weights(part):
        raise TypeError(
            "sample_weight is for every part that is fitted, but fit of "
            f"{type(part).__name__} takes none. Fit it beforehand and wrap it into a "
            "FrozenEstimator, use another one, or leave sample_weight out."
        )
