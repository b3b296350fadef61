r"""A principal subspace, in which a network sees spectra and answers with them.

With orthonormal rows :math:`V` (the leading principal components), a centre :math:`c`
and M channels of which K components are kept, spectra in network units become

.. math:: a = \sqrt{K/M} \; V (x - c), \qquad
          \frac{1}{M} \lVert x - \hat x \rVert^2
          = \frac{1}{K} \lVert a - \hat a \rVert^2
          + \frac{1}{M} \lVert (1 - V^\top V)(x - c) \rVert^2 .

So the mean squared error over components is that over channels, less a constant that no
network in the subspace can change. Trained on components, a network has a small
fraction of the weights; afterwards V is multiplied into its first and last layers, or
stands before and behind them, whichever takes fewer multiplications.
"""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor, nn
from torch.nn.utils import skip_init

from spectransfer._blocks import row_blocks
from spectransfer._files import new_array
from spectransfer._typing import FloatArray
from spectransfer.nn._data import Seen, SpectraDataset, Unit

# so many spectra tell the leading components
N_DRAWN = 1024
LEAST_COMPONENTS, MOST_COMPONENTS = 64, 256
WORTH_DOUBLING = 1e-3
# below this part of the largest deviation there is rounding, and no component
SMALLEST = 1e-5


class Subspace(NamedTuple):
    """Components of spectra in network units.

    Parameters
    ----------
    basis : Tensor of shape (n_components, n_wavelengths)
        Orthonormal rows.
    centre : Tensor of shape (n_wavelengths,)
        Where all components are zero.
    deviations : Tensor of shape (n_components,)
        Standard deviation of the spectra along each, largest first.
    """

    basis: Tensor
    centre: Tensor
    deviations: Tensor

    @classmethod
    def of(
        cls,
        spectra: FloatArray,
        unit: Unit,
        n_components: int,
        rng: np.random.RandomState,
        weights: FloatArray | None = None,
    ) -> "Subspace":
        """Find the leading components in spectra that are drawn at random.

        Parameters
        ----------
        spectra : ndarray of shape (n_spectra, n_wavelengths)
            Spectra in laboratory units; may be memory-mapped.
        unit : Unit
            Shift and scale between them and the network.
        n_components : int
            Number of components; there are fewer where the spectra have fewer.
        rng : RandomState
            Draws spectra and seeds the decomposition.
        weights : ndarray of shape (n_spectra,), default=None
            Spectra of weight zero are not drawn; the others all alike.

        Returns
        -------
        Subspace
            About the mean of the spectra drawn.
        """
        known = np.arange(len(spectra)) if weights is None else np.flatnonzero(weights)
        rows = np.sort(known[rng.permutation(len(known))[:N_DRAWN]])
        drawn = SpectraDataset(spectra, None, (unit, unit))[rows][0].numpy()
        centre = torch.from_numpy(drawn.mean(axis=0))
        n_found = min(n_components, len(rows) - 1, spectra.shape[1])
        if n_found < 1 or not np.ptp(drawn, axis=0).any():
            return cls(torch.zeros(0, len(centre)), centre, torch.zeros(0))
        pca = PCA(n_found, copy=False, random_state=rng).fit(drawn)
        deviations = np.sqrt(pca.explained_variance_).astype(np.float32)
        real = deviations > SMALLEST * deviations[0]
        basis = pca.components_[real].astype(np.float32, copy=False)
        return cls(torch.from_numpy(basis), centre, torch.from_numpy(deviations[real]))

    @classmethod
    def of_answers(cls, writers: Sequence[nn.Linear]) -> "Subspace":
        """Find all that linear layers, whose outputs are added, can answer.

        Parameters
        ----------
        writers : sequence of Linear
            The layers; their biases are the centre.

        Returns
        -------
        Subspace
            With singular values as deviations.
        """
        kernel = torch.cat([layer.weight.detach() for layer in writers], dim=1)
        biases = [w.bias.detach() for w in writers if w.bias is not None]
        centre = torch.stack(biases).sum(dim=0)
        q, r = torch.linalg.qr(kernel)
        u, deviations, _ = torch.linalg.svd(r)
        n_real = max(1, int((deviations > SMALLEST * deviations[0]).sum()))
        return cls((q @ u[:, :n_real]).T, centre, deviations[:n_real])

    @property
    def scale(self) -> float:
        """Length of a component of one in network units of channels."""
        n_components, n_channels = self.basis.shape
        return float(np.sqrt(n_channels / n_components))

    def leading(self, n_components: int) -> "Subspace":
        """Give so many components, zeros where there are fewer."""
        kept = self.basis[:n_components]
        lacking = n_components - len(kept)
        return Subspace(
            nn.functional.pad(kept, (0, 0, 0, lacking)),
            self.centre,
            nn.functional.pad(self.deviations[:n_components], (0, lacking)),
        )

    def inside(self) -> "Subspace":
        """Give the same components as a network in the subspace sees them."""
        n_components = len(self.basis)
        return Subspace(
            torch.eye(n_components),
            torch.zeros(n_components),
            self.deviations / self.scale,
        )

    def see(self, spectra: FloatArray, unit: Unit) -> Seen:
        """Take components of spectra, block by block.

        Parameters
        ----------
        spectra : ndarray of shape (n_spectra, n_wavelengths)
            Spectra in laboratory units; may be memory-mapped, and then the result may
            lie in a temporary file.
        unit : Unit
            Shift and scale between them and the network.

        Returns
        -------
        Seen
            What a network in the subspace sees, with what lies outside.
        """
        n_components, n_channels = self.basis.shape
        inside = new_array((len(spectra), n_components), np.float32, like=spectra)
        left_out = np.zeros(len(spectra))
        source = SpectraDataset(spectra, None, (unit, unit))
        for rows in row_blocks(len(spectra), 8 * n_channels):
            block = source[np.arange(rows.start, rows.stop)][0].sub_(self.centre)
            kept = block @ self.basis.T
            squares = block.square().sum(dim=1) - kept.square().sum(dim=1)
            left_out[rows] = squares.clamp(min=0).numpy() / n_channels
            inside[rows] = kept.div_(self.scale).numpy()
        return Seen(inside, Unit.identity(n_components), left_out)

    def entrance(self) -> nn.Linear:
        """From channels to what a network in the subspace sees."""
        kernel = self.basis / self.scale
        return _linear(kernel, -kernel @ self.centre)

    def exit(self) -> nn.Linear:
        """From what a network in the subspace answers to channels."""
        return _linear(self.scale * self.basis.T, self.centre)

    def enter(self, readers: Sequence[nn.Linear]) -> nn.Module:
        """Let layers read channels, of which each reads all.

        Parameters
        ----------
        readers : sequence of Linear
            First layers of a network; changed in place, or left as they are.

        Returns
        -------
        Module
            What is to stand before the network.
        """
        width = sum(layer.out_features for layer in readers)
        if not self._fewer_products(width):
            return self.entrance()
        entrance = self.entrance()
        for layer in readers:
            kernel = layer.weight.data
            if not hasattr(layer.bias, "data"):
                layer.bias = nn.Parameter(torch.zeros(len(kernel)))
            layer.bias.data += kernel @ entrance.bias.data
            layer.weight.data = kernel @ entrance.weight.data
            layer.in_features = self.basis.shape[1]
        return nn.Identity()

    def leave(self, writers: Sequence[nn.Linear]) -> nn.Module:
        """Let layers, whose outputs are added, answer with channels.

        Parameters
        ----------
        writers : sequence of Linear
            Last layers of a network; changed in place, or left as they are.

        Returns
        -------
        Module
            What is to stand behind the network.
        """
        if not self._fewer_products(sum(layer.in_features for layer in writers)):
            return self.exit()
        through(writers, self.exit())
        return nn.Identity()

    def _fewer_products(self, width: int) -> bool:
        """Whether so many units beside all channels cost less than by components."""
        n_components, n_channels = self.basis.shape
        return width * n_channels <= n_components * (n_channels + width)


