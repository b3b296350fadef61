r"""A new day without any standard: what can be undone, if something is assumed.

A map of today and one of the reference day show other places. What they have in common
has to be assumed, and each assumption undoes one kind of drift:

- ``"same-lines"``: lines lie where they lay. Undoes the shift.
- ``"same-dark"``: the darkest channels see no light on either day. Undoes the level.
- ``"same-statistics"``: both maps are of one material, so that along the range means
  and standard deviations of the channels follow each other,
  :math:`\sigma_\text{today} \approx g \, \sigma_\text{reference}` and
  :math:`\mu_\text{today} \approx g \, \mu_\text{reference} + b`. Undoes gain and level.
"""

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from spectransfer._blocks import row_blocks
from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import check_spectra, check_targets, fit_context
from spectransfer.exceptions import SpectransferWarning
from spectransfer.preprocessing._alignment import AxisAligner
from spectransfer.preprocessing._between_channels import multiply_rows
from spectransfer.preprocessing._days import compare_days
from spectransfer.preprocessing._drift_model import interpolation
from spectransfer.preprocessing._drift_scatter import polynomials

ASSUMPTIONS = {
    "same-lines": "lines lie where they lay, however high they are",
    "same-dark": "the darkest channels see no light on either day",
    "same-statistics": "today's map is of the same material, in the same mixture",
}
_ORDERS = 3  # of gain and of level, as `DriftCorrector` has them
_DARK = 2  # percent of the channels
_UNLIKE = 0.1  # of the lines: maps of one material differ by less


def moments_of(
    spectra: FloatArray, matrix: sparse.csr_array
) -> tuple[FloatArray, FloatArray]:
    """Give mean and standard deviation of moved spectra, a block of rows at a time."""
    total, square = np.zeros((2, spectra.shape[1]))
    first = np.asarray(spectra[0], dtype=np.float64)
    # about the first spectrum: the squares of a high level would drown the scatter
    for rows in row_blocks(len(spectra), 8 * spectra.shape[1]):
        apart = multiply_rows(spectra[rows] - first, matrix)
        total += apart.sum(axis=0)
        square += np.einsum("ij,ij->j", apart, apart)
    mean = total / len(spectra)
    variance = np.maximum(square / len(spectra) - mean**2, 0.0)
    return mean + matrix @ first, np.sqrt(variance)


def smooth_gain(today: FloatArray, reference: FloatArray) -> FloatArray:
    """Give the smooth factor between standard deviations of both days."""
    basis = polynomials(len(today), _ORDERS)
    columns = basis * reference[:, None]
    return np.asarray(basis @ np.linalg.lstsq(columns, today, rcond=None)[0])


def smooth_level(difference: FloatArray, reference: FloatArray) -> FloatArray:
    """Give the smooth part of a difference of means, where lines count for little."""
    basis = polynomials(len(difference), _ORDERS)
    weight = 1 / np.maximum(reference, 1e-3 * float(reference.max()) or 1.0)
    columns = basis * weight[:, None]
    values = np.linalg.lstsq(columns, difference * weight, rcond=None)[0]
    return np.asarray(basis @ values)


