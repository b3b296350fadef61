r"""Alignment: lines that have moved by many channels come back to where they lay.

A drift of many channels is found in two steps. A cross-correlation of the whole spectra
gives it in whole channels. Around each line of the reference a second one, of a few
channels, and one step of least squares give the rest, and a polynomial :math:`s(c)`
through all lines is the shift. The heights of lines are of no account, so that the lamp
may burn brighter than it did.
"""

import warnings
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.polynomial import legendre
from scipy.ndimage import gaussian_filter1d
from scipy.signal import correlate
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from spectransfer._numbers import common_unit
from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import (
    Interval,
    check_spectra,
    check_targets,
    fit_context,
)
from spectransfer.exceptions import SpectransferWarning
from spectransfer.preprocessing._between_channels import multiply_rows
from spectransfer.preprocessing._days import compare_days
from spectransfer.preprocessing._drift_model import interpolation
from spectransfer.preprocessing._lamp_lines import lines_of

_ALIKE = 0.7  # correlation of a line on both days
_TURNS = 10
_ROUGH = 1.0  # channels by which lines may miss their polynomial without a word


def _slopes(spectrum: FloatArray, width: float) -> FloatArray:
    """Slopes over the width of a line; the root keeps the brightest from ruling."""
    light = np.sqrt(np.maximum(spectrum - np.median(spectrum), 0.0))
    return gaussian_filter1d(light, width / 2.355, order=1, mode="nearest")


def lag_of(
    today: FloatArray, reference: FloatArray, most: int, width: float
) -> tuple[int, float]:
    """Give by how many whole channels lines lie higher today, by cross-correlation.

    Parameters
    ----------
    today, reference : ndarray of shape (n_channels,)
        Spectra of both days.
    most : int
        Largest lag.
    width : float
        Width of a line, in channels.

    Returns
    -------
    lag : int
        Channels.
    likeness : float
        Correlation of the overlapping parts there.
    """
    a, b = _slopes(today, width), _slopes(reference, width)
    n = len(a)
    lags = np.arange(-most, most + 1)
    product = correlate(a, b, mode="full")[n - 1 + lags]
    own, other = (np.concatenate([[0.0], np.cumsum(x**2)]) for x in (a, b))
    # energy of the parts that overlap
    one = np.where(lags >= 0, own[n] - own[np.abs(lags)], own[n - np.abs(lags)])
    two = np.where(lags >= 0, other[n - np.abs(lags)], other[n] - other[np.abs(lags)])
    size = np.sqrt(np.maximum(one * two, 0.0))
    likeness = np.where(size > 0, product / np.where(size > 0, size, 1.0), 0.0)
    # of lags that are as good, the smallest
    k = int(np.lexsort((np.abs(lags), -np.round(likeness, 9)))[0])
    return int(lags[k]), float(likeness[k])


def line_shift(
    today: FloatArray, reference: FloatArray, middle: float, half: int, start: float
) -> tuple[float, float]:
    """Give by how much one line lies higher today, to a fraction of a channel.

    Parameters
    ----------
    today, reference : ndarray of shape (n_channels,)
        Spectra of both days.
    middle : float
        Where the line lies on the reference day.
    half : int
        Channels on either side that belong to it.
    start : float
        Shift to begin with.

    Returns
    -------
    shift : float
        Channels; NaN where the line is not found.
    likeness : float
        Correlation of the line on both days.
    """
    first, n = round(middle) - half, len(today)
    lag, reach = round(start), max(2, half // 2)
    last = first + 2 * half + 1
    tries = [
        step
        for step in range(lag - reach, lag + reach + 1)
        if first + step > 0 and last + step < n
    ]
    if first < 1 or last >= n or len(tries) < 3:
        return np.nan, 0.0
    own = reference[first:last]
    likeness = [_correlation(own, today[first + k : last + k]) for k in tries]
    k = int(np.argmax(likeness))
    if not 0 < k < len(tries) - 1:
        return np.nan, likeness[k]
    low, high = first + tries[k], last + tries[k]
    seen = today[low:high]
    height = _height(own, seen)
    # the slope halfway between both days: that of one would miss half of the bend
    slope = 0.5 * np.gradient(today[low - 1 : high + 1])[1:-1]
    slope += 0.5 / height * np.gradient(reference[first - 1 : last + 1])[1:-1]
    columns = np.column_stack([seen, np.ones_like(seen), slope])
    values = np.linalg.lstsq(columns, own, rcond=None)[0]
    part = values[2] / values[0] if values[0] > 0 else np.nan
    return tries[k] + (part if abs(part) < 1 else np.nan), likeness[k]


def _correlation(one: FloatArray, other: FloatArray) -> float:
    a, b = one - one.mean(), other - other.mean()
    size = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / size) if size > 0 else -1.0


