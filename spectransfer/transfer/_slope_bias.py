r"""Slope and bias of predictions: nothing is transferred but the property.

Osborne and Fearn (1983): the primary's calibration is asked for secondary spectra as
they are, and what it says is corrected by a line through a few known values,

.. math:: \hat c = s \, f(x) + b .
"""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import (
    HasMethods,
    check_pair,
    check_spectra,
    fit_context,
)
from spectransfer.transfer._affine import find_axes, resampling
from spectransfer.transfer._leave_out import centred


def slope_and_bias(read: FloatArray, known: FloatArray) -> tuple[float, float]:
    """Give the line from what was read to what is known, by least squares.

    Parameters
    ----------
    read, known : ndarray of shape (n_spectra,)
        Values of one property.

    Returns
    -------
    slope, bias : float
        Of the line; slope 1 where all values that were read are the same.
    """
    (x_mean, x), (y_mean, y) = (centred(side[:, None]) for side in (read, known))
    spread = float((x**2).sum())
    slope = float((x * y).sum()) / spread if spread > 0 else 1.0
    return slope, float(y_mean[0]) - slope * float(x_mean[0])


class SlopeBiasCorrection(OnItsPage, RegressorMixin, BaseEstimator):
    r"""Predict a property of secondary spectra by the primary's calibration, corrected.

    The least that a laboratory can do, with known values of a few samples and without
    the primary instrument. No spectra are transferred:

    .. math:: \hat c = s \, f(R x) + b

    with the calibration f, and R, which reads secondary spectra at the primary
    wavelengths; those that the secondary instrument does not reach are zero.

    Parameters
    ----------
    calibration : fitted estimator with `predict`
        From primary spectra to one property. It is used as it is.
    wavelengths_secondary, wavelengths_primary : array-like or None, default=None
        Axis of each side, in one unit. None takes the secondary one from the column
        names of data frames; without axes, equal numbers of channels are the same
        channels.

    Attributes
    ----------
    slope_, bias_ : float
        Line from what the calibration says to the property.
    n_features_in_ : int
        Number of channels of the secondary spectra.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of `X`, where it had any.

    Raises
    ------
    WavelengthError
        The channels of both sides cannot be matched.

    See Also
    --------
    FewStandardsTransfer : Transfers the spectra.

    References
    ----------
    .. [1] B. G. Osborne, T. Fearn, "Collaborative evaluation of universal calibrations
       for the measurement of protein and moisture in flour by near infrared
       reflectance", J. Food Technol. 18 (1983) 453.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from spectransfer import SlopeBiasCorrection
    >>> calibration = LinearRegression().fit([[1.0], [2.0]], [10.0, 20.0])
    >>> corrected = SlopeBiasCorrection(calibration)
    >>> corrected.fit([[0.0], [1.0]], [10.0, 30.0]).predict([[2.0]])
    array([50.])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "calibration": [HasMethods("predict")],
        "wavelengths_secondary": ["array-like", None],
        "wavelengths_primary": ["array-like", None],
    }

    def __init__(
        self,
        calibration: Any,
        *,
        wavelengths_secondary: ArrayLike | None = None,
        wavelengths_primary: ArrayLike | None = None,
    ) -> None:
        self.calibration = calibration
        self.wavelengths_secondary = wavelengths_secondary
        self.wavelengths_primary = wavelengths_primary

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn slope and bias.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        y : array-like of shape (n_spectra,)
            Known values of the property.

        Returns
        -------
        SlopeBiasCorrection
            The fitted estimator.
        """
        secondary, targets = check_pair(self, X, y)
        known = np.asarray(targets, dtype=np.float64)
        if known.ndim > 1 and known.shape[1] > 1:
            raise ValueError(
                "Slope and bias correct one property, but y has "
                f"{known.shape[1]} columns. Fit one for each property."
            )
        self._local = self._resampling(X, secondary.shape[1])
        self.slope_, self.bias_ = slope_and_bias(self._read(secondary), known.ravel())
        return self

    def _resampling(self, X: ArrayLike, n_secondary: int) -> Any:
        """Give what reads secondary spectra at the channels of the calibration."""
        n_primary = int(getattr(self.calibration, "n_features_in_", n_secondary))
        n_channels = n_secondary, n_primary
        given = self.wavelengths_secondary, self.wavelengths_primary
        axes = find_axes(X, np.empty((0, n_primary)), given, n_channels)
        return resampling(self, axes, n_channels)

    def _read(self, secondary: FloatArray) -> FloatArray:
        """Give what the calibration says of secondary spectra as they are."""
        said = self.calibration.predict(secondary @ self._local.T)
        return np.asarray(said, dtype=np.float64).ravel()

    def predict(self, X: ArrayLike) -> FloatArray:
        """Predict the property.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.

        Returns
        -------
        ndarray of shape (n_spectra,)
            The property, in its unit.
        """
        check_is_fitted(self, "slope_")
        return self.slope_ * self._read(check_spectra(self, X)) + self.bias_

    def __sklearn_tags__(self) -> Tags:
        """Say that the calibration decides what can be predicted."""
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags
