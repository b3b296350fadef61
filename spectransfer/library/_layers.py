r"""What a described network computes, by numpy alone.

A laboratory that looks up spectra, or decodes latents, needs no torch for it. What a
network is stands in `spectransfer.nn`, which writes it as a tree of layers.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from spectransfer._blocks import BLOCK_ROWS
from spectransfer._typing import FloatArray
from spectransfer.library._trees import Reader

# a layer of few numbers with many outputs would take far more memory than its file
_WIDEST = 2**17
Layer = Callable[[FloatArray], FloatArray]


class Described(NamedTuple):
    """An estimator that holds networks, by its word, and what it has learned."""

    word: str
    state: dict[str, Any]


class ReaderWithoutTorch(Reader):
    """Makes values of trees as `Reader` does, but leaves networks described."""

    def _part(self, told: dict[str, Any]) -> Any:
        word = told["part"]
        if word not in ("SpectralVAE", "SpectralMLP", "Training", "PublishedTraining"):
            return super()._part(told)
        before = self._n_parts
        self._count(1)
        part = Described(word, dict(self._pairs(told["state"])))
        self._end(part, before)
        return part

    def _network(self, told: dict[str, Any]) -> Any:
        return self.value(told["network"])

    def _record(self, told: dict[str, Any]) -> Any:
        if told["record"] == "Unit":
            return tuple(self.value(told["values"]))
        return super()._record(told)


class DescribedVAE:
    """Encoder and decoder of a `SpectralVAE`, computed by numpy.

    Parameters
    ----------
    described : Described
        A fitted `SpectralVAE`.

    Raises
    ------
    ValueError
        It describes none.
    """

    def __init__(self, described: Described) -> None:
        if described.word != "SpectralVAE":
            raise ValueError(f"a {described.word} is no autoencoder")
        network = described.state["net_"]
        if network.get("layer") != "vae":
            raise ValueError("the network of its SpectralVAE is no autoencoder")
        self.decoder = layer_of(network["decoder"])
        entrance, encoder, mean = (
            layer_of(network[name]) for name in ("entrance", "encoder", "mean")
        )
        shortcut = network["shortcut"] and layer_of(network["shortcut"])

        def encode(x: FloatArray) -> FloatArray:
            x = entrance(x)
            latents = mean(encoder(x))
            return latents if shortcut is None else latents + shortcut(x)

        self.encoder = encode
        shift, scale = described.state["unit_"]
        if not (isinstance(shift, np.ndarray) and shift.ndim == 1):
            raise ValueError("the unit of its SpectralVAE has no shift of channels")
        self.shift, self.scale = shift, float(scale)

    def transform(self, primary: FloatArray) -> FloatArray:
        """Encode spectra into latents."""
        return _in_blocks(
            lambda rows: self.encoder(
                ((rows - self.shift) / self.scale).astype(np.float32)
            ),
            primary,
        )

    def inverse_transform(self, latents: FloatArray) -> FloatArray:
        """Decode latents into spectra."""
        return _in_blocks(
            lambda rows: (
                self.decoder(rows.astype(np.float32)) * self.scale + self.shift
            ),
            latents,
        )


def layer_of(tree: Any) -> Layer:
    """Give what a tree of layers computes.

    Parameters
    ----------
    tree : dict
        As `spectransfer.nn.describe` gives it.

    Returns
    -------
    callable
        From rows in float32 to rows in float32.

    Raises
    ------
    ValueError
        The tree describes no network.
    """
    kind = tree.get("layer") if isinstance(tree, dict) else None
    if kind == "dense":
        return _dense(tree["kernel"], tree["bias"])
    if kind == "leaky":
        slope = np.float32(tree["slope"])
        return lambda x: np.where(x > 0, x, slope * x)
    if kind == "same":
        return lambda x: x
    if kind in ("chain", "mlp"):
        layers = [layer_of(part) for _, part in tree["parts"]]
        return lambda x: _chained(layers, x)
    if kind == "sum":
        inner, beside = layer_of(tree["layers"]), layer_of(tree["shortcut"])
        return lambda x: inner(x) + beside(x)
    raise ValueError(f"a network has a layer that is none of ours: {kind!r:.60}")


def _dense(kernel: Any, bias: Any) -> Layer:
    for array, n_axes in ((kernel, 2), (bias, 1)):
        if array is not None and (
            not isinstance(array, np.ndarray)
            or array.dtype != np.float32
            or array.ndim != n_axes
        ):
            raise ValueError("a dense layer needs arrays in float32")
        if array is not None and (0 in array.shape or max(array.shape) > _WIDEST):
            raise ValueError(f"a dense layer has the shape {array.shape}")
    if kernel is None:
        raise ValueError("a dense layer has no kernel")
    if bias is None:
        return lambda x: x @ kernel.T
    return lambda x: x @ kernel.T + bias


def _chained(layers: list[Layer], x: FloatArray) -> FloatArray:
    for layer in layers:
        x = layer(x)
    return x


def _in_blocks(layer: Layer, rows: FloatArray) -> FloatArray:
    """Compute in blocks of one size, so that no row depends on how many there are."""
    made = []
    for start in range(0, max(len(rows), 1), BLOCK_ROWS):
        block = np.asarray(rows[start : start + BLOCK_ROWS])
        n_rows = len(block)
        padded = np.zeros((BLOCK_ROWS, rows.shape[1]), block.dtype)
        padded[:n_rows] = block
        made.append(layer(padded)[:n_rows])
    return np.concatenate(made)
