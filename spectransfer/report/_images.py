"""Figures of matplotlib as files and as parts of a page."""

import base64
import io
from dataclasses import dataclass
from html import escape
from typing import Any

from spectransfer._imports import need

_CSS_PIXELS_PER_INCH = 96


@dataclass(frozen=True)
class Image:
    """One picture: what it shows in words, its pixels, and its lines as vectors."""

    name: str
    alt: str
    png: bytes
    pdf: bytes | None
    width: int
    height: int
    natural_width: int

    def html(self) -> str:
        """Give the picture as an element that brings its own pixels."""
        pixels = base64.b64encode(self.png).decode("ascii")
        return (
            f'<img alt="{escape(self.alt)}" width="{self.width}" '
            f'height="{self.height}" style="--natural: {self.natural_width}px" '
            f'src="data:image/png;base64,{pixels}">'
        )


def draw(figure: Any, name: str, alt: str, *, dpi: int, vector: bool) -> Image:
    """Draw a figure, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    name : str
        Name of its files, without ending.
    alt : str
        What it shows, in words.
    dpi : int
        Pixels per inch.
    vector : bool
        Whether to make a PDF, too.

    Returns
    -------
    Image
        The same bytes for the same figure, whenever it is drawn.
    """
    need("matplotlib", "A figure in a report", "spectransfer[plot]")
    import matplotlib.pyplot as plt

    inches = figure.get_size_inches()
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi, metadata={"Software": None})
    lines = io.BytesIO()
    if vector:
        # everything has its place by now
        figure.set_layout_engine("none")
        # maps are pixels anyway, and clouds of points are drawn as such
        dates = {"CreationDate": None, "Producer": None, "Creator": None}
        figure.savefig(lines, format="pdf", dpi=dpi, metadata=dates)
    plt.close(figure)
    return Image(
        name,
        alt,
        drawn.getvalue(),
        lines.getvalue() if vector else None,
        round(inches[0] * dpi),
        round(inches[1] * dpi),
        round(1.15 * inches[0] * _CSS_PIXELS_PER_INCH),
    )
