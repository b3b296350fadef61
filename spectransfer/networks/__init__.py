"""The networks as estimators, and how they are trained."""

from typing import TYPE_CHECKING

from spectransfer._imports import lazy_names

_MODULE_OF = {
    "PublishedTraining": "spectransfer.networks._training",
    "SpectralMLP": "spectransfer.networks._mlp",
    "SpectralVAE": "spectransfer.networks._vae",
    "Training": "spectransfer.networks._training",
    "resumable": "spectransfer.nn",
}

# not in __all__: for other rooms of this house
_FOR_ROOMS = {
    "NETWORK_CONSTRAINTS": "spectransfer.networks._network",
    "NetworkEstimator": "spectransfer.networks._network",
    "check_validation_pair": "spectransfer.networks._network",
    "columns": "spectransfer.networks._network",
    "encoder_layers_for": "spectransfer.networks._network",
}

__all__ = sorted(_MODULE_OF)
if TYPE_CHECKING:  # written by .ci/lazy_types.py
    from spectransfer.networks._mlp import SpectralMLP as SpectralMLP
    from spectransfer.networks._network import (
        NETWORK_CONSTRAINTS as NETWORK_CONSTRAINTS,
    )
    from spectransfer.networks._network import NetworkEstimator as NetworkEstimator
    from spectransfer.networks._network import (
        check_validation_pair as check_validation_pair,
    )
    from spectransfer.networks._network import columns as columns
    from spectransfer.networks._network import encoder_layers_for as encoder_layers_for
    from spectransfer.networks._training import PublishedTraining as PublishedTraining
    from spectransfer.networks._training import Training as Training
    from spectransfer.networks._vae import SpectralVAE as SpectralVAE
    from spectransfer.nn import resumable as resumable
else:
    __getattr__, __dir__ = lazy_names(__name__, _MODULE_OF | _FOR_ROOMS)
