"""Where the numbers of a text begin, what divides them, and what stands above them.

Nothing is known of the text beforehand. The last lines are spectra in every export
that we have seen, so they tell what divides columns, and which columns are numbers;
from there the table is followed upwards to its header and the preamble above it.
"""

import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from spectransfer.io.formats._parsed import counted, refuse, shown
from spectransfer.io.formats._text import Text
from spectransfer.io.formats._words import MISSING, NUMBER, axis_name, is_unit_line

_DELIMITERS = ("\t", ";", ",", "|", None)
WORDS = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "bars", None: "spaces"}
_COUNTED = [[str(i) for i in range(a, a + n)] for a in (0, 1) for n in range(1, 6)]
_FOOTER = re.compile(r"^\s*(?:[#>%*=]|end\b)", re.IGNORECASE)


@dataclass
class Block:
    """The table in a text.

    Parameters
    ----------
    text : Text
        The whole.
    delimiter : str or None
        What divides columns; None for blanks of any number.
    n_columns : int
        Columns of each row.
    rows : list of str
        Lines below the header.
    numbers : list of int
        Their line numbers.
    numeric : list of int
        Columns that hold numbers in the last rows.
    header : list of str or None, default=None
        Names of columns, in as many cells.
    units : list of str or None, default=None
        Units, where a line of them stands between header and rows.
    preamble : list of tuple of (int, str), default=[]
        Lines above, with their numbers.
    decimal : str, default="."
        Mark of decimals.
    """

    text: Text
    delimiter: str | None
    n_columns: int
    rows: list[str]
    numbers: list[int]
    numeric: list[int]
    header: list[str] | None = None
    units: list[str] | None = None
    preamble: list[tuple[int, str]] = field(default_factory=list)
    decimal: str = "."

    @property
    def path(self) -> Any:
        """The file."""
        return self.text.path

    @property
    def header_line(self) -> int:
        """Line number of the header."""
        below = self.numbers[0] if self.numbers else self.text.numbers[-1] + 1
        above = [n for n in self.text.numbers if n < below]
        back = 1 if self.units is None else 2
        return above[-back] if len(above) >= back else below


def split(line: str, delimiter: str | None) -> list[str]:
    """Divide a line into cells without blanks around them.

    Parameters
    ----------
    line : str
        A line.
    delimiter : str or None
        What divides cells; None for blanks.

    Returns
    -------
    list of str
        Cells; what stands in quotation marks is one.
    """
    if '"' in line:
        if delimiter is None:
            line, delimiter = " ".join(line.split()), " "
        try:
            return [
                cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))
            ]
        except csv.Error:
            return [cell.strip() for cell in line.split(delimiter)]
    cells = line.split(delimiter)
    return cells if delimiter is None else [cell.strip() for cell in cells]


def _n_cells(line: str, delimiter: str | None) -> int:
    if delimiter is None or '"' in line:
        return len(split(line, delimiter))
    return line.count(delimiter) + 1


def _is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell) is not None


def _choose(lines: list[str]) -> tuple[str | None, int]:
    """Choose what divides the last lines into most numbers, and how many columns."""
    best: tuple[float, int, str | None] = (0.0, 1, ",")
    for delimiter in _DELIMITERS:
        counts = Counter(_n_cells(line, delimiter) for line in lines)
        n, _ = max(counts.items(), key=lambda item: (item[1], item[0]))
        cells = [split(line, delimiter) for line in lines]
        there = [c for row in cells for c in row if c.lower() not in MISSING]
        share = sum(map(_is_number, there)) / max(len(there), 1)
        score = counts[n] / len(lines) * share
        if n > 1 and (score, n) > best[:2]:
            best = (score, n, delimiter)
    return best[2], best[1]


def _without_footer(text: Text) -> int:
    """Count the lines up to a footer such as "end of data"."""
    end = len(text.lines)
    while end > 1 and _FOOTER.match(text.lines[end - 1]):
        if _is_row(text.lines[end - 1], text.lines[end - 2]):
            break
        end -= 1
    return end


def _is_row(line: str, above: str) -> bool:
    """Tell whether a line has the cells of that above, and numbers in most of them."""
    for mark in _DELIMITERS:
        cells = split(line, mark)[1:]
        n_numbers = sum(map(_is_number, cells))
        if n_numbers > len(cells) / 2 and _n_cells(above, mark) == len(cells) + 1:
            return True
    return False


def _with_odd_names(
    text: Text, delimiter: str | None, numeric: list[int], n: int, end: int
) -> int:
    """Count the lines up to a footer, rows of samples such as "#1" among them."""
    while end < len(text.lines):
        cells = split(text.lines[end], delimiter)
        if len(cells) != n or not _looks_like_data(cells, numeric):
            break
        end += 1
    return end


def _numeric_columns(rows: list[list[str]], n_columns: int) -> list[int]:
    """Find the columns that hold a number, and nothing but numbers."""
    found = []
    for i in range(n_columns):
        there = [row[i] for row in rows if row[i].lower() not in MISSING]
        if there and all(map(_is_number, there)):
            found.append(i)
    return found


def _looks_like_data(cells: list[str], numeric: list[int]) -> bool:
    """Tell whether most numeric columns hold numbers; of two, both have to."""
    filled = sum(_is_number(cells[i]) for i in numeric)
    missing = sum(cells[i].lower() in MISSING for i in numeric)
    whole = filled + missing == len(numeric)
    return filled > 0 and (whole or (len(numeric) > 2 and filled > len(numeric) / 2))


