"""What stands in the cells of a table: numbers, names, and what is told above them."""

import re
from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from spectransfer.io.formats._delimited import Block, split
from spectransfer.io.formats._parsed import refuse, shown

# a comma that can only be one of decimals, and one that can only divide thousands
_DECIMAL = re.compile(r",\d{1,2}(?!\d)|,\d{4}|(?<!\d)0+,\d|\d{4},\d|(?<![\d,]),\d")
_POINTED = re.compile(r"\.\d{1,2}(?!\d)|\.\d{4}|(?<!\d)0+\.\d|\d{4}\.\d|(?<!\d)\.\d")
_THOUSANDS = re.compile(r"\d,\d{3},\d{3}(?!\d)")
_ROW = re.compile(r"at row (\d+), column (\d+)|number of columns.* at row (\d+)")


def settle_decimals(
    block: Block, columns: list[int], places: Sequence[str] = ()
) -> None:
    """Find the mark of decimals, and refuse what may be one of thousands.

    Points in the header and commas in cells are two ways, which pandas writes: they
    are read where each can only be a mark of decimals.

    Parameters
    ----------
    block : Block
        The table; its `decimal` is set.
    columns : list of int
        Columns of numbers.
    places : sequence of str, default=()
        Numbers that are names of columns.

    Raises
    ------
    FileFormatError
        If both marks stand in numbers, or a mark may divide thousands.
    """
    named = {mark: [name for name in places if mark in name] for mark in ",."}
    within = block.delimiter != "," and any("," in row for row in block.rows)
    if not within and not named[","]:
        return
    numbers = _without_describing(block, columns)
    commas = [i for i, part in enumerate(numbers) if "," in part] if within else []
    if not commas and not named[","]:
        return
    points = next((i for i, part in enumerate(numbers) if "." in part), None)
    if commas and points is not None:
        point = _cell_with(".", numbers[points])
        other = f"line {block.numbers[points]} has {point!r}"
        _refuse_both(block, columns, commas[0], other)
    if named[","] and (named["."] or points is not None):
        other = f"it has {named['.'][0]!r}" if named["."] else ""
        if points is not None:
            point = _cell_with(".", numbers[points])
            other = f"line {block.numbers[points]} has {point!r}"
        _refuse_two_ways(block, named[","][0], other, block.header_line)
    pointed = any(_POINTED.search(name) for name in named["."])
    cells = [numbers[i] for i in commas]
    parts = [*cells, *named[","]]
    thousands = next((p for p in parts if _THOUSANDS.search(p)), None)
    told = thousands is None and any(_DECIMAL.search(part) for part in parts)
    if named["."] and not (told and pointed):
        other = f"the header has {named['.'][0]!r}"
        comma = _cell_with(",", cells[0])
        _refuse_two_ways(block, comma, other, block.numbers[commas[0]])
    if not told:
        refuse(
            block.path,
            "must write decimals so that they cannot be taken for thousands",
            f"{_cell_with(',', thousands or parts[0])!r} may be either",
            "Export with decimal points, or with another number of decimals.",
            block.numbers[commas[0]] if commas else block.header_line,
        )
    if commas:
        block.decimal = ","


def _refuse_two_ways(block: Block, comma: str, other: str, line: int) -> NoReturn:
    refuse(
        block.path,
        "must write decimals in one way",
        f"it has {comma!r} and {other}",
        "Write names and cells alike. Where commas divide thousands, export without "
        "them.",
        line,
    )


def _refuse_both(block: Block, columns: list[int], row: int, other: str) -> NoReturn:
    """Say in which column a comma stands among numbers with points."""
    cells = split(block.rows[row], block.delimiter)
    column = next((i for i in columns if "," in cells[i]), columns[0])
    name = block.header[column] if block.header else column + 1
    cell = cells[column]
    if block.text.is_sheet:
        rule = "must hold numbers in its cells"
        way = "That cell is text: turn it into a number in the sheet."
    else:
        rule = "must write decimals in one way"
        way = "Where commas divide thousands, export without them."
    found = f"column {str(name)!r} holds {cell!r} and {other}"
    refuse(block.path, rule, found, way, block.numbers[row])


def _cell_with(mark: str, part: str) -> str:
    cells = re.split(r"[\s;|]+", part.strip())
    return next((cell for cell in cells if mark in cell), part[:20])


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
        elif re.search(r"[^=:;,\t\s]\s*[=:;,]\s*$", line) and plain:
            meta[plain.rstrip("=: ")] = ""
        elif plain:
            meta[f"line {number}"] = plain
    return meta
