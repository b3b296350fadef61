"""Transformers of chemotools are steps of either side, as they are."""

import io

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from spectransfer import (
    DirectStandardization,
    StandardScaler,
    make_transfer_pipeline,
    rse_scorer,
)
from spectransfer.datasets import make_instrument_pair

scatter = pytest.importorskip("chemotools.scatter")
baseline = pytest.importorskip("chemotools.baseline")
derivative = pytest.importorskip("chemotools.derivative")
projection = pytest.importorskip("chemotools.projection")

PAIR = make_instrument_pair(
    160, n_secondary=80, n_primary=90, dtype="float64", random_state=0
)
KNOWN, NEW = PAIR[:100], PAIR[100:]
STEPS = {
    "SNV": scatter.StandardNormalVariate(),
    "MSC": scatter.MultiplicativeScatterCorrection(),
    "derivative": derivative.SavitzkyGolay(7, 2, 1),
    "AsLs": baseline.AsLs(),
    "derivative, SNV": make_pipeline(
        derivative.SavitzkyGolay(7, 2, 1), scatter.StandardNormalVariate()
    ),
}


def fitted(secondary, primary):
    transfer = make_transfer_pipeline(
        DirectStandardization(), secondary=secondary, primary=primary
    )
    return transfer.fit(KNOWN.X_secondary, KNOWN.X_primary)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_step_says_what_predictions_are(step):
    transfer = fitted(step, make_pipeline(step, StandardScaler()))
    truth = clone(step).fit(KNOWN.X_primary).transform(NEW.X_primary)
    assert_allclose(transfer.transform_target(NEW.X_primary), truth, atol=1e-9)
    last = step.steps[-1][1] if hasattr(step, "steps") else step
    assert type(last).__name__ in transfer.prediction_space_
    assert rse_scorer(transfer, NEW.X_secondary, NEW.X_primary) > -0.2


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_step_of_the_secondary_side_leaves_predictions_as_measured(step):
    transfer = fitted(step, StandardScaler())
    assert transfer.prediction_space_ == "as measured"
    assert_array_equal(transfer.transform_target(NEW.X_primary), NEW.X_primary)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_transfer_with_it_is_saved_and_searched(step):
    transfer = fitted(step, step)
    file = io.BytesIO()
    joblib.dump(transfer, file)
    file.seek(0)
    assert_array_equal(
        joblib.load(file).predict(NEW.X_secondary), transfer.predict(NEW.X_secondary)
    )
    name = transfer.steps[-1][0]
    search = GridSearchCV(
        transfer, {f"{name}__regressor__alpha": [1e-6, 1e6]}, scoring=rse_scorer, cv=2
    ).fit(KNOWN.X_secondary, KNOWN.X_primary)
    assert search.best_params_ == {f"{name}__regressor__alpha": 1e-6}


def test_orthogonalization_that_knows_the_answer_comes_frozen():
    nuisance = np.random.default_rng(0).normal(size=(20, 80))
    orthogonal = projection.ExternalParameterOrthogonalization(n_components=2)
    differences = nuisance[:, :1] * PAIR.X_secondary.mean(axis=0)
    orthogonal.fit(PAIR.X_secondary[:20], X_external=differences)
    transfer = fitted(FrozenEstimator(orthogonal), StandardScaler())
    prepared = transfer[:-1].transform(NEW.X_secondary)
    assert_allclose(prepared, orthogonal.transform(NEW.X_secondary))
