"""Paired maps to and from xarray, which holds most hyperspectral cubes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from spectransfer._axis import find_unit
from spectransfer._imports import need
from spectransfer.spectra._raster import shot_order, shot_positions
from spectransfer.spectra._sides import SIDES

if TYPE_CHECKING:
    import xarray

    from spectransfer.spectra._maps import PairedMaps

_PLACES = ("row", "column")


def dataset_of(maps: PairedMaps, layout: str) -> xarray.Dataset:
    """Lay paired maps out as cubes, or as a table of shots."""
    if layout not in ("cube", "shots"):
        raise ValueError(f'layout must be "cube" or "shots", but it is {layout!r}.')
    cube = layout == "cube"
    places: tuple[str, ...] = _PLACES if cube else ("shot",)
    order = shot_order(maps.shape, maps.raster)
    plain = maps.raster == "row"

    def laid_out(array: np.ndarray) -> np.ndarray:
        if not cube:
            return array
        return array.reshape(*maps.shape, *array.shape[1:]) if plain else array[order]

    variables: dict[str, Any] = {}
    coords: dict[str, Any] = {}
    for side in SIDES:
        spectral = f"wavelength_{side}"
        variables[side] = ((*places, spectral), laid_out(getattr(maps, f"X_{side}")))
        axis = getattr(maps, f"axis_{side}")
        units = {} if axis.unit is None else {"units": axis.unit}
        coords[spectral] = (spectral, axis.values, units)
    for name, array in maps.annotations.items():
        rest = tuple(f"{name}_{axis}" for axis in range(1, array.ndim))
        variables[name] = ((*places, *rest), laid_out(array))
    if cube:
        step = maps.step or (1.0, 1.0)
        coords |= {
            dim: np.arange(n) * step[axis]
            for axis, (dim, n) in enumerate(zip(_PLACES, maps.shape, strict=True))
        }
    else:
        rows, columns = shot_positions(maps.shape, maps.raster).T
        coords |= {"row": ("shot", rows), "column": ("shot", columns)}
    attrs = {"raster": maps.raster, "shape": list(maps.shape)}
    if any(maps.descending):
        attrs["descending"] = [int(way) for way in maps.descending]
    if maps.step is not None:
        attrs["step"] = list(maps.step)
    # Attributes of a netCDF file hold no nested mappings.
    attrs["meta"] = json.dumps(dict(maps.meta))
    xr = need("xarray", "to_xarray", "spectransfer[xarray]")
    return xr.Dataset(variables, coords, attrs)


def _places_of(
    dataset: xarray.Dataset, names: tuple[str, str], dims: tuple[str, str] | None
) -> tuple[str, ...]:
    secondary, primary = (dataset[name].dims for name in names)
    places = dims or tuple(str(dim) for dim in primary if dim in secondary)
    spectral = [[d for d in dims_ if d not in places] for dims_ in (secondary, primary)]
    if len(places) > 2 or not places or {len(d) for d in spectral} != {1}:
        raise ValueError(
            f"{names[0]} and {names[1]} must have two dimensions in common, down and "
            "right, and one spectral dimension each, but theirs are "
            f"{tuple(secondary)} and {tuple(primary)}. Name the two of the map with "
            "dims=(down, right)."
        )
    return tuple(places)


def _layout_of(
    dataset: xarray.Dataset, places: tuple[str, ...]
) -> tuple[tuple[int, int], str]:
    attrs = dataset.attrs
    written = tuple(int(length) for length in attrs.get("shape", ()))
    raster = attrs.get("raster", "row")
    if len(places) == 1:
        if len(written) != 2:
            raise ValueError(
                f"A dataset of shots along {places[0]!r} must have the shape of the "
                "map among its attributes, but there is none. Set "
                'dataset.attrs["shape"] = (n_rows, n_columns), and "raster" beside it.'
            )
        return (written[0], written[1]), raster
    shape = int(dataset.sizes[places[0]]), int(dataset.sizes[places[1]])
    # A cube that was cut since has lost its order of measurement.
    return shape, raster if written == shape else "row"


def maps_of(
    dataset: xarray.Dataset,
    secondary: str,
    primary: str,
    dims: tuple[str, str] | None,
) -> dict[str, Any]:
    """Read the fields of paired maps from a dataset, in their order of measurement."""
    missing = [name for name in (secondary, primary) if name not in dataset]
    if missing:
        raise ValueError(
            f"The dataset must hold the variables {secondary} and {primary}, but "
            f"{', '.join(missing)} cannot be found among {list(dataset.data_vars)}. "
            "Name them with secondary=... and primary=...."
        )
    places = _places_of(dataset, (secondary, primary), dims)
    is_cube = len(places) == 2
    shape, raster = _layout_of(dataset, places)
    rows, columns = shot_positions(shape, raster).T

    def in_order(variable: xarray.DataArray) -> np.ndarray:
        array = variable.transpose(*places, ...).to_numpy()
        if not is_cube:
            return array
        if raster == "row":
            return array.reshape(-1, *array.shape[2:])
        return array[rows, columns]

    values: dict[str, Any] = {"annotations": {}}
    units: list[str | None] = []
    for side, name in (("secondary", secondary), ("primary", primary)):
        variable = dataset[name]
        spectral = next(str(d) for d in variable.dims if d not in places)
        values[f"X_{side}"] = in_order(variable)
        coordinate = variable[spectral]
        values[f"wavelengths_{side}"] = coordinate.to_numpy()
        units.append(find_unit(coordinate.attrs.get("units")))
    for other in set(dataset.data_vars) - {secondary, primary}:
        if set(places) <= set(dataset[other].dims):
            values["annotations"][str(other)] = in_order(dataset[other])
    return values | {
        "shape": shape,
        "raster": raster,
        "step": dataset.attrs.get("step"),
        "units": tuple(units),
        "descending": tuple(map(bool, dataset.attrs.get("descending", (False,) * 2))),
        "meta": _meta_of(dataset.attrs),
    }


def _meta_of(attrs: dict[Any, Any]) -> dict[str, Any]:
    meta = {
        str(name): value
        for name, value in attrs.items()
        if name not in ("raster", "shape", "step", "descending", "meta")
    }
    return meta | json.loads(attrs.get("meta", "{}"))
