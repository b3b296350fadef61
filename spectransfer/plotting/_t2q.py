"""Which spectra are flagged: T2 against Q."""

from typing import Any

import numpy as np

from spectransfer._typing import FloatArray
from spectransfer.plotting._figure import axes_for


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
        shown = [self._positive(name) for name in ("T2", "Q")]
        flagged = np.asarray(self.judgement.flagged, dtype=bool)
        for label, rows, mark in (("usual", ~flagged, "."), ("flagged", flagged, "x")):
            self.ax_.plot(*(s[rows] for s in shown), mark, ms=4, label=label)
        limits = [self.judgement.limits[name] for name in ("T2", "Q")]
        self.ax_.axvline(limits[0], color="0.35", ls="--", lw=1)
        self.ax_.axhline(limits[1], color="0.35", ls="--", lw=1)
        inside = flagged & (shown[0] <= limits[0]) & (shown[1] <= limits[1])
        if inside.any():
            reasons = np.asarray(self.judgement.reason)[inside]
            label = f"flagged by {', '.join(np.unique(reasons))}"
            self.ax_.plot(
                *(s[inside] for s in shown), "o", ms=7, mfc="none", label=label
            )
        self.ax_.set_xscale("log")
        self.ax_.set_yscale("log")
        self.ax_.set_xlabel("T2")
        self.ax_.set_ylabel("Q")
        for axis in (self.ax_.xaxis, self.ax_.yaxis):
            _few_ticks(axis)
        self.ax_.legend(frameon=False, fontsize="small")
        return self

    def _positive(self, name: str) -> FloatArray:
        """Give a statistic as a log axis can show it: 0 is drawn at the lower edge."""
        values = np.asarray(self.judgement.statistics[name], dtype=np.float64)
        known = np.append(values[values > 0], self.judgement.limits[name])
        return np.maximum(values, known.min() / 10)


def _few_ticks(axis: Any) -> None:
    """Label a log axis with so few numbers that they do not run into another."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, NullLocator

    low, high = axis.get_view_interval()
    if high < 30 * low:  # powers of ten alone would be one or none
        axis.set_major_locator(MaxNLocator(4))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(NullLocator())
    else:
        axis.set_major_locator(LogLocator(numticks=5))
        axis.set_minor_formatter(NullFormatter())
