r"""What the networks minimize.

    VAE      mean squared error over spectra and channels  +  weight x KL
    MLP      mean squared error over spectra and outputs
    mapper   the latter on latents, or on the spectra that a decoder makes of them,
             against the spectra that it makes of the true latents, or measured ones

The L2 penalty on the hidden kernels is not among them: Adam's ``weight_decay`` adds
its gradient, which is the same step without another pass over the weights.

The weight of the KL divergence is annealed in cycles: it rises linearly during the
first part of each and stays at its end value for the rest (Fu et al., 2019,
arXiv:1903.10145; the paper uses four cycles from 0 to 0.5, section 3.2.2).
"""

import copy
from collections.abc import Callable
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from spectransfer._typing import FloatArray


def squared_error(
    output: Tensor, targets: Tensor, weights: Tensor | None = None
) -> Tensor:
    r"""Mean squared error, of spectra that have weights.

    .. math:: \frac{1}{NM} \sum_{ij} w_i (y_{ij} - \hat y_{ij})^2

    with weights of mean one over all training spectra, not over each batch: so a step
    is on average one down the slope of the weighted error of all of them.

    Parameters
    ----------
    output, targets : Tensor of shape (n_spectra, n_outputs)
        What is compared.
    weights : Tensor of shape (n_spectra,), default=None
        All one when None.

    Returns
    -------
    Tensor
        A single number.
    """
    if weights is None:
        return functional.mse_loss(output, targets)
    return (weights[:, None] * (output - targets).square()).mean()


class SquaredError(nn.Module):
    """`squared_error` as a module."""

    def forward(
        self, output: Tensor, targets: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """Loss of a batch."""
        return squared_error(output, targets, weights)


def kl_divergence(
    mean: Tensor, log_variance: Tensor, weights: Tensor | None = None
) -> Tensor:
    r"""Kullback-Leibler divergence of the posterior from a standard normal.

    .. math:: \mathrm{KL} = -\frac{1}{2N} \sum_{i=1}^{N} \sum_{l}
              \left( 1 + \log \sigma_{il}^2 - \mu_{il}^2 - \sigma_{il}^2 \right)

    summed over latents and averaged over spectra, by their weights (Kingma and Welling,
    2013, appendix B).
    """
    terms = 1 + log_variance - mean.square() - log_variance.exp()
    sums = terms.sum(dim=1)
    return -0.5 * (sums if weights is None else weights * sums).mean()


class VAELoss(nn.Module):
    """Reconstruction error and weighted KL divergence of a VAE.

    Parameters
    ----------
    kl_scale : float
        What the KL divergence is multiplied with before the weight: 1 for the
        paper's formula, 1 / n_wavelengths where KL and squared error are both taken
        per channel.
    """

    def __init__(self, kl_scale: float = 1.0) -> None:
        super().__init__()
        self.kl_scale, self.kl_weight = kl_scale, 0.0

    def forward(
        self,
        output: tuple[Tensor, Tensor, Tensor],
        spectra: Tensor,
        weights: Tensor | None = None,
    ) -> Tensor:
        """Loss of a batch; in evaluation mode the reconstruction error alone."""
        reconstruction, mean, log_variance = output
        error = squared_error(reconstruction, spectra, weights)
        if not self.training:
            return error
        weight = self.kl_weight * self.kl_scale
        return error + weight * kl_divergence(mean, log_variance, weights)


class DecodedLoss(nn.Module):
    """Squared error of what a decoder makes of predicted latents.

    Parameters
    ----------
    decoder : Module
        From latents to spectra. A copy is used, and it is never trained: the decoder
        belongs to the primary laboratory.
    shift, scale : Tensor and float
        Unit of the latents.
    """

    def __init__(self, decoder: nn.Module, shift: Tensor, scale: float) -> None:
        super().__init__()
        # in a tuple, so that torch does not count it among the trained parameters
        self.frozen = (copy.deepcopy(decoder).requires_grad_(False).eval(),)
        self.scale = scale
        self.shift: Tensor
        self.register_buffer("shift", shift)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        # torch moves to a device by this what it counts as a part
        self.frozen[0]._apply(fn, recurse)
        return super()._apply(fn, recurse)

    def forward(
        self, latents: Tensor, targets: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """Loss of a batch."""
        (decoder,) = self.frozen
        decoded = decoder(latents * self.scale + self.shift)
        return squared_error(decoded, targets, weights)


def l2_penalty(kernels: list[Tensor], strength: float) -> Tensor:
    """Penalty `strength` x sum of squares, for reports; training uses its gradient."""
    return strength * torch.stack([k.square().sum() for k in kernels]).sum()


def cyclical_annealing(
    n_epochs: int,
    stop: float = 0.5,
    *,
    start: float = 0.0,
    n_cycles: int = 4,
    rising: float = 0.5,
) -> FloatArray:
    """Weights of the KL divergence for each epoch.

    Parameters
    ----------
    n_epochs : int
        Number of epochs.
    stop : float, default=0.5
        Weight at the end of each rise.
    start : float, default=0.0
        Weight at the beginning of each cycle.
    n_cycles : int, default=4
        Number of cycles. One that would last less than an epoch leaves a single
        weight, `start`.
    rising : float, default=0.5
        Part of a cycle during which the weight rises, in (0, 1].

    Returns
    -------
    ndarray of shape (n_epochs,)
        Weights, between `start` and `stop`.

    Examples
    --------
    >>> from spectransfer.nn import cyclical_annealing
    >>> cyclical_annealing(8, n_cycles=2).tolist()
    [0.0, 0.25, 0.5, 0.5, 0.0, 0.25, 0.5, 0.5]
    """
    weights = np.full(n_epochs, stop)
    period = n_epochs / n_cycles
    rise = (stop - start) / (period * rising)
    for cycle in range(n_cycles):
        steps = np.arange(int(np.ceil(period)) + 1)
        values = start + rise * steps
        epochs = (steps + cycle * period).astype(int)
        inside = (epochs < n_epochs) & ((values - stop) * np.sign(rise) <= 1e-12)
        weights[epochs[inside]] = values[inside]
    return weights
