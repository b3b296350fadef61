r"""Errors of a property that a calibration reads from transferred spectra.

With the known values :math:`c_i` and those predicted,

.. math:: \mathrm{RMSEP}^2 = \frac 1 n \sum_i (\hat c_i - c_i)^2, \qquad
          b = \frac 1 n \sum_i (\hat c_i - c_i), \qquad
          \mathrm{SEP}^2 = \frac 1 {n - 1} \sum_i (\hat c_i - c_i - b)^2 .

A bias can be taken off afterwards with a few known values; what SEP tells cannot.
"""

from typing import Any, NamedTuple

import numpy as np

from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._wrapping import is_fitted
from spectransfer.metrics._scorers import TransferScorer, target_in_prediction_space

_PROBE_ROWS = 4
SPACES = ("measured", "predictions")


class PropertyErrors(NamedTuple):
    """Errors of a predicted property, in its unit.

    `sep` is NaN for a single spectrum.

    Examples
    --------
    >>> from spectransfer.metrics import property_errors
    >>> errors = property_errors([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    >>> errors.rmsep, errors.sep
    (1.0, 0.0)
    """

    rmsep: float
    bias: float
    sep: float


def property_errors(y_true: ArrayLike, y_pred: ArrayLike) -> PropertyErrors:
    r"""Give RMSEP, bias, and SEP, the error that is left without the bias.

    Parameters
    ----------
    y_true : array-like of shape (n_spectra,)
        Known values.
    y_pred : array-like of shape (n_spectra,) or (n_spectra, 1)
        Predicted values.

    Returns
    -------
    PropertyErrors
        `rmsep`, `bias` (predicted less known) and `sep`, in the unit of the values.

    References
    ----------
    .. [1] T. Naes, T. Isaksson, T. Fearn, T. Davies, "A user-friendly guide to
       multivariate calibration and classification", NIR Publications (2002), ch. 13.

    Examples
    --------
    >>> from spectransfer.metrics import property_errors
    >>> property_errors([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    PropertyErrors(rmsep=1.0, bias=1.0, sep=0.0)
    """
    known = np.asarray(y_true, dtype=np.float64).ravel()
    predicted = np.asarray(y_pred, dtype=np.float64).ravel()
    if known.shape != predicted.shape or not len(known):
        raise ValueError(
            "A property has one known and one predicted value for each spectrum, but "
            f"there are {len(known)} and {len(predicted)}. Pass the values of one "
            "property, spectrum by spectrum."
        )
    for values, which in ((known, "known"), (predicted, "predicted")):
        finite = np.isfinite(values)
        if not finite.all():
            raise ValueError(
                "The error of a property needs finite values, but that of spectrum "
                f"{int(np.argmin(finite))} (counted from 0), {which}, is "
                f"{values[np.argmin(finite)]}. Leave out spectra whose value is not "
                "known, and look at the calibration where it predicts none."
            )
    missed = predicted - known
    bias = float(missed.mean())
    spread = float(((missed - bias) ** 2).sum())
    sep = np.sqrt(spread / (len(missed) - 1)) if len(missed) > 1 else np.nan
    return PropertyErrors(float(np.sqrt((missed**2).mean())), bias, float(sep))


def predicts_as_measured(estimator: Any, primary: Any) -> bool:
    """Tell whether predictions are primary spectra as they were measured.

    Parameters
    ----------
    estimator : estimator
        A fitted transfer.
    primary : array-like of shape (n_spectra, n_wavelengths)
        Measured primary spectra; a few of them are tried.

    Returns
    -------
    bool
        False where the transfer predicts corrected spectra, without a baseline say.
    """
    rows = slice(_PROBE_ROWS)
    probe = primary.iloc[rows] if hasattr(primary, "iloc") else primary[rows]
    there = np.asarray(target_in_prediction_space(estimator, probe), dtype=np.float64)
    probe = np.asarray(probe, dtype=np.float64)
    if there.shape != probe.shape:
        return False
    return bool(np.allclose(there, probe, rtol=1e-4, atol=1e-5 * np.abs(probe).max()))


def check_space(estimator: Any, primary: Any, space: str, name: str) -> None:
    """Refuse a calibration for spectra as measured where others are predicted.

    Parameters
    ----------
    estimator : estimator
        A fitted transfer.
    primary : array-like of shape (n_spectra, n_wavelengths)
        Measured primary spectra.
    space : {"measured", "predictions"}
        What the calibration reads.
    name : str
        What the caller calls it.
    """
    if space not in SPACES:
        raise ValueError(
            f"space must be one of {', '.join(map(repr, SPACES))}, but it is {space!r}."
        )
    if space == "measured" and not predicts_as_measured(estimator, primary):
        raise ValueError(
            f"The calibration of {name} reads primary spectra as they were measured, "
            f"but {type(estimator).__name__} predicts corrected ones: a step of its "
            "primary side, such as the baseline, cannot be undone. Fit the calibration "
            "to transform_target(y) of the transfer and say space='predictions', or "
            "leave such steps out of the primary side."
        )


