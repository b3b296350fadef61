"""A small pair and quick networks for the transfers."""

import pytest

from spectransfer import SpectralMLP, SpectralVAE, Training
from spectransfer.datasets import make_instrument_pair


@pytest.fixture(scope="session")
def pair():
    return make_instrument_pair(
        n_spectra=300, n_secondary=60, n_primary=70, random_state=0
    )


@pytest.fixture(scope="module")
def known(pair):
    return pair[:15]


@pytest.fixture(scope="module")
def unpaired(pair):
    return {
        "X_unpaired": pair.X_secondary[15:150],
        "y_unpaired": pair.X_primary[150:250],
    }


@pytest.fixture
def quick_vae():
    return SpectralVAE(
        (32,), n_latent=6, training=Training(n_steps=400), random_state=0
    )


@pytest.fixture
def quick_mlp():
    return SpectralMLP((32,), training=Training(n_steps=400), random_state=0)
