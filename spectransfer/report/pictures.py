"""The figures of a report, from numbers that fit into memory.

Each function gives a figure, or several by name, for `Report.figure`. They draw with
the displays of `spectransfer.plotting`, from what `evaluate_transfers` (errors of each
spectrum) and `summarize_transfer` leave of a transferred map.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spectransfer._axis import Axis
from spectransfer._typing import ArrayLike
from spectransfer.evaluation import SpectrumErrors, StandardsCurve, TransferredMap
from spectransfer.plotting import (
    CURVES,
    ClusterMapDisplay,
    ErrorSpectrumDisplay,
    LearningCurveDisplay,
    MapDisplay,
    SpectraDisplay,
    StandardsCurveDisplay,
    curves_of,
)
from spectransfer.spectra import PairedMaps, SpectraPair

Lines = Mapping[float, str] | str | None

__all__ = [
    "draw_cluster_map",
    "draw_emissivity",
    "draw_error_maps",
    "draw_errors_over_wavelength",
    "draw_instruments",
    "draw_mean_spectra",
    "draw_spot",
    "draw_standards_curve",
    "draw_trainings",
    "spectrum_axes",
]


def draw_instruments(
    maps: PairedMaps | SpectraPair, *, lines: Lines = None
) -> dict[str, Any]:
    """Draw mean spectra of both instruments, as in the paper's figure 2.

    Parameters
    ----------
    maps : PairedMaps or SpectraPair
        Spectra of both instruments.
    lines : mapping of float to str, "libs" or None, default=None
        Emission lines to label.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        "primary" and "secondary", over one range where they have one unit.
    """
    axes = {"primary": maps.axis_primary, "secondary": maps.axis_secondary}
    ends = [(axis.values[0], axis.values[-1]) for axis in axes.values()]
    low, high = min(first for first, _ in ends), max(last for _, last in ends)
    one_unit = maps.units[0] == maps.units[1]
    drawn = {}
    for (side, axis), color in zip(axes.items(), CURVES, strict=False):
        ax = spectrum_axes()
        if one_unit:
            # an invisible curve, so that both instruments have one axis
            ax.plot([low, high], [np.nan, np.nan])
        built_in = lines == "libs" and axis.unit not in (None, "nm")
        SpectraDisplay.from_maps(
            maps, sides=side, lines=None if built_in else lines, ax=ax, color=color
        )
        ax.set_title(f"{side} spectrometer", loc="left", fontsize="medium")
        drawn[side] = ax.figure
    return drawn


def spectrum_axes() -> Any:
    """Give axes for spectra whose letters can be read on a phone.

    Returns
    -------
    matplotlib.axes.Axes
        In a new figure.
    """
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(6.8, 3.1), layout="constrained")[1]


def draw_mean_spectra(
    summary: TransferredMap,
    wavelengths: ArrayLike | Axis | None,
    *,
    lines: Lines = None,
    unit: str | None = None,
) -> Any:
    """Draw the means of measured and predicted spectra, as in the paper's figure B.21.

    Parameters
    ----------
    summary : TransferredMap
        What `summarize_transfer` gives.
    wavelengths : Axis, array-like of shape (n_channels,) or None
        Axis of the primary instrument; None counts channels.
    lines : mapping of float to str, "libs" or None, default=None
        Emission lines to label.
    unit : str or None, default=None
        Unit of the intensities.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    both = {"measured": summary.mean_measured, "predicted": summary.mean_predicted}
    return SpectraDisplay.from_spectra(
        both, wavelengths, lines=lines, unit=unit, ax=spectrum_axes()
    ).figure_


