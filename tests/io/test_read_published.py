import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.io import create_libs_transfer, load_libs_transfer, save_libs_transfer
from spectransfer.simulation import make_libs_maps


@pytest.fixture
def maps(make_maps):
    return {
        "train": make_maps((4, 6), 1, raster="column-snake", step=40.0),
        "validation": make_maps(
            (3, 5), 2, annotations={"mineral": np.arange(15, dtype=np.int8)}
        ),
        "test": make_maps((2, 2), 3, step=(20.0, 10.0), meta={"day": 2}),
    }


@pytest.fixture
def folder(maps, tmp_path):
    save_libs_transfer(tmp_path, maps)
    return tmp_path


@pytest.fixture
def published(maps, tmp_path, axes):
    """A folder as the authors have it: tables and axes, and nothing else."""
    names = {"train": "train", "validation": "val", "test": "test"}
    for part, name in names.items():
        np.save(tmp_path / f"s1_{name}.npy", maps[part].X_primary)
        np.save(tmp_path / f"s2_{name}.npy", maps[part].X_secondary)
    np.save(tmp_path / "s1_wavelengths.npy", axes["wavelengths_primary"])
    np.save(tmp_path / "s2_wavelengths.npy", axes["wavelengths_secondary"])
    return tmp_path


SHAPES = {"train": (4, 6), "validation": (3, 5), "test": (2, 2)}


def test_saved_maps_come_back_with_all_that_they_knew(maps, folder, axes):
    back = load_libs_transfer(folder)
    assert list(back) == list(maps)
    for part, given in maps.items():
        for name in ("X_secondary", "X_primary", *axes):
            assert_array_equal(getattr(back[part], name), getattr(given, name))
        assert (back[part].shape, back[part].raster) == (given.shape, given.raster)
        assert back[part].step == given.step
        assert dict(back[part].meta) == dict(given.meta)
    assert_array_equal(back.validation.annotations["mineral"], np.arange(15))


def test_files_have_the_published_names(folder):
    assert sorted(os.listdir(folder)) == [
        "libs_transfer.json",
        "s1_test.npy",
        "s1_train.npy",
        "s1_val.npy",
        "s1_wavelengths.npy",
        "s2_test.npy",
        "s2_train.npy",
        "s2_val.npy",
        "s2_wavelengths.npy",
        "validation_mineral.npy",
    ]


def test_s1_is_the_primary_instrument_and_shots_run_as_a_row_snake(published, maps):
    loaded = load_libs_transfer(published, shapes=SHAPES)
    assert_array_equal(loaded.test.X_primary, maps["test"].X_primary)
    assert_array_equal(loaded.test.X_secondary, maps["test"].X_secondary)
    assert loaded.train.raster == "row-snake"
    assert loaded.train.step is None


def test_spectra_stay_on_the_disk(folder):
    train = load_libs_transfer(folder).train
    assert isinstance(train.X_primary, np.memmap)
    assert isinstance(train.X_secondary, np.memmap)


@pytest.mark.parametrize(
    ("n", "shape"), [(313600, (560, 560)), (133000, (266, 500)), (250000, (500, 500))]
)
def test_maps_of_the_published_sizes_need_no_shapes(tmp_path, n, shape):
    np.save(tmp_path / "s1_test.npy", np.zeros((n, 1), np.int8))
    np.save(tmp_path / "s2_test.npy", np.zeros((n, 1), np.int8))
    np.save(tmp_path / "s1_wavelengths.npy", [250.0])
    np.save(tmp_path / "s2_wavelengths.npy", [260.0])
    assert load_libs_transfer(tmp_path, parts=("test",)).test.shape == shape


def test_other_sizes_ask_for_their_shape(published):
    with pytest.raises(FileFormatError, match=r"24 spectra of 'train'.*shapes="):
        load_libs_transfer(published)


def test_one_map_can_be_opened_without_the_others(published):
    for name in ("s1_train", "s2_train", "s1_val", "s2_val"):
        (published / f"{name}.npy").unlink()
    only = load_libs_transfer(published, parts=["test"], shapes=SHAPES)
    assert list(only) == ["test"]


def test_validation_may_be_spelled_out(published):
    for side in ("s1", "s2"):
        (published / f"{side}_val.npy").rename(published / f"{side}_validation.npy")
    assert load_libs_transfer(published, shapes=SHAPES).validation.shape == (3, 5)


def test_an_axis_of_one_column_is_an_axis(published, axes):
    column = axes["wavelengths_primary"][:, None]
    np.save(published / "s1_wavelengths.npy", column)
    loaded = load_libs_transfer(published, shapes=SHAPES)
    assert_array_equal(loaded.test.wavelengths_primary, column.ravel())


@pytest.mark.parametrize(
    "name", ["s1_train.npy", "s2_val.npy", "s1_wavelengths.npy", "s2_test.npy"]
)
def test_a_missing_file_is_named(published, name):
    (published / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"there is no {name}\. Get the"):
        load_libs_transfer(published, shapes=SHAPES)


def test_a_truncated_table_is_named(published):
    path = published / "s2_train.npy"
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(FileFormatError, match=r"s2_train\.npy must have.*cut short"):
        load_libs_transfer(published, shapes=SHAPES)


