"""OPUS of Bruker and SIF of Andor, through libraries that are kept for them."""

import io
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spectransfer._axis import find_unit
from spectransfer._imports import need
from spectransfer._reading import refuse_more_than_memory
from spectransfer.io.formats._interchange import EXTRA, read_by
from spectransfer.io.formats._parsed import Parsed, counted, refuse, refuse_names

OPUS = b"\n\n\xfe\xfe"
SIF = b"Andor Technology Multi-Channel File\n"
# what a measurement ends in comes before what it is made of
_RESULTS = ("a", "t", "r", "km", "ra", "e", "logr", "atr", "pas")
_OPUS_UNITS = {"WN": "cm-1", "MI": "um", "PNT": "pixel"}
_OPUS_INTENSITIES = {
    "a": "absorbance", "t": "transmittance", "r": "reflectance", "km": "Kubelka-Munk",
}  # fmt: skip
_KEPT = ("SNM", "SFM", "CNM", "INS", "RES", "NSS", "LWN", "AQM", "SRC", "DTC")


def read_opus(path: Path, names: Mapping[str, str]) -> Parsed:
    """Read what a measurement by OPUS ends in, or what the user asks for.

    Parameters
    ----------
    path : Path
        A file.
    names : mapping of str to str
        "X" where the user wants another of its blocks, such as "sm".

    Returns
    -------
    Parsed
        What it says.

    Raises
    ------
    FileFormatError
        If it holds no spectra, or does not agree with itself.
    """
    refuse_names(path, names, "OPUS", ("X",))
    brukeropus = need("brukeropus", f"Reading {path}", EXTRA)
    _refuse_short(path)
    with read_by("brukeropus", path):
        file = brukeropus.read_opus(str(path))
        keys = [str(key) for key in file.data_keys]
    wanted = names.get("X")
    if wanted is None:
        spectra = [k for k in keys if not k.startswith(("ig", "ph", "match"))]
        results = [k for k in _RESULTS if k in spectra]
        wanted = next(iter([*results, *spectra]), None)
    if wanted not in keys:
        found = f"it holds {', '.join(keys) or 'none that can be read'}"
        rule = "must hold spectra" if wanted is None else f"must hold {wanted!r}"
        refuse(path, rule, found, 'Choose one, with names={"X": ...}.')
    with read_by("brukeropus", path):
        block = getattr(file, str(wanted))
        axis = np.asarray(block.x, dtype=np.float64)
        table = np.atleast_2d(np.asarray(block.y, dtype=np.float64))
        promised, unit = int(block.params.npt), str(block.params.dxu)
        told = {k: getattr(file.params, k.lower(), None) for k in _KEPT}
    if table.shape[1] != len(axis) or len(axis) != promised:
        found = f"it holds {table.shape[1]}"
        refuse(path, f"must hold {promised} points", found, "Copy or export it anew.")
    parsed = Parsed(table, axis, _OPUS_UNITS.get(unit), kind="OPUS")
    parsed.intensity = _OPUS_INTENSITIES.get(str(wanted).split("_")[0])
    parsed.meta = {k: str(v) for k, v in told.items() if v is not None}
    others = [k for k in keys if k != wanted]
    parsed.notes.append(
        f"spectra from {wanted!r}"
        + (f"; there are {', '.join(map(repr, others))}, too" if others else "")
    )
    return parsed


def _refuse_short(path: Path) -> None:
    """Refuse a file that ends before the blocks that its directory lists."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(24)
        at, _, n_blocks = struct.unpack("<3i", head[12:].ljust(12, b"\0"))
        file.seek(max(at, 0))
        listed = file.read(12 * min(max(n_blocks, 0), size))
    blocks = list(struct.iter_unpack("<3i", listed[: len(listed) // 12 * 12]))
    end = max((start + 4 * words for _, words, start in blocks), default=0)
    if len(blocks) < max(n_blocks, 1) or end > size:
        found = f"it has {size} bytes"
        refuse(path, f"must have its {n_blocks} blocks", found, "Copy it anew.")


class _Ending(io.FileIO):
    """A file that says when it is over; the library would read on for ever."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read bytes; none is an error, where some were asked for."""
        found = super().read(-1 if size is None else size)
        if not found and size:
            raise EOFError("the file ends before its header does")
        return bytes(found or b"")


def read_sif(path: Path, names: Mapping[str, str]) -> Parsed:
    """Read the spectra of a detector of Andor, in all frames and tracks.

    Parameters
    ----------
    path : Path
        A file.
    names : mapping of str to str
        Refused: the format names what it holds.

    Returns
    -------
    Parsed
        What it says; over pixels where it was not calibrated.

    Raises
    ------
    FileFormatError
        If it is damaged, or its frames have axes of their own.
    """
    refuse_names(path, names, "SIF")
    sif = need("sif_parser", f"Reading {path}", EXTRA)
    refuse_more_than_memory(path.stat().st_size, path)
    with read_by("sif_parser", path), _Ending(path) as file:
        data, told = sif.np_open(file)
        axis = sif.utils.extract_calibration(told)
        n_frames, n_rows, n_channels = data.shape
    if axis is not None and np.ndim(axis) > 1:
        if not (axis == axis[:1]).all():
            found = "its frames have axes of their own"
            refuse(path, "must have one axis", found, "Export its frames apart.")
        axis = axis[0]
    parsed = Parsed(data.reshape(-1, n_channels), np.arange(1.0, n_channels + 1))
    parsed.unit, parsed.kind = "pixel", "SIF"
    # without a calibration, pixels are numbered from 1
    if axis is not None and not np.array_equal(axis, parsed.axis):
        axis = axis[:n_channels]  # of images, it goes on from row to row
        if len(axis) != n_channels:
            found = f"it has {len(axis)} places and {n_channels} channels"
            refuse(path, "must have one axis", found, "Export it as text.")
        parsed.axis = np.asarray(axis, dtype=np.float64)
        parsed.unit = _unit_of(told)
    word = _word(told.get("DataType"))
    parsed.intensity = word.lower() if word else None
    parsed.annotations = _places(n_frames, n_rows)
    if len(parsed.X) > 1:
        parsed.notes.append(
            f"{counted(n_frames, 'frame')} of {counted(n_rows, 'row')}, row by row"
        )
    kept = ("DetectorType", "ExposureTime", "AccumulatedCycles", "DetectorTemperature")
    parsed.meta = {name: str(told[name]) for name in kept if name in told}
    return parsed


def _places(n_frames: int, n_rows: int) -> dict[str, np.ndarray]:
    """Number frames, and rows of the detector, where there are several."""
    frames, rows = np.indices((n_frames, n_rows)).reshape(2, -1)
    known = {"frame": (n_frames, frames), "row": (n_rows, rows)}
    return {name: places for name, (n, places) in known.items() if n > 1}


def _word(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value or "")


def _unit_of(told: Mapping[str, Any]) -> str | None:
    """Read the unit of a calibrated axis: the program calls wavelengths in nm so."""
    name = _word(told.get("FrameAxis")).strip()
    return "nm" if name.lower() == "wavelength" else find_unit(name)
