"""Carry spectra from a secondary spectrometer into the space of a primary one."""

from typing import TYPE_CHECKING

from spectransfer._imports import lazy_names
from spectransfer._version import __version__

_MODULE_OF = {
    "BaselineCorrector": "spectransfer.preprocessing",
    "CanonicalCorrelationTransfer": "spectransfer.transfer",
    "DirectMLPTransfer": "spectransfer.transfer",
    "DirectStandardization": "spectransfer.transfer",
    "DriftCorrector": "spectransfer.preprocessing",
    "FewStandardsTransfer": "spectransfer.transfer",
    "KNNTransfer": "spectransfer.transfer",
    "MeanTransfer": "spectransfer.transfer",
    "OffsetTransfer": "spectransfer.transfer",
    "PiecewiseDirectStandardization": "spectransfer.transfer",
    "PrimarySpaceRegressor": "spectransfer.pipeline",
    "SlopeBiasCorrection": "spectransfer.transfer",
    "SpectralMLP": "spectransfer.networks",
    "SpectralSpaceTransformation": "spectransfer.transfer",
    "SpectralVAE": "spectransfer.networks",
    "StandardScaler": "spectransfer.preprocessing",
    "Training": "spectransfer.networks",
    "VAELatentTransfer": "spectransfer.transfer",
    "WavelengthCropper": "spectransfer.preprocessing",
    "WavelengthResampler": "spectransfer.preprocessing",
    "k_score_scorer": "spectransfer.metrics",
    "make_published_pipeline": "spectransfer.pipeline",
    "make_transfer_pipeline": "spectransfer.pipeline",
    "recalibrate": "spectransfer.adaptation",
    "rse_scorer": "spectransfer.metrics",
    "transfer_spectra": "spectransfer.pipeline",
}

__all__ = ["__version__", *sorted(_MODULE_OF)]
if TYPE_CHECKING:  # written by .ci/lazy_types.py
    from spectransfer.adaptation import recalibrate as recalibrate
    from spectransfer.metrics import k_score_scorer as k_score_scorer
    from spectransfer.metrics import rse_scorer as rse_scorer
    from spectransfer.networks import SpectralMLP as SpectralMLP
    from spectransfer.networks import SpectralVAE as SpectralVAE
    from spectransfer.networks import Training as Training
    from spectransfer.pipeline import PrimarySpaceRegressor as PrimarySpaceRegressor
    from spectransfer.pipeline import make_published_pipeline as make_published_pipeline
    from spectransfer.pipeline import make_transfer_pipeline as make_transfer_pipeline
    from spectransfer.pipeline import transfer_spectra as transfer_spectra
    from spectransfer.preprocessing import BaselineCorrector as BaselineCorrector
    from spectransfer.preprocessing import DriftCorrector as DriftCorrector
    from spectransfer.preprocessing import StandardScaler as StandardScaler
    from spectransfer.preprocessing import WavelengthCropper as WavelengthCropper
    from spectransfer.preprocessing import WavelengthResampler as WavelengthResampler
    from spectransfer.transfer import (
        CanonicalCorrelationTransfer as CanonicalCorrelationTransfer,
    )
    from spectransfer.transfer import DirectMLPTransfer as DirectMLPTransfer
    from spectransfer.transfer import DirectStandardization as DirectStandardization
    from spectransfer.transfer import FewStandardsTransfer as FewStandardsTransfer
    from spectransfer.transfer import KNNTransfer as KNNTransfer
    from spectransfer.transfer import MeanTransfer as MeanTransfer
    from spectransfer.transfer import OffsetTransfer as OffsetTransfer
    from spectransfer.transfer import (
        PiecewiseDirectStandardization as PiecewiseDirectStandardization,
    )
    from spectransfer.transfer import SlopeBiasCorrection as SlopeBiasCorrection
    from spectransfer.transfer import (
        SpectralSpaceTransformation as SpectralSpaceTransformation,
    )
    from spectransfer.transfer import VAELatentTransfer as VAELatentTransfer
else:
    __getattr__, __dir__ = lazy_names(__name__, _MODULE_OF)
