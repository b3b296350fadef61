"""What the columns of a text table are: channels, axes, spectra, or descriptions.

=================== ============================================================
layout              told by
=================== ============================================================
spectra in rows     a header of numbers: they are the axis
spectra in columns  one column named as an axis, or two columns without a header
long form           an axis and a signal by name, beside the coordinates of points
=================== ============================================================
"""

from collections.abc import Mapping

import numpy as np

from spectransfer.io.formats._arrangements import (
    long_form,
    spectra_in_columns,
    spectra_in_rows,
)
from spectransfer.io.formats._cells import preamble_of, texts_of
from spectransfer.io.formats._delimited import WORDS, Block, find_block, split
from spectransfer.io.formats._headers import (
    channel_of,
    check_header,
    is_counting,
    is_sample,
    wanted_column,
)
from spectransfer.io.formats._parsed import Parsed, counted, refuse, shown
from spectransfer.io.formats._surroundings import check_above
from spectransfer.io.formats._text import Text
from spectransfer.io.formats._words import NUMBER, axis_name, signal_name

_FEW = 5
_FEW_ROWS = 3
_MANY = 20
_NEARLY_ALL = 0.95


def _is_axis_like(values: np.ndarray) -> bool:
    """Tell whether numbers run in one direction, but for seams between detectors."""
    steps = np.diff(values)
    if len(steps) == 0:
        return False
    with_most = max((steps > 0).mean(), (steps < 0).mean())
    return bool(with_most == 1.0 or (len(steps) >= _MANY and with_most > _NEARLY_ALL))


def read_layout(
    text: Text, names: Mapping[str, str], delimiter: str | None = ""
) -> Parsed:
    """Read a text table of any usual layout.

    Parameters
    ----------
    text : Text
        Lines of a file.
    names : mapping of str to str
        What the user says of columns: "sample_id", "wavelengths", "X".
    delimiter : str or None, default=""
        What divides columns; empty to find out.

    Returns
    -------
    Parsed
        Spectra, axis, and what describes them.

    Raises
    ------
    FileFormatError
        If the table is not understood.
    """
    block = find_block(text, delimiter)
    if block.header is not None and not _is_header(block, names):
        _put_above(block)
    check_above(block)
    if block.header is None:
        _settle_first_row(block, names)
    notes = list(text.notes)
    notes.append(f"columns divided by {WORDS[block.delimiter]}")
    parsed = _by_header(block, names)
    if block.decimal == ",":
        notes[-1] += ", decimal comma"
    meta = preamble_of(block)
    if block.preamble:
        lines = counted(len(block.preamble), "line")
        notes.append(f"{lines} of preamble kept in meta")
    parsed.meta = meta | parsed.meta
    parsed.notes = notes + parsed.notes + _cut_short(block)
    return parsed


def _cut_short(block: Block) -> list[str]:
    """Tell of a last number shorter than all others, in a line without an end."""
    text = block.text
    if text.has_end or len(block.rows) < _FEW_ROWS or block.rows[-1] != text.lines[-1]:
        return []
    ends = [split(row, block.delimiter)[-1] for row in block.rows[-_MANY:]]
    if len(ends[-1]) >= min(map(len, ends[:-1])):
        return []
    return [f"the last line has no end: {ends[-1]!r} may be cut short"]


def _is_header(block: Block, names: Mapping[str, str]) -> bool:
    """Tell a header from the last line of a preamble that has as many cells."""
    header = block.header or []
    if sum(channel_of(name) is not None for name in header) > 1:
        return True
    if any(value in header for value in names.values()):
        return True
    if any(axis_name(name)[0] for name in header):
        return True
    # "Integration time,100" or "Date:;today" above columns of numbers
    named = [name for name in header if name]
    if len(named) == 2 and header[:2] == named and not is_sample(named[0], names):
        return not (NUMBER.fullmatch(named[1]) or named[0][-1:] in ("=", ":"))
    return len(named) > 1 or len(header) == 1


def _put_above(block: Block) -> None:
    """Put what is no header with the preamble; units below it name columns then."""
    line = block.header_line
    block.preamble.append((line, ";".join(block.header or [])))
    block.header, block.units = block.units, None


def _without_empty_end(block: Block) -> list[str]:
    """Forget a last column that is empty: a mark at the end of each row makes it."""
    if all(split(row, block.delimiter)[-1] == "" for row in block.rows):
        block.n_columns -= 1
    return split(block.rows[0], block.delimiter)[: block.n_columns]


def _settle_first_row(block: Block, names: Mapping[str, str]) -> None:
    """Make the first row the header where its numbers are the axis.

    Numbers all over: the axis is the first row or the first column, whichever runs in
    one direction. Where both do, or neither, nobody can tell.
    """
    first = _without_empty_end(block)
    numeric = [i for i, cell in enumerate(first) if NUMBER.fullmatch(cell)]
    if len(numeric) < block.n_columns or 0 not in block.numeric or names:
        return _take_first_row(block, first)
    across = np.array([float(cell.replace(",", ".")) for cell in first])
    down_cells = [split(row, block.delimiter)[0] for row in block.rows]
    if not all(map(NUMBER.fullmatch, down_cells)):
        return _take_first_row(block, first)
    down = np.array([float(cell.replace(",", ".")) for cell in down_cells])
    in_row = _is_axis_like(across) or block.n_columns == 1
    in_column = _is_axis_like(down) and block.n_columns > 1
    if in_row and in_column and len(down) >= _FEW and block.n_columns == 2:
        in_row = False  # by chance, in a row of two
    if in_column and not in_row:
        return None
    if in_row and not in_column:
        return _take_first_row(block, first)
    refuse(
        block.path,
        "must show which numbers are the axis",
        "its first row and its first column both run in one direction"
        if in_row
        else f"neither its first row ({shown(block.rows[0])}) nor its first column "
        "runs in one direction",
        'Write a header: "wavelength" and the names of spectra above columns, or '
        '"sample_id" and wavelengths above rows.',
        block.numbers[0],
    )


