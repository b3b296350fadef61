import io
import os
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.io import load_pair, save_pair
from spectransfer.spectra import SpectraPair


@pytest.fixture
def pair():
    pair = make_instrument_pair(n_spectra=12, random_state=0)
    return SpectraPair(
        pair.X_secondary,
        pair.X_primary.astype(np.float64),
        pair.wavelengths_secondary,
        pair.wavelengths_primary,
        sample_id=pair.sample_id,
        y=pair.y,
        y_names=pair.y_names,
        annotations={"split": np.array(["train", "test"] * 6)},
        meta=pair.meta,
    )


@pytest.fixture
def entries(pair):
    return {
        "X_secondary": pair.X_secondary,
        "X_primary": pair.X_primary,
        "wavelengths_secondary": pair.wavelengths_secondary,
        "wavelengths_primary": pair.wavelengths_primary,
    }


def test_a_saved_pair_comes_back_bit_for_bit(pair, tmp_path):
    save_pair(pair, tmp_path / "pair.npz")
    back = load_pair(tmp_path / "pair.npz")
    for name in ("X_secondary", "X_primary", "wavelengths_secondary", "sample_id", "y"):
        assert_array_equal(getattr(back, name), getattr(pair, name))
        assert getattr(back, name).dtype == getattr(pair, name).dtype
    assert_array_equal(back.annotations["split"], pair.annotations["split"])
    assert back.y_names == pair.y_names
    assert back.meta == pair.meta


def test_saving_leaves_no_file_but_the_one_asked_for(pair, tmp_path):
    save_pair(pair, tmp_path / "odd name")
    assert os.listdir(tmp_path) == ["odd name"]


def test_a_save_that_fails_leaves_the_old_file_as_it_was(pair, tmp_path, monkeypatch):
    path = tmp_path / "pair.npz"
    save_pair(pair, path)
    before = path.read_bytes()

    def fill_the_disk(file, array, **options):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", fill_the_disk)
    with pytest.raises(OSError, match="No space left"):
        save_pair(pair[:3], path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["pair.npz"]


@pytest.mark.parametrize(
    "name",
    [
        *("file", "allow_pickle", "args", "self", "a.npy", "a/b", "", "Käse 1", "."),
        *("X_primary", "wavelengths_secondary", "sample_id", "y", "y_names", "meta"),
        *("annotations", "annotations/y", "annotations/annotations/y", "axis_units"),
    ],
)
def test_annotations_of_any_name_survive_a_round_trip(entries, name, tmp_path):
    known = {name: np.arange(12), "a": np.zeros(12)}
    save_pair(SpectraPair(**entries, annotations=known), tmp_path / "pair.npz")
    back = load_pair(tmp_path / "pair.npz").annotations
    assert set(back) == set(known)
    assert_array_equal(back[name], np.arange(12))


@pytest.mark.parametrize("name", ["axis_units", "meta", "X_primary", "unit", ""])
@pytest.mark.parametrize(
    ("value", "comes_back"),
    [
        (b"Eva", "Eva"),
        ("M\u00fcller".encode("latin-1"), "Müller"),
        (np.bytes_(b"Eva"), "Eva"),
        (np.str_("Eva"), "Eva"),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([1, 2]), [1, 2]),
        (np.array([b"a", b"b"]), ["a", "b"]),
        ({"laser": {"nm": np.float64(785)}, 3: (1, 2)}, None),
        (None, None),
    ],
)
def test_what_is_known_of_a_pair_survives_a_round_trip(
    entries, name, value, comes_back, tmp_path
):
    pair = SpectraPair(**entries, meta={name: value}, units=("nm", "cm-1"))
    save_pair(pair, tmp_path / "pair.npz")
    back = load_pair(tmp_path / "pair.npz")
    if isinstance(value, dict):
        comes_back = {"laser": {"nm": 785.0}, "3": [1, 2]}
    assert back.meta == {name: comes_back}
    assert back.units == ("nm", "cm-1")


def test_what_json_cannot_hold_is_refused_by_name(entries, tmp_path):
    pair = SpectraPair(**entries, meta={"operator": object()})
    with pytest.raises(ValueError, match="meta must hold texts, numbers and lists"):
        save_pair(pair, tmp_path / "pair.npz")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["a", "a.h5", "a.hdf5", "a.nxs", "a.mat", "a.csv"])
