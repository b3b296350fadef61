import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from joblib import Parallel, delayed
from numpy.testing import assert_array_equal

from spectransfer import (
    BaselineCorrector,
    StandardScaler,
    WavelengthCropper,
    WavelengthResampler,
    _files,
)
from spectransfer._files import new_array, on_memory_map

TRANSFORMERS = [
    BaselineCorrector(10, smooth_window=5),
    StandardScaler(),
    WavelengthCropper(5, 40, wavelengths="channels"),
    WavelengthResampler(np.arange(2, 30, 0.5), wavelengths="channels"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for temporary files, into which results of any size go."""
    monkeypatch.setattr(_files, "LARGE", 1)
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path))
    return tmp_path


@pytest.fixture
def mapped(rng, tmp_path):
    """Spectra in a file, opened for reading."""
    np.save(tmp_path / "spectra.npy", rng.random((70, 50), dtype=np.float32))
    return np.load(tmp_path / "spectra.npy", mmap_mode="r")


def files_in_use(folder: Path) -> int:
    """Count the files without a name that this process has mapped from a folder."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("only Linux tells what a process has mapped")
    lines = maps.read_text().splitlines()
    return sum(str(folder) in line and "(deleted)" in line for line in lines)


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda t: type(t).__name__)
def test_results_of_mapped_spectra_lie_in_a_file_and_are_the_same_numbers(
    transformer, mapped, folder
):
    in_memory = transformer.fit_transform(np.array(mapped))
    in_file = transformer.fit_transform(mapped)
    assert on_memory_map(in_file)
    assert not on_memory_map(in_memory)
    assert_array_equal(in_file, in_memory)


def test_results_of_results_lie_in_files_too(mapped, folder):
    corrected = TRANSFORMERS[0].fit_transform(mapped)
    assert on_memory_map(StandardScaler().fit_transform(corrected))


def test_small_results_stay_in_memory(mapped):
    assert not on_memory_map(StandardScaler().fit_transform(mapped))
    assert mapped.nbytes < _files.LARGE


def test_a_file_is_gone_with_the_last_view_of_it(mapped, folder):
    before = set(folder.iterdir())
    scaled = StandardScaler().fit_transform(mapped)
    assert set(folder.iterdir()) == before
    assert files_in_use(folder) == 1
    view = scaled[3:, ::2]
    del scaled
    assert files_in_use(folder) == 1
    del view
    assert files_in_use(folder) == 0


def test_the_input_is_never_written_to(mapped, folder, tmp_path):
    before = (tmp_path / "spectra.npy").read_bytes()
    StandardScaler(copy=False).fit_transform(mapped)
    assert (tmp_path / "spectra.npy").read_bytes() == before


@pytest.mark.parametrize("variable", ["TMPDIR", "JOBLIB_TEMP_FOLDER"])
def test_files_are_made_where_the_environment_says(variable, tmp_path):
    code = "from spectransfer._files import temporary_folder as f; print(f())"
    environment = {k: v for k, v in os.environ.items() if "TEMP_FOLDER" not in k}
    environment[variable] = str(tmp_path)
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert said.stdout.strip() == str(tmp_path)


def test_a_full_disk_is_refused_with_folder_and_bytes(mapped, folder):
    # more bytes than any disk has, and few enough to be a file size
    with pytest.raises(OSError, match=r"needs 4\d{15} bytes") as caught:
        new_array((2**50,), np.float32, like=mapped)
    assert str(folder) in str(caught.value)
    assert "JOBLIB_TEMP_FOLDER" in str(caught.value)
    assert caught.value.errno in (errno.ENOSPC, errno.EFBIG)


def test_without_fallocate_the_free_room_is_asked_for(mapped, folder, monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate")
    with pytest.raises(OSError, match="TMPDIR") as caught:
        new_array((2**50,), np.float32, like=mapped)
    assert caught.value.errno == errno.ENOSPC
    assert on_memory_map(new_array((5,), np.float32, like=mapped))


@pytest.mark.slow
def test_other_processes_can_be_given_such_results(mapped, folder):
    scaled = StandardScaler().fit_transform(mapped)
    # 1 byte: joblib would hand over any array as a file
    parallel = Parallel(n_jobs=2, max_nbytes=1)
    sums = parallel(delayed(np.sum)(scaled, axis=0) for _ in range(2))
    assert_array_equal(sums, [scaled.sum(axis=0)] * 2)
