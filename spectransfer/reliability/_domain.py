"""`ApplicabilityDomain`: which spectra are such as a transfer has learned from."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from scipy.stats import beta, binom
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted

from spectransfer._blocks import row_blocks
from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, BoolArray, FloatArray, IntArray
from spectransfer._validation import Interval, check_spectra, fit_context
from spectransfer.exceptions import SpectransferWarning
from spectransfer.reliability._conformal import (
    folds_of,
    level_of,
    limits_of,
    numbers_of,
    weights_of,
)
from spectransfer.reliability._statistics import STATISTICS, Gauge, Population

_NAMED = 3  # channels
_SAME = 1e-6  # from each other, in components of variance 1
_MOST_SAME = 0.05  # of the spectra
_SURPRISE = 1e-3
_FAR = 3.0  # times its limit, beyond which hardly any usual spectrum is
_SELDOM = 5e-4


@dataclass(frozen=True)
class Judgement:
    """Spectra, judged by an `ApplicabilityDomain`.

    Printed, it says how many are flagged, and why.

    Parameters
    ----------
    flagged : ndarray of bool of shape (n_spectra,)
        Spectra that are unlike those of `fit`.
    p_values : ndarray of shape (n_spectra,)
        How likely a spectrum like those of `fit` is to be as strange.
    statistics : mapping of str to ndarray of shape (n_spectra,)
        "T2", "Q", "distance", "highest", "lowest" (with its sign turned) and "clipped"
        (channels, beside one, that share the highest intensity).
    limits : mapping of str to float
        A spectrum is flagged where one of them is exceeded.
    reason : ndarray of str of shape (n_spectra,)
        Which statistic is farthest beyond its limit; empty where nothing is.
    channels : ndarray of str of shape (n_spectra, 3)
        Names, or numbers, of the channels that components explain least.
    """

    flagged: BoolArray
    p_values: FloatArray
    statistics: Mapping[str, FloatArray]
    limits: Mapping[str, float]
    reason: np.ndarray
    channels: np.ndarray

    def __repr__(self) -> str:
        n = int(self.flagged.sum())
        said = [f"{n} of {len(self.flagged)} spectra flagged."]
        for name in STATISTICS:
            rows = np.flatnonzero(self.reason == name)
            if len(rows):
                strangest = rows[self.p_values[rows].argmin()]
                channels = ", ".join(self.channels[strangest])
                where = f"first {rows[0]}, channels such as {channels}"
                said.append(f"{name}: {len(rows)}, {where}.")
        return "\n".join(said)


class ApplicabilityDomain(OnItsPage, OutlierMixin, BaseEstimator):
    r"""Find spectra that are unlike those which a transfer has learned from.

    A transfer answers to noise, to zeros and to minerals never seen, too. Six
    statistics of the secondary spectrum tell: Hotelling's T2 in principal components,
    Q, the residual in units of its noise, the distance to the nearest known spectrum,
    the highest and the lowest intensity, and the number of channels that share the
    highest one, as saturated lines do. Each is divided by what left-out samples have,
    and the largest, s, is compared with theirs:

    .. math:: p(x) = \frac{1 + \#\{i : s_i \ge s(x)\}}{n + 1}

    A spectrum with :math:`p \le` `false_alarms` is flagged.

    Parameters
    ----------
    false_alarms : float, default=0.05
        Share of spectra that are flagged though they are like those of `fit`. No rate
        below 1 / (n_samples + 1) can be kept; `false_alarms_` has what is.
    n_components : int, default=10
        Principal components, fewer where there are not as many spectra.

    Attributes
    ----------
    false_alarms_ : float
        The rate that is kept.
    offset_ : float
        Limit of `score_samples`.
    limits_ : dict of str to float
        Limits of the statistics.
    n_features_in_ : int
        Number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of `X`, where it had any.

    See Also
    --------
    ConformalTransfer : Error bars for the spectra that pass.

    Notes
    -----
    No transfer is needed for it, and no primary spectrum: whatever the transfer, it can
    only know what its secondary spectra show. Who joins a library fits it to the own
    standards. Fitted to primary spectra, it judges these in the same way.

    The rate holds for spectra that are drawn as those of `fit` were. Standards that
    were chosen far apart are stranger than the spectra between them: fewer alarms
    follow, and also where a sample has many spectra, since it is samples that are
    counted. With fewer than 20 samples the rate is about that of `false_alarms_`, and
    little can be found.

    References
    ----------
    .. [1] J. E. Jackson, G. S. Mudholkar, "Control procedures for residuals associated
       with principal component analysis", Technometrics 21 (1979) 341.
    .. [2] R. Laxhammar, G. Falkman, "Conformal prediction for distribution-independent
       anomaly detection in streaming vessel data", StreamKDD (2010).

    Examples
    --------
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.reliability import ApplicabilityDomain
    >>> spectra = make_instrument_pair(n_spectra=200, random_state=0).X_secondary
    >>> domain = ApplicabilityDomain().fit(spectra)
    >>> domain.predict(spectra[:2, ::-1])
    array([-1, -1])
    >>> domain.judge(0.0 * spectra[:2])
    2 of 2 spectra flagged.
    clipped: 2, first 0, channels such as ...
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "false_alarms": [Interval(Real, 0, 0.5, closed="neither")],
        "n_components": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, false_alarms: float = 0.05, *, n_components: int = 10) -> None:
        self.false_alarms = false_alarms
        self.n_components = n_components

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: Any = None, sample_id: ArrayLike | None = None
    ) -> Self:
        """Learn what spectra are like, and how strange left-out ones are.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Secondary spectra that are like those of a transfer's `fit`.
        y : None
            Not used.
        sample_id : array-like of shape (n_spectra,), default=None
            Sample of each spectrum: spectra of one are left out together. None takes
            every spectrum for a sample.

        Returns
        -------
        ApplicabilityDomain
            The fitted estimator.
        """
        spectra = check_spectra(self, X, reset=True, ensure_min_samples=3)
        samples = numbers_of(sample_id, len(spectra))
        n_samples = int(samples.max()) + 1
        if n_samples < 3:
            raise ValueError(
                "Samples are left out in turn, so that there have to be at least 3, "
                f"but sample_id names {n_samples}. Measure more samples, or leave "
                "sample_id out to take every spectrum for one."
            )
        self._population, statistics = self._learn(spectra, folds_of(samples))
        same = int((statistics[:, 2] < _SAME).sum())
        if same > _MOST_SAME * len(spectra) and len(self._population.roots):
            warnings.warn(
                f"Spectra have to be of different samples, but {same} of "
                f"{len(spectra)} are the same as others, so that others will look "
                "strange beside them. Pass sample_id, or each spectrum once.",
                SpectransferWarning,
                stacklevel=2,
            )
        rate = max(self.false_alarms, 1.0 / (n_samples + 1))
        self._gauge = Gauge.of(statistics, rate)
        strange = np.empty(len(spectra))
        for out in folds_of(samples):  # what is measured has no part in its measure
            gauge = Gauge.of(np.delete(statistics, out, axis=0), rate)
            strange[out] = gauge.measure(statistics[out]).max(axis=1)
        level = level_of(1 - rate, n_samples)
        weights = weights_of(samples)
        limit = float(limits_of(strange[:, None], weights, level)[0])
        order = np.argsort(strange)
        self._strange, self._held = strange[order], weights[order]
        self._n_samples = n_samples
        self.false_alarms_ = 1 - level * n_samples / (n_samples + 1)
        self.offset_ = -limit
        values = self._gauge.undone(limit).tolist()
        self.limits_ = dict(zip(STATISTICS, values, strict=True))
        return self

    def _learn(
        self, spectra: FloatArray, folds: list[IntArray]
    ) -> tuple[Population, FloatArray]:
        """Give what is known of all spectra, and statistics of left-out ones."""
        known, squares = [], []
        # as many components for all spectra as for those that are left
        fewest = len(spectra) - max(map(len, folds)) - 1
        n_components = max(min(self.n_components, fewest), 1)
        for out in folds:
            others = np.delete(spectra, out, axis=0)
            known.append(Population.of(others, n_components))
            left = known[-1].residuals(spectra[out])[1]
            squares.append((left**2).sum(axis=0, dtype=np.float64))
        total, n = np.sum(squares, axis=0), len(spectra)
        statistics = np.empty((n, len(STATISTICS)))
        for out, population, own in zip(folds, known, squares, strict=True):
            # what is left out has no part in its own noise
            judge = population.with_noise(np.maximum(total - own, 0) / (n - len(out)))
            statistics[out] = judge.statistics(spectra[out])
        whole = Population.of(spectra, n_components).with_noise(total / n)
        return whole, statistics

    def _statistics(self, spectra: FloatArray) -> FloatArray:
        check_is_fitted(self)
        return self._population.statistics(spectra)

    def _described(self, spectra: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give whitened scores, and statistics, in one pass; for another file."""
        return self._population.described(spectra)

    def _strangeness(self, statistics: FloatArray) -> FloatArray:
        """Give the largest scaled statistic less its limit: above 0 is flagged."""
        return self._gauge.measure(statistics).max(axis=1) + self.offset_

    def score_samples(self, X: ArrayLike) -> FloatArray:
        """Give how usual spectra are: minus the largest of the scaled statistics.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Secondary spectra.

        Returns
        -------
        ndarray of shape (n_spectra,)
            Large for usual spectra; -1 is near the limit.
        """
        check_is_fitted(self)
        statistics = self._statistics(check_spectra(self, X))
        return -self._gauge.measure(statistics).max(axis=1)

    def decision_function(self, X: ArrayLike) -> FloatArray:
        """Give `score_samples` less its limit: negative for what is flagged.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Secondary spectra.

        Returns
        -------
        ndarray of shape (n_spectra,)
            Scores.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> IntArray:
        """Tell usual spectra from strange ones.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Secondary spectra.

        Returns
        -------
        ndarray of shape (n_spectra,)
            +1 for a spectrum like those of `fit`, -1 for one that is flagged.
        """
        # what overflows is not a number, and not usual
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def judge(self, X: ArrayLike) -> Judgement:
        """Say which spectra are strange, and why: statistic and channels.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Secondary spectra.

        Returns
        -------
        Judgement
            Flags, p-values, statistics with their limits, reasons and channels.
        """
        check_is_fitted(self)
        spectra = check_spectra(self, X)
        statistics = self._statistics(spectra)
        measured = self._gauge.measure(statistics)
        strange = measured.max(axis=1)
        flagged = ~(-strange - self.offset_ >= 0)
        above = np.append(np.cumsum(self._held[::-1])[::-1], 0.0)
        held = above[np.searchsorted(self._strange, strange - 1e-12)]
        n = self._n_samples
        names = np.asarray(STATISTICS)[measured.argmax(axis=1)]
        channels = [
            self._population.places(spectra[rows], _NAMED)
            for rows in row_blocks(len(spectra), spectra[:1].nbytes)
        ]
        named = getattr(self, "feature_names_in_", np.arange(self.n_features_in_))
        return Judgement(
            flagged=flagged,
            p_values=(1 + n * held) / (n + 1),
            statistics=dict(zip(STATISTICS, statistics.T, strict=True)),
            limits=dict(self.limits_),
            reason=np.where(flagged, names, ""),
            channels=np.asarray(named)[np.concatenate(channels)].astype(str),
        )


def warn_of_strangers(strange: FloatArray, domain: ApplicabilityDomain) -> None:
    """Warn of more flags than chance gives, and of what is far beyond its limit.

    Parameters
    ----------
    strange : ndarray of shape (n_spectra,)
        Strangeness less its limit.
    domain : ApplicabilityDomain
        Fitted.

    Warns
    -----
    SpectransferWarning
        Bands do not hold for the spectra.
    """
    n, limit = len(strange), -domain.offset_
    flagged = int((~(strange <= 0)).sum())
    far = int((~(strange <= (_FAR - 1) * limit)).sum())
    # the rate itself is known from n_samples_ only
    held = round((1 - domain.false_alarms_) * (domain._n_samples + 1))
    rate = beta.isf(_SURPRISE, domain._n_samples + 1 - held, held)
    seldom = binom.isf(_SURPRISE, n, _SELDOM)
    if flagged > binom.isf(_SURPRISE, n, rate) or far > seldom:
        by_chance = domain.false_alarms_ * n
        warnings.warn(
            "Bands hold for spectra that are like those of fit, but of "
            f"{'this' if n == 1 else 'these'} {n} "
            f"{'spectrum' if n == 1 else 'spectra'} {flagged} "
            f"{'is' if flagged == 1 else 'are'} not (by chance {by_chance:.2g}). "
            "After a drift, recalibrate the transfer and fit "
            "ConformalTransfer(FrozenEstimator(transfer)) to standards of this "
            "day that it does not know. domain_.judge(X) says what is strange.",
            SpectransferWarning,
            stacklevel=3,
        )
