"""The frame of a map: where its shots are, in millimetres or in shots."""

from typing import Any

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


def size_of(
    shape: tuple[int, ...], step: tuple[float, float] | None
) -> tuple[float, float]:
    """Give width and height in inches for a map and a bar or a legend beside it."""
    left, right, bottom, top = extent_of(shape, step)
    aspect = (right - left) / (bottom - top)
    height = min(5.0, max(2.6, 6.0 / aspect))
    return min(8.0, height * aspect + 1.6), height


def label_places(ax: Any, step: tuple[float, float] | None) -> None:
    """Name both axes of a map."""
    unit = pitch_of(step)[2]
    ax.set_xlabel(f"x ({unit})")
    ax.set_ylabel(f"y ({unit})")
