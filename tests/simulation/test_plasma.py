"""Plasma physics against slow, literal second writings."""

import csv
import math
from importlib.resources import files

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import voigt_profile

from spectransfer.simulation._plasma import (
    Plasma,
    continuum_shape,
    continuum_strength,
    depth_factor,
    line_emission,
    lines,
    populations,
    saturated_broadening,
    self_absorption,
    species,
    stark_width,
    total_width,
)

K_EV = 8.617333262e-5


def table(name):
    text = (files("spectransfer.simulation") / "data" / name).read_text("utf-8")
    return list(csv.DictReader(x for x in text.splitlines() if not x.startswith("#")))


def one_element(element, temperature, density, amount=1.0):
    atoms = np.zeros((len(species().elements), 1))
    atoms[species().elements.index(element)] = amount
    return Plasma(np.array([temperature]), np.array([density]), atoms)


def partition_from_table(element, stage, temperature):
    row = next(
        r
        for r in table("libs_species.csv")
        if (r["element"], r["stage"]) == (element, str(stage))
    )
    grid = [float(k[2:]) for k in row if k.startswith("U_")]
    values = [math.log(float(row[k])) for k in row if k.startswith("U_")]
    return math.exp(np.interp(temperature, grid, values))


@pytest.mark.parametrize("element", ["H", "Na", "Mg", "Si", "Ca", "Fe", "Ta"])
@pytest.mark.parametrize("temperature", [6_200.0, 10_500.0, 13_750.0])
def test_populations_follow_saha_written_out_for_one_atom(element, temperature):
    density = 9e16
    row = next(r for r in table("libs_species.csv") if r["element"] == element)
    u1 = partition_from_table(element, 1, temperature)
    u2 = partition_from_table(element, 2, temperature)
    chi = float(row["ionization_energy_eV"])
    # 2 (2 pi m k T / h^2)^(3/2) with SI constants, per cubic centimetre
    electron = (2 * math.pi * 9.1093837e-31 * 1.380649e-23 * temperature) ** 1.5
    electron /= 6.62607015e-34**3 * 1e6
    ratio = 2 * electron * u2 / u1 * math.exp(-chi / (K_EV * temperature)) / density
    got = populations(one_element(element, temperature, density), species())
    where = 2 * species().elements.index(element)
    assert_allclose(got[where, 0], 1 / (1 + ratio) / u1, rtol=2e-4)
    assert_allclose(got[where + 1, 0], ratio / (1 + ratio) / u2, rtol=2e-4)


def test_atoms_and_ions_add_up_to_what_was_ablated():
    plasma = one_element("Mg", 9_000.0, 1e17, amount=0.3)
    states = populations(plasma, species()) * species().partition(plasma.temperature)
    assert_allclose(states.sum(), 0.3, rtol=1e-12)


def test_line_ratios_follow_boltzmann_in_a_transparent_plasma():
    eta, _ = line_emission(
        one_element("Fe", 9_700.0, 1e17), lines(), species(), absorption=0.0
    )
    neutral = np.flatnonzero(lines().species == 2 * species().elements.index("Fe"))
    strength, upper = lines().strength[neutral], lines().upper[neutral]
    expected = [
        g * math.exp(-(e - upper[0]) / (K_EV * 9_700.0)) / strength[0]
        for g, e in zip(strength, upper, strict=True)
    ]
    assert_allclose(eta[neutral, 0] / eta[neutral[0], 0], expected, rtol=1e-5)


def test_tables_hold_the_strong_lines_of_the_minerals():
    known = {
        (r["element"], r["stage"], r["wavelength_nm"][:6])
        for r in table("libs_lines.csv")
    }
    for line in [
        ("Mg", "2", "279.55"), ("Ca", "2", "393.36"), ("Si", "1", "288.15"),
        ("Al", "1", "396.15"), ("Be", "2", "313.04"), ("Li", "1", "323.26"),
        ("Na", "1", "330.23"),
    ]:  # fmt: skip
        assert line in known


def test_vacuum_energies_and_air_wavelengths_belong_together():
    rows = table("libs_lines.csv")
    gap = np.array([float(r["E_upper_eV"]) - float(r["E_lower_eV"]) for r in rows])
    air = np.array([float(r["wavelength_nm"]) for r in rows])
    # 1.00029 is the refractive index of air at 250 to 400 nm
    assert_allclose(1239.841984 / gap, air * 1.00029, rtol=1e-4)


