"""What displays share: colours, axes, the frame of a map, the axis of spectra.

Colours are such that colour-blind readers tell them apart. Nothing here touches
matplotlib's global settings, and nothing shows a figure.
"""

from typing import Any

import numpy as np

from spectransfer._axis import Axis, check_axis
from spectransfer._axis import axis_of as named_axis
from spectransfer._imports import need
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer.metrics import target_in_prediction_space

need("matplotlib", "spectransfer.plotting", "spectransfer[plot]")

# Okabe and Ito, Color Universal Design, 2008: for curves. P. Tol, Colour Schemes (SRON
# technical note, 2021), "light": for areas, so that marks in black stand out. Both in
# an order in which the first few are farthest apart for colour-blind readers, too.
CURVES = ("#0072B2", "#D55E00", "#000000", "#56B4E9", "#CC79A7", "#E69F00", "#009E73")
AREAS = (
    "#77AADD",
    "#EE8866",
    "#DDDDDD",
    "#AAAA00",
    "#99DDFF",
    "#EEDD88",
    "#44BB99",
    "#FFAABB",
    "#BBCC33",
)
MISSING = "#EBEBEB"


def axes_for(ax: Any, size: tuple[float, float], *, layout: str = "constrained") -> Any:
    """Give the caller's axes, or those of a new figure of this size in inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    new = plt.subplots(figsize=size, layout=layout)[1]
    new.set_prop_cycle(color=CURVES)
    return new


def line_style(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Let what the caller gives, by full or short names, replace our defaults."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return defaults | normalize_kwargs(given, Line2D)


def area_colors(n: int) -> list[Any]:
    """Colours of n areas: by hue, or by lightness where there are more than hues."""
    if n <= len(AREAS):
        return list(AREAS[:n])
    from matplotlib import colormaps

    # the darkest fifth is left to what is marked in black
    return [colormaps["viridis"](0.2 + 0.8 * k / (n - 1)) for k in range(n)]


def with_unit(name: str, unit: str | None) -> str:
    """Write a figure with its unit, where it has one."""
    return f"{name} ({unit})" if unit else name


def with_whole_formulas(drawn: Any) -> None:
    """Have what begins like a formula and is none drawn as it is written.

    Parameters
    ----------
    drawn : matplotlib.figure.Figure or matplotlib.axes.Axes
        What is complete.
    """
    from matplotlib.mathtext import MathTextParser
    from matplotlib.text import Text

    parser = MathTextParser("path")
    for text in drawn.findobj(Text):
        if "$" not in text.get_text():
            continue
        try:
            parser.parse(text.get_text())
        except (ValueError, RuntimeError):
            text.set_parse_math(False)


_MM_PER_MICROMETRE = 1e-3


def pitch_of(step: tuple[float, float] | None) -> tuple[float, float, str]:
    """Give the distance of neighbouring shots, down and right, and its unit.

    Parameters
    ----------
    step : tuple of (down, right) or None
        Distance of neighbouring shots in micrometres; None counts shots.

    Returns
    -------
    down, right : float
        In mm, or 1 where the step is not known.
    unit : str
        "mm" or "shots".
    """
    if step is None:
        return 1.0, 1.0, "shots"
    return step[0] * _MM_PER_MICROMETRE, step[1] * _MM_PER_MICROMETRE, "mm"


def extent_of(
    shape: tuple[int, ...], step: tuple[float, float] | None
) -> tuple[float, float, float, float]:
    """Give the edges of an image whose first shot has its centre at 0, 0.

    Parameters
    ----------
    shape : tuple of (n_rows, n_columns)
        Shape of the map.
    step : tuple of (down, right) or None
        Distance of neighbouring shots in micrometres.

    Returns
    -------
    tuple of (left, right, bottom, top)
        In mm or in shots; rows count downwards, so that bottom is the larger.
    """
    down, right, _ = pitch_of(step)
    return (
        -0.5 * right,
        (shape[1] - 0.5) * right,
        (shape[0] - 0.5) * down,
        -0.5 * down,
    )


def image_layout(
    shape: tuple[int, ...], step: tuple[float, float] | None
) -> dict[str, Any]:
    """Give what `imshow` needs to lay a map out truly, row 0 at the top."""
    return {
        "extent": extent_of(shape, step),
        "origin": "upper",
        "aspect": "equal",
        "interpolation": "nearest",
    }


def map_axes(
    ax: Any,
    shape: tuple[int, ...],
    step: tuple[float, float] | None,
    *,
    beside: float,
) -> Any:
    """Give axes for a map, in a new figure that suits its shape where `ax` is None.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes of the caller.
    shape : tuple of (n_rows, n_columns)
        Shape of the map.
    step : tuple of (down, right) or None
        Distance of neighbouring shots in micrometres.
    beside : float
        Room for a colour bar or a legend, in inches.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with both of their names.
    """
    left, right, bottom, top = extent_of(shape, step)
    aspect = (right - left) / (bottom - top)
    height = min(4.4, max(1.6, 5.6 / aspect))
    width = min(5.6, max(1.6, height * aspect))
    # the layout for axes whose aspect is fixed
    drawn = axes_for(ax, (width + beside + 0.7, height + 0.6), layout="compressed")
    unit = pitch_of(step)[2]
    drawn.set_xlabel(f"x ({unit})")
    drawn.set_ylabel(f"y ({unit})")
    return drawn


def axis_of(
    wavelengths: ArrayLike | Axis | None, n_channels: int, *sources: Any
) -> Axis | None:
    """Find the axis of spectra; None for counted channels.

    Parameters
    ----------
    wavelengths : Axis, array-like of shape (n_channels,) or None
        Axis given by the user. None looks at the column names of `sources`.
    n_channels : int
        Number of channels that are drawn.
    *sources : array-like
        Spectra, perhaps data frames.

    Returns
    -------
    Axis or None
        The axis that was given, or that of the first source that has one of this
        length.
    """
    if wavelengths is not None:
        return check_axis(wavelengths, n_channels)
    for source in sources:
        found = named_axis(source)
        if found is not None and len(found.values) == n_channels:
            return check_axis(found.values, unit=found.unit)
    return None


def places(axis: Axis | None, n_channels: int) -> FloatArray:
    """Give what spectra are drawn over: an axis, or the numbers of channels."""
    return np.arange(n_channels, dtype=np.float64) if axis is None else axis.values


def axis_label(axis: Axis | None) -> str:
    """Write what stands under a spectrum."""
    return "channel" if axis is None else axis.label


def measured_and_predicted(
    estimator: Any, X: ArrayLike, y: ArrayLike
) -> tuple[Any, np.ndarray]:
    """Predict, and bring what was measured to the space of the predictions."""
    # All at once: a pipeline that scales by batch would see blocks as batches.
    predicted = np.asarray(estimator.predict(X))
    return target_in_prediction_space(estimator, y), predicted