def _height(own: FloatArray, seen: FloatArray) -> float:
    """Height of a line on the reference day over that of today."""
    spread = float(np.std(seen))
    return float(np.std(own)) / spread if spread > 0 else 1.0


def robust_polynomial(
    places: FloatArray, values: FloatArray, degree: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Fit a polynomial that a few wrong values do not move, by Tukey's weights.

    Parameters
    ----------
    places : ndarray of shape (n_values,)
        Between -1 and 1.
    values : ndarray of shape (n_values,)
        What is fitted.
    degree : int
        Degree.

    Returns
    -------
    coefficients : ndarray of shape (degree + 1,)
        Of Legendre polynomials.
    covariance : ndarray of shape (degree + 1, degree + 1)
        Of the coefficients.
    weights : ndarray of shape (n_values,)
        0 for a value that was left out.
    """
    basis = legendre.legvander(places, degree)
    weights = np.ones(len(values))
    found: FloatArray = np.zeros(degree + 1)
    found[0] = np.median(values)
    for _ in range(_TURNS):
        left = values - basis @ found
        scale = max(1.4826 * float(np.median(np.abs(left))), 1e-6)
        weights = np.maximum(1 - (left / (5 * scale)) ** 2, 0.0) ** 2
        if (weights > 0).sum() <= degree + 1:
            weights = np.ones(len(values))
        root = np.sqrt(weights)
        found = np.linalg.lstsq(basis * root[:, None], values * root, rcond=None)[0]
    left = values - basis @ found
    free = max(float(weights.sum()) - degree - 1, 1.0)
    variance = float(weights @ left**2) / free
    inner = basis.T @ (basis * weights[:, None])
    return found, variance * np.linalg.pinv(inner), weights


def _moves(
    today: FloatArray,
    reference: FloatArray,
    places: FloatArray,
    widths: FloatArray,
    lag: int,
) -> tuple[FloatArray, FloatArray]:
    """Give the places of the lines that both days have, and their shifts."""
    found = []
    for place, width in zip(places, widths, strict=True):
        half = max(3, round(width))
        shift, likeness = line_shift(today, reference, place, half, lag)
        if likeness > _ALIKE and np.isfinite(shift):
            found.append((place, shift))
    both = np.array(found).reshape(-1, 2)
    return both[:, 0], both[:, 1]


class AxisAligner(OnItsPage, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Bring the lines of a new day back to the channels of the reference day.

    For shifts by many channels, before `DriftCorrector`, by the spectrum of a lamp
    (neon, mercury) or of a standard that the same instrument measured on both days:

    .. math:: \hat r(c) = x(c + s(c))

    Neither the wavelengths of the lines have to be known nor do their heights matter.
    Intensities stay what they are. A lamp sees only the spectrometer: what moves
    between the lamp and the sample (the laser of a Raman spectrum, light that enters
    on another way) it cannot bring back.

    Parameters
    ----------
    degree : int, default=1
        Degree of the polynomial :math:`s`. 0 moves all channels alike, 1 stretches,
        too.
    max_shift : int, default=200
        Channels by which lines may have moved at most.

    Attributes
    ----------
    shift_ : ndarray of shape (n_channels,)
        Channels by which lines lie higher today.
    shift_error_ : ndarray of shape (n_channels,)
        Its standard error, by the scatter of the lines about it.
    lines_ : ndarray of shape (n_lines,)
        Channels of the lines on the reference day that were found on both.
    line_shifts_ : ndarray of shape (n_lines,)
        By how much each of them lies higher today.
    residual_ : float
        Root-mean-square distance of the lines from the polynomial, in channels.
    likeness_ : float
        Correlation of both days at the best shift in whole channels.
    n_features_in_ : int
        Number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, where `X` had names.

    Warns
    -----
    SpectransferWarning
        Both days have few lines in common, or lines that move each in its own way.

    See Also
    --------
    DriftCorrector : Finds what is left of the shift, gain, width and offset.
    axis_from_lines : The axis of a day, from lines of known wavelengths.

    Examples
    --------
    >>> import numpy as np
    >>> from spectransfer.preprocessing import AxisAligner
    >>> channels = np.arange(1000.0)
    >>> def lamp(shift, stretch, height):
    ...     middles = np.array([80.0, 300.0, 420.0, 700.0, 910.0])
    ...     middles += shift + stretch * (middles - 500) / 500
    ...     return height * np.exp(-(((channels[:, None] - middles) / 4) ** 2)).sum(1)
    >>> aligner = AxisAligner().fit([lamp(40.0, 2.0, 7.0)], [lamp(0.0, 0.0, 1.0)])
    >>> np.round(aligner.shift_[[0, 500, 999]], 1)
    array([38., 40., 42.])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "degree": [Interval(Integral, 0, 8, closed="both")],
        "max_shift": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(self, degree: int = 1, *, max_shift: int = 200) -> None:
        self.degree = degree
        self.max_shift = max_shift

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn by how much the lines have moved.

        Parameters
        ----------
        X : array-like of shape (n_today, n_channels)
            The lamp today; several spectra are averaged.
        y : array-like of shape (n_reference, n_channels)
            The same lamp on the reference day, by the same instrument.

        Returns
        -------
        AxisAligner
            The aligner itself.

        Raises
        ------
        ValueError
            Days with different channels.
        """
        today = check_spectra(self, X, reset=True).mean(axis=0, dtype=np.float64)
        then = check_targets(y)
        if then.ndim != 2 or then.shape[1] != len(today):
            raise ValueError(
                "Both days must have spectra of one instrument, channel by channel, "
                f"but today's have {len(today)} channels and the shape of the "
                f"reference is {then.shape}. Pass what this very instrument gave on "
                "the reference day."
            )
        compare_days(self, X, y)
        reference = then.mean(axis=0, dtype=np.float64)
        # least squares take what is small beside one for rounding
        unit = common_unit(reference)
        today, reference, n = today / unit, reference / unit, len(today)
        places, widths = lines_of(reference)
        width = float(np.median(widths)) if len(widths) else 2.0
        most = min(self.max_shift, n // 2)
        lag, self.likeness_ = lag_of(today, reference, most, width)
        places, moved = _moves(today, reference, places, widths, lag)
        degree = min(self.degree, max(len(places) // 2 - 1, 0))
        if not len(places):
            places, moved = np.array([n / 2]), np.array([float(lag)])
        along = 2 * places / max(n - 1, 1) - 1
        values, covariance, used = robust_polynomial(along, moved, degree)
        basis = legendre.legvander(np.linspace(-1.0, 1.0, n), degree)
        self.shift_ = basis @ values
        variance = np.einsum("ci,ij,cj->c", basis, covariance, basis)
        self.shift_error_ = np.sqrt(np.maximum(variance, 0.0))
        self.lines_, self.line_shifts_ = places, moved
        left = moved - legendre.legvander(along, degree) @ values
        self.residual_ = float(np.sqrt(np.mean(left[used > 0] ** 2)))
        self._warn(degree, int((used > 0).sum()))
        channels = np.arange(n, dtype=np.float64)
        self._weights = interpolation(self._increasing(channels + self.shift_))
        return self

    def _increasing(self, places: FloatArray) -> FloatArray:
        if len(places) > 1 and np.diff(places).min() <= 0:
            raise ValueError(
                "Lines must keep their order from day to day, but a polynomial of "
                f"degree {self.degree} through {len(self.lines_)} of them turns it "
                "round. Give a lower degree, or a lamp with more lines."
            )
        return places

    def _warn(self, degree: int, used: int) -> None:
        said = []
        if degree < self.degree or used < 3:
            said.append(
                f"{used} lines are found on both days, which bear a polynomial of "
                f"degree {degree} and not of {self.degree}. Expose longer, take a lamp "
                "with more lines, or raise max_shift."
            )
        elif self.residual_ > _ROUGH:
            said.append(
                f"The lines miss their common shift by {self.residual_:.1f} channels: "
                "they are another lamp's, or move as no polynomial of degree "
                f"{degree} does. Look at line_shifts_, or raise the degree."
            )
        for text in said:
            warnings.warn(text, SpectransferWarning, stacklevel=4)

    def transform(self, X: ArrayLike) -> FloatArray:
        """Give today's spectra on the channels of the reference day.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra of today, of the lamp or of anything else.

        Returns
        -------
        ndarray of shape (n_spectra, n_channels)
            Spectra in the precision of `X`. What the spectrometer did not see on the
            reference day is filled with the last channel.
        """
        check_is_fitted(self)
        return multiply_rows(check_spectra(self, X), self._weights)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
