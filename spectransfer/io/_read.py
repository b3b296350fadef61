"""Spectra of one instrument from any file or folder, recognized by content.

Readers of formats give what a file says, in its order. Here it is checked and put in
order, and what does not fit is refused with the place and the reason.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from spectransfer._axis import Axis, parse_unit
from spectransfer._progress import progress_bar
from spectransfer._reading import DAMAGE
from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.io._folder import stacked
from spectransfer.io.formats import Parsed, counted, read_file
from spectransfer.spectra import Spectra, merge_detectors

_DETECTORS = (None, "mean", "lower", "upper")
_KEYS = ("X", "wavelengths", "sample_id")


def _merged(parsed: Parsed, keep: str | None) -> None:
    """Bring channels of several detectors together, where the user says how."""
    steps = np.diff(parsed.axis)
    back = int(min((steps <= 0).sum(), (steps >= 0).sum()))
    if back == 0 or keep is None:
        return
    parsed.X, axis = merge_detectors(parsed.X, parsed.axis, keep=keep)
    lost = len(parsed.axis) - len(axis)
    parsed.axis = axis.values
    parsed.notes.append(
        f"{counted(back + 1, 'detector')} merged by {keep!r}: {lost} of their channels "
        "overlapped"
    )


def _axis_of(parsed: Parsed, path: object) -> Axis:
    """Make the axis, and say where it is none."""
    try:
        axis = Axis(parsed.axis, parsed.unit)
    except WavelengthError as error:
        way = str(error).replace(
            "with spectransfer.spectra.merge_detectors",
            'with detectors="mean", "lower" or "upper" of read_spectra',
        )
        raise WavelengthError(f"In {path}: {way}") from error
    if not axis.increases:
        first, last = parsed.axis[[0, -1]]
        parsed.notes.append(f"axis ran down, {first:.6g} to {last:.6g}: turned round")
    return axis


def finished(
    parsed: Parsed, path: object, unit: str | None = None, detectors: str | None = None
) -> Spectra:
    """Check what was read, put it in order, and give it with what was understood.

    Parameters
    ----------
    parsed : Parsed
        What a reader has made of a file.
    path : object
        The file.
    unit : str or None
        Unit of the axis that the user states.
    detectors : {None, "mean", "lower", "upper"}
        How detectors that overlap are brought together.

    Returns
    -------
    Spectra
        The spectra.
    """
    _merged(parsed, detectors)
    if unit is not None:
        unit = parse_unit(unit)
        if parsed.unit not in (None, unit):
            raise FileFormatError(
                f"The axis of {path} must be in {unit!r}, as unit says, but the file "
                f"says {parsed.unit!r}. Leave unit out, and convert the axis."
            )
        parsed.unit = unit
    elif parsed.unit is None:
        parsed.notes.append("unit of the axis not told: pass unit= to read_spectra")
    axis = _axis_of(parsed, path)
    try:
        return Spectra(
            parsed.X if axis.increases else parsed.X[:, ::-1],
            axis.in_order().values,
            unit=axis.unit,
            descending=not axis.increases,
            intensity=parsed.intensity,
            sample_id=parsed.sample_id,
            annotations=parsed.annotations,
            meta=parsed.meta,
            notes=(parsed.kind, *parsed.notes),
        )
    except WavelengthError as error:
        raise WavelengthError(f"In {path}: {error}") from error
    except (TypeError, ValueError) as error:
        raise FileFormatError(f"In {path}: {error}") from error


def read_parsed(path: Path, names: Mapping[str, str]) -> Parsed:
    """Read a file, and let nothing but our errors out of foreign bytes.

    Parameters
    ----------
    path : Path
        The file.
    names : mapping of str to str
        What the user says of its columns or entries.

    Returns
    -------
    Parsed
        What it says.
    """
    try:
        return read_file(path, names)
    except (FileFormatError, WavelengthError, ImportError, FileNotFoundError):
        raise
    except PermissionError:
        raise
    except DAMAGE as error:
        raise FileFormatError(
            f"{path} must be a file of spectra, but reading it fails: "
            f"{type(error).__name__}: {error}. It is damaged, cut short, or written by "
            "a program that is not known here; export it as text."
        ) from error


def _files_of(path: Path) -> list[Path] | None:
    """List the files of a folder or a pattern; None for a single file."""
    if path.is_dir():
        files = [p for p in path.iterdir() if p.is_file() and p.name[0] != "."]
        what = "folder"
    elif path.exists() or not any(mark in path.name for mark in "*?["):
        return None
    else:
        files = [p for p in path.parent.glob(path.name) if p.is_file()]
        what = "pattern"
    if not files:
        raise FileNotFoundError(
            f"{path} must be a {what} with files of spectra, but there is none."
        )
    return sorted(files)


def read_spectra(
    path: str | os.PathLike[str],
    *,
    names: Mapping[str, str] | None = None,
    unit: str | None = None,
    detectors: str | None = None,
    verbose: bool | int = False,
) -> Spectra:
    """Read the spectra of one instrument from a file, or a folder of files.

    The format is recognized by content. What was understood stands in the `repr` of
    the result; what cannot be understood is refused, with the line and the reason.

    Parameters
    ----------
    path : str or path-like
        A text (``.csv``, ``.txt`` and others, packed by gzip or not) with spectra in
        rows, in columns or one below the other, in the form of a spreadsheet or of
        an instrument's program; an Excel, ``.npz``, HDF5, NeXus, MATLAB, JCAMP-DX,
        SPC, OPUS, SIF or ENVI file (its ``.hdr``). A folder, or a pattern such as
        ``"monday/*.txt"``, of files on one axis: the names of files become sample
        ids where these have none, and what differs between preambles becomes
        annotations.
    names : mapping of str to str, default=None
        What columns, sheets or entries are called, where it does not show:
        "wavelengths" for the axis, "X" for spectra, "sample_id" for samples, such as
        ``{"wavelengths": "Wavelength", "X": "Raw data #1"}``.
    unit : str, default=None
        Unit of the axis, where the file does not tell, such as "nm" or "cm-1".
    detectors : {None, "mean", "lower", "upper"}, default=None
        What becomes of channels of two detectors that repeat or overlap, see
        `merge_detectors`. None refuses them.
    verbose : bool or int, default=False
        Whether to print what was understood, and how far the files of a folder are.

    Returns
    -------
    Spectra
        The spectra, in rows over an increasing axis.

    Raises
    ------
    FileFormatError
        If a file is damaged, or not understood.
    WavelengthError
        If an axis does not run in one direction.

    See Also
    --------
    load_pair : Reads and pairs the spectra of two instruments.

    Examples
    --------
    >>> import os, tempfile
    >>> from spectransfer.io import read_spectra
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "quartz.txt")
    ...     with open(path, "w") as file:
    ...         _ = file.write("Raman shift / cm-1;Counts\\n464,2;120\\n463,1;118\\n")
    ...     read_spectra(path)
    Spectra(1 spectrum, 2 channels 463.1 to 464.2 cm-1, counts)
      text table
      columns divided by semicolons, decimal comma
      axis from column 'Raman shift / cm-1'
      intensities from column 'Counts'
      axis ran down, 464.2 to 463.1: turned round
    """
    if detectors not in _DETECTORS:
        raise ValueError(
            f"detectors must be one of {', '.join(map(repr, _DETECTORS))}, but it is "
            f"{detectors!r}."
        )
    path, names = Path(path), dict(names or {})
    unknown = [key for key in names if key not in _KEYS]
    if unknown:
        raise ValueError(
            f"names must say what {', '.join(_KEYS)} are called in the file, but it "
            f"has {unknown[0]!r}. Write for example names={{'sample_id': 'Probe'}}."
        )
    files = _files_of(path)
    if files is None:
        parsed = read_parsed(path, names)
    else:
        parts = []
        with progress_bar(
            len(files), "file", visible=bool(verbose), desc=f"read {path.name}"
        ) as bar:
            for file in files:
                parts.append((file, read_parsed(file, names)))
                bar.update()
        parsed = stacked(parts)
    spectra = finished(parsed, path, unit, detectors)
    if verbose:
        sys.stdout.write(f"{path}: {spectra!r}\n")
    return spectra
