"""What an instrument has done since the reference day, and day after day."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spectransfer._axis import Axis
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer.plotting._figure import (
    CURVES,
    axis_label,
    axis_of,
    with_unit,
    with_whole_formulas,
)
from spectransfer.preprocessing import DriftCorrector

_NAMES = {
    "gain": "gain",
    "shift": "shift (channels)",
    "width": "width (factor)",
    "offset": "offset",
}
_NOTHING = {"gain": 1.0, "shift": 0.0, "width": 1.0, "offset": 0.0}


def panels_for(ax: Any, shape: tuple[int, int], size: tuple[float, float]) -> list[Any]:
    """Give the caller's axes, one for each panel, or those of a new figure."""
    n = shape[0] * shape[1]
    if ax is None:
        import matplotlib.pyplot as plt

        figure = plt.figure(figsize=size, layout="constrained")
        return list(np.ravel(figure.subplots(*shape, sharex=True)))
    panels = list(np.ravel(ax))
    if len(panels) != n:
        raise ValueError(
            f"ax must hold {n} axes, one for each panel, but it has {len(panels)}. "
            f"Make them with plt.subplots({shape[0]}, {shape[1]}), or leave it out."
        )
    return panels


class DriftDisplay:
    """Gain, shift, width and offset of a drift over wavelength, with their errors.

    Parameters
    ----------
    curves : mapping of str to array-like of shape (n_channels,)
        "gain", "shift", "width" and "offset".
    errors : mapping of str to array-like of shape (n_channels,)
        Their standard errors, by the same names.
    wavelengths : Axis, array-like of shape (n_channels,) or None
        Axis; None counts channels.
    explained : float, default=None
        Share of the standards' difference that the drift explains.
    unit : str or None, default=None
        Unit of the intensities, and so of the offset.

    Attributes
    ----------
    lines_ : list of matplotlib.lines.Line2D
        The curves, in the order of `curves`.
    bands_ : list of matplotlib.collections.FillBetweenPolyCollection
        Two standard errors on either side.
    axes_ : list of matplotlib.axes.Axes
        A panel for each curve.
    figure_ : matplotlib.figure.Figure
        Their figure.

    Examples
    --------
    >>> from spectransfer import DriftCorrector
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.plotting import DriftDisplay
    >>> standards = make_instrument_pair(n_spectra=3, random_state=0).X_secondary
    >>> drift = DriftCorrector().fit(1.4 * standards, standards)
    >>> display = DriftDisplay.from_corrector(drift, unit="counts")
    >>> [panel.get_ylabel() for panel in display.axes_]
    ['gain', 'shift (channels)', 'width (factor)', 'offset (counts)']
    """

    def __init__(
        self,
        curves: Mapping[str, ArrayLike],
        errors: Mapping[str, ArrayLike],
        wavelengths: ArrayLike | Axis | None,
        *,
        explained: float | None = None,
        unit: str | None = None,
    ) -> None:
        self.unit = unit
        self.curves = {k: np.asarray(curves[k], dtype=np.float64) for k in _NAMES}
        self.errors = {k: np.asarray(errors[k], dtype=np.float64) for k in _NAMES}
        n = len(self.curves["gain"])
        self.axis = axis_of(wavelengths, n)
        self.wavelengths = (
            np.arange(float(n)) if self.axis is None else self.axis.values
        )
        self.explained = explained

    def plot(self, ax: Any = None) -> "DriftDisplay":
        """Draw the four curves.

        Parameters
        ----------
        ax : array-like of 4 matplotlib.axes.Axes, default=None
            Panels for gain, shift, width and offset; None makes a new figure.

        Returns
        -------
        DriftDisplay
            Itself.
        """
        self.axes_ = panels_for(ax, (2, 2), (8.0, 4.6))
        self.figure_ = self.axes_[0].figure
        self.lines_: list[Any] = []
        self.bands_: list[Any] = []
        for panel, (name, label) in zip(self.axes_, _NAMES.items(), strict=True):
            curve, error = self.curves[name], 2 * self.errors[name]
            panel.axhline(_NOTHING[name], color="0.5", lw=0.8, ls=":", zorder=1)
            band = panel.fill_between(
                self.wavelengths,
                curve - error,
                curve + error,
                color=CURVES[0],
                alpha=0.2,
                linewidth=0,
            )
            self.bands_.append(band)
            self.lines_ += panel.plot(self.wavelengths, curve, color=CURVES[0], lw=1.2)
            panel.set_ylabel(_label(label, self.unit))
            panel.margins(x=0.01)
        for panel in self.axes_[2:]:
            panel.set_xlabel(axis_label(self.axis))
        if self.explained is not None and ax is None:
            self.figure_.suptitle(
                f"{self.explained:.1%} of the standards' difference explained; bands "
                "are two standard errors",
                fontsize="medium",
            )
        with_whole_formulas(self.figure_)
        return self

    @classmethod
    def from_corrector(
        cls,
        corrector: DriftCorrector,
        *,
        wavelengths: ArrayLike | Axis | None = None,
        unit: str | None = None,
        ax: Any = None,
    ) -> "DriftDisplay":
        """Draw what a fitted corrector has found.

        Parameters
        ----------
        corrector : DriftCorrector
            Fitted, such as ``recalibrate(...).named_steps["drift"]``.
        wavelengths : Axis or array-like of shape (n_channels,), default=None
            Axis. None takes that of the corrector, and counts channels where it
            has none.
        unit : str or None, default=None
            Unit of the intensities, such as that which `intensity_unit` of a pair says.
        ax : array-like of 4 matplotlib.axes.Axes, default=None
            Panels for gain, shift, width and offset; None makes a new figure.

        Returns
        -------
        DriftDisplay
            The display, drawn.
        """
        if wavelengths is None:
            wavelengths = corrector.wavelengths
        n = len(corrector.gain_)
        names = getattr(corrector, "feature_names_in_", None)
        source = [] if names is None else [_Named(names)]
        axis = axis_of(wavelengths, n, *source)
        return cls(
            {name: getattr(corrector, f"{name}_") for name in _NAMES},
            {name: getattr(corrector, f"{name}_error_") for name in _NAMES},
            axis,
            explained=corrector.explained_,
            unit=unit,
        ).plot(ax)