def test_tables_of_unequal_length_are_both_named(published):
    np.save(published / "s2_val.npy", np.zeros((14, 5)))
    with pytest.raises(
        FileFormatError, match=r"s2_val\.npy has 14 rows and s1_val\.npy has 15"
    ):
        load_libs_transfer(published, shapes=SHAPES)


def test_an_axis_of_another_instrument_is_refused(published, axes):
    np.save(published / "s1_wavelengths.npy", axes["wavelengths_secondary"])
    with pytest.raises(WavelengthError, match=r"wavelengths_primary.*5 entries and 7"):
        load_libs_transfer(published, shapes=SHAPES)


def test_a_table_that_is_no_table_is_refused(published):
    np.save(published / "s1_test.npy", np.zeros(4))
    with pytest.raises(FileFormatError, match=r"s1_test\.npy must be a table.*\(4,\)"):
        load_libs_transfer(published, shapes=SHAPES)


def test_a_wrong_shape_is_refused_with_the_number_of_spectra(published):
    with pytest.raises(FileFormatError, match=r"'train'.*are 30, and there are 24"):
        load_libs_transfer(published, shapes=SHAPES | {"train": (5, 6)})


def test_an_unknown_map_is_refused(published):
    with pytest.raises(ValueError, match=r"parts must be among train.*'training'"):
        load_libs_transfer(published, parts=["training"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "must describe the maps"),
        ("[]", "must describe the maps"),
        ('{"format": "spectransfer libs-transfer folder"}', "must describe the maps"),
        (
            '{"format": "spectransfer libs-transfer folder", "format_version": 9}',
            "of version 1, but it is a .* of version 9",
        ),
    ],
)
def test_a_description_that_cannot_be_trusted_is_refused(folder, content, message):
    (folder / "libs_transfer.json").write_text(content)
    with pytest.raises(FileFormatError, match=rf"libs_transfer\.json.*{message}"):
        load_libs_transfer(folder)


@pytest.fixture(scope="module")
def real_size(tmp_path_factory):
    """Maps of the published size: simulated in their first row, then sparse zeros."""
    folder = tmp_path_factory.mktemp("real") / "maps"
    shapes = {"train": (560, 560), "validation": (266, 500), "test": (500, 500)}
    simulated = make_libs_maps(
        train=(20, 25), validation=None, test=(20, 25), random_state=0
    )
    with pytest.MonkeyPatch.context() as machine:
        # 21 GB of room are not taken for files that are nearly empty
        machine.delattr(os, "posix_fallocate", raising=False)
        machine.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1e12))
        with create_libs_transfer(
            folder,
            shapes,
            wavelengths_secondary=simulated.train.wavelengths_secondary,
            wavelengths_primary=simulated.train.wavelengths_primary,
        ) as maps:
            for part in ("train", "test"):
                maps[part].X_secondary[:500] = simulated[part].X_secondary
                maps[part].X_primary[:500] = simulated[part].X_primary
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
def test_maps_of_the_real_size_that_are_nearly_empty_leave_the_disk_alone(real_size):
    taken = sum(512 * file.stat().st_blocks for file in real_size.iterdir())
    assert taken < 1e9 < sum(file.stat().st_size for file in real_size.iterdir())


def run_apart(script, folder):
    """Run a script in a process of its own, and give the numbers that it writes."""
    # The peak that getrusage knows is inherited from this process.
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak of memory is read from Linux's /proc")
    answer = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(number) for number in answer.stdout.split()]


@pytest.mark.slow
def test_maps_of_the_real_size_open_in_200_megabytes(real_size):
    n_spectra, megabytes = run_apart(
        r"""
        import re, sys
        from spectransfer.io import load_libs_transfer
        maps = load_libs_transfer(sys.argv[1])
        assert maps.train.X_primary.shape[1] == 4062
        status = open("/proc/self/status").read()
        peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
        sys.stdout.write(f"{len(maps.train)} {peak}")
        """,
        real_size,
    )
    assert n_spectra == 313_600
    assert megabytes < 200


@pytest.mark.slow
def test_a_pipeline_trains_from_maps_of_the_real_size_without_holding_one(real_size):
    # One map in float64 would be 10 GB; what is asked for here is 16 MB.
    error, megabytes = run_apart(
        r"""
        import re, sys
        from sklearn.linear_model import Ridge
        from sklearn.pipeline import make_pipeline
        from spectransfer.io import load_libs_transfer
        from spectransfer.preprocessing import BaselineCorrector, StandardScaler
        maps = load_libs_transfer(sys.argv[1])
        train, test = maps.train[:1, :500], maps.test[:1, 250:500]
        pipeline = make_pipeline(BaselineCorrector(), StandardScaler(), Ridge(1e4))
        pipeline.fit(train.X_secondary, train.X_primary)
        guess = pipeline.predict(train.X_secondary)
        assert pipeline.predict(test.X_secondary).shape == (250, 4062)
        error = ((train.X_primary - guess) ** 2).sum() / (
            (train.X_primary - train.X_primary.mean(axis=0)) ** 2
        ).sum()
        status = open("/proc/self/status").read()
        peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
        sys.stdout.write(f"{error} {peak}")
        """,
        real_size,
    )
    assert error < 0.5
    assert megabytes < 500
