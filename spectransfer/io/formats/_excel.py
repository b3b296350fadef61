"""Sheets of Excel as lines of text: a table is understood alike, wherever it stands."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spectransfer._imports import need
from spectransfer._reading import refuse_more_than_memory
from spectransfer.io.formats._layouts import read_layout
from spectransfer.io.formats._parsed import Parsed, refuse
from spectransfer.io.formats._text import Text, with_plain_minus

_BYTES_IN_MEMORY = 10
_MOST_ROWS = 2**20  # Excel's own


def is_excel(path: Path) -> bool:
    """Tell whether an archive is a workbook, by what it holds.

    Parameters
    ----------
    path : Path
        File.

    Returns
    -------
    bool
        Whether it is; False where it is no archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


def read_excel(path: Path, names: Mapping[str, str]) -> Parsed:
    """Read a table from a workbook.

    Parameters
    ----------
    path : Path
        An .xlsx file.
    names : mapping of str to str
        What the user says of columns; "X" may also name the sheet.

    Returns
    -------
    Parsed
        What the sheet says; numbers of lines are those of its rows.

    Raises
    ------
    FileFormatError
        If the sheet is not understood, or it does not show which one it is.
    """
    openpyxl = need("openpyxl", f"Reading {path}", "spectransfer[files]")
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    refuse_more_than_memory(_BYTES_IN_MEMORY * size, path)
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        sheets = {sheet.title: _lines(path, sheet) for sheet in book.worksheets}
    finally:
        book.close()
    filled = {title: lines for title, lines in sheets.items() if lines}
    names = dict(names)
    wanted = names.pop("X") if names.get("X") in sheets else None
    _refuse_unknown(path, names, filled)
    if wanted is None and len(filled) != 1:
        refuse(
            path,
            "must have one sheet with a table",
            f"its filled sheets are {', '.join(map(repr, filled)) or 'none'}",
            'Choose one, with names={"X": ...}.',
        )
    title = wanted or next(iter(filled))
    lines = dict(sheets[title])
    if not lines:
        refuse(path, f"must hold a table in sheet {title!r}", "it is empty", "Fill it.")
    _refuse_formulas(path, title)
    text = Text(path, list(lines.values()), list(lines), is_sheet=True)
    parsed = read_layout(text, names, "\t")
    parsed.kind = f"Excel, sheet {title!r}"
    told = (note.removeprefix("columns divided by tabs") for note in parsed.notes)
    parsed.notes = [note.removeprefix(", ") for note in told if note]
    return parsed


def _refuse_unknown(
    path: Path, names: Mapping[str, str], filled: Mapping[str, list[tuple[int, str]]]
) -> None:
    """Refuse the name of spectra that is neither one of a sheet nor in a cell."""
    lines = [line for found in filled.values() for _, line in found]
    if "X" not in names or any(names["X"] in line.split("\t") for line in lines):
        return
    refuse(
        path,
        f"must have a sheet or column {names['X']!r}, as names['X'] says",
        f"its sheets are {', '.join(map(repr, filled)) or 'empty'}",
        "Give the name as it stands there.",
    )


def _refuse_formulas(path: Path, title: str) -> None:
    """Refuse a sheet with formulas that no program has computed."""
    with zipfile.ZipFile(path) as archive:
        parts = [n for n in archive.namelist() if n.startswith("xl/worksheets/")]
        if not any(b"<f" in archive.read(name) for name in parts):
            return
    openpyxl = need("openpyxl", f"Reading {path}", "spectransfer[files]")
    books = [
        openpyxl.load_workbook(path, read_only=True, data_only=only)
        for only in (True, False)
    ]
    try:
        sheets = [book[title] for book in books]
        for sheet in sheets:
            sheet.reset_dimensions()
        rows = zip(*(sheet.iter_rows() for sheet in sheets), strict=False)
        for values, formulas in rows:
            for value, formula in zip(values, formulas, strict=False):
                if value.value is None and formula.data_type == "f":
                    refuse(
                        path,
                        f"must hold values in sheet {title!r}",
                        f"cell {formula.coordinate} has a formula without one",
                        "Open it in Excel and save it, or write values.",
                    )
    finally:
        for book in books:
            book.close()


def _lines(path: Path, sheet: Any) -> list[tuple[int, str]]:
    """Write the rows of a sheet that are not empty, with their numbers."""
    lines = []
    # rows that a sheet leaves out would be filled up to the width that it claims
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        if number > _MOST_ROWS:
            refuse(
                path,
                f"must have at most {_MOST_ROWS} rows in a sheet, as Excel itself",
                f"sheet {sheet.title!r} has one beyond",
                "It is damaged; save it again.",
            )
        line = "\t".join(map(_cell, row)).rstrip("\t")
        if line.strip():
            lines.append((number, line))
    return _filled_up(lines)


def _filled_up(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Give every row from the widest on its width: a cell at its end may be empty.

    What stands above the first of the widest rows is a preamble, as narrow as it is.
    """
    widths = [line.count("\t") for _, line in lines]
    widest = max(widths, default=0)
    top = widths.index(widest) if lines else 0
    return [
        (number, line + "\t" * (widest - width) if i > top else line)
        for i, ((number, line), width) in enumerate(zip(lines, widths, strict=True))
    ]


def _cell(value: Any) -> str:
    """Write a cell as text, whole numbers without decimals."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    text = with_plain_minus(" ".join(str(value).split()))
    return '"' + text.replace('"', '""') + '"' if '"' in text else text