def _label(name: str, unit: str | None) -> str:
    """Write the unit behind what is in the unit of the intensities."""
    return with_unit(name, unit) if name == "offset" else name


class _Named:
    """Column names, where an axis is looked for in those of a data frame."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns


class ControlChartDisplay:
    """Control chart of an instrument: each statistic over days, with its limits.

    Days out of limits are marked; a line shows since when to recalibrate.

    Parameters
    ----------
    watch : InstrumentWatch
        Days that were judged, from `spectransfer.adaptation.watch_instrument`.
    unit : str or None, default=None
        Unit of the intensities, and so of the offset.

    Attributes
    ----------
    lines_ : dict of str to matplotlib.lines.Line2D
        The days, for each statistic.
    marks_ : dict of str to matplotlib.lines.Line2D
        The days out of limits.
    axes_ : list of matplotlib.axes.Axes
        A panel for each statistic.
    figure_ : matplotlib.figure.Figure
        Their figure.

    Examples
    --------
    >>> import numpy as np
    >>> from spectransfer.adaptation import watch_instrument
    >>> from spectransfer.plotting import ControlChartDisplay
    >>> spectra = np.random.default_rng(0).gamma(3.0, 20.0, size=(12, 50))
    >>> watch = watch_instrument(spectra, np.arange(12))
    >>> display = ControlChartDisplay.from_watch(watch)
    >>> [panel.get_ylabel() for panel in display.axes_]
    ['T2', 'Q', 'gain', 'shift (channels)', 'width (factor)', 'offset']
    """

    def __init__(self, watch: Any, *, unit: str | None = None) -> None:
        # an InstrumentWatch; its room needs torch, which displays do without
        self.watch, self.unit = watch, unit

    def plot(self, ax: Any = None) -> "ControlChartDisplay":
        """Draw the chart.

        Parameters
        ----------
        ax : array-like of matplotlib.axes.Axes, default=None
            A panel for each statistic; None makes a new figure.

        Returns
        -------
        ControlChartDisplay
            Itself.
        """
        watch = self.watch
        n = len(watch.statistics)
        self.axes_ = panels_for(ax, (n, 1), (7.5, 1.25 * n + 0.6))
        self.figure_ = self.axes_[0].figure
        self.lines_: dict[str, Any] = {}
        self.marks_: dict[str, Any] = {}
        places = _places(watch.days)
        for panel, (name, values) in zip(
            self.axes_, watch.statistics.items(), strict=True
        ):
            self._panel(panel, name, places, values)
        self.axes_[-1].set_xlabel("day")
        if ax is None:
            if np.issubdtype(places.dtype, np.datetime64):
                self.figure_.autofmt_xdate(ha="center", rotation=30)
            self.axes_[0].set_title(watch.advice, fontsize="medium")
        with_whole_formulas(self.figure_)
        return self

    def _panel(
        self, panel: Any, name: str, places: np.ndarray, values: FloatArray
    ) -> None:
        watch = self.watch
        low, high = watch.limits[name]
        panel.axhspan(low, high, color=CURVES[6], alpha=0.15, linewidth=0)
        style = {"marker": "o", "markersize": 3, "linewidth": 0.8, "color": CURVES[0]}
        (self.lines_[name],) = panel.plot(places, values, **style)
        known = watch.reference
        panel.plot(
            places[known], values[known], "o", ms=3, mfc="white", color=CURVES[0]
        )
        out = watch.out(name)
        (self.marks_[name],) = panel.plot(
            places[out], values[out], "D", ms=5, mfc="none", color=CURVES[1]
        )
        if watch.since is not None:
            first = int(np.flatnonzero(watch.days == watch.since)[0])
            panel.axvline(places[first], color=CURVES[1], lw=0.8, ls="--")
        seen = values[np.isfinite(values)]
        if name in ("T2", "Q") and len(seen) and seen.max() > 20 * high:
            panel.set_yscale("log")
        panel.set_ylabel(_label(_NAMES.get(name, name), self.unit))

    @classmethod
    def from_watch(
        cls, watch: Any, *, unit: str | None = None, ax: Any = None
    ) -> "ControlChartDisplay":
        """Draw the days that were judged.

        Parameters
        ----------
        watch : InstrumentWatch
            From `spectransfer.adaptation.watch_instrument`.
        unit : str or None, default=None
            Unit of the intensities.
        ax : array-like of matplotlib.axes.Axes, default=None
            A panel for each statistic; None makes a new figure.

        Returns
        -------
        ControlChartDisplay
            The display, drawn.
        """
        return cls(watch, unit=unit).plot(ax)


def _places(days: np.ndarray) -> np.ndarray:
    """Give days as dates where they are dates, as numbers, or one after the other."""
    if days.dtype.kind in "iuf" or np.issubdtype(days.dtype, np.datetime64):
        return days
    try:
        return days.astype("datetime64[D]")
    except ValueError:
        return np.arange(len(days))
