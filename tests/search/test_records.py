"""What a fit is known by, and what is kept of it."""

import json
import os
import stat
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from learners import Descent
from scipy.sparse import csr_array
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.pipeline import make_pipeline

from spectransfer import KNNTransfer, SpectralMLP, StandardScaler, Training, rse_scorer
from spectransfer.search import HalvingSearch
from spectransfer.search._records import (
    READ_WHOLE,
    Record,
    Records,
    fingerprint,
)

CODE = """
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.pipeline import make_pipeline
from spectransfer import StandardScaler, rse_scorer
from spectransfer.search._records import fingerprint
print(fingerprint(
    make_pipeline(StandardScaler(), Ridge()), np.arange(9.0), rse_scorer,
    make_scorer(r2_score), {"a": Ridge(), "b": (1, None, "c")}, np.float32(0.1),
))
"""


def test_another_process_gives_the_same():
    there = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True
    )
    here = fingerprint(
        make_pipeline(StandardScaler(), Ridge()),
        np.arange(9.0),
        rse_scorer,
        make_scorer(r2_score),
        {"a": Ridge(), "b": (1, None, "c")},
        np.float32(0.1),
    )
    assert there.stdout.strip() == here


def frozen(seed):
    return FrozenEstimator(PCA(2).fit(np.random.default_rng(seed).random((9, 4))))


def frozen_net(seed):
    spectra = np.random.default_rng(0).random((20, 4))
    mlp = SpectralMLP((2,), training=Training(n_steps=1), random_state=seed)
    mlp.fit(spectra, spectra)
    return FrozenEstimator(mlp.set_params(random_state=0))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Ridge(1.0), Ridge(2.0)),
        (frozen(0), frozen(1)),
        (frozen_net(0), frozen_net(1)),
        (np.arange(4.0), np.arange(4.0, dtype=np.float32)),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.array(["a", None], object), np.array(["b", None], object)),
        (np.random.RandomState(0), np.random.RandomState(1)),
        (pd.DataFrame({"1.0": [1, 2]}), pd.DataFrame({"2.0": [1, 2]})),
        (pd.Series([1, 2]), pd.Series([2, 1])),
        (csr_array([[0, 1]]), csr_array([[1, 0]])),
        (csr_array([[0, 1]]).todok(), csr_array([[0, 2]]).todok()),
        ([1, 2], [2, 1]),
        (rse_scorer, make_scorer(r2_score)),
    ],
)
def test_what_changes_a_result_changes_the_fingerprint(one, other):
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize("make", [lambda: frozen(0), lambda: frozen_net(0)])
def test_two_equal_trainings_are_one(make):
    assert fingerprint(make()) == fingerprint(make())


def test_what_changes_no_result_does_not():
    assert fingerprint(KNNTransfer(n_jobs=1)) == fingerprint(KNNTransfer(n_jobs=2))
    assert fingerprint(SpectralMLP(verbose=1)) == fingerprint(SpectralMLP(verbose=0))


def test_large_files_are_told_apart_by_a_part_of_their_rows(tmp_path):
    rows = READ_WHOLE // 8000 + 500
    file = np.memmap(tmp_path / "a", np.float64, "w+", shape=(rows, 1000))
    file[:] = np.arange(rows)[:, np.newaxis]
    before = fingerprint(file)
    assert fingerprint(np.array(file)) == before
    file[-1, -1] += 1
    assert fingerprint(file) != before


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
