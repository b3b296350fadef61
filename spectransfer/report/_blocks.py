"""What a page is made of: headings, text, tables, figures."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from spectransfer._tables import as_csv, as_latex, as_markdown
from spectransfer.report._images import Image

# a cell that is longer may be broken into lines
_LONG = 48


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
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str
    label: str = ""
    n_left: int = 1
    marked: frozenset[int] = frozenset()
    note: str = ""
    csv: str | None = None

    def html(self) -> str:
        """Give the table in a box of its own, which scrolls where it is too wide."""
        head = "".join(
            f'<th scope="col"{self._side(i)}>{escape(cell)}</th>'
            for i, cell in enumerate(self.header)
        )
        body = "\n".join(self._row(i, cells) for i, cells in enumerate(self.rows))
        told = f"{self.label}: {self.caption}" if self.label else self.caption
        note = f'<p class="note">{escape(self.note)}</p>' if self.note else ""
        return (
            f'<figure class="table">{_caption(self.label, self.caption)}'
            f'<div class="scroll" role="region" tabindex="0" '
            f'aria-label="{escape(told)}">'
            f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"
            f"</div>{note}</figure>"
        )

    def _side(self, column: int, more: str = "") -> str:
        return _class(("left " if column < self.n_left else "") + more)

    def _row(self, number: int, cells: Sequence[str]) -> str:
        first = f'<th scope="row"{self._side(0)}>{escape(cells[0])}</th>'
        others = "".join(
            f"<td{self._side(i, 'long' if len(cell) > _LONG else '')}>"
            f"{escape(cell)}</td>"
            for i, cell in enumerate(cells[1:], start=1)
        )
        again = number > 0 and self.rows[number - 1][0] == cells[0]
        kinds = {"marked": number in self.marked, "again": again}
        names = " ".join(name for name, holds in kinds.items() if holds)
        return f"<tr{_class(names)}>{first}{others}</tr>"

    def files(self) -> dict[str, bytes]:
        """Give the table as CSV, Markdown and LaTeX, by the names of the files."""
        csv = as_csv(self.header, self.rows) if self.csv is None else self.csv
        latex = as_latex(self.header, self.rows, self.n_left, self.caption)
        written = {
            "csv": csv,
            "md": as_markdown(self.header, self.rows, self.n_left),
            "tex": latex,
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
            f"{_caption(self.label, self.caption)}</figure>"
        )

    def files(self) -> dict[str, bytes]:
        """Give the pictures by the names of their files."""
        found = {}
        for image in self.images:
            found[f"figures/{image.name}.png"] = image.png
            if image.pdf is not None:
                found[f"figures/{image.name}.pdf"] = image.pdf
        return found


def _class(names: str) -> str:
    return f' class="{names.strip()}"' if names.strip() else ""


def _caption(label: str, caption: str) -> str:
    shown = f"<b>{escape(label)}.</b> " if label else ""
    return f"<figcaption>{shown}{escape(caption)}</figcaption>"
