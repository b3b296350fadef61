"""Units of spectral axes: read from text, named, and converted.

Wavelengths, wavenumbers and energies are one quantity written in three ways:

.. math:: \\tilde\\nu = 10^7 / \\lambda, \\quad E = h c / \\lambda

with the wavelength in nm, the wavenumber in cm-1 and the energy in eV. A Raman shift
counts wavenumbers from those of the laser. The formulas hold in vacuum; `air_index`
takes wavelengths from there to standard air.
"""

import re
from typing import Any

from spectransfer._typing import FloatArray
from spectransfer.exceptions import WavelengthError

# what a unit measures, and the spellings that mean it: folded, without blanks
_SPELLINGS = {
    "nm": ("wavelength", "nm nanometer nanometers nanometre nanometres"),
    "um": (
        "wavelength",
        "um μm micron microns micrometer micrometers micrometre micrometres",
    ),
    "angstrom": (
        "wavelength",
        "å aa angstrom angstroms angstroem ångstroem ångström ångströms",
    ),
    "cm-1": (
        "wavenumber",
        "cm-1 1/cm /cm cm^-1 cm**-1 cm^(-1) cm(-1) rel.1/cm rel.cm-1 wavenumber "
        "wavenumbers kayser inversecm inversecentimeters reciprocalcentimeters",
    ),
    "eV": ("energy", "ev electronvolt electronvolts"),
    "pixel": ("detector", "pixel pixels px pix channel channels"),
}
QUANTITIES = {unit: quantity for unit, (quantity, _) in _SPELLINGS.items()}
UNITS = tuple(_SPELLINGS)
_MEANS = {
    spelling: unit
    for unit, (_, spellings) in _SPELLINGS.items()
    for spelling in spellings.split()
}
_QUANTITY_WORDS = (
    "ramanshift", "wavelengths", "wavelength", "wavenumbers", "wavenumber", "energy",
    "lambda", "λ",
)  # fmt: skip
_HYPHENS = "\u207b\u2212\u2013\u2010\u2011\u00ad"
_LIKE = str.maketrans(
    {
        **dict.fromkeys(_HYPHENS, "-"),
        "¹": "1",
        "㎝": "cm",
        "{": "(",
        "}": ")",
        "$": None,
    }
)
_MEDIUM = re.compile(r"[(,]?(?:in)?(?:air|vac|vacuum)\)?$")

_NM = {"nm": 1.0, "um": 1e3, "angstrom": 0.1}
_HC = 1239.8419843320026  # eV nm, exact since 2019 (CODATA)
AIR_RANGE = (185.0, 1700.0)  # nm, where the formula was measured


def parse_unit(text: Any) -> str:
    """Read the unit of an axis, in any of its usual spellings.

    Parameters
    ----------
    text : str
        Such as ``"nm"``, ``"µm"``, ``"Angstrom"``, ``"cm^-1"``, ``"1/cm"``, ``"eV"``
        or ``"pixel"``; brackets around it and the quantity before it are passed over,
        as in ``"Raman shift / cm-1"`` and ``"Wavelength [nm]"``.

    Returns
    -------
    {"nm", "um", "angstrom", "cm-1", "eV", "pixel"}
        The unit.

    Raises
    ------
    WavelengthError
        If the text is none of them.
    """
    unit = find_unit(text)
    if unit is None:
        raise WavelengthError(
            "The unit of an axis must be one of nm, um, angstrom, cm-1, eV and pixel, "
            f"in any usual spelling, but it is {text!r}. Convert the axis, or leave "
            "its unit out."
        )
    return unit


def find_unit(text: Any) -> str | None:
    """Read a unit as `parse_unit`, but give None where the text is none."""
    if not isinstance(text, str):
        return None
    folded = "".join(text.translate(_LIKE).casefold().split())
    folded = folded.replace("a\u030a", "å")
    if folded in _MEANS:
        return _MEANS[folded]
    for word in _QUANTITY_WORDS:
        if folded.startswith(word):
            folded = folded.removeprefix(word).lstrip("/,:_")
            break
    if folded[:1] in ("(", "[") and folded[-1:] in (")", "]"):
        folded = folded[1:-1]
    folded = _MEDIUM.sub("", folded)
    return _MEANS.get(folded)


def label_of(unit: str | None) -> str:
    """Write what an axis measures, and in which unit."""
    if unit is None:
        return "spectral axis"
    if unit == "pixel":
        return "pixel"
    return f"{QUANTITIES[unit]} ({unit})"


