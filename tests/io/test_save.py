"""What is saved is read back: axis, unit, ids and numbers."""

import numpy as np
import pytest

from spectransfer.io import read_spectra, save_spectra
from spectransfer.spectra import Spectra

ENDINGS = ["csv", "csv.gz", "npz", "h5"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("unit", ["nm", "cm-1", None])
@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_axis_ids_and_numbers_come_back_to_the_last_bit(
    tmp_path, ending, unit, falling, dtype
):
    if ending == "h5":
        pytest.importorskip("h5py")
    rng = np.random.default_rng(0)
    axis = np.sort(rng.uniform(200, 900, 7))
    ids = ["007", "1e3", "Ø steel", "a,b"]
    saved = Spectra(
        rng.normal(size=(4, 7)).astype(dtype),
        axis[::-1] if falling else axis,
        unit=unit,
        sample_id=ids,
    )
    path = tmp_path / f"spectra.{ending}"
    save_spectra(saved, path)
    read = read_spectra(path)
    np.testing.assert_array_equal(read.X.astype(dtype), saved.X)
    np.testing.assert_array_equal(read.wavelengths, saved.wavelengths)
    assert (read.unit, read.descending) == (unit, falling)
    assert read.sample_id.tolist() == ids


@pytest.mark.parametrize("ending", ENDINGS)
def test_numbers_as_ids_and_none_come_back(tmp_path, ending):
    if ending == "h5":
        pytest.importorskip("h5py")
    spectra = Spectra(np.eye(3), [1.0, 2.0, 3.0], unit="nm", sample_id=[3, 1, 12])
    save_spectra(spectra, tmp_path / f"a.{ending}")
    assert read_spectra(tmp_path / f"a.{ending}").sample_id.tolist() == [3, 1, 12]
    save_spectra(
        Spectra(np.eye(3), [1.0, 2.0, 3.0], unit="nm"), tmp_path / f"b.{ending}"
    )
    assert read_spectra(tmp_path / f"b.{ending}").sample_id is None


def test_another_ending_is_refused_and_a_failed_writing_leaves_the_older_file(tmp_path):
    spectra = Spectra(np.eye(2), [1.0, 2.0])
    with pytest.raises(ValueError, match=r"\.csv, .*but the file is 'a.spc'"):
        save_spectra(spectra, tmp_path / "a.spc")
    path = tmp_path / "a.csv"
    path.write_text("older")
    broken = Spectra(np.eye(2), [1.0, 2.0])
    object.__setattr__(broken, "sample_id", ["only one"])
    with pytest.raises(ValueError, match="there are 2 spectra"):
        save_spectra(broken, path)
    assert path.read_text() == "older"
