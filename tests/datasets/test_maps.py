import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from spectransfer.exceptions import WavelengthError
from spectransfer.spectra import PairedMaps, SpectraPair
from spectransfer.spectra._raster import RASTERS

SHAPE = (5, 4)


def make_maps(raster="row-snake", **changes):
    rng = np.random.default_rng(0)
    n = SHAPE[0] * SHAPE[1]
    given = {
        "X_secondary": rng.normal(100, 10, (n, 6)).astype(np.float32),
        "X_primary": rng.normal(100, 10, (n, 8)).astype(np.float32),
        "wavelengths_secondary": np.linspace(260, 270, 6),
        "wavelengths_primary": np.linspace(250, 285, 8),
        "shape": SHAPE,
        "raster": raster,
        "step": (40.0, 20.0),
        "annotations": {"number": np.arange(n), "rest": rng.normal(size=(n, 8))},
        "meta": {"axis": "nm", "day": 1},
    }
    return PairedMaps(**(given | changes))


@pytest.fixture(params=RASTERS)
def maps(request):
    return make_maps(request.param)


@pytest.fixture
def mapped(tmp_path):
    """Maps on the disk, and a count of the rows that were read from it."""

    class Counting(np.memmap):
        read = 0

        def __getitem__(self, key):
            found = super().__getitem__(key)
            Counting.read = max(Counting.read, np.shape(found)[0])
            return np.asarray(found)

    maps = make_maps()
    np.save(tmp_path / "x.npy", maps.X_primary)
    on_disk = np.load(tmp_path / "x.npy", mmap_mode="r").view(Counting)
    return make_maps(X_primary=on_disk), Counting


def test_images_put_every_shot_at_its_position(maps):
    image = maps.image(maps.annotations["number"])
    for shot, (row, column) in enumerate(maps.positions):
        assert image[row, column] == shot


def test_images_keep_further_dimensions(maps):
    image = maps.image(maps.X_primary)
    assert image.shape == (*SHAPE, 8)
    row, column = maps.positions[7]
    assert_array_equal(image[row, column], maps.X_primary[7])


def test_a_region_is_the_image_cut_out(maps):
    for rows, columns in [(slice(1, 4), slice(2, None)), (slice(0, 4, 2), 1), (-1, 2)]:
        region = maps[rows, columns]
        cut = np.atleast_2d(maps.image(maps.annotations["number"])[rows, columns])
        got = region.image(region.annotations["number"])
        assert_array_equal(got.ravel(), cut.ravel())
        assert_array_equal(
            region.X_secondary, maps.X_secondary[region.annotations["number"]]
        )
        assert_array_equal(
            region.X_primary, maps.X_primary[region.annotations["number"]]
        )


def test_a_coarser_region_has_a_longer_step(maps):
    assert maps[::2, ::3].step == (80.0, 60.0)
    assert make_maps(step=None)[::2, :].step is None


def test_whole_rows_are_views(tmp_path):
    maps = make_maps("row-snake")
    region = maps[2:4, :]
    assert region.raster == "row-snake"
    assert np.shares_memory(region.X_primary, maps.X_primary)
    assert_array_equal(region.annotations["number"], np.arange(8, 16))


def test_an_image_mask_selects_the_shots_under_it(maps):
    mask = maps.total_emissivity("primary") > 800
    chosen = maps[mask]
    assert isinstance(chosen, SpectraPair)
    assert 0 < len(chosen) < len(maps)
    rows, columns = chosen.annotations["row"], chosen.annotations["column"]
    assert mask[rows, columns].all()
    assert len(chosen) == mask.sum()
    assert_array_equal(
        chosen.annotations["number"],
        maps.image(maps.annotations["number"])[rows, columns],
    )
    assert chosen.meta["day"] == 1


def test_figures_of_selected_shots_go_back_into_the_image(maps):
    mask = maps.band("primary", 250, 262) > 300
    chosen = maps[mask]
    image = maps.image(chosen.annotations["number"], mask=mask)
    assert_array_equal(np.isnan(image), ~mask)
    whole = maps.image(maps.annotations["number"])
    assert_array_equal(image[mask], whole[mask])