def _take_first_row(block: Block, first: list[str]) -> None:
    block.header, block.rows, block.numbers = first, block.rows[1:], block.numbers[1:]
    if not block.rows:
        refuse(
            block.path,
            "must hold a header and at least one spectrum",
            f"its only row is {shown(block.text.lines[-1])}",
            "Export it again.",
            block.text.numbers[-1],
        )


def _by_header(block: Block, names: Mapping[str, str]) -> Parsed:
    """Choose the layout by the names of columns."""
    if block.header is None:
        return spectra_in_columns(block, 0, list(range(1, block.n_columns)))
    header = block.header
    axis = wanted_column(block, names, "wavelengths")
    signal = wanted_column(block, names, "X")
    channels = [
        i
        for i, name in enumerate(header)
        if channel_of(name) is not None and name != names.get("sample_id")
    ]
    if axis is None and len(channels) > 0:
        axis = _transposed_axis(block, channels, names)
        if axis is None:
            check_header(block, header)
            return spectra_in_rows(block, channels, names)
    axes = _named(header, [axis_name(name)[0] for name in header])
    if axis is None:
        axis = _only_axis(block, axes)
    if signal is not None:
        _refuse_column_of_samples(block, names)
        return spectra_in_columns(block, axis, [signal])
    signals = _named(header, [signal_name(name)[0] for name in header])
    rest = [i for i, name in enumerate(header) if i != axis and name]
    if len(signals) == 1 and len(rest) > 1:
        return long_form(block, axis, signals[0], names)
    others = [i for i in axes if i != axis]
    if others:
        _refuse_several(block, [axis, *others], rest)
    _refuse_column_of_samples(block, names)
    return spectra_in_columns(block, axis, rest)


def _refuse_column_of_samples(block: Block, names: Mapping[str, str]) -> None:
    """Refuse that a column names samples where the header does."""
    if "sample_id" not in names:
        return
    refuse(
        block.path,
        "must hold spectra in rows, as names['sample_id'] says",
        "its spectra are columns, and the header names them",
        "Leave sample_id out.",
        block.header_line,
    )


def _named(header: list[str], fits: list[bool]) -> list[int]:
    """List the columns that fit; x and y only where no other does: they are places."""
    found = [i for i, fit in enumerate(fits) if fit]
    return [i for i in found if header[i].strip("# ").lower() not in "xy"] or found


def _only_axis(block: Block, axes: list[int]) -> int:
    header = block.header or []
    if not axes:
        refuse(
            block.path,
            "must name its channels by numbers, or one column as the axis",
            f"the header is {shown(', '.join(header))}",
            "Write one spectrum in each row under a header of wavelengths, or name "
            f'the axis with names={{"wavelengths": {header[0]!r}}}; transpose the '
            "table if need be.",
            block.header_line,
        )
    if len(axes) > 1:
        _refuse_several(block, axes, list(range(len(header))))
    return axes[0]


def _refuse_several(block: Block, axes: list[int], columns: list[int]) -> None:
    header = block.header or []
    found = ", ".join(repr(header[i]) for i in sorted(axes))
    last = next((header[i] for i in reversed(columns) if i not in axes), "...")
    refuse(
        block.path,
        "must have one axis",
        f"{found} may each be one",
        f'Choose, for example with names={{"wavelengths": {header[min(axes)]!r}, '
        f'"X": {last!r}}}.',
        block.header_line,
    )


def _transposed_axis(
    block: Block, channels: list[int], names: Mapping[str, str]
) -> int | None:
    """Find the axis in the first column of a table whose spectra have numbers."""
    header = block.header or []
    is_axis = axis_name(header[0])[0]
    if 0 in channels or not (is_axis or header[0] == "") or 0 not in block.numeric:
        return None
    if header[0] and names.get("sample_id") == header[0]:
        return None
    named = [name for name in header[1:] if name]
    if len(channels) < len(named) and not is_axis:
        return None
    cells = texts_of(block, [0])[0]
    if not all(map(NUMBER.fullmatch, cells)):
        return None
    down = np.array([float(cell.replace(",", ".")) for cell in cells])
    across = np.array([channel_of(header[i])[0] for i in channels])  # type: ignore[index]
    if not _is_axis_like(down) or (is_counting(down) and not is_counting(across)):
        return None
    if not is_counting(down) and (is_counting(across) or not _is_axis_like(across)):
        return 0
    if not is_axis:
        return None
    refuse(
        block.path,
        "must show whether spectra are rows or columns",
        f"the header and the column {header[0]!r} may both be the axis",
        f'Say which, with names={{"wavelengths": {header[0]!r}}} for spectra in '
        f'columns, or names={{"sample_id": {header[0]!r}}} for spectra in rows.',
        block.header_line,
    )
