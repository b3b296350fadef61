"""Paired spectra of two instruments: generated, and read from files."""

from spectransfer.datasets._fetch import fetch_libs_transfer
from spectransfer.datasets._files import load_pair, save_pair
from spectransfer.datasets._instruments import make_instrument_pair
from spectransfer.datasets._libs import (
    PRIMARY,
    SECONDARY,
    DayDrift,
    Rock,
    ShotVariation,
    Spectrometer,
    make_libs_maps,
)
from spectransfer.datasets._maps import PairedMaps
from spectransfer.datasets._pair import SpectraPair
from spectransfer.datasets._publish import create_libs_transfer, save_libs_transfer
from spectransfer.datasets._published import load_libs_transfer

__all__ = [
    "PRIMARY",
    "SECONDARY",
    "DayDrift",
    "PairedMaps",
    "Rock",
    "ShotVariation",
    "SpectraPair",
    "Spectrometer",
    "create_libs_transfer",
    "fetch_libs_transfer",
    "load_libs_transfer",
    "load_pair",
    "make_instrument_pair",
    "make_libs_maps",
    "save_libs_transfer",
    "save_pair",
]
