"""Spectra of one spot from two instruments: as tables, and as maps with places."""

from spectransfer._axis import Axis
from spectransfer.spectra._detectors import merge_detectors
from spectransfer.spectra._maps import PairedMaps
from spectransfer.spectra._pair import Pair as Pair
from spectransfer.spectra._pair import SpectraPair
from spectransfer.spectra._pair import as_pair as as_pair
from spectransfer.spectra._pair import as_table as as_table
from spectransfer.spectra._raster import check_layout as check_layout
from spectransfer.spectra._raster import shot_order, shot_positions
from spectransfer.spectra._sides import LIBRARY_DAY as LIBRARY_DAY
from spectransfer.spectra._sides import SIDES as SIDES
from spectransfer.spectra._sides import band_sums as band_sums
from spectransfer.spectra._single import Spectra

__all__ = [
    "Axis",
    "PairedMaps",
    "Spectra",
    "SpectraPair",
    "merge_detectors",
    "shot_order",
    "shot_positions",
]
