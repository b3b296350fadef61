"""Networks look for NaN and inf where outputs are not finite: do they find all?"""

import numpy as np
import pytest

from spectransfer import (
    DirectMLPTransfer,
    SpectralMLP,
    SpectralVAE,
    Training,
    VAELatentTransfer,
)
from spectransfer.networks import PublishedTraining

QUICK = {"training": Training(n_steps=1), "random_state": 0}
NETWORKS = {
    "mapper": SpectralMLP((8,), **QUICK),
    "direct": DirectMLPTransfer((8,), **QUICK),
    "VAE": SpectralVAE((8,), n_latent=4, **QUICK),
    "plain VAE": SpectralVAE(
        (8,), n_latent=4, shortcut=None, training=PublishedTraining(max_epochs=1)
    ),
    "latent": VAELatentTransfer(
        SpectralVAE((8,), n_latent=4, **QUICK), SpectralMLP((8,), **QUICK)
    ),
}


@pytest.fixture(scope="module", params=NETWORKS)
def network(request, pair):
    return NETWORKS[request.param].fit(pair.X_primary, pair.X_primary)


def use(network, spectra):
    return getattr(network, "predict", getattr(network, "transform", None))(spectra)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (299, 69), (260, 7)])
def test_what_is_not_finite_is_found_wherever_it_stands(
    network, pair, value, place, precision
):
    if "training__precision" in network.get_params():
        network.set_params(training__precision=precision)
    spectra = pair.X_primary.copy()
    spectra[place] = value
    kind = "NaN" if np.isnan(value) else "inf"
    with pytest.raises(ValueError, match=rf"{kind}.*spectrum {place[0]}, channel "):
        use(network, spectra)


def test_finite_spectra_that_overflow_are_not_called_infinite(network, pair):
    spectra = np.full_like(pair.X_primary, np.finfo(np.float32).max)
    assert use(network, spectra).shape[0] == len(spectra)
