"""Writers that are killed or find no room, readers of damaged files, broken fits.

Each test draws its faults from one seed and counts them; `pytest tests/faults -m slow`
prints the counts. Processes are forked from this one, which has no other threads.
"""

import ctypes
import os
import resource
import signal
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from warnings import catch_warnings, simplefilter

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from spectransfer import (
    MeanTransfer,
    transfer_spectra,
)
from spectransfer._files import _SWEPT
from spectransfer._tables import as_csv, deliver
from spectransfer.adaptation import recalibrate
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.io import (
    load_libs_transfer,
    load_pair,
    save_libs_transfer,
    save_pair,
    save_spectra,
)
from spectransfer.library import publish_library, save_transfer
from spectransfer.report import Report
from spectransfer.search._records import Record, Records
from spectransfer.spectra import Axis, PairedMaps, Spectra

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
]
PAIR = make_instrument_pair(300, n_secondary=120, n_primary=130, random_state=0)
OTHER = make_instrument_pair(300, n_secondary=120, n_primary=130, random_state=1)
SEED = 7
CARD = {
    "title": "Rocks",
    "instrument": {"maker": "One", "model": "Two"},
    "measured": "2026-11-27",
    "medium": "air",
    "standards": {"description": "made up", "source": "nobody"},
    "licence": {"data": "CC0-1.0", "code": "BSD-3-Clause"},
    "citation": "none",
    "contact": "nobody@example.org",
}


def maps_of(pair):
    return PairedMaps(
        pair.X_secondary,
        pair.X_primary,
        pair.wavelengths_secondary,
        pair.wavelengths_primary,
        shape=(15, 20),
    )


def write_pair(folder, pair):
    save_pair(pair, folder / "pair.npz")


def write_transferred(folder, pair):
    mean = MeanTransfer().fit(pair.X_secondary, pair.X_primary)
    transfer_spectra(mean, pair.X_secondary, folder / "out.npy", block_size=256)


def write_report(folder, pair):
    report = Report("faults")
    rows = [[str(value)] * 2 for value in pair.X_primary[0]]
    report.table("table", ["a", "b"], rows, caption="c")
    report.write(folder)


def write_record(folder, pair):
    records = Records(folder)
    records.write("key", Record(float(pair.X_primary[0, 0]), 0.0, 0.0), {"a": 1})
    records.keep_model("key", Ridge().fit(pair.X_secondary, pair.X_primary))


def write_folder(folder, pair):
    save_libs_transfer(folder, {"train": maps_of(pair)}, overwrite=True)


def write_table(folder, pair):
    deliver(as_csv(["counts"], pair.X_primary[:40].tolist()), folder / "merits.csv")


def write_archive(folder, pair):
    mean = MeanTransfer().fit(pair.X_secondary, pair.X_primary)
    transfer_spectra(mean, pair.X_secondary, folder / "out.npz")


@cache
def recalibrated(seed):
    """Give a transfer for a brighter day, and spectra of that day."""
    pair = {0: PAIR, 1: OTHER}[seed]
    mean = MeanTransfer().fit(pair.X_secondary, pair.X_primary)
    today = pair.X_secondary * np.float32(1.1)
    with catch_warnings():
        simplefilter("ignore")
        return recalibrate(mean, today[:12], pair.X_secondary[:12]), today


def write_recalibrated(folder, pair):
    transfer_spectra(*recalibrated(int(pair is OTHER)), folder / "out.npy")


@cache
def components():
    """Give an autoencoder to publish."""
    return PCA(20).fit(PAIR.X_primary)


def write_library(folder, pair):
    publish_library(
        components(),
        folder / "library.safetensors",
        spectra=pair.X_primary,
        card=CARD,
        wavelengths=Axis(pair.wavelengths_primary, "nm"),
    )


def write_fitted(folder, pair):
    mean = MeanTransfer().fit(pair.X_secondary, pair.X_primary)
    save_transfer(mean, folder / "mean.safetensors")


def write_spectra(folder, pair):
    spectra = Spectra(pair.X_primary, pair.wavelengths_primary, unit="nm")
    save_spectra(spectra, folder / "spectra.csv")


WRITERS = {
    "library": write_library,
    "fitted transfer": write_fitted,
    "spectra": write_spectra,
    "table": write_table,
    "archive": write_archive,
    "recalibrated": write_recalibrated,
    "pair": write_pair,
    "transferred map": write_transferred,
    "report": write_report,
    "search": write_record,
    "folder of maps": write_folder,
}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def in_a_child(work) -> int:
    """Do something in a forked process; give its number."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except BaseException as error:
        code = 3 if isinstance(error, OSError) else 4
    finally:
        os._exit(code)


@pytest.fixture(params=WRITERS)
def writer(request, tmp_path):
    """A writer, and what its two results look like when they are whole."""
    write = WRITERS[request.param]
    whole = []
    for name, pair in (("a", PAIR), ("b", OTHER)):
        (tmp_path / name).mkdir()
        write(tmp_path / name, pair)
        whole.append(contents(tmp_path / name))
    folder = tmp_path / "kept"
    folder.mkdir()
    write(folder, PAIR)
    return write, folder, whole


def stable(name: str, content: bytes) -> bytes:
    """Leave out the time of day that zip archives hold."""
    return b"" if name.endswith(".npz") else content


def lost(folder: Path, whole: list[dict[str, bytes]]) -> list[str]:
    """Name the files that are neither of two whole ones."""
    found = contents(folder)
    names = {name for name in found if not name.endswith(".part")}
    missing = [name for name in whole[0] if name not in names]
    broken = [
        name
        for name in names
        if stable(name, found[name])
        not in {stable(name, each.get(name, b"")) for each in whole}
    ]
    for path in folder.glob("*.npz"):
        with np.load(path) as archive:  # entries have checksums
            assert all(archive[name].size for name in archive.files)
    return missing + broken


def test_writers_that_are_killed_leave_whole_files(writer, tally):
    write, folder, whole = writer
    rng = np.random.default_rng(SEED)
    for _ in range(25):

        def work():
            while True:
                write(folder, OTHER)
                write(folder, PAIR)

        child = in_a_child(work)
        time.sleep(float(rng.uniform(0, 0.2)))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        damaged = lost(folder, whole)
        tally["killed", "tried"] += 1
        tally["killed", "lost" if damaged else "survived"] += 1
        assert not damaged
    _SWEPT.clear()
    write(folder, PAIR)
    assert not list(folder.rglob(".*.part"))


def test_writers_that_find_no_room_say_so_and_leave_the_older_files(writer, tally):
    write, folder, whole = writer
    rng = np.random.default_rng(SEED)
    largest = max(len(content) for content in whole[1].values())
    for limit in rng.integers(0, largest, 15):

        def work(limit=int(limit)):
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            write(folder, OTHER)

        _, status = os.waitpid(in_a_child(work), 0)
        damaged = lost(folder, whole)
        tally["no room", "tried"] += 1
        tally["no room", "lost" if damaged else "survived"] += 1
        assert os.waitstatus_to_exitcode(status) == 3  # OSError
        assert not damaged
        assert not list(folder.rglob(".*.part"))


def mount_a_small_disk(folder: Path) -> bool:
    """Put a disk of 1 MiB there, for this process alone; tell whether it may be."""
    uid, gid, libc = os.getuid(), os.getgid(), ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare") or libc.unshare(0x10000000 | 0x00020000):
        return False
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    except OSError:
        return False
    return not libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, b"size=1m")


def test_a_full_disk_leaves_the_older_files(writer, tmp_path, tally):
    write, _, whole = writer
    disk = tmp_path / "disk"
    disk.mkdir()
    # what a file needs when it is written beside the older one
    size = sum(map(len, whole[1].values()))
    rooms = np.random.default_rng(SEED).integers(0, max(size, 5000), 10)
    if size > 400_000:
        pytest.skip("what is written needs a larger disk")

    def work():
        if not mount_a_small_disk(disk):
            os._exit(77)
        folder = disk / "kept"
        folder.mkdir()
        for room in (0, *map(int, rooms)):
            write(folder, PAIR)
            fill(disk, room)
            with suppress(OSError):
                write(folder, OTHER)
                assert room > 0
            assert not lost(folder, whole)
            assert not list(folder.rglob(".*.part"))
            (disk / "filler").unlink()

    code = os.waitstatus_to_exitcode(os.waitpid(in_a_child(work), 0)[1])
    if code == 77:
        pytest.skip("a process may not mount a disk of its own here")
    tally["full disk", "tried"] += 1 + len(rooms)
    tally["full disk", "lost" if code else "survived"] += 1 + len(rooms)
    assert code == 0


def fill(disk: Path, room: int) -> None:
    """Fill a disk up to some room, in bytes."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    (disk / "filler").write_bytes(bytes(max(free - room, 0)))


def test_two_that_write_one_file_each_get_their_own(tmp_path, tally):
    out = tmp_path / "out.npy"

    def work(pair):
        mean = MeanTransfer().fit(pair.X_secondary, pair.X_primary)
        expected = mean.predict(pair.X_secondary)
        for _ in range(100):
            got = transfer_spectra(mean, pair.X_secondary, out)
            assert_array_equal(got, expected)

    children = [in_a_child(lambda pair=pair: work(pair)) for pair in (PAIR, OTHER)]
    for child in children:
        _, status = os.waitpid(child, 0)
        tally["two writers", "tried"] += 100
        survived = os.waitstatus_to_exitcode(status) == 0
        tally["two writers", "survived" if survived else "lost"] += 100
        assert survived


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Flip, cut, repeat or overwrite something, mostly near the beginning."""
    damaged = bytearray(content)
    end = len(content) if rng.random() < 0.5 else min(len(content), 300)
    at = int(rng.integers(0, end))
    kind = rng.integers(0, 5)
    if kind == 0:
        damaged[at] ^= 1 << int(rng.integers(0, 8))
    elif kind == 1:
        del damaged[at:]
    elif kind == 2:
        del damaged[at : at + int(rng.integers(1, 50))]
    elif kind == 3:
        damaged[at:at] = rng.bytes(int(rng.integers(1, 50)))
    else:
        damaged[at : at + 8] = rng.bytes(8)
    return bytes(damaged)


@pytest.fixture(params=["npz", "csv", "hdf5", "folder"])
def reader(request, tmp_path):
    """A file, and what reads it."""
    if request.param == "npz":
        save_pair(PAIR[:20], tmp_path / "pair.npz")
        return tmp_path / "pair.npz", lambda: load_pair(tmp_path / "pair.npz")
    if request.param == "folder":
        write_folder(tmp_path, PAIR)
        path = tmp_path / "libs_transfer.json"
        return path, lambda: load_libs_transfer(tmp_path)
    if request.param == "hdf5":
        h5py = pytest.importorskip("h5py")
        path = tmp_path / "pair.h5"
        with h5py.File(path, "w") as file:
            for name in ("X_secondary", "X_primary"):
                file[name] = getattr(PAIR, name)[:20]
            for name in ("wavelengths_secondary", "wavelengths_primary"):
                file[name] = getattr(PAIR, name)
        return path, lambda: load_pair(path)
    paths = [tmp_path / "secondary.csv", tmp_path / "primary.csv"]
    for path, side in zip(paths, ("secondary", "primary"), strict=True):
        axis = getattr(PAIR, f"wavelengths_{side}")
        table = getattr(PAIR, f"X_{side}")[:5]
        header = ",".join(map(str, axis))
        np.savetxt(path, table, delimiter=",", header=header, comments="")
    return paths[0], lambda: load_pair(*paths)


def test_damaged_files_are_refused_in_our_words_or_read(reader, tally):
    path, read = reader
    content, rng = path.read_bytes(), np.random.default_rng(SEED)
    for _ in range(150):
        path.write_bytes(mutated(content, rng))
        tally["damaged files", "tried"] += 1
        with suppress(FileFormatError, WavelengthError):
            read()
        tally["damaged files", "survived"] += 1
