"""A pair of hyperspectral maps: one spot, two spectra, and a place.

Spectra stay in the order in which they were measured, so that a memory-mapped map is
read straight from its file; places are computed from the raster when an image or a
region asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spectransfer._typing import ArrayLike, FloatArray, IntArray
from spectransfer.spectra._pair import SpectraPair
from spectransfer.spectra._raster import (
    check_layout,
    check_step,
    mask_of_shots,
    region_order,
    region_places,
    shot_order,
    shot_positions,
)
from spectransfer.spectra._sides import (
    TwoSides,
    band_sums,
    check_rows,
    check_side_name,
)

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True, eq=False, repr=False)
class PairedMaps(TwoSides):
    """Two hyperspectral maps of the same spots, from two instruments.

    Parameters
    ----------
    X_secondary : array-like of shape (n_spectra, n_secondary)
        Spectra of the secondary instrument, in the order of measurement. An array is
        kept as it is; `numpy.memmap` stays on the disk.
    X_primary : array-like of shape (n_spectra, n_primary)
        Spectra of the primary instrument, of the same shots.
    wavelengths_secondary : Axis or array-like of shape (n_secondary,)
        Axis of the secondary instrument; kept as numbers, `axis_secondary` has the
        unit, too.
    wavelengths_primary : Axis or array-like of shape (n_primary,)
        Axis of the primary instrument.
    shape : tuple of (n_rows, n_columns)
        Shape of the map; every place has one shot.
    raster : {"row", "column", "row-snake", "column-snake"}, default="row-snake"
        Order of measurement: every row left to right, every column top to bottom, or
        back and forth. Row 0 and column 0 are at the top left of an image.
    step : float or tuple of (down, right), default=None
        Distance of neighbouring shots, in micrometres.
    annotations : mapping of str to array-like of shape (n_spectra, ...), default={}
        What is known of each shot (mineral, composition, noise-free spectra), in the
        order of measurement; it is selected along.
    meta : mapping of str to object, default={}
        What is known of the whole map: source, licence; ``meta["unit"]`` is the unit
        of the intensities.
    units : tuple of (str or None, str or None) or str, default=(None, None)
        Unit of each axis, where axes are given as numbers.
    descending : tuple of (bool, bool), default=(False, False)
        Sides that are written to files from the highest place down.

    Raises
    ------
    WavelengthError
        If an axis does not increase, or does not fit its spectra.
    ValueError
        If rows do not pair, or `shape` does not lay out all of them.

    Notes
    -----
    ``maps[10:20, 30:50]`` is a region, again a map, possibly with another raster.
    ``maps[mask]``, ``maps[indices]`` and ``maps[first:last]`` select shots, and give
    a `SpectraPair` with annotations `row` and `column`. What lies in one run of the
    table is a view; anything else is copied, and no more than was asked for.

    Examples
    --------
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.spectra import PairedMaps
    >>> pair = make_instrument_pair(n_spectra=12, random_state=0)
    >>> maps = PairedMaps(
    ...     pair.X_secondary, pair.X_primary, pair.wavelengths_secondary,
    ...     pair.wavelengths_primary, shape=(3, 4), raster="row-snake", step=40.0,
    ... )
    >>> maps.image(range(12))
    array([[ 0,  1,  2,  3],
           [ 7,  6,  5,  4],
           [ 8,  9, 10, 11]])
    >>> maps[1:, :2].shape
    (2, 2)
    >>> maps[maps.total_emissivity("primary") > 0].n_spectra
    12
    """

    X_secondary: np.ndarray
    X_primary: np.ndarray
    wavelengths_secondary: FloatArray
    wavelengths_primary: FloatArray
    shape: tuple[int, int]
    raster: str = "row-snake"
    step: tuple[float, float] | None = None
    annotations: Mapping[str, np.ndarray] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    units: tuple[str | None, str | None] = (None, None)
    descending: tuple[bool, bool] = (False, False)

    def __post_init__(self) -> None:
        self._check_sides()
        shape = check_layout(self.shape, self.raster, self.n_spectra)
        self._set(shape=shape, step=check_step(self.step))

    @property
    def positions(self) -> IntArray:
        """Row and column of every shot, (n_spectra, 2), in the order of measurement."""
        return shot_positions(self.shape, self.raster)

    @property
    def coordinates(self) -> FloatArray:
        """Distance down and right of the first place, in micrometres or in shots."""
        return self.positions * np.asarray(self.step or (1.0, 1.0))

    def __getitem__(self, key: Any) -> PairedMaps | SpectraPair:
        """Cut out a region (two slices), or select shots (mask, indices, slice)."""
        if isinstance(key, tuple) and len(key) == 2:
            return self.region(*key)
        return self.select(key)

    def region(self, rows: slice | int, columns: slice | int) -> PairedMaps:
        """Cut out a rectangle of the map.

        Parameters
        ----------
        rows, columns : slice or int
            Rows and columns of the map, as in an image; a slice may skip places.

        Returns
        -------
        PairedMaps
            The region. It keeps the order of measurement wherever that is one of the
            four rasters, and is laid out row by row otherwise.
        """
        places, strides = region_places(self.shape, self.raster, rows, columns)
        step = self.step
        if step is not None:
            step = (step[0] * strides[0], step[1] * strides[1])
        raster, shots = region_order(places, self.raster)
        return replace(
            self, **self._take(shots), shape=places.shape, raster=raster, step=step
        )

    def select(self, shots: Any) -> SpectraPair:
        """Select shots by mask, indices or slice, wherever they are.

        Parameters
        ----------
        shots : array-like or slice
            A mask of shape (n_rows, n_columns), laid out as an image; or a mask of
            shape (n_spectra,), indices or a slice, in the order of measurement.

        Returns
        -------
        SpectraPair
            The shots in the order of measurement (of the indices, where these are
            given), with `row` and `column` among their annotations.
        """
        positions = self.positions
        if not isinstance(shots, slice):
            shots = np.atleast_1d(np.asarray(shots))
            if shots.ndim == 2:
                shots = mask_of_shots(shots, self.shape, self.raster)
        chosen = self._take(shots)
        chosen["annotations"] |= {
            "row": positions[shots, 0],
            "column": positions[shots, 1],
        }
        return SpectraPair(
            wavelengths_secondary=self.wavelengths_secondary,
            wavelengths_primary=self.wavelengths_primary,
            meta=self.meta,
            units=self.units,
            descending=self.descending,
            **chosen,
        )

    def image(self, values: ArrayLike, *, mask: ArrayLike | None = None) -> np.ndarray:
        """Lay a figure of every shot out as the map.

        Parameters
        ----------
        values : array-like of shape (n_spectra, ...)
            One entry for each shot, in the order of measurement.
        mask : array-like of bool, default=None
            The shots that `values` belong to; other places become NaN.

        Returns
        -------
        ndarray of shape (n_rows, n_columns, ...)
            The image, row 0 at the top.
        """
        figures = np.asarray(values)
        if mask is not None:
            chosen = mask_of_shots(np.asarray(mask), self.shape, self.raster)
            check_rows(figures, int(chosen.sum()), "values")
            kind = np.result_type(figures.dtype, np.float32)
            everywhere = np.full((len(self), *figures.shape[1:]), np.nan, dtype=kind)
            everywhere[chosen] = figures
            figures = everywhere
        return check_rows(figures, len(self), "values")[
            shot_order(self.shape, self.raster)
        ]

    def total_emissivity(self, side: str = "primary") -> FloatArray:
        """Sum every spectrum, read in blocks, and lay the sums out as the map.

        Parameters
        ----------
        side : {"primary", "secondary"}, default="primary"
            The instrument.

        Returns
        -------
        ndarray of shape (n_rows, n_columns)
            Sum over all channels, in counts, float64.
        """
        axis = getattr(self, f"wavelengths_{check_side_name(side)}")
        return self.band(side, axis[0], axis[-1])

    def band(self, side: str, low: float, high: float) -> FloatArray:
        """Sum a range of wavelengths, read in blocks, as an image.

        Parameters
        ----------
        side : {"primary", "secondary"}
            The instrument.
        low, high : float
            Range in the unit of the axis; channels on its ends belong to it.

        Returns
        -------
        ndarray of shape (n_rows, n_columns)
            Sum over the channels of the range, in counts, float64.
        """
        check_side_name(side)
        spectra, axis = getattr(self, f"X_{side}"), getattr(self, f"wavelengths_{side}")
        return self.image(band_sums(spectra, axis, low, high))

    def to_xarray(self, *, layout: str = "cube") -> xarray.Dataset:
        """Give the maps as an xarray dataset.

        Parameters
        ----------
        layout : {"cube", "shots"}, default="cube"
            "cube" has dimensions row, column and wavelength, and copies the spectra
            unless they were measured row by row; "shots" keeps them in the order of
            measurement, without a copy, with `row` and `column` as coordinates.

        Returns
        -------
        xarray.Dataset
            Variables `secondary`, `primary` and the annotations; raster, step and
            meta among the attributes.
        """
        from spectransfer.spectra._xarray import dataset_of

        return dataset_of(self, layout)

    @classmethod
    def from_xarray(
        cls,
        dataset: xarray.Dataset,
        *,
        secondary: str = "secondary",
        primary: str = "primary",
        dims: tuple[str, str] | None = None,
    ) -> PairedMaps:
        """Take the maps from an xarray dataset.

        Parameters
        ----------
        dataset : xarray.Dataset
            Two variables with two dimensions in common, down and right, and one
            spectral dimension each, whose coordinate is the wavelength axis.
        secondary, primary : str, default="secondary", "primary"
            Names of the two variables.
        dims : tuple of (down, right), default=None
            Names of the map's dimensions. They are needed where both instruments
            share their spectral dimension, too.

        Returns
        -------
        PairedMaps
            The maps, with the other variables of the map as annotations.
        """
        from spectransfer.spectra._xarray import maps_of

        return cls(**maps_of(dataset, secondary, primary, dims))

    def __repr__(self) -> str:
        rows, columns = self.shape
        return self._describe(f"{rows} x {columns} shots, {self.raster}")
