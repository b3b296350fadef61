"""Networks: torch modules, losses, the KL schedule, and all of skorch."""

from spectransfer.nn._data import SpectraDataset, Unit, leading_components
from spectransfer.nn._engine import (
    learning_curves,
    make_net,
    train,
)
from spectransfer.nn._hardware import PRECISIONS, resolve_device, usable_device
from spectransfer.nn._inference import forward_blocks
from spectransfer.nn._losses import (
    DecodedLoss,
    SquaredError,
    VAELoss,
    cyclical_annealing,
    kl_divergence,
    l2_penalty,
)
from spectransfer.nn._modules import MLP, VAE, hidden_stack
from spectransfer.nn._plan import Plan

__all__ = [
    "MLP",
    "PRECISIONS",
    "VAE",
    "DecodedLoss",
    "Plan",
    "SpectraDataset",
    "SquaredError",
    "Unit",
    "VAELoss",
    "cyclical_annealing",
    "forward_blocks",
    "hidden_stack",
    "kl_divergence",
    "l2_penalty",
    "leading_components",
    "learning_curves",
    "make_net",
    "resolve_device",
    "train",
    "usable_device",
]
