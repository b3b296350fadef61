"""Carrying whole maps through a fitted transfer, block by block.

`predict` gives its result in one piece. A map that does not fit into memory goes
through in blocks, from a memory-mapped file into another.
"""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from spectransfer._axis import Axis, compare_axes, read_names
from spectransfer._blocks import BLOCK_ROWS, blocks_of, take_rows
from spectransfer._files import new_array, new_npy_files, written_beside
from spectransfer._labels import sample_names
from spectransfer._progress import progress_bar
from spectransfer._typing import ArrayLike
from spectransfer._validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_params,
)
from spectransfer.pipeline._frames import framed, names_of_predictions
from spectransfer.pipeline._protocols import with_batch_statistics, with_reference
from spectransfer.spectra import Spectra


@validate_params(
    {
        "transfer": [HasMethods("predict")],
        "block_size": [Interval(Integral, 1, None, closed="left")],
        "verbose": ["verbose"],
        "output": [StrOptions({"pandas", "polars"}), None],
    },
    prefer_skip_nested_validation=False,
)
def transfer_spectra(
    transfer: Any,
    X: Any,
    out: np.ndarray | str | os.PathLike[str] | None = None,
    *,
    block_size: int = 4096,
    reference: ArrayLike | None = None,
    verbose: bool | int = False,
    output: str | None = None,
) -> Any:
    """Transfer a map of any size, block by block.

    Gives what ``transfer.predict(X)`` does, and never prepares more than a block. A
    scaler with ``statistics="batch"`` takes the statistics of the whole map, in a pass
    of its own before.

    Parameters
    ----------
    transfer : estimator
        A fitted transfer: a pipeline, a search, any regressor.
    X : array-like of shape (n_spectra, n_secondary), Spectra, SpectraPair or PairedMaps
        Secondary spectra, memory-mapped or not; or a dask array of them; or what
        `read_spectra` has read. Of a pair or of maps, the secondary side.
    out : ndarray of shape (n_spectra, n_primary), path or None, default=None
        Where the primary spectra go. A path is that of a ``.npy`` file, or of an
        ``.npz`` file, which holds the axis, too (`X`, `wavelengths`, `unit`, as far as
        the transfer knows them, and `sample_id` of `Spectra`) and is made in memory. A
        file takes its name once it is complete, so that an interrupted run leaves
        nothing under that name, and an older file as it was. A symbolic link is
        followed. None makes a new array, in a temporary file where `X` is
        memory-mapped and the result has 64 MiB or more.
    block_size : int, default=4096
        Spectra in a block, rounded up to whole ones of the smaller blocks in which
        networks work. The result does not depend on it, but for the rounding of matrix
        products on a GPU and in regressors other than ours.
    reference : array-like of shape (n_reference, n_primary), default=None
        Measured primary spectra whose statistics bring the predictions back: the paper
        protocol, as in ``predict`` of a `PrimarySpaceRegressor`.
    verbose : bool or int, default=False
        Whether to show a progress bar.
    output : {"pandas", "polars"}, default=None
        Give a data frame whose columns are named by the primary axis.

    Returns
    -------
    ndarray, dask.array.Array or frame of shape (n_spectra, n_primary) or (n_spectra,)
        Of a pair or of maps, the same with the predicted spectra as primary ones; of
        `Spectra`, such on the primary axis.
        Otherwise primary spectra: `out` where it is an array; where it is a path, the
        very file that was written, memory-mapped for reading, also if another process
        has written one of its own there since. Of a dask array, a dask array that is
        yet to be computed, in the same chunks.

    Raises
    ------
    ValueError
        `out` does not fit the predictions, or the channels of a dask array are not in
        one chunk. Complaints about spectra say which block they are in.
    OSError
        The disk has no room for the result.

    Examples
    --------
    >>> import numpy as np
    >>> from spectransfer import KNNTransfer, transfer_spectra
    >>> knn = KNNTransfer(n_neighbors=1).fit([[0.0], [9.0]], [[1.0, 2.0], [3.0, 4.0]])
    >>> out = np.empty((3, 2))
    >>> transfer_spectra(knn, np.array([[8.0], [1.0], [7.0]]), out)
    array([[3., 4.],
           [1., 2.],
           [3., 4.]])
    """
    check_is_fitted(transfer)
    options: dict[str, Any] = {
        "block_size": block_size,
        "reference": reference,
        "verbose": verbose,
    }
    if _suffix(out) == ".csv":
        raise ValueError(
            f"out must be the path of a .npy or .npz file, but it is {out}. Leave out "
            "None, and write what comes: spectransfer.io.save_spectra writes Spectra, "
            'and with output="pandas" a frame has its own to_csv.'
        )
    if hasattr(X, "X_secondary"):
        return _transfer_pair(transfer, X, out, options)
    if isinstance(X, Spectra):
        if output is None:
            return _transfer_single(transfer, X, out, options)
        X = X.as_frame() if hasattr(transfer, "feature_names_in_") else X.X
    if output is not None:
        predicted = transfer_spectra(transfer, X, out, **options)
        return framed(predicted, output, X, names_of_predictions(transfer))
    if _suffix(out) == ".npz":
        predicted = transfer_spectra(transfer, X, None, **options)
        axis = _axis_of_predictions(transfer)
        return _written({"X": predicted}, axis, out)
    if _is_dask(X):
        if out is not None:
            raise ValueError(
                "A dask array is transferred when it is computed, and out must be "
                "None. Store the result with its own methods, such as to_zarr, or "
                "with dask.array.store."
            )
        return _transfer_chunks(transfer, X, reference)
    spectra = X if hasattr(X, "columns") else np.asanyarray(X)
    n_spectra = len(spectra)
    step = -(-block_size // BLOCK_ROWS) * BLOCK_ROWS
    blocks = _Blocks(spectra, step)
    if n_spectra > 1:
        transfer = with_batch_statistics(transfer, lambda: iter(blocks))
    if reference is not None:
        primary = _Blocks(reference, step)
        transfer = with_reference(transfer, lambda: iter(primary), reference)
    first = blocks.predict(transfer, 0)
    layout = (n_spectra, *first.shape[1:]), first.dtype
    with _opened(out, *layout, like=spectra) as (fill, finished):
        fill(0, first)
        with progress_bar(
            n_spectra, "spectrum", visible=bool(verbose), desc="transfer"
        ) as bar:
            bar.update(len(first))
            for start in range(step, n_spectra, step):
                predicted = blocks.predict(transfer, start)
                fill(start, predicted)
                bar.update(len(predicted))
    return finished()


def _transfer_single(
    transfer: Any, spectra: Spectra, out: Any, options: dict[str, Any]
) -> Spectra:
    """Transfer spectra that know their axis, to such on the primary one."""
    axis = _axis_of_predictions(transfer)
    if axis is None:  # before any work is done
        raise ValueError(
            "The transfer does not know the axis of its predictions, and Spectra have "
            "one. Fit it on data frames, such as pair.as_frames(), or transfer "
            "spectra.X."
        )
    archive = _suffix(out) == ".npz"
    into = None if archive else out
    predicted = _on_known_axis(transfer, spectra.axis, spectra.X, into, options)
    if archive:
        entries = {"X": predicted}
        if spectra.sample_id is not None:
            entries["sample_id"] = sample_names(
                spectra.sample_id, len(predicted), "sample_id"
            )
        _written(entries, axis, out)
    return replace(
        spectra, X=predicted, wavelengths=axis.values, unit=axis.unit,
        descending=False, notes=("transferred",),
    )  # fmt: skip


def _suffix(out: Any) -> str:
    """Give the ending of a path; none of an array."""
    return Path(out).suffix if isinstance(out, str | os.PathLike) else ""


def _axis_of_predictions(transfer: Any) -> Axis | None:
    """Give the primary axis, as far as the transfer knows it."""
    names = names_of_predictions(transfer)
    named = None if names is None else read_names(names)
    return None if named is None else Axis(named.values, named.unit)


def _on_known_axis(
    transfer: Any, axis: Axis, X: Any, out: Any, options: dict[str, Any]
) -> np.ndarray:
    """Compare the axis of secondary spectra with the one known, and transfer them."""
    for layer in (transfer, *(step for _, step in getattr(transfer, "steps", ()))):
        known = getattr(layer, "feature_names_in_", None)
        if known is None:
            continue
        fitted = read_names(known)
        if fitted is not None:
            compare_axes(fitted, axis, who=type(layer).__name__)
        break
    with warnings.catch_warnings():
        # the names were compared above
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        predicted: np.ndarray = transfer_spectra(transfer, X, out, **options)
    return predicted


def _transfer_pair(transfer: Any, pair: Any, out: Any, options: dict[str, Any]) -> Any:
    """Transfer the secondary side of a pair, and put the result on its primary side."""
    axis = _axis_of_predictions(transfer)
    if axis is None:  # before any work is done
        first = _on_known_axis(
            transfer, pair.axis_secondary, pair.X_secondary[:1], None, options
        )
        if first.shape[1:] != pair.X_primary.shape[1:]:
            raise ValueError(
                f"The transfer predicts {first.shape[1:]} channels whose axis it does "
                "not know, and the pair has "
                f"{len(pair.wavelengths_primary)} primary channels. Fit it on data "
                "frames, such as pair.as_frames(), or transfer pair.X_secondary."
            )
        axis = pair.axis_primary
    predicted = _on_known_axis(
        transfer, pair.axis_secondary, pair.X_secondary, out, options
    )
    axis = Axis(axis.values, axis.unit or pair.units[1])
    return replace(pair, X_primary=predicted, wavelengths_primary=axis)


def _written(entries: dict[str, Any], axis: Axis | None, path: Any) -> np.ndarray:
    """Write predictions with their axis into one archive, whole or not at all."""
    if axis is not None:
        entries = entries | {"wavelengths": axis.values}
        entries |= {} if axis.unit is None else {"unit": np.asarray(axis.unit)}
    with written_beside(Path(path)) as beside, beside.open("wb") as file:
        np.savez(file, **entries)
    predicted: np.ndarray = entries["X"]
    return predicted


class _Blocks:
    """The rows of a table, block by block."""

    def __init__(self, spectra: Any, step: int) -> None:
        self.spectra, self.step = spectra, step

    def __iter__(self) -> Iterator[Any]:
        """Yield the blocks in order."""
        return blocks_of(self.spectra, self.step)

    def predict(self, transfer: Any, start: int) -> np.ndarray:
        """Transfer a block; complaints tell which."""
        rows = slice(start, start + self.step)
        try:
            return np.asarray(transfer.predict(take_rows(self.spectra, rows)))
        except ValueError as error:
            if len(self.spectra) > self.step:
                error.add_note(f"Spectra are counted from spectrum {start} of the map.")
            raise


@contextmanager
def _opened(
    out: Any, shape: tuple[int, ...], dtype: np.dtype, like: Any
) -> Iterator[tuple[Callable[[int, np.ndarray], None], Callable[[], np.ndarray]]]:
    """Give what fills in a block, and what gives the result afterwards."""
    if out is None:
        made = new_array(shape, dtype, like=like)
        yield _filling(lambda: made), lambda: made
    elif isinstance(out, np.ndarray):
        if out.shape != shape or not np.can_cast(dtype, out.dtype, "same_kind"):
            raise ValueError(
                f"out must be an array of shape {shape} that {dtype} fits into, but "
                f"it has shape {out.shape} and {out.dtype}. Make it with "
                f"np.empty({shape}, np.{dtype}), or pass None or a path."
            )
        yield _filling(lambda: out), lambda: out
    else:
        path = Path(out)
        if path.suffix != ".npy":
            raise ValueError(
                f"out must be the path of a .npy or .npz file, but it is {path}. Call "
                f"it {path.with_suffix('.npy').name}, and convert it later."
            )
        with new_npy_files({path: (shape, dtype)}) as arrays:
            yield _filling(lambda: arrays[path]), lambda: arrays[path]


def _filling(target: Callable[[], np.ndarray]) -> Callable[[int, np.ndarray], None]:
    """Fill blocks in, and hold no array of a file: Windows could not rename it."""

    def fill(start: int, block: np.ndarray) -> None:
        target()[start : start + len(block)] = block

    return fill


def _is_dask(spectra: Any) -> bool:
    """Tell a dask array, without importing dask."""
    return type(spectra).__module__.startswith("dask.array")


def _transfer_chunks(transfer: Any, X: Any, reference: Any) -> Any:
    """Give the transfer of a dask array as a dask array that is yet to be computed.

    Parameters
    ----------
    transfer : estimator
        A fitted transfer.
    X : dask.array.Array of shape (n_spectra, n_secondary)
        Secondary spectra, all channels in one chunk.
    reference : array-like of shape (n_reference, n_primary) or None
        As in ``predict`` of a `PrimarySpaceRegressor`.

    Returns
    -------
    dask.array.Array of shape (n_spectra, n_primary) or (n_spectra,)
        In the chunks of `X`.
    """
    from dask.delayed import delayed

    if X.ndim != 2 or X.numblocks[1] != 1:
        raise ValueError(
            "A dask array of spectra must be a table whose chunks hold whole spectra, "
            f"but its shape is {X.shape} in chunks of {X.chunksize}. Put the channels "
            "into one chunk, with X.rechunk({1: -1})."
        )

    def blocks() -> Iterator[Any]:
        return (X.blocks[i].compute() for i in range(X.numblocks[0]))

    transfer = with_batch_statistics(transfer, blocks)
    if reference is not None:
        transfer = with_reference(transfer, lambda: iter([reference]), reference)
    # one spectrum tells the shape and precision of all
    like = np.asarray(transfer.predict(np.ones((1, X.shape[1]), X.dtype)))
    change = {"drop_axis": 1} if like.ndim == 1 else {}
    chunks = (X.chunks[0], *((n,) for n in like.shape[1:]))
    # a delayed transfer is sent once, and not with every chunk
    return X.map_blocks(
        _predict,
        delayed(transfer),
        dtype=like.dtype,
        chunks=chunks,
        meta=like[:0],
        **change,
    )


def _predict(spectra: np.ndarray, transfer: Any) -> np.ndarray:
    return np.asarray(transfer.predict(spectra))
