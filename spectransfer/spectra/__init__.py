"""Spectra of one spot from two instruments: as tables, and as maps with places."""

from spectransfer.spectra._as_pair import Pair, as_pair, as_table
from spectransfer.spectra._maps import PairedMaps
from spectransfer.spectra._pair import SpectraPair
from spectransfer.spectra._raster import (
    RASTERS,
    check_layout,
    check_step,
    region_order,
    shot_order,
    shot_positions,
)
from spectransfer.spectra._sides import (
    SIDES,
    band_sums,
    check_side_name,
    wavelength_names,
)

__all__ = [
    "RASTERS",
    "SIDES",
    "Pair",
    "PairedMaps",
    "SpectraPair",
    "as_pair",
    "as_table",
    "band_sums",
    "check_layout",
    "check_side_name",
    "check_step",
    "region_order",
    "shot_order",
    "shot_positions",
    "wavelength_names",
]
