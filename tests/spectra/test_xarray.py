import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.spectra import PairedMaps


@pytest.mark.parametrize("layout", ["cube", "shots"])
def test_xarray_gives_the_same_maps_back(maps, layout):
    pytest.importorskip("xarray")
    back = PairedMaps.from_xarray(maps.to_xarray(layout=layout))
    for name in ("X_secondary", "X_primary", "wavelengths_secondary"):
        assert_array_equal(getattr(back, name), getattr(maps, name))
    assert (back.shape, back.raster, back.step) == (maps.shape, maps.raster, maps.step)
    assert_array_equal(back.annotations["rest"], maps.annotations["rest"])
    assert dict(back.meta) == dict(maps.meta)


def test_an_xarray_cube_is_laid_out_as_the_image(maps):
    pytest.importorskip("xarray")
    cube = maps.to_xarray()
    assert cube.primary.dims == ("row", "column", "wavelength_primary")
    total = cube.secondary.astype(float).sum("wavelength_secondary")
    assert_allclose(total, maps.total_emissivity("secondary"), rtol=1e-14)
    assert_array_equal(cube.row, np.arange(5) * 40.0)


@pytest.mark.parametrize(
    ("raster", "layout"), [("row", "cube"), ("row-snake", "shots")]
)
def test_xarray_shares_memory_where_order_is_kept(raster, layout, make_maps):
    pytest.importorskip("xarray")
    maps = make_maps(raster)
    cube = maps.to_xarray(layout=layout)
    assert np.shares_memory(cube.primary.to_numpy(), maps.X_primary)


def test_a_foreign_cube_becomes_maps_whatever_its_dimensions_are_called():
    xarray = pytest.importorskip("xarray")
    values = np.arange(24.0).reshape(4, 2, 3)
    foreign = xarray.Dataset(
        {
            "s2": (("band", "y", "x"), values),
            "s1": (("y", "x", "wl"), np.ones((2, 3, 5))),
            "phase": (("y", "x"), [[1, 2, 3], [4, 5, 6]]),
        },
        coords={"band": [1.0, 2.0, 3.0, 4.0], "wl": np.arange(5.0)},
    )
    maps = PairedMaps.from_xarray(foreign, secondary="s2", primary="s1")
    assert (maps.shape, maps.raster) == ((2, 3), "row")
    assert_array_equal(maps.X_secondary[4], values[:, 1, 1])
    assert_array_equal(maps.annotations["phase"], [1, 2, 3, 4, 5, 6])


def test_a_cube_that_was_cut_is_taken_row_by_row(make_maps):
    pytest.importorskip("xarray")
    maps = make_maps("row-snake")
    cut = PairedMaps.from_xarray(maps.to_xarray().isel(row=slice(1, 3)))
    assert cut.raster == "row"
    assert_array_equal(
        cut.image(cut.annotations["number"]),
        maps.image(maps.annotations["number"])[1:3],
    )


def test_a_shared_spectral_dimension_has_to_be_named():
    xarray = pytest.importorskip("xarray")
    both = (("y", "x", "wl"), np.ones((2, 3, 4)))
    dataset = xarray.Dataset(
        {"secondary": both, "primary": both}, coords={"wl": np.arange(4.0)}
    )
    with pytest.raises(ValueError, match=r"dims=\(down, right\)"):
        PairedMaps.from_xarray(dataset)
    assert PairedMaps.from_xarray(dataset, dims=("y", "x")).shape == (2, 3)
    with pytest.raises(ValueError, match=r"primary cannot|s1 cannot"):
        PairedMaps.from_xarray(dataset, primary="s1")


def test_without_xarray_the_error_says_what_to_install(monkeypatch, make_maps):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match=r"\.\[xarray\]"):
        make_maps().to_xarray()
