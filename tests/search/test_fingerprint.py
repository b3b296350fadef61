"""What a fit is known by."""

import importlib
import pickle
import shutil
import subprocess
import sys
import threading
from functools import partial

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from spectransfer import KNNTransfer, SpectralMLP, StandardScaler, Training, rse_scorer
from spectransfer.search._fingerprint import (
    READ_WHOLE,
    NoFingerprint,
    fingerprint,
)

CODE = """
import cloudpickle
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


@pytest.mark.slow
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


# code

_SHIFT = 1.0


def shifted(spectra):
    return spectra + _SHIFT


def calls_shifted(spectra):
    return shifted(spectra)


def recursive(depth):
    return recursive(depth - 1) if depth else None


def closing(over):
    return lambda spectra: spectra * over


def uses(module):
    return lambda spectra: module.change(spectra)


def defaulting(value):
    return lambda spectra, factor=value: spectra * factor


class Named:
    factor = 1

    def __call__(self, spectra):
        return spectra * self.factor


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda z: z, lambda z: z * 0),
        (lambda z: z * 1, lambda z: z * 2),
        (closing(1), closing(2)),
        (closing(np.ones(3)), closing(np.zeros(3))),
        (closing(lambda z: z), closing(lambda z: z + 1)),
        (defaulting(1), defaulting(2)),
        (partial(shifted, 1), partial(shifted, 2)),
        (partial(closing(1), 1), partial(closing(2), 1)),
        (make_scorer(lambda a, b: 0.0), make_scorer(lambda a, b: 1.0)),
        (FunctionTransformer(lambda z: z), FunctionTransformer(lambda z: z * 0)),
        (
            FrozenEstimator(KNeighborsRegressor(1).fit([[0.0]], [[1.0]])),
            FrozenEstimator(KNeighborsRegressor(1).fit([[0.0]], [[2.0]])),
        ),
        ({1: 2}, {"1": 2}),
        ({1, 2}, {1, 3}),
        (b"a", b"b"),
    ],
)
def test_what_does_something_else_is_told_apart(one, other):
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) == fingerprint(one)


@pytest.mark.parametrize("function", [shifted, calls_shifted])
def test_globals_count_as_far_down_as_they_are_used(monkeypatch, function):
    before = fingerprint(function)
    monkeypatch.setitem(globals(), "_SHIFT", 2.0)
    assert fingerprint(function) != before


def test_an_edited_function_of_a_module_counts(monkeypatch, tmp_path):
    prints = []
    monkeypatch.syspath_prepend(tmp_path)
    for text in ("z", "z * 0"):
        (tmp_path / "edited.py").write_text(f"def change(z):\n    return {text}\n")
        importlib.invalidate_caches()
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        sys.modules.pop("edited", None)
        module = importlib.import_module("edited")
        prints += [[fingerprint(module.change), fingerprint(uses(module))]]
    sys.modules.pop("edited")
    assert prints[0][0] != prints[1][0]
    assert prints[0][1] != prints[1][1]


def test_the_body_of_a_class_counts(monkeypatch):
    before = fingerprint(Named()), fingerprint(Named)
    monkeypatch.setattr(Named, "factor", 2)
    after = fingerprint(Named()), fingerprint(Named)
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_what_holds_itself_has_a_fingerprint():
    ring = [1]
    ring.append(ring)
    assert fingerprint(ring) == fingerprint(ring)
    assert fingerprint(recursive) == fingerprint(recursive)


def test_a_class_that_was_pickled_is_the_same_class():
    before = fingerprint(Named())
    pickle.dumps(Named(), 2)
    assert fingerprint(Named()) == before
    assert fingerprint(pickle.loads(cloudpickle.dumps(Named()))) == before


def hides(spectra):
    return eval("spectra")


def nested():
    deep = []
    for _ in range(10**5):
        deep = [deep]
    return deep


@pytest.mark.parametrize(
    "value",
    [(i for i in ()), threading.Lock(), np.frompyfunc(abs, 1, 1), hides, nested()],
    ids=["generator", "lock", "ufunc", "eval", "nested"],
)
def test_what_hides_what_it_does_has_no_fingerprint(value):
    with pytest.raises(NoFingerprint):
        fingerprint([value])
