r"""What a transfer makes of a whole map, in figures that fit into memory.

Predicted maps are as large as measured ones. What is drawn of them is not: the mean
spectrum, the error of every channel, the sum of every spectrum, a few spectra in full.
They are put together from blocks, under any protocol. Where errors gather, at the
borders of grains (figure 6 of the paper), the layout of the map tells.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from spectransfer._blocks import block_slices, take_rows
from spectransfer._progress import progress_bar
from spectransfer._typing import ArrayLike, BoolArray, FloatArray, IntArray
from spectransfer._validation import HasMethods, Interval, validate_params
from spectransfer.evaluation._judging import (
    BLOCK_SIZE,
    known_protocols,
    measured_in_space,
    versions_of,
    with_truth,
)
from spectransfer.evaluation._stopwatch import Stopwatch
from spectransfer.preprocessing import StandardScaler
from spectransfer.spectra import Pair, as_pair


class Spectrum(NamedTuple):
    """Measured and predicted spectrum of one spot."""

    measured: FloatArray
    predicted: FloatArray


@dataclass(frozen=True, eq=False)
class TransferredMap:
    """Measured and predicted spectra of one map, summed up.

    Parameters
    ----------
    mean_measured, mean_predicted : ndarray of shape (n_wavelengths,)
        Mean spectra, in counts.
    rmse : ndarray of shape (n_wavelengths,)
        Root-mean-square error of every channel, in counts.
    spread : ndarray of shape (n_wavelengths,)
        Standard deviation of the measured spectra in every channel, in counts.
    total_measured, total_predicted : ndarray of shape (n_spectra,)
        Sum of every spectrum, in counts.
    spots : mapping of int to Spectrum, default={}
        The spectra that were asked for, by their number in the order of measurement.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from spectransfer import make_transfer_pipeline
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.evaluation import summarize_transfer
    >>> pair = make_instrument_pair(n_spectra=100, random_state=0)
    >>> ridge = make_transfer_pipeline(Ridge()).fit(pair.X_secondary, pair.X_primary)
    >>> told = summarize_transfer(ridge, pair)
    >>> told.mean_measured.shape, (told.rmse < told.spread).all().item()
    ((300,), True)
    """

    mean_measured: FloatArray
    mean_predicted: FloatArray
    rmse: FloatArray
    spread: FloatArray
    total_measured: FloatArray
    total_predicted: FloatArray
    spots: Mapping[int, Spectrum]


@validate_params(
    {
        "protocol": [str],
        "spots": ["array-like"],
        "block_size": [Interval(Integral, 1, None, closed="left"), None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=False,
)
def summarize_transfer(
    transfer: Any,
    test: Any,
    *,
    protocol: str = "deployable",
    spots: Sequence[int] | IntArray = (),
    block_size: int | None = BLOCK_SIZE,
    verbose: bool | int = False,
) -> TransferredMap:
    r"""Transfer a map block by block, and keep what can be drawn of it.

    .. math:: e_j = \sqrt{\textstyle\frac 1 N \sum_i (y_{ij} - \hat y_{ij})^2}

    Parameters
    ----------
    transfer : estimator
        A fitted transfer; it is not changed.
    test : SpectraPair, PairedMaps or tuple of (X_secondary, X_primary)
        Spectra of both instruments; they may be memory-mapped.
    protocol : one of `PROTOCOLS`, default="deployable"
        Whose mean and variance standardize, as in `evaluate_transfers`. Under
        "library", *measured* stands for what the primary would have measured on the
        library's day, the annotation `primary_library_day` of `test`.
    spots : sequence of int, default=()
        Spectra to keep in full, by their number in the order of measurement.
    block_size : int or None, default=4096
        Spectra that are transferred at once; None takes all.
    verbose : bool or int, default=False
        Whether to show how far it is.

    Returns
    -------
    TransferredMap
        In the space of the predictions: where a baseline was taken off, without it.

    See Also
    --------
    evaluate_transfers : Figures of merit of many transfers.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from spectransfer import make_transfer_pipeline
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.evaluation import summarize_transfer
    >>> pair = make_instrument_pair(n_spectra=100, random_state=0)
    >>> ridge = make_transfer_pipeline(Ridge()).fit(pair.X_secondary, pair.X_primary)
    >>> told = summarize_transfer(ridge, pair, spots=[7])
    >>> told.rmse.shape, told.total_predicted.shape, list(told.spots)
    ((300,), (100,), [7])
    """
    check_is_fitted(transfer)
    unseen = as_pair(test, "test")
    kept = _known_spots(spots, unseen.n_spectra)
    totals = np.empty((2, unseen.n_spectra))
    scatter, found = StandardScaler(), {}
    sums = squares = None
    names, library_day = with_truth(known_protocols(protocol), test, unseen)
    if library_day is not None:
        unseen = unseen._replace(primary=library_day)
    with progress_bar(
        unseen.n_spectra, "spectrum", visible=bool(verbose), desc="transfer"
    ) as bar:
        for rows, *both in _transferred(transfer, names[0], unseen, block_size):
            measured, predicted = both
            scatter.partial_fit(measured)
            error = np.subtract(measured, predicted, dtype=np.float64)
            square = np.einsum("ij,ij->j", error, error)
            sum_ = predicted.sum(axis=0, dtype=np.float64)
            sums = sum_ if sums is None else sums + sum_
            squares = square if squares is None else squares + square
            for side, spectra in zip(totals, both, strict=True):
                side[rows] = spectra.sum(axis=1, dtype=np.float64)
            for spot in kept:
                if rows.start <= spot < rows.stop:
                    row = spot - rows.start
                    found[spot] = Spectrum(measured[row].copy(), predicted[row].copy())
            bar.update(rows.stop - rows.start)
    n = unseen.n_spectra
    return TransferredMap(
        np.asarray(scatter.mean_),
        np.asarray(sums) / n,
        np.sqrt(np.asarray(squares) / n),
        np.sqrt(np.asarray(scatter.var_)),
        totals[0],
        totals[1],
        {spot: found[spot] for spot in kept},
    )


def _known_spots(spots: Sequence[int] | IntArray, n_spectra: int) -> list[int]:
    kept = [int(spot) for spot in spots]
    wrong = [spot for spot in kept if not 0 <= spot < n_spectra]
    if wrong:
        raise ValueError(
            f"spots must be numbers of spectra from 0 to {n_spectra - 1}, but there "
            f"is {wrong[0]}. Of a map, maps.image(range(len(maps))) lays them out."
        )
    return kept


def _transferred(
    transfer: Any, protocol: str, unseen: Pair, block_size: int | None
) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
    """Give rows, measured and predicted spectra, block by block."""
    versions = versions_of(transfer, [protocol], unseen, block_size, Stopwatch())
    for rows in block_slices(unseen.n_spectra, block_size):
        measured = measured_in_space(transfer, take_rows(unseen.primary, rows))
        predicted = np.asarray(
            versions[protocol].predict(take_rows(unseen.secondary, rows))
        )
        yield rows, measured, predicted.reshape(len(predicted), -1)


@validate_params({"maps": [HasMethods("image")]}, prefer_skip_nested_validation=False)
def border_shots(maps: Any, labels: ArrayLike) -> BoolArray:
    """Tell which shots have a neighbour of another grain, mineral or cluster.

    Parameters
    ----------
    maps : PairedMaps
        Maps that lay the shots out.
    labels : array-like of shape (n_spectra,)
        A label for each shot, in the order of measurement, such as
        ``maps.annotations["grain"]`` or the clusters of measured spectra.

    Returns
    -------
    ndarray of bool, of shape (n_spectra,)
        True where the shot above, below, left or right has another label, in the order
        of measurement.

    Examples
    --------
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.spectra import PairedMaps
    >>> from spectransfer.evaluation import border_shots
    >>> pair = make_instrument_pair(n_spectra=8, random_state=0)
    >>> maps = PairedMaps(
    ...     pair.X_secondary, pair.X_primary, pair.wavelengths_secondary,
    ...     pair.wavelengths_primary, shape=(2, 4), raster="row",
    ... )
    >>> border_shots(maps, [1, 1, 1, 2, 1, 1, 1, 2])
    array([False, False,  True,  True, False, False,  True,  True])
    """
    image = maps.image(labels)
    border = np.zeros(image.shape, dtype=bool)
    down, right = image[1:] != image[:-1], image[:, 1:] != image[:, :-1]
    border[1:] |= down
    border[:-1] |= down
    border[:, 1:] |= right
    border[:, :-1] |= right
    rows, columns = maps.positions.T
    return border[rows, columns]
