"""JCAMP-DX, SPC and ENVI: files that the tests write, read back."""

import contextlib
import random
import struct
import sys
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.io import read_spectra

AXIS = np.linspace(400.0, 1000.0, 7)
X = np.arange(14.0).reshape(2, 7) ** 2 + 3


def jcamp_text(y=X[0], *, title="quartz", n=7, form="(X++(Y..Y))"):
    head = {
        "TITLE": title, "JCAMP-DX": "4.24", "DATA TYPE": "RAMAN SPECTRUM",
        "XUNITS": "1/CM", "YUNITS": "ARBITRARY UNITS", "FIRSTX": AXIS[0],
        "LASTX": AXIS[-1], "NPOINTS": n, "XFACTOR": 1, "YFACTOR": 1,
    }  # fmt: skip
    lines = [f"##{key}={value}" for key, value in head.items()]
    if form == "(XY..XY)":
        lines.append("##XYPOINTS=(XY..XY)")
        lines += [f"{x}, {v}" for x, v in zip(AXIS, y, strict=True)]
    else:
        lines.append(f"##XYDATA={form}")
        lines.append("400 " + " ".join(f"{v:g}" for v in y[:4]))
        lines.append("800 " + " ".join(f"{v:g}" for v in y[4:]))
    return "\n".join([*lines, "##END=", ""])


@pytest.mark.parametrize("form", ["(X++(Y..Y))", "(XY..XY)"])
def test_a_jcamp_spectrum_is_read_with_its_units(tmp_path, form):
    pytest.importorskip("jcamp")
    (tmp_path / "a.txt").write_text(jcamp_text(form=form))
    found = read_spectra(tmp_path / "a.txt")
    assert_allclose(found.X, X[:1])
    assert_allclose(found.wavelengths, AXIS)
    assert (found.unit, found.intensity) == ("cm-1", "a.u.")
    assert found.meta["title"] == "quartz"
    assert found.notes[0] == "JCAMP-DX"


def test_linked_blocks_of_jcamp_are_one_table(tmp_path):
    pytest.importorskip("jcamp")
    blocks = "".join(jcamp_text(y, title=f"s{i}") for i, y in enumerate(X))
    head = "##TITLE=both\n##JCAMP-DX=4.24\n##DATA TYPE=LINK\n##BLOCKS=2\n"
    (tmp_path / "a.jdx").write_text(head + blocks + "##END=\n")
    found = read_spectra(tmp_path / "a.jdx")
    assert_allclose(found.X, X)
    assert found.annotations["title"].tolist() == ["s0", "s1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (jcamp_text(n=9), "X-Check|must hold 9 points|agree"),
        (jcamp_text(n=10**9), "must hold what it promises"),
        (jcamp_text().replace("##XYDATA", "##NOTHING"), "must hold spectra"),
    ],
)
def test_a_jcamp_file_that_does_not_hold_what_it_says_is_refused(
    tmp_path, text, message, capsys
):
    pytest.importorskip("jcamp")
    (tmp_path / "a.jdx").write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_spectra(tmp_path / "a.jdx")
    assert capsys.readouterr().out == ""


def spc_bytes(axis=AXIS, spectra=X, *, even=False):
    """Write a file by Galactic's description of the format (its writer in spc_io is
    no use: its own reader refuses what it writes of several spectra)."""
    flags = (0 if even else 0x80) | (0x04 if len(spectra) > 1 else 0)
    head = struct.pack(
        "<BBBbiddiBB", flags, 0x4B, 0, -128, len(axis), axis[0], axis[-1],
        len(spectra), 13, 4,
    )  # fmt: skip
    content = head.ljust(512, b"\0")
    if not even:
        content += np.asarray(axis, "<f4").tobytes()
    for i, y in enumerate(spectra):
        content += struct.pack("<BbhfffiifI", 0, -128, i, i, i + 1, 0, 0, 0, 0, 0)
        content += np.asarray(y, "<f4").tobytes()
    return content


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("n", [1, 2])
def test_spc_spectra_are_read_with_their_units(tmp_path, even, n):
    pytest.importorskip("spc_io")
    (tmp_path / "a.spc").write_bytes(spc_bytes(spectra=X[:n], even=even))
    found = read_spectra(tmp_path / "a.spc")
    assert_allclose(found.X, X[:n])
    assert_allclose(found.wavelengths, AXIS)
    assert (found.unit, found.intensity) == ("cm-1", "counts")


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_spc_files_cut_short_are_refused(tmp_path, kept):
    pytest.importorskip("spc_io")
    content = spc_bytes()
    (tmp_path / "a.spc").write_bytes(content[: int(kept * len(content))])
    with pytest.raises(FileFormatError, match=r"a\.spc"):
        read_spectra(tmp_path / "a.spc")


@pytest.mark.parametrize("version", [b"L", b"M"])
def test_other_versions_of_spc_are_refused_by_name(tmp_path, version):
    (tmp_path / "a.spc").write_bytes(b"\0" + version + bytes(600))
    with pytest.raises(FileFormatError, match="SPC of version 4B"):
        read_spectra(tmp_path / "a.spc")


def envi_image(folder, **changes):
    envi = pytest.importorskip("spectral.io.envi")
    cube = np.arange(2 * 3 * 7, dtype=np.float32).reshape(2, 3, 7)
    told = {"wavelength": list(AXIS), "wavelength units": "Nanometers"} | changes
    told = {name: value for name, value in told.items() if value is not None}
    envi.save_image(str(folder / "cube.hdr"), cube, metadata=told, dtype=np.float32)
    return cube


