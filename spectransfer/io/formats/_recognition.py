"""Which reader a file is for: told by its first bytes, whatever its name says."""

from collections.abc import Mapping
from pathlib import Path

from spectransfer.io.formats._arrays import read_arrays
from spectransfer.io.formats._detector_files import OPUS, SIF, read_opus, read_sif
from spectransfer.io.formats._excel import is_excel, read_excel
from spectransfer.io.formats._instruments import read_text_export
from spectransfer.io.formats._interchange import (
    is_envi,
    is_jcamp,
    is_spc,
    read_envi,
    read_jcamp,
    read_spc,
)
from spectransfer.io.formats._parsed import Parsed, refuse
from spectransfer.io.formats._stores import is_store
from spectransfer.io.formats._text import read_text

_KNOWN_BUT_NOT_READ = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": (
        "an old Excel or Office file (.xls)",
        "Save it as .xlsx or as CSV.",
    ),
    b"CDF\x01": ("netCDF 3", "Save it as netCDF 4, which is HDF5."),
    b"CDF\x02": ("netCDF 3", "Save it as netCDF 4, which is HDF5."),
    b"WDF1": ("WDF of Renishaw", "Export it as text or SPC."),
    b"%PDF": ("a PDF", "Export the numbers."),
    b"\x89PNG": ("a picture", "Export the numbers."),
    b"SIMPLE  =": ("FITS", "Convert it with astropy."),
}


def read_file(path: Path, names: Mapping[str, str]) -> Parsed:
    """Read a file of any known format.

    Parameters
    ----------
    path : Path
        The file.
    names : mapping of str to str
        What the user says of its columns or entries.

    Returns
    -------
    Parsed
        What it says, in its order.

    Raises
    ------
    FileFormatError
        If it is none, or damaged.
    """
    with path.open("rb") as file:
        start = file.read(512)
    for mark, (what, way) in _KNOWN_BUT_NOT_READ.items():
        if start.startswith(mark):
            refuse(path, "must be of a format that is read here", f"it is {what}", way)
    if start.startswith(b"PK") and is_excel(path):
        return read_excel(path, names)
    if is_store(start):
        return read_arrays(path, names)
    if is_jcamp(start):
        return read_jcamp(path, names)
    if start.startswith(OPUS):
        return read_opus(path, names)
    if start.startswith(SIF):
        return read_sif(path, names)
    if is_envi(start):
        return read_envi(path, names)
    if is_spc(start, path.stat().st_size):
        return read_spc(path, names)
    return read_text_export(read_text(path), names)
