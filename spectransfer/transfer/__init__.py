"""Ways of transferring spectra, one in each file; the VAE route is the paper's."""

from typing import TYPE_CHECKING

from spectransfer._imports import lazy_names

_MODULE_OF = {
    "DirectMLPTransfer": "spectransfer.transfer.direct_mlp",
    "KNNTransfer": "spectransfer.transfer.knn",
    "MeanTransfer": "spectransfer.transfer.mean",
    "VAELatentTransfer": "spectransfer.transfer.latent",
}

__all__ = sorted(_MODULE_OF)
if TYPE_CHECKING:  # written by .ci/lazy_types.py
    from spectransfer.transfer.direct_mlp import DirectMLPTransfer as DirectMLPTransfer
    from spectransfer.transfer.knn import KNNTransfer as KNNTransfer
    from spectransfer.transfer.latent import VAELatentTransfer as VAELatentTransfer
    from spectransfer.transfer.mean import MeanTransfer as MeanTransfer
else:
    __getattr__, __dir__ = lazy_names(__name__, _MODULE_OF)
