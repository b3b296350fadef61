"""Minerals of a rare-element granitic pegmatite: what they are made of.

Formulas are ideal ones (the paper's figures 7 to 9). Trace elements are typical of such
rocks, in parts per million of the atoms; they vary between and within grains.
Minerals differ also in how well a laser pulse ablates them and in how hot the
plume gets. Fluorine and water are left out beyond the hydroxyl of muscovite.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from spectransfer._typing import FloatArray
from spectransfer.simulation._atoms import species


@dataclass(frozen=True)
class Mineral:
    """One mineral: atoms per formula, traces in ppm, and how it meets the laser.

    `mass` is the mean ablated mass in units of albite's, `scatter` its relative
    standard deviation, `heating` the offset of the plasma temperature in K.
    """

    share: float
    formula: dict[str, float]
    traces: dict[str, float]
    mass: float
    scatter: float
    heating: float


MINERALS = {
    "quartz": Mineral(
        share=0.34,
        formula={"Si": 1, "O": 2},
        traces={
            "Al": 250, "Li": 60, "Na": 40, "Ti": 25, "Ca": 30, "K": 15, "Fe": 15,
            "Mg": 8,
        },
        mass=0.75, scatter=0.28, heating=300.0,
    ),
    "albite": Mineral(
        share=0.35,
        formula={"Na": 1, "Al": 1, "Si": 3, "O": 8},
        traces={
            "Ca": 3000, "K": 3000, "Fe": 150, "Mg": 60, "Mn": 40, "Li": 30, "Rb": 20,
            "Ti": 10,
        },
        mass=1.0, scatter=0.18, heating=0.0,
    ),
    "muscovite": Mineral(
        share=0.285,
        formula={"K": 1, "Al": 3, "Si": 3, "O": 12, "H": 2},
        traces={
            "Na": 6000, "Rb": 2500, "Cs": 150, "Li": 3000, "Fe": 3500, "Mn": 800,
            "Mg": 1500, "Ti": 300, "Ca": 100,
        },
        mass=1.2, scatter=0.15, heating=-300.0,
    ),
    "garnet": Mineral(
        share=0.015,
        formula={"Fe": 1.6, "Mn": 1.4, "Al": 2, "Si": 3, "O": 12},
        traces={"Ca": 4000, "Mg": 3000, "Ti": 300, "Na": 300, "Li": 50},
        mass=1.1, scatter=0.18, heating=-500.0,
    ),
    "beryl": Mineral(
        share=0.007,
        formula={"Be": 3, "Al": 2, "Si": 6, "O": 18},
        traces={
            "Na": 4000, "Cs": 600, "Fe": 1500, "Mg": 400, "Li": 1500, "Rb": 50,
            "Ca": 100, "Mn": 100,
        },
        mass=0.85, scatter=0.22, heating=100.0,
    ),
    "columbite-tantalite": Mineral(
        share=0.003,
        formula={"Fe": 0.4, "Mn": 0.6, "Nb": 1.4, "Ta": 0.6, "O": 6},
        traces={"Ti": 8000, "Ca": 300, "Na": 200, "Mg": 200, "Al": 300, "Si": 500},
        mass=1.3, scatter=0.20, heating=-800.0,
    ),
}  # fmt: skip

NAMES = tuple(MINERALS)
SURFACE = {"Ca": 400.0, "Na": 500.0, "Mg": 80.0}  # ppm of the atoms


@cache
def ideal_composition() -> FloatArray:
    """Atomic fractions of the pure minerals, of shape (n_minerals, n_elements)."""
    atoms = np.array([_row(m.formula) for m in MINERALS.values()])
    return atoms / atoms.sum(axis=1, keepdims=True)


@cache
def trace_composition() -> FloatArray:
    """Typical traces as atomic fractions, of shape (n_minerals, n_elements)."""
    return np.array([_row(m.traces) for m in MINERALS.values()]) * 1e-6


@cache
def surface_composition() -> FloatArray:
    """Contamination as atomic fractions, of shape (n_elements,)."""
    return np.array(_row(SURFACE)) * 1e-6


def property_of_minerals(name: str) -> FloatArray:
    """One number for each mineral: `share`, `mass`, `scatter` or `heating`."""
    return np.array([getattr(mineral, name) for mineral in MINERALS.values()])


def _row(amounts: dict[str, float]) -> list[float]:
    return [amounts.get(element, 0.0) for element in species().elements]
