"""The frame of a map: where its shots are, in millimetres or in shots."""

from typing import Any

from spectransfer.plotting._figure import axes_for

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