@pytest.mark.parametrize("depth", [0.01, 0.3, 1.0, 5.0, 60.0])
def test_self_absorbed_light_is_that_of_a_uniform_slab(depth):
    def emitted(x):
        return 1 - math.exp(-depth / (1 + x * x))

    whole = 2 * quad(emitted, 0, np.inf, limit=500)[0] / (math.pi * depth)
    # the closed form joins two exact limits, and is 3 % off between them
    assert_allclose(self_absorption(np.array([depth]))[0], whole, rtol=0.03)


@pytest.mark.parametrize("depth", [0.05, 1.0, 30.0])
def test_saturated_lines_are_as_wide_as_half_their_height(depth):
    def above_half(x):
        return (1 - math.exp(-depth / (1 + x * x))) - (1 - math.exp(-depth)) / 2

    expected = brentq(above_half, 0, 100)
    assert_allclose(saturated_broadening(np.array([depth]))[0], expected, rtol=1e-6)


def test_limits_of_self_absorption():
    thin = np.array([1e-6])
    assert_allclose(self_absorption(thin), 1, atol=1e-6)
    assert_allclose(saturated_broadening(thin), 1, atol=1e-3)
    thick = np.array([1e6, 4e6])
    leaving = self_absorption(thick) * thick
    # the curve of growth of a damped line rises with the root of the amount
    assert_allclose(leaving[1] / leaving[0], 2, rtol=1e-3)


def test_optically_thin_light_is_proportional_to_the_amount():
    faint = [
        line_emission(one_element("Ca", 1e4, 1e17, amount), lines(), species())[0]
        for amount in (1e-9, 2e-9)
    ]
    lit = faint[0] > 0
    assert_allclose(faint[1][lit] / faint[0][lit], 2, rtol=1e-4)


def test_optical_depth_equals_the_textbook_cross_section():
    line = lines().take(np.flatnonzero(np.abs(lines().wavelengths - 393.3663) < 1e-3))
    plasma = one_element("Ca", 10_500.0, 1.2e17, 1e-3)
    width = 0.05
    ion = 2 * species().elements.index("Ca") + 1
    per_weight = populations(plasma, species())[ion, 0] * 1.2e16
    levels = math.exp(-line.lower[0] / (K_EV * 10_500.0))
    levels -= math.exp(-line.upper[0] / (K_EV * 10_500.0))
    # pi e^2 / (m c) f n, as a Lorentzian's height in wavelength, in cgs units
    wave = line.wavelengths[0] * 1e-7
    absorption_f = 1.4992 * wave**2 * line.strength[0]
    height = 0.026540 * absorption_f * per_weight * levels * wave**2 / 2.99792458e10
    expected = height * 2 / (math.pi * width * 1e-7)
    got = depth_factor(line)[0] * per_weight / 1.2e16 * levels / width
    assert_allclose(got, expected, rtol=1e-3)


def test_total_width_is_that_of_a_voigt_profile():
    for lorentz, gauss in [(0.02, 0.09), (0.1, 0.1), (0.3, 0.05), (0.0, 0.1)]:
        sigma, gamma = gauss / 2.354820045, lorentz / 2
        peak = voigt_profile(0, sigma, gamma)
        half = brentq(lambda x, s, g, p: voigt_profile(x, s, g) - p / 2, 0, 1,
                      args=(sigma, gamma, peak))  # fmt: skip
        got = total_width(np.array(lorentz), np.array(gauss))
        assert_allclose(got, 2 * half, rtol=5e-4)  # accuracy of the approximation


def test_stark_width_of_hydrogen_like_levels():
    # upper level n = 3 of an atom bound by 13.606 / 9 eV: effective number 3
    got = stark_width(
        np.array([300.0]), np.array([5.0]), np.array([5.0 + 13.606 / 9]), np.zeros(1)
    )
    assert_allclose(got, 1.45e-8 * 300**2 * 3**4, rtol=1e-12)


def test_continuum_is_one_at_its_reference():
    reference = one_element("Si", 10_500.0, 1.2e17)
    assert_allclose(continuum_strength(reference), 1)
    assert_allclose(continuum_shape(np.array([330.0]), 10_500.0), 1)
