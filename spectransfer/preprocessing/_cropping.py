"""The axis of spectra, where they have one, and cropping them to a range of it.

Baseline and resampling find and name the axis in the same way.
"""

from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils.validation import check_is_fitted

from spectransfer._axis import Axis, check_axis, told_axis
from spectransfer._files import copied
from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import (
    Interval,
    SearchesOnce,
    StrOptions,
    check_feature_names_in,
    check_finite,
    check_spectra,
    fit_context,
)
from spectransfer.exceptions import WavelengthError


def find_axis(
    X: ArrayLike, wavelengths: ArrayLike | Axis | None, n: int | None
) -> Axis | None:
    """Give the axis of spectra, or None where nothing tells it.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n)
        Spectra, whose column names may be wavelengths.
    wavelengths : Axis, array-like of shape (n_wavelengths,), "channels" or None
        Axis given by the user, which column names must not contradict. ``"channels"``
        counts the channels from 0. None looks at the column names.
    n : int or None
        Number of channels; None leaves it to the caller to compare.

    Returns
    -------
    Axis or None
        The axis, increasing.
    """
    if isinstance(wavelengths, str):
        return check_axis(np.arange(n or 0, dtype=np.float64), n)
    return told_axis(X, wavelengths, n)


def as_feature_names(axis: Axis) -> np.ndarray:
    """Give an axis as scikit-learn's feature names."""
    return np.asarray(axis.names, dtype=object)


def channels_within(axis: Axis, lower: float | None, upper: float | None) -> slice:
    """Find the channels of a range, both ends included.

    Parameters
    ----------
    axis : Axis
        Increasing axis.
    lower, upper : float or None
        Ends of the range, in the unit of the axis; None leaves that side open.

    Returns
    -------
    slice
        The channels, at least one.
    """
    start = 0 if lower is None else int(np.searchsorted(axis.values, lower, "left"))
    stop = len(axis)
    if upper is not None:
        stop = int(np.searchsorted(axis.values, upper, "right"))
    if start >= stop:
        raise WavelengthError(
            "A cropped spectrum must keep at least one channel, but no channel lies "
            f"between lower={lower} and upper={upper}: the axis has "
            f"{axis.span}. Choose a range that holds channels, in the unit of "
            "the axis."
        )
    return slice(start, stop)


class WavelengthCropper(OnItsPage, SearchesOnce, TransformerMixin, BaseEstimator):
    """Keep the channels of a wavelength range, both ends included.

    The step is lossy and has no `inverse_transform`.

    Parameters
    ----------
    lower : float, default=None
        Lower end of what is kept, in the unit of the axis. None keeps the beginning.
    upper : float, default=None
        Upper end, in the unit of the axis. None keeps the end.
    wavelengths : Axis, array-like of shape (n_channels,) or "channels", default=None
        Axis of the spectra. None takes it from the column names of the data frame that
        holds them. With ``"channels"`` the range counts channels from 0.

    Attributes
    ----------
    channels_ : slice
        The channels that are kept.
    axis_ : Axis or None
        Their axis; None where it is not known, and all are kept.
    wavelengths_ : ndarray of shape (n_kept,) or None
        The numbers of that axis.
    n_features_in_ : int
        Number of channels seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, where `X` had names.

    Raises
    ------
    WavelengthError
        No channel lies in the range, or the axis is not known, does not increase, or
        does not have one entry for each channel.

    See Also
    --------
    WavelengthResampler : Bring spectra onto another axis.

    Notes
    -----
    NaN and inf are refused in the channels that are kept, and only there: cropping is
    a way to leave out channels that were not measured.

    The authors of the method drop the last channel of the range.

    Examples
    --------
    >>> from spectransfer.preprocessing import WavelengthCropper
    >>> cropper = WavelengthCropper(400, 600, wavelengths=[200, 400, 600, 800])
    >>> cropper.fit_transform([[1.0, 2.0, 3.0, 4.0]])
    array([[2., 3.]])
    >>> cropper.get_feature_names_out()
    array(['400.0', '600.0'], dtype=object)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "lower": [Interval(Real, None, None, closed="neither"), None],
        "upper": [Interval(Real, None, None, closed="neither"), None],
        "wavelengths": ["array-like", StrOptions({"channels"}), None],
    }

    def __init__(
        self,
        lower: float | None = None,
        upper: float | None = None,
        *,
        wavelengths: ArrayLike | None = None,
    ) -> None:
        self.lower = lower
        self.upper = upper
        self.wavelengths = wavelengths

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Find the channels of the range.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra, in counts.
        y : array-like of shape (n_spectra, ...), default=None
            Only its number of rows is looked at.

        Returns
        -------
        WavelengthCropper
            The cropper itself.
        """
        if y is not None:
            check_consistent_length(X, y)
        spectra = check_spectra(self, X, reset=True, finite=False)
        n_wavelengths = spectra.shape[1]
        axis = find_axis(X, self.wavelengths, n_wavelengths)
        if axis is None:
            if self.lower is not None or self.upper is not None:
                raise WavelengthError(
                    "Cropping to a range needs the wavelength of every channel, but "
                    f"the {n_wavelengths} channels have none. Pass wavelengths=, or "
                    "spectra in a data frame whose columns are named by wavelength."
                )
            channels = slice(0, n_wavelengths)
        else:
            channels = channels_within(axis, self.lower, self.upper)
        self._kept(spectra, channels)
        self.channels_ = channels
        self.axis_ = None if axis is None else Axis(axis.values[channels], axis.unit)
        self.wavelengths_ = None if axis is None else axis.values[channels]
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Give the channels of the range.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra, in counts.

        Returns
        -------
        ndarray of shape (n_spectra, n_kept)
            A new array in the precision of `X`.
        """
        check_is_fitted(self)
        spectra = check_spectra(self, X, finite=False)
        find_axis(X, self.wavelengths, spectra.shape[1])
        return copied(self._kept(spectra, self.channels_))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> Any:
        """Give the names of the channels that are kept, or their wavelengths as text.

        Parameters
        ----------
        input_features : array-like of shape (`n_features_in_`,), default=None
            Names of the channels, in place of those seen in `fit`.

        Returns
        -------
        ndarray of shape (n_kept,)
            Text.
        """
        check_is_fitted(self)
        names = check_feature_names_in(self, input_features)
        unnamed = input_features is None and not hasattr(self, "feature_names_in_")
        if unnamed and self.axis_ is not None:
            return as_feature_names(self.axis_)
        return names[self.channels_]

    @staticmethod
    def _kept(spectra: FloatArray, channels: slice) -> FloatArray:
        """Cut the channels out, and refuse NaN and inf among them."""
        kept = spectra[:, channels]
        check_finite(kept, "X", first_channel=channels.start)
        return kept

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
