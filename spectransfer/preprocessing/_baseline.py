r"""Baseline correction: the first step of the method, on both instruments.

Under the lines of a spectrum lies a broad background. It is estimated as the sliding
minimum of the spectrum, smoothed, and subtracted. The formula and the way it is
computed stand in `_sliding`; here are windows, units and what is refused.
"""

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    OneToOneFeatureMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import Tags, check_consistent_length

from spectransfer._axis import (
    UNITS,
    Axis,
    as_axis,
    axis_of,
    find_unit,
    refuse_disorder,
)
from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import (
    Interval,
    SearchesOnce,
    StrOptions,
    check_spectra,
    fit_context,
)
from spectransfer.exceptions import WavelengthError, WindowError
from spectransfer.preprocessing._cropping import find_axis
from spectransfer.preprocessing._sliding import slide_baseline


def _channel_pitch(axis: Axis) -> float:
    """Give the median distance of neighbouring channels, in the unit of the axis."""
    if len(axis) < 2:
        raise WavelengthError(
            "A window in the unit of the axis needs the distance of neighbouring "
            "channels, but the spectra have one channel only. Give the windows with "
            "unit='channels'."
        )
    return float(np.median(np.diff(axis.values)))


def _whole_channels(name: str, width: float, pitch: float | None) -> int:
    """Turn a window into channels, at least one; `pitch` None leaves it as it is."""
    if pitch is not None:
        return max(1, round(width / pitch))
    if width != int(width):
        raise WindowError(
            f"{name} counts channels and must be a whole number, but it is {width!r}. "
            "Round it, or give windows in the unit of the axis with "
            "unit='axis'."
        )
    return int(width)


