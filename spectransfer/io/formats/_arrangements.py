"""Spectra in rows, in columns, and one below the other, once it is known which."""

from collections.abc import Mapping

import numpy as np

from spectransfer.io.formats._cells import numbers_of, settle_decimals, texts_of
from spectransfer.io.formats._delimited import Block
from spectransfer.io.formats._headers import (
    channel_of,
    is_counting,
    is_sample,
    place_of,
    wanted_column,
)
from spectransfer.io.formats._parsed import Parsed, counted, refuse, shown
from spectransfer.io.formats._words import (
    axis_name,
    column_of,
    ids_of,
    signal_name,
    unit_of,
    unknown_unit,
)


def spectra_in_rows(
    block: Block, channels: list[int], names: Mapping[str, str]
) -> Parsed:
    """Read spectra in rows under a header of numbers.

    Parameters
    ----------
    block : Block
        The table.
    channels : list of int
        Columns whose names are numbers.
    names : mapping of str to str
        "sample_id" where the user names that column.

    Returns
    -------
    Parsed
        Spectra; other columns describe them.
    """
    header = block.header or []
    lonely = len(channels) == 1 and block.n_columns == 2
    if lonely and not is_sample(header[1 - channels[0]], names):
        refuse(
            block.path,
            "must have at least two channels",
            f"the only number in the header is {header[channels[0]]!r}",
            "A line above the header may have been taken for it; write the header "
            "of wavelengths, or remove that line.",
            block.header_line,
        )
    numbers = [place_of(header[i]) for i in channels]
    settle_decimals(block, channels, numbers)
    places = [channel_of(header[i]) for i in channels]
    units = {unit for _, unit in places if unit}  # type: ignore[misc]
    if len(units) > 1:
        refuse(
            block.path,
            "must have one unit in its header",
            f"there are {', '.join(sorted(units))}",
            "Divide the table.",
            block.header_line,
        )
    parsed = Parsed(
        numbers_of(block, channels),
        np.array([value for value, _ in places]),  # type: ignore[misc]
        unit=units.pop() if units else None,
        notes=[
            f"one spectrum in each row, axis in the header (line {block.header_line})"
        ],
    )
    if block.decimal == "," and any("." in number for number in numbers):
        parsed.notes.append("decimal comma in cells, point in the header")
    _describe_rows(block, channels, names, parsed)
    return parsed


def _describe_rows(
    block: Block, channels: list[int], names: Mapping[str, str], parsed: Parsed
) -> None:
    """Read the columns that are no channels."""
    header = block.header or []
    others = [i for i in range(block.n_columns) if i not in set(channels)]
    wanted_column(block, names, "sample_id")
    alike = [i for i in others if is_sample(header[i], names)]
    ids = alike[0] if len(alike) == 1 else None
    columns = dict(zip(others, texts_of(block, others), strict=True))
    if parsed.unit is None:
        parsed.unit = _unit_beside(header, columns)
    for i, cells in columns.items():
        if i == ids:
            parsed.sample_id = _named_samples(block, cells, block.numbers, header[i])
            parsed.notes.append(f"sample ids from column {header[i]!r}")
        elif header[i]:
            parsed.annotations[header[i]] = column_of(cells, decimal=block.decimal)
        elif i == 0 and ids is None:
            _unnamed_first(block, cells, parsed)
        elif any(cells):
            row = next(r for r, cell in enumerate(cells) if cell)
            refuse(
                block.path,
                "must name every column",
                f"column {i + 1} has no name and holds {shown(cells[row])}",
                "Name it in the header, or remove it.",
                block.numbers[row],
            )
    if parsed.annotations:
        told = ", ".join(map(repr, list(parsed.annotations)[:8]))
        more = len(parsed.annotations) - 8
        parsed.notes.append(
            f"annotations {told}" + (f" and {more} more" if more > 0 else "")
        )


def _unit_beside(header: list[str], columns: dict[int, list[str]]) -> str | None:
    """Read the unit of a header in its corner, or in an empty column of that name.

    Pixels and other quantities may describe spectra, and tell nothing of their axis.
    """
    told = [axis_name(header[0])[1] if 0 in columns else None]
    told += [unit_of(header[i]) for i, cells in columns.items() if not any(cells)]
    return next((unit for unit in told if unit and unit != "pixel"), None)


def _named_samples(
    block: Block, cells: list[str], numbers: list[int], column: str
) -> np.ndarray | None:
    """Read names of samples; one that is empty among others is refused."""
    if not any(cells):
        return None
    if "" in cells:
        refuse(
            block.path,
            "must name every sample",
            f"column {column!r} is empty",
            "Write the name into every row (of merged cells, only the first has it), "
            "or name another column with names={'sample_id': ...}.",
            numbers[cells.index("")],
        )
    return ids_of(cells)


def _unnamed_first(block: Block, cells: list[str], parsed: Parsed) -> None:
    """Take names of rows for samples, unless they only count."""
    values = ids_of(cells)
    if values.dtype.kind == "i" and is_counting(values):
        parsed.notes.append("a first column without a name only counts: left out")
    elif any(cells):
        parsed.sample_id = _named_samples(block, cells, block.numbers, "1")
        parsed.notes.append("sample ids from the first column, which has no name")


