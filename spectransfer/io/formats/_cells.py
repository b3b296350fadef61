"""What stands in the cells of a table: numbers, names, and what is told above them."""

import re
from typing import NoReturn

import numpy as np

from spectransfer.io.formats._delimited import Block, split
from spectransfer.io.formats._parsed import refuse, shown

# a comma that can only be one of decimals, and one that can only divide thousands
_DECIMAL = re.compile(r",\d{1,2}(?!\d)|,\d{4}|(?<!\d)0+,\d|\d{4},\d|(?<![\d,]),\d")
_THOUSANDS = re.compile(r"\d,\d{3},\d{3}(?!\d)")
_ROW = re.compile(r"at row (\d+), column (\d+)|number of columns.* at row (\d+)")


def settle_decimals(block: Block, columns: list[int]) -> None:
    """Find the mark of decimals, and refuse points and commas in one table.

    Parameters
    ----------
    block : Block
        The table; its `decimal` is set.
    columns : list of int
        Columns of numbers.

    Raises
    ------
    FileFormatError
        If both marks stand in numbers, or a comma may divide thousands.
    """
    if block.delimiter == "," or not any("," in row for row in block.rows):
        return
    numbers = _without_describing(block, columns)
    commas = [i for i, part in enumerate(numbers) if "," in part]
    if not commas:
        return
    points = next((i for i, part in enumerate(numbers) if "." in part), None)
    header = block.header or []
    named = [name for name in header if re.search(r"^[Xx]?\d+\.\d", name)]
    if points is not None or named:
        where = (
            f"the header has {named[0]!r}"
            if points is None
            else f"line {block.numbers[points]} has {_cell_with('.', numbers[points])}"
        )
        refuse(
            block.path,
            "must write decimals in one way",
            f"it has {_cell_with(',', numbers[commas[0]])} and {where}",
            "Where commas divide thousands, export without them.",
            block.numbers[commas[0]],
        )
    thousands = next((p for p in numbers if _THOUSANDS.search(p)), None)
    if thousands is not None or not any(_DECIMAL.search(p) for p in numbers):
        refuse(
            block.path,
            "must write decimals so that they cannot be taken for thousands",
            f"{_cell_with(',', thousands or numbers[commas[0]])} may be either",
            "Export with decimal points, or with another number of decimals.",
            block.numbers[commas[0]],
        )
    block.decimal = ","


def _cell_with(mark: str, part: str) -> str:
    cells = re.split(r"[\s;|]+", part.strip())
    return repr(next((cell for cell in cells if mark in cell), part[:20]))


def _without_describing(block: Block, columns: list[int]) -> list[str]:
    """Give the rows without the columns before the first number, or the cells."""
    others = sorted(set(range(block.n_columns)) - set(columns))
    if not others:
        return block.rows
    mark = block.delimiter
    quoted = any('"' in row for row in block.rows)
    if others == list(range(len(others))) and not quoted:
        return [row.split(mark, len(others))[-1] for row in block.rows]
    joined = "\t" if mark is None else mark
    rows = (split(row, mark) for row in block.rows)
    return [joined.join(cells[i] for i in columns) for cells in rows]


def numbers_of(block: Block, columns: list[int]) -> np.ndarray:
    """Read columns of numbers.

    Parameters
    ----------
    block : Block
        The table, its decimals settled.
    columns : list of int
        Which.

    Returns
    -------
    ndarray of shape (n_rows, n_columns)
        Numbers in float64.

    Raises
    ------
    FileFormatError
        If a cell holds none.
    """
    rows = block.rows
    if block.decimal == ",":
        rows = [row.replace(",", ".") for row in rows]
    try:
        return np.loadtxt(
            rows,
            delimiter=block.delimiter,
            usecols=columns,
            comments=None,
            quotechar='"',
            ndmin=2,
        ).reshape(len(rows), len(columns))
    except (ValueError, OverflowError) as error:
        _refuse_cell(block, str(error), columns)


def _refuse_cell(block: Block, said: str, columns: list[int]) -> NoReturn:
    """Say which cell is no number, by its line and the name of its column."""
    match = _ROW.search(said)
    row = int(match[1] or match[3]) if match else 0
    cells = split(block.rows[min(row, len(block.rows) - 1)], block.delimiter)
    column = int(match[2]) - 1 if match and match[2] else columns[0]
    cell = cells[column] if column < len(cells) else ""
    name = block.header[column] if block.header else column + 1
    found = "is empty" if not cell else f"holds {shown(cell)}"
    refuse(
        block.path,
        "must hold a number in every channel",
        f"column {str(name)!r} {found}",
        "Fill or remove what was not measured.",
        block.numbers[min(row, len(block.numbers) - 1)],
    )


def texts_of(block: Block, columns: list[int]) -> list[list[str]]:
    """Give the cells of describing columns.

    Parameters
    ----------
    block : Block
        The table.
    columns : list of int
        Which.

    Returns
    -------
    list of list of str
        Cells of each of the columns.
    """
    if not columns:
        return []
    last, mark = max(columns) + 1, block.delimiter
    if any('"' in row for row in block.rows):
        rows = [split(row, mark) for row in block.rows]
    else:
        rows = [row.split(mark, last) for row in block.rows]
    return [[row[i].strip() for row in rows] for i in columns]


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"')
    return text.strip('"')


def preamble_of(block: Block) -> dict[str, str]:
    """Read what is told above the table: names and values, other lines as they are.

    Parameters
    ----------
    block : Block
        The table.

    Returns
    -------
    dict of str to str
        Values by name; lines without a name under "line 3".
    """
    meta: dict[str, str] = {}
    for number, line in block.preamble:
        plain = line.strip().lstrip("#%/").strip().strip(",;\t ")
        match = re.match(r"([^=:;\t,]*?[^=:;\t,\s])\s*(?:=|:|;|\t|,)+\s*(.*)$", plain)
        if match:
            name = match[1] if match[1] not in meta else f"{match[1]} (line {number})"
            meta[name] = _unquoted(match[2].strip())
        elif plain:
            meta[f"line {number}"] = plain
    return meta
