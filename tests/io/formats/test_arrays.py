"""Files of named arrays: which are spectra, which their axis, what is told of them."""

import sys
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.io import load_pair, read_spectra

X = np.arange(12.0).reshape(3, 4) ** 2
AXIS = np.array([400.0, 401.0, 402.5, 404.0])
IDS = ["a", "b", "c"]


def write_npz(path, **entries):
    np.savez(path, **entries)


def write_matlab(path, **entries):
    from scipy.io import savemat

    with path.open("wb") as file:
        savemat(file, entries)


def write_matlab73(path, **entries):
    """Write what MATLAB's save(..., "-v7.3") writes: HDF5, axes the other way round."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in entries.items():
            array = np.atleast_2d(value)
            if array.dtype.kind == "U":
                width = max(map(len, array.ravel()))
                codes = [[ord(c) for c in text.ljust(width)] for text in array.ravel()]
                file[name] = np.array(codes, dtype=np.uint16).T
                file[name].attrs["MATLAB_class"] = np.bytes_("char")
            else:
                file[name] = array.T
                file[name].attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512))


def write_hdf5(path, **entries):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for name, value in entries.items():
            array = np.asarray(value)
            file[name] = value if array.dtype.kind != "U" else array.tolist()


WRITERS = [write_npz, write_matlab, write_matlab73, write_hdf5]


@pytest.fixture(params=WRITERS, ids=lambda writer: writer.__name__)
def write(request, tmp_path):
    def writing(**entries):
        path = tmp_path / "lab.dat"
        request.param(path, **entries)
        if request.param is write_npz:
            path = tmp_path / "lab.dat.npz"
        return path

    return writing


@pytest.mark.parametrize("axis", [AXIS, AXIS[None], AXIS[:, None]])
@pytest.mark.parametrize("spectra", [X, X.T])
def test_spectra_are_found_by_their_names_and_shapes(write, axis, spectra):
    path = write(spectra=spectra, wavelengths=axis, sample_id=np.array(IDS))
    read = read_spectra(path)
    assert_array_equal(read.X, X)
    assert_array_equal(read.wavelengths, AXIS)
    assert_array_equal(read.sample_id, IDS)


@pytest.mark.parametrize("name", ["time", "protein", "weights", "mean"])
def test_only_an_array_that_is_called_an_axis_is_taken_for_one(write, name):
    path = write(X=X, **{name: AXIS})
    with pytest.raises(FileFormatError, match=r"none is called one.*names="):
        read_spectra(path)
    found = read_spectra(path, names={"wavelengths": name})
    assert_array_equal(found.wavelengths, AXIS)


@pytest.mark.parametrize("n", [1, 4])
def test_a_table_of_one_channel_is_one(write, n):
    table = np.arange(1.0, n + 1)[:, None]
    found = read_spectra(write(X=table, wavelengths=np.array([400.0])))
    assert_array_equal(found.X, table)
    assert_array_equal(found.wavelengths, [400])


def test_names_choose_among_several(write):
    path = write(first=X, second=X + 1, nm=AXIS, other=AXIS[::-1], Probe=np.array(IDS))
    with pytest.raises(FileFormatError, match=r"are the spectra.*first \(3, 4\)"):
        read_spectra(path)
    with pytest.raises(FileFormatError, match="'third', as names"):
        read_spectra(path, names={"X": "third"})
    read = read_spectra(
        path, names={"X": "second", "wavelengths": "other", "sample_id": "Probe"}
    )
    assert_array_equal(read.X, X[:, ::-1] + 1)
    assert read.descending
    assert_array_equal(read.sample_id, IDS)


def test_a_descending_axis_is_turned_and_what_has_a_row_each_describes(write):
    day = np.array([3.0, 1.0, 2.0])
    read = read_spectra(write(X=X, wavenumber=AXIS[::-1], day=day))
    assert_array_equal(read.X, X[:, ::-1])
    assert read.unit == "cm-1"
    assert_array_equal(read.annotations["day"], day)


def test_a_pair_is_found_in_any_of_them(write):
    path = write(
        X_secondary=X,
        X_primary=X + 1,
        wavelengths_secondary=AXIS[None],
        wavelengths_primary=AXIS[:, None],
        sample_id=np.array(IDS)[:, None],
    )
    pair = load_pair(path)
    assert_array_equal(pair.X_primary, X + 1)
    assert_array_equal(pair.wavelengths_primary, AXIS)
    assert_array_equal(pair.sample_id, IDS)
    with pytest.raises(FileFormatError, match=r"both sides of a pair.*Call load_pair"):
        read_spectra(path)
    one = read_spectra(
        path, names={"X": "X_primary", "wavelengths": "wavelengths_primary"}
    )
    assert_array_equal(one.X, X + 1)


def test_renamed_entries_leave_their_place(write):
    path = write(a=X, b=X + 1, wa=AXIS, wb=AXIS + 1)
    names = {
        "X_secondary": "a",
        "X_primary": "b",
        "wavelengths_secondary": "wa",
        "wavelengths_primary": "wb",
    }
    pair = load_pair(path, names=names)
    assert_array_equal(pair.X_primary, X + 1)
    assert not pair.annotations


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"X": X}, "must show which of its arrays is the axis"),
        (
            {"X": X, "wavelengths": AXIS[:2]},
            "must show which of its arrays is the axis",
        ),
        ({"wavelengths": AXIS}, "which of its arrays are the spectra"),
        ({"X": X + 1j, "wavelengths": AXIS}, "which of its arrays are the spectra"),
    ],
)
def test_what_does_not_show_is_refused_with_what_there_is(tmp_path, entries, message):
    np.savez(tmp_path / "odd.npz", **entries)
    with pytest.raises(FileFormatError, match=rf"odd\.npz.*{message}"):
        read_spectra(tmp_path / "odd.npz")


def test_a_square_table_of_matlab_lies_as_matlab_shows_it(tmp_path):
    square = np.arange(16.0).reshape(4, 4)
    for write in (write_matlab, write_matlab73):
        write(tmp_path / "x.mat", X=square, wl=AXIS)
        assert_array_equal(read_spectra(tmp_path / "x.mat").X, square)


def test_fields_of_a_structure_of_matlab_are_found(tmp_path):
    write_matlab(tmp_path / "x.mat", nir={"data": X, "axis": AXIS, "label": "wheat"})
    read = read_spectra(tmp_path / "x.mat")
    assert_array_equal(read.X, X)


def test_a_nexus_file_says_what_is_plotted_over_what(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "x.nxs", "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        data = entry.create_group("data")
        data.attrs.update(
            {"NX_class": "NXdata", "signal": "counts", "axes": ["spot", "shift"]}
        )
        data["counts"], data["noise"] = X, X
        data["counts"].attrs["units"] = "counts"
        data["shift"] = AXIS
        data["shift"].attrs["units"] = np.bytes_("1/cm")
    read = read_spectra(tmp_path / "x.nxs")
    assert_array_equal(read.X, X)
    assert (read.unit, read.intensity) == ("cm-1", "counts")
    assert read.notes[0] == "NeXus file"


def test_text_and_attributes_of_any_encoding_are_read(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["X"], file["nm"] = X, AXIS
        file["sample_id"] = np.array([s.encode("latin-1") for s in ("Käse", "ü", "x")])
        file["vlen"] = ["tést", "b", "c"]
        file.attrs["operator"] = np.bytes_("Jörg".encode("latin-1"))
        file.attrs["day"] = 3
        file.attrs["list"] = [1, 2, 3]
        file.attrs["nothing"] = h5py.Empty("f4")
    read = read_spectra(path)
    assert read.sample_id.tolist() == ["Käse", "ü", "x"]
    assert read.annotations["vlen"].tolist() == ["tést", "b", "c"]
    assert read.meta == {"operator": "Jörg", "day": 3}


@pytest.mark.parametrize("kind", ["references", "lengths"])
def test_what_hdf5_holds_and_no_array_can_counts_only_where_it_is_asked_for(
    tmp_path, kind
):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["X"], file["nm"] = X, AXIS
        if kind == "references":
            file.create_dataset("odd", data=[file["X"].ref] * 3, dtype=h5py.ref_dtype)
        else:
            odd = file.create_dataset("odd", 3, dtype=h5py.vlen_dtype(float))
            odd[0] = [1.0, 2.0]
        file["empty"] = h5py.Empty("f8")
    found = read_spectra(path)
    assert_array_equal(found.X, X)
    told = next(note for note in found.notes if note.startswith("left out"))
    assert kind in told
    assert "empty" in told
    for name in ("odd", "empty"):
        with pytest.raises(FileFormatError, match=rf"x\.h5.*{name} (holds|is)"):
            read_spectra(path, names={"sample_id": name})


@pytest.mark.parametrize("write", [write_matlab, write_matlab73])
def test_names_in_a_matrix_of_characters_are_not_filled_up(tmp_path, write):
    ids = ["a", " bcd", "ef"]
    width = max(map(len, ids))
    padded = np.array([name.ljust(width) for name in ids])
    write(tmp_path / "x.mat", X=X, nm=AXIS, sample_id=padded)
    assert read_spectra(tmp_path / "x.mat").sample_id.tolist() == ids


@pytest.mark.parametrize("attribute", ["_FillValue", "missing_value"])
def test_numbers_are_packed_as_the_convention_of_netcdf_says(tmp_path, attribute):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "x.nc", "w") as file:
        file["X"] = np.array([[1, 2, 3, -9], [4, 5, 6, 7]], "i2")
        file["X"].attrs["scale_factor"] = np.array([0.5])
        file["X"].attrs["add_offset"] = 10.0
        file["X"].attrs[attribute] = np.array([-9], "i2")
        file["nm"] = AXIS * 10
        file["nm"].attrs["scale_factor"] = 0.1
        file["day"] = [1.0, 99.0]
        file["day"].attrs[attribute] = 99.0
    found = read_spectra(tmp_path / "x.nc")
    assert_array_equal(found.X, [[10.5, 11, 11.5, np.nan], [12, 12.5, 13, 13.5]])
    assert_allclose(found.wavelengths, AXIS)
    assert_array_equal(found.annotations["day"], [1, np.nan])
    assert any("X" in n and "scale_factor" in n and attribute in n for n in found.notes)


@pytest.mark.parametrize("value", ["much", [1.0, 2.0]])
def test_a_packing_that_is_no_number_is_refused(tmp_path, value):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["X"], file["nm"] = X, AXIS
        file["X"].attrs["scale_factor"] = value
    with pytest.raises(FileFormatError, match="X has the attribute scale_factor"):
        read_spectra(tmp_path / "x.h5")


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused_with_its_name(tmp_path, write, kept):
    path = tmp_path / "cut.npz"
    write(path, X=np.tile(X, (50, 1)), nm=AXIS)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(FileFormatError, match=r"cut\.npz"):
        read_spectra(path)


def test_a_single_array_and_other_archives_are_refused_by_name(tmp_path):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(FileFormatError, match=r"x\.npy.*single array.*\(3, 4\)"):
        read_spectra(tmp_path / "x.npy")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(FileFormatError, match=r"x\.zip"):
        read_spectra(tmp_path / "x.zip")


def test_an_axis_in_disorder_is_refused_with_the_file(tmp_path):
    np.savez(tmp_path / "x.npz", X=X, wavelengths=[1, 3, 2, 4])
    with pytest.raises(WavelengthError, match=r"In .*x\.npz: axis must increase"):
        read_spectra(tmp_path / "x.npz")


def test_without_h5py_the_error_says_what_to_install(tmp_path, monkeypatch):
    write_hdf5(tmp_path / "x.h5", X=X, nm=AXIS)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"\.\[files\]"):
        read_spectra(tmp_path / "x.h5")
