"""Many files of one instrument as one table: the same axis, or the odd one is named."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from spectransfer.exceptions import WavelengthError
from spectransfer.io.formats import Parsed, column_of

_AGREE = 1e-3
# what may tell a format; any other ending, as in "plate.001", is part of a name
_ENDINGS = (
    *("csv", "tsv", "txt", "text", "dat", "data", "asc", "ascii", "prn", "xy", "tab"),
    *("out", "log", "rpt", "spectrum", "npz", "mat", "h5", "hdf", "hdf5", "nxs", "nx"),
    *("nc", "xlsx", "xlsm", "jdx", "jcm", "dx", "jcamp", "spc", "sif", "hdr"),
)


def _names_of(files: tuple[Path, ...], tables: tuple[Parsed, ...]) -> list[str]:
    """Name samples by their files, without what tells the format.

    Files that would be called alike, as a.csv and a.txt, keep their whole names.
    """
    stems = []
    for file, table in zip(files, tables, strict=True):
        name = file.name.removesuffix(".gz")
        stem, _, ending = name.rpartition(".")
        numbered = table.kind == "OPUS" and ending.isdigit()  # its own endings
        known = numbered or ending.lower() in _ENDINGS
        stems.append(stem if known and stem else name)
    counts = Counter(stems)
    named = zip(files, stems, strict=True)
    return [stem if counts[stem] == 1 else file.name for file, stem in named]


def _same_axis(a: Parsed, b: Parsed) -> bool:
    if a.axis.shape != b.axis.shape or a.unit != b.unit:
        return False
    pitch = np.abs(np.diff(a.axis)).min(initial=np.inf)
    limit = _AGREE * pitch if np.isfinite(pitch) else 0.0
    return bool((np.abs(a.axis - b.axis) <= limit).all())


def _check_axes(parts: list[tuple[Path, Parsed]]) -> None:
    """Name the file whose axis differs from that of most."""
    sizes = Counter(len(parsed.axis) for _, parsed in parts)
    n_usual = sizes.most_common(1)[0][0]
    usual_file, usual = next((f, p) for f, p in parts if len(p.axis) == n_usual)
    odd = [(file, p) for file, p in parts if not _same_axis(usual, p)]
    if len(odd) > len(parts) / 2:  # the first was the odd one
        usual_file, usual = odd[0]
        odd = [(file, p) for file, p in parts if not _same_axis(usual, p)]
    if odd:
        file, parsed = odd[0]
        told = [
            f"{len(p.axis)} channels from {p.axis[0]:.6g} to {p.axis[-1]:.6g} "
            f"{p.unit or '(unit not told)'}"
            for p in (parsed, usual)
        ]
        alike = len(parts) - len(odd)
        most = f", as do {alike} of {len(parts)} files" if alike > 1 else ""
        raise WavelengthError(
            f"All files of {file.parent} must have one axis, but {file.name} has "
            f"{told[0]}, and {usual_file.name} has {told[1]}{most}. Move it elsewhere, "
            "or read them one by one with read_spectra, and bring each to one axis "
            "with WavelengthResampler."
        )


def stacked(parts: list[tuple[Path, Parsed]]) -> Parsed:
    """Put the spectra of many files one below the other.

    Parameters
    ----------
    parts : list of tuple of (Path, Parsed)
        Files and what was read, on one axis.

    Returns
    -------
    Parsed
        All spectra; entries of preambles that differ become annotations.

    Raises
    ------
    WavelengthError
        If an axis differs.
    """
    _check_axes(parts)
    files, tables = zip(*parts, strict=True)
    sizes = [len(table.X) for table in tables]
    own_ids = all(table.sample_id is not None for table in tables)
    ids = [t.sample_id for t in tables if t.sample_id is not None]
    names = np.repeat(_names_of(files, tables), sizes)
    first = tables[0]
    kinds = Counter(table.kind for table in tables)
    together = Parsed(
        np.concatenate([table.X for table in tables]),
        first.axis,
        first.unit,
        first.intensity if len({t.intensity for t in tables}) == 1 else None,
        sample_id=np.concatenate(_alike(ids)) if own_ids else names,
        kind="folder of " + ", ".join(f"{n} x {kind}" for kind, n in kinds.items()),
    )
    if own_ids or sum(sizes) > len(files):
        together.annotations["file"] = names
    own = "sample ids from the files" if own_ids else "sample ids from names of files"
    together.notes = [own, *_common_notes([t.notes for t in tables])]
    _put_annotations(together, tables)
    _put_meta(together, tables, sizes)
    return together


def _alike(arrays: list[np.ndarray]) -> list[np.ndarray]:
    kinds = {array.dtype.kind for array in arrays}
    return arrays if len(kinds) == 1 else [array.astype(str) for array in arrays]


def _common_notes(notes: list[list[str]]) -> list[str]:
    """Say once what holds for all files, and count what holds for some."""
    counts = Counter(note for some in notes for note in dict.fromkeys(some))
    n = len(notes)
    told = [note if k == n else f"{k} of {n}: {note}" for note, k in counts.items()]
    return told if len(told) <= 8 else [*told[:8], f"and {len(told) - 8} more notes"]


def _put_annotations(together: Parsed, tables: tuple[Parsed, ...]) -> None:
    for name in dict.fromkeys(n for t in tables for n in t.annotations):
        there = [t.annotations.get(name) for t in tables]
        arrays = [array for array in there if array is not None]
        if len(arrays) == len(tables):
            together.annotations[name] = np.concatenate(_alike(arrays))
        else:
            together.notes.append(f"annotation {name!r} is not in all files: left out")


def _put_meta(together: Parsed, tables: tuple[Parsed, ...], sizes: list[int]) -> None:
    """Keep what all preambles say; what differs describes each spectrum."""
    differing = []
    for name in dict.fromkeys(n for t in tables for n in t.meta):
        values: list[Any] = [t.meta.get(name, "") for t in tables]
        if all(value == values[0] for value in values):
            together.meta[name] = values[0]
        elif name not in together.annotations:
            texts = [
                str(v) for v, n in zip(values, sizes, strict=True) for _ in range(n)
            ]
            together.annotations[name] = column_of(texts)
            differing.append(repr(name))
    if differing:
        told = ", ".join(differing[:6]) + (", ..." if len(differing) > 6 else "")
        together.notes.append(f"differing between files, kept as annotations: {told}")
