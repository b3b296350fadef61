"""Small transfers of every kind, a pair for them, and spectra spoilt."""

import pytest
from sklearn.linear_model import Ridge

from spectransfer import (
    DirectMLPTransfer,
    KNNTransfer,
    MeanTransfer,
    PrimarySpaceRegressor,
    SpectralMLP,
    SpectralVAE,
    StandardScaler,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair

PAIR = make_instrument_pair(
    n_spectra=40, n_secondary=110, n_primary=120, random_state=0
)
X, Y = PAIR.X_secondary, PAIR.X_primary
# two epochs
QUICK = {"training__n_steps": 6, "random_state": 0}


def small_vae(**changes):
    return SpectralVAE((8,), n_latent=2).set_params(**(QUICK | changes))


def small_mlp(**changes):
    return SpectralMLP((8,)).set_params(**(QUICK | changes))


def small_latent(**changes):
    return VAELatentTransfer(small_vae(**changes), small_mlp(**changes))


def small_direct(**changes):
    direct = DirectMLPTransfer((8,), n_latent=2, decoder_layer_sizes=(8,))
    return direct.set_params(**(QUICK | changes))


TRANSFERS = {
    "SpectralMLP": small_mlp,
    "DirectMLPTransfer": small_direct,
    "VAELatentTransfer": small_latent,
    "KNNTransfer": lambda: KNNTransfer(1),
    "MeanTransfer": MeanTransfer,
    "PrimarySpaceRegressor": lambda: PrimarySpaceRegressor(
        small_latent(), transformer=StandardScaler()
    ),
    "pipeline": lambda: make_transfer_pipeline(small_latent()),
    "pipeline, Ridge": lambda: make_transfer_pipeline(Ridge()),
}
NETWORKS = {
    "SpectralMLP": small_mlp,
    "DirectMLPTransfer": small_direct,
    "VAELatentTransfer": small_latent,
    "pipeline": lambda **changes: make_transfer_pipeline(small_latent(**changes)),
}

every_transfer = pytest.mark.parametrize("name", TRANSFERS)
every_network = pytest.mark.parametrize("name", NETWORKS)


def spoilt(spectra, value, row=3, channel=7):
    spectra = spectra.copy()
    spectra[row, channel] = value
    return spectra
