"""Spectra of the same spots from two instruments: what every transfer learns from.

Row i of the secondary spectra and row i of the primary spectra belong to one spot. The
two instruments may differ in range, pitch and number of channels, so each side has a
wavelength axis of its own. Nothing is copied and nothing converted: a memory-mapped
table stays on the disk, and its rows are read in blocks when they are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_consistent_length

from spectransfer._axis import Axis, as_axis, find_unit
from spectransfer._blocks import row_blocks
from spectransfer._imports import need
from spectransfer._typing import BoolArray, FloatArray, IntArray
from spectransfer._validation import check_finite
from spectransfer.exceptions import WavelengthError

if TYPE_CHECKING:
    import pandas

SIDES = ("secondary", "primary")

# annotation: what the primary would have measured on the day of the library
LIBRARY_DAY = "primary_library_day"

Rows = int | slice | BoolArray | IntArray


def check_side(X: Any, name: str) -> np.ndarray:
    """Refuse what is not a table of numbers; memory-mapped arrays stay so."""
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise ValueError(
            f"{name} must have a number in every channel, but it is a masked array "
            "with masked values. Fill them, with X.filled(np.nan), or leave out such "
            "spectra or channels."
        )
    spectra = X if isinstance(X, np.ndarray) else np.asarray(X)
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


def check_rows(array: Any, n_spectra: int, name: str) -> np.ndarray:
    """Refuse a per-spectrum array whose rows do not pair with the spectra."""
    values = array if isinstance(array, np.ndarray) else np.asarray(array)
    if values.ndim == 0 or len(values) != n_spectra:
        found = f"its shape is {values.shape}" if values.ndim == 0 else len(values)
        raise ValueError(
            f"{name} must have one entry for each of the {n_spectra} secondary "
            f"spectra, row by row, but it has {found}. Bring both to the spots that "
            "were measured on both instruments, in one order."
        )
    return values


def check_side_name(side: str) -> str:
    """Refuse what is not the name of an instrument."""
    if side not in SIDES:
        raise ValueError(f'side must be "secondary" or "primary", but it is {side!r}.')
    return side


def band_sums(
    spectra: np.ndarray, axis: FloatArray, low: float, high: float
) -> FloatArray:
    """Sum the channels from low to high, both included, reading rows in blocks."""
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
    if len(values) != 2:
        raise ValueError(
            f"{name} must be one for both sides or (secondary, primary), but it is "
            f"{values!r}."
        )
    return values[0], values[1]


def _rebuild(kind: type, values: dict[str, Any]) -> Any:
    return kind(**values)


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
        axes = []
        for side in SIDES:
            spectra = check_side(getattr(self, f"X_{side}"), f"X_{side}")
            name = f"wavelengths_{side}"
            axis = self._axis_of(side, spectra.shape[1])
            if not axis.increases:
                axis, spectra = axis.in_order(), spectra[:, ::-1]
            axes.append(axis)
            self._set(**{f"X_{side}": spectra, name: axis.values})
        self._set(
            units=tuple(axis.unit for axis in axes),
            descending=tuple(axis.direction == "decreasing" for axis in axes),
        )
        n = self.n_spectra
        check_rows(self.X_primary, n, "X_primary")
        annotations = {k: check_rows(a, n, k) for k, a in self.annotations.items()}
        self._set(
            annotations=MappingProxyType(annotations),
            meta=MappingProxyType(dict(self.meta)),
        )

    def _axis_of(self, side: str, n_channels: int) -> Axis:
        """Make the axis of a side of what was given for it."""
        name, i = f"wavelengths_{side}", SIDES.index(side)
        given = getattr(self, name)
        unit = _both(self.units, "units")[i] or find_unit(self.meta.get("axis"))
        axis = as_axis(given, n_channels, unit=unit, name=name)
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


@dataclass(frozen=True, eq=False, repr=False)
class SpectraPair(TwoSides):
    """Spectra of the same spots, measured on two instruments.

    Parameters
    ----------
    X_secondary : array-like of shape (n_spectra, n_secondary)
        Spectra of the secondary instrument. An array is kept as it is, not copied.
    X_primary : array-like of shape (n_spectra, n_primary)
        Spectra of the primary instrument, of the same spots, row by row.
    wavelengths_secondary : Axis or array-like of shape (n_secondary,)
        Axis of the secondary instrument. Kept as numbers; `axis_secondary` has the
        unit, too. Spectra on a decreasing axis are turned round.
    wavelengths_primary : Axis or array-like of shape (n_primary,)
        Axis of the primary instrument.
    sample_id : array-like of shape (n_spectra,), default=None
        The sample that each spectrum belongs to. Spectra of one sample must not be
        divided between training and test: pass it as `groups` to scikit-learn's
        splitters.
    y : array-like of shape (n_spectra,) or (n_spectra, n_properties), default=None
        What is known of the samples, such as concentrations.
    y_names : sequence of str, default=None
        Names of the columns of `y`, with their unit where they have one.
    annotations : mapping of str to array-like of shape (n_spectra, ...), default={}
        Anything else that is known of each spectrum; it is selected along.
    meta : mapping of str to object, default={}
        What is known of the whole set: source, licence; ``meta["unit"]`` is the unit
        of the intensities.
    units : tuple of (str or None, str or None) or str, default=(None, None)
        Unit of the secondary and of the primary axis, where axes are given as
        numbers; None is not known. See `Axis` for what is understood.
    descending : tuple of (bool, bool), default=(False, False)
        Sides that are written to files from the highest place down, as they came.

    Raises
    ------
    WavelengthError
        If an axis has repeated or unordered places, or does not fit its spectra.
    ValueError
        If a side is not a table of numbers, or rows do not pair.

    Notes
    -----
    Spectra are not searched for NaN here: estimators do that, and a pair with
    unmeasured channels can still be loaded and repaired.

    Examples
    --------
    >>> from spectransfer.datasets import make_instrument_pair
    >>> pair = make_instrument_pair(n_spectra=20, random_state=0)
    >>> pair
    SpectraPair(20 spectra, secondary 260 channels 265 to 370 nm, primary 300 channels
    250 to 400 nm)
    >>> pair[pair.sample_id == 1].n_spectra
    5
    """

    X_secondary: np.ndarray
    X_primary: np.ndarray
    wavelengths_secondary: FloatArray
    wavelengths_primary: FloatArray
    sample_id: np.ndarray | None = None
    y: np.ndarray | None = None
    y_names: tuple[str, ...] | None = None
    annotations: Mapping[str, np.ndarray] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    units: tuple[str | None, str | None] = (None, None)
    descending: tuple[bool, bool] = (False, False)

    def __post_init__(self) -> None:
        self._check_sides()
        for name in ("sample_id", "y"):
            values = getattr(self, name)
            if values is not None:
                self._set(**{name: check_rows(values, self.n_spectra, name)})
        self._set(y_names=_check_names(self.y_names, self.y))

    def __getitem__(self, rows: Rows) -> SpectraPair:
        """Select spots by slice, mask, indices or a single index."""
        if isinstance(rows, int | np.integer):
            rows = np.array([rows])
        selected = self._take(rows)
        for name in ("sample_id", "y"):
            values = getattr(self, name)
            selected[name] = None if values is None else values[rows]
        return replace(self, **selected)

    def as_frames(self) -> tuple[pandas.DataFrame, pandas.DataFrame]:
        """Give both sides as data frames with wavelengths as column names.

        Estimators that are fitted on such a frame keep the names in
        `feature_names_in_`, and refuse spectra of another axis later.

        Returns
        -------
        secondary, primary : DataFrame of shape (n_spectra, n_wavelengths)
            Views of the spectra; names such as ``"589.0 nm"`` (``"589.0"`` where the
            unit is not known) read back exactly.

        Examples
        --------
        >>> from spectransfer.datasets import make_instrument_pair
        >>> secondary, primary = make_instrument_pair(20, random_state=0).as_frames()
        >>> primary.columns[:2].tolist()
        ['250.0 nm', '250.50167224080266 nm']
        """
        pd = need("pandas", "as_frames", "spectransfer[files]")
        index = None if self.sample_id is None else pd.Index(self.sample_id)
        if index is not None:
            index.name = "sample_id"
        secondary, primary = (
            pd.DataFrame(X, index=index, columns=axis.names, copy=False)
            for X, axis in (
                (self.X_secondary, self.axis_secondary),
                (self.X_primary, self.axis_primary),
            )
        )
        return secondary, primary

    def __repr__(self) -> str:
        return self._describe(f"{self.n_spectra} spectra")


def _check_names(names: Any, y: np.ndarray | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    checked = tuple(str(name) for name in np.atleast_1d(names))
    n_columns = 0 if y is None else (1 if y.ndim == 1 else y.shape[1])
    if len(checked) != n_columns:
        raise ValueError(
            f"y_names must name each column of y, but there are {len(checked)} names "
            f"and {n_columns} columns."
        )
    return checked


class Pair(NamedTuple):
    """Secondary and primary spectra of the same spots."""

    secondary: Any
    primary: Any

    @property
    def n_spectra(self) -> int:
        """Number of spots."""
        return len(self.primary)


def as_pair(data: Any, name: str, finite: tuple[bool, bool] = (True, True)) -> Pair:
    """Read a pair from a container of `spectransfer.spectra`, or from a tuple.

    Parameters
    ----------
    data : SpectraPair, PairedMaps or tuple of (X_secondary, X_primary)
        Spectra of the same spots.
    name : str
        What the caller calls it.
    finite : tuple of bool, default=(True, True)
        False leaves the search for NaN and inf, in either side, to the caller.

    Returns
    -------
    Pair
        Tables whose rows pair, of finite numbers.
    """
    if hasattr(data, "X_secondary") and hasattr(data, "X_primary"):
        sides = (data.X_secondary, data.X_primary)
    elif isinstance(data, tuple | list) and len(data) == 2:
        sides = (data[0], data[1])
    else:
        raise TypeError(
            f"{name} must be paired spectra: a SpectraPair, PairedMaps, or a tuple "
            f"(X_secondary, X_primary), but it is a {type(data).__name__}. Pass for "
            f"example {name}=(X_secondary, X_primary)."
        )
    pair = Pair(
        *(as_table(s, name, finite=f) for s, f in zip(sides, finite, strict=True))
    )
    check_consistent_length(*pair)
    return pair


def as_table(spectra: Any, name: str, *, finite: bool = True) -> Any:
    """Refuse what is not a table of finite numbers; arrays and frames stay so."""
    if not isinstance(spectra, np.ndarray) and not hasattr(spectra, "columns"):
        spectra = np.asarray(spectra)
    if len(spectra.shape) != 2 or 0 in spectra.shape:
        raise ValueError(
            f"{name} must hold tables of shape (n_spectra, n_wavelengths), with at "
            f"least one spectrum, but one has shape {spectra.shape}. Give a single "
            "spectrum as a table of one row, with X[np.newaxis]."
        )
    if finite:
        check_finite(np.asarray(spectra), name)
    return spectra
