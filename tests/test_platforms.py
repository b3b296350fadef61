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
