r"""Drift: an instrument is brought back to an earlier day by its standards.

`DriftCorrector` is the transformer; the model and its fit stand in `_drift_model`.
"""

import warnings
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import (
    Interval,
    StrOptions,
    check_spectra,
    check_targets,
    fit_context,
)
from spectransfer.exceptions import SpectransferWarning
from spectransfer.preprocessing._between_channels import multiply_rows
from spectransfer.preprocessing._cropping import find_axis
from spectransfer.preprocessing._days import compare_days, standards_of, tell_dark
from spectransfer.preprocessing._drift_gain import with_blurred_gain
from spectransfer.preprocessing._drift_model import (
    FAMILIES,
    Drift,
    Fit,
    Standard,
    chance_of,
    fit_drift,
    held_out,
    lag_between,
    line_variance,
    noise_of_sharpening,
    operator,
)

SAFE = {"gain": 3, "shift": 1, "width": 1, "offset": 3}
_OTHERS = (
    {"gain": 1, "shift": 1, "width": 0, "offset": 1},
    {"gain": 4, "shift": 2, "width": 1, "offset": 4},
    {"gain": 5, "shift": 3, "width": 2, "offset": 5},
)
_CHANCE = 0.003  # of finding a drift of one kind where there is none
_MUCH = 2.0  # times the noise, of sharpening that would draw the gain its way
_FOREIGN = 0.005  # of a standard's energy: more than this the model must not leave