class BlindCorrector(OnItsPage, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Bring the spectra of a new day back without any standard, by an assumption.

    .. math:: \hat r(c) = (x(c + s(c)) - b(c)) / g(c)

    Nothing here replaces a standard: where the assumption is wrong, so is the
    correction, and nobody can see it from today's map alone. It is therefore named, has
    no default, and is taken by nothing in this package unless you say so.

    Parameters
    ----------
    assume : str or sequence of str
        What both maps have in common; several are taken in the order

        - ``"same-lines"``: lines lie where they lay, however high they are. Undoes the
          shift; one shift for all channels.
        - ``"same-dark"``: the darkest channels see no light on either day. Undoes a
          level that is the same for all channels.
        - ``"same-statistics"``: today's map is of the same material, in the same
          mixture. Undoes gain and level, each a parabola along the channels.

    Attributes
    ----------
    assumptions_ : tuple of str
        What was taken for granted, in words.
    shift_ : ndarray of shape (n_channels,)
        Channels by which lines lie higher today.
    gain_ : ndarray of shape (n_channels,)
        Sensitivity of today over that of the reference day.
    offset_ : ndarray of shape (n_channels,)
        Counts by which today's level lies higher, beside the gain.
    unlike_ : float
        Squared difference of both mean spectra after the correction, over that of the
        reference about its mean.
    n_features_in_ : int
        Number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, where `X` had names.

    Warns
    -----
    SpectransferWarning
        The maps contradict the assumption.

    See Also
    --------
    DriftCorrector : The same by standards, which see what has drifted.

    Examples
    --------
    >>> import numpy as np
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.preprocessing import BlindCorrector
    >>> pair = make_instrument_pair(n_spectra=400, random_state=0)
    >>> reference, today = pair.X_secondary[:200], 1.4 * pair.X_secondary[200:]
    >>> blind = BlindCorrector("same-statistics").fit(today, reference)
    >>> bool(abs(blind.gain_ - 1.4).max() < 0.2)
    True
    >>> blind.assumptions_
    ("today's map is of the same material, in the same mixture",)
    """

    _parameter_constraints: dict[str, list[Any]] = {"assume": [str, list, tuple]}

    def __init__(self, assume: str | Sequence[str]) -> None:
        self.assume = assume

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Compare a map of today with one of the reference day.

        Parameters
        ----------
        X : array-like of shape (n_today, n_channels)
            Spectra of today, as the instrument gives them.
        y : array-like of shape (n_reference, n_channels)
            Spectra of the reference day by the same instrument, such as those that the
            transfer was learned from. Rows do not pair.

        Returns
        -------
        BlindCorrector
            The corrector itself.

        Raises
        ------
        ValueError
            An assumption that does not exist, days with different channels, or maps
            that come to a negative gain.
        """
        named = (self.assume,) if isinstance(self.assume, str) else tuple(self.assume)
        if not named or set(named) - set(ASSUMPTIONS):
            raise ValueError(
                f"assume must name what both days share, of {', '.join(ASSUMPTIONS)}, "
                f"but it is {self.assume!r}. Write for example "
                'BlindCorrector(["same-lines", "same-statistics"]).'
            )
        today = check_spectra(self, X, reset=True)
        then = check_targets(y)
        n = today.shape[1]
        if then.ndim != 2 or then.shape[1] != n:
            raise ValueError(
                "Both days must have spectra of one instrument, channel by channel, "
                f"but today's have {n} channels and the shape of the reference is "
                f"{then.shape}. Pass what this very instrument gave on both days."
            )
        compare_days(self, X, y)
        if "same-statistics" in named and min(len(today), len(then)) < 2:
            raise ValueError(
                "Statistics of a map need at least two spectra, but there are "
                f"n_samples={len(today)} of today and {len(then)} of the reference. "
                "Pass whole maps."
            )
        self.assumptions_ = tuple(ASSUMPTIONS[k] for k in ASSUMPTIONS if k in named)
        still = sparse.csr_array(sparse.eye_array(n))
        usual, scatter = moments_of(then, still)
        self.shift_: FloatArray = np.zeros(n)
        moved = still
        if "same-lines" in named:
            mean = moments_of(today, still)[0]
            aligner = AxisAligner(0).fit(mean[np.newaxis], usual[np.newaxis])
            self.shift_ = aligner.shift_
            moved = interpolation(np.arange(n) + self.shift_)
        mean, spread = moments_of(today, moved)
        gain: FloatArray = np.ones(n)
        offset: FloatArray = np.zeros(n)
        if "same-dark" in named:
            dark = np.percentile(mean, _DARK) - np.percentile(usual, _DARK)
            offset = np.full(n, float(dark))
        if "same-statistics" in named:
            gain = smooth_gain(spread, scatter)
            offset = smooth_level(mean - gain * usual, scatter)
        if gain.min() <= 0:
            raise ValueError(
                "A spectrometer that has drifted still gives more counts for more "
                "light, but these maps come to a gain that ends at channel "
                f"{int(gain.argmin())}. They are of other materials: measure "
                "standards, for DriftCorrector."
            )
        self.gain_, self.offset_ = gain, offset
        self._operator = sparse.csr_array(sparse.diags_array(1 / gain) @ moved)
        self._constant = -offset / gain
        left = (mean - offset) / gain - usual
        size = max(float(np.sum((usual - usual.mean()) ** 2)), np.finfo(float).tiny)
        self.unlike_ = float(left @ left) / size
        if "same-statistics" in named and self.unlike_ > _UNLIKE:
            warnings.warn(
                f"After the correction the mean spectra still differ by "
                f"{self.unlike_:.0%} of the lines: today's map is of another material "
                "or mixture. Assume less, or measure standards, for DriftCorrector.",
                SpectransferWarning,
                stacklevel=3,
            )
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Give today's spectra as the assumption has them on the reference day.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra of today, as the instrument gives them.

        Returns
        -------
        ndarray of shape (n_spectra, n_channels)
            Spectra of the reference day, in the precision of `X`.
        """
        check_is_fitted(self)
        spectra = multiply_rows(check_spectra(self, X), self._operator)
        spectra += self._constant.astype(spectra.dtype)
        return spectra

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
