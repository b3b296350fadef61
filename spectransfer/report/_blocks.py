"""What a page is made of: headings, text, tables, figures and their pictures."""

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from spectransfer._imports import need
from spectransfer._tables import TextTable, figcaption

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

    from spectransfer.plotting import with_whole_formulas

    with_whole_formulas(figure)
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


@dataclass(frozen=True)
class Heading:
    """A heading, with the anchor that contents lead to."""

    level: int
    title: str
    anchor: str

    def html(self) -> str:
        """Give the heading as an element."""
        return f'<h{self.level} id="{self.anchor}">{escape(self.title)}</h{self.level}>'


@dataclass(frozen=True)
class Text:
    """Paragraphs, divided by empty lines; lines that begin with "- " are a list."""

    text: str

    def html(self) -> str:
        """Give the paragraphs as elements."""
        return "\n".join(map(_paragraph, re.split(r"\n\s*\n", self.text.strip())))


def _paragraph(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines()]
    if not all(line.startswith("- ") for line in lines):
        return f"<p>{escape(' '.join(lines))}</p>"
    entries = "".join(f"<li>{escape(line[2:])}</li>" for line in lines)
    return f"<ul>{entries}</ul>"


@dataclass(frozen=True)
class Table:
    """A table of text cells, and its files; `csv` replaces what is printed."""

    name: str
    cells: TextTable
    caption: str
    label: str = ""
    note: str = ""
    csv: str | None = None

    def html(self) -> str:
        """Give the table as an element."""
        notes = [self.note] if self.note else []
        return self.cells.html(self.caption, self.label, notes)

    def files(self) -> dict[str, bytes]:
        """Give the table as CSV, Markdown and LaTeX, by the names of the files."""
        written = {
            "csv": self.cells.csv() if self.csv is None else self.csv,
            "md": self.cells.markdown(),
            "tex": self.cells.latex(self.caption),
        }
        return {
            f"tables/{self.name}.{ending}": text.encode("utf-8")
            for ending, text in written.items()
        }


@dataclass(frozen=True)
class Figure:
    """One picture or several, side by side where there is room, with a caption."""

    images: Sequence[Image]
    caption: str
    label: str = ""
    stacked: bool = False

    def html(self) -> str:
        """Give the pictures as one element."""
        kind = "single" if self.stacked or len(self.images) == 1 else "panels"
        images = "\n".join(image.html() for image in self.images)
        return (
            f'<figure><div class="{kind}">{images}</div>'
            f"{figcaption(self.label, self.caption)}</figure>"
        )

    def files(self) -> dict[str, bytes]:
        """Give the pictures by the names of their files."""
        found = {}
        for image in self.images:
            found[f"figures/{image.name}.png"] = image.png
            if image.pdf is not None:
                found[f"figures/{image.name}.pdf"] = image.pdf
        return found
