"""Text of instruments: packed or not, in the encoding that its bytes show."""

import gzip
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from spectransfer._reading import DAMAGE, refuse_more_than_memory
from spectransfer.io.formats._parsed import refuse

GZIP = b"\x1f\x8b"
MINUS = "\u2212\ufe63\uff0d"
_MINUS = re.compile(
    rf"(?:(?<=\d[eE])[{MINUS}](?=\d))|"
    rf"(?:^|(?<=[\s;,|\"]))[{MINUS}]"
    rf"(?=[.,]?\d[\d.,]*(?:[eE][-+{MINUS}]?\d+)?\s*(?:$|[;,|\"\d.+\-{MINUS}]))",
    re.MULTILINE,
)
_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
# a character of 4 bytes in each of a list of short lines
_BYTES_IN_MEMORY = 6


@dataclass
class Text:
    """Lines of a file that are not empty, and where they stand.

    Parameters
    ----------
    path : Path
        The file.
    lines : list of str
        Lines without their ends.
    numbers : list of int
        Their numbers in the file, counted from 1.
    notes : list of str, default=[]
        What was understood so far.
    is_sheet : bool, default=False
        Whether the lines are rows of a sheet, divided by tabs.
    has_end : bool, default=True
        Whether the last line ends as the others do.
    """

    path: Path
    lines: list[str]
    numbers: list[int]
    notes: list[str] = field(default_factory=list)
    is_sheet: bool = False
    has_end: bool = True


def _unpacked(path: Path) -> bytes:
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    if not packed:
        refuse_more_than_memory(_BYTES_IN_MEMORY * path.stat().st_size, path)
        return path.read_bytes()
    content = bytearray()
    try:
        with gzip.open(path) as file:
            while block := file.read(1 << 24):
                content += block
                refuse_more_than_memory(_BYTES_IN_MEMORY * len(content), path)
    except DAMAGE as error:
        if isinstance(error, ValueError):
            raise
        refuse(
            path,
            "must be whole gzip",
            f"unpacking it fails: {error}",
            "It is damaged or cut short; copy it again.",
        )
    return bytes(content)


def _decoded(content: bytes, path: Path) -> tuple[str, list[str]]:
    mark = next((m for m in _MARKS if content.startswith(m)), None)
    encoding = "utf-8" if mark is None else _MARKS[mark]
    if encoding != "utf-16" and b"\0" in content:
        at = content.index(b"\0")
        refuse(
            path,
            "must be text, or a format that is known by its first bytes",
            f"byte {at} is 0 and it begins with {content[:8]!r}",
            "Export it as text, for example as CSV.",
        )
    try:
        return content.decode(encoding), []
    except UnicodeDecodeError as error:
        if encoding == "utf-16":
            refuse(
                path,
                "must be text in UTF-16, as its first bytes say",
                f"reading it fails: {error}",
                "It is damaged or cut short; copy or export it again.",
            )
        line = content.count(b"\n", 0, error.start) + 1
        note = f"line {line} is no UTF-8: read as Windows-1252"
        return content.decode("cp1252", errors="replace"), [note]


def with_plain_minus(text: str) -> str:
    """Write the minus signs of Unicode before numbers as "-".

    Parameters
    ----------
    text : str
        Text of any length.

    Returns
    -------
    str
        The text; within words nothing changes.
    """
    return _MINUS.sub("-", text)


def read_text(path: Path) -> Text:
    """Read the lines of a text, which may be packed by gzip.

    Parameters
    ----------
    path : Path
        Text in UTF-8, UTF-16 with its mark, or else Windows-1252.

    Returns
    -------
    Text
        Lines that are not empty; ends of lines may be those of any system.
    """
    text, notes = _decoded(_unpacked(path), path)
    text = with_plain_minus(text)
    # splitlines would also split at characters that are no ends of lines
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines and lines[-1] == "\x1a":  # end of file of DOS programs
        lines[-1] = ""
    has_end = lines[-1:] == [""]
    numbers = [i for i, line in enumerate(lines, start=1) if line.strip()]
    if len(numbers) < len(lines):
        lines = [line for line in lines if line.strip()]
    if os.fspath(path).lower().endswith(".gz"):
        notes.insert(0, "unpacked by gzip")
    if not lines:
        refuse(path, "must hold spectra", "it is empty", "Export it again.")
    return Text(path, lines, numbers, notes, has_end=has_end)