def find_block(text: Text, delimiter: str | None = "") -> Block:
    """Find the table of a text: its rows, and what stands above them.

    Parameters
    ----------
    text : Text
        Lines of a file.
    delimiter : str or None, default=""
        What divides columns; empty to find out.

    Returns
    -------
    Block
        The table, with its header where a line above the rows has a name for each
        column. A header of numbers is still the first row.

    Raises
    ------
    FileFormatError
        If no line holds numbers, or rows differ in their number of columns.
    """
    end = _without_footer(text)
    last = text.lines[max(end - 5, 0) : end]
    found, n = _choose(last)
    if delimiter == "":
        delimiter = found
    else:
        n = Counter(_n_cells(line, delimiter) for line in last).most_common(1)[0][0]
    cells = [split(line, delimiter) for line in last]
    fitting = [row for row in cells if len(row) == n]
    # of few lines, the upper ones may be a header
    numeric = _numeric_columns(fitting[len(fitting) // 2 :], n)
    if not numeric:
        refuse(
            text.path,
            "must hold numbers in its last lines",
            f"they are {shown(last[-1])}",
            "Export the spectra as text, one in each row under a header of "
            "wavelengths, or in columns beside their axis.",
            text.numbers[end - 1],
        )
    start = end
    end = _with_odd_names(text, delimiter, numeric, n, end)
    while start and _n_cells(text.lines[start - 1], delimiter) == n:
        start -= 1
    _check_whole(text, delimiter, n, numeric, start, end)
    return _divided(Block(text, delimiter, n, [], [], numeric), start, end)


def _check_whole(
    text: Text, delimiter: str | None, n: int, numeric: list[int], start: int, end: int
) -> None:
    """Refuse a table with a line of another number of columns inside it."""
    above = (split(line, delimiter) for line in text.lines[:start])
    like = [
        i
        for i, cells in enumerate(above)
        if len(cells) == n and _looks_like_data(cells, numeric)
    ]
    # one such line may belong to a preamble; two, or one below names, to a table
    named = len(like) == 1 and _is_below_names(text, delimiter, like[0], n)
    if start == end or len(like) > 1 or named:
        broken = max(start - 1, 0)
        if like:
            broken = next(
                (
                    i
                    for i in range(like[0], end)
                    if _n_cells(text.lines[i], delimiter) != n
                ),
                broken,
            )
        refuse(
            text.path,
            f"must have {counted(n, 'column')} as the other rows have",
            f"it has {_n_cells(text.lines[broken], delimiter)}: "
            f"{shown(text.lines[broken])}",
            "The file may be cut short or damaged; export it again.",
            text.numbers[broken],
        )


def _is_below_names(text: Text, delimiter: str | None, at: int, n: int) -> bool:
    """Tell whether a line stands below one that names an axis among its columns."""
    cells = split(text.lines[at - 1], delimiter) if at else []
    return (
        len(cells) == n
        and not any(map(_is_number, cells))
        and any(axis_name(cell)[0] for cell in cells)
    )


def _divided(block: Block, start: int, end: int) -> Block:
    """Divide what has been found into preamble, header, units and rows."""
    text, n = block.text, block.n_columns
    first = start
    while first < end and not _looks_like_data(
        split(text.lines[first], block.delimiter), block.numeric
    ):
        first += 1
    above = [split(line, block.delimiter) for line in text.lines[start:first]]
    top = start
    if above:
        if len(above) > 1 and is_unit_line(above[-1], above[-2]):
            block.units, block.header, top = above[-1], above[-2], first - 2
        else:
            block.header, top = above[-1], first - 1
    elif start and (header := _header_of_other_length(block, start, first)):
        block.header, top = header, start - 1
    if block.header and len(block.header) != n:  # pragma: no cover
        raise AssertionError("a header has a name for each column")
    block.preamble = list(zip(text.numbers[:top], text.lines[:top], strict=True))
    block.rows, block.numbers = text.lines[first:end], text.numbers[first:end]
    if end < len(text.lines):
        text.notes.append(f"{counted(len(text.lines) - end, 'line')} below left out")
    return block


def _header_of_other_length(block: Block, start: int, first: int) -> list[str] | None:
    """Read a header that has no name for the names of rows, or for an empty end."""
    line, n = block.text.lines[start - 1], block.n_columns
    names = split(line, block.delimiter)
    rows = [split(r, block.delimiter) for r in block.text.lines[first : first + 5]]
    if len(names) > n and not any(names[n:]):
        return names[:n]
    if len(names) == n - 1 and all(row[-1] == "" for row in rows):
        return [*names, ""]
    of_rows = [row[0] for row in rows]
    named = 0 not in block.numeric or of_rows in _COUNTED
    if len(names) == n - 1 > 1 and all(map(_is_number, names)) and named:
        return ["", *names]
    return _header_with_blanks(line, n) if block.delimiter in ("\t", None) else None


def _header_with_blanks(line: str, n: int) -> list[str] | None:
    """Read names that are divided otherwise than the rows, by tabs or by blanks."""
    collapsed = split(re.sub(r"\t+", "\t", line), "\t")
    if len(collapsed) == n:
        return collapsed
    for names in (
        re.split(r"\s{2,}", line.strip()),
        re.sub(r"\s+([\[(])", r"\1", line).split(),
        re.split(r"\s*[,;]\s*", line.strip()),
    ):
        if len(names) == n and any(axis_name(name)[0] for name in names):
            return names
    return None