def test_a_pair_is_known_by_its_content_whatever_its_file_is_called(
    pair, name, tmp_path
):
    save_pair(pair, tmp_path / name)
    assert load_pair(tmp_path / name).n_spectra == 12


@pytest.mark.parametrize("kind", ["object", "string", "category", "plain"])
def test_text_ids_of_pandas_survive_a_round_trip(entries, kind, tmp_path):
    pd = pytest.importorskip("pandas")
    ids = [f"s{i:02d}" for i in range(12)]
    column = np.array(ids) if kind == "plain" else pd.Series(ids, dtype=kind)
    pair = SpectraPair(**entries, sample_id=column)
    save_pair(pair, tmp_path / "pair.npz")
    assert load_pair(tmp_path / "pair.npz").sample_id.tolist() == ids


def test_python_objects_are_refused_before_anything_is_written(entries, tmp_path):
    pair = SpectraPair(**entries, sample_id=np.array(["a", None] * 6, dtype=object))
    with pytest.raises(ValueError, match="sample_id must be numbers or text"):
        save_pair(pair, tmp_path / "pair.npz")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "shapes", "unit", "groups"),
    [
        ("nir_tablets_idrc2002_instr1_instr2", (655, 650, 650), "nm", 655),
        ("raman_analytes_anton532_anton785", (270, 1101, 1651), "cm-1", 53),
    ],
)
def test_real_pairs_load_with_axes_groups_and_licence(
    shared_file, name, shapes, unit, groups
):
    path = shared_file(f"data/{name}.npz")
    raw = np.load(path, allow_pickle=False)
    pair = load_pair(path)
    n, n_secondary, n_primary = shapes
    assert pair.X_secondary.shape == (n, n_secondary)
    assert pair.X_primary.shape == (n, n_primary)
    assert_array_equal(pair.X_primary, raw["X_primary"])
    assert pair.X_primary.dtype == np.float32
    assert len(np.unique(pair.sample_id)) == groups
    assert pair.y_names == tuple(raw["y_names"])
    assert pair.meta["axis"] == unit
    assert pair.meta["licence"]


def test_the_tablets_keep_their_original_split(shared_file):
    pair = load_pair(shared_file("data/nir_tablets_idrc2002_instr1_instr2.npz"))
    assert set(pair.annotations) == {"split"}
    assert len(pair[pair.annotations["split"] == "calibrate"]) == 155


def test_a_single_instrument_file_is_refused_with_what_it_holds(shared_file):
    path = shared_file("data/libs_soils_goueguel_171x6669.npz")
    with pytest.raises(FileFormatError, match=r"soils.*X_secondary.*X, meta, wave"):
        load_pair(path)


@pytest.mark.parametrize("kept", [0, 30, 2000, -30])
def test_a_truncated_file_is_refused_with_its_name_and_size(pair, tmp_path, kept):
    path = tmp_path / "pair.npz"
    save_pair(pair, path)
    path.write_bytes(path.read_bytes()[:kept])
    size = path.stat().st_size
    with pytest.raises(
        FileFormatError, match=rf"pair\.npz \({size} bytes\).*cut short"
    ):
        load_pair(path)


