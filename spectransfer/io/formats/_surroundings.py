"""What stands above a table: told from its own header and rows, which none may lose.

A header of another length than its rows, a line of the table that a foreign one cuts
off, and a first table of two would else be kept as a preamble, and a spectrum become
the axis.
"""

import re

from spectransfer.io.formats._delimited import Block, split
from spectransfer.io.formats._headers import channel_of, is_sample
from spectransfer.io.formats._parsed import counted, refuse, shown
from spectransfer.io.formats._words import NUMBER, axis_name, signal_name

_BETWEEN = re.compile(r"[;,|\t ]+")
_FEW_ROWS = 3
_FEW_NUMBERS = 3
_NEAR = 1.5  # of a step


def check_above(block: Block) -> None:
    """Refuse a table above which a line stands that may belong to it, or another one.

    Parameters
    ----------
    block : Block
        The table, with its header where one was found.

    Raises
    ------
    FileFormatError
        If a line of the preamble looks like a header, a row, or another table.
    """
    _refuse_other_table(block)
    if block.header is not None or not block.preamble:
        return
    mark, n = block.delimiter, block.n_columns
    above = [
        (number, line, split(line.lstrip("#%/ "), mark))
        for number, line in block.preamble
    ]
    for at, (_, _, cells) in enumerate(above[:-1]):
        few = 1 if any(is_sample(cell, {}) for cell in cells) else 2
        lost = len(cells) == n >= few + 1 and _n_channels(cells) >= few
        if lost or _goes_on(block, cells):
            _refuse_cut(block, above[at + 1][0], above[at + 1][1])
    number, line, cells = above[-1]
    if len(cells) == n and not _goes_on(block, cells):
        return
    if (n > 2 and _n_channels(cells) > 1) or _names_columns(cells, mark, n):
        refuse(
            block.path,
            f"must have a cell for each of the {counted(n, 'column')} below",
            f"it has {counted(len(cells), 'cell')}, and the rows have "
            f"{counted(n, 'cell')}: {shown(line)}",
            _way_out(line, mark),
            number,
        )


def _n_channels(cells: list[str]) -> int:
    return sum(channel_of(cell) is not None for cell in cells)


def _names_columns(cells: list[str], mark: str | None, n: int) -> bool:
    """Tell whether cells name columns: no numbers, and a word for axis or samples."""
    filled = [cell for cell in cells if cell]
    if len(filled) < 2 or any(NUMBER.fullmatch(cell) for cell in filled):
        return False
    if mark is None and n == 2:  # words of a sentence, most often
        return False
    return any(
        axis_name(cell)[0] or signal_name(cell)[0] or is_sample(cell, {})
        for cell in filled
    )


def _goes_on(block: Block, cells: list[str]) -> bool:
    """Tell whether a line of numbers is the row before the first one of columns."""
    rows = [split(row, block.delimiter) for row in block.rows[:2]]
    parts = [cells, *rows]
    if len(rows) < 2 or any(len(part) != block.n_columns for part in parts):
        return False
    if not all(NUMBER.fullmatch(cell) for part in parts for cell in part):
        return False
    before, first, second = (float(part[0].replace(",", ".")) for part in parts)
    step = second - first
    return step != 0 and 0 < (first - before) / step < _NEAR


def _refuse_cut(block: Block, number: int, line: str) -> None:
    refuse(
        block.path,
        f"must be a row of {counted(block.n_columns, 'cell')}, as those around it",
        f"it is {shown(line)}",
        _way_out(line, block.delimiter),
        number,
    )


def _way_out(line: str, mark: str | None) -> str:
    if line.count('"') % 2:
        return (
            "A quotation mark opens there and does not close in that line: write each "
            "name in one line."
        )
    if mark == ",":
        return (
            "Write as many names as columns, and put names with commas into quotation "
            "marks; a file with decimal commas needs semicolons or tabs between "
            "columns. If it is no header, remove it."
        )
    return "Write as many names as columns; if it is no header, remove it."


def _refuse_other_table(block: Block) -> None:
    """Refuse rows of numbers above, of which none is in the table that was found."""
    run, width, first = 0, 0, 0
    for number, line in block.preamble:
        parts = _BETWEEN.split(line.strip(" ;,|\t"))
        n = sum(NUMBER.fullmatch(part) is not None for part in parts)
        alone = n == len(parts) > 1
        is_row = alone or (n >= _FEW_NUMBERS and n > len(parts) / 2)
        run = run + 1 if is_row and len(parts) == width else int(is_row)
        width, first = len(parts), number if run == 1 else first
        if run == _FEW_ROWS:
            last = counted(block.n_columns, "column")
            refuse(
                block.path,
                "must hold one table",
                f"rows of {counted(width, 'cell')} stand there, and the last table, "
                f"from line {block.numbers[0]}, has {last}",
                "Divide the file, or export the spectra alone.",
                first,
            )
