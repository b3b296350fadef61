r"""A training step of dense networks, written out: forward, backward, Adam.

On a few thousand spectra a step of a network in a subspace is less than a millisecond
of arithmetic, and torch takes longer to say what is to be done (a node of its graph for
every operation, and back) than to do it. All our networks are made of

    dense layer     y = f(W x + b)          dW = dy x^T,  db = dy,  dx = W^T dy
    leaky ReLU      f(a) = a or 0.2 a       da = dy or 0.2 dy

and of sums of them. So on the CPU, in float32, a step is a dozen of numpy's matrix
products, and torch's fused Adam over all weights in one piece. What the modules of
`spectransfer.nn` compute by torch is the same to rounding, and what tests compare with.
"""

import math
from fnmatch import fnmatch
from itertools import chain
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from spectransfer._typing import FloatArray
from spectransfer.nn._losses import DecodedLoss, SquaredError, VAELoss
from spectransfer.nn._modules import (
    LOG_VARIANCE_LIMIT,
    NEGATIVE_SLOPE,
    PRIOR_LOG_VARIANCE,
    VAE,
    Shortcut,
)
from spectransfer.nn._plan import ADAM_EPS, Plan

SLOPE = np.float32(NEGATIVE_SLOPE)
leaky_backward = torch.ops.aten.leaky_relu_backward.default
HALF = np.float32(0.5)
BETAS = 0.9, 0.999


class Part(Protocol):
    """A piece of a network, which keeps what its way back needs."""

    def forward(self, x: FloatArray) -> FloatArray:
        """Answer a batch."""

    def backward(self, slope: FloatArray, needed: bool) -> FloatArray:
        """Take the slope of the loss along the answers, and give that along `x`."""


class Dense:
    """A dense layer, with a leaky ReLU or without.

    Parameters
    ----------
    layer : Linear
        Its kernel and bias, and their gradients where it is trained.
    leaky : bool, default=False
        Whether a leaky ReLU follows.
    """

    def __init__(self, layer: nn.Linear, leaky: bool = False) -> None:
        self.kernel, self.kernel_slope = _arrays(layer.weight)
        self.bias: FloatArray | None = None
        self.bias_slope: FloatArray | None = None
        if layer.bias is not None:
            self.bias, self.bias_slope = _arrays(layer.bias)
        self.leaky = leaky

    def forward(self, x: FloatArray) -> FloatArray:
        """Answer a batch."""
        y: FloatArray = np.dot(x, self.kernel.T)
        if self.bias is not None:
            y += self.bias
        if self.leaky:
            np.maximum(y, SLOPE * y, out=y)
        self.x, self.y = x, y
        return y

    def backward(self, slope: FloatArray, needed: bool = True) -> FloatArray:
        """Give the slope along the input, if it is needed; else what is no matter."""
        if self.leaky:
            slope = _leaky_slope(slope, self.y)
        if self.kernel_slope is not None:
            np.dot(slope.T, self.x, out=self.kernel_slope)
        if self.bias_slope is not None:
            np.add.reduce(slope, axis=0, out=self.bias_slope)
        return np.dot(slope, self.kernel) if needed else slope


class Chain:
    """Parts one after the other."""

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts

    def forward(self, x: FloatArray) -> FloatArray:
        """Answer a batch."""
        for part in self.parts:
            x = part.forward(x)
        return x

    def backward(self, slope: FloatArray, needed: bool = True) -> FloatArray:
        """Give the slope along the input, if it is needed."""
        for i in reversed(range(len(self.parts))):
            slope = self.parts[i].backward(slope, needed or i > 0)
        return slope


class Sum:
    """Two parts that read the same, and whose answers are added."""

    def __init__(self, one: Part, other: Part) -> None:
        self.one, self.other = one, other

    def forward(self, x: FloatArray) -> FloatArray:
        """Answer a batch."""
        y = self.one.forward(x)
        y += self.other.forward(x)
        return y

    def backward(self, slope: FloatArray, needed: bool = True) -> FloatArray:
        """Give the slope along the input, if it is needed."""
        along_one = self.one.backward(slope, needed)
        along_other = self.other.backward(slope, needed)
        if needed:
            along_one += along_other
        return along_one


def part_of(module: nn.Module) -> Part:
    """Write out a module.

    Parameters
    ----------
    module : Module
        A stack of dense layers, an `MLP`, a `Shortcut`, or such one after the other.

    Returns
    -------
    Part
        The same, in numpy, over the same memory.
    """
    if isinstance(module, nn.Linear):
        return Dense(module)
    if isinstance(module, Shortcut):
        return Sum(part_of(module.layers), Dense(module.shortcut))
    if not isinstance(module, nn.Sequential):
        raise TypeError(f"{type(module).__name__} is not made of dense layers.")
    parts: list[Part] = []
    for layer in module:
        if isinstance(layer, nn.LeakyReLU):
            parts[-1].leaky = True  # type: ignore[attr-defined]
        else:
            parts.append(part_of(layer))
    return Chain(parts)


