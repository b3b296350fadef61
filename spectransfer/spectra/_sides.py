"""The two sides of paired spectra: their tables and axes, checked and put in order.

Row i of the secondary spectra and row i of the primary spectra belong to one spot. The
two instruments may differ in range, pitch and number of channels, so each side has a
wavelength axis of its own. Nothing is copied and nothing converted: a memory-mapped
table stays on the disk, and its rows are read in blocks when they are needed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from numbers import Real
from types import MappingProxyType
from typing import Any

import numpy as np

from spectransfer._axis import (
    Axis,
    as_axis,
    axis_of,
    compare_told,
    find_unit,
    refuse_strange_columns,
)
from spectransfer._blocks import row_blocks
from spectransfer._masked import refuse_masked
from spectransfer._numbers import no_table
from spectransfer._places import one_unit
from spectransfer._typing import BoolArray, FloatArray, IntArray
from spectransfer.exceptions import WavelengthError

SIDES = ("secondary", "primary")

# annotation: what the primary would have measured on the day of the library
LIBRARY_DAY = "primary_library_day"

Rows = int | slice | BoolArray | IntArray


def check_side(X: Any, name: str) -> np.ndarray:
    """Refuse what is not a table of numbers; memory-mapped arrays stay so."""
    refuse_masked(X, name)
    refuse_strange_columns(X, name)
    try:
        spectra = X if isinstance(X, np.ndarray) else np.asarray(X)
    # the last of a tensor that has a gradient, or lies on a card
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{name} must be a table of shape (n_spectra, n_wavelengths), but its rows "
            f"make none: {error}. Give each spectrum the same number of channels."
        ) from error
    if spectra.ndim != 2 or 0 in spectra.shape:
        raise ValueError(
            f"{name} must be a table of shape (n_spectra, n_wavelengths), with at "
            f"least one spectrum, but its shape is {spectra.shape}. Give a single "
            "spectrum as a table of one row, with X[np.newaxis]."
        )
    if spectra.dtype.kind not in "fiu":
        raise ValueError(
            f"{name} must hold real numbers, but its dtype is {spectra.dtype}. "
            "Convert it, with X.astype(np.float32), and look for text or missing "
            "values first."
        )
    return spectra


def axis_of_side(
    spectra: Any, wavelengths: Any, *, unit: str | None, name: str
) -> Axis:
    """Make the axis of a side, and refuse one that its data frame contradicts.

    Parameters
    ----------
    spectra : array or data frame of shape (n_spectra, n_channels)
        The side, whose columns may tell the axis, too.
    wavelengths : Axis or array-like of shape (n_channels,)
        The axis that is given.
    unit : str or None
        Unit of places that do not say their own.
    name : str
        What the caller calls the axis.

    Returns
    -------
    Axis
        In the unit that is told anywhere.
    """
    if unit is not None and not isinstance(unit, Known):
        unit = one_unit(getattr(wavelengths, "unit", None), unit, name)
    named = axis_of(spectra)
    unit = unit or (None if named is None else named.unit)
    axis = as_axis(wavelengths, np.shape(spectra)[1], unit=unit, name=name)
    if named is not None:
        compare_told(named, axis, name)
    return axis


def check_rows(array: Any, n_spectra: int, name: str) -> np.ndarray:
    """Refuse a per-spectrum array whose rows do not pair with the spectra."""
    refuse_masked(array, name)
    values = array if isinstance(array, np.ndarray) else np.asarray(array)
    if values.ndim == 0 or len(values) != n_spectra:
        found = f"its shape is {values.shape}" if values.ndim == 0 else len(values)
        raise ValueError(
            f"{name} must have one entry for each of the {n_spectra} secondary "
            f"spectra, row by row, but it has {found}. Bring both to the spots that "
            "were measured on both instruments, in one order."
        )
    return values


def check_mapping(values: Any, name: str) -> None:
    """Refuse what has no names for what it holds."""
    if not isinstance(values, Mapping):
        raise TypeError(
            f"{name} must be a mapping from names to values, but it is a "
            f"{type(values).__name__}. Write {name}={{'name': values}}."
        )


def check_side_name(side: str) -> str:
    """Refuse what is not the name of an instrument."""
    if side not in SIDES:
        raise ValueError(f'side must be "secondary" or "primary", but it is {side!r}.')
    return side


def band_sums(spectra: np.ndarray, axis: FloatArray, low: Any, high: Any) -> FloatArray:
    """Sum the channels from low to high, both included, reading rows in blocks."""
    for end in (low, high):
        if not (isinstance(end, Real) and math.isfinite(float(end))):
            raise WavelengthError(
                "A band must run from one number to another, in the unit of the axis, "
                f"but one end is {end!r}. Pass numbers, such as float(...)."
            )
    first, last = np.searchsorted(axis, low), np.searchsorted(axis, high, "right")
    if first >= last:
        raise WavelengthError(
            f"A band must hold at least one channel, but none is between {low:.6g} and "
            f"{high:.6g}: the axis runs from {axis[0]:.6g} to {axis[-1]:.6g}."
        )
    sums = np.empty(len(spectra))
    for rows in row_blocks(len(spectra), spectra[:1].nbytes):
        sums[rows] = spectra[rows, first:last].sum(axis=1, dtype=np.float64)
    return sums


def _both(values: Any, name: str) -> tuple[Any, Any]:
    """Give what is said of both sides, or of each, as a pair."""
    if values is None or isinstance(values, str | bool):
        return values, values
    if not hasattr(values, "__len__") or len(values) != 2:
        raise ValueError(
            f"{name} must be one for both sides or (secondary, primary), but it is "
            f"{values!r}."
        )
    return values[0], values[1]


def _rebuild(kind: type, values: dict[str, Any]) -> Any:
    return kind(**values)


class Known(str):
    """A unit that a container has found: another axis, with its own, replaces it.

    So `dataclasses.replace` may be given a converted axis alone.
    """

    __slots__ = ()

    @classmethod
    def of(cls, axis: Axis) -> Known | None:
        """Give the unit of an axis."""
        return None if axis.unit is None else cls(axis.unit)


class TwoSides:
    """Checks, length, selection and pickling of frozen pairs."""

    X_secondary: np.ndarray
    X_primary: np.ndarray
    wavelengths_secondary: FloatArray
    wavelengths_primary: FloatArray
    annotations: Mapping[str, np.ndarray]
    meta: Mapping[str, Any]
    units: Any
    descending: tuple[bool, bool]

    @property
    def n_spectra(self) -> int:
        """Number of spots that both instruments measured."""
        return len(self.X_secondary)

    def __len__(self) -> int:
        return self.n_spectra

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Refuse to be taken for a table, which numpy would make of it row by row."""
        raise no_table(self)

    def __reduce__(self) -> tuple[Any, ...]:
        # Read-only mappings cannot be pickled, and a rebuilt pair makes its own.
        values = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        for name in ("annotations", "meta"):
            values[name] = dict(values[name])
        return _rebuild, (type(self), values)

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _check_sides(self) -> None:
        for name in ("annotations", "meta"):
            check_mapping(getattr(self, name), name)
        axes = []
        for side in SIDES:
            given = getattr(self, f"X_{side}")
            spectra = check_side(given, f"X_{side}")
            name = f"wavelengths_{side}"
            axis = self._axis_of(side, given)
            if not axis.increases:
                axis, spectra = axis.in_order(), spectra[:, ::-1]
            axes.append(axis)
            self._set(**{f"X_{side}": spectra, name: axis.values})
        self._set(
            units=tuple(Known.of(axis) for axis in axes),
            descending=tuple(axis.direction == "decreasing" for axis in axes),
        )
        n = self.n_spectra
        check_rows(self.X_primary, n, "X_primary")
        annotations = {k: check_rows(a, n, k) for k, a in self.annotations.items()}
        self._set(
            annotations=MappingProxyType(annotations),
            meta=MappingProxyType(dict(self.meta)),
        )

    def _axis_of(self, side: str, spectra: Any) -> Axis:
        """Make the axis of a side of what was given for it."""
        name, i = f"wavelengths_{side}", SIDES.index(side)
        given = getattr(self, name)
        unit = _both(self.units, "units")[i]
        if unit is None and (found := find_unit(self.meta.get("axis"))):
            unit = Known(found)
        axis = axis_of_side(spectra, given, unit=unit, name=name)
        if _both(self.descending, "descending")[i]:
            axis = Axis(axis.values, axis.unit, "decreasing")
        return axis

    @property
    def intensity_unit(self) -> str | None:
        """Unit of the intensities: `meta["unit"]`, or `meta["intensity"]`."""
        unit = self.meta.get("unit", self.meta.get("intensity"))
        return unit if isinstance(unit, str) else None

    @property
    def axis_secondary(self) -> Axis:
        """Axis of the secondary instrument, with its unit."""
        return self._axis("secondary")

    @property
    def axis_primary(self) -> Axis:
        """Axis of the primary instrument, with its unit."""
        return self._axis("primary")

    def _axis(self, side: str) -> Axis:
        i = SIDES.index(side)
        way = "decreasing" if self.descending[i] else "increasing"
        return Axis(getattr(self, f"wavelengths_{side}"), self.units[i], way)

    def _take(self, rows: Any) -> dict[str, Any]:
        return {
            "X_secondary": self.X_secondary[rows],
            "X_primary": self.X_primary[rows],
            "annotations": {name: a[rows] for name, a in self.annotations.items()},
        }

    def _describe(self, spots: str) -> str:
        both = ", ".join(
            f"{side} {len(axis)} channels {axis.values[0]:.5g} to "
            f"{axis.values[-1]:.5g} {axis.unit or ''}".rstrip()
            for side, axis in zip(
                SIDES, (self.axis_secondary, self.axis_primary), strict=True
            )
        )
        return f"{type(self).__name__}({spots}, {both})"
