"""Ways of transferring spectra, one in each file; the VAE route is the paper's."""

from typing import TYPE_CHECKING

from spectransfer._imports import lazy_names

_MODULE_OF = {
    "DirectMLPTransfer": "spectransfer.transfer._direct_mlp",
    "KNNTransfer": "spectransfer.transfer._knn",
    "MeanTransfer": "spectransfer.transfer._mean",
    "VAELatentTransfer": "spectransfer.transfer._latent",
}

__all__ = sorted(_MODULE_OF)
if TYPE_CHECKING:  # written by .ci/lazy_types.py
    from spectransfer.transfer._direct_mlp import DirectMLPTransfer as DirectMLPTransfer
    from spectransfer.transfer._knn import KNNTransfer as KNNTransfer
    from spectransfer.transfer._latent import VAELatentTransfer as VAELatentTransfer
    from spectransfer.transfer._mean import MeanTransfer as MeanTransfer
else:
    __getattr__, __dir__ = lazy_names(__name__, _MODULE_OF)
