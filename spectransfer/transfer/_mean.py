"""Always the mean primary spectrum: the least that a transfer has to beat."""

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import (
    ScoresOnItsAxis,
    check_pair,
    check_spectra,
    check_weights,
    fit_context,
)


class MeanTransfer(OnItsPage, MultiOutputMixin, ScoresOnItsAxis, BaseEstimator):
    r"""Answer the mean primary spectrum, whatever the secondary one.

    A comparison method (Vrabel et al., section 3.1): its relative squared error is 1
    on the spectra that it was fitted on.

    .. math:: \hat y_j = \frac{1}{N} \sum_i y_{ij}

    Attributes
    ----------
    mean_ : ndarray of shape (n_primary,)
        Mean primary spectrum.
    n_samples_seen_ : int
        Number of spectra that it is the mean of, without those of weight zero.
    n_features_in_ : int
        Number of channels of the secondary spectra.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of `X`, where it had any.

    See Also
    --------
    sklearn.dummy.DummyRegressor : The same for any regression.

    Examples
    --------
    >>> from spectransfer import MeanTransfer
    >>> MeanTransfer().fit([[1.0], [2.0]], [[10.0, 0.0], [20.0, 2.0]]).predict([[7.0]])
    array([[15.,  1.]])
    """

    _parameter_constraints: dict[str, list[object]] = {}

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: ArrayLike, *, sample_weight: ArrayLike | None = None
    ) -> "MeanTransfer":
        """Take the mean of primary spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra; only their shape is used.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra of the same spots.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weights of the spectra in the mean.

        Returns
        -------
        MeanTransfer
            The fitted estimator.
        """
        return self._learn(X, y, sample_weight, fresh=True)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, *, sample_weight: ArrayLike | None = None
    ) -> "MeanTransfer":
        """Add primary spectra to the mean of those seen so far.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra; only their shape is used.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra of the same spots.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weights of the spectra in the mean.

        Returns
        -------
        MeanTransfer
            The fitted estimator.
        """
        fresh = not hasattr(self, "n_samples_seen_")
        return self._learn(X, y, sample_weight, fresh=fresh)

    def _learn(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        fresh: bool,
    ) -> "MeanTransfer":
        secondary, primary = check_pair(self, X, y, reset=fresh)
        weights = check_weights(sample_weight, secondary, relative=False)
        if weights is not None:
            kept = np.flatnonzero(weights)
            weights, primary = weights[kept], primary[kept]
        if fresh:
            self.n_samples_seen_, self._weight_seen = 0, 0.0
            self._total = np.zeros(primary.shape[1:])
        if self._total.shape != primary.shape[1:]:
            raise ValueError(
                "partial_fit must be given primary spectra on the channels of those "
                f"before, which had {self._total.shape}, but y has "
                f"{primary.shape[1:]}. Call fit to begin anew."
            )
        if weights is None:
            self._total = self._total + primary.sum(axis=0, dtype=np.float64)
            self._weight_seen += len(primary)
        else:
            self._total = self._total + np.einsum("i,i...->...", weights, primary)
            self._weight_seen += float(weights.sum())
        self.n_samples_seen_ += len(primary)
        self.mean_ = np.asarray(self._total / self._weight_seen, primary.dtype)
        return self

    def predict(self, X: ArrayLike) -> FloatArray:
        """Answer the mean primary spectrum.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_primary) or (n_spectra,)
            The same spectrum in every row, in the dtype of `X`.
        """
        check_is_fitted(self)
        secondary = check_spectra(self, X)
        mean = self.mean_.astype(secondary.dtype)
        return np.tile(mean, (len(secondary),) + (1,) * mean.ndim)

    def __sklearn_tags__(self) -> Tags:
        """Say that a mean is no good predictor, and not meant to be one."""
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags
