"""Shared standards: spectra of the same spots, from two instruments.

The pair is what every transfer learns from: row i of the secondary spectra and row i
of the primary spectra belong to one spot. The two instruments may differ in range,
pitch and number of channels, so each side has a wavelength axis of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from spectransfer._typing import BoolArray, FloatArray, IntArray
from spectransfer._validation import check_wavelengths

if TYPE_CHECKING:
    import pandas as pd

Rows = int | slice | BoolArray | IntArray


def wavelength_names(wavelengths: FloatArray) -> list[str]:
    """Write an axis as column names that read back as the very same numbers."""
    return [str(float(w)) for w in wavelengths]


def check_side(X: Any, name: str) -> np.ndarray:
    """Refuse what is not a table of numbers; memory-mapped arrays stay so."""
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


@dataclass(frozen=True, eq=False, repr=False)
class SpectraPair:
    """Spectra of the same spots, measured on two instruments.

    Parameters
    ----------
    X_secondary : array-like of shape (n_spectra, n_secondary)
        Spectra of the secondary instrument. An array is kept as it is, not copied.
    X_primary : array-like of shape (n_spectra, n_primary)
        Spectra of the primary instrument, of the same spots, row by row.
    wavelengths_secondary : array-like of shape (n_secondary,)
        Axis of the secondary instrument, increasing, in nm or the unit that
        ``meta["axis"]`` names.
    wavelengths_primary : array-like of shape (n_primary,)
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
        What is known of the whole set: units, source, licence.

    Raises
    ------
    WavelengthError
        If an axis does not increase, or does not fit its spectra.
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

    def __post_init__(self) -> None:
        checked: dict[str, Any] = {}
        for side in ("secondary", "primary"):
            spectra = check_side(getattr(self, f"X_{side}"), f"X_{side}")
            axis = f"wavelengths_{side}"
            checked[f"X_{side}"] = spectra
            checked[axis] = check_wavelengths(
                getattr(self, axis), spectra.shape[1], name=axis
            )
        n = len(checked["X_secondary"])
        check_rows(checked["X_primary"], n, "X_primary")
        for name in ("sample_id", "y"):
            if getattr(self, name) is not None:
                checked[name] = check_rows(getattr(self, name), n, name)
        checked["y_names"] = _check_names(self.y_names, checked.get("y"))
        checked["annotations"] = MappingProxyType(
            {name: check_rows(a, n, name) for name, a in self.annotations.items()}
        )
        checked["meta"] = MappingProxyType(dict(self.meta))
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def n_spectra(self) -> int:
        """Number of spots that both instruments measured."""
        return len(self.X_secondary)

    def __len__(self) -> int:
        return self.n_spectra

    def __getitem__(self, rows: Rows) -> SpectraPair:
        """Select spots by slice, mask, indices or a single index."""
        if isinstance(rows, int | np.integer):
            rows = np.array([rows])
        names = ("X_secondary", "X_primary", "sample_id", "y")
        chosen = {n: getattr(self, n) for n in names if getattr(self, n) is not None}
        selected = {name: array[rows] for name, array in chosen.items()}
        annotations = {name: array[rows] for name, array in self.annotations.items()}
        return replace(self, **selected, annotations=annotations)

    def __reduce__(self) -> tuple[Any, ...]:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("annotations", "meta"):
            values[name] = dict(values[name])
        return _rebuild, (type(self), values)

    def as_frames(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Give both sides as data frames with wavelengths as column names.

        Estimators that are fitted on such a frame keep the names in
        `feature_names_in_`, and refuse spectra of another axis later.

        Returns
        -------
        secondary, primary : DataFrame of shape (n_spectra, n_wavelengths)
            Views of the spectra; names such as ``"589.0"`` read back exactly.

        Examples
        --------
        >>> from spectransfer.datasets import make_instrument_pair
        >>> secondary, primary = make_instrument_pair(20, random_state=0).as_frames()
        >>> primary.columns[:2].tolist()
        ['250.0', '250.50167224080266']
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "as_frames needs pandas, which is not installed. Install it with "
                "'pip install pandas', or use X_secondary and X_primary as arrays."
            ) from error
        index = None if self.sample_id is None else pd.Index(self.sample_id)
        if index is not None:
            index.name = "sample_id"
        secondary, primary = (
            pd.DataFrame(X, index=index, columns=wavelength_names(axis), copy=False)
            for X, axis in (
                (self.X_secondary, self.wavelengths_secondary),
                (self.X_primary, self.wavelengths_primary),
            )
        )
        return secondary, primary

    def __repr__(self) -> str:
        unit = self.meta.get("axis", "nm")
        sides = ", ".join(
            f"{side} {len(axis)} channels {axis[0]:.5g} to {axis[-1]:.5g} {unit}"
            for side, axis in (
                ("secondary", self.wavelengths_secondary),
                ("primary", self.wavelengths_primary),
            )
        )
        return f"{type(self).__name__}({self.n_spectra} spectra, {sides})"


def _rebuild(kind: type[SpectraPair], values: dict[str, Any]) -> SpectraPair:
    return kind(**values)


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
