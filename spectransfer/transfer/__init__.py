"""Ways of transferring spectra, one in each file; the VAE route is the paper's."""

from spectransfer._imports import lazy_names

_MODULE_OF = {
    "DirectMLPTransfer": "spectransfer.transfer.direct_mlp",
    "DirectStandardization": "spectransfer.transfer.direct_standardization",
    "FewStandardsTransfer": "spectransfer.transfer.few_standards",
    "KNNTransfer": "spectransfer.transfer.knn",
    "MeanTransfer": "spectransfer.transfer.mean",
    "OffsetTransfer": "spectransfer.transfer.offset",
    "PiecewiseDirectStandardization": "spectransfer.transfer.piecewise",
    "SpectralSpaceTransformation": "spectransfer.transfer.spectral_space",
    "VAELatentTransfer": "spectransfer.transfer.latent",
}

__all__ = sorted(_MODULE_OF)
__getattr__, __dir__ = lazy_names(__name__, _MODULE_OF)
