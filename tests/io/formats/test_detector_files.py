"""OPUS and SIF: files that the tests write, by what real ones were found to hold.

The real ones are not ours to give away. Those that these writers were made after, and
which are read in the same way, are the examples of brukeropus, opusreader2 and
sif_parser; `raman1.sif` of the last agrees with Andor's own export of it.
"""

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

AXIS = np.linspace(4000.0, 3400.0, 7)
Y = (np.arange(7.0) ** 2 / 4).astype("<f4")


def parameters(**values):
    """Write a block of parameters: name, type, size in words, value."""
    block = b""
    for name, value in values.items():
        if isinstance(value, int):
            kind, packed = 0, struct.pack("<i", value)
        elif isinstance(value, float):
            kind, packed = 1, struct.pack("<d", value)
        else:
            text = value.encode("latin-1") + b"\0"
            kind, packed = 2, text + b"\0" * (len(text) % 2)
        block += name.encode() + b"\0" + struct.pack("<2h", kind, len(packed) // 2)
        block += packed
    return block + b"END\0\0\0\0\0"


def opus_bytes(blocks=((0x100F, Y), (0x407, 2 * Y)), *, n=7, unit="WN"):
    """Write a header, a directory, and for each block its data and what they are."""
    parts = [(0xA0, parameters(SNM="quartz", SFM="powder"))]
    for kind, values in blocks:
        told = parameters(
            DPF=1, NPT=n, FXV=float(AXIS[0]), LXV=float(AXIS[-1]), CSF=1.0, DXU=unit
        )
        parts += [(kind, values.tobytes()), (kind | 0x10, told)]
    at, directory, data = 24 + 12 * 40, b"", b""
    for kind, content in parts:
        content += b"\0" * (-len(content) % 4)
        directory += struct.pack("<3i", kind, len(content) // 4, at + len(data))
        data += content
    head = b"\n\n\xfe\xfe" + struct.pack("<d3i", 920622.0, 24, 40, len(parts))
    return head + directory.ljust(12 * 40, b"\0") + data


def sif_bytes(frames=Y[None, None], *, coefficients="400 0.5 0 0", axis="Wavelength"):
    """Write a file of version 65567, as of an iDus or Newton camera."""
    n_frames, n_rows, n = frames.shape
    lines = [
        "Andor Technology Multi-Channel File",
        "65538 1",
        "65567 0 0 1 1504875832 -50 " + " " * 9 + " 0 0.1 0.117 0.117 500 \0 58.6 "
        "3.3e-08 0 1 20 0 0 0 " + "0 " * 16 + "4.33e-06 0 1",
        "DU888_BV",
        f" {n} {n_rows} 5",
        "a.sif ",
        "65538 4",
        "text",
        "65538 " + "\1" * 8 + "0.027 0",
        *["65540 0"] * 8,
        "0 SR193i",
        "0 10",
        *("0", "0", "0", "0", "0", "0", "0", "0"),
        *["0 0"] * 8,
        "65540 \2 \0 \1 \0",
        coefficients,
        "0 1 0 0",
        "0 1 0 0",
        *("422", "13", "13", "1"),
    ]
    names = "".join(f"{len(t)}\n{t}" for t in (axis, "Counts", "Pixel number"))
    areas = [
        f"65541 1 {n} {n} 1 {n_frames} 1 {n * n_rows * n_frames} {n * n_rows}",
        f"65538 1 {n_rows} {n} 1 1 1 0",
        *["         0"] * n_frames,
        "0",
    ]
    text = "\n".join([*lines, names]) + "\n".join([*areas, ""])
    return text.encode("latin-1") + np.asarray(frames, "<f4").tobytes()


def test_opus_gives_the_result_of_a_measurement_with_its_units(tmp_path):
    pytest.importorskip("brukeropus")
    (tmp_path / "a.0").write_bytes(opus_bytes())
    found = read_spectra(tmp_path / "a.0")
    assert_allclose(found.X, Y[None, ::-1])
    assert_allclose(found.wavelengths, AXIS[::-1])
    assert (found.unit, found.intensity, found.descending) == (
        "cm-1",
        "absorbance",
        True,
    )
    assert found.meta["SNM"] == "quartz"
    assert found.notes[:2] == ("OPUS", "spectra from 'a'; there are 'sm', too")


def test_another_block_of_opus_is_had_by_name(tmp_path):
    pytest.importorskip("brukeropus")
    (tmp_path / "a.0").write_bytes(opus_bytes())
    found = read_spectra(tmp_path / "a.0", names={"X": "sm"})
    assert_allclose(found.X, 2 * Y[None, ::-1])
    assert found.intensity is None
    with pytest.raises(FileFormatError, match="must hold 'rf', but it holds sm, a"):
        read_spectra(tmp_path / "a.0", names={"X": "rf"})


def test_an_opus_file_without_spectra_or_with_fewer_points_is_refused(tmp_path):
    pytest.importorskip("brukeropus")
    (tmp_path / "a.0").write_bytes(opus_bytes(()))
    with pytest.raises(FileFormatError, match="must hold spectra"):
        read_spectra(tmp_path / "a.0")
    (tmp_path / "a.0").write_bytes(opus_bytes(n=9))
    with pytest.raises(FileFormatError, match=r"a\.0"):
        read_spectra(tmp_path / "a.0")


def test_files_of_opus_are_stacked_by_their_names(tmp_path):
    pytest.importorskip("brukeropus")
    for name in ("a.0", "b.0"):
        (tmp_path / name).write_bytes(opus_bytes())
    found = read_spectra(tmp_path / "*.0")
    assert found.sample_id.tolist() == ["a", "b"]


def test_sif_gives_counts_over_calibrated_wavelengths(tmp_path):
    pytest.importorskip("sif_parser")
    (tmp_path / "a.sif").write_bytes(sif_bytes())
    found = read_spectra(tmp_path / "a.sif")
    assert_allclose(found.X, Y[None])
    assert_allclose(found.wavelengths, 400 + 0.5 * np.arange(1, 8))
    assert (found.unit, found.intensity) == ("nm", "counts")
    assert found.meta["DetectorType"] == "DU888_BV"


def test_frames_and_rows_of_sif_are_told_apart(tmp_path):
    pytest.importorskip("sif_parser")
    frames = np.arange(42.0).reshape(3, 2, 7)
    (tmp_path / "a.sif").write_bytes(sif_bytes(frames))
    found = read_spectra(tmp_path / "a.sif")
    assert_allclose(found.X, frames.reshape(6, 7))
    assert found.annotations["frame"].tolist() == [0, 0, 1, 1, 2, 2]
    assert found.annotations["row"].tolist() == [0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("options", "unit"),
    [
        ({"coefficients": "0 1 0 0", "axis": "Pixel number"}, "pixel"),
        ({"axis": "Raman shift / cm-1"}, "cm-1"),
        ({"axis": "something"}, None),
    ],
)
def test_a_sif_axis_has_the_unit_that_it_says(tmp_path, options, unit):
    pytest.importorskip("sif_parser")
    (tmp_path / "a.sif").write_bytes(sif_bytes(**options))
    assert read_spectra(tmp_path / "a.sif").unit == unit


CONTENTS = {"brukeropus": opus_bytes(), "sif_parser": sif_bytes()}


@pytest.mark.parametrize("library", CONTENTS)
@pytest.mark.parametrize("kept", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_files_cut_short_are_refused(tmp_path, library, kept):
    pytest.importorskip(library)
    content = CONTENTS[library]
    (tmp_path / "a").write_bytes(content[: int(kept * len(content))])
    with pytest.raises(FileFormatError):
        read_spectra(tmp_path / "a")


@pytest.mark.parametrize("library", CONTENTS)
def test_without_its_library_a_format_says_what_to_install(
    tmp_path, monkeypatch, library
):
    monkeypatch.setitem(sys.modules, library, None)
    (tmp_path / "a").write_bytes(CONTENTS[library])
    with pytest.raises(ImportError, match=r"\.\[instruments\]"):
        read_spectra(tmp_path / "a")


def test_wdf_is_refused_by_name(tmp_path):
    (tmp_path / "a.wdf").write_bytes(b"WDF1" + bytes(600))
    with pytest.raises(FileFormatError, match="it is WDF of Renishaw"):
        read_spectra(tmp_path / "a.wdf")


@pytest.mark.parametrize("library", CONTENTS)
@pytest.mark.parametrize("seed", range(4))
def test_mutants_give_spectra_or_our_errors(tmp_path, library, seed):
    pytest.importorskip(library)
    content, rng = CONTENTS[library], random.Random(f"{library} {seed}")
    end = len(content) if library == "brukeropus" else content.rindex(b"         0")
    for _ in range(60):
        data = bytearray(content)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(4, end)
            data[at : at + rng.choice([0, 1, 4, 8])] = rng.choice(
                [b"", b"\xff\xff\xff\x7f", b"9", b" ", b"-1", b"\n", rng.randbytes(4)]
            )
        (tmp_path / "mutant").write_bytes(data)
        with (
            contextlib.suppress(FileFormatError, WavelengthError),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            read_spectra(tmp_path / "mutant")
