"""What a finished search does in place of the estimator that it found."""

from typing import Any

from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from spectransfer._typing import ArrayLike, FloatArray


def _best_has(method: str) -> Any:
    def check(search: Any) -> bool:
        found = getattr(search, "best_estimator_", search.estimator)
        return hasattr(found, method)

    return available_if(check)


class StandsForTheBest:
    """A search that predicts, transforms and scores as its `best_estimator_`."""

    best_estimator_: Any
    scorer_: Any

    @_best_has("predict")
    def predict(self, X: ArrayLike) -> FloatArray:
        """Predict by the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_outputs)
            What the best estimator predicts.
        """
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.predict(X)

    @_best_has("transform")
    def transform(self, X: ArrayLike) -> FloatArray:
        """Transform by the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_latent)
            What the best estimator makes of them.
        """
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.transform(X)

    def score(self, X: ArrayLike, y: ArrayLike | None = None) -> float:
        """Score the best estimator, by what the search was judged by.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra.
        y : array-like of shape (n_spectra, n_primary), default=None
            What is to be predicted for them.

        Returns
        -------
        float
            The score.
        """
        check_is_fitted(self, "best_estimator_")
        targets = () if y is None else (y,)
        return float(self.scorer_(self.best_estimator_, X, *targets))
