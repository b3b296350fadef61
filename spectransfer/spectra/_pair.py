"""Spectra of the same spots from two instruments: what every transfer learns from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_consistent_length

from spectransfer._axis import with_names
from spectransfer._imports import need
from spectransfer._masked import refuse_masked
from spectransfer._numbers import refuse_containers
from spectransfer._typing import FloatArray
from spectransfer._validation import check_finite
from spectransfer.spectra._sides import Rows, TwoSides, check_rows
from spectransfer.spectra._single import Spectra

if TYPE_CHECKING:
    import pandas


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
    refuse_masked(spectra, name)
    if isinstance(spectra, Spectra):
        return as_table(with_names(spectra.X, spectra.axis.names), name, finite=finite)
    refuse_containers(spectra, name)
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
