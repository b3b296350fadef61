"""Which spectra to trust: bands, and expected against true errors."""

from typing import Any

import numpy as np
from scipy.stats import spearmanr

from spectransfer._axis import Axis, axis_of
from spectransfer._channels import read_names
from spectransfer._typing import ArrayLike, BoolArray, FloatArray
from spectransfer._wrapping import unit_of_predictions
from spectransfer.metrics import spectrum_cosine
from spectransfer.plotting._figure import (
    axes_for,
    measured_and_predicted,
    with_unit,
    with_whole_formulas,
)

_INFERRED = "#E69F00"


class BandDisplay:
    """A predicted spectrum with its band; inferred channels have a shade of their own.

    Behind them it reaches over the full height.

    Parameters
    ----------
    places : Axis or array-like of shape (n_channels,)
        Axis, which says its unit, or numbers of channels.
    lower, upper : array-like of shape (n_channels,)
        The band, in whose middle the prediction is.
    inferred : array-like of bool of shape (n_channels,), default=None
        Channels that the secondary instrument does not see. None is none of them.
    measured : array-like of shape (n_channels,), default=None
        What the primary measured, in the space of the predictions.
    unit : str or None, default=None
        Unit of the intensities.

    Attributes
    ----------
    line_ : matplotlib.lines.Line2D
        The prediction.
    bands_ : list of matplotlib.collections.FillBetweenPolyCollection
        The band where channels are seen, and where they are inferred.
    ax_ : matplotlib.axes.Axes
        Axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        Their figure.

    See Also
    --------
    spectransfer.reliability.ConformalTransfer : Makes the band.

    Examples
    --------
    >>> from spectransfer.plotting import BandDisplay
    >>> display = BandDisplay([500.0, 501.0], [0.0, 1.0], [2.0, 3.0]).plot()
    >>> display.line_.get_ydata()
    array([1., 2.])
    """

    def __init__(
        self,
        places: Axis | ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        *,
        inferred: ArrayLike | None = None,
        measured: ArrayLike | None = None,
        unit: str | None = None,
    ) -> None:
        self.unit = unit
        self.label = places.label if isinstance(places, Axis) else "channel"
        self.places, self.lower, self.upper = (
            np.asarray(b, np.float64) for b in (places, lower, upper)
        )
        none = np.zeros(self.places.shape, dtype=bool)
        self.inferred = none if inferred is None else np.asarray(inferred, dtype=bool)
        self.measured = None if measured is None else np.asarray(measured)
        self._check()

    def _check(self) -> None:
        if self.places.ndim != 1 or not (
            self.places.shape == self.lower.shape == self.upper.shape
        ):
            raise ValueError(
                "places, lower and upper must be those of one spectrum, but their "
                f"shapes are {self.places.shape}, {self.lower.shape} and "
                f"{self.upper.shape}. Pass one row of a band."
            )
        for name, values in (("inferred", self.inferred), ("measured", self.measured)):
            if values is not None and values.shape != self.places.shape:
                raise ValueError(
                    f"{name} has one value for each of the {len(self.places)} channels "
                    f"of the band, but its shape is {values.shape}. Pass one row, in "
                    "the space of the predictions."
                )
        crossed = self.lower > self.upper
        if crossed.any():
            j = int(crossed.argmax())
            raise ValueError(
                "lower must nowhere be above upper, but in channel "
                f"{j} they are {self.lower[j]:.6g} and {self.upper[j]:.6g}. Give them "
                "in this order."
            )

    def plot(self, ax: Any = None) -> "BandDisplay":
        """Draw prediction and band.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.

        Returns
        -------
        BandDisplay
            Itself.
        """
        self.ax_ = axes_for(ax, (7.2, 3.2))
        self.figure_ = self.ax_.figure
        middle = (self.lower + self.upper) / 2
        (self.line_,) = self.ax_.plot(self.places, middle, lw=0.8, label="predicted")
        kinds = {"band": (~self.inferred, self.line_.get_color())}
        if self.inferred.any():
            kinds["band, inferred"] = (self.inferred, _INFERRED)
        # kinds meet half way between their channels, and one channel alone is seen
        x, half = _with_halves(self.places), np.arange(2 * len(self.places) - 1) / 2
        self.bands_ = []
        for label, (where, color) in kinds.items():
            whole = where[np.floor(half).astype(int)] | where[np.ceil(half).astype(int)]
            edges = _with_halves(self.lower), _with_halves(self.upper)
            style = {"color": color, "alpha": 0.3, "lw": 0, "label": label}
            self.bands_.append(self.ax_.fill_between(x, *edges, where=whole, **style))
        for start, stop in _runs(self.inferred):
            ends = x[max(2 * start - 1, 0)], x[min(2 * stop - 1, len(x) - 1)]
            self.ax_.axvspan(*ends, color=_INFERRED, alpha=0.1, lw=0, zorder=0)
        if self.measured is not None:
            self.ax_.plot(self.places, self.measured, "k:", lw=0.8, label="measured")
        self.ax_.set_xlabel(self.label)
        self.ax_.set_ylabel(with_unit("intensity", self.unit))
        self.ax_.legend(frameon=False, fontsize="small")
        with_whole_formulas(self.ax_)
        return self

    @classmethod
    def from_estimator(
        cls,
        transfer: Any,
        X: Any,
        y: Any = None,
        *,
        coverage: float = 0.9,
        simultaneous: bool = False,
        unit: str | None = None,
        ax: Any = None,
    ) -> "BandDisplay":
        """Draw the band of one spectrum.

        Parameters
        ----------
        transfer : ConformalTransfer
            Fitted.
        X : array-like of shape (1, n_secondary), or PairedSpectra of one spot
            The secondary spectrum. A pair has the primary one, axes and unit, too.
        y : array-like of shape (1, n_primary), default=None
            What the primary measured; a data frame tells the axis. Without it, bands
            are drawn over the axis that the transfer knows.
        coverage : float, default=0.9
            As in `predict_interval`.
        simultaneous : bool, default=False
            As in `predict_interval`.
        unit : str or None, default=None
            Unit of the intensities; None takes that of a pair, unless predictions are
            in another.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.

        Returns
        -------
        BandDisplay
            The display, drawn.
        """
        X, y, unit = _sides_of(transfer, X, y, unit)
        band = transfer.predict_interval(X, coverage, simultaneous=simultaneous)
        lower, upper = (b.reshape(len(b), -1) for b in band)
        if len(lower) != 1:
            raise ValueError(
                "A band is drawn of one spectrum, but X has "
                f"{len(lower)}. Pass one row, such as X[:1]."
            )
        measured = None
        if y is not None:
            measured = np.asarray(transfer.transform_target(y)).reshape(-1)
        axis = axis_of(y)
        if axis is None:
            axis = read_names(getattr(transfer, "target_names_in_", ()))
        places: Any = np.arange(lower.shape[1])
        if axis is not None and len(axis.values) == len(places):
            places = Axis(axis.values, axis.unit)
        return cls(
            places,
            lower[0],
            upper[0],
            inferred=transfer.inferred_,
            measured=measured,
            unit=unit,
        ).plot(ax)


