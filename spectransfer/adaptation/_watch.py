r"""Watching an instrument: a control chart of its standards over days.

On the days of reference the instrument was right. Their mean spectra of all standards,
side by side in one row v of a day and divided by the root of their light, have a mean
and k principal components P with variances :math:`\lambda`. A day is judged by

.. math:: T^2 = \sum_{a=1}^{k} t_a^2 / \lambda_a, \quad t = P (v - \bar v), \qquad
          Q = |v - \bar v|^2 - |t|^2

(J. E. Jackson and G. S. Mudholkar, Technometrics 21 (1979) 341), and by gain, shift,
width and offset against the mean of the days of reference. Each of these is compared
with itself as the days of reference have it, each against the others: what a model says
of the spectra that it was made of is always too good.
"""

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution
from sklearn.utils import check_consistent_length

from spectransfer._tables import TextTable, as_csv, deliver
from spectransfer._typing import ArrayLike, BoolArray, FloatArray
from spectransfer._validation import Interval, check_targets, validate_params
from spectransfer.exceptions import SpectransferWarning
from spectransfer.preprocessing import AxisAligner

_CURVES = ("gain", "shift", "width", "offset")
_MOST = 100  # channels by which lines may have moved
_EDGE = 8  # channels at the ends, where lines are cut
_MEMORY = 2  # days before, of which one more has to be out of its limits
_PRINTED = {"T2": ".1f", "Q": ".3g", "gain": ".3f", "shift": ".2f", "width": ".3f"}


def t2_limit(n: int, k: int, alpha: float) -> float:
    """Give the limit of T2 for a new day, after n days of reference.

    Parameters
    ----------
    n, k : int
        Days of reference, and principal components.
    alpha : float
        Share of days that lie beyond it by chance.

    Returns
    -------
    float
        k (n^2 - 1) / (n (n - k)) times the quantile of F(k, n - k).
    """
    return k * (n**2 - 1) / (n * (n - k)) * float(f_distribution.isf(alpha, k, n - k))


def limits_around(values: FloatArray, alpha: float) -> tuple[float, float]:
    """Give the interval in which a further value lies, of such as were seen."""
    n = len(values)
    reach = t_distribution.isf(alpha / 2, n - 1) * np.sqrt(1 + 1 / n)
    middle, spread = float(values.mean()), float(values.std(ddof=1))
    return middle - float(reach) * spread, middle + float(reach) * spread


@dataclass(frozen=True)
class Components:
    """Mean and principal components of the days of reference."""

    mean: FloatArray
    vectors: FloatArray
    variances: FloatArray

    def judge(self, row: FloatArray) -> tuple[float, float]:
        """Give T2 and Q of a day."""
        apart = row - self.mean
        scores = self.vectors @ apart
        left = apart - scores @ self.vectors
        return float(np.sum(scores**2 / self.variances)), float(left @ left)


def components_of(rows: FloatArray, k: int) -> Components:
    """Fit k components to days, (n_days, n_values)."""
    mean = rows.mean(axis=0)
    _, sizes, vectors = np.linalg.svd(rows - mean, full_matrices=False)
    variances = np.maximum(sizes[:k] ** 2 / (len(rows) - 1), np.finfo(float).tiny)
    return Components(mean, vectors[:k], variances)


def _light(mean: FloatArray) -> FloatArray:
    """Give the root of the light, by which the noise grows."""
    above = np.maximum(mean - np.percentile(mean, 2), 0.0)
    return np.sqrt(above + 0.1 * float(np.ptp(mean)) + np.finfo(float).tiny)


