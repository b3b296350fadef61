"""Laser shots: what differs between them, what each ablates, the state of its plume.

Every field of `DayDrift` and `ShotVariation` is one effect. Ask which of them makes a
transfer fail by switching them off one at a time (`without`) or by keeping one alone
(`only`). What follows from them is small: a few numbers for each shot, in the order in
which the shots were fired (a snake: odd rows run backwards).
"""

from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import numpy as np

from spectransfer._typing import FloatArray, IntArray
from spectransfer.simulation._plasma import (
    REFERENCE_DENSITY,
    REFERENCE_TEMPERATURE,
    Plasma,
)
from spectransfer.simulation._rock import (
    Rock,
    Surface,
    grow,
    ideal_composition,
    property_of_minerals,
    surface_composition,
    trace_composition,
    waves,
)
from spectransfer.spectra import shot_positions

Self = TypeVar("Self", bound="_Effects")

_GRAIN_SPREAD, _ZONE_SPREAD = 0.5, 0.3  # of the logarithm of trace elements


def _effect(value: Any, neutral: Any) -> Any:
    return field(default=value, metadata={"neutral": neutral})


class _Effects:
    """Switches that every set of effects has."""

    @classmethod
    def _neutral(cls) -> dict[str, Any]:
        return {f.name: f.metadata["neutral"] for f in fields(cls)}  # type: ignore[arg-type]

    @classmethod
    def off(cls: type[Self]) -> Self:
        """Give the set in which nothing happens."""
        return cls(**cls._neutral())

    def without(self: Self, *effects: str) -> Self:
        """Switch some effects off.

        Parameters
        ----------
        *effects : str
            Names of fields.

        Returns
        -------
        same type
            A copy in which these effects have no strength.
        """
        neutral = self._known(effects)
        return replace(self, **{e: neutral[e] for e in effects})  # type: ignore[type-var]

    def only(self: Self, *effects: str) -> Self:
        """Switch all effects off but some.

        Parameters
        ----------
        *effects : str
            Names of fields.

        Returns
        -------
        same type
            A copy in which all other effects have no strength.
        """
        neutral = self._known(effects)
        return replace(self, **{e: v for e, v in neutral.items() if e not in effects})  # type: ignore[type-var]

    def _known(self, effects: tuple[str, ...]) -> dict[str, Any]:
        neutral = self._neutral()
        for effect in effects:
            if effect not in neutral:
                raise ValueError(
                    f"{type(self).__name__} has no effect called {effect!r}. Choose "
                    f"from {', '.join(neutral)}."
                )
        return neutral


PLASMA_DRIFT = ("temperature", "mass", "continuum")  # the rest is the spectrometers'


@dataclass(frozen=True)
class DayDrift(_Effects):
    """What has changed on the second day.

    Pairs hold a value for the primary and one for the secondary spectrometer.

    Parameters
    ----------
    gain : tuple of float, default=(0.65, 1.4)
        Factor on the light that reaches each spectrometer. 1 is no change.
    baseline : tuple of float, default=(320.0, 140.0)
        Height in counts of a background that rises around 378 nm (the paper's
        figure 3). 0 is none.
    temperature : float, default=0.975
        Factor on the plasma temperature.
    mass : float, default=0.85
        Factor on the ablated mass.
    continuum : float, default=1.7
        Factor on the continuum.
    shift : tuple of float, default=(0.35, -0.25)
        Shift of the spectrum towards longer wavelengths, in channels.
    resolution : tuple of float, default=(1.06, 1.03)
        Factor on the instrument width.
    tilt : tuple of float, default=(0.08, -0.05)
        Relative change of the efficiency from the middle of the range to its long
        end; the short end changes by as much the other way.

    Examples
    --------
    >>> from spectransfer.simulation import DayDrift
    >>> DayDrift().only("gain").baseline
    (0.0, 0.0)
    """

    gain: tuple[float, float] = _effect((0.65, 1.4), (1.0, 1.0))
    baseline: tuple[float, float] = _effect((320.0, 140.0), (0.0, 0.0))
    temperature: float = _effect(0.975, 1.0)
    mass: float = _effect(0.85, 1.0)
    continuum: float = _effect(1.7, 1.0)
    shift: tuple[float, float] = _effect((0.35, -0.25), (0.0, 0.0))
    resolution: tuple[float, float] = _effect((1.06, 1.03), (1.0, 1.0))
    tilt: tuple[float, float] = _effect((0.08, -0.05), (0.0, 0.0))


