"""JCAMP-DX, SPC and ENVI, through libraries that are kept for them."""

import contextlib
import io
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spectransfer._axis import find_unit
from spectransfer._imports import need
from spectransfer._reading import refuse_more_than_memory
from spectransfer.io.formats._parsed import Parsed, counted, refuse, refuse_names

EXTRA = "spectransfer[instruments]"
# a run of equal numbers, which may be packed as one letter and a length
_LONG_RUN = re.compile(rb"^(?!##)(?=.*[S-Zs]\d{5}).*$", re.MULTILINE)
_N_POINTS = re.compile(rb"^##\s*NPOINTS\s*=\s*(\S*)", re.MULTILINE | re.IGNORECASE)
_SPC_UNITS = {
    "XWAVEN": "cm-1",
    "XRAMANS": "cm-1",
    "XUMETR": "um",
    "XNMETR": "nm",
    "XEV": "eV",
    "XDIODE": "pixel",
    "XCHANL": "pixel",
    "XPOINT": "pixel",
}
_SPC_INTENSITIES = {
    "YABSRB": "absorbance",
    "YCOUNT": "counts",
    "YTRANS": "transmittance",
    "YREFLEC": "reflectance",
    "YKMONK": "Kubelka-Munk",
    "YRELINT": "a.u.",
    "YARB": "a.u.",
}
_ARBITRARY = {"arbitrary units", "arbitrary unit", "arb. units", "arbitrary", "au"}


@contextlib.contextmanager
def read_by(library: str, path: Path) -> Iterator[None]:
    """Let no error of a library out, whatever it is, but with the name of the file."""
    try:
        yield
    except ImportError:
        raise
    except Exception as error:
        found = f"{library} gives {type(error).__name__}: {error}"
        way = "It is damaged, cut short or of a kind that is not known there: export it"
        refuse(path, "must be readable", found, f"{way} as text.")


def is_jcamp(start: bytes) -> bool:
    """Tell whether a file begins as JCAMP-DX does."""
    return (
        start.lstrip(b"\xef\xbb\xbf \t\r\n")
        .upper()
        .startswith((b"##TITLE", b"##JCAMP"))
    )


def is_envi(start: bytes) -> bool:
    """Tell whether a file is the header of an ENVI image or library."""
    return re.match(rb"ENVI\s*\r?\n", start) is not None


def is_spc(start: bytes, size: int) -> bool:
    """Tell whether a file is SPC: its version, and sizes that it can hold."""
    if len(start) < 28 or start[1:2] not in b"KLM" or b"\0" not in start[:32]:
        return False
    points, *_, spectra = struct.unpack_from("<iddi", start, 4)
    return start[1:2] != b"K" or (0 <= points <= size and 0 < spectra <= size)


def read_jcamp(path: Path, names: Mapping[str, str]) -> Parsed:
    """Read spectra in JCAMP-DX, alone or linked.

    Parameters
    ----------
    path : Path
        A file.
    names : mapping of str to str
        Refused: the format names what it holds.

    Returns
    -------
    Parsed
        What it says.

    Raises
    ------
    FileFormatError
        If it holds no spectra, or does not agree with itself.
    """
    refuse_names(path, names, "JCAMP-DX")
    jcamp = need("jcamp", f"Reading {path}", EXTRA)
    content = path.read_bytes()
    _refuse_bombs(path, content)
    said = io.StringIO()  # the library prints what does not agree
    with read_by("jcamp", path), contextlib.redirect_stdout(said):
        found = jcamp.read(content.splitlines(keepends=True))
    blocks = found.get("children") or [found]
    complaint = said.getvalue().strip()
    if complaint:
        refuse(path, "must agree with itself", f"{complaint[:200]}", "Export it anew.")
    for block in blocks:
        if "xydata" not in block and "xypoints" not in block:
            refuse(path, "must hold spectra", "a block has none", "Export spectra.")
        n, promised = len(block["y"]), block.get("npoints", len(block["y"]))
        if n != promised:
            way = "It is damaged or cut short: export it anew."
            refuse(path, f"must hold {promised} points", f"it holds {n}", way)
    parsed = _stacked(path, [(block["x"], block["y"]) for block in blocks])
    first = blocks[0]
    parsed.unit = find_unit(str(first.get("xunits", "")).replace("_", " "))
    told = str(first.get("yunits", "")).strip().lower()
    parsed.intensity = "a.u." if told in _ARBITRARY else told or None
    skipped = ("x", "y", "xydata", "xypoints", "children", "end", "filename")
    parsed.meta = {k: str(v) for k, v in found.items() if k not in skipped}
    if len(blocks) > 1:
        titles = [str(block.get("title", "")) for block in blocks]
        parsed.annotations["title"] = np.array(titles)
    parsed.kind = "JCAMP-DX"
    return parsed


