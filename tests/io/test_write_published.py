import json
import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.exceptions import WavelengthError
from spectransfer.io import create_libs_transfer, load_libs_transfer, save_libs_transfer
from spectransfer.spectra import PairedMaps


@pytest.fixture
def maps(make_maps):
    return {"train": make_maps((4, 6), 1), "test": make_maps((2, 2), 3)}


@pytest.fixture
def folder(maps, tmp_path):
    save_libs_transfer(tmp_path, maps)
    return tmp_path


def test_created_maps_are_filled_in_place(tmp_path, axes):
    with create_libs_transfer(
        tmp_path / "new",
        {"train": (3, 4), "test": (2, 2)},
        **axes,
        raster="row",
        step={"train": 40.0, "test": 20.0},
        annotations={"mineral": ((), "int8"), "clean": ((7,), "float32")},
        meta={"seed": 5},
    ) as maps:
        for rows in (slice(0, 7), slice(7, 12)):
            maps.train.X_primary[rows] = np.arange(12)[rows, None]
            maps.train.X_secondary[rows] = 1
            maps.train.annotations["mineral"][rows] = 2
        maps.test.annotations["clean"][3] = 9
        assert not (tmp_path / "new" / "s1_train.npy").exists()
    back = load_libs_transfer(tmp_path / "new")
    assert_array_equal(back.train.X_primary, np.arange(12)[:, None] * np.ones(7))
    assert back.train.X_primary.dtype == np.float32
    assert_array_equal(back.train.annotations["mineral"], np.full(12, 2))
    assert_array_equal(back.test.annotations["clean"].sum(axis=1), [0, 0, 0, 63])
    assert (back.train.raster, back.test.step) == ("row", (20.0, 20.0))
    assert back.test.meta["seed"] == 5


def test_each_map_may_have_annotations_of_its_own(tmp_path, axes):
    own = {"test": {"clean": ((7,), "float32")}}
    shapes = {"train": (3, 4), "test": (2, 2)}
    with create_libs_transfer(tmp_path, shapes, **axes, annotations=own) as maps:
        maps.test.annotations["clean"][3] = 9
    back = load_libs_transfer(tmp_path)
    assert not back.train.annotations
    assert_array_equal(back.test.annotations["clean"].sum(axis=1), [0, 0, 0, 63])


def test_a_simulation_that_fails_leaves_nothing(tmp_path, axes):
    def fail_half_way():
        with create_libs_transfer(tmp_path, {"test": (2, 2)}, **axes) as maps:
            maps.test.X_primary[0] = 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert os.listdir(tmp_path) == []


def test_maps_on_the_disk_are_not_overwritten_unless_asked(maps, folder, make_maps):
    before = (folder / "s1_test.npy").read_bytes()
    with pytest.raises(FileExistsError, match=r"s1_test\.npy.*overwrite=True"):
        save_libs_transfer(folder, {"test": make_maps((2, 2), 9)})
    assert (folder / "s1_test.npy").read_bytes() == before
    save_libs_transfer(folder, {"test": make_maps((2, 2), 9)}, overwrite=True)
    assert (folder / "s1_test.npy").read_bytes() != before
    assert list(load_libs_transfer(folder)) == ["test"]


def test_a_disk_that_is_too_small_is_found_out_before_writing(tmp_path, axes):
    with (
        pytest.raises(OSError, match=r"need \d+\.\d GB, but the disk"),
        create_libs_transfer(tmp_path, {"test": (10**6, 10**6)}, **axes),
    ):
        pass
    assert os.listdir(tmp_path) == []


def test_maps_on_other_axes_are_not_written_into_one_folder(tmp_path, axes, make_maps):
    other = PairedMaps(np.ones((4, 1)), np.ones((4, 7)), [1], np.arange(7), (2, 2))
    with pytest.raises(WavelengthError, match="secondary axes of 'test' and 'train'"):
        save_libs_transfer(tmp_path, {"test": make_maps((2, 2)), "train": other})


def test_maps_of_an_unknown_name_are_not_written(tmp_path, make_maps):
    with pytest.raises(ValueError, match=r"must be called train.*'day 2'"):
        save_libs_transfer(tmp_path, {"day 2": make_maps((2, 2))})


@pytest.mark.parametrize(
    "annotations", [{"../x": np.zeros(4)}, {"x": np.array([None] * 4)}]
)
def test_annotations_that_cannot_be_files_are_refused(tmp_path, annotations, make_maps):
    with pytest.raises(ValueError, match="under a plain name"):
        save_libs_transfer(
            tmp_path, {"test": make_maps((2, 2), annotations=annotations)}
        )


def test_maps_of_several_blocks_are_copied_whole(tmp_path, rng):
    spectra = rng.random((100, 60_000), dtype=np.float32)  # 24 MB
    axis = np.arange(60_000.0)
    large = PairedMaps(spectra[:, :3], spectra, axis[:3], axis, shape=(20, 5))
    save_libs_transfer(tmp_path, {"train": large})
    assert_array_equal(load_libs_transfer(tmp_path).train.X_primary, spectra)
    described = json.loads((tmp_path / "libs_transfer.json").read_text())
    assert described["parts"]["train"]["shape"] == [20, 5]
