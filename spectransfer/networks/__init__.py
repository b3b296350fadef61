"""The networks as estimators, and how they are trained."""

from spectransfer._imports import lazy_names

_MODULE_OF = {
    "PublishedTraining": "spectransfer.networks._training",
    "SpectralMLP": "spectransfer.networks._mlp",
    "SpectralVAE": "spectransfer.networks._vae",
    "Training": "spectransfer.networks._training",
}

# not in __all__: for other rooms of this house
_FOR_ROOMS = {
    "HeldParts": "spectransfer.networks._network",
    "NETWORK_CONSTRAINTS": "spectransfer.networks._network",
    "NetworkEstimator": "spectransfer.networks._network",
    "check_validation_pair": "spectransfer.networks._network",
    "columns": "spectransfer.networks._network",
    "encoder_layers_for": "spectransfer.networks._network",
}

__all__ = sorted(_MODULE_OF)
__getattr__, __dir__ = lazy_names(__name__, _MODULE_OF | _FOR_ROOMS)
