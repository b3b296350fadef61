"""Labels for emission lines, side by side above the spectrum.

Lines crowd (aluminium and calcium share four within 4 nm), so labels keep a distance
and each is tied to its peak by a thin line. Moving them as little as possible, in
least squares, with a distance d between neighbours, is an isotonic regression of the
places less 0, d, 2 d, ...
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.isotonic import isotonic_regression

from spectransfer._typing import ArrayLike, FloatArray
from spectransfer.exceptions import WavelengthError

# Standard air, nm (NIST Atomic Spectra Database, doi:10.18434/T4W30F).
LIBS_LINES: dict[float, str] = {
    251.6113: "Si I",
    257.6104: "Mn II",
    263.1281: "Si I",
    279.5528: "Mg II",
    280.2705: "Mg II",
    285.2126: "Mg I",
    288.1578: "Si I",
    308.2151: "Al I",
    309.2708: "Al I",
    313.0422: "Be II",
    317.9331: "Ca II",
    323.2657: "Li I",
    330.2369: "Na I",
    334.9402: "Ti II",
    371.9934: "Fe I",
    390.5523: "Si I",
    393.3663: "Ca II",
    394.4006: "Al I",
    396.1520: "Al I",
    396.8468: "Ca II",
    404.4142: "K I",
}
_FONT_SIZE = 7.0
_PEAK_HALF_WIDTH = 0.2  # nm
_SURROUNDINGS = 2.0  # nm
_LEAST_HEIGHT = 0.02  # of the whole spectrum


def lines_to_label(
    lines: Mapping[float, str] | str | None,
    curves: Sequence[tuple[FloatArray, FloatArray]],
    unit: str | None = None,
) -> dict[float, str]:
    """Choose the lines that lie on the axis; of the built-in ones, those to be seen.

    Parameters
    ----------
    lines : mapping of float to str, "libs" or None
        Places on the axis and what to call them. All of a mapping are labelled, and of
        the built-in table those that stand out from one curve or another.
    curves : sequence of (wavelengths, intensities)
        What is drawn.
    unit : str or None, default=None
        Unit of the axis, where it is known.

    Returns
    -------
    dict of float to str
        Lines in the order of their wavelengths.
    """
    if lines is None:
        return {}
    if isinstance(lines, str) and lines != "libs":
        raise ValueError(
            'lines must be a mapping from wavelength to label, "libs" for the built-in '
            f"table, or None, but it is {lines!r}. Write for example "
            '{288.158: "Si I"}.'
        )
    built_in = isinstance(lines, str)
    if built_in and unit not in (None, "nm"):
        raise WavelengthError(
            f"The built-in lines are wavelengths in nm, but the axis is in {unit}. "
            "Give lines as a mapping from places on the axis to labels, or None."
        )
    table: Mapping[float, str] = LIBS_LINES if isinstance(lines, str) else lines
    return {
        line: table[line]
        for line in sorted(table)
        if any(
            axis[0] <= line <= axis[-1]
            and (not built_in or _stands_out(line, axis, spectrum))
            for axis, spectrum in curves
        )
    }


def _stands_out(line: float, axis: FloatArray, spectrum: FloatArray) -> bool:
    distance = np.abs(axis - line)
    height = peak_near(line, axis, spectrum) - np.median(
        spectrum[distance <= max(_SURROUNDINGS, distance.min())]
    )
    return bool(height > _LEAST_HEIGHT * np.ptp(spectrum))


def peak_near(line: float, axis: FloatArray, spectrum: FloatArray) -> float:
    """Highest intensity within 0.2 nm, or that of the next channel."""
    distance = np.abs(axis - line)
    return float(spectrum[distance <= max(_PEAK_HALF_WIDTH, distance.min())].max())


def spread_places(places: ArrayLike, gap: float, low: float, high: float) -> FloatArray:
    """Move places apart to a distance of at least `gap`, and as little as possible.

    Parameters
    ----------
    places : array-like of shape (n_places,)
        Places that increase.
    gap : float
        Least distance; where all do not fit, they share the room evenly.
    low, high : float
        Room for the places.

    Returns
    -------
    ndarray of shape (n_places,)
        New places, in the same order.

    Examples
    --------
    >>> from spectransfer.plotting._lines import spread_places
    >>> spread_places([1.0, 4.0, 4.2], gap=1.0, low=0.0, high=10.0)
    array([1. , 3.6, 4.6])
    """
    wanted = np.asarray(places, dtype=np.float64)
    if len(wanted) == 0:
        return wanted
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    room = gap * np.arange(len(wanted))
    moved = isotonic_regression(wanted - room, y_min=low, y_max=high - room[-1])
    return np.asarray(moved, dtype=np.float64) + room


def label_lines(
    ax: Any, curves: Sequence[tuple[FloatArray, FloatArray]], table: Mapping[float, str]
) -> list[Any]:
    """Write the labels above all that the axes show, and make room for them.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes on which the curves are drawn already.
    curves : sequence of (wavelengths, intensities)
        The curves as they were drawn; a label points at the highest of them.
    table : mapping of float to str
        Lines, in increasing order, and their names.

    Returns
    -------
    list of matplotlib.text.Annotation
        One for each line.
    """
    texts = [f"{name} {line:.2f}" for line, name in table.items()]
    if not texts:
        return []
    low, high = ax.get_xlim()
    box, points = ax.get_window_extent(), ax.figure.dpi / 72
    letter = _FONT_SIZE * points
    gap = 1.35 * letter * (high - low) / box.width
    bottom, data_top = ax.get_ylim()[0], ax.dataLim.ymax
    base = data_top + 0.07 * (data_top - bottom)
    share = min(0.5, 0.02 + 0.52 * letter * max(map(len, texts)) / box.height)
    ax.set_ylim(bottom, (base - share * bottom) / (1 - share))
    tips = [
        max(peak_near(line, *curve) for curve in curves if _covers(curve[0], line))
        for line in table
    ]
    places = spread_places(list(table), gap, low + gap / 2, high - gap / 2)
    return [
        ax.annotate(
            text,
            xy=(line, tip),
            xytext=(place, base),
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=_FONT_SIZE,
            arrowprops={
                "arrowstyle": "-",
                "color": "0.6",
                "linewidth": 0.5,
                "shrinkA": 0,
                "shrinkB": 2,
                "relpos": (0.5, 0),
            },
        )
        for text, line, tip, place in zip(texts, table, tips, places, strict=True)
    ]


def _covers(axis: FloatArray, line: float) -> bool:
    return bool(axis[0] <= line <= axis[-1])
