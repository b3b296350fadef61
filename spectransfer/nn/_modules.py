"""The networks of the paper as torch modules.

    VAE encoder   n_primary - 1024 - 512 - (64 mean, 64 log-variance)
    VAE decoder   64 - 512 - 1024 - n_primary
    mapper        n_secondary - 128 - 512 - 64
    direct MLP    mapper, then a decoder of the VAE's shape

Hidden layers have a leaky ReLU of slope 0.2, the others are linear; weights are
Glorot-uniform, biases zero. The slope is the one of the authors' code (the paper
gives none), see Vrabel et al., sections 3.2.1 and 3.2.2.

Trained on components of spectra, the networks end as ones over channels (`through`),
see `spectransfer.nn._subspace`.

Beside the hidden layers of a VAE there may be linear shortcuts, which start as the
principal components of the spectra: the paper's networks have none.

Hidden layers carry the word ``hidden`` in their parameter names: that is how the
optimizer finds the kernels that the L2 penalty belongs to.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from spectransfer.nn._subspace import Subspace

NEGATIVE_SLOPE = 0.2
LOG_VARIANCE_LIMIT = 20.0
FIRST_LOG_VARIANCE = -4.0
PRIOR_LOG_VARIANCE = 0.0


def _linear(n_in: int, n_out: int) -> nn.Linear:
    layer = nn.Linear(n_in, n_out, dtype=torch.float32)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _given(kernel: Tensor) -> nn.Linear:
    n_out, n_in = kernel.shape
    layer = nn.Linear(n_in, n_out, bias=False, dtype=torch.float32)
    layer.weight.data.copy_(kernel)
    return layer


def hidden_stack(n_in: int, sizes: Sequence[int]) -> nn.Sequential:
    """Stack hidden layers, each followed by its leaky ReLU."""
    stack = nn.Sequential()
    for i, n_out in enumerate(sizes):
        stack.add_module(f"hidden{i}", _linear(n_in, n_out))
        stack.add_module(f"leaky{i}", nn.LeakyReLU(NEGATIVE_SLOPE))
        n_in = n_out
    return stack


class MLP(nn.Sequential):
    """Hidden layers and a linear output."""

    def __init__(self, n_in: int, hidden_sizes: Sequence[int], n_out: int) -> None:
        super().__init__()
        for name, layer in hidden_stack(n_in, hidden_sizes).named_children():
            self.add_module(name, layer)
        n_last = hidden_sizes[-1] if len(hidden_sizes) else n_in
        self.add_module("output", _linear(n_last, n_out))

    @property
    def readers(self) -> list[nn.Linear]:
        """The layers that read what enters."""
        return [next(layer for layer in self if isinstance(layer, nn.Linear))]

    @property
    def writers(self) -> list[nn.Linear]:
        """The layers whose sum is the answer."""
        return [self.get_submodule("output")]  # type: ignore[list-item]


def regression_through(
    module: nn.Module,
    parts: tuple[MLP, MLP],
    seen: Subspace | None,
    answered: Subspace | None,
) -> nn.Module:
    """Give a network from channels to channels, after a training on components.

    Parameters
    ----------
    module : Module
        The network; changed in place.
    parts : tuple of MLP
        Its first and its last part, which may be the same.
    seen, answered : Subspace or None
        Of inputs and outputs; None where they are no components.

    Returns
    -------
    Module
        The network itself where the bases were multiplied into its layers.
    """
    before = nn.Identity() if seen is None else seen.enter(parts[0].readers)
    behind = nn.Identity() if answered is None else answered.leave(parts[1].writers)
    if isinstance(before, nn.Linear):
        module = nn.Sequential(OrderedDict(entrance=before, inside=module))
    if isinstance(behind, nn.Linear):
        module = nn.Sequential(OrderedDict(inside=module, exit=behind))
    return module


class Shortcut(nn.Module):
    """A multilayer perceptron, and a linear map beside it."""

    def __init__(self, layers: MLP, kernel: Tensor) -> None:
        super().__init__()
        self.layers, self.shortcut = layers, _given(kernel)

    @property
    def writers(self) -> list[nn.Linear]:
        """The layers whose sum is the answer."""
        return [*self.layers.writers, self.shortcut]

    def forward(self, x: Tensor) -> Tensor:
        """Give the sum of both."""
        added: Tensor = self.layers(x) + self.shortcut(x)
        return added


class VAE(nn.Module):
    """Variational autoencoder with a decoder that mirrors the encoder."""

    def __init__(
        self, n_wavelengths: int, hidden_sizes: Sequence[int], n_latent: int
    ) -> None:
        super().__init__()
        n_last = hidden_sizes[-1] if len(hidden_sizes) else n_wavelengths
        self.entrance: nn.Module = nn.Identity()
        self.encoder = hidden_stack(n_wavelengths, hidden_sizes)
        self.mean = _linear(n_last, n_latent)
        self.log_variance = _linear(n_last, n_latent)
        self.decoder: nn.Module = MLP(
            n_latent, tuple(reversed(hidden_sizes)), n_wavelengths
        )
        self.shortcut: nn.Linear | None = None

    def start_from(self, subspace: Subspace) -> None:
        """Begin as a principal component analysis, by linear shortcuts.

        What the hidden layers add to the means and to the decoded spectra is zero at
        the start, and the latents have a deviation of one, as their prior has.

        Parameters
        ----------
        subspace : Subspace
            As many components as latents, zero where there are fewer.
        """
        components, centre, deviations = subspace
        inverse = torch.where(deviations > 0, 1 / deviations, 0.0)
        to_latents = inverse[:, None] * components
        layers: MLP = self.decoder  # type: ignore[assignment]
        decoder = Shortcut(layers, (deviations[:, None] * components).T)
        for layer, bias in (
            (self.mean, -to_latents @ centre),
            (layers.writers[0], centre),
            # a sampling noise that leaves the components visible in the first steps
            (self.log_variance, torch.tensor(FIRST_LOG_VARIANCE)),
        ):
            nn.init.zeros_(layer.weight)
            layer.bias.data.copy_(bias)
        self.shortcut, self.decoder = _given(to_latents), decoder

    def through(self, subspace: Subspace) -> None:
        """Encode and decode channels, after a training on their components."""
        first = getattr(self.encoder, "hidden0", None)
        readers = [self.mean, self.log_variance] if first is None else [first]
        if self.shortcut is not None:
            readers.append(self.shortcut)
        self.entrance = subspace.enter(readers)
        last = subspace.leave(self.decoder.writers)  # type: ignore[arg-type]
        if isinstance(last, nn.Linear):
            self.decoder = nn.Sequential(self.decoder, last)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Give mean and log-variance of the posterior, each (n_spectra, n_latent).

        The log-variance is kept within +-20 (a standard deviation between 5e-5 and
        2e4), so that one odd spectrum cannot overflow its exponential. Beside a
        shortcut it stays below zero: no posterior is wider than its prior. There the
        noise of one rare bright spectrum could make up the loss of an epoch.
        """
        x = self.entrance(x)
        features = self.encoder(x)
        # in bfloat16, the noise and the divergence would be rounded to 8 bits, too
        log_variance = self.log_variance(features).float()
        mean = self.mean(features).float()
        widest = LOG_VARIANCE_LIMIT
        if self.shortcut is not None:
            mean = mean + self.shortcut(x).float()
            widest = PRIOR_LOG_VARIANCE
        return mean, log_variance.clamp(-LOG_VARIANCE_LIMIT, widest)

    def forward(
        self, x: Tensor, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Reconstruct spectra, through a sampled latent while training.

        Parameters
        ----------
        x : Tensor of shape (n_spectra, n_wavelengths)
            Spectra.
        noise : Tensor of shape (n_spectra, n_latent), default=None
            Standard normal numbers for the sampling; drawn when None. In evaluation
            mode the posterior mean is decoded and no noise is used.

        Returns
        -------
        reconstruction, mean, log_variance : Tensor
            Reconstructed spectra, and the posterior of the latents.
        """
        mean, log_variance = self.encode(x)
        latent = mean
        if self.training:
            if noise is None:
                noise = torch.randn_like(mean)
            latent = mean + torch.exp(0.5 * log_variance) * noise
        return self.decoder(latent), mean, log_variance
