import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.decomposition import PCA

from spectransfer import DirectMLPTransfer, SpectralMLP, SpectralVAE, Training
from spectransfer.nn import (
    MLP,
    VAE,
    Subspace,
    Unit,
    narrowed,
    regression_through,
    subspace_of,
)


@pytest.fixture
def spectra(rng):
    made = rng.normal(size=(200, 8)) @ rng.normal(size=(8, 150)) * 20
    return (made + rng.normal(size=made.shape) + 300).astype(np.float32)


@pytest.fixture
def subspace(spectra):
    return Subspace.of(spectra, Unit.of(spectra), 12, np.random.RandomState(0))


def test_the_components_are_the_principal_ones(spectra, subspace):
    pca = PCA(12).fit((spectra - Unit.of(spectra).shift) / Unit.of(spectra).scale)
    cosines = np.abs((subspace.basis.numpy() * pca.components_).sum(axis=1))[:8]
    assert_allclose(cosines, 1, atol=1e-3)
    assert_allclose(subspace.deviations[:8], np.sqrt(pca.explained_variance_[:8]), 1e-3)


def test_error_of_components_and_what_is_left_out_is_the_error_of_channels(
    spectra, subspace
):
    unit = Unit.of(spectra)
    seen = subspace.see(spectra, unit)
    answers = seen.numbers + np.float32(0.1)
    with torch.no_grad():
        channels = subspace.exit()(torch.from_numpy(answers)).numpy()
    inside = (spectra - unit.shift) / unit.scale
    expected = np.square(channels - inside).mean()
    found = np.square(answers - seen.numbers).mean() + seen.left_out.mean()
    assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("width", [5, 100])
def test_a_network_through_the_subspace_answers_as_on_components(
    spectra, subspace, width
):
    unit = Unit.of(spectra)
    mlp = MLP(12, (width,), 12)
    seen = torch.from_numpy(subspace.see(spectra, unit).numbers)
    channels = torch.from_numpy((spectra - unit.shift) / np.float32(unit.scale))
    with torch.no_grad():
        expected = subspace.exit()(mlp(seen))
        whole = regression_through(mlp, (mlp, mlp), subspace, subspace)
        assert_allclose(whole(channels), expected, atol=1e-4)
    # few units are multiplied by the basis, many stand between two thin products
    assert (whole is mlp) is (width == 5)


@pytest.mark.parametrize("shortcut", [False, True])
@pytest.mark.parametrize("width", [4, 100])
def test_an_autoencoder_through_the_subspace_does_as_on_components(
    spectra, subspace, width, shortcut
):
    unit = Unit.of(spectra)
    vae = VAE(12, (width,), 3).eval()
    if shortcut:
        vae.start_from(subspace.inside().leading(3))
    seen = torch.from_numpy(subspace.see(spectra, unit).numbers)
    channels = torch.from_numpy((spectra - unit.shift) / np.float32(unit.scale))
    with torch.no_grad():
        decoded, *posterior = vae(seen)
        vae.through(subspace)
        found, *now = vae(channels)
        assert_allclose(found, subspace.exit()(decoded), atol=1e-3)
        for ours, theirs in zip(now, posterior, strict=True):
            assert_allclose(ours, theirs, atol=1e-3)


def test_a_narrowed_decoder_tells_errors_as_the_whole_one():
    torch.manual_seed(0)
    decoder, latents = MLP(3, (7,), 90), torch.randn(40, 3)
    narrow, span = narrowed(decoder)
    with torch.no_grad():
        whole, few = decoder(latents), narrow(latents)
        assert few.shape[1] <= 7
        assert_allclose(span.exit()(few), whole, atol=1e-5)
        expected = (whole[:20] - whole[20:]).square().mean()
        assert_allclose((few[:20] - few[20:]).square().mean(), expected, rtol=1e-4)


def test_auto_takes_few_components_of_wide_spectra_and_none_of_narrow_ones(spectra):
    def found(spectra, **options):
        how = Unit.of(spectra), "auto", np.random.RandomState(0)
        return subspace_of(spectra, *how, **options)

    assert len(found(spectra).basis) == 64
    assert len(found(spectra, least=70).basis) == 70
    assert found(spectra[:, :127]) is None


def test_reported_losses_are_over_channels(spectra):
    vae = SpectralVAE(
        n_latent=4, kl_weight=0, training=Training(n_steps=300, patience=1000),
        random_state=0,
    ).fit(spectra[:150], X_val=spectra[150:])  # fmt: skip
    decoded = vae.inverse_transform(vae.transform(spectra[150:]))
    error = np.square((decoded - spectra[150:]) / vae.unit_.scale).mean()
    assert_allclose(min(vae.validation_loss_curve_), error, rtol=1e-3)


@pytest.mark.parametrize("kind", [SpectralMLP, DirectMLPTransfer])
@pytest.mark.parametrize("n_components", [9, 64, None])
def test_any_dimension_fits_and_predicts(spectra, kind, n_components):
    network = kind(
        (16,), n_components=n_components, training=Training(n_steps=1000),
        random_state=0,
    ).fit(spectra, spectra)  # fmt: skip
    assert network.score(spectra, spectra) > 0.5


@pytest.mark.parametrize("n_channels", [150, 1000])
def test_the_shared_decoder_is_smaller_than_one_of_channels(rng, n_channels):
    spectra = rng.normal(size=(100, 8)) @ rng.normal(size=(8, n_channels))
    few = Training(n_steps=1)
    sizes = {
        n_components: sum(
            weights.numel()
            for weights in SpectralVAE(n_components=n_components, training=few)
            .fit(spectra)
            .net_.module_.decoder.parameters()
        )
        for n_components in ("auto", None)
    }
    assert sizes["auto"] < sizes[None]
