"""Entries of one file that holds both sides: by which names, and in which units."""

import json
import os
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import FileFormatError
from spectransfer.io import load_pair, read_spectra, save_spectra
from spectransfer.spectra import Spectra


@pytest.fixture
def entries(mixtures):
    names = "X_secondary", "X_primary", "wavelengths_secondary", "wavelengths_primary"
    return {name: getattr(mixtures, name) for name in names}


def test_single_values_become_meta(entries, tmp_path):
    path = tmp_path / "pair.npz"
    np.savez(path, **entries, operator=np.array("Eva"), meta=json.dumps({"axis": "nm"}))
    assert dict(load_pair(path).meta) == {"operator": "Eva", "axis": "nm"}


def test_entries_of_another_name_are_found_by_names(entries, tmp_path):
    path = tmp_path / "pair.npz"
    np.savez(path, NIR=entries.pop("X_primary"), **entries)
    pair = load_pair(path, names={"X_primary": "NIR"})
    assert_array_equal(pair.X_primary, np.load(path)["NIR"])


@pytest.fixture
def mixtures():
    return make_instrument_pair(12, random_state=0)


@pytest.fixture
def hdf5(mixtures, tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "pair.h5", "w") as file:
        for name in ("X_secondary", "X_primary", "y", "sample_id"):
            file[name] = getattr(mixtures, name)
        file["wavelengths_secondary"] = mixtures.wavelengths_secondary
        file["wavelengths_primary"] = mixtures.wavelengths_primary
        file["y_names"] = list(mixtures.y_names)
        file["split"] = ["train", "tést"] * 6
        file.attrs["axis"] = "nm"
        file.attrs["day"] = 3
    return tmp_path / "pair.h5"


def test_an_hdf5_pair_is_the_pair_that_was_written(mixtures, hdf5):
    back = load_pair(hdf5)
    for name in ("X_secondary", "X_primary", "wavelengths_primary", "y", "sample_id"):
        assert_array_equal(getattr(back, name), getattr(mixtures, name))
    assert back.X_primary.dtype == np.float32
    assert back.y_names == mixtures.y_names
    assert back.annotations["split"][1] == "tést"
    assert back.meta == {"axis": "nm", "day": 3}


def test_names_find_entries_wherever_they_are(mixtures, tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "lab.hdf"
    with h5py.File(path, "w") as file:
        file["one/spectra"] = mixtures.X_primary
        file["one/nm"] = mixtures.wavelengths_primary
        file["two/spectra"] = mixtures.X_secondary
        file["two/nm"] = mixtures.wavelengths_secondary
    names = {
        "X_primary": "one/spectra",
        "wavelengths_primary": "one/nm",
        "X_secondary": "two/spectra",
        "wavelengths_secondary": "two/nm",
    }
    pair = load_pair(path, names=names)
    assert_array_equal(pair.X_secondary, mixtures.X_secondary)
    assert pair.units == ("nm", "nm"), "an axis called nm says its unit"
    with pytest.raises(FileFormatError, match=r"lab\.hdf must hold 'three/spectra'"):
        load_pair(path, names=names | {"X_primary": "three/spectra"})


def test_a_truncated_hdf5_file_is_refused_with_its_size(hdf5):
    os.truncate(hdf5, 3000)
    with pytest.raises(FileFormatError, match=r"pair\.h5 \(3000 bytes\).*cut short"):
        load_pair(hdf5)


def test_a_file_that_only_ends_like_hdf5_is_refused(tmp_path):
    pytest.importorskip("h5py")
    path = tmp_path / "pair.h5"
    path.write_bytes(b"not this")
    with pytest.raises(FileFormatError, match="must be an HDF5 file"):
        load_pair(path)


def test_without_h5py_the_error_says_what_to_install(hdf5, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"\.\[files\]"):
        load_pair(hdf5)


def test_what_names_say_must_be_in_the_file(entries, tmp_path):
    path = tmp_path / "pair.npz"
    np.savez(path, **entries)
    with pytest.raises(FileFormatError, match=r"hold 'no/such', as names\['foo'\]"):
        load_pair(path, names={"foo": "no/such"})
    path = tmp_path / "named.npz"
    np.savez(path, **entries, lab=np.arange(12))
    pair = load_pair(path, names={"protein": "lab"})
    assert_array_equal(pair.annotations["protein"], np.arange(12))


def test_samples_of_two_sides_are_never_paired_row_by_row(entries, tmp_path):
    path, rows = tmp_path / "pair.npz", np.arange(12)
    ids = {"sample_id_secondary": rows, "sample_id_primary": rows[::-1]}
    np.savez(path, **entries, **ids)
    with pytest.raises(FileFormatError, match=r"in another order\. Read each side"):
        load_pair(path)
    with pytest.raises(ValueError, match="sample_id is one of both sides"):
        load_pair(path, names={name: name for name in ids})
    given = {"X": "X_{}", "wavelengths": "wavelengths_{}", "sample_id": "sample_id_{}"}
    sides = (
        read_spectra(path, names={k: v.format(side) for k, v in given.items()})
        for side in ("secondary", "primary")
    )
    pair = load_pair(*sides)
    assert_array_equal(pair.X_primary, entries["X_primary"][::-1])


def test_replicates_in_one_file_lead_to_reading_each_side(entries, tmp_path):
    path = tmp_path / "pair.npz"
    twice = entries | {"X_secondary": np.repeat(entries["X_secondary"], 2, axis=0)}
    np.savez(path, **twice)
    with pytest.raises(FileFormatError, match="average= for replicates"):
        load_pair(path)


def test_the_unit_of_an_axis_is_none_of_intensity(entries, tmp_path):
    np.savez(tmp_path / "pair.npz", **entries, unit="nm")
    pair = load_pair(tmp_path / "pair.npz")
    assert (pair.units, pair.intensity_unit) == (("nm", "nm"), None)


@pytest.mark.parametrize("ending", ["npz", "h5"])
def test_saved_spectra_pair_with_the_intensity_that_they_had(tmp_path, ending):
    if ending == "h5":
        pytest.importorskip("h5py")
    path = tmp_path / f"one.{ending}"
    one = Spectra(np.eye(3), [400.0, 401.0, 402.0], unit="nm", intensity="counts")
    save_spectra(one, path)
    assert read_spectra(path).intensity == "counts"
    pair = load_pair(path, path)
    assert (pair.units, pair.intensity_unit) == (("nm", "nm"), "counts")


def test_arrays_are_no_files():
    with pytest.raises(TypeError, match=r"path must be a path.*ndarray"):
        load_pair(np.eye(2), np.eye(2))
    with pytest.raises(TypeError, match="Make Spectra"):
        save_spectra(np.eye(2), "x.npz")
