"""Networks: torch modules, losses, the KL schedule, and all of skorch."""

from spectransfer.nn._checkpoints import resumable
from spectransfer.nn._data import Seen, SpectraDataset, Unit
from spectransfer.nn._described import describe, module_of, net_around
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
from spectransfer.nn._modules import MLP, VAE, hidden_stack, regression_through
from spectransfer.nn._plan import Plan
from spectransfer.nn._subspace import Subspace, narrowed, subspace_of

__all__ = [
    "MLP",
    "PRECISIONS",
    "VAE",
    "DecodedLoss",
    "Plan",
    "Seen",
    "SpectraDataset",
    "SquaredError",
    "Subspace",
    "Unit",
    "VAELoss",
    "cyclical_annealing",
    "describe",
    "forward_blocks",
    "hidden_stack",
    "kl_divergence",
    "l2_penalty",
    "learning_curves",
    "make_net",
    "module_of",
    "narrowed",
    "net_around",
    "regression_through",
    "resolve_device",
    "resumable",
    "subspace_of",
    "train",
    "usable_device",
]
