"""What is kept of a fit."""

import json
import os
import stat

import numpy as np
import pytest
from learners import Descent

from spectransfer.search import HalvingSearch
from spectransfer.search._records import Record, Records

# the files


def test_records_are_readable_and_read_back(tmp_path):
    records, record = Records(tmp_path), Record(np.nan, 1.5, 0.25, "diverged")
    records.write("a", record, {"layers": (3, 4)})
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["parameters"] == {"layers": "(3, 4)"}
    back = records.read("a")
    assert np.isnan(back.score)
    assert (back.fit_time, back.score_time, back.error) == (1.5, 0.25, "diverged")


@pytest.mark.parametrize("content", ["", "{", '{"format": 99}', "[]", '{"format": 1}'])
def test_a_damaged_record_counts_as_none(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    assert Records(tmp_path).read("a") is None
    assert Records(tmp_path).read("b") is None


class CannotBeSaved:
    """Ends its own pickling half way."""

    def __reduce__(self):
        raise OSError("disk full")


def test_a_model_that_cannot_be_kept_leaves_the_older_one(tmp_path):
    records = Records(tmp_path)
    records.keep_model("a", "old")
    with pytest.raises(OSError, match="disk full"):
        records.keep_model("a", [np.ones(1000), CannotBeSaved()])
    assert records.model("a") == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.joblib"]


def test_a_worker_that_does_not_see_the_folder_keeps_nothing(tmp_path):
    Records(tmp_path / "elsewhere").write("a", Record(1.0, 0.0, 0.0), {})
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_files_of_a_folder_can_be_read_by_whom_the_user_lets(maps, tmp_path, umask):
    search = HalvingSearch(
        Descent(),
        {"rate": [0.1, 0.2]},
        resource="max_epochs",
        max_resources=1,
        n_candidates=2,
        folder=tmp_path,
        random_state=0,
    )
    kept = os.umask(umask)
    try:
        search.fit(**maps)
    finally:
        os.umask(kept)
    files = [*tmp_path.glob("*.json"), *tmp_path.glob("*.joblib")]
    assert len(files) == 2 + 1
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o666 & ~umask}
