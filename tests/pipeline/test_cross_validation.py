"""What scikit-learn's cross-validation does to what is given beside the pairs."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import cross_validate

from spectransfer import make_transfer_pipeline
from spectransfer.transfer import LibraryMoments


class Told(RegressorMixin, BaseEstimator):
    """Remembers what it was told beside the pairs."""

    __metadata_request__fit = {
        "X_unpaired": True,
        "y_unpaired": True,
        "sample_id": True,
    }

    def fit(self, X, y, X_unpaired=None, y_unpaired=None, sample_id=None):
        self.mean_, self.beside_ = y.mean(axis=0), (X_unpaired, y_unpaired, sample_id)
        return self

    def predict(self, X):
        return np.tile(self.mean_, (len(X), 1))


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize(("n_rows", "arrives"), [(30, 20), (29, 29), (31, 31)])
def test_only_as_many_unpaired_spectra_as_pairs_are_divided_into_folds(
    routing, n_rows, arrives, rng
):
    X, y, own = rng.random((30, 6)), rng.random((30, 6)), rng.random((n_rows, 6))
    transfer = make_transfer_pipeline(Told(), secondary=None, primary=None)
    moments = LibraryMoments.of(own)
    beside = {"X_unpaired": own, "y_unpaired": moments, "sample_id": np.arange(30)}
    with config_context(enable_metadata_routing=routing):
        found = cross_validate(
            transfer, X, y, cv=3, params=beside, return_estimator=True
        )
    for fitted in found["estimator"]:
        X_unpaired, y_unpaired, sample_id = fitted[-1].regressor_.beside_
        assert len(X_unpaired) == arrives
        assert y_unpaired is moments
        assert len(sample_id) == 20