class BaselineCorrector(
    OnItsPage, SearchesOnce, OneToOneFeatureMixin, TransformerMixin, BaseEstimator
):
    r"""Subtract the smoothed sliding minimum of every spectrum.

    For a spectrum :math:`x` of :math:`n` channels, with windows :math:`W`
    (`min_window`) and :math:`V` (`smooth_window`) in channels, two one-sided minima
    are averaged, and their average is smoothed by two one-sided means, whose
    Gaussian weights have the standard deviation :math:`V`:

    .. math::

        m_t &= \tfrac{1}{2} \Bigl(\min_{t-W < s \le t} x_s
               + \min_{t \le s < t+W} x_s\Bigr) \\
        b_t &= \tfrac{1}{2} \Bigl(
               \frac{\sum_k g_k m_{t-V+1+k}}{\sum_k g_k}
               + \frac{\sum_k g_k m_{t+k}}{\sum_k g_k}\Bigr),
               \quad g_k = e^{-(k-(V-1)/2)^2 / 2V^2},\; 0 \le k < V \\
        \text{corrected}_t &= x_t - b_t

    All sums and minima run over the channels that exist. Each one-sided mean is
    divided by the kernel mass of its own existing channels; dividing their sum by
    the common mass would lean twice as far inwards on a slope.

    The step is lossy: two spectra that differ by a constant have the same
    corrected spectrum. There is no `inverse_transform`.

    Parameters
    ----------
    min_window : float, default=100
        Length W of the one-sided minimum, in `unit`. It should span the widest line.
        1 takes the spectrum for its own background.
    smooth_window : float, default=50
        Length V of the one-sided mean, in `unit`. 1 leaves the minimum as it is.
    unit : {"channels", "axis"} or str, default="channels"
        Unit of the windows. ``"axis"`` is that of the axis, whichever it is; a unit
        such as ``"nm"`` or ``"cm-1"`` has to be that of the axis. Such windows become
        channels by the median distance of neighbouring channels, rounded, at least 1.
    wavelengths : Axis or array-like of shape (n_channels,), default=None
        Axis of the spectra, for windows in its unit. None takes it from the column
        names of the data frame that holds the spectra.
    edges : {"available", "zero-padded"}, default="available"
        What the means do beyond the ends of the spectrum. ``"available"`` averages
        over the channels that exist. ``"zero-padded"`` lets missing channels be
        zeros, as the authors of the method did: it pulls the baseline towards zero
        within V channels of each end, so that corrected spectra rise there.
    allow_long_windows : bool, default=False
        Whether windows may be longer than the spectrum. They are then cut to the
        channels that exist.
    n_jobs : int, default=None
        Number of threads, which share the rows. None means 1 outside of a
        `joblib.parallel_config` context, -1 all processors. The result does not
        depend on it.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, where `X` had names.
    axis_ : Axis or None
        The axis that was given or found in `fit`; None with windows in channels.
    wavelengths_ : ndarray of shape (`n_features_in_`,) or None
        Its numbers.

    Raises
    ------
    WindowError
        A window is longer than the spectrum, or is no whole number of channels.
    WavelengthError
        Windows are in the unit of the axis, and the axis is not known, does not
        increase, has another unit, or does not have one entry for each channel.

    See Also
    --------
    StandardScaler : The next step of the method.

    Notes
    -----
    The transformer is stateless: `fit` only checks, and `transform` may be called
    without it. When `fit` is given `y`, it also checks that `y` has as many rows as
    `X`, so that unpaired spectra fail before any long work.

    Work goes through the cache sixteen spectra at a time. Beside the result, a few MB
    are needed for each thread; memory-mapped spectra are read block by block, and a
    result of 64 MiB and more then lies in a temporary file.

    References
    ----------
    Vrábel et al., transfer of libraries of laser-induced breakdown spectra
    (2022): baseline with windows of 100 and 50. Their published code ran 200
    and 100; `as_published` gives that.

    Examples
    --------
    >>> import numpy as np
    >>> from spectransfer.preprocessing import BaselineCorrector
    >>> background = np.full(12, 50.0)
    >>> spectrum = background.copy()
    >>> spectrum[6] += 900.0
    >>> corrector = BaselineCorrector(min_window=4, smooth_window=3)
    >>> corrector.fit_transform([spectrum])
    array([[  0.,   0.,   0.,   0.,   0.,   0., 900.,   0.,   0.,   0.,   0.,   0.]])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "min_window": [Interval(Real, 0, None, closed="neither")],
        "smooth_window": [Interval(Real, 0, None, closed="neither")],
        "unit": [StrOptions({"channels", "axis", *UNITS})],
        "wavelengths": ["array-like", None],
        "edges": [StrOptions({"available", "zero-padded"})],
        "allow_long_windows": ["boolean"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        min_window: float = 100,
        *,
        smooth_window: float = 50,
        unit: str = "channels",
        wavelengths: ArrayLike | None = None,
        edges: str = "available",
        allow_long_windows: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.min_window = min_window
        self.smooth_window = smooth_window
        self.unit = unit
        self.wavelengths = wavelengths
        self.edges = edges
        self.allow_long_windows = allow_long_windows
        self.n_jobs = n_jobs

    @classmethod
    def as_published(cls) -> Self:
        """Give what the authors' published code ran: 200, 100, zeros at the ends.

        The paper's text says 100 and 50. Those windows are the default; with
        ``edges="zero-padded"`` they give the text's version.

        Returns
        -------
        BaselineCorrector
            ``BaselineCorrector(200, smooth_window=100, edges="zero-padded")``.
        """
        return cls(200, smooth_window=100, edges="zero-padded")

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Check the spectra, the windows and, where given, the pairing.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra, in counts.
        y : array-like of shape (n_spectra, ...), default=None
            Only its number of rows is looked at.

        Returns
        -------
        BaselineCorrector
            The corrector itself.
        """
        if y is not None:
            check_consistent_length(X, y)
        axis = self._axis(X)
        spectra = check_spectra(self, X, reset=True)
        self._windows(axis, spectra.shape[1])
        self.axis_ = axis
        self.wavelengths_ = None if axis is None else axis.values
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Give the spectra without their baselines.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra, in counts.

        Returns
        -------
        ndarray of shape (n_spectra, n_wavelengths)
            Corrected spectra in counts, in the precision of `X`.
        """
        return self._slide(X, "corrected")

    def baseline(self, X: ArrayLike) -> FloatArray:
        """Give the baselines that `transform` subtracts.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra, in counts.

        Returns
        -------
        ndarray of shape (n_spectra, n_wavelengths)
            Baselines in counts, in the precision of `X`.
        """
        return self._slide(X, "baseline")

    def _slide(self, X: ArrayLike, take: str) -> FloatArray:
        axis = self._axis(X)
        # Without a fit there are no names that those of X could be compared with.
        fitted = hasattr(self, "n_features_in_")
        checker = self if fitted else clone(self)
        spectra = check_spectra(checker, X, reset=not fitted)
        min_window, smooth_window = self._windows(axis, spectra.shape[1])
        return slide_baseline(
            spectra,
            min_window,
            smooth_window,
            edges=self.edges,
            take=take,
            n_jobs=self.n_jobs,
        )

    def _axis(self, X: ArrayLike) -> Axis | None:
        """Find the axis, if it matters: of these spectra, else of those in `fit`."""
        if self.unit == "channels":
            named = axis_of(X)
            if named is not None:
                refuse_disorder(named, "the spectra")
            return None
        axis = find_axis(X, self.wavelengths, None)
        return getattr(self, "axis_", None) if axis is None else axis

    def _windows(self, axis: Axis | None, n_wavelengths: int) -> tuple[int, int]:
        """Give both windows in channels, or refuse them."""
        pitch = None
        if self.unit != "channels":
            if axis is None:
                raise WavelengthError(
                    "Windows in the unit of the axis need the place of every channel, "
                    f"but the {n_wavelengths} channels have none. Pass wavelengths=, "
                    "or spectra in a data frame whose columns are named by it, or give "
                    "the windows with unit='channels'."
                )
            axis = as_axis(axis, n_wavelengths)
            self._check_unit(axis)
            pitch = _channel_pitch(axis)
            unit = axis.unit or find_unit(self.unit) or "units"
        widths = []
        for name in ("min_window", "smooth_window"):
            given = getattr(self, name)
            width = _whole_channels(name, given, pitch)
            if width > n_wavelengths and not self.allow_long_windows:
                origin = (
                    ""
                    if pitch is None
                    else f" ({given} {unit} at {pitch:.4g} {unit} each)"
                )
                raise WindowError(
                    f"{name} must not be longer than the spectrum, but it is {width} "
                    f"channels{origin} and the spectra have {n_wavelengths}. Take a "
                    "shorter window, or pass allow_long_windows=True, which cuts "
                    "windows to the channels that exist."
                )
            widths.append(width)
        return widths[0], widths[1]

    def _check_unit(self, axis: Axis) -> None:
        """Refuse a unit of windows that is none, or that is not that of the axis."""
        unit = None if self.unit == "axis" else self.unit
        if unit is not None and axis.unit is not None and unit != axis.unit:
            raise WavelengthError(
                f"Windows must be in the unit of the axis, but they are in {unit}, and "
                f"the axis has {axis.span}. Give them with unit='axis'."
            )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
