"""Spectra in text tables: one row for each spectrum, wavelengths in the header.

A column is a channel where its name is a number, perhaps with a unit (``589.0``,
``589.0 nm``) or with the X that R puts before numbers (``X589``). Every other column
describes the spectra.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spectransfer._typing import FloatArray
from spectransfer.exceptions import FileFormatError

_WAVELENGTH = re.compile(
    r"X?(\d+(?:[.,]\d*)?(?:[eE][+-]?\d+)?)\s*(nm|um|µm|μm|cm-1|cm\^-1|1/cm)?"
)
_DELIMITERS = (";", "\t", ",")


@dataclass(frozen=True)
class Table:
    """What one file holds."""

    spectra: FloatArray
    wavelengths: FloatArray
    columns: dict[str, np.ndarray]
    unit: str | None


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileFormatError(
            f"{path} must be text in UTF-8, but reading it fails: {error}. Export it "
            "again as CSV in UTF-8."
        ) from error
    lines = [line for line in text.splitlines() if line.strip()]
    while lines and lines[0].startswith("#"):
        del lines[0]
    return lines


def _channels(header: str, delimiter: str) -> tuple[list[str], dict[int, re.Match]]:
    """Names of all columns, and those that are channels by their numbers."""
    names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
    matches = {i: _WAVELENGTH.fullmatch(name) for i, name in enumerate(names)}
    return names, {i: match for i, match in matches.items() if match}


def _column(texts: list[str]) -> np.ndarray:
    """Read a describing column as whole numbers, numbers or text."""
    for kind in (np.int64, np.float64):
        try:
            return np.array([kind(text) for text in texts])
        except (ValueError, OverflowError):
            continue
    return np.array(texts)


def _describing(
    rows: Iterator[list[str]], names: list[str], channels: set[int], path: Path
) -> dict[str, np.ndarray]:
    """Read the columns that are no channels, row by row to save memory."""
    others = [i for i, name in enumerate(names) if name and i not in channels]
    texts: list[list[str]] = [[] for _ in others]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise FileFormatError(
                f"{path} must have {len(names)} columns in every row, as in its "
                f"header, but spectrum {number} has {len(row)}. It may be cut short; "
                "export it again."
            )
        for column, i in zip(texts, others, strict=True):
            column.append(row[i].strip())
    return {names[i]: _column(column) for i, column in zip(others, texts, strict=True)}


def _read_spectra(
    lines: list[str], delimiter: str, channels: list[int], path: Path
) -> FloatArray:
    if delimiter != ",":
        lines = [line.replace(",", ".") for line in lines]
    try:
        return np.loadtxt(
            lines,
            delimiter=delimiter,
            usecols=channels,
            comments=None,
            quotechar='"',
            ndmin=2,
        )
    except ValueError as error:
        raise FileFormatError(
            f"{path} must hold a number in every channel of every spectrum, but "
            f"reading it fails: {error} Spectra count from 0 here, columns from 1. "
            "Fill or remove what was not measured."
        ) from error


def read_table(path: Path) -> Table:
    """Read the spectra of one instrument from a text table.

    Parameters
    ----------
    path : Path
        Text in UTF-8, columns divided by comma, semicolon or tab; with the last two
        a decimal comma is understood. Lines that start with ``#`` before the header
        are passed over.

    Returns
    -------
    Table
        Spectra in float64, their axis, and the columns that are no channels.
    """
    lines = _lines(path)
    if len(lines) < 2:
        raise FileFormatError(
            f"{path} must hold a header and at least one spectrum, but it has "
            f"{len(lines)} lines. Export it again."
        )
    # A decimal comma divides text as well: the delimiter that gives most channels wins.
    delimiter = max(_DELIMITERS, key=lambda mark: len(_channels(lines[0], mark)[1]))
    names, channels = _channels(lines[0], delimiter)
    if not channels:
        raise FileFormatError(
            f"{path} must name its channels by their wavelengths in the header, but "
            f"the header is {lines[0][:40]!r}.... Write one spectrum in each row, "
            "under column names such as 589.0; transpose the table if its columns are "
            "spectra."
        )
    rows = csv.reader(lines[1:], delimiter=delimiter)
    try:
        columns = _describing(rows, names, set(channels), path)
    except csv.Error as error:
        raise FileFormatError(
            f"{path} must be a text table, but reading it fails: {error}. It is "
            "damaged or of another format; export it again."
        ) from error
    units = {match[2] for match in channels.values() if match[2]}
    return Table(
        spectra=_read_spectra(lines[1:], delimiter, list(channels), path),
        wavelengths=np.array(
            [float(match[1].replace(",", ".")) for match in channels.values()]
        ),
        columns=columns,
        unit=units.pop() if len(units) == 1 else None,
    )


def entries_of(secondary: Path, primary: Path) -> dict[str, Any]:
    """Read two tables of the same spots, and bring their columns together."""
    tables = {"secondary": read_table(secondary), "primary": read_table(primary)}
    entries: dict[str, Any] = {}
    for side, table in tables.items():
        entries[f"X_{side}"] = table.spectra
        entries[f"wavelengths_{side}"] = table.wavelengths
    first, second = (table.columns for table in tables.values())
    _check_samples(first.get("sample_id"), second.get("sample_id"), secondary, primary)
    for name in first | second:
        if name in first and name in second and not _same(first[name], second[name]):
            entries[f"{name}_secondary"] = first[name]
            entries[f"{name}_primary"] = second[name]
        else:
            entries[name] = (first | second)[name]
    units = {table.unit for table in tables.values()}
    if len(units) == 1 and None not in units:
        entries["axis"] = np.asarray(units.pop())
    return entries


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.all(a == b))


def _check_samples(
    a: np.ndarray | None, b: np.ndarray | None, secondary: Path, primary: Path
) -> None:
    if a is None or b is None or len(a) != len(b) or _same(a, b):
        return
    row = int(np.flatnonzero(a.astype(str) != b.astype(str))[0])
    raise FileFormatError(
        f"Rows of {secondary} and {primary} must pair, but spectrum {row + 1} is of "
        f"sample {a[row]} in the one and of sample {b[row]} in the other. Sort both "
        "tables alike, and leave out what was measured on one instrument only."
    )
