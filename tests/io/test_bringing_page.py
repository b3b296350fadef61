"""The transcripts of the page are what the readers say, and its programs run."""

import doctest
import re
from pathlib import Path

import pytest
from numpy.testing import assert_array_equal

from spectransfer.datasets import make_instrument_pair
from spectransfer.io import read_spectra

PAGE = Path(__file__).resolve().parents[2] / "docs" / "bringing_your_spectra.md"


def blocks(kind):
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"```{kind}\n(.*?)```", text, flags=re.S)


def test_every_file_is_read_as_the_page_shows(shared_file, monkeypatch):
    folder = shared_file("data/instrument_files/renishaw_map.txt").parent
    monkeypatch.chdir(folder)
    transcript = "\n".join(blocks("pycon"))
    for path in folder.iterdir():
        assert f'"{path.name}"' in transcript
    test = doctest.DocTestParser().get_doctest(transcript, {}, PAGE.name, None, 0)
    result = doctest.DocTestRunner(verbose=False).run(test)
    assert result.attempted > len(list(folder.iterdir()))
    assert result.failed == 0


@pytest.fixture
def laboratory(tmp_path):
    """Write one set of spectra as spreadsheets, as folders and as HDF5."""
    pd, h5py = pytest.importorskip("pandas"), pytest.importorskip("h5py")
    pytest.importorskip("openpyxl")
    pair = make_instrument_pair(30, random_state=0)
    frames = dict(zip(("handheld", "bench"), pair.as_frames(), strict=True))
    with h5py.File(tmp_path / "lab.h5", "w") as file:
        for side, frame in frames.items():
            frame.index = pd.Index([f"s{i:02d}" for i in range(30)], name="Probe")
            frame.to_excel(tmp_path / f"{side}.xlsx")
            (tmp_path / side).mkdir()
            axis = [float(name.split()[0]) for name in frame.columns]
            for name, row in frame.iterrows():
                lines = [f"{w}\t{v}\n" for w, v in zip(axis, row, strict=True)]
                text = "Wavelength (nm)\tCounts\n" + "".join(lines)
                (tmp_path / side / f"{name}.txt").write_text(text)
            file[f"{side}/spectra"], file[f"{side}/nm"] = frame.to_numpy(), axis
    return tmp_path


def test_each_program_of_the_page_ends_in_a_fitted_transfer(laboratory, monkeypatch):
    monkeypatch.chdir(laboratory)
    known = {}
    for program in blocks("python"):
        assert len(program.strip().splitlines()) < 10
        if "load_pair" in program:
            known.pop("transfer", None)
        exec(program, known)
        predicted = known["transfer"].predict(known["pair"].X_secondary)
        assert predicted.shape == (30, 300)
    back = read_spectra("transferred.csv")
    assert back.unit == "nm"
    assert_array_equal(back.X, known["primary"].X)