def _leaky_slope(slope: FloatArray, y: FloatArray) -> FloatArray:
    """Give the slope before a leaky ReLU that answered `y`.

    By torch, which does so without asking each number in turn: `numpy.where` takes ten
    times as long for 128 x 512.
    """
    given = torch.from_numpy(slope), torch.from_numpy(y)
    before: FloatArray = leaky_backward(*given, NEGATIVE_SLOPE, True).numpy()
    return before


def _arrays(weights: Tensor) -> tuple[FloatArray, FloatArray | None]:
    slope = None if weights.grad is None else weights.grad.numpy()
    return weights.detach().numpy(), slope


class Regression:
    """Squared error of a network's answers, or of what a decoder makes of them."""

    def __init__(
        self, module: nn.Module, criterion: SquaredError | DecodedLoss
    ) -> None:
        self.network = part_of(module)
        self.decoder: Part | None = None
        self.scale = np.float32(1)
        if isinstance(criterion, DecodedLoss):
            self.decoder = part_of(criterion.frozen[0])
            self.shift = criterion.shift.numpy()
            self.scale = np.float32(criterion.scale)

    def slopes(self, x: FloatArray, y: FloatArray, weights: FloatArray | None) -> float:
        """Put the gradients of a batch into place, and give its loss."""
        answer = self.network.forward(x)
        if self.decoder is not None:
            answer = self.decoder.forward(answer * self.scale + self.shift)
        loss, slope = _squared_error(answer, y, weights)
        if self.decoder is not None:
            slope = self.decoder.backward(slope, True)
            slope *= self.scale
        self.network.backward(slope, False)
        return loss


class Autoencoding:
    """Squared error of decoded spectra, and the divergence of the posteriors."""

    def __init__(self, module: VAE, criterion: VAELoss) -> None:
        self.encoder = part_of(module.encoder)
        self.mean, self.log_variance = Dense(module.mean), Dense(module.log_variance)
        self.shortcut: Dense | None = None
        self.widest = np.float32(LOG_VARIANCE_LIMIT)
        if module.shortcut is not None:
            self.shortcut = Dense(module.shortcut)
            self.widest = np.float32(PRIOR_LOG_VARIANCE)
        self.decoder, self.criterion = part_of(module.decoder), criterion
        # in the order of torch's generator, which the caller has seeded
        self.noise = np.random.default_rng(int(torch.randint(2**62, ())))

    def slopes(self, x: FloatArray, y: FloatArray, weights: FloatArray | None) -> float:
        """Put the gradients of a batch into place, and give its loss."""
        features = self.encoder.forward(x)
        mean = self.mean.forward(features)
        if self.shortcut is not None:
            mean += self.shortcut.forward(x)
        raw = self.log_variance.forward(features)
        log_variance = np.clip(raw, -LOG_VARIANCE_LIMIT, self.widest)
        deviation = np.exp(HALF * log_variance)
        noise = self.noise.standard_normal(mean.shape, dtype=np.float32)
        answer = self.decoder.forward(mean + deviation * noise)
        error, slope = _squared_error(answer, y, weights)
        # d KL / d mean = mean, d KL / d log_variance = (variance - 1) / 2, per spectrum
        factor = self.criterion.kl_weight * self.criterion.kl_scale / len(x)
        factors: Any = np.float32(factor)
        if weights is not None:
            factors = factors * weights[:, None]
        variance = deviation * deviation
        terms = mean * mean + variance - log_variance - 1
        divergence = float((factors * terms).sum()) / 2
        along_latent = self.decoder.backward(slope, True)
        along_mean = along_latent + factors * mean
        along_variance = along_latent * noise * deviation + factors * (variance - 1)
        along_variance *= HALF
        along_variance[(raw < -LOG_VARIANCE_LIMIT) | (raw > self.widest)] = 0
        self._back(along_mean, along_variance)
        return error + divergence

    def _back(self, along_mean: FloatArray, along_variance: FloatArray) -> None:
        if self.shortcut is not None:
            self.shortcut.backward(along_mean, False)
        along_features = self.mean.backward(along_mean)
        along_features += self.log_variance.backward(along_variance)
        self.encoder.backward(along_features, False)


