"""A place for a file, and a small transfer in one."""

import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from spectransfer.datasets import make_instrument_pair
from spectransfer.library import save_transfer
from spectransfer.preprocessing import (
    StandardScaler,
)

PAIR = make_instrument_pair(n_spectra=40, random_state=0)
X, Y = PAIR.X_secondary, PAIR.X_primary


@pytest.fixture(scope="session")
def card():
    """What a library says of itself."""
    return {
        "title": "Rocks",
        "instrument": {"maker": "One", "model": "Two", "laser": "266 nm"},
        "measured": "2026-11-27",
        "medium": "air",
        "standards": {"description": "made up", "source": "nobody"},
        "licence": {"data": "CC0-1.0", "code": "BSD-3-Clause"},
        "citation": "none",
        "contact": "nobody@example.org",
    }


@pytest.fixture
def path(tmp_path):
    return tmp_path / "transfer.safetensors"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small transfer, and the bytes of its file."""
    path = tmp_path_factory.mktemp("small") / "small.safetensors"
    fitted = make_pipeline(StandardScaler(), PCA(2), Ridge()).fit(X[:, :6], Y[:, :3])
    save_transfer(fitted, path)
    return fitted, path.read_bytes()
