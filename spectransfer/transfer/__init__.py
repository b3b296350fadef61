"""Ways of transferring spectra, one in each file; the VAE route is the paper's."""

from spectransfer._imports import lazy_names

_MODULE_OF = {
    "DirectMLPTransfer": "spectransfer.transfer._direct_mlp",
    "KNNTransfer": "spectransfer.transfer._knn",
    "MeanTransfer": "spectransfer.transfer._mean",
    "VAELatentTransfer": "spectransfer.transfer._latent",
}

__all__ = sorted(_MODULE_OF)
__getattr__, __dir__ = lazy_names(__name__, _MODULE_OF)
