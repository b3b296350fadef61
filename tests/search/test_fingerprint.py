"""What a fit is known by."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.pipeline import make_pipeline

from spectransfer import KNNTransfer, SpectralMLP, StandardScaler, Training, rse_scorer
from spectransfer.search._fingerprint import READ_WHOLE, fingerprint

CODE = """
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.pipeline import make_pipeline
from spectransfer import StandardScaler, rse_scorer
from spectransfer.search._fingerprint import fingerprint
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