def _with_halves(values: FloatArray) -> FloatArray:
    """Give values of channels, and those half way between neighbours."""
    half = np.arange(2 * len(values) - 1) / 2
    return np.interp(half, np.arange(len(values)), values)


def _runs(marked: BoolArray) -> list[tuple[int, int]]:
    """Give first channel, and the one after the last, of marked stretches."""
    steps = np.diff(np.concatenate([[0], marked.astype(int), [0]]))
    starts, stops = (np.flatnonzero(steps == step).tolist() for step in (1, -1))
    return list(zip(starts, stops, strict=True))


def _sides_of(
    transfer: Any, X: Any, y: Any, unit: str | None
) -> tuple[Any, Any, str | None]:
    """Give secondary and primary spectra of a pair, and the unit of predictions."""
    if not hasattr(X, "intensity_unit"):
        return X, y, unit
    if unit is None and unit_of_predictions(transfer.transfer_, "kept"):
        unit = X.intensity_unit
    return *X[:].as_frames(), unit


class ExpectedErrorDisplay:
    """Errors of spectra against those that were expected of them.

    Parameters
    ----------
    expected, true : array-like of shape (n_spectra,)
        Expected and true errors.
    name : str, default="Euclidean error"
        What they are.
    unit : str or None, default=None
        Their unit.

    Attributes
    ----------
    rank_correlation_ : float
        Spearman's, of both errors.
    ax_ : matplotlib.axes.Axes
        Axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        Their figure.

    See Also
    --------
    spectransfer.reliability.ConformalTransfer.expected_error : Tells what to expect.
    MapDisplay : Maps of both, by `from_values`.

    Examples
    --------
    >>> from spectransfer.plotting import ExpectedErrorDisplay
    >>> display = ExpectedErrorDisplay([1.0, 2.0, 3.0], [1.5, 1.0, 4.0]).plot()
    >>> round(float(display.rank_correlation_), 2)
    0.5
    """

    def __init__(
        self,
        expected: ArrayLike,
        true: ArrayLike,
        *,
        name: str = "Euclidean error",
        unit: str | None = None,
    ) -> None:
        self.expected, self.true = (np.asarray(e, np.float64) for e in (expected, true))
        self.name, self.unit = name, unit
        if self.expected.ndim != 1 or self.expected.shape != self.true.shape:
            raise ValueError(
                "expected and true must be errors of the same spectra, but their "
                f"shapes are {self.expected.shape} and {self.true.shape}. Pass one "
                "number of each for every spectrum."
            )

    def plot(self, ax: Any = None) -> "ExpectedErrorDisplay":
        """Draw a dot for each spectrum, and the line of equal errors.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.

        Returns
        -------
        ExpectedErrorDisplay
            Itself.
        """
        self.ax_ = axes_for(ax, (4.8, 3.8))
        self.figure_ = self.ax_.figure
        self.rank_correlation_ = float(spearmanr(self.expected, self.true)[0])
        label = f"rank correlation {self.rank_correlation_:.2f}"
        self.ax_.plot(self.expected, self.true, ".", ms=3, label=label)
        ends = [self.expected.min(), self.expected.max()]
        self.ax_.plot(ends, ends, color="0.35", ls="--", lw=1, label="as expected")
        if min(self.expected.min(), self.true.min()) > 0:
            self.ax_.set_xscale("log")
            self.ax_.set_yscale("log")
        self.ax_.set_xlabel(with_unit(f"expected {self.name}", self.unit))
        self.ax_.set_ylabel(with_unit(f"true {self.name}", self.unit))
        self.ax_.legend(frameon=False, fontsize="small")
        return self

    @classmethod
    def from_estimator(
        cls,
        transfer: Any,
        X: Any,
        y: Any = None,
        *,
        error: str = "euclidean",
        unit: str | None = None,
        ax: Any = None,
    ) -> "ExpectedErrorDisplay":
        """Predict spectra, and compare their errors with the expected ones.

        Parameters
        ----------
        transfer : ConformalTransfer
            Fitted.
        X : array-like of shape (n_spectra, n_secondary), or PairedSpectra
            Secondary spectra. A pair has the primary ones and the unit, too.
        y : array-like of shape (n_spectra, n_primary), default=None
            What the primary measured of the same spots.
        error : {"euclidean", "cosine"}, default="euclidean"
            Which error.
        unit : str or None, default=None
            Unit of the intensities; None takes that of a pair, unless predictions are
            in another.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.

        Returns
        -------
        ExpectedErrorDisplay
            The display, drawn.
        """
        X, y, unit = _sides_of(transfer, X, y, unit)
        measured, predicted = measured_and_predicted(transfer, X, y)
        expected = transfer.expected_error(X)[error]
        if error == "cosine":
            true = spectrum_cosine(measured, predicted)
            return cls(expected, true, name="cosine error").plot(ax)
        off = np.asarray(measured, np.float64) - predicted
        return cls(expected, np.linalg.norm(off, axis=1), unit=unit).plot(ax)
