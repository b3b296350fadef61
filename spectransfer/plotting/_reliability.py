"""Which spectra to trust: bands, expected against true errors, T2 against Q."""

from typing import Any

import numpy as np
from scipy.stats import spearmanr

from spectransfer._axis import Axis, axis_of
from spectransfer._typing import ArrayLike
from spectransfer._wrapping import unit_of_predictions
from spectransfer.metrics import spectrum_cosine
from spectransfer.plotting._figure import (
    axes_for,
    measured_and_predicted,
    with_unit,
    with_whole_formulas,
)


class BandDisplay:
    """A predicted spectrum with its band; inferred channels have a shade of their own.

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
        self.places = np.asarray(places, dtype=np.float64)
        self.lower, self.upper = (np.asarray(b, np.float64) for b in (lower, upper))
        none = np.zeros(len(self.places), dtype=bool)
        self.inferred = none if inferred is None else np.asarray(inferred, dtype=bool)
        self.measured = None if measured is None else np.asarray(measured)
        if not self.places.shape == self.lower.shape == self.upper.shape:
            raise ValueError(
                "places, lower and upper must be those of one spectrum, but their "
                f"shapes are {self.places.shape}, {self.lower.shape} and "
                f"{self.upper.shape}. Pass one row of a band."
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
            kinds["band, inferred"] = (self.inferred, "#E69F00")
        self.bands_ = [
            self.ax_.fill_between(
                self.places,
                self.lower,
                self.upper,
                where=where,
                color=color,
                alpha=0.3,
                lw=0,
                label=label,
            )
            for label, (where, color) in kinds.items()
        ]
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
            What the primary measured; a data frame tells the axis.
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
        lower, upper = transfer.predict_interval(X, coverage, simultaneous=simultaneous)
        measured = None if y is None else np.asarray(transfer.transform_target(y))[0]
        axis = None if y is None else axis_of(y)
        places: Any = np.arange(lower.shape[1])
        if axis is not None:
            places = Axis(axis.values, axis.unit)
        return cls(
            places,
            lower[0],
            upper[0],
            inferred=transfer.inferred_,
            measured=measured,
            unit=unit,
        ).plot(ax)


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


class T2QDisplay:
    """Hotelling's T2 against Q, with the limits beyond which spectra are flagged.

    Parameters
    ----------
    judgement : Judgement
        What `ApplicabilityDomain.judge` found.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        Their figure.

    See Also
    --------
    MapDisplay : Maps of flags and of expected errors, by `from_values`.

    Examples
    --------
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.plotting import T2QDisplay
    >>> from spectransfer.reliability import ApplicabilityDomain
    >>> spectra = make_instrument_pair(n_spectra=60, random_state=0).X_secondary
    >>> domain = ApplicabilityDomain().fit(spectra)
    >>> T2QDisplay(domain.judge(spectra)).plot().ax_.get_xscale()
    'log'
    """

    def __init__(self, judgement: Any) -> None:
        self.judgement = judgement

    def plot(self, ax: Any = None) -> "T2QDisplay":
        """Draw all spectra, and the limits.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.

        Returns
        -------
        T2QDisplay
            Itself.
        """
        self.ax_ = axes_for(ax, (4.8, 3.8))
        self.figure_ = self.ax_.figure
        t2, q = (self.judgement.statistics[name] for name in ("T2", "Q"))
        for label, rows, mark in (
            ("usual", ~self.judgement.flagged, "."),
            ("flagged", self.judgement.flagged, "x"),
        ):
            self.ax_.plot(t2[rows], q[rows], mark, ms=4, label=label)
        self.ax_.axvline(self.judgement.limits["T2"], color="0.35", ls="--", lw=1)
        self.ax_.axhline(self.judgement.limits["Q"], color="0.35", ls="--", lw=1)
        self.ax_.set_xscale("log")
        self.ax_.set_yscale("log")
        self.ax_.set_xlabel("T2")
        self.ax_.set_ylabel("Q")
        self.ax_.legend(frameon=False, fontsize="small")
        return self