def _squared_error(
    answer: FloatArray, y: FloatArray, weights: FloatArray | None
) -> tuple[float, FloatArray]:
    """Give the loss, and its slope along the answers in their place."""
    answer -= y
    slope = answer if weights is None else weights[:, None] * answer
    loss = float(np.vdot(slope, answer)) / answer.size
    slope *= np.float32(2 / answer.size)
    return loss, slope


class DenseStep:
    """A step of Adam, as a plan has it, over all weights in one piece.

    Parameters
    ----------
    module, criterion : Module
        Network and loss; the weights of the network become views of one array.
    plan : Plan
        How it is trained.
    n_spectra : int
        Spectra that the loss is a mean over.
    """

    def __init__(
        self,
        module: nn.Module,
        criterion: nn.Module,
        plan: Plan,
        n_spectra: int,
    ) -> None:
        self.plan, self.module = plan, module
        self.n_steps, self.n_taken = plan.n_epochs * plan.batches(n_spectra), 0
        penalties = plan.penalties(n_spectra, module)
        groups: dict[float, list[nn.Parameter]] = {}
        for name, weights in module.named_parameters():
            l2 = next((l2 for pattern, l2 in penalties if fnmatch(name, pattern)), 0.0)
            groups.setdefault(2 * l2, []).append(weights)
        self.weights, self.gradient = _in_one_piece(list(chain(*groups.values())))
        moments = torch.zeros_like(self.weights), torch.zeros_like(self.weights)
        self.moments = moments
        # Adam takes what has the same penalty together
        sizes = [sum(w.numel() for w in members) for members in groups.values()]
        parts: list[Any] = [
            [[piece] for piece in pieces]
            for pieces in zip(
                *(a.split(sizes) for a in (self.weights, self.gradient, *moments)),
                strict=True,
            )
        ]
        self.parts = list(zip(groups, parts, strict=True))
        self.adam_step = torch.zeros(())
        kind = Autoencoding if isinstance(module, VAE) else Regression
        self.batch: Any = kind(module, criterion)  # type: ignore[arg-type]

    def __call__(self, inputs: Tensor, targets: Tensor, *weights: Tensor) -> float:
        """Take a step, and give the loss before it."""
        weighted = weights[0].numpy() if weights else None
        # a loss that is no number is looked for by the caller
        with np.errstate(all="ignore"):
            loss: float = self.batch.slopes(inputs.numpy(), targets.numpy(), weighted)
        plan, rate = self.plan, self.plan.learning_rate
        gradient = self.gradient.numpy()
        if plan.max_gradient_norm is not None:
            norm = math.sqrt(float(np.vdot(gradient, gradient)))
            if norm > plan.max_gradient_norm:
                gradient *= np.float32(plan.max_gradient_norm / norm)
        if plan.decays:
            rate *= (1 + math.cos(math.pi * self.n_taken / self.n_steps)) / 2
        self.n_taken += 1
        self._adam(rate)
        return loss

    def _adam(self, rate: float) -> None:
        self.adam_step += 1
        for decay, (weights, gradient, means, squares) in self.parts:
            # what torch.optim.adam calls behind checks that take as long for so little
            torch._fused_adam_(
                weights, gradient, means, squares, [], [self.adam_step], lr=rate,
                beta1=BETAS[0], beta2=BETAS[1], eps=ADAM_EPS, weight_decay=decay,
                amsgrad=False, maximize=False,
            )  # fmt: skip

    def state(self) -> dict[str, Any]:
        """Give what the next step depends on, beside the weights."""
        noise = getattr(self.batch, "noise", None)
        return {
            "moments": list(self.moments),
            "n_taken": self.n_taken,
            "noise": noise and noise.bit_generator.state,
        }

    def go_on_from(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        for moments, kept in zip(self.moments, state["moments"], strict=True):
            moments.copy_(kept)
        self.n_taken = state["n_taken"]
        self.adam_step.fill_(self.n_taken)
        if state["noise"] is not None:
            self.batch.noise.bit_generator.state = state["noise"]

    def end(self) -> None:
        """Give every weight memory of its own again, without a gradient."""
        for weights in self.module.parameters():
            weights.data, weights.grad = weights.data.clone(), None


def _in_one_piece(members: list[nn.Parameter]) -> tuple[Tensor, Tensor]:
    """Put weights and gradients of layers side by side, and leave views of them."""
    whole = torch.cat([weights.data.ravel() for weights in members])
    gradient = torch.zeros_like(whole)
    start = 0
    for weights in members:
        rows = slice(start, start + weights.numel())
        weights.data = whole[rows].view(weights.shape)
        weights.grad = gradient[rows].view(weights.shape)
        start = rows.stop
    return whole, gradient
