"""Resampling onto another wavelength axis, for instruments with different channels."""

from numbers import Real
from typing import Any, Self

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils.validation import check_is_fitted

from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import (
    StrOptions,
    check_feature_names_in,
    check_spectra,
    fit_context,
)
from spectransfer._wavelengths import check_wavelengths
from spectransfer.exceptions import WavelengthError
from spectransfer.preprocessing._axis import axis_names, find_axis, span
from spectransfer.preprocessing._weights import (
    WEIGHTS,
    multiply_rows,
    outside_of,
    resampling_weights,
)


class WavelengthResampler(TransformerMixin, BaseEstimator):
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
    new_wavelengths : array-like of shape (n_new,)
        Axis that the spectra are brought to, increasing, in nm.
    kind : {"linear", "cubic", "flux-conserving"}, default="linear"
        How to read between the channels.
    fill_value : float or "edge", default=None
        Intensity outside of the spectra's own range, in counts. None refuses an axis
        that reaches beyond it. ``"edge"`` repeats the intensity of the end channel.
        The authors of the method fill 0.
    wavelengths : array-like of shape (n_wavelengths,) or "channels", default=None
        Axis of the spectra in nm. None takes it from the column names of the data
        frame that holds them. ``"channels"`` counts channels from 0.

    Attributes
    ----------
    wavelengths_ : ndarray of shape (n_new,)
        The new axis.
    weights_ : csr_array of shape (n_new, n_features_in_)
        The transpose of :math:`R`.
    outside_ : ndarray of bool of shape (n_new,)
        The new channels that the old axis does not reach.
    n_features_in_ : int
        Number of channels seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
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
    }

    def __init__(
        self,
        new_wavelengths: ArrayLike,
        *,
        kind: str = "linear",
        fill_value: float | str | None = None,
        wavelengths: ArrayLike | None = None,
    ) -> None:
        self.new_wavelengths = new_wavelengths
        self.kind = kind
        self.fill_value = fill_value
        self.wavelengths = wavelengths

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
        axis = check_wavelengths(axis, n_wavelengths)
        new = check_wavelengths(self.new_wavelengths, name="new_wavelengths")
        outside = outside_of(axis, new)
        if outside.any() and self.fill_value is None:
            raise WavelengthError(
                f"new_wavelengths must lie in the range of the spectra, {span(axis)}, "
                f"but they go from {span(new)}, and {outside.sum()} of {len(new)} lie "
                "outside. Crop them to the common range, or say what to put there: "
                "fill_value=0.0 for zeros, fill_value='edge' for the end channels."
            )
        self.weights_ = resampling_weights(
            axis, new, self.kind, extend=self.fill_value == "edge"
        )
        self.outside_ = outside
        self.wavelengths_ = new
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
        input_features : array-like of shape (n_features_in_,), default=None
            Only compared with the names seen in `fit`.

        Returns
        -------
        ndarray of shape (n_new,)
            Text.
        """
        check_is_fitted(self)
        check_feature_names_in(self, input_features)
        return axis_names(self.wavelengths_)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