def draw_spot(
    summary: TransferredMap,
    spot: int,
    wavelengths: ArrayLike | Axis | None,
    *,
    lines: Lines = None,
    unit: str | None = None,
) -> Any:
    """Draw measured and predicted spectrum of one spot, as in figures 7 to 9.

    Parameters
    ----------
    summary : TransferredMap
        What `summarize_transfer` gives, with this spot among its `spots`.
    spot : int
        Number of the spot in the order of measurement.
    wavelengths : Axis, array-like of shape (n_channels,) or None
        Axis of the primary instrument; None counts channels.
    lines : mapping of float to str, "libs" or None, default=None
        Emission lines to label.
    unit : str or None, default=None
        Unit of the intensities.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    both = summary.spots[spot]._asdict()
    return SpectraDisplay.from_spectra(
        both, wavelengths, lines=lines, unit=unit, ax=spectrum_axes()
    ).figure_


def draw_errors_over_wavelength(
    summaries: Mapping[str, TransferredMap],
    wavelengths: ArrayLike | Axis | None,
    *,
    unit: str | None = None,
) -> dict[str, Any]:
    """Draw the error of several transfers over wavelength.

    Parameters
    ----------
    summaries : mapping of str to TransferredMap
        What `summarize_transfer` gives, by the names of the transfers.
    wavelengths : Axis, array-like of shape (n_channels,) or None
        Axis of the primary instrument; None counts channels.
    unit : str or None, default=None
        Unit of the intensities.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        Errors "in counts" (or another unit; "absolute" where none is known), and
        "relative to the spread" of the measured spectra.
    """
    drawn = {}
    absolute = "absolute" if unit is None else f"in {unit}"
    for name, relative in ((absolute, False), ("relative to the spread", True)):
        ax = spectrum_axes()
        for k, (transfer, summary) in enumerate(summaries.items()):
            ErrorSpectrumDisplay(
                summary.rmse,
                wavelengths,
                spread=summary.spread,
                name=transfer,
                unit=unit,
            ).plot(ax, relative=relative, color=CURVES[k % len(CURVES)])
        drawn[name] = ax.figure
    return drawn


def draw_emissivity(
    maps: PairedMaps,
    summary: TransferredMap,
    *,
    spots: Sequence[tuple[int, int]] = (),
) -> dict[str, Any]:
    """Draw total emissivity as measured and as predicted, as in figure 5.

    Parameters
    ----------
    maps : PairedMaps
        The map that was transferred.
    summary : TransferredMap
        What `summarize_transfer` gives for it.
    spots : sequence of (row, column), default=()
        Shots to mark by circles.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        "measured" and "predicted", in the same colours.
    """
    totals = {"measured": summary.total_measured, "predicted": summary.total_predicted}
    named: dict[str, Any] = {"name": "total emissivity", "unit": maps.intensity_unit}
    limits: dict[str, Any] = {}
    drawn = {}
    for name, values in totals.items():
        display = MapDisplay(maps.image(values), step=maps.step, **named)
        limits = limits or dict(zip(("vmin", "vmax"), display.limits, strict=True))
        display.plot(spots=spots, **limits)
        display.ax_.set_title(name, loc="left", fontsize="medium")
        drawn[name] = display.figure_
    return drawn


def draw_error_maps(maps: PairedMaps, errors: SpectrumErrors) -> dict[str, Any]:
    """Draw where a transfer errs, as in figure 6.

    Parameters
    ----------
    maps : PairedMaps
        The map that was transferred.
    errors : SpectrumErrors
        Errors of each spectrum, `TransferTable.errors_of`.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        "Euclidean distance" and "cosine distance".
    """
    unit = maps.intensity_unit
    return {
        "Euclidean distance": MapDisplay.from_values(
            maps, errors.euclidean, name="Euclidean distance", unit=unit
        ).figure_,
        "cosine distance": MapDisplay.from_values(
            maps, errors.cosine, name="cosine distance"
        ).figure_,
    }


def draw_cluster_map(maps: PairedMaps, errors: SpectrumErrors) -> Any:
    """Draw clusters of measured spectra, and where predicted ones differ (figure 10).

    Parameters
    ----------
    maps : PairedMaps
        The map that was transferred.
    errors : SpectrumErrors
        Clusters of each spectrum, `TransferTable.errors_of`.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    return ClusterMapDisplay.from_maps(
        maps, errors.measured_cluster, errors.predicted_cluster
    ).figure_


def draw_trainings(transfers: Mapping[str, Any]) -> dict[str, Any]:
    """Draw learning curves of every transfer that has networks in it.

    Parameters
    ----------
    transfers : mapping of str to estimator
        Fitted transfers by their names.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        By the names of those that hold a network.
    """
    drawn = {}
    for name, fitted in transfers.items():
        curves = curves_of(fitted)
        if curves:
            display = LearningCurveDisplay(curves).plot()
            # above the legend, which takes as many lines as it needs
            display.figure_.suptitle(name, x=0.02, ha="left", fontsize="medium")
            drawn[name] = display.figure_
    return drawn


def draw_standards_curve(curve: StandardsCurve) -> dict[str, Any]:
    """Draw errors against the number of shared standards.

    Parameters
    ----------
    curve : StandardsCurve
        What `standards_curve` found.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        By figure of merit.
    """
    return {
        figure: StandardsCurveDisplay.from_curve(curve, figure).figure_
        for figure in curve.errors
    }
