"""Axes of evaluated spectra: compared, and told to transfers that match channels."""

from typing import Any

import numpy as np

from spectransfer._axis import (
    Named,
    axis_of,
    compare_axes,
    names_of,
    read_names,
    refuse_strange_columns,
    with_names,
)
from spectransfer._wrapping import layers
from spectransfer.pipeline import crop_first
from spectransfer.spectra import Pair, as_pair, as_table
from spectransfer.transfer import LibraryMoments


def read_pair(data: Any, name: str, transfers: Any = ()) -> Pair:
    """Read a pair whose sides say their axis, where the container knows it.

    Parameters
    ----------
    data : SpectraPair, PairedMaps or tuple of (X_secondary, X_primary)
        Spectra of the same spots.
    name : str
        What the caller calls it.
    transfers : iterable of estimator, default=()
        What the spectra are for. Channels that are cut before anything else need not
        be finite; where one of them cuts, each looks at what it is left with.

    Returns
    -------
    Pair
        Tables whose rows pair, of finite numbers.
    """
    cut = [crop_first(transfer) for transfer in transfers] or [(False, False)]
    some = tuple(any(side) for side in zip(*cut, strict=True))
    pair = as_pair(data, name, finite=(not some[0], not some[1]))
    return named_sides(pair, axes_of(data, pair))


def axes_of(pair: Any, tables: Pair) -> tuple[Any, Any]:
    """Give the axes of a pair: of a container, or of the columns of data frames."""
    given = [getattr(pair, f"axis_{side}", None) for side in Pair._fields]
    if any(axis is None for axis in given):
        named = [axis_of(spectra) for spectra in tables]
        return named[0], named[1]
    return given[0], given[1]


def named_sides(pair: Pair, axes: tuple[Any, Any]) -> Pair:
    """Let arrays say the names of their channels; frames do so by themselves."""
    return Pair(
        *(
            with_names(side, names_of(axis.values, axis.unit))
            if type(side) is np.ndarray and axis is not None
            else side
            for side, axis in zip(pair, axes, strict=True)
        )
    )


def check_axes(
    known: tuple[Any, Any],
    name: str,
    given: tuple[Any, Any],
    *,
    who: str = "evaluate_transfers",
    standards: str = "train",
) -> None:
    """Refuse spectra on another axis than those of the shared standards."""
    for side, fitted, axis in zip(Pair._fields, known, given, strict=True):
        if fitted is not None and axis is not None:
            compare_axes(
                fitted,
                axis,
                who=who,
                what=f"{side} spectra of {name}",
                known_from=f"of {standards}",
            )


def check_fitted_axes(transfer: Any, name: str, given: tuple[Any, Any]) -> None:
    """Refuse spectra on another axis than those that a transfer was fitted to.

    Parameters
    ----------
    transfer : estimator
        Fitted.
    name : str
        Its name in the table.
    given : tuple of Axis or None
        Axes of the secondary and the primary test spectra.
    """
    for side, known, axis in zip(
        Pair._fields, _fitted_axes(transfer), given, strict=True
    ):
        if known is not None and axis is not None:
            compare_axes(
                known,
                axis,
                who=f"The transfer {name!r}",
                what=f"{side} spectra of test",
            )


def _fitted_axes(transfer: Any) -> tuple[Named | None, Named | None]:
    """Give the axes that a transfer was fitted on, as far as it knows them."""
    names = getattr(transfer, "feature_names_in_", None)
    secondary = None if names is None else read_names(names)
    primary = None
    for layer in layers(transfer):
        names = getattr(layer, "target_names_in_", None)
        if hasattr(layer, "primary_side_"):
            primary = layer.primary_side_.axis
        elif names is not None:
            primary = read_names(names)
    return secondary, primary


def check_channels(
    known: Pair, unseen: Pair, watched: Pair | None, *, standards: str = "train"
) -> None:
    """Refuse spectra on other channels than those of the shared standards."""
    for name, pair in (("test", unseen), ("validation", watched)):
        for side in Pair._fields:
            if pair is None:
                continue
            n, n_known = (getattr(p, side).shape[1] for p in (pair, known))
            if n != n_known:
                raise ValueError(
                    f"{name} must have the channels of {standards}, but its {side} "
                    f"spectra have {n} and those of {standards} {n_known}. Bring them "
                    "to one axis, for example with WavelengthResampler."
                )


def checked_unpaired(unpaired: Any, known: Pair) -> dict[str, Any]:
    """Give spectra without partners by the names that `fit` has for them.

    Parameters
    ----------
    unpaired : tuple of (X_unpaired, y_unpaired) or None
        One of both may be None, and the second one moments.
    known : Pair
        Shared standards, on whose channels they are.

    Returns
    -------
    dict of str to table
        What there is.
    """
    if unpaired is None:
        return {}
    if len(unpaired) != 2:
        raise ValueError(
            "unpaired must hold X_unpaired and y_unpaired, but it holds "
            f"{len(unpaired)} parts. Pass None for what there is not."
        )
    found = {}
    for name, side, spectra in zip(
        ("X_unpaired", "y_unpaired"), known, unpaired, strict=True
    ):
        if spectra is None:
            continue
        if not isinstance(spectra, LibraryMoments):
            refuse_strange_columns(spectra, name)
            spectra = as_table(spectra, name, finite=False)
            fitted, axis = axis_of(side), axis_of(spectra)
            if fitted is not None and axis is not None:
                compare_axes(fitted, axis, who=name, known_from="of train")
            if spectra.shape[1] != side.shape[1]:
                raise ValueError(
                    f"{name} must have the channels of train, but it has "
                    f"{spectra.shape[1]} and train has {side.shape[1]}. Pass spectra "
                    "of the same instrument."
                )
        found[name] = spectra
    return found
