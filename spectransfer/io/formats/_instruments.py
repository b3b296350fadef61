"""Texts that programs of instruments export, known by their first lines.

=================== ========================================= =======================
program             begins with                               axis
=================== ========================================= =======================
BWTek BWSpec, BWRam ``File Version;BW``                       column Raman Shift
Wasatch ENLIGHTEN   ``ENLIGHTEN Version``                     column Wavenumber
Horiba LabSpec      ``#`` and names, then ``#AxisUnit[1]=``   unit in the preamble
Renishaw WiRE       ``#Wave``, or ``#X #Y #Wave`` of maps     no unit in the file
OpenRAMAN           ``Pixels #,Intensity``                    pixels
=================== ========================================= =======================

The other columns of BWTek and Wasatch are had with `names`.
"""

import re
from collections.abc import Callable, Mapping

from spectransfer.io.formats._arrangements import spectra_in_columns
from spectransfer.io.formats._cells import preamble_of
from spectransfer.io.formats._delimited import Block, find_block, split
from spectransfer.io.formats._headers import wanted_column
from spectransfer.io.formats._layouts import read_layout
from spectransfer.io.formats._parsed import Parsed, counted, refuse, refuse_names
from spectransfer.io.formats._text import Text
from spectransfer.io.formats._words import MISSING, axis_name, signal_name, unit_of

Reader = Callable[[Text, Mapping[str, str]], Parsed]


def read_text_export(text: Text, names: Mapping[str, str]) -> Parsed:
    """Read a text, by the name of the program that wrote it where it is known.

    Parameters
    ----------
    text : Text
        Lines of a file.
    names : mapping of str to str
        What the user says of columns: "sample_id", "wavelengths", "X".

    Returns
    -------
    Parsed
        Spectra, axis, and what was understood.
    """
    first = text.lines[0].lstrip()
    of_use = ("wavelengths", "X")
    if first.startswith("File Version;BW"):
        refuse_names(text.path, names, "a BWTek text", of_use)
        return _read_bwtek(text, names)
    if first.startswith("ENLIGHTEN Version,"):
        refuse_names(text.path, names, "a Wasatch text", of_use)
        return _read_wasatch(text, names)
    if any(line.startswith("#AxisType[") for line in text.lines[:200]):
        refuse_names(text.path, names, "a LabSpec text")
        return _read_labspec(text)
    parsed = read_layout(text, names)
    if re.match(r"(#X\s+#Y\s+)?#Wave\s+#Intensity", first):
        parsed.kind = "Renishaw WiRE text, " + ("map" if "#X" in first else "point")
    elif first.startswith("Pixels #,Intensity"):
        parsed.kind = "OpenRAMAN text"
    return parsed


def _column(
    block: Block, names: Mapping[str, str], key: str, default: tuple[str, ...]
) -> int:
    """Find the column that the user wants, or else that which the program fills."""
    wanted = wanted_column(block, names, key)
    if wanted is not None:
        return wanted
    header = block.header or []
    there = [header.index(name) for name in default if name in header]
    if not there:
        refuse(
            block.path,
            f"must have one of the columns {', '.join(default)}",
            f"its header is {', '.join(header)}",
            f"Name the column with names={{{key!r}: ...}}.",
            block.header_line,
        )
    filled = [i for i in there if i in block.numeric]
    return (filled or there)[0]


def _check_pixels(block: Block, meta: Mapping[str, str], key: str) -> None:
    """Refuse a file that ends before the pixel that its preamble promises."""
    promised = meta.get(key, "")
    if promised.isdigit() and len(block.rows) < int(promised):
        refuse(
            block.path,
            f"must have the {promised} pixels that its preamble promises",
            f"it ends after {len(block.rows)}",
            "It is cut short; export it again.",
            block.numbers[-1],
        )


