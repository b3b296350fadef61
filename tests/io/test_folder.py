"""Folders of files: names of samples stay apart, and the odd file is named."""

import pytest

from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.io import read_spectra


@pytest.fixture
def folder(tmp_path):
    def write(*names, axes=(400,)):
        for i, name in enumerate(names):
            first = axes[min(i, len(axes) - 1)]
            text = f"wavelength (nm),counts\n{first},{i}\n{first + 1},2\n"
            (tmp_path / name).write_text(text)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("files", "ids"),
    [
        (["a.csv", "b.CSV"], ["a", "b"]),
        (["a.csv", "b.txt"], ["a", "b"]),
        (["plate.001", "plate.002"], ["plate.001", "plate.002"]),
        (["t_1.25", "t_1.5"], ["t_1.25", "t_1.5"]),
        (["t_1.25.txt", "t_1.5.txt"], ["t_1.25", "t_1.5"]),
        (["sample.A", "sample.B"], ["sample.A", "sample.B"]),
        (["a.csv", "a.txt", "b.txt"], ["a.csv", "a.txt", "b"]),
        (["7.csv", "8.csv"], ["7", "8"]),
    ],
)
def test_names_of_files_lose_only_what_tells_the_format(folder, files, ids):
    found = read_spectra(folder(*files))
    assert found.sample_id.tolist() == ids


def test_of_packed_files_both_endings_go(folder, tmp_path):
    import gzip

    text = (folder("b.txt") / "b.txt").read_bytes()
    (tmp_path / "a.1.csv.gz").write_bytes(gzip.compress(text))
    assert read_spectra(tmp_path).sample_id.tolist() == ["a.1", "b"]


@pytest.mark.parametrize(
    ("axes", "told"),
    [
        ((400, 500), r"b\.csv has 2 channels from 500 .*a\.csv has 2 channels"),
        ((400, 400, 500), r"c\.csv has 2 .*a\.csv has .*as do 2 of 3 files"),
    ],
)
def test_the_odd_file_is_named_with_a_way_out_that_can_be_gone(folder, axes, told):
    names = ["a.csv", "b.csv", "c.csv"][: len(axes)]
    with pytest.raises(WavelengthError, match=told) as error:
        read_spectra(folder(*names, axes=axes))
    assert "read them one by one" in str(error.value)
    assert "1 of 2" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "a.jdx",
            "##TITLE=a\n##JCAMP-DX=4.24\n##DATA TYPE=INFRARED SPECTRUM\n"
            "##XUNITS=1/CM\n##YUNITS=ABSORBANCE\n##FIRSTX=1\n##LASTX=3\n##DELTAX=1\n"
            "##XFACTOR=1\n##YFACTOR=1\n##NPOINTS=3\n##XYDATA=(X++(Y..Y))\n1 5 6 7\n"
            "##END=\n",
        ),
        (
            "a.txt",
            "#Laser=\t785\n#AxisType[0]=\tIntens\n#AxisUnit[0]=\tCnt\n"
            "#AxisType[1]=\tSpectr\n#AxisUnit[1]=\t1/cm\n300\t5\n301\t6\n302\t5\n"
            "303\t7\n304\t5\n",
        ),
        ("b.txt", "File Version;BWRam4\nPixel;Raman Shift;Raw data #1\n0;1;2\n1;2;3\n"),
    ],
)
def test_names_that_a_format_cannot_use_are_refused(tmp_path, name, text):
    if name.endswith("jdx"):
        pytest.importorskip("jcamp")
    (tmp_path / name).write_text(text)
    assert len(read_spectra(tmp_path / name)) == 1
    with pytest.raises(FileFormatError, match=r"sample_id.*Leave"):
        read_spectra(tmp_path / name, names={"sample_id": "Probe"})
