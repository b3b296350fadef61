"""Looking up: which entries of a library is a spectrum nearest to?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectransfer._blocks import row_blocks
from spectransfer._typing import ArrayLike, FloatArray, IntArray
from spectransfer.metrics import cluster_labels

if TYPE_CHECKING:
    from spectransfer.library._library import Library

_NOMINATED = 4  # entries that are compared as spectra, for each that is wanted


class Matches(NamedTuple):
    """Entries of a library that are nearest to spectra, the nearest one first.

    Attributes
    ----------
    entry : ndarray of shape (n_spectra, n_neighbors)
        Rows of the library.
    sample_id : ndarray of shape (n_spectra, n_neighbors)
        Their names; the rows, where the library has no names.
    distance : ndarray of shape (n_spectra, n_neighbors)
        Euclidean distance of each spectrum from the decoded entry, in the unit of
        primary spectra.
    latent_distance : ndarray of shape (n_spectra, n_neighbors)
        Euclidean distance of the latents.
    cluster : ndarray of shape (n_spectra,)
        Published cluster that each spectrum falls into.
    """

    entry: IntArray
    sample_id: np.ndarray
    distance: FloatArray
    latent_distance: FloatArray
    cluster: IntArray


def nearest_entries(
    library: Library, spectra: ArrayLike, n_neighbors: int, *, measured: bool
) -> Matches:
    """Find the nearest entries; see `Library.lookup`."""
    n_entries = len(library.latents)
    if not 1 <= n_neighbors <= n_entries:
        raise ValueError(
            f"n_neighbors must be from 1 to {n_entries}, the entries of the library, "
            f"but it is {n_neighbors}."
        )
    latents = library.encode(spectra, measured=measured)
    if measured:
        queries = library.transform_target(spectra)
    else:
        queries = library._check_predicted(spectra)
    n_nominated = min(_NOMINATED * n_neighbors, n_entries)
    shape = len(latents), n_neighbors
    index = np.empty(shape, np.intp)
    distance, latent_distance = np.empty(shape), np.empty(shape)
    row_bytes = 16 * n_nominated * queries.shape[1]
    for rows, apart, nominated in library._stored_latents.nearest(latents, n_nominated):
        for part in row_blocks(len(nominated), row_bytes):
            here = slice(rows.start + part.start, rows.start + part.stop)
            of_spectra = _apart(library, queries[here], nominated[part])
            order = np.argsort(of_spectra, axis=1, kind="stable")[:, :n_neighbors]
            index[here] = np.take_along_axis(nominated[part], order, axis=1)
            distance[here] = np.take_along_axis(of_spectra, order, axis=1)
            latent_distance[here] = np.take_along_axis(apart[part], order, axis=1)
    names = library.sample_id
    found = index if names is None else names[index]
    clusters = cluster_labels(library.clusters, queries)
    return Matches(index, found, distance, latent_distance, clusters)


def _apart(library: Library, queries: FloatArray, entries: IntArray) -> FloatArray:
    """Give the distances of spectra from decoded entries."""
    some, of_entry = np.unique(entries, return_inverse=True)
    decoded = library.decode(library.latents[some])[of_entry.reshape(entries.shape)]
    error = decoded - queries[:, None].astype(np.float64)
    return np.sqrt(np.einsum("qkj,qkj->qk", error, error))