@dataclass(frozen=True)
class ShotVariation(_Effects):
    """What makes no two laser shots alike.

    All are standard deviations or factors; 0 switches an effect off.

    Parameters
    ----------
    mass : float, default=1.0
        Factor on the scatter of the ablated mass, which is 15 to 28 % by mineral.
    focus : float, default=0.08
        Relative slow drift of the ablated mass along a map.
    temperature : float, default=0.03
        Relative scatter of the plasma temperature.
    electron_density : float, default=0.12
        Relative scatter of the electron density, correlated with the mass.
    view_gain : float, default=0.06
        Relative scatter of the light that each spectrometer collects on its own.
        With `view_temperature` and `noise` this is what no transfer can undo.
    view_temperature : float, default=0.015
        Relative scatter of the temperature in the part of the plume that each
        spectrometer sees.
    view_mixture : float, default=0.0
        How far the mixture seen by each spectrometer on its own goes, at most,
        towards that of the most different of the four neighbouring shots. It acts
        at grain boundaries only, and makes them hard to transfer.
    carry_over : float, default=0.06
        Share of the previous shot's material in each shot.
    contamination : float, default=1.0
        Factor on the Ca, Na and Mg that lie on the surface.
    self_absorption : float, default=1.0
        Factor on the optical depth of the plasma.
    continuum : float, default=1.0
        Factor on the continuum.
    noise : float, default=1.0
        Factor on shot noise, read noise and the jitter of the offset.

    Examples
    --------
    >>> from spectransfer.simulation import ShotVariation
    >>> ShotVariation().without("noise", "carry_over").carry_over
    0.0
    """

    mass: float = _effect(1.0, 0.0)
    focus: float = _effect(0.08, 0.0)
    temperature: float = _effect(0.03, 0.0)
    electron_density: float = _effect(0.12, 0.0)
    view_gain: float = _effect(0.06, 0.0)
    view_temperature: float = _effect(0.015, 0.0)
    view_mixture: float = _effect(0.0, 0.0)
    carry_over: float = _effect(0.06, 0.0)
    contamination: float = _effect(1.0, 0.0)
    self_absorption: float = _effect(1.0, 0.0)
    continuum: float = _effect(1.0, 0.0)
    noise: float = _effect(1.0, 0.0)

    def __post_init__(self) -> None:
        """Refuse negative strengths."""
        for name, strength in vars(self).items():
            if not strength >= 0:
                raise ValueError(
                    f"ShotVariation's strengths are not negative, but {name} is "
                    f"{strength}. 0 switches the effect off."
                )


@dataclass(frozen=True)
class Shots:
    """The shots of one map, in order; `view` axes are (primary, secondary).

    Shapes are (n_shots,), (n_shots, n_minerals), (n_shots, n_elements) or
    (n_shots, n_views). `composition` is in atomic fractions, `mass` in units of a
    mean shot on albite, `neighbours` the composition that its most different neighbour
    would have, `chance` what was drawn for mass, temperature, density and focus.
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
    chance: FloatArray

    def on(self, day: DayDrift, variation: ShotVariation) -> "Shots":
        """Give the same shots, with the plumes that they would have on another day."""
        return replace(self, **_state(self.fractions, self.chance, variation, day))

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
    rows, columns = shot_positions(values.shape[:2], "row-snake").T
    return values[rows, columns]


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
    chance = np.column_stack([z[:, 1:4], _slow_drift(rng, len(pure))])
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
        **_state(fractions, chance, variation, day),
        view_gain=np.maximum(1 + variation.view_gain * z[:, 4:6], 0.2),
        view_temperature=1 + variation.view_temperature * z[:, 6:8],
        view_mixture=variation.view_mixture * rng.random((len(pure), 2)),
        offset=z[:, 8:10],
        chance=chance,
    )


def _state(
    fractions: FloatArray, chance: FloatArray, variation: ShotVariation, day: DayDrift
) -> dict[str, Any]:
    """Give mass, temperature and electron density of plumes on one day."""
    for_mass, for_temperature, for_density, focus = chance.T
    spread = fractions @ property_of_minerals("scatter") * variation.mass
    mass = fractions @ property_of_minerals("mass") * day.mass
    mass *= np.exp(spread * for_mass - spread**2 / 2)
    mass *= np.maximum(1 + variation.focus * focus, 0.2)
    temperature = REFERENCE_TEMPERATURE + fractions @ property_of_minerals("heating")
    temperature *= (1 + variation.temperature * for_temperature) * day.temperature
    linked = 0.6 * for_mass + 0.8 * for_density
    density = (temperature / REFERENCE_TEMPERATURE) ** 1.5 * REFERENCE_DENSITY
    density *= np.exp(variation.electron_density * linked)
    return {
        "mass": mass,
        "temperature": np.clip(temperature, 4_000.0, 20_000.0),
        "electron_density": density,
    }


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
