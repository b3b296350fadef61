"""Simulated LIBS maps: rock, plasma, spectrometers, and what changes overnight.

=================== ==========================================================
`_atoms`            lines, levels, and Saha's equation
`_minerals`         what the rock is made of
`_grains`           where its grains are
`_shots`            what each laser shot ablates, and the state of its plume
`_plasma`           light of a plume
`_profiles`         line profiles as matrices
`_spectrometer`     response, dark level and noise of a spectrometer
`_recording`        plumes to spectra, for one spectrometer on one day
`_effects`          switches of all that varies
`_measure`          maps in batches, into memory or files
`_layout`           what is asked for, and where it goes
`_make`             the public function
=================== ==========================================================
"""

from spectransfer.simulation._effects import DayDrift, ShotVariation
from spectransfer.simulation._grains import Rock
from spectransfer.simulation._make import make_libs_maps
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
