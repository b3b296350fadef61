"""The networks against the numbers of the authors' own code."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from spectransfer.nn import (
    VAE,
    Plan,
    VAELoss,
    cyclical_annealing,
    kl_divergence,
    l2_penalty,
    make_net,
)

LAYERS = [
    "encoder.hidden0",
    "encoder.hidden1",
    "mean",
    "log_variance",
    "decoder.hidden0",
    "decoder.hidden1",
    "decoder.output",
]


@pytest.fixture
def oracle(reference):
    arrays = reference("vae_step.npz")
    return {k.removeprefix("vae_a__"): v for k, v in arrays.items()}


class KerasAdam(torch.optim.Optimizer):
    """Adam as Keras writes it: epsilon inside the bias-corrected step size."""

    def __init__(self, params, lr, eps, fused, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "eps": eps, "weight_decay": weight_decay})
        self.n_steps = 0

    @torch.no_grad()
    def step(self, closure):
        with torch.enable_grad():
            closure()
        self.n_steps += 1
        correction = np.sqrt(1 - 0.999**self.n_steps) / (1 - 0.9**self.n_steps)
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                grad = p.grad + group["weight_decay"] * p
                state["m"] = 0.9 * state.get("m", 0) + 0.1 * grad
                state["v"] = 0.999 * state.get("v", 0) + 0.001 * grad**2
                p -= (
                    group["lr"] * correction * state["m"]
                    / (state["v"].sqrt() + group["eps"])
                )  # fmt: skip


def authors_net(oracle, optimizer=torch.optim.Adam):
    l2, kl_weight, learning_rate = oracle["cfg"]
    torch.manual_seed(0)
    module = VAE(20, (16, 8), 4)
    load_weights(module, oracle, "w0")
    plan = Plan(
        name="VAE",
        n_epochs=1,
        batch_size=32,
        learning_rate=learning_rate,
        device=torch.device("cpu"),
        decays=False,
        l2=l2,
    )
    net = make_net(module, VAELoss(), plan, 32, optimizer=optimizer)
    net.criterion_.kl_weight = kl_weight
    net.notify("on_train_begin")
    net.notify("on_epoch_begin")
    return net, l2, kl_weight


def load_weights(module, oracle, prefix):
    """Keras keeps kernels as (in, out), and the mean before the log-variance."""
    state = {}
    for i, layer in enumerate(LAYERS):
        state[f"{layer}.weight"] = torch.from_numpy(oracle[f"{prefix}_{2 * i}"].T)
        state[f"{layer}.bias"] = torch.from_numpy(oracle[f"{prefix}_{2 * i + 1}"])
    module.load_state_dict(state)


def run_six_steps(net, oracle, l2, kl_weight):
    losses = []
    for x, noise in zip(oracle["X"], oracle["eps"], strict=True):
        x, noise = torch.from_numpy(x), torch.from_numpy(noise)
        hidden = [p for n, p in net.module_.named_parameters() if "hidden" in n]
        kernels = [p.detach().clone() for p in hidden if p.ndim == 2]
        step = net.train_step(({"x": x, "noise": noise}, x))
        penalty = l2_penalty(kernels, l2).item()
        _, mean, log_variance = step["y_pred"]
        divergence = kl_divergence(mean, log_variance).item()
        total = step["loss"].item() + penalty
        losses.append([total, total - kl_weight * divergence, divergence])
    return np.array(losses)


def weights_after(net, oracle):
    state = net.module_.state_dict()
    for i, layer in enumerate(LAYERS):
        yield state[f"{layer}.weight"].numpy().T, oracle[f"wT_{2 * i}"]
        yield state[f"{layer}.bias"].numpy(), oracle[f"wT_{2 * i + 1}"]


def test_training_steps_equal_the_authors_to_the_rounding_of_adam(oracle):
    net, l2, kl_weight = authors_net(oracle)
    losses = run_six_steps(net, oracle, l2, kl_weight)
    # torch adds epsilon after the bias correction, Keras before: hence not 3e-7
    assert_allclose(losses, oracle["train_losses"], rtol=0, atol=1e-5)
    for ours, theirs in weights_after(net, oracle):
        assert_allclose(ours, theirs, rtol=0, atol=5e-5)


def test_training_steps_equal_the_authors_with_the_epsilon_of_keras(oracle):
    net, l2, kl_weight = authors_net(oracle, KerasAdam)
    losses = run_six_steps(net, oracle, l2, kl_weight)
    assert_allclose(losses, oracle["train_losses"], rtol=3e-7, atol=0)
    for ours, theirs in weights_after(net, oracle):
        assert_allclose(ours, theirs, rtol=0, atol=3e-7)


def test_encoding_equals_the_authors_posterior_mean(oracle):
    net, _, _ = authors_net(oracle)
    load_weights(net.module_, oracle, "wT")
    with torch.inference_mode():
        mean, _ = net.module_.encode(torch.from_numpy(oracle["X"][0]))
    assert_allclose(mean.numpy(), oracle["encode"], rtol=0, atol=1e-6)


def test_kl_schedule_equals_the_authors(reference):
    arrays = reference("metrics.npz")
    names = [name for name in arrays if name.startswith("kl_schedule__")]
    assert names
    for name in names:
        epochs, start, stop, cycles, rising = name.split("__")[1].split("_")
        weights = cyclical_annealing(
            int(epochs), float(stop), start=float(start), n_cycles=int(cycles),
            rising=float(rising),
        )  # fmt: skip
        assert_allclose(weights, arrays[name], rtol=0, atol=1e-12, err_msg=name)
