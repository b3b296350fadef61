"""The one writer of tables: text cells as plain text, Markdown, LaTeX, HTML and CSV."""

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from spectransfer._files import written_beside

# a cell that is longer may be broken into lines
_LONG = 48

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "\n": " ",
    }
)
_MARKDOWN = str.maketrans({c: "\\" + c for c in "\\`*_[]<>|#"} | {"\n": " "})


@dataclass(frozen=True)
class TextTable:
    """Text cells under a header, as they are printed.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : sequence of sequence of str
        Cells; the first of each row names it.
    n_left : int, default=1
        Number of columns that hold text; others are set as numbers, to the right.
    marked : frozenset of int, default=frozenset()
        Rows, counted from 0, that a page sets off.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    n_left: int = 1
    marked: frozenset[int] = frozenset()

    def text(self, *, rule: bool = True) -> str:
        """Align cells, with or without a rule under the header."""
        columns = list(zip(self.header, *self.rows, strict=True))
        widths = [max(len(cell) for cell in column) for column in columns]

        def line(cells: Sequence[str]) -> str:
            aligned = (
                cell.ljust(width) if i < self.n_left else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
            )
            return "  ".join(aligned).rstrip()

        ruled = ["  ".join("-" * width for width in widths)] if rule else []
        return "\n".join([line(self.header), *ruled, *map(line, self.rows)])

    def csv(self) -> str:
        """Write the cells as comma-separated values."""
        return as_csv(self.header, self.rows)

    def markdown(self) -> str:
        """Write the table in GitHub's dialect of Markdown."""
        marks = [":--" if i < self.n_left else "--:" for i in range(len(self.header))]
        lines = [
            [cell.translate(_MARKDOWN) for cell in cells]
            for cells in (self.header, *self.rows)
        ]
        lines.insert(1, marks)
        return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"

    def latex(self, caption: str | None = None, label: str | None = None) -> str:
        """Write a `tabular` that needs no package, in a `table` where it has a caption.

        Parameters
        ----------
        caption, label : str, default=None
            With one of them, the tabular floats. The caption is escaped, the label,
            which LaTeX does not set, is not.

        Returns
        -------
        str
            LaTeX.
        """
        layout = "l" * self.n_left + "r" * (len(self.header) - self.n_left)
        head, *body = (
            " & ".join(map(_latex_cell, cells)) + r" \\"
            for cells in (self.header, *self.rows)
        )
        lines = [rf"\begin{{tabular}}{{{layout}}}", r"\hline", head, r"\hline"]
        lines += [*body, r"\hline", r"\end{tabular}"]
        if caption is not None or label is not None:
            around = [r"\begin{table}", r"\centering"]
            if caption is not None:
                around.append(rf"\caption{{{caption.translate(_LATEX)}}}")
            if label is not None:
                around.append(rf"\label{{{label}}}")
            lines = [*around, *lines, r"\end{table}"]
        return "\n".join(lines) + "\n"

    def html(
        self, caption: str = "", label: str = "", notes: Sequence[str] = ()
    ) -> str:
        """Write a table in a box of its own, which scrolls where it is too wide.

        What makes it legible stands in the elements, so that it needs no style sheet,
        as in a notebook; classes are for a page that has one.

        Parameters
        ----------
        caption, label : str, default=""
            What the table shows, and what it is called, such as "Table 1".
        notes : sequence of str, default=()
            What stands below it, a paragraph each.

        Returns
        -------
        str
            A `figure` element.
        """
        told = f"{label}: {caption}" if label else caption
        head = "".join(
            f'<th scope="col"{_side(i, self.n_left)}>{escape(cell)}</th>'
            for i, cell in enumerate(self.header)
        )
        body = "\n".join(self._html_row(i) for i in range(len(self.rows)))
        below = "".join(
            f'<p class="note"><small>{escape(note)}</small></p>' for note in notes
        )
        return (
            f'<figure class="table">{figcaption(label, caption)}'
            '<div class="scroll" style="overflow-x: auto" role="region" tabindex="0" '
            f'aria-label="{escape(told or "table")}">'
            f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"
            f"</div>{below}</figure>"
        )

    def _html_row(self, number: int) -> str:
        name, *cells = self.rows[number]
        inner = f'<th scope="row"{_side(0, self.n_left)}>{escape(name)}</th>'
        for i, cell in enumerate(cells, start=1):
            long = ' class="long"' if len(cell) > _LONG else ""
            inner += f"<td{long}{_side(i, self.n_left)}>{escape(cell)}</td>"
        again = number > 0 and self.rows[number - 1][0] == name
        kinds = {"marked": number in self.marked, "again": again}
        names = " ".join(kind for kind, holds in kinds.items() if holds)
        return f'<tr class="{names}">{inner}</tr>' if names else f"<tr>{inner}</tr>"


def _side(column: int, n_left: int) -> str:
    return f' style="text-align: {"left" if column < n_left else "right"}"'


def _latex_cell(cell: str) -> str:
    """Escape a cell, and give a negative number its minus sign."""
    negative = cell.startswith("-") and cell[1:2].isdigit()
    return "$-$" + cell[1:] if negative else cell.translate(_LATEX)


def figcaption(label: str, caption: str) -> str:
    """Write what stands at a table or a figure; nothing where there is nothing."""
    if not (label or caption):
        return ""
    shown = f"<b>{escape(label)}.</b> " if label else ""
    return f"<figcaption>{shown}{escape(caption)}</figcaption>"


def as_csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Write comma-separated values; numbers read back exactly, None is empty."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return written.getvalue()


def deliver(text: str, path: str | os.PathLike[str] | None) -> str | None:
    """Write text into a file, or give it back where there is none."""
    if path is None:
        return text
    with written_beside(Path(path)) as beside:
        # newlines as they are: the csv module has written its own
        beside.write_text(text, encoding="utf-8", newline="")
    return None
