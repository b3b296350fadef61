"""What each laser shot ablates, and the state of its plume.

Everything here is small: a few numbers for each shot, in the order in which the shots
were fired (a snake: odd rows run backwards).
"""

from dataclasses import dataclass

import numpy as np

from spectransfer._typing import FloatArray, IntArray
from spectransfer.simulation._effects import DayDrift, ShotVariation
from spectransfer.simulation._grains import Rock, Surface, grow, waves
from spectransfer.simulation._minerals import (
    ideal_composition,
    property_of_minerals,
    surface_composition,
    trace_composition,
)
from spectransfer.simulation._plasma import (
    REFERENCE_DENSITY,
    REFERENCE_TEMPERATURE,
    Plasma,
)

_GRAIN_SPREAD, _ZONE_SPREAD = 0.5, 0.3  # of the logarithm of trace elements


@dataclass(frozen=True)
class Shots:
    """The shots of one map, in order; `view` axes are (primary, secondary).

    Shapes are (n_shots,), (n_shots, n_minerals), (n_shots, n_elements) or
    (n_shots, n_views). `composition` is in atomic fractions, `mass` in units of a
    mean shot on albite, `neighbours` the composition that its most different neighbour
    would have.
    """

    fractions: FloatArray
    labels: IntArray
    grain: IntArray
    composition: FloatArray
    neighbours: FloatArray
    mass: FloatArray
    temperature: FloatArray
    electron_density: FloatArray
    view_gain: FloatArray
    view_temperature: FloatArray
    view_mixture: FloatArray
    offset: FloatArray

    def plasma(self, rows: slice, view: int) -> Plasma:
        """Give the plumes of some shots as one spectrometer sees them."""
        toward = self.view_mixture[rows, view, None]
        seen = self.composition[rows]
        seen = seen + toward * (self.neighbours[rows] - seen)
        return Plasma(
            temperature=self.temperature[rows] * self.view_temperature[rows, view],
            electron_density=self.electron_density[rows],
            atoms=(seen * self.mass[rows, None]).T,
        )


def snake(values: np.ndarray) -> np.ndarray:
    """Put a raster (rows, columns, ...) in the order of its shots."""
    turned = values.copy()
    turned[1::2] = turned[1::2, ::-1]
    return turned.reshape(-1, *values.shape[2:])


def fire(
    shape: tuple[int, int],
    step: float,
    rock: Rock,
    variation: ShotVariation,
    day: DayDrift,
    seed: np.random.SeedSequence,
) -> Shots:
    """Fire all shots of a map.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    step : float
        Distance between shots, in micrometres.
    rock : Rock
        What is measured.
    variation : ShotVariation
        What differs between shots.
    day : DayDrift
        What has changed that day.
    seed : SeedSequence
        Decides everything; strengths only scale what was drawn.

    Returns
    -------
    Shots
        In the order of the snake.
    """
    for_rock, for_traces, for_shots = seed.spawn(3)
    surface = grow(rock, shape, step, for_rock)
    pure = snake(surface.fractions)
    fractions = _carry(pure, variation.carry_over)
    traces = _traces(surface, step, rock.zoning, for_traces)
    rng = np.random.Generator(np.random.PCG64(for_shots))
    z = rng.standard_normal((len(pure), 10))
    dirt = variation.contamination * np.exp(0.5 * z[:, :1]) * surface_composition()
    focus = _slow_drift(rng, len(pure))
    spread = fractions @ property_of_minerals("scatter") * variation.mass
    mass = fractions @ property_of_minerals("mass") * day.mass
    mass *= np.exp(spread * z[:, 1] - spread**2 / 2)
    mass *= np.maximum(1 + variation.focus * focus, 0.2)
    temperature = REFERENCE_TEMPERATURE + fractions @ property_of_minerals("heating")
    temperature *= (1 + variation.temperature * z[:, 2]) * day.temperature
    linked = 0.6 * z[:, 1] + 0.8 * z[:, 3]
    density = (temperature / REFERENCE_TEMPERATURE) ** 1.5 * REFERENCE_DENSITY
    density *= np.exp(variation.electron_density * linked)
    composition = _compose(fractions, traces, dirt)
    neighbours = composition
    if variation.view_mixture > 0:
        neighbours = _compose(snake(_beyond(surface.fractions)), traces, dirt)
    return Shots(
        fractions=fractions,
        labels=pure.argmax(axis=1),
        grain=snake(surface.grain),
        composition=composition,
        neighbours=neighbours,
        mass=mass,
        temperature=np.clip(temperature, 4_000.0, 20_000.0),
        electron_density=density,
        view_gain=np.maximum(1 + variation.view_gain * z[:, 4:6], 0.2),
        view_temperature=1 + variation.view_temperature * z[:, 6:8],
        view_mixture=variation.view_mixture * rng.random((len(pure), 2)),
        offset=z[:, 8:10],
    )


def _slow_drift(rng: np.random.Generator, n_shots: int) -> FloatArray:
    """Smooth random course over the time of a map, of unit variance."""
    knots = np.linspace(0.0, 1.0, 257)
    course = waves(rng, knots, np.zeros(1), 1 / 6)[0]
    return np.interp(np.linspace(0.0, 1.0, n_shots), knots, course)


def _beyond(fractions: FloatArray) -> FloatArray:
    """Give every shot that of its four neighbours which differs most from it."""
    padded = np.pad(fractions, ((1, 1), (1, 1), (0, 0)), mode="edge")
    beside = np.stack(
        [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]]
    )
    farthest = np.abs(beside - fractions).sum(axis=-1).argmax(axis=0)
    return np.take_along_axis(beside, farthest[None, :, :, None], axis=0)[0]


def _carry(fractions: FloatArray, share: float) -> FloatArray:
    """Mix each shot with what the previous one left behind."""
    mixed = fractions * (1 - share)
    mixed[0] = fractions[0]
    mixed[1:] += share * fractions[:-1]
    return mixed


def _traces(
    surface: Surface, step: float, zoning: float, seed: np.random.SeedSequence
) -> FloatArray:
    """Factors on the trace elements, of shape (n_shots, n_elements).

    Grains differ, and within a grain rings alternate as the crystal grew.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    n_elements = len(surface_composition())
    level = rng.standard_normal((surface.n_grains, n_elements))
    phase = rng.uniform(0, 2 * np.pi, (surface.n_grains, n_elements))
    grain, depth = snake(surface.grain), snake(surface.depth)
    rings = np.sin(2 * np.pi * depth[:, None] / 0.35 + phase[grain])
    spread = _GRAIN_SPREAD * level[grain] + _ZONE_SPREAD * np.sqrt(2) * rings
    return np.exp(zoning * spread)


def _compose(fractions: FloatArray, traces: FloatArray, dirt: FloatArray) -> FloatArray:
    """Atomic fractions of mixtures of minerals."""
    atoms = fractions @ ideal_composition()
    atoms += (fractions @ trace_composition()) * traces + dirt
    return atoms / atoms.sum(axis=1, keepdims=True)
