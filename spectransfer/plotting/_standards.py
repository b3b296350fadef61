"""Errors against the number of shared standards, with what needs none of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from spectransfer._typing import ArrayLike, FloatArray
from spectransfer.plotting._figure import axes_for, with_whole_formulas

_BAND = (10, 90)
_LIMITS = {"untransferred": ":", "primary": "--"}


class StandardsCurveDisplay:
    """Errors of transfers against the number of shared standards.

    Lines are medians over draws, bands reach from the tenth to the ninetieth percentile
    of the draws. Untransferred spectra, and the primary itself where a property is
    shown, are horizontal lines: transfers are worth their standards between the two.

    Parameters
    ----------
    sizes : array-like of int of shape (n_sizes,)
        Numbers of standards.
    errors : mapping of str to array-like of shape (n_sizes, n_draws)
        Errors by transfer.
    limits : mapping of str to array-like of shape (n_draws,), default={}
        Errors of what needs no standards, by name; a transfer of that name is drawn in
        its place.
    label : str, default="RSE"
        What the errors are.

    Attributes
    ----------
    lines_ : dict of str to matplotlib.lines.Line2D
        Medians by transfer, and limits by name.
    ax_ : matplotlib.axes.Axes
        Axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        Their figure.

    See Also
    --------
    spectransfer.evaluation.standards_curve : Makes the numbers.

    Examples
    --------
    >>> from spectransfer.plotting import StandardsCurveDisplay
    >>> display = StandardsCurveDisplay([5, 10], {"ridge": [[0.4, 0.6], [0.1, 0.3]]})
    >>> display.plot().lines_["ridge"].get_ydata()
    array([0.5, 0.2])
    """

    def __init__(
        self,
        sizes: ArrayLike,
        errors: Mapping[str, ArrayLike],
        limits: Mapping[str, ArrayLike] | None = None,
        *,
        label: str = "RSE",
    ) -> None:
        self.sizes = np.asarray(sizes)
        self.errors = {name: _table(e, self.sizes) for name, e in errors.items()}
        self.limits = {
            name: np.asarray(found, dtype=np.float64)
            for name, found in (limits or {}).items()
        }
        self.label = label

    def plot(self, ax: Any = None) -> "StandardsCurveDisplay":
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.

        Returns
        -------
        StandardsCurveDisplay
            Itself.
        """
        self.ax_ = axes_for(ax, (6.4, 3.6))
        self.figure_ = self.ax_.figure
        self.lines_: dict[str, Any] = {}
        for name, errors in self.errors.items():
            medians = np.median(errors, axis=1)
            (line,) = self.ax_.plot(self.sizes, medians, ".-", lw=1.2, label=name)
            low, high = np.percentile(errors, _BAND, axis=1)
            color = line.get_color()
            self.ax_.fill_between(self.sizes, low, high, color=color, alpha=0.15, lw=0)
            self.lines_[name] = line
        for name, found in self.limits.items():
            if name in self.errors:
                continue
            self.lines_[name] = self.ax_.axhline(
                np.median(found),
                color="0.35",
                lw=1.0,
                ls=_LIMITS.get(name, "-."),
                label=name,
            )
        self.ax_.set_xscale("log")
        self.ax_.set_yscale("log")
        self.ax_.set_xticks(self.sizes, [str(k) for k in self.sizes])
        self.ax_.minorticks_off()
        self.ax_.set_xlabel("shared standards")
        self.ax_.set_ylabel(self.label)
        self.ax_.yaxis.set_major_formatter("{x:.3g}")
        self.ax_.yaxis.set_major_locator(_locator())
        # beside the curves, where the figure is ours and has room for it
        beside = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
        self.ax_.legend(
            title=self._legend_title(),
            frameon=False,
            fontsize="small",
            title_fontsize="small",
            **(beside if ax is None else {}),
        )
        with_whole_formulas(self.ax_)
        return self

    def _legend_title(self) -> str | None:
        """Say what lines and bands are, where there are draws for them."""
        if all(errors.shape[1] == 1 for errors in self.errors.values()):
            return None
        return f"median, and {_BAND[0]} to {_BAND[1]} % of draws"

    @classmethod
    def from_curve(
        cls, curve: Any, figure: str = "RSE", *, ax: Any = None
    ) -> "StandardsCurveDisplay":
        """Draw what `standards_curve` found.

        Parameters
        ----------
        curve : StandardsCurve
            Errors by number of standards.
        figure : str, default="RSE"
            Figure of merit: "RSE", or the name of a property.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.

        Returns
        -------
        StandardsCurveDisplay
            The display, drawn.
        """
        if figure not in curve.errors:
            raise ValueError(
                f"figure must be one of {', '.join(map(repr, curve.errors))}, but it "
                f"is {figure!r}."
            )
        return cls(
            curve.sizes,
            curve.errors[figure],
            curve.limits.get(figure, {}),
            label=figure if figure == "RSE" else f"RMSEP of {figure}",
        ).plot(ax)


def _table(errors: ArrayLike, sizes: Any) -> FloatArray:
    table = np.asarray(errors, dtype=np.float64)
    if table.ndim != 2 or len(table) != len(sizes):
        raise ValueError(
            f"errors must have a row for each of {len(sizes)} numbers of standards, "
            f"and a column for each draw, but their shape is {table.shape}."
        )
    return table


def _locator() -> Any:
    from matplotlib.ticker import LogLocator

    return LogLocator(subs=(1.0, 2.0, 5.0))