def convert(
    values: FloatArray, unit: str | None, to: str, laser: float | None = None
) -> FloatArray:
    """Convert positions on an axis, channel by channel.

    Parameters
    ----------
    values : ndarray of shape (n_channels,)
        Positions in `unit`.
    unit, to : str
        Units, as `parse_unit` gives them.
    laser : float, default=None
        Wavelength of the laser in nm, in vacuum. With it the side in cm-1 is a Raman
        shift from it; without it, a wavenumber.

    Returns
    -------
    ndarray of shape (n_channels,)
        Positions in `to`; wavelengths and wavenumbers run in opposite ways.
    """
    known = {*_NM, "cm-1", "eV"}
    if unit not in known or to not in known:
        raise WavelengthError(
            f"Only {', '.join(sorted(known))} are converted into each other, but an "
            f"axis in {unit or 'an unknown unit'} was to become {to}. Say its unit, "
            'with Axis(values, "nm"), or calibrate it first.'
        )
    if laser is not None and ((unit == "cm-1") == (to == "cm-1") or not laser > 0):
        raise WavelengthError(
            "laser is a wavelength in nm that a Raman shift in cm-1 is counted from, "
            f"but the conversion is from {unit} to {to}, and laser is {laser}. Leave "
            "it out."
        )
    offset = 0.0 if laser is None else 1e7 / laser
    if unit == "cm-1":
        wavenumbers = values if laser is None else offset - values
    elif unit == "eV":
        wavenumbers = values * (1e7 / _HC)
    else:
        wavenumbers = 1e7 / _positive(values * _NM[unit], unit)
    if to == "cm-1":
        return wavenumbers if laser is None else offset - wavenumbers
    if to == "eV":
        return _positive(wavenumbers, unit) * (_HC / 1e7)
    return 1e7 / _positive(wavenumbers, unit) / _NM[to]


def laser_too(*units: str | None) -> str:
    """Write the argument without which a Raman shift becomes no wavelength."""
    return ", laser=785" if "cm-1" in units else ""


def _positive(values: FloatArray, unit: str) -> FloatArray:
    if not (values > 0).all():
        raise WavelengthError(
            "Wavelengths, wavenumbers and energies must be above zero to be "
            f"converted, but an axis in {unit} comes to {values.min():.6g}. A Raman "
            "shift is converted with laser=, the wavelength of the laser in nm."
        )
    return values


def air_index(vacuum: FloatArray) -> FloatArray:
    r"""Refractive index of standard air (15 degrees C, 101325 Pa, dry, 450 ppm CO2).

    .. math:: n = 1 + \frac{0.05792105}{238.0185 - \sigma^2}
              + \frac{0.00167917}{57.362 - \sigma^2}

    with :math:`\sigma` the wavenumber in 1/um. P. E. Ciddor, Applied Optics 35 (1996)
    1566, doi:10.1364/AO.35.001566, equation 1.

    Parameters
    ----------
    vacuum : ndarray of shape (n_channels,)
        Wavelengths in vacuum, in nm.

    Returns
    -------
    ndarray of shape (n_channels,)
        The index, about 1.0003.
    """
    squared = (1e3 / vacuum) ** 2
    return 1 + 0.05792105 / (238.0185 - squared) + 0.00167917 / (57.362 - squared)


def between_air_and_vacuum(
    values: FloatArray, unit: str | None, *, to_air: bool
) -> FloatArray:
    """Take wavelengths from vacuum to standard air, or back by iteration."""
    if unit not in _NM:
        raise WavelengthError(
            "Wavelengths are longer in vacuum than in air, and wavenumbers and "
            f"energies are those of vacuum, but the axis is in {unit}. Convert it "
            'first, with axis.to("nm").'
        )
    nm = values * _NM[unit]
    low, high = AIR_RANGE
    if nm.min() < low or nm.max() > high:
        raise WavelengthError(
            f"The index of air is known from {low:g} to {high:g} nm, but the axis runs "
            f"from {nm.min():.6g} to {nm.max():.6g} nm. Crop it first."
        )
    if to_air:
        return nm / air_index(nm) / _NM[unit]
    vacuum = nm
    for _ in range(4):  # each round gains five digits
        vacuum = nm * air_index(vacuum)
    return vacuum / _NM[unit]
