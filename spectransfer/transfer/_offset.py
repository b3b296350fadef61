r"""The mean difference of both instruments, added to resampled secondary spectra."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import Tags

from spectransfer._typing import ArrayLike
from spectransfer._validation import StrOptions, fit_context
from spectransfer.transfer._affine import AffineTransfer, resampling
from spectransfer.transfer._leave_out import centred


class OffsetTransfer(AffineTransfer):
    r"""Add the mean difference of the instruments to resampled secondary spectra.

    The least that a standardization can do, and often enough for instruments of the
    same kind. With the secondary spectrum :math:`x_j` read at the primary wavelength j,

    .. math:: \hat y_j = s_j \, (x_j - \bar x_j) + \bar y_j

    Primary wavelengths that the secondary instrument does not reach get the mean
    primary spectrum of the standards.

    Parameters
    ----------
    learn : {"offset", "slope", "nothing"}, default="offset"
        What the standards tell. "offset": the mean difference, with slopes of 1.
        "slope": slope and offset of each channel, by least squares. "nothing": the
        spectra are resampled and else left as they are, which shows what not
        transferring costs.
    wavelengths_secondary, wavelengths_primary : array-like or None, default=None
        Axis of each side, in one unit. None takes it from the column names of data
        frames; where there are none, equal numbers of channels are the same channels.

    Attributes
    ----------
    coef_ : ndarray of shape (n_primary, n_secondary)
        The map, made when it is asked for.
    intercept_ : ndarray of shape (n_primary,)
        What is added.
    slope_ : ndarray of shape (n_primary,)
        Slope of each channel; zero where the secondary instrument does not reach.
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
    PiecewiseDirectStandardization : Learns from neighbouring channels, too.
    FewStandardsTransfer : Falls back to this where the standards say no more.

    Examples
    --------
    >>> from spectransfer import OffsetTransfer
    >>> offset = OffsetTransfer()
    >>> offset.fit([[0.0, 2.0], [2.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]])
    OffsetTransfer()
    >>> offset.predict([[5.0, 5.0]])
    array([[6., 5.]])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "learn": [StrOptions({"offset", "slope", "nothing"})],
        "wavelengths_secondary": ["array-like", None],
        "wavelengths_primary": ["array-like", None],
    }

    def __init__(
        self,
        learn: str = "offset",
        *,
        wavelengths_secondary: ArrayLike | None = None,
        wavelengths_primary: ArrayLike | None = None,
    ) -> None:
        self.learn = learn
        self.wavelengths_secondary = wavelengths_secondary
        self.wavelengths_primary = wavelengths_primary

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> "OffsetTransfer":
        """Learn the mean difference of shared standards.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra of the same spots.

        Returns
        -------
        OffsetTransfer
            The fitted estimator.
        """
        secondary, primary, axes = self._checked(X, y)
        local = resampling(self, axes, (secondary.shape[1], primary.shape[1]))
        reached = np.asarray(np.diff(local.indptr) > 0, dtype=np.float64)
        (x_mean, x), (y_mean, away) = centred(secondary), centred(primary)
        means = x_mean, y_mean
        self.slope_ = reached
        if self.learn == "slope":
            x = x @ local.T
            square = (x**2).sum(axis=0)
            product = (x * away).sum(axis=0)
            # a channel that does not vary tells no slope
            flat = square == 0
            self.slope_ = np.where(flat, reached, product / np.where(flat, 1.0, square))
        elif self.learn == "nothing":
            means = means[0], np.where(reached > 0, local @ means[0], means[1])
        self._keep(means, sparse.diags_array(self.slope_) @ local)
        return self

    def __sklearn_tags__(self) -> Tags:
        """Say that channels are matched, so that any table is no good target."""
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags
