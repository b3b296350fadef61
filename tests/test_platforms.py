"""The package without what only some systems have: a faked Windows, a faked macOS.

Libraries below are loaded as they are here; each module of ours sees the other system.
"""

import os
import subprocess
import sys

import pytest

MISSING = {
    "win32": (
        "O_TMPFILE posix_fallocate register_at_fork fork sched_getaffinity getuid "
        "geteuid mkfifo"
    ),
    "darwin": "O_TMPFILE posix_fallocate sched_getaffinity",
}
MODULES = {"win32": "fcntl resource pwd grp termios", "darwin": ""}
FAKED = """
import builtins, importlib, io, os, pkgutil, sys, tempfile
from pathlib import Path

import h5py, joblib, numpy as np, pandas, scipy, sklearn, torch
import joblib.externals.loky, matplotlib.pyplot, skorch, sklearn.pipeline, tqdm

system, missing, modules = sys.argv[1], sys.argv[2].split(), sys.argv[3].split()
for name in missing:
    if hasattr(os, name):
        delattr(os, name)
for name in modules:
    sys.modules[name] = None

def without_proc(function):
    def call(path, *args, **named):
        if isinstance(path, (str, os.PathLike)) and str(path).startswith("/proc"):
            if str(path) == "/proc/self/maps":  # threadpoolctl took Linux for granted
                return function(path, *args, **named)
            raise FileNotFoundError(2, "no such file or directory", str(path))
        return function(path, *args, **named)
    return call

for name in ("readlink", "open", "stat", "listdir", "link"):
    setattr(os, name, without_proc(getattr(os, name)))
builtins.open = io.open = without_proc(open)
sys.platform = system

import spectransfer
for found in pkgutil.walk_packages(spectransfer.__path__, "spectransfer."):
    importlib.import_module(found.name)

from spectransfer import SpectralMLP, Training, make_transfer_pipeline, transfer_spectra
from spectransfer.datasets import make_instrument_pair
from spectransfer.io import load_pair, save_pair

pair = make_instrument_pair(n_spectra=60, random_state=0)
network = SpectralMLP((8,), training=Training(n_steps=5), random_state=0)
fitted = make_transfer_pipeline(network).fit(pair.X_secondary, pair.X_primary)
folder = Path(sys.argv[4])
save_pair(pair, folder / "pair.npz")
assert len(load_pair(folder / "pair.npz")) == 60
np.save(folder / "spectra.npy", pair.X_secondary)
spectra = np.load(folder / "spectra.npy", mmap_mode="r")
transfer_spectra(fitted, spectra, out=folder / "transferred.npy")
transferred = np.load(folder / "transferred.npy")
np.testing.assert_allclose(transferred, fitted.predict(pair.X_secondary), rtol=1e-5)
"""


@pytest.mark.slow
@pytest.mark.parametrize("system", MISSING)
def test_spectra_are_transferred_into_files_without_what_only_linux_has(
    system, tmp_path
):
    command = [sys.executable, "-c", FAKED, system, MISSING[system], MODULES[system]]
    subprocess.run([*command, str(tmp_path)], check=True, timeout=300)
    left = {"pair.npz", "spectra.npy", "transferred.npy"}
    assert set(os.listdir(tmp_path)) == left


WINDOWS = """
import os, pathlib, sys
import numpy as np

kept = {name: getattr(os, name) for name in ("replace", "unlink")}

def refuse(path):
    if not os.path.exists(path):
        return
    inode = os.stat(path).st_ino
    lines = [line.split() for line in open("/proc/self/maps")]
    if any(len(line) > 5 and int(line[4]) == inode for line in lines):
        raise PermissionError(13, "WinError 32: mapped", str(path))
    for number in os.listdir("/proc/self/fd"):
        try:
            found = os.stat(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if found.st_ino == inode:
            raise PermissionError(13, "WinError 32: open", str(path))

def replace(source, target):
    refuse(source)
    refuse(target)
    kept["replace"](source, target)

def unlink(path):
    refuse(path)
    kept["unlink"](path)

class Windows:
    name = "nt"
    def __getattr__(self, name):
        if name in ("O_TMPFILE", "posix_fallocate"):
            raise AttributeError(name)
        return getattr(os, name)

os.replace, os.unlink, os.remove = replace, unlink, unlink

def path_unlink(self, missing_ok=False):
    if self.exists() or not missing_ok:
        unlink(self)

pathlib.Path.unlink = path_unlink

from spectransfer import KNNTransfer, _files, transfer_spectra
from spectransfer.io import create_libs_transfer

_files.os = Windows()
copies = []
copied = _files.shutil.copyfile
_files.shutil.copyfile = lambda *paths: (copies.append(paths), copied(*paths))
place = pathlib.Path(sys.argv[1])
layout = {place / "a.npy": ((3,), np.dtype("float32"))}

knn = KNNTransfer(n_neighbors=1).fit([[0.0], [9.0]], [[1.0, 2.0], [3.0, 4.0]])
transferred = transfer_spectra(knn, np.array([[8.0], [1.0]]), place / "knn.npy")
assert transferred.tolist() == [[3.0, 4.0], [1.0, 2.0]]

axes = {"wavelengths_secondary": [260.0], "wavelengths_primary": [250.0, 251.0]}
with create_libs_transfer(place / "maps", {"test": (1, 2)}, **axes) as maps:
    maps.test.X_primary[1] = 7.0
assert maps.test.X_primary.tolist() == [[0.0, 0.0], [7.0, 7.0]]
assert not copies  # nothing of ours looks into a file that is to be renamed

with _files.new_npy_files(layout) as arrays:
    held = arrays[place / "a.npy"]
    held[:] = 4.0
assert len(copies) == 1
assert np.load(place / "a.npy").tolist() == [4.0] * 3
del held
arrays.clear()

def ends_early():
    with _files.new_npy_files(layout) as arrays:
        held = arrays[place / "a.npy"]
        held[:] = 5.0
        raise ValueError("the reason")

try:
    ends_early()
except ValueError as error:
    assert str(error) == "the reason"
else:
    raise AssertionError
assert np.load(place / "a.npy").tolist() == [4.0] * 3
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="reads /proc")
def test_files_get_their_names_where_none_is_renamed_that_is_mapped(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WINDOWS, str(tmp_path)],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(os.listdir(tmp_path)) == {"a.npy", "knn.npy", "maps"}
    parts = [name for name in os.listdir(tmp_path / "maps") if name.endswith(".part")]
    assert not parts
