"""Trained networks as trees of layers and arrays, and back.

A tree says all that a network computes, in a form that any language can read:

    {"layer": "dense", "kernel": (n_out, n_in), "bias": (n_out,) or None}
    {"layer": "leaky", "slope": 0.2}
    {"layer": "same"}
    {"layer": "chain" or "mlp", "parts": [[name, tree], ...]}
    {"layer": "sum", "layers": tree, "shortcut": tree}
    {"layer": "vae", "entrance", "encoder", "mean", "log_variance", "decoder": trees,
     "shortcut": tree or None}
"""

from typing import Any

import numpy as np
import torch
from torch import nn

from spectransfer.nn._engine import TrainedNet
from spectransfer.nn._losses import SquaredError
from spectransfer.nn._modules import MLP, VAE, Shortcut

_MEMBERS: dict[str, tuple[type[nn.Module], tuple[str, ...]]] = {
    "sum": (Shortcut, ("layers", "shortcut")),
    "vae": (
        VAE,
        ("entrance", "encoder", "mean", "log_variance", "decoder", "shortcut"),
    ),
}
# a layer of few numbers with many outputs would take far more memory than its file
WIDEST = 2**17
_CHAINS: dict[str, type[nn.Sequential]] = {"mlp": MLP, "chain": nn.Sequential}


def describe(module: nn.Module | None) -> dict[str, Any] | None:
    """Write a network as a tree.

    Parameters
    ----------
    module : Module or None
        One of ours, trained.

    Returns
    -------
    dict or None
        Its layers, with arrays in float32.

    Raises
    ------
    TypeError
        A layer that is none of ours.
    """
    if module is None:
        return None
    if type(module) is nn.Linear:
        bias = None if module.bias is None else _array(module.bias)
        return {"layer": "dense", "kernel": _array(module.weight), "bias": bias}
    if type(module) is nn.LeakyReLU:
        return {"layer": "leaky", "slope": float(module.negative_slope)}
    if type(module) is nn.Identity:
        return {"layer": "same"}
    for kind, chain in _CHAINS.items():
        if type(module) is chain:
            parts = [[name, describe(part)] for name, part in module.named_children()]
            return {"layer": kind, "parts": parts}
    for kind, (made, names) in _MEMBERS.items():
        if type(module) is made:
            members = {name: describe(getattr(module, name)) for name in names}
            return {"layer": kind, **members}
    raise TypeError(f"{type(module).__name__} is no layer of ours.")


def module_of(tree: dict[str, Any]) -> nn.Module:
    """Build the network that a tree describes.

    Parameters
    ----------
    tree : dict
        As `describe` gives it.

    Returns
    -------
    Module
        In evaluation mode, with arrays of its own.

    Raises
    ------
    ValueError
        The tree describes no network.
    """
    kind = tree.get("layer") if isinstance(tree, dict) else None
    if kind == "dense":
        return _dense(tree.get("kernel"), tree.get("bias"))
    if kind == "leaky" and isinstance(tree.get("slope"), float):
        return nn.LeakyReLU(tree["slope"])
    if kind == "same":
        return nn.Identity()
    module: nn.Module
    if kind in _CHAINS and isinstance(tree.get("parts"), list):
        module = _bare(_CHAINS[kind])
        for part in tree["parts"]:
            if not (isinstance(part, list) and len(part) == 2):
                raise ValueError("a chain of layers has a part that is no pair")
            _add(module, part[0], module_of(part[1]))
        return module.eval()
    if kind in _MEMBERS:
        made, names = _MEMBERS[kind]
        module = _bare(made)
        for name in names:
            member = tree.get(name)
            _add(module, name, None if member is None else module_of(member))
        return module.eval()
    raise ValueError(f"a network has a layer that is none of ours: {kind!r:.60}")


def net_around(module: nn.Module) -> TrainedNet:
    """Give a trained net that holds a module, to predict with.

    Parameters
    ----------
    module : Module
        The network.

    Returns
    -------
    TrainedNet
        As after a training, without its history.
    """
    net = TrainedNet(
        module, criterion=SquaredError(), optimizer=None, device="cpu", callbacks=[]
    )
    net.set_params(callbacks__print_log=None, verbose=0)
    net.initialize()
    net.criterion_ = net.criterion = None
    net.callbacks_ = []
    return net


def _array(weights: torch.Tensor) -> np.ndarray:
    return weights.detach().cpu().numpy()


def _bare(kind: type[nn.Module]) -> Any:
    """Make a module without layers, whatever its own beginning would draw."""
    module = kind.__new__(kind)
    nn.Module.__init__(module)
    return module


def _add(module: nn.Module, name: Any, part: nn.Module | None) -> None:
    if not ((isinstance(name, str) and name.isidentifier()) or str(name).isdecimal()):
        raise ValueError(f"a layer has a name that is none: {name!r:.60}")
    if name in module._modules or hasattr(type(module), name):
        raise ValueError(f"a layer has a name that is taken: {name!r:.60}")
    module.add_module(name, part)


def _dense(kernel: Any, bias: Any) -> nn.Linear:
    arrays = [array for array in (kernel, bias) if array is not None]
    if not all(isinstance(a, np.ndarray) and a.dtype == np.float32 for a in arrays):
        raise ValueError("a dense layer needs arrays in float32")
    if kernel is not None and (0 in kernel.shape or max(kernel.shape) > WIDEST):
        raise ValueError(f"a dense layer has the shape {kernel.shape}")
    if kernel is None or kernel.ndim != 2:
        raise ValueError("a dense layer needs a kernel of two dimensions")
    if bias is not None and bias.shape != kernel.shape[:1]:
        raise ValueError("a dense layer has a bias that does not fit its kernel")
    layer: Any = _bare(nn.Linear)
    layer.out_features, layer.in_features = kernel.shape
    # a copy: it keeps the order of memory, and stands where torch would put it
    layer.weight = nn.Parameter(torch.from_numpy(kernel).clone())
    layer.bias = None if bias is None else nn.Parameter(torch.from_numpy(bias).clone())
    made: nn.Linear = layer
    return made
