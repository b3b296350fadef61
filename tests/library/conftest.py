"""A place for a file, a small transfer in one, and a small library."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from spectransfer import SpectralVAE, Training
from spectransfer.datasets import make_instrument_pair
from spectransfer.library import open_library, publish_library, save_transfer
from spectransfer.preprocessing import BaselineCorrector, StandardScaler
from spectransfer.spectra import Axis

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


@pytest.fixture(scope="session")
def rocks():
    """300 pairs; the first 200 are published, the others held out."""
    return make_instrument_pair(n_spectra=300, random_state=0)


@pytest.fixture(scope="session")
def vae(rocks):
    """An autoencoder of primary spectra behind their preparation."""
    last = SpectralVAE(
        (32,), n_latent=6, training=Training(n_steps=150), random_state=0
    )
    steps = make_pipeline(BaselineCorrector(), StandardScaler(power=0), last)
    return steps.fit(rocks.X_primary[:200])


@pytest.fixture(scope="session")
def published(rocks, card):
    """Publish an autoencoder of rocks and open the library."""

    def publish(path, known, **how):
        given = {
            "spectra": rocks.X_primary[:200],
            "sample_id": np.array([f"spot {i}" for i in range(200)]),
            "wavelengths": Axis(rocks.wavelengths_primary, "nm"),
            "held_out": rocks.X_primary[200:],
            "card": card,
        }
        publish_library(known, path, **given | how)
        return open_library(path)

    return publish


@pytest.fixture(scope="session")
def library(vae, published, tmp_path_factory):
    """The library of rocks."""
    path = tmp_path_factory.mktemp("library") / "library.safetensors"
    return published(path, vae)
