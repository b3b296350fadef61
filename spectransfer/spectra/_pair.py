"""Shared standards: spectra of the same spots, from two instruments.

The pair is what every transfer learns from: row i of the secondary spectra and row i
of the primary spectra belong to one spot. The two instruments may differ in range,
pitch and number of channels, so each side has a wavelength axis of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spectransfer._imports import need
from spectransfer._typing import BoolArray, FloatArray, IntArray
from spectransfer.spectra._sides import TwoSides, check_rows, wavelength_names

if TYPE_CHECKING:
    import pandas

Rows = int | slice | BoolArray | IntArray


@dataclass(frozen=True, eq=False, repr=False)
class SpectraPair(TwoSides):
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
            Views of the spectra; names such as ``"589.0"`` read back exactly.

        Examples
        --------
        >>> from spectransfer.datasets import make_instrument_pair
        >>> secondary, primary = make_instrument_pair(20, random_state=0).as_frames()
        >>> primary.columns[:2].tolist()
        ['250.0', '250.50167224080266']
        """
        pd = need("pandas", "as_frames", "spectransfer[files]")
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
