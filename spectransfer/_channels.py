"""Names of channels: an axis is read from them, written to them, and compared.

Laboratories keep spectra as tables whose columns are named by their place on the axis,
``"589.0 nm"`` or ``"589.0"``. These names *are* the axis, and they follow the spectra
into scikit-learn's feature names.
"""

from __future__ import annotations

import math
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from spectransfer._typing import ArrayLike, BoolArray, FloatArray
from spectransfer._units import find_unit, laser_too
from spectransfer.exceptions import WavelengthError

_NAME = re.compile(
    r"\s*(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>\S.*)?"
)


_LONGEST = 80
_REVERSED = "First reverse the columns: X.iloc[:, ::-1] (pandas), X[:, ::-1] (polars)."
_GAP = 5.0  # steps; shorter ones are channels that were left out


class Places(Protocol):
    """What has places of channels and their unit: an `Axis`, or `Named`."""

    @property
    def values(self) -> FloatArray:
        """Places of the channels."""

    @property
    def unit(self) -> str | None:
        """Their unit."""

    @property
    def span(self) -> str:
        """Number of channels, range and unit, in words."""


def after(unit: str | None) -> str:
    return "" if unit is None else f" {unit}"


def span_of(values: FloatArray, unit: str | None = None) -> str:
    """Write number of channels, range and unit of an axis."""
    ends = f"{values[0]:.6g} to {values[-1]:.6g}{after(unit)}"
    return f"{len(values)} channels from {ends}"


def names_of(values: ArrayLike, unit: str | None = None) -> list[str]:
    """Write an axis as column names that read back as the very same numbers."""
    return [f"{float(w)}{after(unit)}" for w in np.asarray(values)]


@dataclass(frozen=True)
class Named:
    """Places of channels as column names say them, in any order, and their unit."""

    values: FloatArray
    unit: str | None

    @property
    def span(self) -> str:
        """Number of channels, range and unit, in words."""
        return span_of(self.values, self.unit)


def read_name(name: Any) -> tuple[float, str | None] | None:
    """Read place and unit of a channel from its name; None where it is no channel."""
    if not isinstance(name, str):
        try:
            place = float(name)
        except (TypeError, ValueError, OverflowError):
            return None
        return (place, None) if math.isfinite(place) else None
    return _read_text(str(name))


@lru_cache(maxsize=2**16)
def _read_text(name: str) -> tuple[float, str | None] | None:
    """Read a name, of which the same thousands come in with every table."""
    # what is longer is no place, and would keep the pattern busy
    match = _NAME.fullmatch(name) if len(name) <= _LONGEST else None
    if match is None:
        return None
    unit = find_unit(match["unit"])
    if match["unit"] and unit is None:
        return None
    place = float(match["number"])
    return (place, unit) if math.isfinite(place) else None


def read_names(names: Iterable[Any]) -> Named | None:
    """Read an axis from names of channels.

    Parameters
    ----------
    names : iterable of str or number
        Names, numbers or text such as ``"589.0"`` and ``"1001.5 cm-1"``.

    Returns
    -------
    Named or None
        The places, or None where not all names are numbers in one unit.
    """
    read = [read_name(name) for name in names]
    places = [place for place in read if place is not None]
    units = {unit for _, unit in places}
    if not places or len(places) < len(read) or len(units) > 1:
        return None
    return Named(np.array([place for place, _ in places]), units.pop())


def axis_of(X: Any) -> Named | None:
    """Read the axis from the column names of a data frame.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_channels)
        Spectra; a data frame (of any library that names its columns) may have places
        as column names, numbers or text such as ``"589.0 nm"``.

    Returns
    -------
    Named or None
        The axis, or None where the columns have no names, names that are not all
        numbers, or those that a data frame gives by itself: 0, 1, 2, ...
    """
    columns = getattr(X, "columns", None)
    if columns is None:
        return None
    columns = list(columns)
    _refuse_repeated(columns, "A data frame of spectra")
    axis = read_names(columns)
    if axis is None:
        return None
    unnamed = all(not isinstance(c, str) for c in columns) and np.array_equal(
        axis.values, np.arange(len(axis.values))
    )
    return None if unnamed else axis


class NamedSpectra(np.ndarray):
    """An array that knows the names of its channels, until it is cut."""

    columns: Any = None


def with_names(spectra: np.ndarray, names: Iterable[str] | None) -> np.ndarray:
    """Let an array say the names of its channels to whoever asks for `columns`."""
    if names is None:
        return spectra
    named = spectra.view(NamedSpectra)
    named.columns = list(names)
    return named


@contextmanager
def names_compared(X: Any) -> Iterator[None]:
    """Hush that an array has no valid names, where it has told them otherwise."""
    if not isinstance(X, NamedSpectra):
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        yield


def is_gap(places: FloatArray) -> BoolArray:
    """Tell which steps of an axis are gaps, where there are no channels for a while.

    A gap is a step of more than five times the median step, and of those beside it.
    """
    steps = np.diff(places)
    if len(steps) < 2:
        return np.zeros(len(steps), dtype=bool)
    beside = np.maximum(np.append(steps[1:], 0), np.append(0, steps[:-1]))
    return np.asarray(steps > _GAP * np.maximum(np.median(steps), beside))