def _one_spectrum(block: Block, axis: int, signal: int, n_pixels: str) -> Parsed:
    """Read two columns, without the pixels that have no value in one of them."""
    meta = preamble_of(block)
    _check_pixels(block, meta, n_pixels)
    rows = []
    for i, row in enumerate(block.rows):
        cells = split(row, block.delimiter)
        if not {cells[axis].lower(), cells[signal].lower()} & MISSING:
            rows.append(i)
    left_out = len(block.rows) - len(rows)
    if not rows:
        header = block.header or []
        refuse(
            block.path,
            f"must have values in {header[axis]!r} and {header[signal]!r}",
            "no row has both",
            'Choose other columns, with names={"wavelengths": ..., "X": ...}.',
            block.header_line,
        )
    block.rows = [block.rows[i] for i in rows]
    block.numbers = [block.numbers[i] for i in rows]
    parsed = spectra_in_columns(block, axis, [signal])
    if left_out:
        pixels = counted(left_out, "pixel")
        parsed.notes.append(f"{pixels} without axis or intensity left out")
    parsed.meta = meta
    parsed.notes = [*block.text.notes, *parsed.notes]
    parsed.notes.append(
        f"{counted(len(parsed.meta), 'entry', 'entries')} of preamble kept in meta"
    )
    return parsed


def _read_bwtek(text: Text, names: Mapping[str, str]) -> Parsed:
    block = find_block(text, ";")
    axis = _column(block, names, "wavelengths", ("Raman Shift", "Wavelength"))
    signal = _column(block, names, "X", ("Dark Subtracted #1", "Raw data #1"))
    parsed = _one_spectrum(block, axis, signal, "pixel_num")
    header = block.header or []
    parsed.kind = "BWTek text"
    parsed.unit = {"Wavelength": "nm", "Pixel": "pixel"}.get(header[axis], "cm-1")
    if header[signal].startswith(("Dark", "Raw", "Reference")):
        parsed.intensity = "counts"
    return parsed


def _read_wasatch(text: Text, names: Mapping[str, str]) -> Parsed:
    block = find_block(text, ",")
    meta = preamble_of(block)
    is_raman = meta.get("Technique", "Raman") == "Raman"
    usual = ("Wavenumber", "Wavelength") if is_raman else ("Wavelength", "Wavenumber")
    axis = _column(block, names, "wavelengths", usual)
    signal = _column(block, names, "X", ("Processed", "Raw"))
    parsed = _one_spectrum(block, axis, signal, "Pixel Count")
    header = block.header or []
    parsed.kind = "Wasatch ENLIGHTEN text"
    parsed.unit = {"Wavelength": "nm"}.get(header[axis], axis_name(header[axis])[1])
    parsed.intensity = "counts"
    return parsed


def _read_labspec(text: Text) -> Parsed:
    n = sum(line.startswith("#") for line in text.lines)
    head, numbers = text.lines[:n], text.numbers[:n]
    if any(line.startswith("#") for line in text.lines[n:]) or n == len(text.lines):
        refuse(
            text.path,
            "must be a preamble of lines with #, then one spectrum, as LabSpec writes",
            "it has such lines elsewhere, or no others",
            "Export the spectrum again.",
        )
    meta = preamble_of(
        Block(text, "\t", 2, [], [], [], preamble=list(zip(numbers, head, strict=True)))
    )
    body = Text(text.path, text.lines[n:], text.numbers[n:], text.notes)
    body.has_end = text.has_end
    parsed = read_layout(body, {})
    kinds = {key[8:]: kind for key, kind in meta.items() if key.startswith("AxisType")}
    if len(kinds) != 2 or len(parsed.X) != 1:
        refuse(
            text.path,
            "must be one spectrum where LabSpec wrote it",
            f"its axes are {', '.join(kinds.values())}",
            "Export points of a map one by one, or as a table with spectra in columns.",
        )
    for at, kind in kinds.items():
        unit = meta.get(f"AxisUnit{at}", "")
        if kind == "Spectr":
            parsed.unit = unit_of(unit)
        elif kind == "Intens":
            parsed.intensity = signal_name(unit)[1] or unit or None
    parsed.kind, parsed.meta = "Horiba LabSpec text", meta
    parsed.notes.append(f"{counted(n, 'line')} of preamble kept in meta")
    return parsed
