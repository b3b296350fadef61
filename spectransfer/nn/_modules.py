"""The networks of the paper as torch modules.

    VAE encoder   n_primary - 1024 - 512 - (64 mean, 64 log-variance)
    VAE decoder   64 - 512 - 1024 - n_primary
    mapper        n_secondary - 128 - 512 - 64
    direct MLP    mapper, then a decoder of the VAE's shape

Hidden layers have a leaky ReLU of slope 0.2, the others are linear; weights are
Glorot-uniform, biases zero. The slope is the one of the authors' code (the paper
gives none), see Vrabel et al., sections 3.2.1 and 3.2.2.

Beside the hidden layers of a VAE there may be linear shortcuts, which start as the
principal components of the spectra: the paper's networks have none.

Hidden layers carry the word ``hidden`` in their parameter names: that is how the
optimizer finds the kernels that the L2 penalty belongs to.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

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


class Shortcut(nn.Module):
    """A multilayer perceptron, and a linear map beside it."""

    def __init__(self, layers: nn.Module, kernel: Tensor) -> None:
        super().__init__()
        self.layers, self.shortcut = layers, _given(kernel)

    @property
    def output(self) -> nn.Linear:
        """The last of the layers."""
        last: nn.Linear = self.layers.get_submodule("output")  # type: ignore[assignment]
        return last

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
        self.encoder = hidden_stack(n_wavelengths, hidden_sizes)
        self.mean = _linear(n_last, n_latent)
        self.log_variance = _linear(n_last, n_latent)
        self.decoder: MLP | Shortcut = MLP(
            n_latent, tuple(reversed(hidden_sizes)), n_wavelengths
        )
        self.shortcut: nn.Linear | None = None

    def start_from(
        self, components: Tensor, deviations: Tensor, centre: Tensor
    ) -> None:
        """Begin as a principal component analysis, by linear shortcuts.

        What the hidden layers add to the means and to the decoded spectra is zero at
        the start, and the latents have a deviation of one, as their prior has.

        Parameters
        ----------
        components : Tensor of shape (n_latent, n_wavelengths)
            Orthonormal components; zero where there are fewer than latents.
        deviations : Tensor of shape (n_latent,)
            Standard deviation of the spectra along each.
        centre : Tensor of shape (n_wavelengths,)
            Mean of the spectra.
        """
        inverse = torch.where(deviations > 0, 1 / deviations, 0.0)
        to_latents = inverse[:, None] * components
        decoder = Shortcut(self.decoder, (deviations[:, None] * components).T)
        for layer, bias in (
            (self.mean, -to_latents @ centre),
            (decoder.output, centre),
            # a sampling noise that leaves the components visible in the first steps
            (self.log_variance, torch.tensor(FIRST_LOG_VARIANCE)),
        ):
            nn.init.zeros_(layer.weight)
            layer.bias.data.copy_(bias)
        self.shortcut, self.decoder = _given(to_latents), decoder

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Give mean and log-variance of the posterior, each (n_spectra, n_latent).

        The log-variance is kept within +-20 (a standard deviation between 5e-5 and
        2e4), so that one odd spectrum cannot overflow its exponential. Beside a
        shortcut it stays below zero: no posterior is wider than its prior. There the
        noise of one rare bright spectrum could make up the loss of an epoch.
        """
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
