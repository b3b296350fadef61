"""Spectra to begin with: generated, simulated, downloaded, and your own."""

from spectransfer.datasets._fetch import fetch_libs_transfer
from spectransfer.datasets._instruments import make_instrument_pair
from spectransfer.io import load_libs_transfer, load_pair
from spectransfer.simulation import make_libs_maps

__all__ = [
    "fetch_libs_transfer",
    "load_libs_transfer",
    "load_pair",
    "make_instrument_pair",
    "make_libs_maps",
]
