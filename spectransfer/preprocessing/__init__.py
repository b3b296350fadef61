"""What is done to spectra before a transfer: baseline, scale, wavelength axis."""

from spectransfer.preprocessing._baseline import BaselineCorrector
from spectransfer.preprocessing._scaling import StandardScaler

__all__ = ["BaselineCorrector", "StandardScaler"]
