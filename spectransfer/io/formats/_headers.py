"""Names of columns: which are channels, which are samples, which nobody can tell."""

import re
from collections.abc import Mapping

import numpy as np

from spectransfer.io.formats._delimited import Block
from spectransfer.io.formats._parsed import refuse
from spectransfer.io.formats._text import MINUS
from spectransfer.io.formats._words import unit_of

_DASHES = "-+\u2010\u2011\u2012\u2013\u2014\u2212"
_AS_MINUS = str.maketrans(dict.fromkeys(MINUS, "-"))
_CHANNEL = re.compile(
    rf"[Xx]?([+\-{MINUS}]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?)"
    r"\s*[(\[]?([^\d\s()\[\]][^()\[\]]*)?[)\]]?"
)


def channel_of(name: str) -> tuple[float, str | None] | None:
    """Read a channel's place on the axis from the name of its column.

    Parameters
    ----------
    name : str
        Name such as "589.0", "589,0 nm", "-12" or "X589".

    Returns
    -------
    tuple of (float, str or None), or None
        The place and its unit; None where the name is none of a channel.
    """
    match = _CHANNEL.fullmatch(name.strip())
    if match is None:
        return None
    unit = unit_of(match[2]) if match[2] else None
    if match[2] and unit is None:
        return None
    return float(match[1].replace(",", ".").translate(_AS_MINUS)), unit


def place_of(name: str) -> str:
    """Give the number in the name of a channel, as it is written.

    Parameters
    ----------
    name : str
        Name such as "589,0 nm".

    Returns
    -------
    str
        Such as "589,0"; empty where the name is none of a channel.
    """
    match = _CHANNEL.fullmatch(name.strip())
    return match[1] if match else ""


def _nearly_a_channel(name: str) -> bool:
    """Tell whether a name has digits and hardly a letter, and yet is no number."""
    name = name.lstrip(_DASHES)
    letters = sum(c.isalpha() for c in name)
    digits = sum(c.isdigit() for c in name)
    return name[:1].isdigit() and digits > 1 and letters <= min(2, digits - 1)


def is_sample(name: str, names: Mapping[str, str]) -> bool:
    """Tell whether a column is that of samples, by the user's word or by its name."""
    if "sample_id" in names:
        return name == names["sample_id"]
    return re.sub(r"[#\s_-]", "", name.lower()) == "sampleid"


def check_header(block: Block, names: list[str]) -> None:
    """Refuse names that are written twice, or that nearly are channels."""
    line = block.header_line
    odd = [
        name for name in names if channel_of(name) is None and _nearly_a_channel(name)
    ]
    if odd:
        refuse(
            block.path,
            "must name each channel by a number",
            f"{odd[0]!r} is none (some programs name a repeated column so)",
            "Rename the column, or remove it.",
            line,
        )
    plain = [name for name in names if name and channel_of(name) is None]
    twice = next((name for name in plain if plain.count(name) > 1), None)
    if twice is not None:
        refuse(
            block.path,
            "must give each column a name of its own",
            f"{twice!r} is there {plain.count(twice)} times",
            "Rename or remove the others.",
            line,
        )


def wanted_column(block: Block, names: Mapping[str, str], key: str) -> int | None:
    """Find the column that the user names, or refuse a name that is not there.

    Parameters
    ----------
    block : Block
        The table.
    names : mapping of str to str
        The user's.
    key : str
        What is looked for: "sample_id", "wavelengths" or "X".

    Returns
    -------
    int or None
        The column; None where the user names none.
    """
    if key not in names:
        return None
    header = block.header or []
    if names[key] not in header:
        listed = ", ".join(map(repr, [name for name in header if name][:12]))
        refuse(
            block.path,
            f"must have a column {names[key]!r}, as names[{key!r}] says",
            f"its columns are {listed or 'without names'}",
            "Give the name as it stands in the header.",
            block.header_line,
        )
    return header.index(names[key])


def is_counting(values: np.ndarray) -> bool:
    """Tell whether numbers only count: 0, 1, 2 or 1, 2, 3."""
    return bool(values[0] in (0, 1) and np.all(np.diff(values) == 1))
