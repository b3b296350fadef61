"""What differs from shot to shot, and from day to day, each with its strength.

Every field is one effect. Ask which of them makes a transfer fail by switching them
off one at a time (`without`) or by keeping one alone (`only`).
"""

from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

Self = TypeVar("Self", bound="_Effects")


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
