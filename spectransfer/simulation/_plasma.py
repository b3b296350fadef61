"""Light of one plasma: line strengths, self-absorption, widths, continuum.

Arrays run over lines first and shots second, which is what the matrix products of
`_recording` want. Intensities are photons per unit of time, since that is what a
detector counts, in a unit that `_recording` calibrates.
"""

from dataclasses import dataclass

import numpy as np

from spectransfer._typing import FloatArray
from spectransfer.simulation._atoms import (
    BOLTZMANN_EV,
    SPEED_OF_LIGHT,
    Lines,
    Species,
    ion_share,
)

COLUMN_DENSITY = 1.2e16  # atoms per cm2 along the line of sight, for a mass of 1
REFERENCE_TEMPERATURE = 10_500.0  # K
REFERENCE_DENSITY = 1.2e17  # electrons per cm3
_HC_EV_NM = 1239.841984


@dataclass(frozen=True)
class Plasma:
    """State of the plumes of some shots, as one spectrometer sees them.

    `temperature` in K, `electron_density` per cm3, both of shape (n_shots,); `atoms`
    of shape (n_elements, n_shots) is the ablated mass times the share of each element.
    """

    temperature: FloatArray
    electron_density: FloatArray
    atoms: FloatArray


def line_emission(
    plasma: Plasma, lines: Lines, species: Species, *, absorption: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    r"""Integrated intensity and Lorentz width of every line in every shot.

    .. math:: \eta = \frac{N_s}{U_s} g_k A_{ki} e^{-E_k / k T}, \qquad
              I = \eta\,(1 + \tau + \tfrac{\pi^2}{16} \tau^2)^{-1/4}

    Parameters
    ----------
    plasma : Plasma
        State of `n_shots` plumes.
    lines : Lines
        What can be emitted.
    species : Species
        Ionization energies and partition functions.
    absorption : float, default=1.0
        Factor on the optical depth; 0 for a transparent plasma.

    Returns
    -------
    intensity, width : ndarray of shape (n_lines, n_shots)
        `width` is the full width at half maximum in nm of the Lorentzian part.
    """
    population = populations(plasma, species).astype(np.float32)
    beta = (-1.0 / (BOLTZMANN_EV * plasma.temperature)).astype(np.float32)
    density = (plasma.electron_density / 1e17).astype(np.float32)
    share = population[lines.species]
    excited = np.exp(lines.upper.astype(np.float32)[:, None] * beta)
    eta = share * excited
    width = lines.stark.astype(np.float32)[:, None] * density
    if absorption > 0:
        ground = np.exp(lines.lower.astype(np.float32)[:, None] * beta)
        ground -= excited
        ground *= share
        ground *= (absorption * depth_factor(lines)).astype(np.float32)[:, None]
        doppler = doppler_width(lines, species, REFERENCE_TEMPERATURE)
        depth = ground / total_width(width, doppler.astype(np.float32)[:, None])
        width *= saturated_broadening(depth)
        eta *= self_absorption(depth)
    eta *= lines.strength.astype(np.float32)[:, None]
    return eta, width


def populations(plasma: Plasma, species: Species) -> FloatArray:
    """Number of atoms and ions over their partition function, (n_species, n_shots)."""
    partition = species.partition(plasma.temperature)
    ionized = ion_share(
        plasma.temperature,
        plasma.electron_density,
        species.ionization_energies[::2],
        partition,
    )
    out = np.empty_like(partition)
    out[::2] = plasma.atoms * (1.0 - ionized)
    out[1::2] = plasma.atoms * ionized
    return out / partition


def depth_factor(lines: Lines) -> FloatArray:
    r"""Optical depth at the line's centre for one lower atom per weight, times width.

    .. math:: \frac{\lambda^4}{8 \pi c} g_k A_{ki} N \frac{2}{\pi}
    """
    cm = lines.wavelengths * 1e-7
    cross_section = cm**4 / (8 * np.pi * SPEED_OF_LIGHT) * lines.strength
    per_nm = 2.0 / np.pi * 1e7
    return cross_section * COLUMN_DENSITY * per_nm


def self_absorption(depth: FloatArray) -> FloatArray:
    """Share of the light of a line that leaves the plasma (1 when transparent)."""
    root = 1.0 + depth + (np.pi**2 / 16) * np.square(depth)
    np.sqrt(root, out=root)
    np.sqrt(root, out=root)
    return np.reciprocal(root, out=root)


def saturated_broadening(depth: FloatArray) -> FloatArray:
    """Factor on the width of a Lorentzian line whose centre is absorbed."""
    depth = np.maximum(depth, 1e-3)
    half = np.log(2.0 / (1.0 + np.exp(-depth)))
    return np.sqrt(depth / half - 1.0)


def doppler_width(lines: Lines, species: Species, temperature: float) -> FloatArray:
    """Full width in nm that the motion of the atoms gives, of shape (n_lines,)."""
    weight = species.weights[lines.species]
    return 7.16e-7 * lines.wavelengths * np.sqrt(temperature / weight)


def total_width(lorentz: FloatArray, gauss: FloatArray) -> FloatArray:
    """Full width at half maximum of a Voigt profile (Olivero and Longbothum 1977)."""
    return 0.5346 * lorentz + np.sqrt(0.2166 * np.square(lorentz) + np.square(gauss))


def continuum_shape(wavelengths: FloatArray, temperature: float) -> FloatArray:
    r"""Photons of bremsstrahlung and recombination per nm, 1 at 330 nm.

    .. math:: \frac{1}{\lambda} \left(1 - e^{-hc / \lambda k T}
              + 0.5\, e^{-hc / \lambda k T}\right)
    """

    def shape(nm: FloatArray) -> FloatArray:
        free = np.exp(-_HC_EV_NM / (nm * BOLTZMANN_EV * temperature))
        return (1.0 - 0.5 * free) / nm

    return shape(wavelengths) / shape(np.array(330.0))


def continuum_strength(plasma: Plasma) -> FloatArray:
    """Mass x electron density / sqrt(T), 1 for the reference plume, of (n_shots,)."""
    mass = plasma.atoms.sum(axis=0)
    density = plasma.electron_density / REFERENCE_DENSITY
    return mass * density / np.sqrt(plasma.temperature / REFERENCE_TEMPERATURE)