def _refuse_bombs(path: Path, content: bytes) -> None:
    """Refuse what would take more memory than a file of this size can need."""
    promised = [m[1] for m in _N_POINTS.finditer(content)]
    too_many = any(not n.isdigit() or int(n) > 100 * len(content) for n in promised)
    if too_many or _LONG_RUN.search(content):
        way = "Export it anew."
        refuse(path, "must hold what it promises", "its number of points is not", way)


def read_spc(path: Path, names: Mapping[str, str]) -> Parsed:
    """Read an SPC file of Galactic, in its newer version.

    Parameters
    ----------
    path : Path
        A file.
    names : mapping of str to str
        Refused: the format names what it holds.

    Returns
    -------
    Parsed
        What it says.

    Raises
    ------
    FileFormatError
        If it is of another version, or its spectra have different axes.
    """
    refuse_names(path, names, "SPC")
    content = path.read_bytes()
    if content[1:2] != b"K":
        found = "it is of an older version, or of big-endian order"
        refuse(path, "must be SPC of version 4B", found, "Save it as SPC anew.")
    spc_io = need("spc_io", f"Reading {path}", EXTRA)
    with read_by("spc_io", path):
        file = spc_io.SPC.from_bytes_io(io.BytesIO(content))
        spectra = [(sub.xarray, sub.yarray) for sub in file]
    parsed = _stacked(path, spectra)
    parsed.unit = _SPC_UNITS.get(str(file.xtype))
    parsed.intensity = _SPC_INTENSITIES.get(str(file.ytype))
    parsed.meta = {str(k): str(v) for k, v in file.log_book.text.items() if str(v)}
    places = np.array([np.nan if sub.z is None else float(sub.z) for sub in file])
    if len(parsed.X) > 1 and np.isfinite(places).all():
        parsed.annotations["z"] = places
    parsed.kind = "SPC"
    return parsed


def read_envi(path: Path, names: Mapping[str, str]) -> Parsed:
    """Read an image or a library of spectra by its ENVI header.

    Parameters
    ----------
    path : Path
        The header; the data lie beside it.
    names : mapping of str to str
        Refused: the format names what it holds.

    Returns
    -------
    Parsed
        Spectra of all pixels, row by row, in memory.

    Raises
    ------
    FileFormatError
        If it has no wavelengths, or its data are too short.
    """
    refuse_names(path, names, "ENVI")
    need("spectral", f"Reading {path}", EXTRA)
    envi = need("spectral.io.envi", f"Reading {path}", EXTRA)
    with read_by("spectral", path):
        image = envi.open(str(path))
    if hasattr(image, "spectra"):
        table, ids = np.asarray(image.spectra), np.array(image.names, dtype=str)
        parsed = Parsed(table, _bands(path, image), sample_id=ids)
        with read_by("spectral", path):  # whose library forgets the ignore value
            header = envi.read_envi_header(str(path))
        _apply_header(path, header, parsed)
    else:
        rows, columns, bands = image.shape
        promised = image.offset + image.sample_size * rows * columns * bands
        there = Path(image.filename).stat().st_size
        if promised > there:
            found = f"{Path(image.filename).name} has {there}"
            refuse(path, f"must have data of {promised} bytes", found, "Copy it anew.")
        refuse_more_than_memory(8 * rows * columns * bands, path)
        with read_by("spectral", path):
            table = np.asarray(image.load(scale=False)).reshape(rows * columns, bands)
        parsed = Parsed(table, _bands(path, image))
        _apply_header(path, image.metadata, parsed)
        if image.scale_factor != 1:
            parsed.X = parsed.X / float(image.scale_factor)
        places = np.indices((rows, columns)).reshape(2, -1)
        parsed.annotations = dict(zip(("row", "column"), places, strict=True))
        parsed.notes.append(f"{rows} x {columns} pixels, row by row")
    told = image.metadata
    parsed.unit = find_unit(str(told.get("wavelength units", "")))
    kept = (
        "description",
        "sensor type",
        "acquisition time",
        "reflectance scale factor",
    )
    parsed.meta = {name: str(told[name]) for name in kept if name in told}
    parsed.kind = "ENVI"
    return parsed


