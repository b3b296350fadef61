"""What laboratories must share, against the paper's own sizes."""

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA, KernelPCA
from sklearn.dummy import DummyRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from spectransfer import (
    BaselineCorrector,
    DirectMLPTransfer,
    KNNTransfer,
    MeanTransfer,
    PrimarySpaceRegressor,
    SpectralMLP,
    SpectralVAE,
    StandardScaler,
    Training,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.evaluation import SharedSize, shared_size
from spectransfer.networks import PublishedTraining

# section 2.2 of the paper
N_SHARED, N_PRIMARY = 313_600, 4062


@pytest.fixture(scope="module")
def spectra():
    rng = np.random.default_rng(0)
    return rng.random((24, 30), np.float32), rng.random((24, N_PRIMARY), np.float32)


def side():
    return make_pipeline(BaselineCorrector(20, smooth_window=10), StandardScaler())


def fitted(regressor, spectra):
    pipeline = make_transfer_pipeline(regressor, secondary=side(), primary=side())
    return pipeline.fit(*spectra)


@pytest.mark.slow
def test_the_latent_library_of_the_paper_is_fifty_times_smaller(spectra):
    latent = VAELatentTransfer(
        SpectralVAE.as_published(training__max_epochs=1),
        SpectralMLP.as_published(training__max_epochs=1),
        random_state=0,
    )
    size = shared_size(fitted(latent, spectra), N_SHARED, N_PRIMARY)
    # weights and biases of 64 - 512 - 1024 - 4062, mean and deviation of 4062 channels
    decoder = (64 * 512 + 512) + (512 * 1024 + 1024) + (1024 * 4062 + 4062)
    assert decoder == 4_722_142
    assert size.decoder == 4 * decoder
    assert size.latents == 4 * N_SHARED * 64
    assert size.statistics == 4 * 2 * 4062
    assert size.spectra == 0
    assert size.total == 80_281_600 + 18_888_568 + 32_496 == 99_202_664

    direct = DirectMLPTransfer.as_published(training__max_epochs=1, random_state=0)
    others = shared_size(fitted(direct, spectra), N_SHARED, N_PRIMARY)
    assert others == SharedSize(spectra=4 * 313_600 * 4062)
    assert others.total == 5_095_372_800
    assert others.total / size.total == pytest.approx(51.36, abs=0.005)


@pytest.mark.slow
def test_few_shared_standards_are_smaller_than_a_published_decoder(spectra):
    latent = VAELatentTransfer(
        SpectralVAE.as_published(training__max_epochs=1),
        SpectralMLP.as_published(training__max_epochs=1),
        random_state=0,
    )
    size = shared_size(fitted(latent, spectra), 500, N_PRIMARY)
    assert size.total > 4 * 500 * N_PRIMARY


def test_a_decoder_of_components_is_smaller_than_few_shared_standards(spectra):
    latent = VAELatentTransfer(
        SpectralVAE(training=Training(n_steps=1)),
        SpectralMLP(training=Training(n_steps=1)),
        random_state=0,
    )
    size = shared_size(fitted(latent, spectra), 500, N_PRIMARY)
    assert size.total < 0.1 * 4 * 500 * N_PRIMARY


@pytest.mark.parametrize(
    "regressor", [Ridge(), KNNTransfer(3), PLSRegression(2), make_pipeline(Ridge())]
)
def test_direct_transfers_need_the_spectra(regressor, spectra):
    expected = SharedSize(spectra=4 * 700 * N_PRIMARY)
    transfer = fitted(regressor, spectra)
    assert shared_size(transfer, 700, N_PRIMARY) == expected
    assert shared_size(FrozenEstimator(transfer), 700, N_PRIMARY) == expected


@pytest.mark.parametrize("regressor", [MeanTransfer(), DummyRegressor()])
def test_a_mean_spectrum_is_one_spectrum(regressor, spectra):
    expected = SharedSize(statistics=4 * N_PRIMARY)
    assert shared_size(fitted(regressor, spectra), 700, N_PRIMARY) == expected


@pytest.mark.parametrize(
    ("autoencoder", "numbers"),
    [
        (PCA(5), 5 * N_PRIMARY + N_PRIMARY),
        (PCA(5, whiten=True), 5 * N_PRIMARY + N_PRIMARY + 5),
        (
            make_pipeline(StandardScaler(with_std=False), PCA(5)),
            5 * N_PRIMARY + 2 * N_PRIMARY,
        ),
    ],
)
def test_linear_autoencoders_are_counted_to_the_number(autoencoder, numbers, spectra):
    transfer = PrimarySpaceRegressor(VAELatentTransfer(autoencoder, Ridge()))
    size = shared_size(transfer.fit(*spectra), 700, N_PRIMARY)
    assert size == SharedSize(latents=4 * 700 * 5, decoder=4 * numbers)


def test_a_mapper_trained_on_spectra_needs_them_and_the_decoder(spectra):
    options = {"training": PublishedTraining(max_epochs=1), "random_state": 0}
    transfer = VAELatentTransfer(
        SpectralVAE((8,), n_latent=3, **options),
        SpectralMLP((8,), **options),
        objective="spectrum",
    ).fit(*spectra)
    decoder = (3 * 8 + 8) + (8 * N_PRIMARY + N_PRIMARY) + 3 * N_PRIMARY
    assert shared_size(transfer, 700, N_PRIMARY) == SharedSize(
        spectra=4 * 700 * N_PRIMARY, decoder=4 * decoder
    )


def test_a_joined_library_counts_as_the_one_that_it_was_taken_from(spectra):
    training = Training(n_steps=1)
    vae = SpectralVAE((8,), n_latent=3, training=training, random_state=0)
    vae.fit(spectra[1])
    own, joined = (
        VAELatentTransfer(part, Ridge()).fit(*spectra)
        for part in (vae, FrozenEstimator(vae))
    )
    assert shared_size(own, 9, N_PRIMARY) == shared_size(joined, 9, N_PRIMARY)


def test_the_size_of_an_unknown_autoencoder_is_not_guessed():
    rng = np.random.default_rng(0)
    X, y = rng.random((20, 4)), rng.random((20, 6))
    kernel = KernelPCA(2, fit_inverse_transform=True)
    transfer = VAELatentTransfer(kernel, Ridge()).fit(X, y)
    assert shared_size(transfer, 20, 6) is None
