import errno
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
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
from spectransfer._files import (
    copied,
    new_array,
    new_npy_files,
    on_memory_map,
    written_beside,
)
from spectransfer._reading import open_npy
from spectransfer.exceptions import FileFormatError

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


def test_a_copy_of_mapped_spectra_lies_in_a_file_and_can_be_written_to(mapped, folder):
    copy = copied(mapped[::2])
    assert on_memory_map(copy)
    assert_array_equal(copy, mapped[::2])
    copy[0] = 0
    assert not (mapped[0] == 0).all()


@pytest.fixture
def umask():
    """Set the umask of this process for a test."""
    if os.name == "nt":
        pytest.skip("Windows has no umask")
    before = os.umask(0)
    yield os.umask
    os.umask(before)


def write(path: Path, text: str) -> None:
    with written_beside(path) as beside:
        beside.write_text(text)


@pytest.mark.parametrize("mask", [0o022, 0o002, 0o077])
def test_a_file_written_beside_has_the_permissions_of_any_other(tmp_path, umask, mask):
    umask(mask)
    (tmp_path / "plain").write_text("")
    write(tmp_path / "beside", "new")
    plain, beside = (
        stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "beside")
    )
    assert beside == plain == 0o666 & ~mask


def test_writing_in_threads_leaves_the_umask_of_the_process_alone(
    tmp_path, umask, monkeypatch
):
    umask(0o027)
    asked = []
    monkeypatch.setattr(os, "umask", asked.append)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda i: write(tmp_path / str(i), str(i)), range(200)))
    assert asked == []
    assert {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()} == {0o640}
    assert umask(0o027) == 0o027


def test_threads_that_write_one_file_leave_one_of_their_texts_whole(tmp_path):
    texts = [str(i) * 50_000 for i in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda text: write(tmp_path / "one", text), texts))
    assert (tmp_path / "one").read_text() in texts
    assert os.listdir(tmp_path) == ["one"]


@pytest.mark.parametrize("stop", [OSError, KeyboardInterrupt, SystemExit])
def test_after_an_error_the_older_file_is_there_and_nothing_else(tmp_path, stop):
    def write_half():
        with written_beside(tmp_path / "result") as beside:
            beside.write_text("half")
            raise stop

    write(tmp_path / "result", "older")
    with pytest.raises(stop):
        write_half()
    assert (tmp_path / "result").read_text() == "older"
    assert os.listdir(tmp_path) == ["result"]


def test_a_file_that_cannot_take_its_name_leaves_nothing(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write(tmp_path / "taken", "text")
    assert os.listdir(tmp_path) == ["taken"]


def test_a_killed_process_leaves_the_older_file(tmp_path):
    write(tmp_path / "result", "older")
    code = """
import os, sys
from pathlib import Path
from spectransfer._files import written_beside
with written_beside(Path(sys.argv[1])) as beside:
    beside.write_text("half")
    os._exit(9)
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "result")], check=False)
    assert (tmp_path / "result").read_text() == "older"


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


def test_what_comes_back_is_what_was_written_whoever_wrote_after(tmp_path):
    path = tmp_path / "one.npy"
    layout = {path: ((3,), np.dtype("float32"))}
    with new_npy_files(layout) as first:
        first[path][:] = 1
        with new_npy_files(layout) as second:
            second[path][:] = 2
    with new_npy_files(layout) as third:
        third[path][:] = 3
    for arrays, value in ((first, 1), (second, 2), (third, 3)):
        assert_array_equal(arrays[path], [value] * 3)
        assert not arrays[path].flags.writeable
        assert isinstance(arrays[path], np.memmap)
    assert_array_equal(np.load(path), [3, 3, 3])


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from spectransfer import _files
if sys.argv[2] == "named":
    _files._without_name = lambda folder: None
path = Path(sys.argv[1])
with _files.new_npy_files({path: ((9,), np.dtype("float32"))}) as arrays:
    arrays[path][:4] = 1
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")
@pytest.mark.parametrize("kind", ["unnamed", "named"])
def test_what_a_killed_process_leaves_is_gone_after_the_next_run(path, kind):
    before = path.read_bytes()
    subprocess.run([sys.executable, "-c", KILLED, str(path), kind], check=False)
    assert path.read_bytes() == before
    if kind == "unnamed" and hasattr(os, "O_TMPFILE"):
        assert os.listdir(path.parent) == ["table.npy"]
    _files._SWEPT.clear()
    write(path.parent / "next", "text")
    assert sorted(os.listdir(path.parent)) == ["next", "table.npy"]


def test_files_that_others_are_writing_are_left_alone(tmp_path):
    with written_beside(tmp_path / "a") as beside:
        _files._SWEPT.clear()
        write(tmp_path / "b", "text")
        assert beside.exists()
    other = tmp_path / ".0123.another0000-99999999.part"
    other.touch()
    _files._SWEPT.clear()
    write(tmp_path / "c", "text")
    assert other.exists()


def test_without_unnamed_files_all_is_the_same(monkeypatch, tmp_path):
    monkeypatch.setattr(_files, "_without_name", lambda folder: None)
    test_what_comes_back_is_what_was_written_whoever_wrote_after(tmp_path)
    assert os.listdir(tmp_path) == ["one.npy"]


@pytest.mark.parametrize("kind", ["text", "array"])
def test_a_symbolic_link_is_followed_and_stays(tmp_path, kind):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "target.npy", tmp_path / "link.npy"
    target.write_text("older")
    link.symlink_to(target)
    if kind == "text":
        write(link, "new")
        assert target.read_text() == "new"
    else:
        with new_npy_files({link: ((2,), np.dtype("int8"))}) as arrays:
            arrays[link][:] = 7
        assert_array_equal(np.load(target), [7, 7])
    assert link.is_symlink()
    assert os.listdir(tmp_path / "there") == ["target.npy"]
