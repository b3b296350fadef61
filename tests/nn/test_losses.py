import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch.distributions import Normal
from torch.distributions import kl_divergence as torch_kl

from spectransfer.nn import (
    MLP,
    DecodedLoss,
    SquaredError,
    VAELoss,
    cyclical_annealing,
    kl_divergence,
    l2_penalty,
)


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


# spectra with weights

WEIGHTS = torch.tensor([0.5, 2.0, 1.0, 0.5])


def literal(weights, errors, scale=1.0):
    """The mean over spectra of weight times own loss, spectrum by spectrum."""
    each = [w * e for w, e in zip(weights, errors, strict=True)]
    return scale * sum(each) / len(each)


def losses_and_literals(weights):
    """Give each loss of four weighted spectra, and the same in loops."""
    torch.manual_seed(0)
    made = torch.randn(4, 7, requires_grad=True)
    spectra, latents = torch.randn(4, 7), torch.randn(4, 3, requires_grad=True)
    log_variance, decoder = torch.randn(4, 3), MLP(3, (5,), 7)
    errors = [(made[i] - spectra[i]).square().mean() for i in range(4)]
    vae = VAELoss(0.1)
    vae.kl_weight = 0.5
    divergences = [
        -0.5 * (1 + v - m**2 - v.exp()).sum()
        for m, v in zip(latents, log_variance, strict=True)
    ]
    decoded = [(decoder(2 * z + 1) - x).square().mean() for z, x in
               zip(latents, spectra, strict=True)]  # fmt: skip
    through = DecodedLoss(decoder, torch.ones(3), 2.0)
    expected = literal(weights, errors)
    return {
        "squared": (SquaredError()(made, spectra, weights), expected, made),
        "VAE": (
            vae((made, latents, log_variance), spectra, weights),
            expected + literal(weights, divergences, 0.5 * 0.1),
            latents,
        ),
        "decoded": (through(latents, spectra, weights), literal(weights, decoded),
                    latents),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["squared", "VAE", "decoded"])
def test_a_weighted_loss_and_its_gradient_are_those_of_the_literal_formula(name):
    ours, expected, parameter = losses_and_literals(WEIGHTS)[name]
    slopes = [
        torch.autograd.grad(loss, parameter, retain_graph=True)[0]
        for loss in (ours, expected)
    ]
    assert_allclose(ours.detach(), expected.detach(), rtol=1e-5)
    assert_allclose(*slopes, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["squared", "VAE", "decoded"])
def test_weights_of_one_are_no_weights(name):
    ours, _, _ = losses_and_literals(torch.ones(4))[name]
    plain, _, _ = losses_and_literals(WEIGHTS)[name]
    assert_allclose(ours.detach(), losses_and_literals(torch.ones(4))[name][1].detach(),
                    rtol=1e-5)  # fmt: skip
    assert ours != plain


# the weight of the divergence


def literal_schedule(n_epochs, start, stop, n_cycles, rising):
    """The schedule as Fu et al. describe it, in loops."""
    weights = [stop] * n_epochs
    period = n_epochs / n_cycles
    step = (stop - start) / (period * rising)
    for cycle in range(n_cycles):
        value, i = start, 0
        while value <= stop + 1e-12 and int(i + cycle * period) < n_epochs:
            weights[int(i + cycle * period)] = value
            value, i = value + step, i + 1
    return weights


@pytest.mark.parametrize("n_epochs", [1, 3, 7, 20, 50, 123])
@pytest.mark.parametrize("n_cycles", [1, 3, 4])
@pytest.mark.parametrize("rising", [0.3, 0.5, 1.0])
def test_schedule_equals_the_literal_loop(n_epochs, n_cycles, rising):
    ours = cyclical_annealing(n_epochs, 0.5, n_cycles=n_cycles, rising=rising)
    literal = literal_schedule(n_epochs, 0.0, 0.5, n_cycles, rising)
    assert_allclose(ours, literal, rtol=0, atol=1e-12)


def test_weight_of_zero_stays_zero():
    assert_array_equal(cyclical_annealing(12, 0.0), np.zeros(12))