def drift_between(
    today: FloatArray, reference: FloatArray, light: FloatArray
) -> list[float]:
    r"""Give gain, shift, width and offset of a day, each as one number.

    Lines are brought back by `AxisAligner`, and what is left is a regression on the
    reference r and its derivatives,

    .. math:: x(c + s_0) - p = b + g \, [r - p - \delta r' + \kappa r''](c),

    with the level p without light, so that the shift is :math:`s_0 + \delta`, and
    :math:`2 \kappa` is what the squared width of a line has gained.

    Parameters
    ----------
    today, reference : ndarray of shape (n_materials, n_channels)
        Mean spectra.
    light : ndarray of shape (n_materials, n_channels)
        What the noise is proportional to.

    Returns
    -------
    list of float
        Gain as a factor, shift in channels, width as a factor, offset in counts. Shift
        and width are NaN where today's lines are not those of the reference.
    """
    aligner = AxisAligner(0, max_shift=_MOST)
    with warnings.catch_warnings():
        # what is strange about the day stands in T2 and Q
        warnings.simplefilter("ignore", SpectransferWarning)
        moved = aligner.fit(today, reference).transform(today)
    start = float(aligner.shift_[0])
    edge = min(int(abs(start)) + _EDGE, today.shape[1] // 4)
    inner = np.s_[:, edge : today.shape[1] - edge]
    slope = np.gradient(reference, axis=1)
    bend = np.gradient(slope, axis=1)
    level = float(np.percentile(reference, 2))
    shapes = [np.ones_like(reference), reference - level, slope, bend]
    weight = 1 / light[inner].ravel()
    columns = np.column_stack([shape[inner].ravel() * weight for shape in shapes])
    wanted = (moved[inner].ravel() - level) * weight
    size = np.linalg.norm(columns, axis=0)
    size = np.where(size > 0, size, 1.0)
    values = np.linalg.lstsq(columns / size, wanted)[0] / size
    offset, gain, moving, widening = values.tolist()
    lines = wanted - offset * weight
    left = wanted - columns @ values
    if gain <= 0 or left @ left > 0.5 * (lines @ lines):
        return [gain, np.nan, np.nan, offset]
    # of a Gaussian line: 3/2 of its squared slopes over its squared bends
    square = 1.5 * np.sum(slope**2) / max(np.sum(bend**2), np.finfo(float).tiny)
    width = np.sqrt(max(1 + 2 * widening / gain / square, 0.0))
    return [gain, start - moving / gain, float(width), offset]


@dataclass(frozen=True)
class InstrumentWatch:
    """Days of an instrument, judged by its standards.

    Made by `watch_instrument`. It prints as a table, in which a star marks what is out
    of its limits.

    Parameters
    ----------
    days : ndarray of shape (n_days,)
        The days, in their order.
    reference : ndarray of bool of shape (n_days,)
        The days of reference.
    statistics : mapping of str to ndarray of shape (n_days,)
        "T2", "Q", "gain", "shift" (channels), "width" (factor) and "offset" (counts)
        of each day against the days of reference; of one of these against the others.
    limits : mapping of str to (float, float)
        Between which they lie as long as nothing has changed.
    """

    days: np.ndarray
    reference: BoolArray
    statistics: Mapping[str, FloatArray]
    limits: Mapping[str, tuple[float, float]]

    def out(self, name: str) -> BoolArray:
        """Tell on which days a statistic is out of its limits.

        Parameters
        ----------
        name : str
            Name of the statistic.

        Returns
        -------
        ndarray of bool of shape (n_days,)
            False where it could not be had.
        """
        low, high = self.limits[name]
        values = self.statistics[name]
        return ((values < low) | (values > high)) & ~np.isnan(values)

    @property
    def states(self) -> list[str]:
        """What is to be done: "reference", "ok", "measure again" or "recalibrate".

        One day out of limits may be a bad measurement. Two of three are a drift.
        """
        out = np.any([self.out(name) for name in self.limits], axis=0)
        states, recent = [], [False] * _MEMORY
        for reference, wrong in zip(self.reference, out, strict=True):
            if reference:
                states.append("reference")
                continue
            again = "recalibrate" if any(recent) else "measure again"
            states.append(again if wrong else "ok")
            recent = [*recent[1:], bool(wrong)]
        return states

    @property
    def since(self) -> Any:
        """First day of the drift that lasts to the last day; None where there is none.

        It is from this day on that spectra have to be recalibrated.
        """
        states = self.states
        if states[-1] != "recalibrate":
            return None
        first, gap = len(states) - 1, 0
        for i in reversed(range(len(states))):
            gap = gap + 1 if states[i] in ("ok", "reference") else 0
            if gap >= _MEMORY or states[i] == "reference":
                break
            if gap == 0:
                first = i
        return self.days[first]

    @property
    def advice(self) -> str:
        """What is to be done after the last day, in one sentence."""
        last, state = self.days[-1], self.states[-1]
        reasons = ", ".join(name for name in self.limits if self.out(name)[-1])
        if state == "recalibrate":
            return f"{last}: recalibrate, out of limits since {self.since} ({reasons})."
        if state == "measure again":
            return f"{last}: measure the standards again, out of limits ({reasons})."
        return f"{last}: within all limits."

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write days, states and statistics as comma-separated values.

        Parameters
        ----------
        path : str or path-like, default=None
            File to write; None gives the text back.

        Returns
        -------
        str or None
            The text, where there is no path.
        """
        columns = [self.days, self.states, *self.statistics.values()]
        header = ["day", "state", *self.statistics]
        return deliver(as_csv(header, list(zip(*columns, strict=True))), path)

    def __repr__(self) -> str:
        names = list(self.statistics)

        def cell(name: str, value: float, star: bool = False) -> str:
            if np.isnan(value):
                return "-"
            return f"{value:{_PRINTED.get(name, '.1f')}}{'*' if star else ' '}"

        out = {name: self.out(name) for name in names}
        rows = [
            [str(day), state]
            + [cell(k, self.statistics[k][i], bool(out[k][i])) for k in names]
            for i, (day, state) in enumerate(zip(self.days, self.states, strict=True))
        ]
        for text, end in (("at least", 0), ("at most", 1)):
            rows.append([text, "", *(cell(k, self.limits[k][end]) for k in names)])
        table = TextTable(["day", "state", *names], rows, n_left=2)
        return f"{table.text()}\n{self.advice}"


@validate_params(
    {
        "X": ["array-like"],
        "day": ["array-like"],
        "sample_id": ["array-like", None],
        "reference": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "alpha": [Interval(Real, 0, 1, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def watch_instrument(
    X: ArrayLike,
    day: ArrayLike,
    *,
    sample_id: ArrayLike | None = None,
    reference: int | ArrayLike = 10,
    n_components: int = 1,
    alpha: float = 0.0027,
) -> InstrumentWatch:
    """Judge the days of an instrument by its standards.

    It says when to recalibrate, and what has drifted. Limits are those of the days of
    reference: how far the standards scatter from day to day while all is well.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_channels)
        Standards of all days, as the instrument gives them.
    day : array-like of shape (n_spectra,)
        Day of each spectrum: dates, text such as ``"2026-03-01"``, or numbers. Days
        are taken in their sorted order.
    sample_id : array-like of shape (n_spectra,), default=None
        Material of each spectrum. Spectra of one material and day are averaged. None
        is one material.
    reference : int or array-like, default=10
        How many of the first days are days of reference, or these days themselves.
        At least `n_components` + 4; with few of them the limits are wide.
    n_components : int, default=1
        Ways in which the standards scatter together from day to day.
    alpha : float, default=0.0027
        Share of days on which a statistic is out of its limits by chance; 0.0027 are
        the three standard deviations of other charts.

    Returns
    -------
    InstrumentWatch
        Statistics, limits and advice.

    Warns
    -----
    SpectransferWarning
        A day of reference is unlike the others.

    See Also
    --------
    read_days : Reads a folder of dated files.
    recalibrate : A fitted transfer for a new day.

    Examples
    --------
    >>> import numpy as np
    >>> from spectransfer.adaptation import watch_instrument
    >>> rng = np.random.default_rng(0)
    >>> channels = np.arange(200.0)
    >>> lines = np.exp(-0.5 * ((channels - [[50.0], [120.0]]) / 2) ** 2).sum(axis=0)
    >>> days = [f"2026-03-{d:02}" for d in range(1, 16)]
    >>> gain = np.where(np.arange(15) < 13, 1.0, 1.3) * rng.normal(1, 0.02, 15)
    >>> spectra = 100 + 1000 * gain[:, None] * lines + rng.normal(0, 3, (15, 200))
    >>> watch = watch_instrument(spectra, days)
    >>> watch.states[-4:]
    ['ok', 'ok', 'measure again', 'recalibrate']
    >>> str(watch.since)
    '2026-03-14'
    """
    spectra = check_targets(X, name="X")
    if spectra.ndim != 2:
        raise ValueError(
            "Standards are spectra, one in each row, but X has the shape "
            f"{spectra.shape}. Pass an array of shape (n_spectra, n_channels)."
        )
    dates = np.asarray(day)
    materials = np.zeros(len(spectra)) if sample_id is None else np.asarray(sample_id)
    check_consistent_length(spectra, dates, materials)
    days, means = _day_means(spectra, dates, materials)
    known = _reference_days(days, reference, n_components)
    statistics = _statistics(means, known, n_components)
    n = int(known.sum())
    q_high = np.exp(limits_around(np.log(statistics["Q"][known]), 2 * alpha)[1])
    limits = {"T2": (0.0, t2_limit(n, n_components, alpha)), "Q": (0.0, float(q_high))}
    for name in _CURVES:
        usual = statistics[name][known]
        limits[name] = limits_around(usual[~np.isnan(usual)], alpha)
    odd = known & (statistics["T2"] > t2_limit(n - 1, n_components, alpha))
    if odd.any():
        warnings.warn(
            f"Of the days of reference, {', '.join(map(str, days[odd]))} is unlike the "
            "others, and widens the limits. Look at its spectra, and name the days "
            "to keep with reference=.",
            SpectransferWarning,
            stacklevel=2,
        )
    return InstrumentWatch(days, known, statistics, limits)


def _day_means(
    spectra: FloatArray, dates: np.ndarray, materials: np.ndarray
) -> tuple[np.ndarray, FloatArray]:
    """Average shots: days, and means of shape (n_days, n_materials, n_channels)."""
    days, names = np.unique(dates), np.unique(materials)
    means = np.empty((len(days), len(names), spectra.shape[1]))
    for i, today in enumerate(days):
        for j, name in enumerate(names):
            own = (dates == today) & (materials == name)
            if not own.any():
                raise ValueError(
                    "Days are compared by the same standards, but standard "
                    f"{name} was not measured on {today}. Leave out that day, or "
                    "that standard."
                )
            means[i, j] = spectra[own].mean(axis=0, dtype=np.float64)
    return days, means


def _reference_days(
    days: np.ndarray, reference: int | ArrayLike, n_components: int
) -> BoolArray:
    if isinstance(reference, int | np.integer):
        known = np.arange(len(days)) < reference
    else:
        named = np.asarray(reference).astype(days.dtype)
        known = np.isin(days, named)
        missing = named[~np.isin(named, days)]
        if len(missing):
            raise ValueError(
                "Days of reference must have spectra, but there are none of "
                f"{', '.join(map(str, missing[:5]))}. The first day is {days[0]}."
            )
    if known.sum() < n_components + 4:
        raise ValueError(
            f"Limits with n_components={n_components} need at least {n_components + 4} "
            f"days of reference, but there are {int(known.sum())} (of {len(days)} "
            "days). Measure the standards on more days, or lower n_components."
        )
    return known


def _statistics(means: FloatArray, known: BoolArray, k: int) -> dict[str, FloatArray]:
    """Give all statistics of all days, each day of reference against the others."""
    light = np.array([_light(m) for m in means[known].mean(axis=0)])
    rows = (means / light).reshape(len(means), -1)
    told = []
    for i in range(len(means)):
        others = known & (np.arange(len(means)) != i)
        judged = components_of(rows[others], k).judge(rows[i])
        usual = means[others].mean(axis=0)
        told.append([*judged, *drift_between(means[i], usual, light)])
    columns = np.array(told).T
    return dict(zip(("T2", "Q", *_CURVES), columns, strict=True))