def read_property(calibration: Any, spectra: Any, name: str) -> FloatArray:
    """Give what a calibration says of spectra, one value for each.

    Parameters
    ----------
    calibration : fitted estimator with `predict`
        From primary spectra to a property.
    spectra : array-like of shape (n_spectra, n_wavelengths)
        Spectra in its space.
    name : str
        What the caller calls the property.

    Returns
    -------
    ndarray of shape (n_spectra,)
        Values.
    """
    fitted_to, shape = getattr(calibration, "n_features_in_", None), np.shape(spectra)
    if fitted_to is not None and len(shape) == 2 and shape[1] != fitted_to:
        raise ValueError(
            f"The calibration of {name} must read the channels of the spectra, but it "
            f"was fitted to {fitted_to} channels, and these have {shape[1]}. Fit it to "
            "primary spectra of the same channels, those of transform_target(y) with "
            "space='predictions'."
        )
    values = np.asarray(calibration.predict(spectra), dtype=np.float64)
    if values.size != len(spectra):
        raise ValueError(
            f"A calibration gives one value for each spectrum, but that of {name} "
            f"gives an array of shape {values.shape} for {len(spectra)} spectra. Fit "
            "one calibration for each property."
        )
    return values.ravel()


class _Disagreement:
    """The metric of `make_property_scorer`: it can be pickled."""

    def __init__(self, calibration: Any) -> None:
        self.calibration = calibration

    def __call__(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        property_values: ArrayLike | None = None,
    ) -> float:
        predicted = read_property(self.calibration, y_pred, "the scorer")
        if property_values is None:
            property_values = read_property(self.calibration, y_true, "the scorer")
        return property_errors(property_values, predicted).rmsep

    def __repr__(self) -> str:
        return f"rmsep by {self.calibration!r}"


class PropertyScorer(TransferScorer):
    """Scorer of the property that a calibration reads from predictions.

    Made by `make_property_scorer`.

    Parameters
    ----------
    calibration : fitted estimator with `predict`
        From primary spectra to the property.
    space : {"measured", "predictions"}
        What the calibration reads.
    """

    def __init__(self, calibration: Any, space: str) -> None:
        super().__init__(_Disagreement(calibration), False, {})
        self.space = space

    def __call__(
        self,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        **metadata: Any,
    ) -> float:
        """Give the negative error of the property.

        Parameters
        ----------
        estimator : estimator
            A fitted transfer.
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        y : array-like of shape (n_spectra, n_primary)
            Measured primary spectra of the same spots.
        sample_weight : None, default=None
            Not taken.
        **metadata : dict
            ``property_values``, known values of the property, an array of shape
            (n_spectra,). Without it the calibration reads them from `y`.

        Returns
        -------
        float
            The score: the RMSEP with its sign turned.
        """
        if sample_weight is not None:
            raise TypeError(
                "sample_weight needs a metric that weighs spectra, but the RMSEP of a "
                "property counts all spectra alike. Leave it out."
            )
        check_space(estimator, y, self.space, "the scorer")
        return super().__call__(estimator, X, y, **metadata)


def make_property_scorer(
    calibration: Any, *, space: str = "measured"
) -> PropertyScorer:
    """Make a scorer of the property that a calibration reads from predictions.

    The spectrum that is nearest need not be the best one for a calibration, which reads
    small differences. Searches with this scorer look for the transfer that keeps them.

    Parameters
    ----------
    calibration : fitted estimator with `predict`
        From primary spectra to one property, such as a fitted
        :class:`~sklearn.cross_decomposition.PLSRegression`.
    space : {"measured", "predictions"}, default="measured"
        What the calibration was fitted to: primary spectra as they were measured, or
        those that the transfer predicts (`target_in_prediction_space`), without a
        baseline say. A transfer that predicts others than the calibration reads is an
        error.

    Returns
    -------
    callable
        To be passed as ``scoring=``, or called as ``scorer(estimator, X, y)``: the
        RMSEP with its sign turned. It is taken against the metadatum
        ``property_values`` where this comes (in a search with metadata routing, after
        ``scorer.set_score_request(property_values=True)``), and otherwise against
        what the calibration reads from the measured primary spectra.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from spectransfer import OffsetTransfer
    >>> from spectransfer.metrics import make_property_scorer
    >>> X, y = [[0.0], [1.0], [2.0]], [[1.0], [2.0], [3.0]]
    >>> calibration = LinearRegression().fit(y, [10.0, 20.0, 30.0])
    >>> scorer = make_property_scorer(calibration)
    >>> round(scorer(OffsetTransfer("nothing").fit(X, y), X, y), 6)
    -10.0
    >>> round(scorer(OffsetTransfer().fit(X, y), X, y), 6) + 0.0
    0.0
    """
    if space not in SPACES or not hasattr(calibration, "predict"):
        raise ValueError(
            "A scorer of a property needs a fitted calibration that predicts, and a "
            f"space, one of {', '.join(map(repr, SPACES))}, but they are "
            f"{calibration!r} and {space!r}. Pass for example PLSRegression(5).fit("
            "primary, values)."
        )
    if hasattr(calibration, "fit") and not is_fitted(calibration):
        raise ValueError(
            "A scorer of a property needs a fitted calibration, since it never fits "
            f"one, but {calibration!r} is not fitted. Call fit(primary, values) before."
        )
    return PropertyScorer(calibration, space)
