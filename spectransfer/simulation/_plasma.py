"""A plasma and its light: atomic data, ionization, lines, self-absorption, continuum.

A plasma in local thermodynamic equilibrium is described by its temperature and
electron density alone: Saha's equation says how many atoms have lost an electron,
partition functions how the levels share what is left. Lines and levels are those of
the NIST Atomic Spectra Database and of linemake (see ``data/README.md``).

Arrays run over lines first and shots second, which is what the matrix products of
`_recording` want. Intensities are photons per unit of time, since that is what a
detector counts, in a unit that `_recording` calibrates.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from spectransfer._typing import FloatArray, IntArray

BOLTZMANN_EV = 8.617333262e-5  # eV per K
SPEED_OF_LIGHT = 2.99792458e10  # cm per s
SAHA_CONSTANT = 2.4147e15  # 2 (2 pi m_e k / h^2)^(3/2) / 2, per cm3 and K^(3/2)
MAX_STARK_WIDTH = 0.8  # nm
COLUMN_DENSITY = 1.2e16  # atoms per cm2 along the line of sight, for a mass of 1
REFERENCE_TEMPERATURE = 10_500.0  # K
REFERENCE_DENSITY = 1.2e17  # electrons per cm3
_HYDROGEN_EV = 13.606
_HC_EV_NM = 1239.841984


@dataclass(frozen=True)
class Species:
    """Atoms and first ions; entry 2 i is element i, entry 2 i + 1 its ion."""

    elements: tuple[str, ...]
    weights: FloatArray
    ionization_energies: FloatArray
    temperatures: FloatArray
    log_partition: FloatArray

    def partition(self, temperature: FloatArray) -> FloatArray:
        """Partition functions, of shape (n_species, n_shots)."""
        grid = self.temperatures
        place = np.clip((temperature - grid[0]) / (grid[1] - grid[0]), 0, len(grid) - 1)
        left = np.minimum(place.astype(np.intp), len(grid) - 2)
        share = place - left
        low, high = self.log_partition[:, left], self.log_partition[:, left + 1]
        return np.exp(low + share * (high - low))


@dataclass(frozen=True)
class Lines:
    """Emission lines, in the order of their wavelengths; every array has n_lines.

    `wavelengths` and `stark` (full width at an electron density of 1e17 per cm3) are
    in nm, `strength` (g A) in 1/s, the levels in eV. `species` points into `Species`.
    """

    species: IntArray
    wavelengths: FloatArray
    strength: FloatArray
    lower: FloatArray
    upper: FloatArray
    stark: FloatArray

    def take(self, chosen: IntArray) -> "Lines":
        """Keep some of the lines."""
        return Lines(**{name: getattr(self, name)[chosen] for name in vars(self)})


def stark_width(
    wavelengths: FloatArray,
    upper: FloatArray,
    ionization: FloatArray,
    charge: FloatArray,
) -> FloatArray:
    r"""Full width in nm that an electron density of 1e17 per cm3 gives to a line.

    .. math:: w = 1.45 \cdot 10^{-8} \lambda^2 n_*^4 / z^2, \qquad
              n_*^2 = z^2 \, 13.606\,\mathrm{eV} / (E_\infty - E_k)

    with z = 1 for atoms and 2 for ions: levels close to the ionization limit
    belong to large, soft orbits. Levels above the limit are given the limit's width.
    """
    z = charge + 1.0
    binding = np.maximum(ionization - upper, 0.05)
    effective = z**2 * _HYDROGEN_EV / binding
    width = 1.45e-8 * wavelengths**2 * effective**2 / z**2
    return np.minimum(width, MAX_STARK_WIDTH)


def ion_share(
    temperature: FloatArray,
    electron_density: FloatArray,
    ionization: FloatArray,
    partition: FloatArray,
) -> FloatArray:
    r"""Share of the atoms that are ionized, by Saha's equation.

    .. math:: \frac{n_2}{n_1} = \frac{2 U_2}{U_1}\, 2.4147 \cdot 10^{15}\, T^{3/2}
              \frac{e^{-\chi / k T}}{n_e}

    Second ions are left out: at 10,000 K they are rare.

    Parameters
    ----------
    temperature, electron_density : ndarray of shape (n_shots,)
        In K and per cm3.
    ionization : ndarray of shape (n_elements,)
        Ionization energies of the atoms, in eV.
    partition : ndarray of shape (2 * n_elements, n_shots)
        Partition functions of atoms and ions, interleaved.

    Returns
    -------
    ndarray of shape (n_elements, n_shots)
        Between 0 (cold) and 1 (hot).
    """
    factor = SAHA_CONSTANT * temperature**1.5 / electron_density
    boltzmann = np.exp(-ionization[:, None] / (BOLTZMANN_EV * temperature))
    ratio = 2.0 * partition[1::2] / partition[::2] * factor * boltzmann
    return ratio / (1.0 + ratio)


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("spectransfer.simulation") / "data" / name).read_text("utf-8")
    return list(csv.DictReader(x for x in text.splitlines() if x[:1] != "#"))


@cache
def species() -> Species:
    """Read the table of species that comes with the package."""
    rows = _rows("libs_species.csv")
    columns = [name for name in rows[0] if name.startswith("U_")]
    energies = [float(row["ionization_energy_eV"] or "inf") for row in rows]
    return Species(
        elements=tuple(row["element"] for row in rows[::2]),
        weights=np.array([float(row["atomic_weight_u"]) for row in rows]),
        ionization_energies=np.array(energies),
        temperatures=np.array([float(name[2:]) for name in columns]),
        log_partition=np.log([[float(row[name]) for name in columns] for row in rows]),
    )


@cache
def lines() -> Lines:
    """Read the table of lines that comes with the package."""
    rows, atoms = _rows("libs_lines.csv"), species()
    index = [2 * atoms.elements.index(r["element"]) + int(r["stage"]) - 1 for r in rows]
    which = np.array(index)
    number = {
        name: np.array([float(row[name]) for row in rows])
        for name in ("wavelength_nm", "gA", "E_lower_eV", "E_upper_eV")
    }
    return Lines(
        species=which,
        wavelengths=number["wavelength_nm"],
        strength=number["gA"],
        lower=number["E_lower_eV"],
        upper=number["E_upper_eV"],
        stark=stark_width(
            number["wavelength_nm"],
            number["E_upper_eV"],
            atoms.ionization_energies[which],
            (which % 2).astype(float),
        ),
    )


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
