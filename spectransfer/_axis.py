"""The axis of spectra: numbers over channels, their unit, and the way they run.

Laboratories keep spectra as tables whose columns are named by their place on the axis,
``"589.0 nm"`` or ``"589.0"``. These names *are* the axis: they follow the spectra into
scikit-learn's feature names, and an axis is read from them and written to them here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spectransfer._channels import Named as Named
from spectransfer._channels import NamedSpectra as NamedSpectra
from spectransfer._channels import after
from spectransfer._channels import axis_of as axis_of
from spectransfer._channels import compare_axes as compare_axes
from spectransfer._channels import is_gap as is_gap
from spectransfer._channels import known_names as known_names
from spectransfer._channels import named_as_known as named_as_known
from spectransfer._channels import names_compared as names_compared
from spectransfer._channels import names_of as names_of
from spectransfer._channels import read_name as read_name
from spectransfer._channels import read_names as read_names
from spectransfer._channels import refuse_disorder as refuse_disorder
from spectransfer._channels import refuse_strange_columns as refuse_strange_columns
from spectransfer._channels import span_of as span_of
from spectransfer._channels import with_names as with_names
from spectransfer._channels import with_text_names as with_text_names
from spectransfer._places import (
    checked_laser,
    direction_of,
    monotone,
    one_unit,
    read_places,
)
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._units import UNITS as UNITS
from spectransfer._units import between_air_and_vacuum, convert, label_of
from spectransfer._units import find_unit as find_unit
from spectransfer._units import laser_too as laser_too
from spectransfer._units import parse_unit as parse_unit
from spectransfer.exceptions import WavelengthError


@dataclass(frozen=True, eq=False, repr=False)
class Axis:
    """A spectral axis: one place for each channel, in one unit.

    It never changes. Wherever an axis is asked for, it may be given instead of its
    numbers, and says their unit.

    Parameters
    ----------
    values : array-like of shape (n_channels,)
        Places of the channels, all increasing or all decreasing.
    unit : str, default=None
        Unit of the places, in any usual spelling: nm, um (micrometres), angstrom,
        cm-1 (wavenumbers and Raman shifts), eV or pixel. None is for an axis whose
        unit nobody said, and nothing will pretend to know it.
    direction : {"increasing", "decreasing"}, default=None
        The way in which the axis is written to files. None is the way it runs.
        Containers bring decreasing axes to order, and remember the way here.

    Raises
    ------
    WavelengthError
        If places are repeated, out of order or not finite, or the unit is unknown.

    Examples
    --------
    >>> from spectransfer.spectra import Axis
    >>> shift = Axis([200.0, 1000.0, 3000.0], "cm^-1")
    >>> shift
    Axis(3 channels from 200 to 3000 cm-1)
    >>> shift.to("nm", laser=532.0).values.round(2).tolist()
    [537.72, 561.89, 633.03]
    >>> Axis([588.995], "nm").to_vacuum().values.round(3).tolist()
    [589.158]
    """

    values: FloatArray
    unit: str | None = None
    direction: str | None = None

    def __post_init__(self) -> None:
        read = read_places(self.values, "axis")
        unit = one_unit(read.unit, self.unit, "axis")
        values = np.array(monotone(read.values, "axis", unit))
        values.flags.writeable = False
        direction = self.direction or direction_of(values)
        if direction not in ("increasing", "decreasing"):
            raise ValueError(
                'direction must be "increasing" or "decreasing", but it is '
                f"{direction!r}."
            )
        for name, value in (
            ("values", values),
            ("unit", unit),
            ("direction", direction),
        ):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Give the places, so that an axis may stand where numbers are expected."""
        return np.array(self.values, dtype=dtype, copy=copy)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Axis):
            return NotImplemented
        mine = (self.unit, self.direction)
        return mine == (other.unit, other.direction) and np.array_equal(
            self.values, other.values
        )

    def __hash__(self) -> int:
        # adding zero makes one of both zeros
        return hash(((self.values + 0.0).tobytes(), self.unit, self.direction))

    def __deepcopy__(self, memo: Any) -> Axis:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Axis, (np.array(self.values), self.unit, self.direction)

    def __repr__(self) -> str:
        return f"Axis({self.span})"

    @property
    def increases(self) -> bool:
        """Whether places increase from channel to channel."""
        return direction_of(self.values) == "increasing"

    @property
    def label(self) -> str:
        """What the axis measures and its unit, as figures write it."""
        return label_of(self.unit)

    @property
    def span(self) -> str:
        """Number of channels and range, in words."""
        return span_of(self.values, self.unit)

    @property
    def names(self) -> list[str]:
        """Names of the channels, which read back as the very same axis."""
        return names_of(self.values, self.unit)

    def to(self, unit: str, *, laser: float | None = None) -> Axis:
        """Convert the axis; channels stay in their order.

        Wavelengths are those of vacuum (see `to_vacuum`).

        Parameters
        ----------
        unit : str
            nm, um, angstrom, cm-1 or eV, in any spelling.
        laser : float, default=None
            Wavelength of the laser in nm. With it, cm-1 are a Raman shift from the
            laser; without it, wavenumbers.

        Returns
        -------
        Axis
            The same channels in the other unit. Between wavelengths and wavenumbers
            the order turns round, and so does the way it is written: containers bring
            it to order again.
        """
        to = parse_unit(unit)
        if to == self.unit and laser is None:
            return self
        turned = Axis(convert(self.values, self.unit, to, checked_laser(laser)), to)
        direction = self.direction
        if turned.increases != self.increases:
            direction = "increasing" if direction == "decreasing" else "decreasing"
        return Axis(turned.values, to, direction)

    def to_vacuum(self) -> Axis:
        """Convert wavelengths in standard air to those in vacuum.

        Returns
        -------
        Axis
            Longer by about 0.03 %, after Ciddor, doi:10.1364/AO.35.001566, for 185 to
            1700 nm.
        """
        values = between_air_and_vacuum(self.values, self.unit, to_air=False)
        return Axis(values, self.unit, self.direction)

    def to_air(self) -> Axis:
        """Convert wavelengths in vacuum to those in standard air.

        Returns
        -------
        Axis
            What `to_vacuum` brings back.
        """
        values = between_air_and_vacuum(self.values, self.unit, to_air=True)
        return Axis(values, self.unit, self.direction)

    def in_order(self) -> Axis:
        """Give the axis increasing, with the way it is written remembered.

        Returns
        -------
        Axis
            Itself where it increases, and otherwise turned round: spectra have to
            be turned with it, ``X[:, ::-1]``.
        """
        if self.increases:
            return self
        return Axis(self.values[::-1], self.unit, self.direction)

    def as_written(self) -> Axis:
        """Give the axis in the way it is written to files.

        Returns
        -------
        Axis
            Itself, or turned round; spectra have to be turned with it.
        """
        if direction_of(self.values) == self.direction or len(self) == 1:
            return self
        return Axis(self.values[::-1], self.unit, self.direction)