def through(writers: Sequence[nn.Linear], last: nn.Linear) -> None:
    """Multiply a linear layer into those before it, whose outputs are added."""
    kernel, bias = last.weight.data, last.bias.data
    for layer in writers:
        layer.weight.data = kernel @ layer.weight.data
        layer.out_features = len(kernel)
        if layer.bias is not None:
            layer.bias.data = kernel @ layer.bias.data + bias
            bias = torch.zeros_like(bias)


def subspace_of(
    spectra: FloatArray,
    unit: Unit,
    n_components: int | str | None,
    rng: np.random.RandomState,
    weights: FloatArray | None = None,
    least: int = 1,
) -> Subspace | None:
    """Give the subspace in which a network is to see spectra.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_wavelengths)
        Spectra in laboratory units; may be memory-mapped.
    unit : Unit
        Shift and scale between them and the network.
    n_components : int, "auto" or None
        Number of components; None for a network that sees channels. "auto" takes 64,
        and twice as many, up to 256 and half of the channels, as long as these hold a
        thousandth of the variance more.
    rng : RandomState
        Draws spectra and seeds the decomposition.
    weights : ndarray of shape (n_spectra,), default=None
        Spectra of weight zero are not drawn.
    least : int, default=1
        "auto" takes no fewer, such as the latents of an autoencoder.

    Returns
    -------
    Subspace or None
        None where there are no fewer components than channels.
    """
    n_channels = spectra.shape[1]
    most = n_components
    if isinstance(most, str):
        most = min(max(MOST_COMPONENTS, least), n_channels // 2)
        if most < max(LEAST_COMPONENTS, least):
            return None
    if most is None or most >= n_channels:
        return None
    found = Subspace.of(spectra, unit, most, rng, weights)
    if isinstance(n_components, str):
        found = found.leading(_enough(found.deviations, max(LEAST_COMPONENTS, least)))
    return found if len(found.basis) else None


def _enough(deviations: Tensor, least: int) -> int:
    """Double the components as long as that brings a thousandth of the variance."""
    held = deviations.double().square().cumsum(dim=0)
    n_found, n_components = len(held), least
    while n_components < n_found:
        more = min(2 * n_components, n_found)
        if held[more - 1] - held[n_components - 1] < WORTH_DOUBLING * held[-1]:
            break
        n_components = more
    return min(n_components, n_found)


def narrowed(decoder: nn.Module) -> tuple[nn.Module, Subspace]:
    """Give a copy of a decoder that answers with components of all that it can answer.

    Its last layers have so few inputs that their answers lie in a subspace; there an
    error is the same number, and takes a fraction of the time.

    Parameters
    ----------
    decoder : Module
        An `MLP`, one with a `Shortcut`, or such with a linear layer behind.

    Returns
    -------
    copy : Module
        In evaluation mode, on the CPU, for no training.
    span : Subspace
        What its answers are components of.
    """
    copied = copy.deepcopy(decoder).cpu().requires_grad_(False).eval()
    writers = getattr(copied, "writers", None) or [list(copied.children())[-1]]
    span = Subspace.of_answers(writers)
    through(writers, span.entrance())
    return copied, span


def _linear(kernel: Tensor, bias: Tensor) -> nn.Linear:
    # not drawn first: that would move the generator of all the program
    layer = skip_init(nn.Linear, *kernel.shape[::-1], dtype=torch.float32)
    layer.weight.data, layer.bias.data = kernel.contiguous(), bias.contiguous()
    return layer
