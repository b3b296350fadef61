"""What can be read as a table of numbers, and what cannot, in words of ours."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn import get_config

from spectransfer._axis import refuse_strange_columns
from spectransfer._blocks import row_blocks
from spectransfer._files import new_array
from spectransfer._masked import refuse_masked

# whose squares float64 holds, and those of their ratios
_SMALLEST, _LARGEST = 1e-60, 1e60
_CONVERTED = 2**22  # bytes of a converted memory map that are held in memory at most

# beginnings of what numpy says of rows of different lengths, and of text
_NO_NUMBERS = ("setting an array element with a sequence", "could not convert string")
# and scikit-learn, of a table without rows
_EMPTY = re.compile(r"Found array with 0 sample\(s\) \(shape=(\(.*?\))\)")


@contextmanager
def our_words(name: str) -> Iterator[None]:
    """Say what cannot be read as numbers, where numpy's own error says only that."""
    try:
        yield
    except (TypeError, ValueError) as error:
        said = str(error)
        if isinstance(error, TypeError):
            ours = "must be" in said or "sparse" not in said.lower()
        else:
            ours = said.startswith(_NO_NUMBERS)
        if not ours:
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"{name} must hold numbers, but it cannot be read as such: {said}. Fill "
            "missing values (pandas.NA, None), turn lists in cells into columns, and "
            "leave out columns of text."
        ) from error


@contextmanager
def called(name: str) -> Iterator[None]:
    """Let scikit-learn, which calls every table X, call it by its name."""
    try:
        yield
    except ValueError as error:
        said = str(error)
        if name != "X" and (empty := _EMPTY.match(said)):
            way = "Pass a row for each spectrum."
            if name.endswith(("_unpaired", "_val")):
                way = "Leave it out where there are none."
            raise ValueError(
                f"{name} must hold at least one row, but has 0 sample(s) (shape="
                f"{empty[1]}). {way}"
            ) from error
        if name == "X" or not said.startswith(("X has ", "Input X contains ")):
            raise
        raise ValueError(said.replace("X", name, 1)) from error


@contextmanager
def noting_exchange(n_channels: tuple[int, int], **beside: Any) -> Iterator[None]:
    """Ask under an error whether spectra beside the pairs are of the other side.

    Parameters
    ----------
    n_channels : tuple of int
        Numbers of secondary and of primary channels.
    **beside : dict
        Such as `X_unpaired`, of the secondary, and `y_unpaired`, of the primary.
    """
    try:
        yield
    except ValueError as error:
        for name, spectra in beside.items():
            start, kind = name[:2], name[2:]
            own, other = n_channels if start == "X_" else n_channels[::-1]
            width = getattr(spectra, "shape", ())[1:]
            if own != other and width == (other,):
                side = "y" if start == "X_" else "X"
                note = f"{name} has the {other} channels of {side}: are X_{kind} and "
                note += f"y_{kind} exchanged?"
                if note not in getattr(error, "__notes__", ()):
                    error.add_note(note)
                break
        raise


def readable(X: Any, name: str) -> Any:
    """Refuse masked values and foreign columns, and bring numbers to our byte order.

    Memory-mapped tables that are not of native floats are converted block by block.
    """
    refuse_containers(X, name)
    refuse_strange_columns(X, name)
    refuse_masked(X, name)
    if type(X).__module__.split(".")[0] in ("torch", "cupy", "array_api_strict"):
        try:
            return np.asarray(X)
        except (TypeError, RuntimeError) as error:
            raise TypeError(
                f"{name} must be readable as a numpy array, but it is a "
                f"{type(X).__name__}: {error}. Bring it to the CPU first."
            ) from error
    _refuse_kinds(X, name)
    if not isinstance(X, np.ndarray) or X.ndim != 2:
        return X
    wanted = X.dtype.newbyteorder("=") if X.dtype.kind == "f" else np.dtype(float)
    foreign = X.dtype.kind == "f" and not X.dtype.isnative and X.itemsize in (4, 8)
    counted = X.dtype.kind in "iu" and isinstance(X, np.memmap)
    if not (foreign or counted):
        return X
    converted = new_array(X.shape, wanted, like=X, large=_CONVERTED)
    for rows in row_blocks(len(X), 8 * X.shape[1]):
        converted[rows] = X[rows]
    return converted


def refuse_containers(X: Any, name: str) -> None:
    """Refuse what holds spectra and is no table of them, with the way to get one.

    Parameters
    ----------
    X : object
        What came from a user.
    name : str
        What the caller calls it.
    """
    if _way_to_a_table(X, name):
        raise no_table(X, name)


