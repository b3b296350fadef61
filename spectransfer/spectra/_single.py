"""Spectra of one instrument, as its files give them: before they are paired.

What a reader understood stands beside the spectra, and is said by their `repr`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from spectransfer._axis import Axis
from spectransfer._imports import need
from spectransfer._numbers import no_table
from spectransfer._typing import FloatArray
from spectransfer.spectra._sides import (
    Known,
    Rows,
    axis_of_side,
    check_mapping,
    check_rows,
    check_side,
)

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class Spectra:
    """Spectra of one instrument, with their axis and all that is known of them.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_wavelengths)
        Spectra, one in each row.
    wavelengths : Axis or array-like of shape (n_wavelengths,)
        Axis: wavelengths, wavenumbers, Raman shifts or pixels. Spectra on a decreasing
        one are turned round.
    unit : str, default=None
        Unit of the axis, where it is given as numbers; None is not known.
    intensity : str, default=None
        Unit or quantity of the spectra, such as "counts" or "absorbance".
    sample_id : array-like of shape (n_spectra,), default=None
        The sample that each spectrum belongs to.
    annotations : mapping of str to array-like of shape (n_spectra, ...), default={}
        Anything else that is known of each spectrum.
    meta : mapping of str to object, default={}
        What is known of all of them.
    notes : sequence of str, default=()
        How they came about, a sentence each; shown by `repr`.
    descending : bool, default=False
        Whether they are written to files from the highest place down, as they came.

    Raises
    ------
    WavelengthError
        If the axis has repeated or unordered places, or does not fit the spectra.
    ValueError
        If the spectra are no table of numbers, or rows do not pair.

    See Also
    --------
    spectransfer.io.read_spectra : Reads them from files.
    spectransfer.io.load_pair : Pairs those of two instruments.

    Examples
    --------
    >>> from spectransfer.spectra import Spectra
    >>> Spectra([[1.0, 2.0], [3.0, 4.0]], [200.0, 201.0], unit="cm-1")
    Spectra(2 spectra, 2 channels 200 to 201 cm-1)
    """

    X: np.ndarray
    wavelengths: FloatArray
    unit: str | None = None
    intensity: str | None = None
    sample_id: np.ndarray | None = None
    annotations: Mapping[str, np.ndarray] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    descending: bool = False

    def __post_init__(self) -> None:
        spectra = check_side(self.X, "X")
        axis = axis_of_side(
            self.X, self.wavelengths, unit=self.unit, name="wavelengths"
        )
        if not axis.increases:
            axis, spectra = axis.in_order(), spectra[:, ::-1]
        n = len(spectra)
        values: dict[str, Any] = {
            "X": spectra,
            "wavelengths": axis.values,
            "unit": Known.of(axis),
            "descending": self.descending or axis.direction == "decreasing",
        }
        for name in ("annotations", "meta"):
            check_mapping(getattr(self, name), name)
        if self.sample_id is not None:
            values["sample_id"] = check_rows(self.sample_id, n, "sample_id")
        values["annotations"] = MappingProxyType(
            {name: check_rows(a, n, name) for name, a in self.annotations.items()}
        )
        values["meta"] = MappingProxyType(dict(self.meta))
        values["notes"] = tuple(self.notes)
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def axis(self) -> Axis:
        """The axis, with its unit."""
        way = "decreasing" if self.descending else "increasing"
        return Axis(self.wavelengths, self.unit, way)

    @property
    def n_spectra(self) -> int:
        """Number of spectra."""
        return len(self.X)

    def __len__(self) -> int:
        return self.n_spectra

    def __getitem__(self, rows: Rows) -> Spectra:
        """Select spectra by slice, mask, indices or a single index."""
        if isinstance(rows, int | np.integer):
            rows = np.array([rows])
        ids = None if self.sample_id is None else self.sample_id[rows]
        known = {name: a[rows] for name, a in self.annotations.items()}
        return replace(self, X=self.X[rows], sample_id=ids, annotations=known)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Refuse to be taken for a table, which numpy would make of it row by row."""
        raise no_table(self)

    def __reduce__(self) -> tuple[Any, ...]:
        # read-only mappings cannot be pickled
        plain = (dict(self.annotations), dict(self.meta), self.notes, self.descending)
        axis = (self.wavelengths, self.unit, self.intensity, self.sample_id)
        return type(self), (self.X, *axis, *plain)

    def as_frame(self) -> pandas.DataFrame:
        """Give the spectra as a data frame with the axis as column names.

        Returns
        -------
        DataFrame of shape (n_spectra, n_wavelengths)
            A view of the spectra; its index is `sample_id` where there is one.

        Examples
        --------
        >>> from spectransfer.spectra import Spectra
        >>> Spectra([[1.0, 2.0]], [200.0, 201.5]).as_frame().columns.tolist()
        ['200.0', '201.5']
        """
        pd = need("pandas", "as_frame", "spectransfer[files]")
        index = None
        if self.sample_id is not None:
            index = pd.Index(self.sample_id, name="sample_id")
        return pd.DataFrame(self.X, index=index, columns=self.axis.names, copy=False)

    def __repr__(self) -> str:
        spectra = "1 spectrum" if len(self) == 1 else f"{len(self)} spectra"
        axis = self.wavelengths
        told = (
            f"Spectra({spectra}, {len(axis)} channels {axis[0]:.5g} to {axis[-1]:.5g}"
            f"{'' if self.unit is None else ' ' + self.unit}"
            f"{'' if self.intensity is None else ', ' + self.intensity})"
        )
        return "\n".join([told, *(f"  {note}" for note in self.notes)])
