"""The one door for arrays and parameters.

Everything that comes from a user passes through here once. This is also the only
file that knows scikit-learn's private names.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import Parameter, signature
from numbers import Integral
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions
from sklearn.utils.validation import (
    _check_feature_names_in as check_feature_names_in,
)
from sklearn.utils.validation import _check_sample_weight as _checked_weights
from sklearn.utils.validation import check_array, check_consistent_length, validate_data

from spectransfer._axis import (
    axis_of,
    compare_axes,
    named_as_known,
    names_compared,
    read_names,
)
from spectransfer._masked import refuse_masked
from spectransfer._numbers import (
    called,
    check_finite,
    our_words,
    readable,
    refuse_containers,
)
from spectransfer._typing import ArrayLike, FloatArray

if TYPE_CHECKING:
    # scikit-learn has no types, and its decorator would take those of ours away
    Decorated = TypeVar("Decorated", bound=Callable[..., Any])

    def validate_params(
        parameter_constraints: dict[str, Any], *, prefer_skip_nested_validation: bool
    ) -> Callable[[Decorated], Decorated]: ...

else:
    from sklearn.utils._param_validation import validate_params

__all__ = [
    "LEARNED_SPACE",
    "HasMethods",
    "Interval",
    "Options",
    "ScoresOnItsAxis",
    "SearchesOnce",
    "StrOptions",
    "check_feature_names_in",
    "check_finite",
    "check_layer_sizes",
    "check_pair",
    "check_spectra",
    "check_targets",
    "check_weights",
    "compare_targets",
    "fit_context",
    "remember_targets",
    "takes_weights",
    "unchanged_on_error",
    "validate_params",
    "validation_set",
]

LEARNED_SPACE = "_primary_space"
"""Attribute by which a pipeline marks what it has fitted; another `fit` ends it."""

_FLOATS = [np.float64, np.float32]

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_Fit = Callable[_Given, _Result]


@contextmanager
def unchanged_on_error(*estimators: Any) -> Iterator[None]:
    """Leave estimators as they were where the block fails, or is interrupted.

    What a `fit` learns is put in place of what was learned before, attribute by
    attribute; a refused or broken one must not leave the new ones beside the old.

    Parameters
    ----------
    *estimators : estimator
        What may change.
    """
    before = [(vars(estimator), dict(vars(estimator))) for estimator in estimators]
    try:
        yield
    except BaseException:
        for now, old in before:
            now.update(old)
            for name in now.keys() - old.keys():
                del now[name]
        raise


def fit_context(
    *, prefer_skip_nested_validation: bool
) -> Callable[[_Fit[_Given, _Result]], _Fit[_Given, _Result]]:
    """Check parameters before a `fit`, and take back what a failed one has set.

    scikit-learn sets `n_features_in_` and `feature_names_in_` before the last check of
    an array. Nothing fitted may change until everything is: where `fit` ends with an
    error or an interrupt, the estimator has the attributes that it had.

    Parameters
    ----------
    prefer_skip_nested_validation : bool
        Whether estimators inside need no check of their parameters.

    Returns
    -------
    callable
        Decorator of `fit` or `partial_fit`, which must not write into the arrays that
        were learned before.
    """
    checked_by = _fit_context(
        prefer_skip_nested_validation=prefer_skip_nested_validation
    )

    def decorate(fit: _Fit[_Given, _Result]) -> _Fit[_Given, _Result]:
        checked = checked_by(fit)

        @wraps(fit)
        def fit_or_restore(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
            with unchanged_on_error(args[0]):
                vars(args[0]).pop(LEARNED_SPACE, None)
                return checked(*args, **kwargs)

        return fit_or_restore

    return decorate


class SearchesOnce:
    """A mixin for transformers whose `fit_transform` searches spectra for NaN once."""

    def fit_transform(self, X: ArrayLike, y: Any = None, **fit_params: Any) -> Any:
        """Fit to spectra, and transform them.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra.
        y : array-like of shape (n_spectra, ...), default=None
            As in `fit`.
        **fit_params : dict
            Further parameters of `fit`.

        Returns
        -------
        array-like of shape (n_spectra, n_channels)
            What `transform` gives.
        """
        fitted = self.fit(X, y, **fit_params)  # type: ignore[attr-defined]
        # finite, says fit
        with config_context(assume_finite=True):
            return fitted.transform(X)


def check_spectra(
    estimator: BaseEstimator,
    X: ArrayLike,
    *,
    reset: bool = False,
    finite: bool = True,
    name: str = "X",
    **options: Any,
) -> FloatArray:
    """Validate spectra as `validate_data` does, keeping float32 as it is.

    Column names that are numbers are wavelengths. They become feature names as text,
    and spectra on another axis than in `fit` are refused with both axes named.

    Parameters
    ----------
    estimator : estimator
        The estimator that will use `X`; its `n_features_in_` and
        `feature_names_in_` are set (`reset`) or compared.
    X : array-like of shape (n_spectra, n_wavelengths)
        Spectra. A float array, memory-mapped ones included, is not copied.
    reset : bool, default=False
        True in `fit`.
    finite : bool, default=True
        False leaves the search for NaN and inf to the caller.
    name : str, default="X"
        What the caller calls them.
    **options : dict
        Passed on to `sklearn.utils.validation.validate_data`.

    Returns
    -------
    ndarray of shape (n_spectra, n_wavelengths)
        Finite spectra, float32 or float64.
    """
    options = {"dtype": _FLOATS, "ensure_all_finite": False} | options
    X = readable(X, name)
    X = named_as_known(estimator, X, reset=reset)
    with our_words(name), called(name), names_compared(X):
        spectra = validate_data(estimator, X, reset=reset, **options)
    if finite:
        check_finite(spectra, name)
    return spectra


def check_targets(y: ArrayLike, *, name: str = "y", finite: bool = True) -> FloatArray:
    """Validate primary spectra (2-D) or a single target (1-D)."""
    y = readable(y, name)
    with our_words(name), called(name):
        targets = check_array(
            y,
            dtype=_FLOATS,
            ensure_2d=False,
            ensure_all_finite=False,
            input_name=name,
        )
    if targets.ndim == 0:
        raise ValueError(f"{name} must be an array of spectra, but it is a scalar.")
    if finite:
        check_finite(targets, name)
    return targets


def check_pair(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike | None,
    *,
    reset: bool = True,
    names: tuple[str, str] = ("X", "y"),
    finite: tuple[bool, bool] = (True, True),
) -> tuple[FloatArray, FloatArray]:
    """Validate secondary spectra together with their primary spectra.

    Parameters
    ----------
    estimator : estimator
        The estimator being fitted.
    X : array-like of shape (n_spectra, n_secondary)
        Secondary spectra.
    y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
        Primary spectra of the same spots, row by row.
    reset : bool, default=True
        False when validation data are compared with training data.
    names : tuple of str, default=("X", "y")
        What the caller calls them.
    finite : tuple of bool, default=(True, True)
        False leaves the search for NaN and inf, in one or the other, to the caller.

    Returns
    -------
    X, y : ndarray
        Finite, paired, float32 or float64 each; `y` keeps its number of dimensions.
    """
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but "
            "the target y is None. Call fit(X_secondary, X_primary)."
        )
    for spectra_of, name in zip((X, y), names, strict=True):
        refuse_containers(spectra_of, name)
    check_consistent_length(X, y)
    spectra = check_spectra(estimator, X, reset=reset, finite=finite[0], name=names[0])
    targets = check_targets(y, name=names[1], finite=finite[1])
    if reset:
        remember_targets(estimator, y)
    else:
        compare_targets(estimator, y, names[1])
    return spectra, targets


def remember_targets(estimator: Any, y: Any) -> None:
    """Keep the names of primary channels, where the spectra told their axis."""
    if axis_of(y) is not None:
        estimator.target_names_in_ = np.asarray([str(c) for c in y.columns], object)
    elif hasattr(estimator, "target_names_in_"):
        del estimator.target_names_in_


def compare_targets(estimator: Any, y: Any, name: str = "y") -> None:
    """Refuse primary spectra on another axis than that of `fit`, where both say it."""
    given, names = axis_of(y), getattr(estimator, "target_names_in_", None)
    known = None if names is None else read_names(names)
    if given is not None and known is not None:
        compare_axes(known, given, who=f"{type(estimator).__name__} ({name})")


class ScoresOnItsAxis(RegressorMixin):
    """A regressor of spectra, whose `score` refuses spectra on another axis."""

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: Any = None) -> float:
        """Give the coefficient of determination, as scikit-learn's regressors do.

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
            R2, the mean over channels.
        """
        compare_targets(self, y)
        return super().score(X, y, sample_weight)


def check_weights(
    sample_weight: ArrayLike | None, spectra: FloatArray, *, relative: bool = True
) -> FloatArray | None:
    """Validate the weights of spectra.

    Parameters
    ----------
    sample_weight : array-like of shape (n_spectra,) or None
        Weights, none of them negative.
    spectra : ndarray of shape (n_spectra, n_channels)
        What they are the weights of.
    relative : bool, default=True
        Whether only their ratios count.

    Returns
    -------
    ndarray of shape (n_spectra,) or None
        Weights in float64; None where there are none, and where all are alike and only
        ratios count.
    """
    if sample_weight is None:
        return None
    refuse_masked(sample_weight, "sample_weight")
    weights: FloatArray = _checked_weights(
        sample_weight, spectra, dtype=np.float64, ensure_non_negative=True
    )
    if not weights.any():
        raise ValueError(
            "sample_weight must be above zero for some spectra, but all "
            f"{len(weights)} weights are zero. Leave it out to weigh them alike."
        )
    return None if relative and (weights == weights[0]).all() else weights


def takes_weights(estimator: Any) -> bool:
    """Tell whether `fit` may be given weights: by name, or to be passed on."""
    parameters = signature(estimator.fit).parameters
    passed_on = any(p.kind is Parameter.VAR_KEYWORD for p in parameters.values())
    return "sample_weight" in parameters or passed_on


def validation_set(
    X_val: ArrayLike | None, y_val: ArrayLike | None
) -> tuple[ArrayLike, ArrayLike] | None:
    """Give both halves of a validation set or None, and refuse one half alone."""
    if X_val is None and y_val is None:
        return None
    if X_val is None or y_val is None:
        missing = "X_val" if X_val is None else "y_val"
        raise ValueError(
            f"A validation set needs secondary and primary spectra, but {missing} is "
            "None. Pass both X_val and y_val, or neither."
        )
    return X_val, y_val


def check_layer_sizes(sizes: Iterable[Any], name: str) -> None:
    """Refuse numbers of neurons that are not positive whole numbers."""
    for size in sizes:
        if not isinstance(size, Integral) or size < 1:
            raise ValueError(
                f"{name} must hold positive whole numbers, one for each layer, but it "
                f"is {sizes!r}. Write for example {name}=(128, 512)."
            )
