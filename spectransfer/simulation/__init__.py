"""Simulated LIBS maps: rock, plasma, spectrometers, and what changes overnight.

=============== ==============================================================
`_plasma`       atomic data, Saha's equation, the light of a plume
`_rock`         what the rock is made of, and where its grains are
`_shots`        switches of all that varies; what each laser shot ablates
`_spectrometer` axis, response, dark level and noise of a spectrometer
`_profiles`     line profiles as matrices
`_recording`    plumes to spectra, for one spectrometer on one day; whole maps
`_make`         the public function: what is asked for, checked and made
=============== ==============================================================
"""

from spectransfer.simulation._make import make_libs_maps
from spectransfer.simulation._rock import Rock
from spectransfer.simulation._shots import DayDrift, ShotVariation
from spectransfer.simulation._spectrometer import PRIMARY, SECONDARY, Spectrometer

__all__ = [
    "PRIMARY",
    "SECONDARY",
    "DayDrift",
    "Rock",
    "ShotVariation",
    "Spectrometer",
    "make_libs_maps",
]
