"""What transferred spectra are wanted for: a property that a calibration reads."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from spectransfer._axis import Axis
from spectransfer._blocks import block_slices, take_rows
from spectransfer._tables import TextTable
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._wrapping import is_fitted
from spectransfer.evaluation._spaces import Space, check_one_space, space_of
from spectransfer.exceptions import SpectransferWarning, WavelengthError
from spectransfer.metrics import (
    check_space,
    property_errors,
    read_property,
    relative_squared_error,
    target_in_prediction_space,
)
from spectransfer.spectra import Pair
from spectransfer.transfer import OffsetTransfer, slope_and_bias

PRIMARY, UNTRANSFERRED, SLOPE_AND_BIAS = "primary", "untransferred", "slope and bias"
REFERENCES = (PRIMARY, UNTRANSFERRED, SLOPE_AND_BIAS)
_NEEDED = 3


class Property(NamedTuple):
    """A property, the calibration that reads it, and what is known of it.

    `calibration` is fitted to primary spectra and predicts one value for each; `y`
    holds the known values of the test spectra. `y_train`, those of the shared
    standards, adds a row that corrects slope and bias of the predictions and transfers
    nothing. `space` says what the calibration reads: "measured", primary spectra as
    they were measured, or "predictions", those that the transfers predict, without a
    baseline say; all of them must predict in one space then.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from spectransfer.evaluation import Property
    >>> assay = LinearRegression().fit([[1.0], [2.0]], [10.0, 20.0])
    >>> Property(assay, [12.0, 17.0]).space
    'measured'
    """

    calibration: Any
    y: ArrayLike
    y_train: ArrayLike | None = None
    space: str = "measured"


class PropertyRow(NamedTuple):
    """Errors of a property after one transfer under one protocol, in its unit.

    "primary", "untransferred" and "slope and bias" are rows without a transfer, and
    have no protocol.

    Examples
    --------
    >>> from spectransfer.evaluation import PropertyRow
    >>> row = PropertyRow("assay", "ridge", "deployable", 7.0, 0.5, 6.98, rse=0.17)
    >>> row.rmsep, row.bias
    (7.0, 0.5)
    """

    property: str
    transfer: str
    protocol: str
    rmsep: float
    bias: float
    sep: float
    rse: float | None


def checked_properties(
    given: Mapping[str, Any] | None, n_train: int, n_test: int
) -> dict[str, Property]:
    """Refuse properties that cannot be judged, before anything is fitted.

    Parameters
    ----------
    given : mapping of str to Property or tuple, or None
        As they came.
    n_train, n_test : int
        Numbers of shared standards and of test spectra.

    Returns
    -------
    dict of str to Property
        With known values as arrays.
    """
    found: dict[str, Property] = {}
    for name, entry in (given or {}).items():
        if str(name) in found:
            raise ValueError(
                "properties must give every property a name of its own, but "
                f"{str(name)!r} comes twice. Rename one of them."
            )
        prop = Property(*entry)
        if not hasattr(prop.calibration, "predict") or not is_fitted(prop.calibration):
            raise ValueError(
                f"The calibration of {name!r} must be fitted and predict, but it is "
                f"{prop.calibration!r}. Fit it to primary spectra before."
            )
        values = [_known(prop.y, n_test, name, "test")]
        if prop.y_train is not None:
            values.append(_known(prop.y_train, n_train, name, "train"))
            if n_train < _NEEDED:
                raise ValueError(
                    f"Slope and bias need {_NEEDED} shared standards or more, but "
                    f"there are {n_train}. Leave y_train of {name!r} out."
                )
        found[str(name)] = prop._replace(
            y=values[0], y_train=values[1] if len(values) > 1 else None
        )
    return found


def _known(values: ArrayLike, n: int, name: str, where: str) -> FloatArray:
    known = np.asarray(values, dtype=np.float64).ravel()
    if len(known) != n or not np.isfinite(known).all():
        raise ValueError(
            f"{name!r} must have one known value for each spectrum of {where}, but "
            f"there are {int(np.isfinite(known).sum())} numbers in {len(known)} values "
            f"and {n} spectra. Leave out spectra whose value is not known."
        )
    return known


def untransferred(known: Pair, axes: tuple[Any, Any]) -> tuple[Any, str]:
    """Give what reads secondary spectra at the primary wavelengths, or why not."""
    try:
        given = [None if a is None else Axis(a.values, a.unit) for a in axes]
        plain = OffsetTransfer(
            "nothing", wavelengths_secondary=given[0], wavelengths_primary=given[1]
        )
        return plain.fit(known.secondary, known.primary), ""
    except WavelengthError as error:
        if any(axis is None for axis in axes):
            return None, (
                "the sides have different channels, and no axis tells where they are. "
                "Pass a SpectraPair, or data frames whose columns are named by "
                "wavelength."
            )
        return None, str(error)


@dataclass
class Properties:
    """Properties, and what they are without any transfer.

    Parameters
    ----------
    wanted : dict of str to Property
        What is to be judged.
    known, unseen : Pair
        Shared standards and test spectra.
    axes : tuple
        Secondary and primary axis, None where not known.
    block_size : int or None
        Spectra that are looked at together.
    """

    wanted: dict[str, Property]
    known: Pair
    unseen: Pair
    axes: tuple[Any, Any]
    block_size: int | None
    rows: list[PropertyRow] = field(default_factory=list)
    limits: dict[str, PropertyRow] = field(default_factory=dict)
    space: Space | None = None
    lacking: str = ""

    @property
    def calibrations(self) -> dict[str, Any]:
        """What reads each property."""
        return {name: prop.calibration for name, prop in self.wanted.items()}

    def check(self, name: str, transfer: Any) -> None:
        """Refuse a transfer whose predictions a calibration does not read."""
        for figure, prop in self.wanted.items():
            check_space(transfer, self.unseen.primary, prop.space, repr(figure))
        if self.space is not None:
            own = space_of(name, transfer, self.unseen.primary)
            check_one_space(self.space, own, self.wanted)

    def begin(self, name: str, transfer: Any) -> None:
        """Judge what needs no transfer, in the space of the first that was judged."""
        if not self.wanted or self.space is not None:
            return
        self.rows = []
        plain, self.lacking = untransferred(self.known, self.axes)

        def measured(spectra: Any) -> Any:
            return target_in_prediction_space(transfer, spectra)

        ready = {PRIMARY: (self.unseen.primary, measured)}
        if plain is not None:
            ready[UNTRANSFERRED] = (
                self.unseen.secondary,
                lambda spectra: measured(plain.predict(spectra)),
            )
        for name, prop in self.wanted.items():
            found = {
                row: self._read(prop, name, spectra, prepare)
                for row, (spectra, prepare) in ready.items()
            }
            if plain is not None and prop.y_train is not None:
                _, prepare = ready[UNTRANSFERRED]
                standards = self._read(prop, name, self.known.secondary, prepare)
                slope, bias = slope_and_bias(standards, np.asarray(prop.y_train))
                found[SLOPE_AND_BIAS] = slope * found[UNTRANSFERRED] + bias
            for row, values in found.items():
                errors = property_errors(prop.y, values)
                rse = self._rse(*ready[row], measured) if row in ready else None
                self.rows.append(PropertyRow(name, row, "", *errors, rse))
                if row == UNTRANSFERRED:
                    self.limits[name] = self.rows[-1]
        self.space = space_of(name, transfer, self.unseen.primary)

    def _rse(self, spectra: Any, prepare: Callable[[Any], Any], measured: Any) -> float:
        """Give the error of spectra that nothing was transferred of."""
        if spectra is self.unseen.primary:
            return 0.0
        return relative_squared_error(measured(self.unseen.primary), prepare(spectra))

    def _read(
        self, prop: Property, name: str, spectra: Any, prepare: Callable[[Any], Any]
    ) -> FloatArray:
        """Give the values of all spectra, some rows at a time."""
        if prop.space == "measured" and spectra is self.unseen.primary:
            prepare = np.asarray
        return np.concatenate(
            [
                read_property(
                    prop.calibration, prepare(take_rows(spectra, rows)), repr(name)
                )
                for rows in block_slices(len(spectra), self.block_size)
            ]
        )

    def add(self, transfer: str, protocol: str, rse: float, read: Any) -> None:
        """Judge what was read from predictions; warn where they are worse than none."""
        for name, values in read.items():
            errors = property_errors(self.wanted[name].y, values)
            row = PropertyRow(name, transfer, protocol, *errors, rse)
            self.rows.append(row)
            limit = self.limits.get(name)
            if limit is None or limit.rse is None:
                continue
            if rse < limit.rse and row.rmsep > limit.rmsep:
                warnings.warn(
                    f"{transfer!r} ({protocol}) comes nearer to the primary spectra "
                    f"(RSE {rse:.3g}, untransferred {limit.rse:.3g}), and yet the "
                    f"calibration of {name!r} is worse than without any transfer: "
                    f"RMSEP {row.rmsep:.3g}, untransferred {limit.rmsep:.3g}. It loses "
                    "the small differences that the calibration reads: choose by the "
                    "property, with make_property_scorer.",
                    SpectransferWarning,
                    stacklevel=6,
                )

    def notes(self) -> tuple[str, ...]:
        """Say where the nearest spectra are not the best for a property."""
        said = []
        if self.lacking:
            lost = [UNTRANSFERRED]
            if any(prop.y_train is not None for prop in self.wanted.values()):
                lost.append(SLOPE_AND_BIAS)
            said.append(
                f"There is no row {' and '.join(map(repr, lost))}: {self.lacking}"
            )
        for name in self.wanted:
            rows = [r for r in self.rows if r.property == name and r.protocol]
            rows = [r for r in rows if r.rse is not None and np.isfinite(r.rmsep)]
            if not rows:
                continue
            nearest = min(rows, key=lambda r: r.rse or 0.0)
            best = min(rows, key=lambda r: r.rmsep)
            if nearest.transfer != best.transfer:
                said.append(
                    f"The least RSE has {nearest.transfer}, the least RMSEP of {name} "
                    f"{best.transfer}."
                )
        return tuple(said)


PROPERTY_COLUMNS = ("property", "transfer", "protocol", "RMSEP", "bias", "SEP", "RSE")


def printed_properties(rows: tuple[PropertyRow, ...]) -> TextTable:
    """Give the cells of the property table as they are printed.

    Parameters
    ----------
    rows : tuple of PropertyRow
        What was found.

    Returns
    -------
    TextTable
        Header and rows of text.
    """
    body = [
        [
            row.property,
            row.transfer,
            row.protocol or "-",
            *(f"{value:.4g}" for value in row[3:6]),
            "-" if row.rse is None else f"{row.rse:.4f}",
        ]
        for row in rows
    ]
    return TextTable(list(PROPERTY_COLUMNS), body, 3)
