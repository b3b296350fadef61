"""`ConformalTransfer`: error bars for the predictions of any transfer."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    MultiOutputMixin,
    RegressorMixin,
    clone,
)
from sklearn.utils.validation import check_is_fitted

from spectransfer._blocks import even_rows, take_rows
from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray, IntArray
from spectransfer._validation import (
    HasMethods,
    check_finite,
    check_pair,
    check_spectra,
    fit_context,
)
from spectransfer._wrapping import is_frozen
from spectransfer.metrics import target_in_prediction_space
from spectransfer.pipeline import fit_with_unpaired
from spectransfer.reliability._conformal import (
    folds_of,
    limit_table,
    numbers_of,
    place_of,
    weights_of,
)
from spectransfer.reliability._domain import ApplicabilityDomain, warn_of_strangers
from spectransfer.reliability._predicted import (
    InferredLine,
    as_table,
    errors_of,
    inferred_channels,
    judged,
    lines_of,
    names_of_properties,
    predictions_left_out,
)
from spectransfer.reliability._scale import (
    band_of,
    expected,
    fit_forest,
    fit_scale,
    left_out,
    scale_of,
)

_MOST = 2000  # spectra whose errors are kept
_FEWEST = 3


class ConformalTransfer(
    OnItsPage, MultiOutputMixin, RegressorMixin, MetaEstimatorMixin, BaseEstimator
):
    r"""Give the predictions of a transfer with bands that hold the truth.

    The transfer predicts samples that were left out. Their errors, in units of what is
    expected of each spectrum and channel, tell how wide a band has to be:

    .. math:: \hat y_j(x) \pm q_j \, \sigma_j(x) , \qquad
              \sigma_j(x) = a_j \, e(x) + b_j \, |\hat y_j(x)|

    with the quantile :math:`q_j` of :math:`|y_{ij} - \hat y_{ij}| / \sigma_{ij}` over
    left-out samples, and the error e(x) that a forest expects of a spectrum by its
    secondary side. A simultaneous band takes the quantile of the largest of all
    channels.

    Parameters
    ----------
    transfer : estimator
        From secondary to primary spectra, a whole pipeline for example. Up to 20
        samples it is fitted without each, beyond that without each fifth, and once to
        all. One in a :class:`~sklearn.frozen.FrozenEstimator` is used as it is:
        the spectra of `fit`, which it must not know, then calibrate its bands.
    properties : mapping of str to fitted estimator, default=None
        Calibrations that read properties from predictions; `expected_error` then tells
        their errors, too.

    Attributes
    ----------
    transfer_ : estimator
        The fitted transfer.
    domain_ : ApplicabilityDomain
        What the secondary spectra of `fit` were like.
    n_samples_ : int
        Number of samples whose errors are known.
    inferred_ : ndarray of bool of shape (n_primary,)
        Channels that the secondary instrument does not see. Their intensities are
        inferred from other channels. All False where data frames told no axes.
    n_features_in_ : int
        Number of channels of the secondary spectra.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of `X`, where it had any.

    Warns
    -----
    SpectransferWarning
        The spectra of `predict_interval` are not like those of `fit`, after a drift
        say. The coverage does not hold for them.

    See Also
    --------
    ApplicabilityDomain : Which spectra are strange, and why.
    spectransfer.adaptation.recalibrate : A transfer for a new day.

    Notes
    -----
    The coverage is that over all spectra like those of `fit`: of a kind of spectra, or
    of one spectrum, it may be more or less. Bands stand around the prediction of the
    transfer that knows all samples, and errors are those of transfers that knew fewer,
    as in cross-validation; what is expected of a spectrum is learned from the same
    samples, each left out in turn. Proofs of coverage exist for bands of a width that
    was known before ([2]_) and for wider ones (CV+, [1]_); that it is met here is what
    tests and benchmarks show. A transfer that hardly generalizes when one sample is
    missing, as one that interpolates its standards, has bands that are too narrow.

    On a new day bands are calibrated again with its standards:
    ``ConformalTransfer(FrozenEstimator(recalibrated)).fit(X_today, y_reference)``.

    References
    ----------
    .. [1] R. F. Barber, E. J. Candès, A. Ramdas, R. J. Tibshirani, "Predictive
       inference with the jackknife+", Ann. Statist. 49 (2021) 486.
    .. [2] J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani, L. Wasserman,
       "Distribution-free predictive inference for regression", J. Am. Stat. Assoc. 113
       (2018) 1094.

    Examples
    --------
    >>> from spectransfer import DirectStandardization
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.reliability import ConformalTransfer
    >>> pair = make_instrument_pair(
    ...     n_spectra=400, shots_per_sample=1, random_state=0
    ... )
    >>> known, new = pair[:200], pair[200:]
    >>> transfer = ConformalTransfer(DirectStandardization())
    >>> transfer.fit(known.X_secondary, known.X_primary)
    ConformalTransfer(transfer=DirectStandardization())
    >>> lower, upper = transfer.predict_interval(new.X_secondary, coverage=0.9)
    >>> inside = (lower <= new.X_primary) & (new.X_primary <= upper)
    >>> bool(0.85 < inside.mean() < 0.95)
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "transfer": [HasMethods(["fit", "predict"])],
        "properties": [dict, None],
    }
    __metadata_request__fit = {
        "X_unpaired": True,
        "y_unpaired": True,
        "sample_id": True,
    }

    def __init__(
        self, transfer: Any, *, properties: Mapping[str, Any] | None = None
    ) -> None:
        self.transfer = transfer
        self.properties = properties

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_id: ArrayLike | None = None,
        X_unpaired: ArrayLike | None = None,
        y_unpaired: Any = None,
    ) -> Self:
        """Fit the transfer, and learn how far off it is where samples are left out.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra of the same spots.
        sample_id : array-like of shape (n_spectra,), default=None
            Sample of each spectrum: replicates are left out together. None takes
            every spectrum for a sample.
        X_unpaired, y_unpaired : array-like, default=None
            Spectra without partners, for a transfer that learns from them.

        Returns
        -------
        ConformalTransfer
            The fitted estimator.
        """
        self._properties = names_of_properties(self.properties)
        secondary, primary = check_pair(self, X, y)
        samples = numbers_of(sample_id, len(secondary))
        n_samples = int(samples.max()) + 1
        if n_samples < _FEWEST:
            raise ValueError(
                f"ConformalTransfer must be fitted to at least {_FEWEST} samples, to "
                "leave each out in turn, but came with "
                f"{n_samples} sample{'s' * (n_samples != 1)}. Measure more standards."
            )
        beside = {"X_unpaired": X_unpaired, "y_unpaired": y_unpaired}
        folds = folds_of(samples)
        known = X if hasattr(X, "columns") else secondary
        self.domain_ = ApplicabilityDomain().fit(known, sample_id=sample_id)
        told = y if hasattr(y, "columns") else primary

        def fitted(rows: Any) -> Any:
            names = None if sample_id is None else samples[rows]
            pair = take_rows(known, rows), take_rows(told, rows)
            new = clone(self.transfer)
            return fit_with_unpaired(new, *pair, sample_id=names, **beside)

        if is_frozen(self.transfer):
            self.transfer_ = self.transfer
            predicted, truth = judged(self.transfer, known, told)
        else:
            self.transfer_ = fitted(np.arange(len(secondary)))
            predicted, truth = predictions_left_out(fitted, known, told, folds)
        self.inferred_, self._places = inferred_channels(X, y, predicted.shape[1])
        self._calibrate(secondary, predicted, truth, samples)
        return self

    def _calibrate(
        self,
        secondary: FloatArray,
        predicted: FloatArray,
        truth: FloatArray,
        samples: IntArray,
    ) -> None:
        """Learn errors from predictions of left-out spectra, on few enough rows."""
        kept = even_rows(int(samples.max()) + 1, _MOST)
        rows = np.flatnonzero(np.isin(samples, kept))
        predicted, truth, secondary = predicted[rows], truth[rows], secondary[rows]
        samples = np.unique(samples[rows], return_inverse=True)[1]
        folds = folds_of(samples, alone=False)
        errors = errors_of(predicted, truth, self.properties)
        features, _ = self._features(secondary, predicted)
        error = left_out(features, errors, folds)[:, 0]
        self._forest = fit_forest(features, errors)
        off = np.abs(truth - predicted).astype(np.float64)
        scores = np.empty_like(off)
        for out in folds_of(samples):
            known = np.delete(np.arange(len(off)), out)
            few = len(np.unique(samples[known]))
            factors = fit_scale(predicted[known], off[known], error[known], few)
            scores[out] = off[out] / scale_of(factors, predicted[out], error[out])
        weights = weights_of(samples)
        self.n_samples_ = int(samples.max()) + 1
        self._factors = fit_scale(predicted, off, error, self.n_samples_)
        self._limits = limit_table(scores, weights, self.n_samples_)
        largest = scores.max(axis=1, keepdims=True)
        self._largest = limit_table(largest, weights, self.n_samples_)

    def _features(
        self, secondary: FloatArray, predicted: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Give what the forest reads, (n_spectra, n_features), and strangeness."""
        scores, statistics = self.domain_._described(secondary)
        if not np.isfinite(statistics).all():
            check_finite(secondary, "X")  # says where; a transfer may pass NaN on
        size = np.sqrt(np.einsum("ij,ij->i", predicted, predicted))
        limits = np.finfo(np.float64).tiny, np.finfo(np.float64).max
        known = size.astype(np.float64), statistics[:, :3]
        shown = [np.log(np.clip(values, *limits)) for values in known]
        strange = self.domain_._strangeness(statistics)
        return np.column_stack([*shown, scores]), strange

    def predict(self, X: ArrayLike) -> FloatArray:
        """Transfer secondary spectra, as `transfer_` does.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra in the space of the transfer's predictions.
        """
        check_is_fitted(self, "transfer_")
        check_spectra(self, X, finite=False)
        predicted: FloatArray = self.transfer_.predict(X)
        return predicted

    def predict_interval(
        self, X: ArrayLike, coverage: float = 0.9, *, simultaneous: bool = False
    ) -> tuple[FloatArray, FloatArray]:
        """Give bands that hold the primary spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        coverage : float, default=0.9
            Share of the values that lie inside; at most n / (n + 1) for n samples.
        simultaneous : bool, default=False
            False for bands of single channels, of which each holds its share of
            spectra; True for those that hold the whole of a share of spectra.

        Returns
        -------
        lower, upper : ndarray of shape (n_spectra, n_primary) or (n_spectra,)
            Shaped as the predictions, and in their space.
        """
        check_is_fitted(self, "transfer_")
        limits = self._largest if simultaneous else self._limits
        limits = limits[place_of(coverage, self.n_samples_) - 1]
        secondary = check_spectra(self, X, finite=False)
        predicted = self.transfer_.predict(X)
        table = as_table(predicted)
        features, strange = self._features(secondary, table)
        warn_of_strangers(strange, self.domain_)
        error = expected(self._forest, features)[:, 0]
        lower, upper = band_of(self._factors, limits, table, error)
        return lower.reshape(predicted.shape), upper.reshape(predicted.shape)

    def score(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Give what `score` of the transfer gives.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Measured primary spectra.
        sample_weight : array-like of shape (n_spectra,), default=None
            What each spectrum counts.

        Returns
        -------
        float
            R2, of a pipeline of ours in the space of its predictions.
        """
        check_is_fitted(self, "transfer_")
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return float(self.transfer_.score(X, y, **weights))

    def expected_error(self, X: ArrayLike) -> dict[str, FloatArray]:
        """Give the typical error of each spectrum, from its secondary side alone.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.

        Returns
        -------
        dict of str to ndarray of shape (n_spectra,)
            "euclidean", in the unit of the predictions, "cosine" (1 minus the cosine
            of the angle), and each of `properties`, in its unit.
        """
        predicted = as_table(self.predict(X))
        features, _ = self._features(check_spectra(self, X, finite=False), predicted)
        found = expected(self._forest, features)
        names = ["euclidean", "cosine", *self._properties]
        return dict(zip(names, found.T, strict=True))

    def inferred_lines(self, X: ArrayLike, coverage: float = 0.9) -> list[InferredLine]:
        """List lines that are predicted where the secondary instrument sees nothing.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra; lines are those of their mean prediction.
        coverage : float, default=0.9
            Of the mean band, above whose half width a line has to stand.

        Returns
        -------
        list of InferredLine
            Channel, wavelength, height and half width of the band, strongest first.
        """
        lower, upper = (as_table(b) for b in self.predict_interval(X, coverage))
        return lines_of(lower, upper, self.inferred_, self._places)

    def transform_target(self, y: ArrayLike) -> ArrayLike:
        """Bring measured primary spectra to the space of the predictions.

        Parameters
        ----------
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Measured primary spectra.

        Returns
        -------
        array-like of shape (n_spectra, n_channels) or (n_spectra,)
            What predictions and bands are to be compared with.
        """
        check_is_fitted(self, "transfer_")
        return target_in_prediction_space(self.transfer_, y)
