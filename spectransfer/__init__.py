"""Carry spectra from a secondary spectrometer into the space of a primary one."""

from spectransfer._imports import lazy_names
from spectransfer._version import __version__

_MODULE_OF = {
    "BaselineCorrector": "spectransfer.preprocessing",
    "DirectMLPTransfer": "spectransfer.transfer",
    "DirectStandardization": "spectransfer.transfer",
    "FewStandardsTransfer": "spectransfer.transfer",
    "KNNTransfer": "spectransfer.transfer",
    "MeanTransfer": "spectransfer.transfer",
    "OffsetTransfer": "spectransfer.transfer",
    "PiecewiseDirectStandardization": "spectransfer.transfer",
    "PrimarySpaceRegressor": "spectransfer.pipeline",
    "SpectralMLP": "spectransfer.networks",
    "SpectralSpaceTransformation": "spectransfer.transfer",
    "SpectralVAE": "spectransfer.networks",
    "StandardScaler": "spectransfer.preprocessing",
    "VAELatentTransfer": "spectransfer.transfer",
    "WavelengthCropper": "spectransfer.preprocessing",
    "WavelengthResampler": "spectransfer.preprocessing",
    "k_score_scorer": "spectransfer.metrics",
    "make_published_pipeline": "spectransfer.pipeline",
    "make_transfer_pipeline": "spectransfer.pipeline",
    "rse_scorer": "spectransfer.metrics",
    "transfer_spectra": "spectransfer.pipeline",
}

__all__ = ["__version__", *sorted(_MODULE_OF)]
__getattr__, __dir__ = lazy_names(__name__, _MODULE_OF)
