"""Transfers of dask arrays: chunk by chunk, when and where dask computes them."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from spectransfer.pipeline._protocols import with_batch_statistics, with_reference


def is_dask(spectra: Any) -> bool:
    """Tell a dask array, without importing dask."""
    return type(spectra).__module__.startswith("dask.array")


def transfer_chunks(transfer: Any, X: Any, reference: Any) -> Any:
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
