import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from spectransfer.exceptions import WavelengthError
from spectransfer.spectra import PairedMaps, SpectraPair

SHAPE = (5, 4)


@pytest.fixture
def mapped(tmp_path, rng):
    """Maps of 24 MB on the disk, and a count of the rows that are read at a time."""

    class Counting(np.memmap):
        read = 0

        def __getitem__(self, key):
            found = super().__getitem__(key)
            Counting.read = max(Counting.read, np.shape(found)[0])
            return np.asarray(found)

    spectra = rng.random((100, 60_000), dtype=np.float32)
    np.save(tmp_path / "x.npy", spectra)
    on_disk = np.load(tmp_path / "x.npy", mmap_mode="r").view(Counting)
    axis = np.arange(60_000.0)
    maps = PairedMaps(spectra[:, :3], on_disk, axis[:3], axis, shape=(20, 5))
    return maps, spectra, Counting


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


def test_a_coarser_region_has_a_longer_step(maps, make_maps):
    assert maps[::2, ::3].step == (80.0, 60.0)
    assert make_maps(step=None)[::2, :].step is None


def test_whole_rows_are_views(tmp_path, make_maps):
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


def test_coordinates_are_positions_times_the_step(maps, make_maps):
    assert_array_equal(maps.coordinates[:, 0], 40 * maps.positions[:, 0])
    assert_array_equal(maps.coordinates[:, 1], 20 * maps.positions[:, 1])
    bare = make_maps(step=None)
    assert_array_equal(bare.coordinates, bare.positions)


def test_total_emissivity_sums_all_channels_in_float64(make_maps):
    maps = make_maps()
    total = maps.total_emissivity("secondary")
    assert total.dtype == np.float64
    assert_allclose(total[1, 0], maps.X_secondary[7].sum(dtype=np.float64), rtol=1e-14)


def test_a_band_includes_both_of_its_ends(make_maps):
    maps = make_maps()
    expected = maps.image(maps.X_primary[:, 1:4].sum(axis=1, dtype=np.float64))
    assert_allclose(maps.band("primary", 255.0, 265.0), expected, rtol=1e-14)


def test_spectra_on_the_disk_are_read_in_blocks_only(mapped):
    maps, spectra, counting = mapped
    _ = maps.coordinates, maps.image(range(100)), repr(maps)
    assert counting.read == 0
    assert len(maps[0:2, 1:3]) == 4
    assert counting.read == 4
    total = maps.total_emissivity("primary")
    assert 4 < counting.read < 100
    assert_array_equal(total, maps.image(spectra.sum(axis=1, dtype=np.float64)))


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
def test_maps_that_do_not_fit_are_refused_by_name(changes, kind, message, make_maps):
    with pytest.raises(kind, match=message):
        make_maps(**changes)


def test_a_band_outside_the_range_names_the_range(make_maps):
    with pytest.raises(
        WavelengthError, match=r"none is between 300 and 310.*250 to 285"
    ):
        make_maps().band("primary", 300, 310)
    with pytest.raises(ValueError, match=r"side must be.*'s1'"):
        make_maps().total_emissivity("s1")
