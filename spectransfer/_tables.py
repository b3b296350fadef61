"""A table of text cells as plain text, Markdown, LaTeX, HTML and CSV."""

import csv
import html
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

Cells = Sequence[Sequence[str]]

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


def as_text(header: Sequence[str], body: Cells, n_left: int) -> str:
    """Align cells, the first `n_left` columns to the left and numbers to the right."""
    columns = list(zip(header, *body, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]

    def line(cells: Sequence[str]) -> str:
        aligned = (
            cell.ljust(width) if i < n_left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(aligned).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(header), rule, *(line(cells) for cells in body)])


def as_markdown(header: Sequence[str], body: Cells, n_left: int) -> str:
    """Write a table in GitHub's dialect of Markdown."""
    marks = [":--" if i < n_left else "--:" for i in range(len(header))]
    lines = [[cell.translate(_MARKDOWN) for cell in cells] for cells in (header, *body)]
    lines.insert(1, marks)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def as_latex(
    header: Sequence[str],
    body: Cells,
    n_left: int,
    caption: str | None = None,
    label: str | None = None,
) -> str:
    """Write a `tabular` that needs no package, in a `table` where it has a caption."""
    layout = "l" * n_left + "r" * (len(header) - n_left)
    lines = [
        " & ".join(_latex_cell(cell) for cell in cells) + r" \\"
        for cells in (header, *body)
    ]
    tabular = [
        rf"\begin{{tabular}}{{{layout}}}",
        r"\hline",
        lines[0],
        r"\hline",
        *lines[1:],
        r"\hline",
        r"\end{tabular}",
    ]
    if caption is None and label is None:
        return "\n".join(tabular) + "\n"
    around = [r"\begin{table}", r"\centering"]
    if caption is not None:
        around.append(rf"\caption{{{caption.translate(_LATEX)}}}")
    if label is not None:
        around.append(rf"\label{{{label}}}")
    return "\n".join([*around, *tabular, r"\end{table}"]) + "\n"


def _latex_cell(cell: str) -> str:
    """Escape a cell, and give a negative number its minus sign."""
    negative = cell.startswith("-") and cell[1:2].isdigit()
    return "$-$" + cell[1:] if negative else cell.translate(_LATEX)


def as_html(
    header: Sequence[str], body: Cells, n_left: int, caption: str, notes: Sequence[str]
) -> str:
    """Write an HTML table, with notes under it."""

    def row(cells: Sequence[str], tag: str) -> str:
        sides = ("left" if i < n_left else "right" for i in range(len(cells)))
        inner = "".join(
            f'<{tag} style="text-align: {side}">{html.escape(cell)}</{tag}>'
            for cell, side in zip(cells, sides, strict=True)
        )
        return f"<tr>{inner}</tr>"

    below = "".join(f"<p><small>{html.escape(note)}</small></p>" for note in notes)
    return (
        f"<table><caption>{html.escape(caption)}</caption>"
        f"<thead>{row(header, 'th')}</thead>"
        f"<tbody>{''.join(row(cells, 'td') for cells in body)}</tbody></table>{below}"
    )


def as_csv(header: Sequence[str], body: Sequence[Sequence[Any]]) -> str:
    """Write comma-separated values; numbers read back exactly, None is empty."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(body)
    return written.getvalue()


def deliver(text: str, path: str | os.PathLike[str] | None) -> str | None:
    """Write text into a file, or give it back where there is none.

    The file is written beside and then renamed, so that an older one is never left
    half overwritten.
    """
    if path is None:
        return text
    target = Path(path)
    beside = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        # newlines as they are: the csv module has written its own
        beside.write_text(text, encoding="utf-8", newline="")
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)
    return None
