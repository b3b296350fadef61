"""What an acceptance is asked to test: it is read, checked and given a checksum."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from spectransfer._axis import axis_of
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer.metrics import read_property, target_in_prediction_space
from spectransfer.reliability._predicted import as_table

SPECTRA = "spectra"


def check_properties(
    properties: Mapping[str, Any] | None, n_spectra: int, n_channels: int
) -> dict[str, tuple[Any, FloatArray | None]]:
    """Give calibrations, or bands, and known values; refuse what is neither.

    Parameters
    ----------
    properties : mapping of str to (calibration, values) or None
        What the user gave.
    n_spectra, n_channels : int
        Shape of the predictions.

    Returns
    -------
    dict of str to (calibration, values)
        Values of shape (n_spectra,), or None.
    """
    read = {}
    for name, pair in (properties or {}).items():
        if not isinstance(name, str) or name in ("", SPECTRA):
            raise ValueError(
                "Properties have names of their own, and 'spectra' is that of the "
                f"spectra themselves, but one is called {name!r}. Rename it."
            )
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise ValueError(
                "A property is given as (calibration, known values), but "
                f"properties[{name!r}] is {pair!r}. Write None for the values where "
                "the primary spectra tell them, such as (slice(40, 60), None)."
            )
        calibration, values = pair
        _check_calibration(name, calibration, n_channels)
        known = None if values is None else _known(name, values, n_spectra)
        read[name] = calibration, known
    return read


def _check_calibration(name: str, calibration: Any, n_channels: int) -> None:
    if isinstance(calibration, slice):
        ends = (calibration.start, calibration.stop, calibration.step)
        whole = all(e is None or hasattr(e, "__index__") for e in ends)
        if not whole or not len(range(n_channels)[calibration]):
            raise ValueError(
                f"A band is a slice of the {n_channels} channels that are predicted, "
                f"counted from 0, but that of {name!r} is {calibration!r}, which "
                "holds none of them. Give it first and last channel of the band."
            )
    elif not hasattr(calibration, "predict"):
        raise ValueError(
            "A property is read by a fitted calibration, which has predict, or is a "
            f"band, which is a slice of channels, but that of {name!r} is "
            f"{calibration!r}. Pass one of both."
        )


def _known(name: str, values: Any, n_spectra: int) -> FloatArray:
    try:
        known = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Known values are numbers, but those of {name!r} are not: {error}. Pass "
            "one number for each spectrum."
        ) from error
    if known.shape not in ((n_spectra,), (n_spectra, 1)):
        raise ValueError(
            f"There is one known value for each of the {n_spectra} spectra, but those "
            f"of {name!r} have shape {known.shape}. Pass a list of {n_spectra} numbers."
        )
    check_numbers(f"known values of {name!r}", known)
    return known.ravel()


def check_numbers(name: str, values: FloatArray) -> None:
    """Refuse NaN and infinity, by the name of the figure and the row."""
    finite = np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if not finite.all():
        raise ValueError(
            "An acceptance rests on finite numbers, because errors with NaN or "
            f"infinity have no mean, but {int((~finite).sum())} of the {name} have "
            f"some, first that of spectrum {int(np.argmin(finite))}. Leave these "
            "spectra out of the test, and say so where you sign."
        )


def check_named(
    given: Mapping[str, Any] | None, names: list[str], what: str
) -> dict[str, Any]:
    """Refuse names that no figure has."""
    unknown = [name for name in given or {} if name not in names]
    if unknown:
        raise ValueError(
            f"{what} are given by the names of figures, which are "
            f"{', '.join(map(repr, names))}, but there is one of {unknown[0]!r}. "
            "Write it as one of these, or add the property."
        )
    return dict(given or {})


def check_limits(
    limits: Mapping[str, Any] | None, names: list[str]
) -> dict[str, float]:
    """Give limits as numbers; refuse those that are none, and those of no figure."""
    for name, limit in check_named(limits, names, "limits").items():
        number = isinstance(limit, Real) and not isinstance(limit, bool)
        if not number or not 0 <= float(limit) < np.inf:
            raise ValueError(
                "A limit is the largest RMSEP that is accepted, a finite number that "
                f"is not negative, but that of {name!r} is {limit!r} (limits there "
                f"can be: {', '.join(map(repr, names))}). Leave it out for the default."
            )
    return {name: float(limit) for name, limit in (limits or {}).items()}


def predictions_and_truth(
    transfers: tuple[Any, Any], X: ArrayLike, y: ArrayLike
) -> tuple[list[FloatArray], FloatArray]:
    """Give what both transfers predict, and the truth, which must be one of both.

    Parameters
    ----------
    transfers : tuple of (transfer, before)
        Fitted.
    X, y : array-like of shape (n_spectra, n_channels)
        Secondary and primary spectra.

    Returns
    -------
    predicted : list of ndarray of shape (n_spectra, n_predicted)
        After and before.
    truth : ndarray of shape (n_spectra, n_predicted)
        In the space of the predictions.
    """
    predicted = [as_table(t.predict(X)) for t in transfers]
    after, before = (as_table(target_in_prediction_space(t, y)) for t in transfers)
    for name, values in (
        ("primary spectra", after),
        ("predictions before", predicted[1]),
        ("predictions after", predicted[0]),
    ):
        check_numbers(name, values)
    size = float(np.abs(after).max(initial=0.0))
    same = after.shape == before.shape
    if not same or not np.allclose(after, before, rtol=1e-4, atol=1e-5 * size):
        raise ValueError(
            "Errors before and after can only be compared in one space, but "
            "transform_target of transfer and of before give different spectra (shapes "
            f"{after.shape} and {before.shape}). Give `before` the same preparation "
            "of the primary side, such as a pipeline with "
            "OffsetTransfer('nothing') in the place of the transfer."
        )
    for name, values in (("before", predicted[1]), ("transfer", predicted[0])):
        if values.shape != after.shape:
            raise ValueError(
                "Predictions must have the shape of the primary spectra, but those of "
                f"{name} have {values.shape}, and the spectra {after.shape}. Bring "
                "both to one axis, by a pipeline that resamples for example."
            )
    return predicted, after


def read_figure(calibration: Any, spectra: FloatArray, name: str) -> FloatArray:
    """Give the mean of a band, or what a calibration says, of each spectrum."""
    if isinstance(calibration, slice):
        band: FloatArray = spectra[:, calibration].mean(axis=1, dtype=np.float64)
        return band
    values = read_property(calibration, spectra, name)
    check_numbers(f"values of {name!r}", values)
    return values


def axis_values(spectra: Any) -> FloatArray:
    """Give the axis that spectra tell, empty where they tell none."""
    axis = axis_of(spectra)
    return np.empty(0) if axis is None else axis.values


def checksum_of(
    settings: Mapping[str, Any], arrays: Iterable[tuple[str, Any]]
) -> tuple[str, str]:
    """Give the checksum of arrays, in their order, and of a line of JSON.

    Parameters
    ----------
    settings : mapping
        What else was chosen.
    arrays : iterable of (name, array)
        All numbers.

    Returns
    -------
    checksum : str
        SHA-256 in hexadecimal digits, of all arrays as little-endian float64 numbers,
        row by row, and then of the line in UTF-8.
    line : str
        JSON of the settings, with names and shapes of the arrays in their order.
    """
    told, shapes = hashlib.sha256(), {}
    for name, array in arrays:
        values = np.ascontiguousarray(np.asarray(array), dtype="<f8")
        told.update(values.tobytes())
        shapes[name] = list(np.shape(array))
    line = json.dumps({"arrays": shapes, **settings}, ensure_ascii=True)
    told.update(line.encode())
    return told.hexdigest(), line