def as_axis(
    wavelengths: ArrayLike | Axis,
    n_channels: int | None = None,
    *,
    unit: str | None = None,
    name: str = "wavelengths",
) -> Axis:
    """Make an axis of numbers, or take the one that is given.

    Parameters
    ----------
    wavelengths : Axis or array-like of shape (n_channels,)
        Places of the channels, increasing or decreasing.
    n_channels : int, default=None
        The number of channels that the axis must have.
    unit : str, default=None
        Unit of places that do not say their own.
    name : str, default="wavelengths"
        What the caller calls the axis.

    Returns
    -------
    Axis
        The axis, of that many channels.
    """
    if isinstance(wavelengths, Axis):
        axis = wavelengths
        if axis.unit is None and unit is not None:
            axis = Axis(axis.values, unit, axis.direction)
    else:
        read = read_places(wavelengths, name)
        _check_length(read.values, n_channels, name)
        unit = one_unit(read.unit, unit, name)
        axis = Axis(monotone(read.values, name, unit), unit)
    _check_length(axis.values, n_channels, name)
    return axis


def _check_length(values: FloatArray, n_channels: int | None, name: str) -> None:
    if n_channels is not None and len(values) != n_channels:
        raise WavelengthError(
            f"{name} must have one entry for each channel, but there are {len(values)} "
            f"entries and {n_channels} channels. Pass the axis of these very "
            "spectra."
        )


def check_axis(
    wavelengths: ArrayLike | Axis,
    n_channels: int | None = None,
    *,
    unit: str | None = None,
    name: str = "wavelengths",
) -> Axis:
    """Make an axis as `as_axis`, and refuse one that decreases.

    Parameters
    ----------
    wavelengths : Axis or array-like of shape (n_channels,)
        Places of the channels, increasing.
    n_channels : int, default=None
        The number of channels that the axis must have.
    unit : str, default=None
        Unit of places that do not say their own.
    name : str, default="wavelengths"
        What the caller calls the axis.

    Returns
    -------
    Axis
        The axis, increasing.
    """
    axis = as_axis(wavelengths, n_channels, unit=unit, name=name)
    if not axis.increases:
        raise WavelengthError(
            f"{name} must increase from channel to channel, but channel 0 steps "
            f"from {axis.values[0]:.6g} to {axis.values[1]:.6g}{after(axis.unit)}. "
            "Sort the axis and the spectra "
            "together, with order = np.argsort(wavelengths)."
        )
    return axis


def told_axis(
    X: Any,
    wavelengths: ArrayLike | Axis | None,
    n_channels: int | None = None,
    *,
    name: str = "wavelengths",
) -> Axis | None:
    """Give the axis that is passed, or that columns name; refuse that they differ.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_channels)
        Spectra, whose columns may be named by their places.
    wavelengths : Axis, array-like of shape (n_channels,) or None
        Axis given by the user. None looks at the column names.
    n_channels : int, default=None
        The number of channels that the axis must have.
    name : str, default="wavelengths"
        What the caller calls the axis.

    Returns
    -------
    Axis or None
        Increasing; None where nothing tells it.
    """
    named = axis_of(X)
    unit = None if named is None else named.unit
    if wavelengths is None:
        if named is None:
            return None
        refuse_disorder(named, "the spectra")
        return check_axis(named.values, n_channels, unit=unit, name=name)
    axis = check_axis(wavelengths, n_channels, unit=unit, name=name)
    if named is not None:
        compare_told(named, axis, name)
    return axis


def compare_told(named: Named, axis: Axis, name: str) -> None:
    """Refuse an axis that a data frame, whose columns name it, contradicts."""
    known = "that the columns of its data frame name"
    compare_axes(named, axis, who=name, what="places", known_from=known)


def check_wavelengths(
    wavelengths: ArrayLike | Axis,
    n_wavelengths: int | None = None,
    *,
    name: str = "wavelengths",
) -> FloatArray:
    """Give the numbers of an axis that `check_axis` has checked, in float64."""
    return check_axis(wavelengths, n_wavelengths, name=name).values
