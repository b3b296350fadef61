import pytest
import torch
from numpy.testing import assert_allclose
from torch.distributions import Normal
from torch.distributions import kl_divergence as torch_kl

from spectransfer.nn import MLP, DecodedLoss, VAELoss, kl_divergence, l2_penalty


@pytest.fixture
def posterior():
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(8, 3, generator=generator),
        torch.randn(8, 3, generator=generator),
    )


def test_kl_divergence_equals_that_of_torchs_distributions(posterior):
    mean, log_variance = posterior
    given = Normal(mean, torch.exp(0.5 * log_variance))
    prior = Normal(torch.zeros(8, 3), torch.ones(8, 3))
    expected = torch_kl(given, prior).sum(dim=1).mean()
    assert_allclose(kl_divergence(mean, log_variance), expected, rtol=1e-5)


def test_kl_divergence_vanishes_at_the_prior():
    assert kl_divergence(torch.zeros(5, 2), torch.zeros(5, 2)) == 0


def test_vae_loss_is_error_plus_weighted_and_scaled_divergence(posterior):
    spectra, decoded = torch.zeros(8, 10), torch.full((8, 10), 2.0)
    loss = VAELoss(kl_scale=0.1)
    loss.kl_weight = 0.5
    expected = 4 + 0.5 * 0.1 * kl_divergence(*posterior)
    assert_allclose(loss((decoded, *posterior), spectra), expected, rtol=1e-6)


def test_validation_loss_is_the_reconstruction_error_alone(posterior):
    loss = VAELoss().eval()
    loss.kl_weight = 0.5
    assert loss((torch.ones(8, 4), *posterior), torch.zeros(8, 4)) == 1


def test_decoded_loss_decodes_latents_in_their_own_unit():
    torch.manual_seed(0)
    decoder = MLP(3, (5,), 7)
    inside, spectra = torch.randn(4, 3), torch.randn(4, 7)
    shift, scale = torch.tensor([1.0, 2.0, 3.0]), 0.5
    expected = torch.nn.functional.mse_loss(decoder(inside * scale + shift), spectra)
    loss = DecodedLoss(decoder, shift, scale)(inside, spectra)
    assert_allclose(loss.detach(), expected.detach(), rtol=1e-6)


def test_decoded_loss_has_nothing_to_train():
    loss = DecodedLoss(MLP(3, (5,), 7), torch.zeros(3), 1.0)
    assert list(loss.parameters()) == []


def test_weight_decay_of_twice_the_strength_is_the_gradient_of_the_penalty():
    kernel = torch.randn(4, 3, requires_grad=True)
    l2_penalty([kernel], 0.01).backward()
    assert_allclose(kernel.grad, 2 * 0.01 * kernel.detach(), rtol=1e-6)


def test_decoded_loss_of_latents_decodes_both_sides():
    decoder = MLP(3, (5,), 7)
    shift, predicted, true = torch.ones(3), torch.randn(4, 3), torch.randn(4, 3)
    loss = DecodedLoss(decoder, shift, 2.0, "latents")(predicted, true)
    with torch.no_grad():
        expected = (decoder(2 * predicted + 1) - decoder(2 * true + 1)).square().mean()
    assert_allclose(loss, expected, rtol=1e-6)
    assert DecodedLoss(decoder, shift, 2.0, "latents")(true, true) == 0