def test_a_flipped_byte_is_found(pair, tmp_path):
    path = tmp_path / "pair.npz"
    save_pair(pair, path)
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("X_secondary.npy")
    raw = bytearray(path.read_bytes())
    raw[member.header_offset + member.compress_size // 2] ^= 0xFF
    path.write_bytes(bytes(raw))
    with pytest.raises(FileFormatError, match=r"pair\.npz.*damaged"):
        load_pair(path)


def test_a_member_cut_short_inside_a_sound_archive_is_found(entries, tmp_path):
    path = tmp_path / "pair.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in entries.items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            content = buffer.getvalue()
            archive.writestr(
                f"{name}.npy", content[:-8] if name == "X_primary" else content
            )
    with pytest.raises(FileFormatError, match=r"pair\.npz.*reading it fails"):
        load_pair(path)


def test_a_missing_file_is_reported_by_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_pair(tmp_path / "nothing.npz")


def test_pickled_objects_are_never_loaded(entries, tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    path = tmp_path / "pair.npz"
    np.savez(path, **entries, sample_id=np.array([Bomb()] * 12, dtype=object))
    with pytest.raises(FileFormatError, match="holds Python objects"):
        load_pair(path)
    assert not (tmp_path / "exploded").exists()


def test_a_single_array_is_not_a_pair(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((3, 4)))
    with pytest.raises(FileFormatError, match=r"x\.npy must be an archive"):
        load_pair(tmp_path / "x.npy")


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"wavelengths_primary": None}, FileFormatError, "wavelengths_primary cannot"),
        (
            {"X_primary": np.zeros((11, 300))},
            FileFormatError,
            "each of the 12 secondary spectra.* 11",
        ),
        (
            {"X_primary": np.full((12, 300), "a")},
            FileFormatError,
            "X_primary must hold real numbers.*<U1",
        ),
        (
            {"wavelengths_primary": np.roll(np.arange(300.0), 1)},
            WavelengthError,
            "wavelengths_primary must increase.*from 299 to 0",
        ),
        (
            {"wavelengths_secondary": np.arange(9.0)},
            WavelengthError,
            "9 entries and 260 channels",
        ),
        (
            {"wavelengths_secondary": np.full(260, "red")},
            WavelengthError,
            "'red' is no number with a unit",
        ),
        ({"notes": np.arange(5)}, FileFormatError, "notes must have one entry"),
        ({"meta": np.array("{oops")}, FileFormatError, "meta must be a JSON text"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_name_of_the_file(
    entries, tmp_path, changes, kind, message
):
    path = tmp_path / "bad.npz"
    changed = {k: v for k, v in (entries | changes).items() if v is not None}
    np.savez(path, **changed)
    with pytest.raises(kind, match=rf"bad\.npz.*{message}"):
        load_pair(path)


def forged(path, name, header, content=b""):
    """Write an entry of an archive with a header of one's choice."""
    with zipfile.ZipFile(path, "a") as archive:
        text = header.encode() + b"\n"
        start = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little")
        archive.writestr(f"{name}.npy", start + text + content)


HEADER = "{{'descr': '{}', 'fortran_order': False, 'shape': {}}}"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (HEADER.format("<f4", "(2000000000, 1)"), "header promises 8000000"),
        (HEADER.format("<f4", "(-3, -4)"), "its shape is"),
        (HEADER.format("<f4", "(99999999999999999999999,)"), "header promises"),
        (HEADER.format("|O", "(1,)"), "Python objects"),
        (HEADER.format("nonsense", "(1,)"), "reading it fails"),
        ("[" * 5000, "reading it fails"),
    ],
)
def test_a_header_that_lies_is_refused_before_memory_is_asked_for(
    entries, tmp_path, header, message
):
    path = tmp_path / "lying.npz"
    np.savez(path, **entries)
    forged(path, "more", header, b"0" * 16)
    with pytest.raises(FileFormatError, match=message):
        load_pair(path)


def test_what_no_memory_can_hold_is_refused_before_it_is_read(
    entries, tmp_path, monkeypatch
):
    path = tmp_path / "large.npz"
    np.savez(path, **entries)
    monkeypatch.setattr(os, "sysconf", lambda name: 10)
    with pytest.raises(FileFormatError, match=r"this machine has 0\.0 GB"):
        load_pair(path)


def test_entries_that_cannot_belong_to_a_pair_are_not_read(
    entries, tmp_path, monkeypatch
):
    path = tmp_path / "more.npz"
    np.savez(path, **entries, other=np.zeros(10**6))
    read = []
    original = np.lib.format.read_array

    def noting(file, **options):
        read.append(file.name.removesuffix(".npy"))
        return original(file, **options)

    monkeypatch.setattr(np.lib.format, "read_array", noting)
    with pytest.raises(FileFormatError, match="other must have one entry"):
        load_pair(path)
    assert set(read) == set(entries)


def test_a_deeply_nested_meta_is_refused(entries, tmp_path):
    path = tmp_path / "bad.npz"
    np.savez(path, **entries, meta=np.array("[" * 10**5))
    with pytest.raises(FileFormatError, match="meta must be a JSON text"):
        load_pair(path)


def test_an_encrypted_archive_is_refused(entries, tmp_path):
    path = tmp_path / "secret.npz"
    np.savez(path, **entries)
    content = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(mark)
        while place >= 0:
            content[place + at] |= 1
            place = content.find(mark, place + 4)
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="encrypted"):
        load_pair(path)