def test_an_envi_image_is_read_pixel_by_pixel(tmp_path):
    cube = envi_image(tmp_path)
    found = read_spectra(tmp_path / "cube.hdr")
    assert_allclose(found.X, cube.reshape(6, 7))
    assert_allclose(found.wavelengths, AXIS)
    assert found.unit == "nm"
    assert found.annotations["column"].tolist() == [0, 1, 2] * 2


def test_an_envi_image_that_is_cut_short_or_has_no_axis_is_refused(tmp_path):
    envi_image(tmp_path)
    data = tmp_path / "cube.img"
    data.write_bytes(data.read_bytes()[:100])
    with pytest.raises(FileFormatError, match="must have data of 168 bytes"):
        read_spectra(tmp_path / "cube.hdr")
    (tmp_path / "b").mkdir()
    envi_image(tmp_path / "b", wavelength=None)
    with pytest.raises(FileFormatError, match="wavelength for each band"):
        read_spectra(tmp_path / "b" / "cube.hdr")


def test_an_envi_library_names_its_spectra(tmp_path):
    envi = pytest.importorskip("spectral.io.envi")
    told = {"wavelength": list(AXIS), "wavelength units": "um"}
    library = envi.SpectralLibrary(X, told | {"spectra names": ["a", "b"]})
    library.save(str(tmp_path / "library"))
    found = read_spectra(tmp_path / "library.hdr")
    assert_allclose(found.X, X)
    assert found.sample_id.tolist() == ["a", "b"]


@pytest.mark.parametrize("kind", ["image", "library"])
def test_what_an_envi_header_says_of_its_numbers_is_applied(tmp_path, kind):
    envi = pytest.importorskip("spectral.io.envi")
    told = {
        "data ignore value": 5,
        "data gain values": [2, 2, 2, 2, 2, 2, 3],
        "data offset values": [0, 0, 0, 0, 0, 0, 1],
        "bbl": [1, 0, 1, 1, 1, 1, 1],
    }
    cube = envi_image(tmp_path, **told)
    table = cube.reshape(6, 7)
    if kind == "library":
        told |= {"wavelength": list(AXIS), "wavelength units": "nm"}
        told["spectra names"] = list("abcdef")
        envi.SpectralLibrary(table, told).save(str(tmp_path / "cube"))
        header = tmp_path / "cube.hdr"  # the library writes NaN there
        header.write_text(header.read_text().replace("value = NaN", "value = 5"))
    found = read_spectra(tmp_path / "cube.hdr")
    expected = table * told["data gain values"] + told["data offset values"]
    expected[table == 5] = np.nan
    kept = np.array(told["bbl"], bool)
    assert_allclose(found.X, expected[:, kept])
    assert_allclose(found.wavelengths, np.asarray(AXIS)[kept])
    for said in ("1 bad band left out", "gains and offsets", "ignore value 5"):
        assert any(said in note for note in found.notes)


@pytest.mark.parametrize(
    "told", [{"bbl": [1, 0]}, {"data gain values": ["a"] * 7}, {"bbl": [0] * 7}]
)
def test_an_envi_header_that_does_not_fit_its_bands_is_refused(tmp_path, told):
    envi_image(tmp_path, **told)
    with pytest.raises(FileFormatError, match=next(iter(told))):
        read_spectra(tmp_path / "cube.hdr")


@pytest.mark.parametrize(
    ("module", "name", "content"),
    [
        ("jcamp", "a.jdx", jcamp_text().encode()),
        ("spc_io", "a.spc", spc_bytes()),
        ("spectral", "a.hdr", b"ENVI\nsamples = 1\n"),
    ],
)
def test_without_its_library_a_format_says_what_to_install(
    tmp_path, monkeypatch, module, name, content
):
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ImportError, match=r"\.\[instruments\]"):
        read_spectra(tmp_path / name)


def test_text_is_not_taken_for_a_binary_format(tmp_path):
    (tmp_path / "a.csv").write_bytes(
        "sample_id,400 nm,401 nm\na,1,2\nb,3,4\n".encode("utf-16")
    )
    assert read_spectra(tmp_path / "a.csv").X.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    (tmp_path / "b.csv").write_text("sample_id,400 nm,401 nm\nK,1,2\n")
    assert read_spectra(tmp_path / "b.csv").X.tolist() == [[1.0, 2.0]]


def contents(folder):
    """Write one file of each kind."""
    (folder / "jcamp").write_text(jcamp_text())
    (folder / "spc").write_bytes(spc_bytes())
    envi_image(folder)
    return {
        "jcamp": (folder / "jcamp").read_bytes(),
        "spc": (folder / "spc").read_bytes(),
        "envi": (folder / "cube.hdr").read_bytes(),
    }


@pytest.mark.parametrize("name", ["jcamp", "spc", "envi"])
def test_mutants_give_spectra_or_our_errors(tmp_path, name):
    for module in ("jcamp", "spc_io", "spectral"):
        pytest.importorskip(module)
    content, rng = contents(tmp_path)[name], random.Random(name)
    path = tmp_path / ("cube.hdr" if name == "envi" else "mutant")
    for _ in range(60):
        data = bytearray(content)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data))
            data[at : at + rng.choice([0, 1, 8])] = rng.choice(
                [b"", b"\xff\xff\xff", b"1e999", b"-", b"\n", b"nan", rng.randbytes(4)]
            )
        path.write_bytes(data)
        with (
            contextlib.suppress(FileFormatError, WavelengthError),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            read_spectra(path)
