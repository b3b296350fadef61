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
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from spectransfer._labels import checked_labels
from spectransfer._tables import TextTable, as_csv, deliver
from spectransfer._typing import ArrayLike, BoolArray, FloatArray
from spectransfer._validation import Interval, check_targets, validate_params
from spectransfer.adaptation._watch_statistics import (
    components_of,
    drift_between,
    light_of,
    limits_around,
    t2_limit,
)
from spectransfer.exceptions import SpectransferWarning

_CURVES = ("gain", "shift", "width", "offset")
_MEMORY = 2  # days before, of which one more has to be out of its limits
_PRINTED = {"T2": ".1f", "Q": ".3g", "gain": ".3f", "shift": ".2f", "width": ".3f"}


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

    Examples
    --------
    >>> import numpy as np
    >>> from spectransfer.adaptation import InstrumentWatch
    >>> watch = InstrumentWatch(
    ...     np.array(["Monday", "Tuesday", "Wednesday"]),
    ...     np.array([True, False, False]),
    ...     {"gain": np.array([1.0, 1.3, 1.4])}, {"gain": (0.9, 1.1)},
    ... )
    >>> watch.out("gain")
    array([False,  True,  True])
    >>> watch.states
    ['reference', 'measure again', 'recalibrate']
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
        Day of each spectrum: dates, numbers, or text that is sorted as its days are,
        such as ``"2026-03-01"``. Days are taken in their sorted order.
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
    dates = _in_order(checked_labels(day, len(spectra), "day"))
    materials = np.zeros(len(spectra))
    if sample_id is not None:
        materials = checked_labels(sample_id, len(spectra), "sample_id")
    days, means = _day_means(spectra, dates, materials)
    known = _reference_days(days, reference, n_components)
    if np.ptp(means[known], axis=0).max() == 0:
        raise ValueError(
            "Limits come from how days of reference differ, but their spectra are the "
            "same to the last bit. Measure the standards anew on each day."
        )
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


# a day, and perhaps a time
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?")


def _in_order(dates: np.ndarray) -> np.ndarray:
    """Refuse days whose text would be sorted otherwise than they came."""
    if dates.dtype.kind != "U":
        return dates
    texts = dates.tolist()
    iso = all(_ISO.fullmatch(text) for text in texts)
    numbered = all(re.fullmatch(r"\D*\d+\D*", text) for text in texts)
    if not iso and not (numbered and len({len(text) for text in texts}) == 1):
        raise ValueError(
            "Days that are texts are put in order as texts, which is theirs for ISO "
            "dates (2026-03-01) and for numbers of equal length (day 01), but one is "
            f"{texts[0]!r}. Pass dates, numbers, or such texts."
        )
    return dates


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
    light = np.array([light_of(m) for m in means[known].mean(axis=0)])
    rows = (means / light).reshape(len(means), -1)
    told = []
    for i in range(len(means)):
        others = known & (np.arange(len(means)) != i)
        judged = components_of(rows[others], k).judge(rows[i])
        usual = means[others].mean(axis=0)
        told.append([*judged, *drift_between(means[i], usual, light)])
    columns = np.array(told).T
    return dict(zip(("T2", "Q", *_CURVES), columns, strict=True))
