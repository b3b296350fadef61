"""Networks: torch modules, losses, the KL schedule, and all of skorch."""

from spectransfer.nn._data import SpectraDataset, Unit
from spectransfer.nn._inference import forward_blocks
from spectransfer.nn._losses import VAELoss, kl_divergence, l2_penalty
from spectransfer.nn._modules import MLP, VAE, MappedDecoder
from spectransfer.nn._nets import (
    Training,
    learning_curves,
    make_net,
    resolve_device,
    train,
)
from spectransfer.nn._schedules import cyclical_annealing

__all__ = [
    "MLP",
    "VAE",
    "MappedDecoder",
    "SpectraDataset",
    "Training",
    "Unit",
    "VAELoss",
    "cyclical_annealing",
    "forward_blocks",
    "kl_divergence",
    "l2_penalty",
    "learning_curves",
    "make_net",
    "resolve_device",
    "train",
]
