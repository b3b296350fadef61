r"""The nearest of many spectra, found by matrix products in blocks.

For a query :math:`q` and the stored spectra :math:`t_i`,

.. math:: \lVert q - t_i \rVert^2 = \lVert q \rVert^2 + \lVert t_i \rVert^2
          - 2\, q \cdot t_i ,

and the last term is a matrix product, the fastest thing that a computer does. Its
rounding grows with the norms and not with the distance. So it only nominates a few more
candidates than are wanted; their distances are then summed from differences in float64.
That nobody better was left out is checked with a bound of the rounding: an inner
product of :math:`d` numbers errs by less than about :math:`8 \sqrt{d}\, u \lVert q
\rVert \lVert t \rVert` (N. Higham and T. Mary, SIAM J. Sci. Comput. 41, A2815, 2019;
never by more than :math:`d\, u`). Products are in float32; queries that fail the check
are searched again in float64. Spectra are brought to numbers around one before they are
multiplied, by a power of two: squares of 1e-23 counts would be zero in float32.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectransfer._blocks import row_blocks
from spectransfer._typing import BoolArray, FloatArray, IntArray

# Queries go through all stored spectra together, so that these are read seldom: from a
# memory map of 5 GB, 61 times for the 250,000 queries of the paper.
_QUERY_ROWS = 4096
_FIRST_ROWS = 256
_STORED_ROWS = 1024
# few queries go through more of them at once, as far as these fit into 16 MB
_STORED_NUMBERS = 2**22
_TABLE_NUMBERS = 2**20


def _query_blocks(n_query: int) -> Iterator[slice]:
    """Cut queries into blocks, a small one first: it tells whether float32 will do."""
    start, size = 0, _FIRST_ROWS
    while start < n_query:
        yield slice(start, min(start + size, n_query))
        start, size = start + size, _QUERY_ROWS


@dataclass(frozen=True)
class StoredSpectra:
    """Spectra to be searched, with their mean and their squared norms around it.

    Norms are in a unit of their own, `unit` counts.
    """

    spectra: FloatArray
    mean: FloatArray
    squares: FloatArray
    unit: float

    @classmethod
    def of(cls, spectra: FloatArray) -> "StoredSpectra":
        """Take the mean, around which norms, and so rounding, are small."""
        mean = spectra.mean(axis=0, dtype=np.float64).astype(spectra.dtype)
        squares = np.empty(len(spectra))
        for rows in row_blocks(len(spectra), 8 * spectra.shape[1]):
            centred = spectra[rows].astype(np.float64) - mean
            squares[rows] = np.einsum("ij,ij->i", centred, centred)
        unit = float(2.0 ** np.frexp(np.sqrt(squares.mean() / spectra.shape[1]))[1])
        return cls(spectra, mean, squares / unit / unit, unit)

    def nearest(
        self, queries: FloatArray, k: int
    ) -> Iterator[tuple[slice, FloatArray, IntArray]]:
        """Find the k nearest stored spectra of each query, block by block.

        Parameters
        ----------
        queries : ndarray of shape (n_query, n_channels)
            Spectra, of the precision of the stored ones or not.
        k : int
            Number of neighbours, at most the number of stored spectra.

        Yields
        ------
        rows : slice
            The queries of this block.
        distances : ndarray of shape (n_rows, k)
            Euclidean distances in float64, increasing.
        indices : ndarray of shape (n_rows, k)
            Numbers of the stored spectra; of equally near ones the first.
        """
        precisions: list[Any] = [np.float32, np.float64]
        for rows in _query_blocks(len(queries)):
            block = queries[rows]
            squared = np.empty((len(block), k))
            indices = np.empty((len(block), k), dtype=np.intp)
            left = np.arange(len(block))
            for precision in precisions:
                found = self._search(block[left], k, precision)
                squared[left], indices[left], certain = found
                left = left[~certain]
                if len(left) == 0:
                    break
                if len(left) > len(block) / 2:
                    # too close together: the next block will be, too
                    precisions = [np.float64]
            yield rows, np.sqrt(squared), indices

    def _search(
        self, queries: FloatArray, k: int, precision: Any
    ) -> tuple[FloatArray, IntArray, BoolArray]:
        """Give squared distances, indices, and whether the check was passed."""
        slack = _rounding(queries.shape[1], precision)
        centred = self._centred(queries, precision)
        bounds, candidates = self._nominate(centred, k, slack, precision)
        exact = self.squared_distances(queries, candidates)
        # Candidates stand in the order of storage, and equally near ones stay in it.
        order = np.argsort(exact, axis=1, kind="stable")[:, :k]
        squared = np.take_along_axis(exact, order, axis=1)
        norms = np.einsum("ij,ij->i", centred, centred, dtype=np.float64)
        worst = squared[:, -1] / self.unit / self.unit
        certain = worst < bounds + norms * (1 - slack)
        return squared, np.take_along_axis(candidates, order, axis=1), certain

    def _centred(self, spectra: FloatArray, precision: Any) -> FloatArray:
        """Give spectra around the mean, in the unit of the norms."""
        wide = np.result_type(spectra, self.mean, precision)
        centred = np.subtract(spectra, self.mean, dtype=wide)
        centred /= self.unit
        return centred.astype(precision, copy=False)

    def _nominate(
        self, centred: FloatArray, k: int, slack: float, precision: Any
    ) -> tuple[FloatArray, IntArray]:
        """Give the candidates, and what everyone else's distance cannot be below.

        Distances are without the squared norm of the query, and lessened by what
        rounding may have added to them.
        """
        n_stored, n_channels = self.spectra.shape
        n_kept = min(k + 8 + k // 4, n_stored)
        n_rows = min(_STORED_NUMBERS // n_channels, _TABLE_NUMBERS // len(centred))
        n_rows = max(_STORED_ROWS, n_rows)
        numbers = np.zeros((len(centred), n_kept), dtype=np.intp)
        nearest = np.full((len(centred), n_kept), np.inf, dtype=precision)
        table = np.empty((len(centred), n_rows), dtype=precision)
        with np.errstate(over="ignore"):
            lessened = ((1 - slack) * self.squares).astype(precision)
            doubled = -2 * centred
        for start in range(0, n_stored, n_rows):
            rows = slice(start, min(start + n_rows, n_stored))
            fresh = table[:, : rows.stop - start]
            with np.errstate(over="ignore", invalid="ignore"):
                stored = self._centred(self.spectra[rows], precision)
                np.matmul(doubled, stored.T, out=fresh)
                fresh += lessened[rows]
            nearer, places = _below(fresh, nearest.max(axis=1, keepdims=True))
            known = np.concatenate([nearest, nearer], axis=1)
            best = _smallest(known, n_kept)
            nearest = np.take_along_axis(known, best, axis=1)
            known_numbers = np.concatenate([numbers, places + start], axis=1)
            numbers = np.take_along_axis(known_numbers, best, axis=1)
        if n_kept == n_stored:
            return np.full(len(centred), np.inf), numbers
        bounds = nearest.max(axis=1).astype(np.float64)
        # Infinity is an overflow, and excludes nobody.
        return np.where(np.isfinite(bounds), bounds, -np.inf), numbers

    def squared_distances(
        self, queries: FloatArray, candidates: IntArray
    ) -> FloatArray:
        """Sum squared differences in float64.

        Parameters
        ----------
        queries : ndarray of shape (n_query, n_channels)
            Spectra.
        candidates : ndarray of shape (n_query, n_candidates)
            Numbers of stored spectra, for each query.

        Returns
        -------
        ndarray of shape (n_query, n_candidates)
            Their squared distances.
        """
        squared = np.empty(candidates.shape)
        row_bytes = 8 * candidates.shape[1] * queries.shape[1]
        for rows in row_blocks(len(queries), 16 * row_bytes):
            error = self.spectra[candidates[rows]].astype(np.float64)
            error -= queries[rows, np.newaxis]
            squared[rows] = np.einsum("qkj,qkj->qk", error, error)
        return squared


def _rounding(n_channels: int, precision: Any) -> float:
    """Bound the error of a squared distance, relative to both squared norms' sum."""
    unit = float(np.finfo(precision).eps) / 2
    return unit * (min(n_channels, 8 * np.sqrt(n_channels)) + 16)


