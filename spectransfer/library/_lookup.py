r"""Looking up: which entries of a library is a spectrum nearest to?

To decode a whole library for that would take what latents save. So entries are
nominated by their latents, in a metric that is near to that of spectra: with the linear
map A that fits the decoder best,

.. math:: d(z) \approx A z + b, \qquad
          \lVert d(z) - d(z') \rVert \approx \lVert A (z - z') \rVert .

Those nominated are decoded, and put in order by their spectra.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from numbers import Integral
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectransfer._blocks import even_rows, row_blocks
from spectransfer._typing import ArrayLike, FloatArray, IntArray
from spectransfer.library._population import checked_predicted
from spectransfer.metrics import cluster_labels
from spectransfer.spectra import Spectra
from spectransfer.transfer import StoredSpectra

if TYPE_CHECKING:
    from spectransfer.library._library import Library

_NOMINATED = 8  # entries that are compared as spectra, for each that is wanted
_MOST_FITTED = 2048


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

    Examples
    --------
    >>> import numpy as np
    >>> from spectransfer.library import Matches
    >>> found = Matches(
    ...     entry=np.array([[4, 2]]), sample_id=np.array([["albite", "quartz"]]),
    ...     distance=np.array([[0.5, 3.0]]), latent_distance=np.array([[0.1, 0.7]]),
    ...     cluster=np.array([1]),
    ... )
    >>> found.sample_id[0, 0].item(), found.distance[0, 0].item()
    ('albite', 0.5)
    """

    entry: IntArray
    sample_id: np.ndarray
    distance: FloatArray
    latent_distance: FloatArray
    cluster: IntArray


class LatentIndex:
    """Latents of a library, ready to be searched by what they do to spectra.

    Parameters
    ----------
    latents : ndarray of shape (n_entries, n_latent)
        Those of the library.
    decode : callable
        From latents to spectra.
    """

    def __init__(
        self, latents: FloatArray, decode: Callable[[FloatArray], FloatArray]
    ) -> None:
        drawn = np.asarray(latents[even_rows(len(latents), _MOST_FITTED)], np.float64)
        centred = drawn - drawn.mean(axis=0)
        decoded = np.asarray(decode(drawn), np.float64)
        linear = np.linalg.lstsq(centred, decoded - decoded.mean(axis=0))[0]
        # the triangular factor has the lengths of the whole matrix
        self._metric = np.linalg.qr(linear.T)[1].T.astype(np.float32)
        turned = np.asarray(latents, np.float32) @ self._metric
        self._stored = StoredSpectra.of(turned)

    def nearest(
        self, latents: FloatArray, k: int
    ) -> Iterator[tuple[slice, FloatArray, IntArray]]:
        """Nominate k entries for each latent, as `StoredSpectra.nearest` does.

        Parameters
        ----------
        latents : ndarray of shape (n_query, n_latent)
            Latents of spectra.
        k : int
            Number of entries.

        Returns
        -------
        iterator of (slice, ndarray, ndarray)
            Rows, distances and numbers of entries.
        """
        return self._stored.nearest(latents @ self._metric, k)


def nearest_entries(
    library: Library, spectra: ArrayLike | Spectra, n_neighbors: int, *, measured: bool
) -> Matches:
    """Find the nearest entries; see `Library.lookup`."""
    n_entries = len(library.latents)
    whole = isinstance(n_neighbors, Integral)
    if not whole or not 1 <= n_neighbors <= n_entries:
        raise ValueError(
            f"n_neighbors must be from 1 to {n_entries}, the entries of the library, "
            f"but it is {n_neighbors!r}."
        )
    latents = library.encode(spectra, measured=measured)
    if measured:
        queries = library.transform_target(spectra)
    else:
        queries = checked_predicted(library.axis, spectra)
    n_nominated = min(_NOMINATED * n_neighbors, n_entries)
    shape = len(latents), n_neighbors
    entry = np.empty(shape, np.intp)
    distance, latent_distance = np.empty(shape), np.empty(shape)
    row_bytes = 16 * n_nominated * queries.shape[1]
    for rows, _, nominated in library._index.nearest(latents, n_nominated):
        for part in row_blocks(len(nominated), row_bytes):
            here = slice(rows.start + part.start, rows.start + part.stop)
            of_spectra = _apart(library, queries[here], nominated[part])
            order = np.argsort(of_spectra, axis=1, kind="stable")[:, :n_neighbors]
            entry[here] = np.take_along_axis(nominated[part], order, axis=1)
            distance[here] = np.take_along_axis(of_spectra, order, axis=1)
    for part in row_blocks(len(latents), 32 * n_neighbors * latents.shape[1]):
        error = library.latents[entry[part]].astype(float) - latents[part, None]
        latent_distance[part] = np.sqrt((error**2).sum(axis=2))
    names = library.sample_id
    found = entry if names is None else names[entry]
    clusters = cluster_labels(library.clusters, queries)
    return Matches(entry, found, distance, latent_distance, clusters)


def _apart(library: Library, queries: FloatArray, entries: IntArray) -> FloatArray:
    """Give the distances of spectra from decoded entries."""
    some, of_entry = np.unique(entries, return_inverse=True)
    decoded = library.decode(library.latents[some])[of_entry.reshape(entries.shape)]
    error = decoded - queries[:, None].astype(np.float64)
    return np.sqrt(np.einsum("qkj,qkj->qk", error, error))
