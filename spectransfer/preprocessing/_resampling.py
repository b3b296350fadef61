"""Resampling onto another wavelength axis, for instruments with different channels."""

from numbers import Real
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils.validation import check_is_fitted

from spectransfer._axis import check_axis, laser_too
from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import (
    SearchesOnce,
    StrOptions,
    check_feature_names_in,
    check_finite,
    check_spectra,
    fit_context,
)
from spectransfer.exceptions import WavelengthError
from spectransfer.preprocessing._between_channels import (
    WEIGHTS,
    in_gap,
    multiply_rows,
    outside_of,
    resampling_weights,
)
from spectransfer.preprocessing._cropping import as_feature_names, find_axis


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

    Notes
    -----
    NaN and inf are refused between the first and the last channel that something is
    read from, and not beyond.

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
        spectra = check_spectra(self, X, reset=True, finite=False)
        n_wavelengths = spectra.shape[1]
        axis = find_axis(X, self.wavelengths, n_wavelengths)
        if axis is None:
            raise WavelengthError(
                "Resampling needs the wavelength of every channel, but the "
                f"{n_wavelengths} channels have none. Pass wavelengths=, or spectra in "
                "a data frame whose columns are named by wavelength."
            )
        new = check_axis(self.new_wavelengths, unit=axis.unit, name="new_wavelengths")
        if None not in (new.unit, axis.unit) and new.unit != axis.unit:
            raise WavelengthError(
                f"new_wavelengths must be in the unit of the axis, but they are "
                f"{new.span}, and the axis has {axis.span}. Convert them, with "
                f"new_wavelengths.to({axis.unit!r}{laser_too(new.unit, axis.unit)})."
            )
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
        # what nothing is read from need not be finite
        self.weights_.eliminate_zeros()
        self._check_read(spectra)
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
        spectra = check_spectra(self, X, finite=False)
        self._check_read(spectra)
        find_axis(X, self.wavelengths, spectra.shape[1])
        resampled = multiply_rows(spectra, self.weights_)
        if self.fill_value != "edge" and self.outside_.any():
            resampled[:, self.outside_] = self.fill_value
        return resampled

    def _check_read(self, spectra: FloatArray) -> None:
        """Refuse NaN and inf from the first to the last channel that is read."""
        read = self.weights_.indices
        if len(read):
            first, last = int(read.min()), int(read.max())
            check_finite(spectra[:, first : last + 1], "X", first_channel=first)

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