@pytest.mark.parametrize(
    "shots", [slice(3, 9), np.array([7, 2]), np.arange(20) > 15, 5, [4, 4]]
)
def test_shots_are_selected_in_the_order_of_measurement(maps, shots):
    chosen = maps[shots]
    numbers = np.atleast_1d(np.arange(20)[shots])
    assert_array_equal(chosen.annotations["number"], numbers)
    assert_array_equal(chosen.X_primary, maps.X_primary[numbers])
    assert_array_equal(
        np.stack([chosen.annotations["row"], chosen.annotations["column"]], axis=1),
        maps.positions[numbers],
    )


def test_coordinates_are_positions_times_the_step(maps):
    assert_array_equal(maps.coordinates[:, 0], 40 * maps.positions[:, 0])
    assert_array_equal(maps.coordinates[:, 1], 20 * maps.positions[:, 1])
    bare = make_maps(step=None)
    assert_array_equal(bare.coordinates, bare.positions)


def test_total_emissivity_sums_all_channels_in_float64():
    maps = make_maps()
    total = maps.total_emissivity("secondary")
    assert total.dtype == np.float64
    assert_allclose(total[1, 0], maps.X_secondary[7].sum(dtype=np.float64), rtol=1e-14)


def test_a_band_includes_both_of_its_ends():
    maps = make_maps()
    expected = maps.image(maps.X_primary[:, 1:4].sum(axis=1, dtype=np.float64))
    assert_allclose(maps.band("primary", 255.0, 265.0), expected, rtol=1e-14)


def test_figures_do_not_depend_on_the_block_size(monkeypatch):
    maps = make_maps()
    whole = maps.total_emissivity("primary")
    monkeypatch.setattr("spectransfer._blocks._BLOCK_BYTES", 100)
    assert_array_equal(maps.total_emissivity("primary"), whole)


def test_spectra_on_the_disk_are_read_in_blocks_only(mapped, monkeypatch):
    maps, counting = mapped
    monkeypatch.setattr("spectransfer._blocks._BLOCK_BYTES", 100)
    _ = maps.coordinates, maps.image(range(20)), repr(maps)
    assert counting.read == 0
    maps.total_emissivity("primary")
    assert counting.read == 3
    assert len(maps[0:2, 1:3]) == 4
    assert counting.read == 4


def test_maps_hand_their_spectra_to_scikit_learn(maps):
    fitted = Ridge().fit(maps.X_secondary, maps.X_primary)
    assert fitted.predict(maps[:2, :2].X_secondary).shape == (4, 8)


def test_maps_cannot_be_changed(maps):
    with pytest.raises(AttributeError):
        maps.shape = (4, 5)
    with pytest.raises(TypeError):
        maps.annotations["number"] = np.zeros(20)


def test_pickle_and_deepcopy_give_the_same_maps(maps):
    for other in (pickle.loads(pickle.dumps(maps)), copy.deepcopy(maps)):
        assert_array_equal(other.X_primary, maps.X_primary)
        assert (other.shape, other.raster, other.step) == (
            maps.shape,
            maps.raster,
            maps.step,
        )
        assert dict(other.meta) == dict(maps.meta)


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"shape": (4, 4)}, ValueError, "4 rows of 4 shots are 16, and there are 20"),
        ({"raster": "spiral"}, ValueError, "raster must be one of.*'spiral'"),
        ({"step": 0.0}, ValueError, "step must be the distance.*0.0"),
        (
            {"X_primary": np.zeros((19, 8))},
            ValueError,
            "X_primary must have one entry for each of the 20.* 19",
        ),
        ({"wavelengths_primary": np.arange(7.0)}, WavelengthError, "7 entries and 8"),
        ({"annotations": {"mineral": [1]}}, ValueError, "mineral must have one entry"),
    ],
)
def test_maps_that_do_not_fit_are_refused_by_name(changes, kind, message):
    with pytest.raises(kind, match=message):
        make_maps(**changes)


def test_a_band_outside_the_range_names_the_range():
    with pytest.raises(
        WavelengthError, match=r"none is between 300 and 310.*250 to 285"
    ):
        make_maps().band("primary", 300, 310)
    with pytest.raises(ValueError, match=r"side must be.*'s1'"):
        make_maps().total_emissivity("s1")


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
def test_xarray_shares_memory_where_nothing_need_be_reordered(raster, layout):
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


def test_a_cube_that_was_cut_is_taken_row_by_row():
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


def test_without_xarray_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "xarray", None)
    with pytest.raises(ImportError, match=r"spectransfer\[xarray\]"):
        make_maps().to_xarray()
