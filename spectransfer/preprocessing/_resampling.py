r"""Resampling onto another wavelength axis, for instruments with different channels.

Every way of reading between channels is linear in the intensities, so that it is one
sparse matrix: :math:`X' = X R`, computed once, from both axes alone. The functions
give its transpose, a row for each new channel.
"""

from collections.abc import Callable
from numbers import Real
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.interpolate import CubicSpline
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils.validation import check_is_fitted

from spectransfer._axis import check_axis
from spectransfer._files import new_array
from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, BoolArray, FloatArray
from spectransfer._validation import (
    SearchesOnce,
    StrOptions,
    check_feature_names_in,
    check_spectra,
    fit_context,
)
from spectransfer.exceptions import WavelengthError
from spectransfer.preprocessing._cropping import as_feature_names, find_axis

# The influence of a channel on a spline halves, at least, from channel to channel:
# beyond this reach it is below the rounding of float64, and so are smaller weights.
_REACH = 64
_NEGLIGIBLE = 1e-18
_CHUNK = 256


_GAP = 5.0  # steps; shorter ones are channels that were left out


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
    """Tell which places lie where the old axis has no channels for a while.

    A gap is a step of more than five times the median step, and of those beside it.
    """
    steps = np.diff(axis)
    if len(steps) < 2:
        return np.zeros(len(new), dtype=bool)
    beside = np.maximum(np.append(steps[1:], 0), np.append(0, steps[:-1]))
    wide = steps > _GAP * np.maximum(np.median(steps), beside)
    slack = 1e-9 * np.abs(axis[[0, -1]]).max()
    left = np.clip(np.searchsorted(axis, new, "right") - 1, 0, len(steps) - 1)
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