def refuse_disorder(axis: Named, name: str) -> None:
    """Refuse columns that are not in the order of the axis that they name."""
    steps = np.diff(axis.values)
    if (steps > 0).all():
        return
    rule = (
        f"The channels of {name} must stand in increasing order, since neighbours are "
        "taken together, but "
    )
    if (steps < 0).all():
        raise WavelengthError(f"{rule}the columns decrease: {axis.span}. {_REVERSED}")
    i = int(np.flatnonzero(steps <= 0)[0])
    raise WavelengthError(
        f"{rule}column {i} steps from {axis.values[i]:.6g} to "
        f"{axis.values[i + 1]:.6g}{after(axis.unit)}. Sort the columns, with "
        "X.iloc[:, np.argsort(places)] (pandas)."
    )


def _refuse_repeated(columns: list[Any], name: str) -> None:
    counts = Counter(columns)
    if len(counts) < len(columns):
        twice, times = counts.most_common(1)[0]
        raise WavelengthError(
            f"{name} must have each channel once, but {times} columns are called "
            f"{twice!r}. Channels where two detectors meet are brought together with "
            "spectransfer.spectra.merge_detectors; others need names of their own."
        )


def refuse_strange_columns(X: Any, name: str) -> None:
    """Refuse a column that stands beside channels and is none, or stands there twice.

    Parameters
    ----------
    X : array or data frame of shape (n_spectra, n_channels)
        Spectra.
    name : str
        What the caller calls them.
    """
    columns = getattr(X, "columns", None)
    if columns is None or isinstance(X, np.ndarray):
        return
    columns = list(columns)
    _refuse_repeated(columns, name)
    others = [c for c in columns if read_name(c) is None]
    if others and len(columns) - len(others) > max(2, 2 * len(others)):
        named = ", ".join(repr(c) for c in others[:3])
        raise WavelengthError(
            f"{name} must hold channels only, but beside {len(columns) - len(others)} "
            f"columns that are named by their place on an axis there is {named}, which "
            "is no channel. Drop it, or keep it as an annotation of a SpectraPair."
        )


def with_text_names(frame: Any, names: Any) -> Any:
    """Name columns by text, which scikit-learn keeps; numbers it would drop."""
    if isinstance(frame, np.ndarray):
        return frame
    if names is None:
        if all(isinstance(c, str) for c in frame.columns):
            return frame
        names = [str(c) for c in frame.columns]
    named = frame.copy(deep=False) if hasattr(frame, "copy") else frame.clone()
    # numpy's own text type is none that scikit-learn takes for a name.
    named.columns = [str(name) for name in np.asarray(names)]
    return named


def known_names(estimator: object, axis: Named, *, who: str | None = None) -> Any:
    """Give the names seen in `fit`, and refuse spectra on another axis than theirs.

    The same place may be written in two ways, or have been rounded: axes agree where
    no channel is off by more than a thousandth of the pitch. An axis that does not say
    its unit agrees with any.
    """
    names = getattr(estimator, "feature_names_in_", None)
    known = None if names is None else read_names(names)
    if known is None:
        return None
    compare_axes(known, axis, who=who or type(estimator).__name__)
    return names


def named_as_known(
    estimator: object, X: Any, *, reset: bool = False, who: str | None = None
) -> Any:
    """Name the columns of spectra by text, as in `fit`; refuse another axis.

    Parameters
    ----------
    estimator : object
        What was fitted, with its `feature_names_in_`.
    X : array or data frame of shape (n_spectra, n_channels)
        Spectra. Those that tell no axis stay as they are.
    reset : bool, default=False
        True in `fit`.
    who : str, default=None
        Who asks, in place of the name of the class.

    Returns
    -------
    array or data frame
        The same spectra.
    """
    axis = axis_of(X)
    if axis is None:
        return X
    return with_text_names(X, None if reset else known_names(estimator, axis, who=who))


def compare_axes(
    fitted: Places,
    given: Places,
    *,
    who: str,
    what: str = "spectra",
    known_from: str = "that it was fitted on",
) -> None:
    """Refuse an axis that is not the known one.

    Parameters
    ----------
    fitted, given : Axis or Named
        The axis that is known, and the one to compare.
    who : str
        Who asks, such as the name of an estimator.
    what : str, default="spectra"
        What is on the given axis.
    known_from : str, default="that it was fitted on"
        Where the first axis comes from.
    """
    known, axis = fitted.values, given.values
    n = min(len(known), len(axis))
    pitch = np.abs(np.diff(known)).min(initial=np.abs(known).max())
    off = np.flatnonzero(np.abs(known[:n] - axis[:n]) > 1e-3 * pitch)
    same_unit = None in (fitted.unit, given.unit) or fitted.unit == given.unit
    if len(off) == 0 and len(known) == len(axis) and same_unit:
        return
    beginning = (
        f"{who} must be given {what} on the axis {known_from}, but that one "
        f"has {fitted.span}, and this one {given.span}"
    )
    if not same_unit:
        raise WavelengthError(
            f"{beginning}: their units differ. Convert the axis, with "
            f"axis.to({fitted.unit!r}{laser_too(fitted.unit, given.unit)}), or give "
            "spectra of the same instrument."
        )
    if len(known) == len(axis) and np.allclose(known, axis[::-1], 0, 1e-3 * pitch):
        raise WavelengthError(f"{beginning}: it runs the other way. {_REVERSED}")
    first = int(off[0]) if len(off) else n
    there, here = (
        f"{a[first]:.9g}" if first < len(a) else "nothing" for a in (known, axis)
    )
    raise WavelengthError(
        f"{beginning}; the first channel that differs is {first}, "
        f"with {there} there and {here} here. Bring the spectra to the first axis, "
        "for example with WavelengthResampler."
    )
