"""Writing the spectra of one instrument, in files that `read_spectra` reads."""

import csv
import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from spectransfer._files import written_beside
from spectransfer._imports import need
from spectransfer._labels import sample_names
from spectransfer.spectra import Spectra


def save_spectra(spectra: Spectra, path: str | os.PathLike[str]) -> None:
    """Save spectra with their axis and sample ids.

    Axis, unit and ids (texts or whole numbers) come back from `read_spectra` as they
    are, numbers to the last bit. In CSV, names that look like whole numbers come back
    as such, and blanks around names are lost, as is the unit of intensity, which the
    others keep. Annotations and the metadata are not written.

    Parameters
    ----------
    spectra : Spectra
        What to save. A decreasing axis is written as it came.
    path : str or path-like
        The file: ``.csv`` or ``.csv.gz`` (spectra in rows, the axis as header),
        ``.npz``, or ``.h5`` (needs h5py). An older one is replaced when the new one is
        complete.

    Raises
    ------
    ValueError
        The ending is another one.

    See Also
    --------
    read_spectra : Reads them back.

    Examples
    --------
    >>> import os, tempfile
    >>> from spectransfer.io import read_spectra, save_spectra
    >>> from spectransfer.spectra import Spectra
    >>> spectra = Spectra([[1.0, 2.5]], [200.0, 201.0], unit="nm", sample_id=["steel"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "spectra.csv")
    ...     save_spectra(spectra, path)
    ...     read_spectra(path).sample_id.tolist()
    ['steel']
    """
    if not isinstance(spectra, Spectra):
        raise TypeError(
            f"spectra must be Spectra, but it is a {type(spectra).__name__}. Make "
            "Spectra(X, wavelengths, unit=...) of an array; a pair is written by "
            "save_pair."
        )
    path = Path(path)
    name = path.name.lower()
    for ending, write in _WRITERS.items():
        if name.endswith(ending):
            axis = spectra.axis.as_written()
            turned = not axis.increases
            numbers = spectra.X[:, ::-1] if turned else spectra.X
            ids = spectra.sample_id
            if ids is not None:
                ids = sample_names(ids, len(numbers), "sample_id")
                broken = [str(i) for i in ids if len(str(i).splitlines()) > 1]
                if broken:
                    raise ValueError(
                        "Names of samples have one line each, but one is "
                        f"{broken[0]!r}."
                    )
            with written_beside(path) as beside:
                write(beside, numbers, axis, ids, spectra.intensity)
            return
    raise ValueError(
        f"Spectra are saved as {', '.join(_WRITERS)}, and the ending says which, but "
        f"the file is {path.name!r}. Call it {path.stem + '.csv'!r}."
    )


@contextmanager
def _plain_text(path: Path) -> Iterator[TextIO]:
    with path.open("w", encoding="utf-8", newline="") as file:
        yield file


@contextmanager
def _packed_text(path: Path) -> Iterator[TextIO]:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        yield file


def _as_text(opened: Callable[[Path], Any]) -> Callable[..., None]:
    def write(path: Path, numbers: np.ndarray, axis: Any, ids: Any, _: Any) -> None:
        head = [] if ids is None else ["sample_id"]
        with opened(path) as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(head + axis.names)
            for i, row in enumerate(numbers):
                # str of a numpy number is its shortest text that reads back
                own = [] if ids is None else [str(ids[i])]
                table.writerow(own + [str(value) for value in row])

    return write


def _entries(
    numbers: np.ndarray, axis: Any, ids: Any, intensity: str | None
) -> dict[str, Any]:
    entries = {"X": np.ascontiguousarray(numbers), "wavelengths": np.array(axis.values)}
    if axis.unit is not None:
        entries["unit"] = np.asarray(axis.unit)
    if intensity is not None:
        entries["intensity"] = np.asarray(intensity)
    if ids is not None:
        entries["sample_id"] = ids
    return entries


def _as_npz(path: Path, *what: Any) -> None:
    with path.open("wb") as file:
        np.savez_compressed(file, **_entries(*what))


def _as_hdf5(path: Path, *what: Any) -> None:
    h5py = need("h5py", "Writing HDF5", "spectransfer[files]")
    with h5py.File(path, "w") as file:
        for name, value in _entries(*what).items():
            if name in ("unit", "intensity"):
                of = "wavelengths" if name == "unit" else "X"
                file[of].attrs["units"] = str(value)
            elif value.dtype.kind == "U":
                file.create_dataset(
                    name, data=value.tolist(), dtype=h5py.string_dtype()
                )
            else:
                file.create_dataset(name, data=value)


_WRITERS: dict[str, Callable[..., None]] = {
    ".csv": _as_text(_plain_text),
    ".csv.gz": _as_text(_packed_text),
    ".npz": _as_npz,
    ".h5": _as_hdf5,
}
