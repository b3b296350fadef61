"""Spectra, maps in files and a regressor that the tests of figures share."""

import tracemalloc

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge


def _lowered(y):
    return y - y.min(axis=1, keepdims=True)


class OffsetFreeRegressor(RegressorMixin, BaseEstimator):
    """Learns spectra without their offset, which cannot be put back."""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fit(self, X, y):
        self.ridge_ = Ridge(self.alpha).fit(X, _lowered(y))
        return self

    def predict(self, X):
        return self.ridge_.predict(X)

    def transform_target(self, y):
        return _lowered(y)


@pytest.fixture
def oracle(reference):
    return reference("metrics.npz")


@pytest.fixture
def cases(oracle):
    return [key.split("__")[1] for key in oracle if key.endswith("__y_true")]


@pytest.fixture(scope="session")
def offset_free():
    return OffsetFreeRegressor


@pytest.fixture(scope="session")
def lowered():
    return _lowered


@pytest.fixture(scope="session")
def shots():
    """Two instruments; the primary has an offset that differs from shot to shot."""
    rng = np.random.default_rng(0)
    parts = rng.gamma(2.0, size=(90, 3))
    X = parts @ rng.random((3, 8)) + rng.normal(0, 0.05, size=(90, 8))
    y = parts @ rng.random((3, 6)) + rng.normal(0, 0.05, size=(90, 6))
    return X, y + rng.normal(0, 50, size=(90, 1))


@pytest.fixture(scope="session")
def mapped_pair(tmp_path_factory):
    """Map measured and predicted spectra from files, 20 MB each."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("maps")
    shape = (20_000, 250)
    measured = rng.random(shape, dtype=np.float32)
    measured[::2, :120] += 1
    np.save(folder / "measured.npy", measured)
    np.save(folder / "predicted.npy", measured + rng.random(shape, dtype=np.float32))
    names = ("measured", "predicted")
    return [np.load(folder / f"{name}.npy", mmap_mode="r") for name in names]


@pytest.fixture(scope="session")
def peak_of():
    """Give the result of some work, and the bytes that it took at most."""

    def measure(work):
        tracemalloc.start()
        result = work()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return result, peak

    return measure
