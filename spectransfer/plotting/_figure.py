"""Axes to draw on, and colours that colour-blind readers tell apart.

Nothing here touches matplotlib's global settings, and nothing shows a figure.
"""

from typing import Any

from spectransfer.datasets._optional import need

need("matplotlib", "spectransfer.plotting", "spectransfer[plot]")

# Okabe and Ito, Color Universal Design, 2008: for curves
CURVES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# P. Tol, Colour Schemes (SRON technical note, 2021), "light": for areas under black.
# In this order neighbours in the list are farthest apart.
AREAS = (
    "#77AADD",
    "#EEDD88",
    "#EE8866",
    "#44BB99",
    "#FFAABB",
    "#AAAA00",
    "#99DDFF",
    "#DDDDDD",
    "#BBCC33",
)
MISSING = "#EBEBEB"


def axes_for(ax: Any, size: tuple[float, float]) -> Any:
    """Give the caller's axes, or those of a new figure of this size in inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


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
