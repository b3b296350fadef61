r"""Reading between channels: weights of an axis on another, and products with them.

Every way of reading between channels is linear in the intensities, so that it is one
sparse matrix: :math:`X' = X R`, computed once, from both axes alone. The functions
give its transpose, a row for each new channel.
"""

from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.interpolate import CubicSpline

from spectransfer._axis import is_gap
from spectransfer._files import new_array
from spectransfer._typing import BoolArray, FloatArray

# The influence of a channel on a spline halves, at least, from channel to channel:
# beyond this reach it is below the rounding of float64, and so are smaller weights.
_REACH = 64
_NEGLIGIBLE = 1e-18
_CHUNK = 256


def linear_weights(axis: FloatArray, new: FloatArray) -> sparse.csr_array:
    """Interpolate linearly between neighbouring channels.

    Parameters
    ----------
    axis : ndarray of shape (n_wavelengths,)
        Increasing axis.
    new : ndarray of shape (n_new,)
        Wavelengths within the axis.

    Returns
    -------
    csr_array of shape (n_new, n_wavelengths)
        Weights; each row sums to 1.
    """
    if len(axis) == 1:
        return sparse.csr_array(np.ones((len(new), 1)))
    left = np.clip(np.searchsorted(axis, new, "right") - 1, 0, len(axis) - 2)
    part = (new - axis[left]) / (axis[left + 1] - axis[left])
    rows = np.arange(len(new))
    return sparse.csr_array(
        (
            np.concatenate([1 - part, part]),
            (np.concatenate([rows, rows]), np.concatenate([left, left + 1])),
        ),
        shape=(len(new), len(axis)),
    )


def cubic_weights(axis: FloatArray, new: FloatArray) -> sparse.csr_array:
    """Interpolate by the cubic spline through all channels (not-a-knot ends).

    Parameters
    ----------
    axis : ndarray of shape (n_wavelengths,)
        Increasing axis.
    new : ndarray of shape (n_new,)
        Wavelengths within the axis.

    Returns
    -------
    csr_array of shape (n_new, n_wavelengths)
        Weights; each row sums to 1.
    """
    if len(axis) == 1:
        return linear_weights(axis, new)
    pieces = []
    for start in range(0, len(new), _CHUNK):
        some = new[start : start + _CHUNK]
        first = max(0, int(np.searchsorted(axis, some[0])) - _REACH)
        last = min(len(axis), int(np.searchsorted(axis, some[-1])) + _REACH)
        weights = CubicSpline(axis[first:last], np.eye(last - first))(some)
        weights[np.abs(weights) < _NEGLIGIBLE] = 0
        local = sparse.coo_array(weights)
        pieces.append(
            sparse.coo_array(
                (local.data, (local.row, local.col + first)),
                shape=(len(some), len(axis)),
            )
        )
    return sparse.csr_array(sparse.vstack(pieces))


def bin_edges(axis: FloatArray) -> FloatArray:
    """Give the edges of channels: halfway between neighbours, alike at the ends.

    Parameters
    ----------
    axis : ndarray of shape (n_wavelengths,)
        Increasing axis; a single channel is one unit wide.

    Returns
    -------
    ndarray of shape (n_wavelengths + 1,)
        Edges, in the unit of the axis.
    """
    if len(axis) == 1:
        return np.array([axis[0] - 0.5, axis[0] + 0.5])
    half = np.diff(axis) / 2
    inner = axis[:-1] + half
    return np.concatenate([[axis[0] - half[0]], inner, [axis[-1] + half[-1]]])


