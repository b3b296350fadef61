"""Spectra of one sample are left out together, wherever a pair names its samples."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge

from spectransfer import FewStandardsTransfer, make_transfer_pipeline
from spectransfer.evaluation import evaluate_transfers


class Told(RegressorMixin, BaseEstimator):
    """Remembers which samples it was told of."""

    def fit(self, X, y, X_val=None, y_val=None, sample_id=None):
        self.mean_, self.told_, self.watched_ = y.mean(axis=0), sample_id, X_val
        return self

    def predict(self, X):
        return np.tile(self.mean_, (len(X), 1))


@pytest.mark.parametrize("unpaired", [False, True])
def test_samples_of_a_pair_reach_the_transfers_that_leave_them_out(
    unpaired, train, test
):
    known = train[:40]
    own = (train.X_secondary[40:], None) if unpaired else None
    table = evaluate_transfers(
        {
            "told": Told(),
            "behind": make_transfer_pipeline(Told(), secondary=None, primary=None),
            "few": make_transfer_pipeline(FewStandardsTransfer()),
            "ridge": Ridge(),
        },
        known,
        test,
        validation=train[40:60],
        unpaired=own,
        protocols="deployable",
        return_estimator=True,
    )
    told = table.estimators["told"], table.estimators["behind"][-1].regressor_
    for transfer in told:
        np.testing.assert_array_equal(transfer.told_, known.sample_id)
        assert len(transfer.watched_) == 20
    few = table.estimators["few"][-1].regressor_
    assert f"Of {len(set(known.sample_id))} samples" in few.report_


def test_pairs_that_name_no_samples_have_none(train, test):
    known = train.X_secondary[:40], train.X_primary[:40]
    table = evaluate_transfers({"told": Told()}, known, test, return_estimator=True)
    assert table.estimators["told"].told_ is None
