"""Looking through what wraps an estimator, and at parts that are None by default."""

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def is_fitted(estimator: Any) -> bool:
    """Tell whether an estimator has been fitted."""
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def is_frozen(estimator: Any) -> bool:
    """Tell whether an estimator is to be used as it is: `clone` gives back itself."""
    return clone(estimator, safe=False) is estimator


def layers(estimator: Any) -> Iterator[Any]:
    """Give an estimator, and one after the other those whose predictions it passes on.

    Parameters
    ----------
    estimator : estimator
        Anything that predicts or transforms.

    Yields
    ------
    estimator
        The estimator itself, what is inside a :class:`~sklearn.frozen.FrozenEstimator`,
        the best estimator of a search, the last step of a pipeline, nested in any
        order.
    """
    while estimator is not None:
        yield estimator
        if isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        else:
            return


def unwrapped(estimator: Any) -> Any:
    """Give what predicts inside frozen estimators and searches."""
    for layer in layers(estimator):
        if not isinstance(layer, FrozenEstimator) and not hasattr(
            layer, "best_estimator_"
        ):
            return layer
    return estimator


def predictor(estimator: Any) -> Any:
    """Give the last step of a transfer, where the secondary side ends."""
    *_, last = layers(estimator)
    return last


def flat_steps(transformer: Any) -> list[Any]:
    """Flatten nested pipelines, frozen ones too, into the list of working steps."""
    transformer = unwrapped(transformer)
    if isinstance(transformer, Pipeline):
        nested = [flat_steps(step) for _, step in transformer.steps]
        return [step for steps in nested for step in steps]
    return [] if transformer in (None, "passthrough") else [transformer]


class HeldParts:
    """A mixin for estimators whose parts are None by default.

    None stands for a part with its default parameters, and these can be seen and set as
    if it were there: ``set_params(training__n_steps=500)`` puts it there first. So the
    searches find them.
    """

    _default_parts: ClassVar[dict[str, Any]] = {}  # what makes them, by name

    def _part(self, name: str) -> Any:
        part = getattr(self, name)
        return self._default_parts[name]() if part is None else part

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, with those of parts that are None.

        Parameters
        ----------
        deep : bool, default=True
            Whether to give the parameters of parts, too.

        Returns
        -------
        dict of str to object
            Values by name.
        """
        params: dict[str, Any] = super().get_params(deep)  # type: ignore[misc]
        if deep:
            for name, part in self._default_parts.items():
                if params[name] is None:
                    inner = part().get_params()
                    params |= {f"{name}__{key}": inner[key] for key in inner}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of parts by names such as ``training__n_steps``.

        Parameters
        ----------
        **params : dict
            Values by name.

        Returns
        -------
        estimator
            Itself.
        """
        for name, part in self._default_parts.items():
            reached = any(key.startswith(f"{name}__") for key in params)
            if reached and params.get(name, getattr(self, name)) is None:
                params[name] = part()
        super().set_params(**params)  # type: ignore[misc]
        return self


def unit_of_predictions(transfer: Any, unit: str | None) -> str | None:
    """Give the unit of predicted intensities.

    Parameters
    ----------
    transfer : estimator
        Fitted.
    unit : str or None
        Unit of the measured primary spectra.

    Returns
    -------
    str or None
        The same; None behind steps that change it for good, such as a derivative.
    """
    for layer in layers(transfer):
        if hasattr(layer, "primary_side_"):
            return unit if layer.primary_side_.keeps_unit else None
    return unit