def _apply_header(path: Path, told: Mapping[str, Any], parsed: Parsed) -> None:
    """Apply what a header says of the numbers: missing ones, gains, bad bands."""
    n = parsed.X.shape[1]
    if "data ignore value" in told:
        (ignored,) = _numbers(path, told, "data ignore value", 1)
        if np.isfinite(ignored):
            parsed.X = np.where(ignored == parsed.X, np.nan, parsed.X)
            parsed.notes.append(f"ignore value {ignored:g} read as missing")
    gains, offsets = "data gain values", "data offset values"
    if gains in told or offsets in told:
        parsed.X = parsed.X * (_numbers(path, told, gains, n) if gains in told else 1)
        parsed.X += _numbers(path, told, offsets, n) if offsets in told else 0
        parsed.notes.append("gains and offsets of the header applied")
    if "bbl" in told:
        kept = _numbers(path, told, "bbl", n) != 0
        bad = int((~kept).sum())
        if bad == n:
            way = "Correct the header."
            refuse(path, "must have good bands", "bbl marks all as bad", way)
        parsed.X, parsed.axis = parsed.X[:, kept], parsed.axis[kept]
        if bad:
            parsed.notes.append(f"{counted(bad, 'bad band')} left out")


def _numbers(path: Path, told: Mapping[str, Any], name: str, n: int) -> np.ndarray:
    """Read the numbers of an entry, one for each band."""
    try:
        values = np.array(np.atleast_1d(told[name]), dtype=np.float64)
    except (TypeError, ValueError):
        values = np.array([])
    if values.shape != (n,):
        way = "Correct the header, or remove the entry if it does not hold."
        refuse(path, f"must have {n} numbers as {name!r}", "it has others", way)
    return values


def _bands(path: Path, image: Any) -> np.ndarray:
    centers = image.bands.centers
    if centers is None:
        way = "Add an entry 'wavelength' to the header, or read the image as an array."
        refuse(path, "must have a wavelength for each band", "it has none", way)
    return np.asarray(centers, dtype=np.float64)


def _stacked(path: Path, spectra: list[tuple[Any, Any]]) -> Parsed:
    """Put spectra of one file one below the other, on their one axis."""
    if not spectra:
        refuse(path, "must hold spectra", "it holds none", "Export it anew.")
    axis = np.asarray(spectra[0][0], dtype=np.float64)
    for i, (other, _) in enumerate(spectra):
        if len(other) != len(axis) or not np.allclose(other, axis, rtol=1e-9):
            found = f"that of spectrum {i} (counted from 0) is another"
            refuse(path, "must have one axis", found, "Export its spectra apart.")
    table = np.array([np.asarray(y, dtype=np.float64) for _, y in spectra])
    parsed = Parsed(table, axis)
    if len(table) > 1:
        parsed.notes.append(counted(len(table), "spectrum", "spectra") + " in one file")
    return parsed
