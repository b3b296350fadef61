"""Neighbours nominated in a principal subspace, and then compared channel by channel.

With axes :math:`P` of the stored spectra, and what these leave out of them,

.. math:: \\lVert q - t \\rVert^2 \\approx \\lVert P^T q - P^T t \\rVert^2
          + \\lVert t - P P^T t \\rVert^2 + \\text{const.},

if what is left out of query and stored spectrum, which is mostly noise, has nothing in
common. A few hundred products in place of thousands, and one more column for the second
term: so many times :math:`k` are nominated, and the nearest of them are found exactly.
That nobody better was left out is likely and not certain.
"""

from collections.abc import Iterator

import numpy as np
from sklearn.utils.extmath import randomized_svd

from spectransfer._blocks import even_rows, row_blocks
from spectransfer._typing import FloatArray, IntArray
from spectransfer.transfer._neighbors import StoredSpectra

Nominator = tuple[FloatArray, StoredSpectra]
NOMINATED = 10
"""Spectra that are nominated for each neighbour that is wanted."""

_DRAWN = 8192


def nominator_of(stored: StoredSpectra, n_components: int) -> Nominator | None:
    """See stored spectra in components.

    Parameters
    ----------
    stored : StoredSpectra
        Spectra to be searched.
    n_components : int
        Number of principal components, of evenly drawn 8,192 of them at most.

    Returns
    -------
    tuple of (ndarray of shape (n_channels, n_components), StoredSpectra) or None
        Axes, and the stored spectra along them with what they leave out. None where
        there are no more channels or spectra than components.
    """
    n_stored, n_channels = stored.spectra.shape
    drawn = stored.spectra[even_rows(n_stored, _DRAWN)]
    if n_components >= min(n_channels, len(drawn)):
        return None
    centred = _centred(stored, drawn)
    axes = randomized_svd(centred, n_components, random_state=0)[2].T
    axes = np.ascontiguousarray(axes, dtype=stored.spectra.dtype)
    seen = np.empty((n_stored, n_components + 1), stored.spectra.dtype)
    for rows in row_blocks(n_stored, 8 * n_channels):
        spectra = _centred(stored, stored.spectra[rows])
        seen[rows, :-1] = spectra @ axes
        inside = np.square(seen[rows, :-1], dtype=np.float64).sum(axis=1)
        left_out = np.square(spectra, dtype=np.float64).sum(axis=1) - inside
        seen[rows, -1] = np.sqrt(np.maximum(left_out, 0))
    return axes, StoredSpectra.of(seen)


def nearest_nominated(
    stored: StoredSpectra, nominator: Nominator, queries: FloatArray, k: int
) -> Iterator[tuple[slice, FloatArray, IntArray]]:
    """Find the nearest of those who are near in components, block by block.

    Parameters
    ----------
    stored : StoredSpectra
        Spectra to be searched.
    nominator : tuple
        What `nominator_of` gave for them.
    queries : ndarray of shape (n_query, n_channels)
        Spectra.
    k : int
        Number of neighbours.

    Yields
    ------
    rows, distances, indices
        As `StoredSpectra.nearest` does.
    """
    axes, seen = nominator
    n_nominated = min(NOMINATED * k, len(stored.spectra))
    projected = np.zeros((len(queries), seen.spectra.shape[1]), queries.dtype)
    for rows in row_blocks(len(queries), 8 * queries.shape[1]):
        projected[rows, :-1] = _centred(stored, queries[rows]) @ axes
    for rows, _, numbers in seen.nearest(projected, n_nominated):
        candidates = np.sort(numbers, axis=1)
        squared = stored.squared_distances(queries[rows], candidates)
        # candidates stand in the order of storage, and equally near ones stay in it
        order = np.argsort(squared, axis=1, kind="stable")[:, :k]
        distances = np.sqrt(np.take_along_axis(squared, order, axis=1))
        yield rows, distances, np.take_along_axis(candidates, order, axis=1)


def _centred(stored: StoredSpectra, spectra: FloatArray) -> FloatArray:
    centred: FloatArray = (spectra - stored.mean) / spectra.dtype.type(stored.unit)
    return centred
