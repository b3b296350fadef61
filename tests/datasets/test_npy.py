import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer._files import new_npy_files, open_npy
from spectransfer.exceptions import FileFormatError


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "table.npy"
    np.save(path, np.arange(12, dtype=np.float32).reshape(3, 4))
    return path


def test_a_sound_file_is_mapped_and_not_writable(path):
    table = open_npy(path)
    assert isinstance(table, np.memmap)
    assert not table.flags.writeable
    assert_array_equal(table[1], [4, 5, 6, 7])


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_the_format_is_read(path, version):
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.ones((2, 2)), version=version)
    assert open_npy(path).sum() == 4


def test_a_file_cut_short_says_by_how_much(path):
    os.truncate(path, path.stat().st_size - 5)
    with pytest.raises(
        FileFormatError,
        match=r"table\.npy must have the 176 bytes.*\(3, 4\), float32.*171.*"
        "cut short by 5 bytes",
    ):
        open_npy(path)


def test_a_file_with_something_after_its_numbers_is_refused(path):
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(FileFormatError, match="longer by 4 bytes"):
        open_npy(path)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x03\x04" + bytes(200)])
def test_a_file_that_is_no_array_is_refused_with_its_size(path, content):
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=rf"{len(content)} bytes\) must be an"):
        open_npy(path)


def test_python_objects_are_refused_unopened(path):
    np.save(path, np.array([{}, {}]), allow_pickle=True)
    with pytest.raises(FileFormatError, match="dtype is object"):
        open_npy(path)


def test_new_files_take_their_names_when_all_are_complete(tmp_path):
    layout = {
        tmp_path / "a.npy": ((2, 3), np.dtype("float32")),
        tmp_path / "b.npy": ((4,), np.dtype("int8")),
    }
    with new_npy_files(layout) as arrays:
        assert not any(path.exists() for path in layout)
        arrays[tmp_path / "a.npy"][1, 2] = 5
        arrays[tmp_path / "b.npy"][:] = 3
    assert sorted(os.listdir(tmp_path)) == ["a.npy", "b.npy"]
    assert_array_equal(np.load(tmp_path / "a.npy"), [[0, 0, 0], [0, 0, 5]])
    assert_array_equal(np.load(tmp_path / "b.npy"), [3, 3, 3, 3])


def test_after_an_error_the_old_files_are_as_they_were(path):
    def fill_half():
        with new_npy_files({path: ((9,), np.dtype("int8"))}) as arrays:
            arrays[path][:4] = 1
            raise KeyboardInterrupt

    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        fill_half()
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["table.npy"]
