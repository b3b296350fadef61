"""Standards of many days in files whose names tell the day and the material."""

import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spectransfer._axis import check_wavelengths
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer.exceptions import FileFormatError

_DATE = re.compile(r"(?<!\d)(\d{4})([-_.]?)(\d\d)\2(\d\d)(?!\d)")
_COUNTER = re.compile(r"[\s_.-]*\d+$")
_BETWEEN = re.compile(r"[\s;,]+")


class DatedSpectra(NamedTuple):
    """Spectra of one instrument on many days.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Spectra as the instrument gave them.
    day : ndarray of datetime64 of shape (n_spectra,)
        Day of each.
    sample_id : ndarray of str of shape (n_spectra,)
        Material of each.
    wavelengths : ndarray of shape (n_channels,)
        Axis of all.

    Examples
    --------
    >>> import numpy as np
    >>> from spectransfer.adaptation import DatedSpectra
    >>> spectra = DatedSpectra(
    ...     np.array([[12.0, 70.0], [13.0, 68.0]]),
    ...     np.array(["2026-03-01", "2026-03-02"], dtype="datetime64[D]"),
    ...     np.array(["albite", "albite"]),
    ...     np.array([400.0, 400.5]),
    ... )
    >>> str(spectra.day.max()), spectra.X[spectra.day > spectra.day[0]]
    ('2026-03-02', array([[13., 68.]]))
    """

    X: FloatArray
    day: np.ndarray
    sample_id: np.ndarray
    wavelengths: FloatArray


def read_days(
    folder: str | os.PathLike[str],
    *,
    pattern: str = "**/*",
    read: Callable[[Path], tuple[ArrayLike, ArrayLike]] | None = None,
) -> DatedSpectra:
    """Read a folder of standards, a spectrum in each file.

    The day stands in the name of the file, or of a folder around it, as ``2026-03-01``
    or ``20260301``. What else the name says is the material, without a number at its
    end, which counts shots: ``2026-03-01_albite_007.txt`` and
    ``2026-03-01/albite_7.txt`` are spectra of albite.

    Parameters
    ----------
    folder : str or path-like
        Folder, which is searched with all folders in it.
    pattern : str, default ``"**/*"``
        Which files to read, such as ``"**/*_standard_*.csv"``. Hidden files are passed
        over.
    read : callable, default=None
        Gives axis and intensities of a file, from its path. None reads text in two
        columns, which a comma, a semicolon or white space divides; what comes before
        the first row of two numbers is passed over.

    Returns
    -------
    DatedSpectra
        Spectra, days and materials in the order of days and names, and the axis.

    Raises
    ------
    FileFormatError
        A name without a day, a file without two columns of numbers, or files on
        different axes.

    See Also
    --------
    watch_instrument : Judges the days.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from spectransfer.adaptation import read_days
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("2026-03-01_albite_1", "2026-03-02_albite_1"):
    ...         path = Path(folder) / f"{name}.txt"
    ...         _ = path.write_text("nm,counts\\n400.0,12\\n400.5,70\\n401.0,9\\n")
    ...     days = read_days(folder)
    >>> days.day
    array(['2026-03-01', '2026-03-02'], dtype='datetime64[D]')
    >>> days.sample_id
    array(['albite', 'albite'], dtype='<U6')
    """
    root = Path(folder)
    paths = [
        path
        for path in sorted(root.glob(pattern))
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]
    if not paths:
        raise FileFormatError(
            f"A folder of standards must hold files, but {root} has none that match "
            f"{pattern!r}. Give the folder that holds them, or another pattern.",
            page="new_day",
        )
    found = []
    for path in paths:
        day, material = day_and_material(path.relative_to(root))
        axis, spectrum = (
            np.asarray(x, float) for x in (read or read_two_columns)(path)
        )
        found.append((day, material, path, axis, spectrum))
    found.sort(key=lambda one: one[:3])
    axis = check_wavelengths(found[0][3], name=f"the axis of {found[0][2]}")
    for _, _, path, own, _ in found:
        if own.shape != axis.shape or not np.allclose(own, axis, rtol=0, atol=1e-6):
            raise FileFormatError(
                f"All files must have one axis, but that of {path} ({_span(own)}) is "
                f"another than that of {found[0][2]} ({_span(axis)}). Read them apart, "
                "with pattern=, or bring them onto one axis.",
                page="new_day",
            )
    return DatedSpectra(
        np.array([one[4] for one in found]),
        np.array([one[0] for one in found], dtype="datetime64[D]"),
        np.array([one[1] for one in found]),
        axis,
    )


def _span(axis: FloatArray) -> str:
    return f"{len(axis)} channels, {axis[0]:.6g} to {axis[-1]:.6g}"


def day_and_material(path: Path) -> tuple[date, str]:
    """Read the day and the material out of a name, or of the folders around it."""
    for name in (path.stem, *(parent.name for parent in path.parents)):
        for match in _DATE.finditer(name):
            try:
                day = date(*(int(match[k]) for k in (1, 3, 4)))
            except ValueError:
                continue
            rest = (
                path.stem.replace(match[0], "", 1) if name == path.stem else path.stem
            )
            material = _COUNTER.sub("", rest.strip(" _.-")).strip(" _.-")
            return day, material or "standard"
    raise FileFormatError(
        "The name of every file, or of a folder around it, must tell the day, but "
        f"{path} does not. Name it like 2026-03-01_albite_001.txt, or leave it out "
        "with pattern=.",
        page="new_day",
    )


def read_two_columns(path: Path) -> tuple[FloatArray, FloatArray]:
    """Read axis and intensities from text.

    Parameters
    ----------
    path : Path
        Text; a decimal comma is understood where semicolons or tabs divide columns.

    Returns
    -------
    axis, spectrum : ndarray of shape (n_channels,)
        In the order of an increasing axis.
    """
    rows: list[tuple[float, float]] = []
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        row = _numbers(line)
        if row is not None:
            # Python takes 1_000 for a number, and 1e999 for an infinite one
            if "_" in line or not np.all(np.abs(row) < np.inf):
                raise FileFormatError(
                    "A spectrum in text must have two finite numbers in every row, but "
                    f"line {number} of {path} is {line[:40]!r}. It is damaged, or a "
                    "measurement failed: copy or export it again, or leave it out "
                    "with pattern=.",
                    page="new_day",
                )
            rows.append(row)
        elif rows and line.strip():
            raise FileFormatError(
                f"A spectrum in text must have two numbers in every row, but line "
                f"{number} of {path} is {line[:40]!r}. Export it again as two columns, "
                "or pass read=.",
                page="new_day",
            )
    if len(rows) < 2:
        raise FileFormatError(
            f"A spectrum in text must have two columns of numbers, but {path} has "
            f"{len(rows)} such rows. Export it again as two columns, or pass read=.",
            page="new_day",
        )
    axis, spectrum = np.array(rows).T
    return (axis, spectrum) if axis[0] < axis[-1] else (axis[::-1], spectrum[::-1])


def _numbers(line: str) -> tuple[float, float] | None:
    line = line.strip()
    if ";" in line or ("\t" in line and "." not in line):
        line = line.replace(",", ".")
    cells = [cell for cell in _BETWEEN.split(line) if cell]
    if len(cells) != 2:
        return None
    try:
        return float(cells[0]), float(cells[1])
    except ValueError:
        return None
