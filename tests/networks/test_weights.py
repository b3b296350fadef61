"""Weights of spectra in the trainings."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge

from spectransfer import (
    DirectMLPTransfer,
    SpectralMLP,
    SpectralVAE,
    Training,
    VAELatentTransfer,
)


def training(**changes):
    return Training(**({"n_steps": 60, "batch_size": 20} | changes))


NETWORKS = {
    "VAE": lambda **c: SpectralVAE(
        (8,), n_latent=2, training=training(**c), random_state=0
    ),
    "MLP": lambda **c: SpectralMLP((8,), training=training(**c), random_state=0),
    "direct": lambda **c: DirectMLPTransfer(
        (8,), n_latent=2, decoder_layer_sizes=(8,), training=training(**c),
        random_state=0,
    ),
    "latent": lambda **c: VAELatentTransfer(
        SpectralVAE((8,), n_latent=2, training=training(**c)),
        SpectralMLP((8,), training=training(**c)),
        random_state=0,
    ),
}  # fmt: skip
every_network = pytest.mark.parametrize("name", NETWORKS)


@pytest.fixture(scope="module")
def maps(pair):
    return pair.X_secondary[:100], pair.X_primary[:100]


def fitted(name, maps, rows=slice(None), changes=None, **options):
    X, y = (spectra[rows] for spectra in maps)
    network = NETWORKS[name](**(changes or {}))
    return network.fit(y if name == "VAE" else X, y, **options)


def used(network, maps):
    if isinstance(network, SpectralVAE):
        return network.inverse_transform(network.transform(maps[1]))
    return network.predict(maps[0])


@every_network
def test_equal_weights_change_no_bit(name, maps):
    plain, weighted = fitted(name, maps), fitted(name, maps, sample_weight=[0.3] * 100)
    assert_array_equal(used(weighted, maps), used(plain, maps))


@every_network
@pytest.mark.parametrize("patience", [None, 2])
def test_spectra_of_weight_zero_are_left_out(name, patience, maps):
    weights = np.tile([1.0, 0.0, 2.0, 3.0], 25)
    kept = weights > 0
    changes = {"patience": patience}
    weighted = fitted(name, maps, changes=changes, sample_weight=weights)
    alone = fitted(name, maps, kept, changes, sample_weight=weights[kept])
    # their units are summed in another order, and Adam's first steps magnify rounding
    scale = maps[1].std()
    assert_allclose(used(weighted, maps), used(alone, maps), atol=0.02 * scale)


@pytest.mark.parametrize("name", ["MLP", "direct", "latent"])
def test_what_has_weight_is_learned_better(name, maps):
    X, y = maps[0], maps[1].copy()
    # the same spectra are said to be two things: whom does the network believe?
    X, y = np.vstack([X[:50], X[:50]]), np.vstack([y[:50], y[:50] + 3 * y.std()])
    weights = np.repeat([1.0, 50.0], 50)
    network = fitted(name, (X, y), sample_weight=weights)
    error = np.abs(used(network, (X, y))[:50].mean(axis=0) - y[50:].mean(axis=0))
    other = np.abs(used(network, (X, y))[:50].mean(axis=0) - y[:50].mean(axis=0))
    assert error.mean() < 0.2 * other.mean()


def test_a_step_with_all_spectra_is_one_with_repeated_ones(maps):
    X, y = maps
    counts = np.tile([1, 2, 0, 3], 25)
    # whole batches: no order, and the same step
    whole = training(n_steps=1, batch_size=1000)
    options = {"training": whole, "random_state": 0, "l2": 1e-3}
    weighted = SpectralMLP((8,), **options).fit(X, y, sample_weight=counts)
    repeated = SpectralMLP((8,), **options).fit(
        np.repeat(X, counts, axis=0), np.repeat(y, counts, axis=0)
    )
    # the first loss is that of the first weights, the same in both
    assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-5)
    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-3, atol=1e-2)


def test_latent_moments_are_those_of_the_weighted_latents(maps):
    weights = np.tile([1.0, 0.0, 2.0, 3.0], 25)
    vae = fitted("VAE", maps, sample_weight=weights)
    latents = vae.transform(maps[1])
    covariance = np.cov(latents, rowvar=False, aweights=weights, ddof=0)
    assert_allclose(vae.latent_covariance_, covariance, rtol=1e-5, atol=1e-6)


def test_the_validation_loss_knows_no_weights(maps):
    X, y = maps
    weights = np.r_[np.ones(60), np.full(20, 9.0)]
    mlp = NETWORKS["MLP"](patience=100, n_steps=4)
    mlp.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:], sample_weight=weights)
    error = np.mean((mlp.predict(X[80:]) - y[80:]) ** 2) / mlp.target_unit_.scale**2
    assert_allclose(min(mlp.validation_loss_curve_), error, rtol=1e-3)


def test_a_part_that_takes_no_weights_is_named_before_any_training(maps):
    X, y = maps
    weights = np.r_[2.0, np.ones(99)]
    with pytest.raises(TypeError, match=r"fit of PCA takes none.*FrozenEstimator"):
        VAELatentTransfer(PCA(2), Ridge()).fit(X, y, sample_weight=weights)
    # what is frozen is not fitted, and needs none
    pca = PCA(2).fit(y)
    joined = VAELatentTransfer(FrozenEstimator(pca), Ridge())
    expected = Ridge().fit(X, pca.transform(y), sample_weight=weights).predict(X)
    assert_allclose(
        joined.fit(X, y, sample_weight=weights).predict(X),
        pca.inverse_transform(expected),
        rtol=1e-5,
    )


def test_both_objectives_of_a_transfer_are_weighted(maps):
    X, y = maps
    weights = np.tile([1.0, 5.0], 50)
    frozen = FrozenEstimator(fitted("VAE", maps))
    curves = [
        VAELatentTransfer(frozen, NETWORKS["MLP"]()).fit(X, y, **options).mapper_
        for options in ({}, {"sample_weight": weights})
    ]
    assert curves[0].loss_curve_ != curves[1].loss_curve_
    assert curves[0].decoded_loss_curve_ != curves[1].decoded_loss_curve_
