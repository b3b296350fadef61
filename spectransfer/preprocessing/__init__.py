"""What is done to spectra before a transfer: baseline, scale, wavelength axis."""

from spectransfer.preprocessing._alignment import AxisAligner
from spectransfer.preprocessing._baseline import BaselineCorrector
from spectransfer.preprocessing._blind import BlindCorrector
from spectransfer.preprocessing._cropping import WavelengthCropper
from spectransfer.preprocessing._drift import DriftCorrector
from spectransfer.preprocessing._lamp_lines import axis_from_lines
from spectransfer.preprocessing._resampling import WavelengthResampler
from spectransfer.preprocessing._scaling import StandardScaler

__all__ = [
    "AxisAligner",
    "BaselineCorrector",
    "BlindCorrector",
    "DriftCorrector",
    "StandardScaler",
    "WavelengthCropper",
    "WavelengthResampler",
    "axis_from_lines",
]
