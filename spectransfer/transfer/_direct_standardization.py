r"""Direct standardization: every primary channel from all secondary ones.

Wang, Veltkamp and Kowalski (1991) solve :math:`Y = X F` by the pseudoinverse. With more
channels than standards that follows every noise, and so there is a ridge; its strength
is chosen by leaving samples out.
"""

from numbers import Real
from typing import Any

import numpy as np

from spectransfer._typing import ArrayLike
from spectransfer._validation import Interval, StrOptions, fit_context
from spectransfer.transfer._affine import AffineTransfer
from spectransfer.transfer._leave_out import Ridge, samples_of


class DirectStandardization(AffineTransfer):
    r"""Regress every primary channel on all secondary channels.

    .. math:: F = \arg\min_F \sum_i \lVert y_i - \bar y - F^\top (x_i - \bar x) \rVert^2
              + \alpha \, \overline{\lVert x - \bar x \rVert^2} \, \lVert F \rVert^2

    The axes of both sides play no part: any numbers of channels will do.

    Parameters
    ----------
    alpha : float or "loo", default="loo"
        Strength of the ridge, relative to the mean square of a centred secondary
        spectrum. 0 is the pseudoinverse of the original method, infinity always gives
        the mean primary spectrum. "loo" takes the strength that best predicts samples
        which were left out.
    center : bool, default=True
        Whether the mean spectra of the standards are carried onto each other (an
        additive difference of the instruments). The original method does not.

    Attributes
    ----------
    alpha_ : float
        Strength that was used.
    coef_ : ndarray of shape (n_primary, n_secondary)
        The map, made when it is asked for.
    intercept_ : ndarray of shape (n_primary,)
        What is added.
    n_features_in_ : int
        Number of channels of the secondary spectra.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of `X`, where it had any.

    See Also
    --------
    PiecewiseDirectStandardization : From neighbouring channels only.
    sklearn.linear_model.RidgeCV : The same map for a strength in absolute units.

    References
    ----------
    .. [1] Y. Wang, D. J. Veltkamp, B. R. Kowalski, "Multivariate instrument
       standardization", Anal. Chem. 63 (1991) 2750.

    Examples
    --------
    >>> from spectransfer import DirectStandardization
    >>> direct = DirectStandardization(alpha=0.0)
    >>> direct.fit([[0.0], [1.0], [2.0]], [[1.0, 0.0], [3.0, 1.0], [5.0, 2.0]])
    DirectStandardization(alpha=0.0)
    >>> direct.predict([[3.0]])
    array([[7., 3.]])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "alpha": [Interval(Real, 0, None, closed="both"), StrOptions({"loo"})],
        "center": ["boolean"],
    }

    def __init__(self, alpha: float | str = "loo", *, center: bool = True) -> None:
        self.alpha = alpha
        self.center = center

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_id: ArrayLike | None = None
    ) -> "DirectStandardization":
        """Learn the map from shared standards.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra of the same spots.
        sample_id : array-like of shape (n_spectra,), default=None
            Sample of each spectrum: replicates are left out together. None takes every
            spectrum for a sample.

        Returns
        -------
        DirectStandardization
            The fitted estimator.
        """
        secondary, primary = self._tables(X, y)
        ridge = Ridge(secondary, self.center, samples_of(sample_id, secondary))
        mean = primary.mean(axis=0) if self.center else np.zeros(primary.shape[1])
        targets = primary - mean
        if isinstance(self.alpha, str):
            self.alpha_ = ridge.choose(targets)[0]
        else:
            self.alpha_ = float(self.alpha)
        right = ridge.right(targets, np.array([self.alpha_]), np.ones(1))
        self._keep((ridge.center, mean), factors=(ridge.left, right))
        return self
