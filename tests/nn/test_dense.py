"""The written-out step against torch's own gradients."""

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from spectransfer.nn import MLP, VAE, DecodedLoss, Plan, SquaredError, Subspace, VAELoss
from spectransfer.nn._dense import DenseStep

N_IN, N_OUT, N_LATENT = 20, 6, 6
PLAN = Plan("net", 5, 32, 1e-3, torch.device("cpu"), max_gradient_norm=1.0)


def vae(sizes, shortcut):
    made = VAE(N_IN, sizes, N_LATENT)
    if shortcut:
        whole = Subspace(torch.eye(N_IN), torch.zeros(N_IN), torch.ones(N_IN))
        made.start_from(whole.leading(N_LATENT))
    # log-variances on both sides of their limits
    nn.init.normal_(made.log_variance.weight)
    return made


NETWORKS = {
    "MLP": lambda: MLP(N_IN, (8, 7), N_OUT),
    "linear": lambda: MLP(N_IN, (), N_OUT),
    "direct": lambda: nn.Sequential(MLP(N_IN, (8,), 5), MLP(5, (7,), N_OUT)),
    "decoded": lambda: MLP(N_IN, (8,), N_LATENT),
    "VAE": lambda: vae((8, 7), shortcut=False),
    "VAE, shortcut": lambda: vae((8, 7), shortcut=True),
    "VAE, no hidden layer": lambda: vae((), shortcut=True),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_loss_and_gradients_are_those_of_torch(name, weighted):
    torch.manual_seed(0)
    network, x = NETWORKS[name](), torch.randn(32, N_IN)
    y, criterion = torch.randn(32, N_OUT), SquaredError()
    if name == "decoded":
        y = torch.randn(32, 15)
        criterion = DecodedLoss(MLP(N_LATENT, (9,), 15), torch.randn(N_LATENT), 2.0)
    elif name.startswith("VAE"):
        y, criterion = x, VAELoss(0.3)
        criterion.kl_weight = 0.5
    weights = [torch.rand(32)] if weighted else []
    step = DenseStep(copy.deepcopy(network), criterion, PLAN, 32)

    drawn = ()
    if name.startswith("VAE"):
        numbers = copy.deepcopy(step.batch.noise)
        noise = numbers.standard_normal((32, N_LATENT), dtype=np.float32)
        drawn = (torch.from_numpy(noise),)
    expected = criterion(network(x, *drawn), y, *weights)
    expected.backward()

    arrays = [a.numpy() for a in (x, y, *weights)]
    found = step.batch.slopes(*arrays, *([] if weighted else [None]))
    assert_allclose(found, expected.item(), rtol=1e-5)
    for ours, theirs in zip(
        step.module.parameters(), network.parameters(), strict=True
    ):
        scale = theirs.grad.abs().max()
        assert_allclose(ours.grad, theirs.grad, atol=1e-5 * scale)


def test_steps_are_those_of_torchs_adam_with_clipping_decay_and_penalty():
    torch.manual_seed(0)
    network, x, y = MLP(N_IN, (8,), N_OUT), torch.randn(32, N_IN), torch.randn(32, 6)
    y *= 10
    ours = copy.deepcopy(network)
    step = DenseStep(ours, SquaredError(), PLAN, 32)
    decayed = [w for n, w in network.named_parameters() if n == "hidden0.weight"]
    others = [w for n, w in network.named_parameters() if n != "hidden0.weight"]
    ((_, l2),) = PLAN.penalties(32, network)[-1:]
    adam = torch.optim.Adam(
        [{"params": decayed, "weight_decay": 2 * l2}, {"params": others}],
        lr=1e-3,
        eps=1e-7,
    )
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, T_max=5)
    for _ in range(4):
        step(x, y)
        adam.zero_grad()
        SquaredError()(network(x), y).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        adam.step()
        falling.step()
    for found, expected in zip(ours.parameters(), network.parameters(), strict=True):
        assert_allclose(found.detach(), expected.detach(), atol=1e-5)


def test_afterwards_every_weight_has_memory_of_its_own():
    network = MLP(N_IN, (8,), N_OUT)
    step = DenseStep(network, SquaredError(), PLAN, 32)
    step.end()
    for weights in network.parameters():
        assert weights.untyped_storage().nbytes() == 4 * weights.numel()
        assert weights.grad is None
