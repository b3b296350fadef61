"""Ways of transferring spectra, one in each file; the VAE route is the paper's."""

from typing import TYPE_CHECKING

from spectransfer._imports import lazy_names
from spectransfer.transfer._slope_bias import slope_and_bias as slope_and_bias

_MODULE_OF = {
    "CanonicalCorrelationTransfer": "spectransfer.transfer._canonical",
    "DirectMLPTransfer": "spectransfer.transfer._direct_mlp",
    "DirectStandardization": "spectransfer.transfer._direct_standardization",
    "FewStandardsTransfer": "spectransfer.transfer._few_standards",
    "KNNTransfer": "spectransfer.transfer._knn",
    "LibraryMoments": "spectransfer.transfer._population",
    "MeanTransfer": "spectransfer.transfer._mean",
    "OffsetTransfer": "spectransfer.transfer._offset",
    "PiecewiseDirectStandardization": "spectransfer.transfer._piecewise",
    "SlopeBiasCorrection": "spectransfer.transfer._slope_bias",
    "SpectralSpaceTransformation": "spectransfer.transfer._spectral_space",
    "VAELatentTransfer": "spectransfer.transfer._latent",
}

# not in __all__: for other rooms of this house
_FOR_ROOMS = {"StoredSpectra": "spectransfer.transfer._neighbors"}

__all__ = sorted(_MODULE_OF)
if TYPE_CHECKING:  # written by .ci/lazy_types.py
    from spectransfer.transfer._canonical import (
        CanonicalCorrelationTransfer as CanonicalCorrelationTransfer,
    )
    from spectransfer.transfer._direct_mlp import DirectMLPTransfer as DirectMLPTransfer
    from spectransfer.transfer._direct_standardization import (
        DirectStandardization as DirectStandardization,
    )
    from spectransfer.transfer._few_standards import (
        FewStandardsTransfer as FewStandardsTransfer,
    )
    from spectransfer.transfer._knn import KNNTransfer as KNNTransfer
    from spectransfer.transfer._latent import VAELatentTransfer as VAELatentTransfer
    from spectransfer.transfer._mean import MeanTransfer as MeanTransfer
    from spectransfer.transfer._neighbors import StoredSpectra as StoredSpectra
    from spectransfer.transfer._offset import OffsetTransfer as OffsetTransfer
    from spectransfer.transfer._piecewise import (
        PiecewiseDirectStandardization as PiecewiseDirectStandardization,
    )
    from spectransfer.transfer._population import LibraryMoments as LibraryMoments
    from spectransfer.transfer._slope_bias import (
        SlopeBiasCorrection as SlopeBiasCorrection,
    )
    from spectransfer.transfer._spectral_space import (
        SpectralSpaceTransformation as SpectralSpaceTransformation,
    )
else:
    __getattr__, __dir__ = lazy_names(__name__, _MODULE_OF | _FOR_ROOMS)