def flux_weights(axis: FloatArray, new: FloatArray) -> sparse.csr_array:
    """Average over the part of each new channel that the old channels cover.

    Parameters
    ----------
    axis : ndarray of shape (n_wavelengths,)
        Increasing axis.
    new : ndarray of shape (n_new,)
        New axis, increasing.

    Returns
    -------
    csr_array of shape (n_new, n_wavelengths)
        Overlap of old and new channels, divided by the covered width; each row sums
        to 1, or is empty where the new channel lies outside.
    """
    old_edges, new_edges = bin_edges(axis), bin_edges(new)
    cuts = np.union1d(old_edges, new_edges)
    shared = (cuts >= max(old_edges[0], new_edges[0])) & (
        cuts <= min(old_edges[-1], new_edges[-1])
    )
    cuts = cuts[shared]
    middle, width = (cuts[:-1] + cuts[1:]) / 2, np.diff(cuts)
    # A sliver between two edges that differ by rounding may have its middle on one.
    old = np.clip(np.searchsorted(old_edges, middle) - 1, 0, len(axis) - 1)
    into = np.clip(np.searchsorted(new_edges, middle) - 1, 0, len(new) - 1)
    covered = np.bincount(into, weights=width, minlength=len(new))
    return sparse.csr_array(
        (width / covered[into], (into, old)), shape=(len(new), len(axis))
    )


WEIGHTS: dict[str, Callable[[FloatArray, FloatArray], sparse.csr_array]] = {
    "linear": linear_weights,
    "cubic": cubic_weights,
    "flux-conserving": flux_weights,
}


def outside_of(axis: FloatArray, new: FloatArray) -> BoolArray:
    """Tell which wavelengths an axis does not reach, up to rounding."""
    slack = 1e-9 * np.abs(axis[[0, -1]]).max()
    return (new < axis[0] - slack) | (new > axis[-1] + slack)


def in_gap(axis: FloatArray, new: FloatArray) -> BoolArray:
    """Tell which places lie where the old axis has no channels for a while."""
    wide = is_gap(axis)
    if not len(wide):
        return np.zeros(len(new), dtype=bool)
    slack = 1e-9 * np.abs(axis[[0, -1]]).max()
    left = np.clip(np.searchsorted(axis, new, "right") - 1, 0, len(wide) - 1)
    inside = (new > axis[left] + slack) & (new < axis[left + 1] - slack)
    return wide[left] & inside


def resampling_weights(
    axis: FloatArray, new: FloatArray, kind: str, extend: bool
) -> sparse.csr_array:
    """Give the matrix that brings spectra from one axis to another.

    Parameters
    ----------
    axis : ndarray of shape (n_wavelengths,)
        Axis of the spectra, increasing.
    new : ndarray of shape (n_new,)
        Axis that they are wanted on, increasing.
    kind : {"linear", "cubic", "flux-conserving"}
        How to read between the channels.
    extend : bool
        Whether the end channels stand for what lies beyond them. Otherwise the rows
        of wavelengths outside of the axis are empty.

    Returns
    -------
    csr_array of shape (n_new, n_wavelengths)
        Weights.
    """
    within = np.clip(new, axis[0], axis[-1])
    wanted = new if kind == "flux-conserving" else within
    weights = WEIGHTS[kind](axis, wanted)
    outside = outside_of(axis, new)
    if outside.any():
        weights = sparse.diags_array((~outside).astype(float)) @ weights
        if extend:
            ends = sparse.diags_array(outside.astype(float))
            weights = weights + ends @ linear_weights(axis, within)
    weights = sparse.csr_array(weights)
    weights.sum_duplicates()
    weights.eliminate_zeros()
    return weights


def multiply_rows(spectra: FloatArray, weights: sparse.csr_array) -> FloatArray:
    """Resample spectra, a block of rows at a time.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_wavelengths)
        Spectra, float32 or float64.
    weights : csr_array of shape (n_new, n_wavelengths)
        What each new channel takes from the old ones.

    Returns
    -------
    ndarray of shape (n_spectra, n_new)
        In the precision of the spectra.
    """
    weights = weights.astype(spectra.dtype)
    shape = (len(spectra), weights.shape[0])
    out = new_array(shape, spectra.dtype, like=spectra)
    for start in range(0, len(spectra), 64):
        block = np.ascontiguousarray(spectra[start : start + 64].T)
        out[start : start + 64] = (weights @ block).T
    return out