def spectra_in_columns(block: Block, axis: int, signals: list[int]) -> Parsed:
    """Read spectra in columns beside their axis.

    Parameters
    ----------
    block : Block
        The table.
    axis : int
        Column of the axis.
    signals : list of int
        Columns of spectra; their names are those of samples, where there are several.

    Returns
    -------
    Parsed
        One spectrum for each of the columns.
    """
    signals = [i for i in signals if block.header is None or block.header[i] != ""]
    if not signals:
        refuse(
            block.path,
            "must have a column of intensities beside its axis",
            "there is none",
            "Export it again.",
            block.header_line,
        )
    settle_decimals(block, [axis, *signals])
    table = numbers_of(block, [axis, *signals])
    parsed = Parsed(np.ascontiguousarray(table[:, 1:].T), table[:, 0])
    if block.header is None:
        parsed.notes.append("no header: the first column is the axis")
        return parsed
    names = [block.header[i] for i in signals]
    _tell_unit(parsed, block, axis)
    parsed.notes.append(f"axis from column {block.header[axis]!r}")
    if len(signals) == 1:
        parsed.intensity = signal_name(names[0])[1]
        if block.units and block.units[signals[0]]:
            parsed.intensity = block.units[signals[0]].strip("()[]")
        parsed.notes.append(f"intensities from column {names[0]!r}")
    else:
        parsed.sample_id = ids_of(names)
        parsed.notes.append("one spectrum in each other column, named by the header")
    return parsed


def _tell_unit(parsed: Parsed, block: Block, axis: int) -> None:
    """Read the unit of the axis from its line, or from the name of its column."""
    below = block.units[axis] if block.units else ""
    name = block.header[axis] if block.header else ""
    parsed.unit = unit_of(below) if below else axis_name(name)[1]
    odd = below or unknown_unit(name)
    if parsed.unit is None and odd:
        parsed.notes.append(f"unit {odd!r} of the axis is not known")


def long_form(block: Block, axis: int, signal: int, names: Mapping[str, str]) -> Parsed:
    """Read spectra one below the other, beside what is known of each.

    Parameters
    ----------
    block : Block
        The table.
    axis : int
        Column of the axis.
    signal : int
        Column of intensities.
    names : mapping of str to str
        "sample_id" where the user names that column.

    Returns
    -------
    Parsed
        A spectrum wherever the other columns, or the direction of the axis, change.
    """
    header = block.header or []
    keys = [i for i in range(block.n_columns) if i not in (axis, signal) and header[i]]
    settle_decimals(block, sorted({axis, signal} | (set(keys) & set(block.numeric))))
    table = numbers_of(block, [axis, signal])
    cells = texts_of(block, keys)
    starts = _starts(table[:, 0], cells)
    sizes = np.diff([*starts, len(table)])
    n = int(sizes[0])
    odd = np.flatnonzero(sizes != n)
    if not len(odd):
        axes = table[:, 0].reshape(-1, n)
        odd = np.flatnonzero((axes != axes[0]).any(axis=1))
    if len(odd):
        where = int(odd[0])
        refuse(
            block.path,
            "must give every spectrum the same axis",
            f"spectrum {where + 1} has {counted(int(sizes[where]), 'channel')} from "
            f"{table[starts[where], 0]:.6g}, and the first has {n} from "
            f"{table[0, 0]:.6g}",
            "It may be cut short; export it again, or divide it.",
            block.numbers[int(starts[where])],
        )
    parsed = Parsed(
        np.ascontiguousarray(table[:, 1].reshape(-1, n)),
        table[:n, 0],
        intensity=signal_name(header[signal])[1],
        notes=[
            f"long form: axis from column {header[axis]!r}, intensities from "
            f"{header[signal]!r}"
        ],
    )
    _tell_unit(parsed, block, axis)
    wanted_column(block, names, "sample_id")
    for i, column in zip(keys, cells, strict=True):
        values = [column[int(at)] for at in starts]
        name = header[i].lstrip("#").strip()
        if is_sample(header[i], names):
            numbers = [block.numbers[int(at)] for at in starts]
            parsed.sample_id = _named_samples(block, values, numbers, name)
        else:
            parsed.annotations[name] = column_of(values, decimal=block.decimal)
    told = ", ".join(repr(header[i].lstrip("#").strip()) for i in keys)
    parsed.notes.append(f"{counted(len(starts), 'point')}, told apart by {told}")
    return parsed


def _starts(axis: np.ndarray, keys: list[list[str]]) -> np.ndarray:
    """Find the rows where another spectrum begins."""
    new = np.zeros(len(axis), bool)
    new[0] = True
    for column in keys:
        values = np.array(column)
        new[1:] |= values[1:] != values[:-1]
    steps = np.diff(axis)
    direction = np.sign(steps[0]) if len(steps) else 1.0
    new[1:] |= np.sign(steps) == -direction
    return np.flatnonzero(new)