def no_table(X: Any, name: str = "X") -> TypeError:
    """Say that something holds spectra and is no table of them.

    Parameters
    ----------
    X : object
        What came from a user.
    name : str, default="X"
        What the caller calls it.

    Returns
    -------
    TypeError
        To be raised.
    """
    return TypeError(
        f"{name} must be a table of spectra, an array or a data frame, but it is a "
        f"{type(X).__name__}. Pass {_way_to_a_table(X, name)}."
    )


def _way_to_a_table(X: Any, name: str) -> str:
    """Give the way from something that holds spectra to a table of them, if any."""
    if hasattr(X, "as_frame"):
        return (
            f"{name}.as_frame(), a data frame that keeps the axis, or call "
            "transfer_spectra(transfer, ...), which takes it as it is"
        )
    if hasattr(X, "as_frames") or hasattr(X, "X_primary"):
        return "its sides: pair.as_frames() gives both, (X, y)"
    if hasattr(X, "collect_schema") and hasattr(X, "collect"):
        # a frame of polars has the first, too
        return f"{name}.collect()"
    return ""


def _refuse_kinds(X: Any, name: str) -> None:
    """Refuse dates and durations, which numpy would turn into numbers, and gaps."""
    plain = isinstance(X, np.ndarray) or not hasattr(X, "columns")
    types = [getattr(X, "dtype", None)] if plain else set(X.dtypes)
    if any(type(t).__name__ == "SparseDtype" for t in types):
        raise TypeError(
            f"{name} must hold dense numbers, but it is a sparse data frame. Convert "
            f"it, with {name}.sparse.to_dense()."
        )
    found = next((t for t in types if getattr(t, "kind", "") in ("m", "M")), None)
    if found is not None:
        raise TypeError(
            f"{name} must hold numbers, but it has {found}: dates are no intensities. "
            "Keep them as annotations of a SpectraPair."
        )


def check_finite(array: np.ndarray, name: str, *, first_channel: int = 0) -> None:
    """Refuse NaN and inf, and say where the first one is.

    Under ``sklearn.config_context(assume_finite=True)`` nothing is read.

    Parameters
    ----------
    array : ndarray of shape (n_spectra, n_wavelengths) or (n_spectra,)
        Numbers, read in blocks of rows.
    name : str
        What the caller calls the array.
    first_channel : int, default=0
        The number that the user knows the first channel by.
    """
    if array.dtype.kind not in "fc" or get_config()["assume_finite"]:
        return
    row_bytes = array[:1].nbytes
    for rows in row_blocks(len(array), row_bytes):
        # One sum tells: it is finite only if all numbers are. Where it is not, it may
        # have overflowed, and the numbers are looked at one by one.
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(array[rows].sum()):
                continue
        finite = np.isfinite(array[rows])
        if finite.all():
            continue
        where = np.argwhere(~finite)[0]
        row = int(where[0]) + rows.start
        value = "NaN" if np.isnan(array[rows][tuple(where)]) else "inf (infinity)"
        place = f"spectrum {row}"
        if array.ndim > 1:
            place += f", channel {int(where[1]) + first_channel}"
        raise ValueError(
            f"Input {name} contains {value}: spectra must be finite numbers, and the "
            f"first that is not stands in {place} (both count from 0). Leave out "
            "spectra or channels that were not measured, or fill them, for example "
            "with sklearn.impute.SimpleImputer."
        )


def check_squares(spectra: np.ndarray, name: str = "X") -> None:
    """Refuse spectra whose sums of squares are beyond what float64 holds.

    Parameters
    ----------
    spectra : ndarray
        Finite numbers.
    name : str, default="X"
        What the caller calls them.
    """
    peak = max(float(spectra.max()), -float(spectra.min()))
    if peak and not _SMALLEST < peak < _LARGEST:
        raise ValueError(
            "Errors and distances are sums of squares, which are told for intensities "
            f"between {_SMALLEST:g} and {_LARGEST:g}, but the largest of {name} is "
            f"{peak:.3g}. Give them in another unit."
        )


def common_unit(spectra: np.ndarray) -> float:
    """Give the power of two that brings the largest number to about one.

    Squares of 1e-23 counts are zero in float32, and numbers below 1e-16 are taken for
    rounding by others. No bit of usual spectra depends on a power of two.
    """
    peak = max(float(spectra.max()), -float(spectra.min()))
    return float(2.0 ** np.frexp(peak)[1])
