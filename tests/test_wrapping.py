import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from spectransfer._wrapping import (
    flat_steps,
    is_fitted,
    is_frozen,
    layers,
    predictor,
    unwrapped,
)


@pytest.fixture
def search(rng):
    """A fitted search of a pipeline that ends in a ridge regression."""
    X = rng.normal(size=(20, 3))
    wanted = {"ridge__alpha": [0.1, 1.0]}
    search = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), wanted, cv=2)
    return search.fit(X, X)


def test_an_estimator_is_fitted_once_it_has_learned():
    assert not is_fitted(Ridge())
    assert is_fitted(Ridge().fit(np.eye(2), np.eye(2)))


def test_what_clone_gives_back_as_it_is_is_frozen():
    ridge = Ridge().fit(np.eye(2), np.eye(2))
    assert is_frozen(FrozenEstimator(ridge))
    assert not is_frozen(ridge)


def test_layers_lead_from_a_frozen_search_to_the_last_step_of_its_best(search):
    frozen = FrozenEstimator(search)
    best = search.best_estimator_
    found = list(layers(frozen))
    assert all(
        a is b for a, b in zip(found, [frozen, search, best, best[-1]], strict=True)
    )
    assert predictor(frozen) is best[-1]


def test_unwrapping_stops_at_a_pipeline(search):
    assert unwrapped(FrozenEstimator(search)) is search.best_estimator_
    ridge = Ridge()
    assert unwrapped(ridge) is ridge


def test_a_search_that_has_not_run_is_its_own_last_layer(search):
    unfitted = GridSearchCV(Ridge(), {"alpha": [1.0]})
    assert list(layers(unfitted)) == [unfitted]


def test_nothing_has_no_layers_and_no_steps():
    assert list(layers(None)) == []
    assert unwrapped(None) is None
    assert flat_steps(None) == []
    assert flat_steps("passthrough") == []


def test_steps_of_nested_and_frozen_pipelines_come_in_order_without_idle_ones():
    scale, reduce, again = StandardScaler(), PCA(2), StandardScaler()
    inner = make_pipeline(reduce, None, again)
    inner.fit(np.random.default_rng(0).normal(size=(9, 3)))
    outer = make_pipeline(scale, "passthrough", FrozenEstimator(inner))
    assert [id(step) for step in flat_steps(outer)] == [
        id(step) for step in (scale, reduce, again)
    ]
    assert flat_steps(scale) == [scale]
