import os
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import FileFormatError
from spectransfer.io import load_pair

h5py = pytest.importorskip("h5py")


@pytest.fixture
def pair():
    return make_instrument_pair(12, random_state=0)


@pytest.fixture
def path(pair, tmp_path):
    with h5py.File(tmp_path / "pair.h5", "w") as file:
        for name in ("X_secondary", "X_primary", "y", "sample_id"):
            file[name] = getattr(pair, name)
        file["wavelengths_secondary"] = pair.wavelengths_secondary
        file["wavelengths_primary"] = pair.wavelengths_primary
        file["y_names"] = list(pair.y_names)
        file["split"] = ["train", "tést"] * 6
        file.attrs["axis"] = "nm"
        file.attrs["day"] = 3
    return tmp_path / "pair.h5"


def test_an_hdf5_pair_is_the_pair_that_was_written(pair, path):
    back = load_pair(path)
    for name in ("X_secondary", "X_primary", "wavelengths_primary", "y", "sample_id"):
        assert_array_equal(getattr(back, name), getattr(pair, name))
    assert back.X_primary.dtype == np.float32
    assert back.y_names == pair.y_names
    assert back.annotations["split"][1] == "tést"
    assert back.meta == {"axis": "nm", "day": 3}


def test_names_find_entries_wherever_they_are(pair, tmp_path):
    path = tmp_path / "lab.hdf"
    with h5py.File(path, "w") as file:
        file["one/spectra"] = pair.X_primary
        file["one/nm"] = pair.wavelengths_primary
        file["two/spectra"] = pair.X_secondary
        file["two/nm"] = pair.wavelengths_secondary
    names = {
        "X_primary": "one/spectra",
        "wavelengths_primary": "one/nm",
        "X_secondary": "two/spectra",
        "wavelengths_secondary": "two/nm",
    }
    assert_array_equal(load_pair(path, names=names).X_secondary, pair.X_secondary)
    with pytest.raises(FileFormatError, match=r"lab\.hdf.*X_primary cannot be found"):
        load_pair(path, names=names | {"X_primary": "three/spectra"})


def test_a_truncated_hdf5_file_is_refused_with_its_size(path):
    os.truncate(path, 3000)
    with pytest.raises(FileFormatError, match=r"pair\.h5 \(3000 bytes\).*cut short"):
        load_pair(path)


def test_a_file_that_only_ends_like_hdf5_is_refused(tmp_path):
    path = tmp_path / "pair.h5"
    path.write_bytes(b"not this")
    with pytest.raises(FileFormatError, match="must be an HDF5 file"):
        load_pair(path)


def test_without_h5py_the_error_says_what_to_install(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"spectransfer\[files\]"):
        load_pair(path)
