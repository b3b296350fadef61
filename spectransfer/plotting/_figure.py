"""Axes to draw on, and colours that colour-blind readers tell apart.

Nothing here touches matplotlib's global settings, and nothing shows a figure.
"""

from typing import Any

from spectransfer._imports import need

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
