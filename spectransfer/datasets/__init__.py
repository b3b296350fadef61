"""Paired spectra of two instruments: generated, and read from files."""

from spectransfer.datasets._files import load_pair, save_pair
from spectransfer.datasets._instruments import make_instrument_pair
from spectransfer.datasets._maps import PairedMaps
from spectransfer.datasets._pair import SpectraPair

__all__ = [
    "PairedMaps",
    "SpectraPair",
    "load_pair",
    "make_instrument_pair",
    "save_pair",
]