class WavelengthResampler(OnItsPage, SearchesOnce, TransformerMixin, BaseEstimator):
    r"""Bring spectra onto another wavelength axis.

    Each new intensity is a weighted sum of old ones, :math:`X' = X R`. The kinds are

    - ``"linear"``: the straight line between two neighbouring channels;
    - ``"cubic"``: the cubic spline through all channels;
    - ``"flux-conserving"``: the mean over the new channel. Old and new channels reach
      halfway to their neighbours, and with the overlaps :math:`w_{ij}` of old channel
      i and new channel j, :math:`x'_j = \sum_i w_{ij} x_i / \sum_i w_{ij}`. The
      integral of the spectrum over the covered range stays what it was. To be
      preferred onto a coarser axis, where the other kinds skip channels.

    The step is lossy and has no `inverse_transform`.

    Parameters
    ----------
    new_wavelengths : Axis or array-like of shape (n_new,)
        Axis that the spectra are brought to, increasing, in the unit of the old one.
    kind : {"linear", "cubic", "flux-conserving"}, default="linear"
        How to read between the channels.
    fill_value : float or "edge", default=None
        Intensity outside of the spectra's own range, in counts. None refuses an axis
        that reaches beyond it. ``"edge"`` repeats the intensity of the end channel.
        The authors of the method fill 0.
    wavelengths : Axis, array-like of shape (n_channels,) or "channels", default=None
        Axis of the spectra. None takes it from the column names of the data frame that
        holds them. ``"channels"`` counts channels from 0.
    across_gaps : bool, default=False
        Whether to read between channels that are more than five times as far apart as
        is usual. Otherwise such places count as outside of the spectrum.

    Attributes
    ----------
    axis_ : Axis
        The new axis; it takes over the unit of the old one where it does not say its
        own.
    wavelengths_ : ndarray of shape (n_new,)
        Its numbers.
    weights_ : csr_array of shape (n_new, `n_features_in_`)
        The transpose of :math:`R`.
    outside_ : ndarray of bool of shape (n_new,)
        The new channels that the old axis does not reach.
    n_features_in_ : int
        Number of channels seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, where `X` had names.

    Raises
    ------
    WavelengthError
        The new axis reaches beyond the old one and no `fill_value` is given, or one
        of them is not known, does not increase, or does not fit the spectra.

    See Also
    --------
    WavelengthCropper : Keep a wavelength range.

    Examples
    --------
    >>> from spectransfer.preprocessing import WavelengthResampler
    >>> resampler = WavelengthResampler([250, 300], wavelengths=[200, 300, 400])
    >>> resampler.fit_transform([[0.0, 10.0, 30.0]])
    array([[ 5., 10.]])
    >>> resampler.get_feature_names_out()
    array(['250.0', '300.0'], dtype=object)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "new_wavelengths": ["array-like"],
        "kind": [StrOptions(set(WEIGHTS))],
        "fill_value": [Real, StrOptions({"edge"}), None],
        "wavelengths": ["array-like", StrOptions({"channels"}), None],
        "across_gaps": ["boolean"],
    }

    def __init__(
        self,
        new_wavelengths: ArrayLike,
        *,
        kind: str = "linear",
        fill_value: float | str | None = None,
        wavelengths: ArrayLike | None = None,
        across_gaps: bool = False,
    ) -> None:
        self.new_wavelengths = new_wavelengths
        self.kind = kind
        self.fill_value = fill_value
        self.wavelengths = wavelengths
        self.across_gaps = across_gaps

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Compute the weights from both axes.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra, in counts.
        y : array-like of shape (n_spectra, ...), default=None
            Only its number of rows is looked at.

        Returns
        -------
        WavelengthResampler
            The resampler itself.
        """
        if y is not None:
            check_consistent_length(X, y)
        n_wavelengths = check_spectra(self, X, reset=True).shape[1]
        axis = find_axis(X, self.wavelengths, n_wavelengths)
        if axis is None:
            raise WavelengthError(
                "Resampling needs the wavelength of every channel, but the "
                f"{n_wavelengths} channels have none. Pass wavelengths=, or spectra in "
                "a data frame whose columns are named by wavelength."
            )
        new = check_axis(self.new_wavelengths, unit=axis.unit, name="new_wavelengths")
        outside = outside_of(axis.values, new.values)
        gap = in_gap(axis.values, new.values)
        if gap.any() and not self.across_gaps:
            outside = outside | gap
            if self.fill_value in (None, "edge"):
                raise WavelengthError(
                    f"new_wavelengths must lie where there are channels, but "
                    f"{gap.sum()} of them, from {new.values[gap][0]:.6g} to "
                    f"{new.values[gap][-1]:.6g}, lie in gaps of the axis, which has "
                    f"{axis.span}. Leave them out, fill them with fill_value=0.0, or "
                    "draw a line over gaps with across_gaps=True."
                )
        if outside.any() and self.fill_value is None:
            raise WavelengthError(
                f"new_wavelengths must lie in the range of the spectra, which have "
                f"{axis.span}, but they are {new.span}, and {outside.sum()} lie "
                "outside. Crop them to the common range, or say what to put there: "
                "fill_value=0.0 for zeros, fill_value='edge' for the end channels."
            )
        self.weights_ = resampling_weights(
            axis.values, new.values, self.kind, extend=self.fill_value == "edge"
        )
        if not self.across_gaps and gap.any():
            reached = sparse.diags_array((~gap).astype(np.float64))
            self.weights_ = sparse.csr_array(reached @ self.weights_)
            self.weights_.eliminate_zeros()
        self.outside_ = outside
        self.axis_ = new
        self.wavelengths_ = new.values
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Give the spectra on the new axis.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra, in counts.

        Returns
        -------
        ndarray of shape (n_spectra, n_new)
            Spectra in counts, in the precision of `X`.
        """
        check_is_fitted(self)
        resampled = multiply_rows(check_spectra(self, X), self.weights_)
        if self.fill_value != "edge" and self.outside_.any():
            resampled[:, self.outside_] = self.fill_value
        return resampled

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> Any:
        """Give the new wavelengths as text.

        Parameters
        ----------
        input_features : array-like of shape (`n_features_in_`,), default=None
            Only compared with the names seen in `fit`.

        Returns
        -------
        ndarray of shape (n_new,)
            Text.
        """
        check_is_fitted(self)
        check_feature_names_in(self, input_features)
        return as_feature_names(self.axis_)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