def _below(table: FloatArray, limits: FloatArray) -> tuple[FloatArray, IntArray]:
    """Gather the entries of each row below its limit, and number them.

    Once many spectra have been seen these are few, and to look for the smallest among
    all would take half as long as the matrix product. Rows are filled up with infinity.
    """
    found = table < limits
    n_found = np.count_nonzero(found, axis=1)
    n_most = int(n_found.max())
    if 4 * n_most > table.shape[1]:
        return table, np.broadcast_to(np.arange(table.shape[1]), table.shape)
    rows, columns = np.divmod(np.flatnonzero(found), table.shape[1])
    places = np.arange(len(rows)) - np.repeat(np.cumsum(n_found) - n_found, n_found)
    entries = np.full((len(table), n_most), np.inf, dtype=table.dtype)
    entries[rows, places] = table[rows, columns]
    numbers = np.zeros((len(table), n_most), dtype=np.intp)
    numbers[rows, places] = columns
    return entries, numbers


def _smallest(table: FloatArray, n_kept: int) -> IntArray:
    """Number the smallest entries of each row; of equal ones the first are taken."""
    if n_kept == table.shape[1]:
        return np.broadcast_to(np.arange(n_kept), table.shape)
    best = np.argpartition(table, n_kept - 1, axis=1)[:, :n_kept]
    worst = np.take_along_axis(table, best, axis=1).max(axis=1, keepdims=True)
    tied = np.count_nonzero(table <= worst, axis=1) > n_kept
    best[tied] = np.argsort(table[tied], axis=1, kind="stable")[:, :n_kept]
    return np.sort(best, axis=1)
