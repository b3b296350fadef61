"""Spectra as curves: of two instruments, two days, measured against predicted."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spectransfer._blocks import row_blocks
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import check_targets
from spectransfer.exceptions import WavelengthError
from spectransfer.metrics import paired_spectra
from spectransfer.plotting._figure import (
    CURVES,
    axes_for,
    axis_label,
    axis_of,
    line_style,
    measured_and_predicted,
    places,
    with_unit,
    with_whole_formulas,
)
from spectransfer.plotting._lines import label_lines, lines_to_label
from spectransfer.spectra import PairedMaps, SpectraPair


def mean_spectrum(spectra: ArrayLike, name: str = "X") -> FloatArray:
    """Average spectra channel by channel; a single spectrum is its own mean.

    Parameters
    ----------
    spectra : array-like of shape (n_spectra, n_wavelengths) or (n_wavelengths,)
        Spectra, read in blocks.
    name : str, default="X"
        What the caller calls them.

    Returns
    -------
    ndarray of shape (n_wavelengths,)
        The mean, float64.
    """
    if np.ndim(spectra) == 1:
        spectra = np.asarray(spectra)[np.newaxis]
    rows = check_targets(spectra, name=name)
    total = np.zeros(rows.shape[1])
    for block in row_blocks(len(rows), rows[:1].nbytes):
        total += rows[block].sum(axis=0, dtype=np.float64)
    return total / len(rows)


class SpectraDisplay:
    """Spectra as curves over wavelength.

    `from_maps` draws both instruments (figure 2 of the paper), `from_spectra` sets of
    spectra on one axis, such as two days (figure 3), `from_predictions` and
    `from_estimator` what was measured and predicted (figures 7 to 9 and B.21).

    Parameters
    ----------
    spectra : mapping of str to array-like of shape (n_wavelengths,)
        Name and intensities of each curve.
    wavelengths : mapping of str to Axis, array-like of shape (n_channels,) or None
        Axis of each curve, by the same names; None counts channels. A curve whose
        unit is another than that of the first has an axis of its own, above.
    lines : mapping of float to str, "libs" or None, default=None
        Emission lines to label: place on the axis and name. "libs" is a built-in table
        of strong lines of a pegmatite, in nm, labelled where they stand out. None is
        none.
    unit : str or None, default=None
        Unit of the intensities; None is not known.

    Attributes
    ----------
    curves_ : list of matplotlib.lines.Line2D
        The curves, in the order of `spectra`.
    line_labels_ : list of matplotlib.text.Annotation
        The labels of emission lines.
    ax_ : matplotlib.axes.Axes
        Axes that were drawn on.
    twin_ : matplotlib.axes.Axes or None
        Axes of curves in a second unit, if there are any.
    figure_ : matplotlib.figure.Figure
        Their figure.

    Examples
    --------
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.plotting import SpectraDisplay
    >>> pair = make_instrument_pair(n_spectra=20, random_state=0)
    >>> display = SpectraDisplay.from_maps(pair)
    >>> [curve.get_label() for curve in display.curves_]
    ['primary', 'secondary']
    """

    def __init__(
        self,
        spectra: Mapping[str, ArrayLike],
        wavelengths: Mapping[str, Any],
        *,
        lines: Mapping[float, str] | str | None = None,
        unit: str | None = None,
    ) -> None:
        self.spectra = {name: np.asarray(s) for name, s in spectra.items()}
        self.axes = {
            name: axis_of(wavelengths[name], len(s)) for name, s in self.spectra.items()
        }
        self.wavelengths = {
            name: places(axis, len(self.spectra[name]))
            for name, axis in self.axes.items()
        }
        self.lines = lines
        self.unit = unit

    def plot(
        self,
        ax: Any = None,
        *,
        offset: float = 0.0,
        **line_kwargs: Any,
    ) -> "SpectraDisplay":
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        offset : float, default=0.0
            What each curve is moved up from the one before, in their unit.
        **line_kwargs : dict
            Passed on to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        SpectraDisplay
            Itself.
        """
        self.ax_ = axes_for(ax, (8.0, 3.6))
        self.figure_ = self.ax_.figure
        self.curves_: list[Any] = []
        self.twin_: Any = None
        drawn = []
        for k, (name, spectrum) in enumerate(self.spectra.items()):
            ax = self._axes_of(name)
            curve = (self.wavelengths[name], spectrum + k * offset)
            if ax is self.ax_:
                drawn.append(curve)
            # what is drawn first shows from under what is drawn on it
            width = 1.4 if k == 0 and len(self.spectra) > 1 else 0.8
            defaults = {"linewidth": width, "color": CURVES[k % len(CURVES)]}
            style = line_style(defaults | {"label": name}, line_kwargs)
            self.curves_ += ax.plot(*curve, **style)
        self.ax_.margins(x=0.01)
        height = "intensity + offset" if offset else "intensity"
        self.ax_.set_ylabel(with_unit(height, self.unit))
        self.line_labels_ = label_lines(
            self.ax_, drawn, lines_to_label(self.lines, drawn, self._unit)
        )
        if len(self.curves_) > 1:
            # above the axes: no place inside is free in every spectrum
            self.ax_.legend(
                handles=self.curves_,
                loc="lower right",
                bbox_to_anchor=(1.0, 1.0 if self.twin_ is None else 1.15),
                ncols=len(self.curves_),
                frameon=False,
            )
        with_whole_formulas(self.ax_)
        return self

    @property
    def _unit(self) -> str | None:
        first = next(iter(self.axes.values()))
        return None if first is None else first.unit

    def _axes_of(self, name: str) -> Any:
        """Give the axes for a curve: the first ones, or those of another unit."""
        axis = self.axes[name]
        label = axis_label(axis)
        if not self.curves_:
            self.ax_.set_xlabel(label)
        if label == self.ax_.get_xlabel():
            return self.ax_
        if self.twin_ is None:
            self.twin_ = self.ax_.twiny()
            self.twin_.margins(x=0.01)
            self.twin_.set_xlabel(label)
        if label == self.twin_.get_xlabel():
            return self.twin_
        raise WavelengthError(
            "Curves in at most two units can be drawn together, but there are "
            f"{self.ax_.get_xlabel()}, {self.twin_.get_xlabel()} and {label}. Draw "
            "them in two figures, or convert them with Axis.to."
        )

    @classmethod
    def from_maps(
        cls,
        maps: PairedMaps | SpectraPair,
        *,
        sides: Sequence[str] = ("primary", "secondary"),
        shots: Any = None,
        lines: Mapping[float, str] | str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "SpectraDisplay":
        """Draw mean or single spectra of both instruments.

        Parameters
        ----------
        maps : PairedMaps or SpectraPair
            Spectra of both instruments.
        sides : sequence of {"primary", "secondary"}, default=both
            Instruments to draw.
        shots : int, slice, mask or indices, default=None
            Shots to average, in the order of measurement; an integer draws one
            spectrum. None averages all.
        lines : mapping of float to str, "libs" or None, default=None
            Emission lines to label.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        **kwargs : dict
            Passed on to `plot`.

        Returns
        -------
        SpectraDisplay
            The display, drawn.
        """
        chosen = slice(None) if shots is None else shots
        sides = (sides,) if isinstance(sides, str) else tuple(sides)
        return cls(
            {s: mean_spectrum(getattr(maps, f"X_{s}")[chosen], s) for s in sides},
            {s: getattr(maps, f"axis_{s}") for s in sides},
            lines=lines,
            unit=maps.intensity_unit,
        ).plot(ax, **kwargs)

    @classmethod
    def from_spectra(
        cls,
        spectra: Mapping[str, ArrayLike],
        wavelengths: ArrayLike | None = None,
        *,
        lines: Mapping[float, str] | str | None = None,
        unit: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "SpectraDisplay":
        """Draw the means of several sets of spectra that have one axis.

        Parameters
        ----------
        spectra : mapping of str to array-like
            Name and spectra of each set, of shape (n_spectra, n_wavelengths), or
            (n_wavelengths,) for a single spectrum. Each set is read in blocks.
        wavelengths : Axis or array-like of shape (n_channels,), default=None
            Axis. None reads the column names of data frames, and counts
            channels where there are none.
        lines : mapping of float to str, "libs" or None, default=None
            Emission lines to label.
        unit : str or None, default=None
            Unit of the intensities; None is not known.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        **kwargs : dict
            Passed on to `plot`.

        Returns
        -------
        SpectraDisplay
            The display, drawn.

        Examples
        --------
        >>> from spectransfer import BaselineCorrector
        >>> from spectransfer.datasets import make_instrument_pair
        >>> from spectransfer.plotting import SpectraDisplay
        >>> raw = make_instrument_pair(n_spectra=20, random_state=0).X_primary
        >>> corrected = BaselineCorrector().fit_transform(raw)
        >>> display = SpectraDisplay.from_spectra({"before": raw, "after": corrected})
        >>> display.ax_.get_xlabel()
        'channel'
        """
        if not spectra:
            raise ValueError(
                "spectra must hold at least one set to draw, but it is empty. Pass "
                "for example {'day 1': X_first, 'day 2': X_second}."
            )
        means = {name: mean_spectrum(s, name) for name, s in spectra.items()}
        n_channels = len(next(iter(means.values())))
        axis = axis_of(wavelengths, n_channels, *spectra.values())
        axes = dict.fromkeys(means, axis)
        return cls(means, axes, lines=lines, unit=unit).plot(ax, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        spot: int | None = None,
        wavelengths: ArrayLike | None = None,
        **kwargs: Any,
    ) -> "SpectraDisplay":
        """Draw measured against predicted spectra.

        Parameters
        ----------
        y_true : array-like of shape (n_spectra, n_wavelengths)
            Measured primary spectra, in the space of the predictions.
        y_pred : array-like of shape (n_spectra, n_wavelengths)
            Predicted spectra of the same spots.
        spot : int, default=None
            The spot whose spectra are drawn; None draws the means of all.
        wavelengths : Axis or array-like of shape (n_channels,), default=None
            Axis of the primary instrument. None reads the column names of a
            data frame, and counts channels where there are none.
        **kwargs : dict
            Passed on to `from_spectra`, such as ``lines="libs"``.

        Returns
        -------
        SpectraDisplay
            The display, drawn.
        """
        measured, predicted = paired_spectra(y_true, y_pred)
        if wavelengths is None:
            wavelengths = axis_of(None, measured.shape[1], y_true, y_pred)
        chosen = slice(None) if spot is None else spot
        both = {"measured": measured[chosen], "predicted": predicted[chosen]}
        return cls.from_spectra(both, wavelengths, **kwargs)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: ArrayLike, y: ArrayLike, **kwargs: Any
    ) -> "SpectraDisplay":
        """Predict primary spectra, and draw them against the measured ones.

        Parameters
        ----------
        estimator : estimator
            A fitted transfer; `y` is brought to the space of its predictions.
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        y : array-like of shape (n_spectra, n_primary)
            Measured primary spectra of the same spots.
        **kwargs : dict
            Passed on to `from_predictions`.

        Returns
        -------
        SpectraDisplay
            The display, drawn.
        """
        measured, predicted = measured_and_predicted(estimator, X, y)
        if kwargs.get("wavelengths") is None:
            kwargs["wavelengths"] = axis_of(None, predicted.shape[-1], y)
        return cls.from_predictions(measured, predicted, **kwargs)
