"""Reading the places of channels from whatever a user has: numbers, an axis, names."""

import math
from numbers import Real
from typing import Any

import numpy as np

from spectransfer._channels import Named, after, read_names
from spectransfer._masked import refuse_masked
from spectransfer._typing import FloatArray
from spectransfer._units import laser_too, parse_unit
from spectransfer.exceptions import WavelengthError


def read_places(values: Any, name: str) -> Named:
    """Read places of channels: numbers, an axis, or names such as ``"400.0 nm"``.

    Parameters
    ----------
    values : Axis or array-like of shape (n_channels,)
        What a user has.
    name : str
        What the caller calls it.

    Returns
    -------
    Named
        Finite places in any order, and the unit that they say.
    """
    refuse_masked(values, name)
    unit = getattr(values, "unit", None)
    try:
        found = np.asarray(values)
        if found.dtype.kind in "cmM":
            raise TypeError(f"it holds {found.dtype}")
        if found.ndim == 1 and any(isinstance(v, str) for v in found[:1].tolist()):
            named = read_names(found.tolist())
            if named is None:
                raise ValueError(f"{_odd(found)!r} is no number with a unit")
            found, unit = named.values, named.unit
        places: FloatArray = found.astype(np.float64)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise WavelengthError(
            f"{name} must be one row of numbers, one for each channel, but it cannot "
            f"be read as such: {error}. Pass an Axis, an array of numbers, or names of "
            "channels in one unit, such as '400.0 nm'."
        ) from error
    if places.ndim != 1 or places.size == 0:
        raise WavelengthError(
            f"{name} must be one row of numbers, one for each channel, but their "
            f"shape is {places.shape}."
        )
    if not np.isfinite(places).all():
        bad = int(np.flatnonzero(~np.isfinite(places))[0])
        raise WavelengthError(
            f"{name} must be finite, but channel {bad} has {places[bad]}."
        )
    return Named(places, unit)


def _odd(names: np.ndarray) -> Any:
    """Give the first name that is no place, or is in another unit than the first."""
    for name in names.tolist():
        if read_names([names[0], name]) is None:
            return name
    return names[0]


def checked_laser(laser: Any) -> float | None:
    """Refuse a wavelength of a laser that is no number, such as text of a file."""
    if laser is None:
        return None
    if not (isinstance(laser, Real) and math.isfinite(float(laser))):
        raise WavelengthError(
            "laser is the wavelength of the laser, a number in nm, but it is "
            f"{laser!r}. Text of a file becomes a number with "
            "float(text.replace(',', '.'))."
        )
    return float(laser)


def one_unit(told: str | None, said: str | None, name: str) -> str | None:
    """Give the unit that an axis tells, or that is said beside it; refuse two."""
    unit = told if said is None else parse_unit(said)
    if told is not None and unit is not None and unit != told:
        raise WavelengthError(
            f"The axis must have one unit, but {name} is in {told}, and the unit "
            f"that is given beside it says {unit}. Leave the unit out, or convert "
            f"the axis, with axis.to({unit!r}{laser_too(unit, told)})."
        )
    return unit


def direction_of(values: FloatArray) -> str:
    """Tell the way that most steps of an axis go."""
    falls = int((np.diff(values) < 0).sum())
    return "decreasing" if 2 * falls > len(values) - 1 else "increasing"


def monotone(values: FloatArray, name: str, unit: str | None = None) -> FloatArray:
    """Refuse places that are repeated, or that step back."""
    steps = np.diff(values)
    if direction_of(values) == "decreasing":
        steps = -steps
    if (steps > 0).all():
        return values
    i = int(np.flatnonzero(steps <= 0)[0])
    places = f"{values[i]:.6g} to {values[i + 1]:.6g}{after(unit)}"
    if steps[i] == 0:
        raise WavelengthError(
            f"{name} must have each place once, but channels {i} and {i + 1} are both "
            f"at {values[i]:.9g}{after(unit)}, as where two detectors meet. Bring "
            "them together with spectransfer.spectra.merge_detectors."
        )
    raise WavelengthError(
        f"{name} must increase from channel to channel, but channel {i} steps "
        f"from {places}. Sort the axis and the spectra "
        "together, with order = np.argsort(wavelengths); where two detectors overlap, "
        "bring them together with spectransfer.spectra.merge_detectors."
    )