class DriftCorrector(OnItsPage, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Bring the spectra of a new day back to the day of reference, by standards.

    A standard is a material that the *same* instrument measured on both days; no other
    instrument is needed. With the level p without light, and z the spectrum of today
    read at shifted channels, less p,

    .. math:: \hat r(c) = p + (1 + g(c)) \, [z + w z''](c) + b(c), \qquad
              z(c) = x(c + s(c)) - p

    where gain g, shift s, width w and offset b are low polynomials along the channels.
    They are fitted by generalised least squares: the noise grows with the light, and
    how the intensities of a standard scatter from shot to shot is told by the shots.
    Where lines are sharpened so far that their noise doubles, gain and offset come from
    spectra that are blurred beyond the width of lines.
    A gain that cannot be told from chance is left out, and an instrument whose whole
    drift cannot be is left alone.

    It takes spectra as the instrument gives them, *before* a baseline correction.

    Parameters
    ----------
    orders : "auto" or mapping of str to int, default="auto"
        How many coefficients ``gain``, ``shift``, ``width`` and ``offset`` have; 0
        leaves one out, 1 is a constant. "auto" takes 3, 1, 1 and 3, and fewer or more
        where three standards and more predict each other better by them.
    max_shift : int, default=20
        Channels by which lines may have moved at most. A cross-correlation finds the
        shift in whole channels, and the model the rest.
    intensity_scatter : float, default=0.05
        Relative standard deviation of the intensities of a mean spectrum, from day to
        day. It is taken where only means are given, whose scatter nobody can see.
    test : bool, default=True
        Whether a gain, and a whole drift, that may be chance (3 in 1000) are left out.
    wavelengths : array-like of shape (n_channels,), default=None
        Axis, for `shift_on_axis_`. None looks at column names.

    Attributes
    ----------
    gain_ : ndarray of shape (n_channels,)
        Sensitivity of today over that of the reference day; 1 is no drift.
    shift_ : ndarray of shape (n_channels,)
        Channels by which lines lie higher today.
    shift_on_axis_ : ndarray of shape (n_channels,) or None
        The same in the unit of the axis; None where the axis is not known.
    width_ : ndarray of shape (n_channels,)
        Factor by which lines are wider today.
    offset_ : ndarray of shape (n_channels,)
        Counts by which today's level lies higher, beside the gain.
    gain_error_, shift_error_, width_error_, offset_error_ : ndarray
        Their standard errors.
    explained_ : float
        Share of the squared difference between the days that the correction takes away
        from the standards.
    unlike_ : ndarray of shape (n_standards,)
        Share of the lines of each standard that differs in a way that the model does
        not have.
    kinds_ : tuple of str
        What is corrected, of gain, shift, width and offset.
    standards_ : ndarray of shape (n_standards,)
        Names of the standards, or row numbers.
    n_features_in_ : int
        Number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, where `X` had names.

    Warns
    -----
    SpectransferWarning
        The standards differ by more than a drift, or more than before, one of them has
        no lines, or `max_shift` is too small.

    Examples
    --------
    >>> import numpy as np
    >>> from spectransfer.preprocessing import DriftCorrector
    >>> channels = np.arange(200.0)
    >>> def lines(gain, shift):
    ...     places = np.array([20.0, 55.0, 90.0, 140.0, 170.0]) + shift
    ...     peaks = np.exp(-0.5 * ((channels[:, None] - places) / 1.5) ** 2)
    ...     return 100 + gain * peaks @ [900.0, 300.0, 700.0, 500.0, 800.0]
    >>> reference, today = lines(1.0, 0.0), lines(1.4, 0.3)
    >>> drift = DriftCorrector().fit([today], [reference])
    >>> round(float(drift.shift_.mean()), 2)
    0.3
    >>> bool(abs(drift.gain_ - 1.4).max() < 2 * drift.gain_error_.max())
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "orders": [StrOptions({"auto"}), Mapping],
        "max_shift": [Interval(Integral, 0, None, closed="left")],
        "intensity_scatter": [Interval(Real, 0, None, closed="left")],
        "test": ["boolean"],
        "wavelengths": ["array-like", None],
    }

    def __init__(
        self,
        orders: str | Mapping[str, int] = "auto",
        *,
        max_shift: int = 20,
        intensity_scatter: float = 0.05,
        test: bool = True,
        wavelengths: ArrayLike | None = None,
    ) -> None:
        self.orders = orders
        self.max_shift = max_shift
        self.intensity_scatter = intensity_scatter
        self.test = test
        self.wavelengths = wavelengths

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sample_id: ArrayLike | None = None,
        reference_id: ArrayLike | None = None,
    ) -> Self:
        """Learn the drift from standards that were measured on both days.

        Parameters
        ----------
        X : array-like of shape (n_today, n_channels)
            Standards today, as the instrument gives them.
        y : array-like of shape (n_reference, n_channels)
            The same materials on the reference day, by the same instrument.
        sample_id : array-like of shape (n_today,), default=None
            Material of each row of `X`, where rows are single shots. None takes rows
            of `X` and `y` in pairs, each the mean of a standard.
        reference_id : array-like of shape (n_reference,), default=None
            Material of each row of `y`. None is the same as `sample_id`.

        Returns
        -------
        DriftCorrector
            The corrector itself.

        Raises
        ------
        ValueError
            Rows that do not pair, a material that was measured on one day only, days
            with different channels, or standards that come to a negative gain.
        """
        today = check_spectra(self, X, reset=True)
        reference = check_targets(y)
        if reference.ndim != 2 or reference.shape[1] != today.shape[1]:
            raise ValueError(
                "Both days must have spectra of one instrument, channel by channel, "
                f"but today's have {today.shape[1]} channels and the shape of the "
                f"reference is {reference.shape}. Pass the spectra that this very "
                "instrument gave on the reference day."
            )
        if today.shape[1] < 2:
            raise ValueError(
                "A drift needs neighbouring channels, but the spectra have n_features="
                f"{today.shape[1]}. Pass whole spectra."
            )
        found = find_axis(X, self.wavelengths, today.shape[1])
        axis = None if found is None else found.values
        compare_days(self, X, y)
        names, standards = standards_of(
            today, reference, sample_id, reference_id, self.intensity_scatter
        )
        tell_dark(names.tolist(), standards)
        fit = self._fit(standards)
        self.standards_ = names
        self._describe(fit, standards, axis)
        self._warn(fit, today, reference)
        return self

    def _fit(self, standards: list[Standard]) -> Fit:
        """Choose the orders, fit, and leave out what may be chance."""
        reference = np.array([s.reference for s in standards])
        today = np.array([s.today for s in standards])
        pedestal = float(np.percentile(reference, 2))
        scale = float(reference.max()) - pedestal or 1.0
        n = reference.shape[1]
        lag = lag_between(today, reference, min(self.max_shift, n // 4))

        def start(orders: Mapping[str, int]) -> Drift:
            parts: dict[str, FloatArray] = {
                name: np.zeros(int(orders.get(name, 0))) for name in FAMILIES
            }
            parts["shift"][:1] = lag
            return Drift(n, pedestal, scale, parts)

        if isinstance(self.orders, str):
            best = fit_drift(standards, start(SAFE))
            for orders in _OTHERS if len(standards) > 2 else ():
                other = fit_drift(standards, start(orders), best.noise)
                gained = held_out(best) - held_out(other)
                if gained.mean() > 2 * gained.std(ddof=1) / np.sqrt(len(gained)):
                    best = other
        else:
            given: Mapping[str, Any] = self.orders
            wrong = {
                k
                for k, m in given.items()
                if not isinstance(m, Integral) or not 0 <= int(m) <= 8
            }
            if wrong := wrong | set(self.orders) - set(FAMILIES):
                raise ValueError(
                    "orders must give 0 to 8 coefficients to gain, shift, width and "
                    f"offset, but not so {sorted(wrong)}. Write for example {SAFE}."
                )
            best = fit_drift(standards, start(self.orders))
        if self.test and chance_of(best.drift, ["gain"]) > _CHANCE:
            best = fit_drift(standards, start(best.drift.orders | {"gain": 0}))
            # what belongs together is tested together: lines that are wider are lower
            if chance_of(best.drift, FAMILIES) > _CHANCE:
                best = fit_drift(standards, start({}))
        elif best.drift.orders["gain"] and noise_of_sharpening(best.drift) > _MUCH:
            line = min(float(np.sqrt(line_variance(reference))), n / 16)
            best = with_blurred_gain(best, standards, line)
        return best

    def _describe(
        self, fit: Fit, standards: list[Standard], axis: FloatArray | None
    ) -> None:
        drift = fit.drift
        matrix, constant = operator(drift)
        self._operator, self._constant = matrix, constant
        stretched = 1 + drift.curve("gain")
        dark = int(np.argmin(stretched))
        if stretched[dark] <= 0:
            raise ValueError(
                "A spectrometer that has drifted still gives more counts for more "
                "light, but these standards come to a gain that ends at channel "
                f"{dark}. They say too little there, or are another material today: "
                "look at both, or give fewer orders, such as orders={'gain': 1, "
                "'offset': 1}."
            )
        self.gain_ = 1 / stretched
        self.gain_error_ = drift.deviation("gain") / stretched**2
        self.shift_, self.shift_error_ = drift.curve("shift"), drift.deviation("shift")
        pitch = None if axis is None else np.gradient(axis)
        self.shift_on_axis_ = None if pitch is None else self.shift_ * pitch
        square = line_variance(np.array([s.reference for s in standards]))
        self.width_ = np.sqrt(np.maximum(1 - 2 * drift.curve("width") / square, 0.0))
        self.width_error_ = drift.deviation("width") / square
        self.offset_ = -drift.curve("offset") / stretched
        self.offset_error_ = drift.deviation("offset") / stretched
        self.kinds_ = tuple(k for k in FAMILIES if drift.orders[k])
        before = sum(np.sum((s.reference - s.today) ** 2) for s in standards)
        after = sum(
            np.sum((s.reference - matrix @ s.today - constant) ** 2) for s in standards
        )
        self.explained_ = float(1 - after / before) if before > 0 else 0.0
        energy = [s.reference.var() * len(s.reference) for s in standards]
        left = np.array([np.sum(rest**2) for rest in fit.left])
        self.unlike_ = left / np.maximum(energy, np.finfo(float).tiny)

    def _warn(self, fit: Fit, today: FloatArray, reference: FloatArray) -> None:
        """Say what the model cannot express."""
        said = []
        worst = int(np.argmax(self.unlike_))
        if self.unlike_[worst] > _FOREIGN:
            said.append(
                f"Standard {self.standards_[worst]} differs between the days as no "
                f"drift can make it ({self.unlike_[worst]:.0%} of its lines): another "
                "material, a lamp, or saturation. Look at both, and fit without it."
            )
        if np.abs(self.shift_).max() > max(self.max_shift, 1) - 1 or not fit.settled:
            said.append(
                f"The shift ({self.shift_.mean():.1f} channels) did not settle within "
                f"max_shift={self.max_shift}. Raise max_shift, give standards with "
                "more lines, or align the axis by the lines of a lamp."
            )
        if self.explained_ < 0:
            said.append(
                "Corrected, the standards of both days differ more than they did, by "
                f"{-self.explained_:.0%}: their intensities contradict the shapes of "
                "their lines. Measure more shots, or give fewer orders, such as "
                "orders={'shift': 1, 'width': 1}."
            )
        for day, spectra in (("today", today), ("the reference day", reference)):
            top = spectra.max(axis=1, keepdims=True)
            full = (spectra == top).sum(axis=1)
            if np.ptp(spectra) > 0 and (full > 2).any():
                row = int(np.argmax(full))
                said.append(
                    f"Row {row} of {day} has {full[row]} channels at its largest "
                    f"value ({float(top[row, 0]):.6g}): a saturated line has lost its "
                    "height. Measure the standards with less light."
                )
        for text in said:
            warnings.warn(text, SpectransferWarning, stacklevel=5)

    def transform(self, X: ArrayLike) -> FloatArray:
        """Give today's spectra as the instrument would have on the reference day.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra of today, as the instrument gives them.

        Returns
        -------
        ndarray of shape (n_spectra, n_channels)
            Spectra of the reference day, in the precision of `X`.
        """
        check_is_fitted(self)
        spectra = multiply_rows(check_spectra(self, X), self._operator)
        spectra += self._constant.astype(spectra.dtype)
        return spectra

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
