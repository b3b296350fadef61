import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from spectransfer.metrics import target_in_prediction_space

X = np.random.default_rng(0).random((20, 3))
y = np.random.default_rng(1).random((20, 4))


class Halving(RegressorMixin, BaseEstimator):
    """Predicts every second channel, at a factor that shows who was asked."""

    def __init__(self, factor=2.0):
        self.factor = factor

    def fit(self, X, y):
        self.mean_ = y.mean(axis=0)
        return self

    def predict(self, X):
        return np.tile(self.mean_[::2] * self.factor, (len(X), 1))

    def transform_target(self, y):
        check_is_fitted(self)
        return y[:, ::2] * self.factor


def searched(estimator):
    return GridSearchCV(estimator, {}, cv=2, scoring=lambda *_: 0.0)


def piped(estimator):
    return make_pipeline(StandardScaler(), estimator)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda e: e,
        piped,
        searched,
        lambda e: FrozenEstimator(e.fit(X, y)),
        lambda e: searched(piped(e)),
        lambda e: piped(searched(e)),
        lambda e: make_pipeline(piped(e)),
        lambda e: piped(FrozenEstimator(searched(piped(e)).fit(X, y))),
        lambda e: FrozenEstimator(FrozenEstimator(piped(e).fit(X, y))),
    ],
)
def test_the_method_is_found_however_the_estimator_is_wrapped(wrap):
    estimator = wrap(Halving()).fit(X, y)
    expected = y[:, ::2] * 2
    np.testing.assert_array_equal(target_in_prediction_space(estimator, y), expected)


def test_a_search_is_asked_for_its_best_estimator_not_its_template():
    search = GridSearchCV(
        Halving(), {"factor": [2.0, 5.0]}, cv=2, scoring=lambda e, *_: e.factor
    ).fit(X, y)
    found = target_in_prediction_space(search, y)
    np.testing.assert_array_equal(found, y[:, ::2] * 5)


@pytest.mark.parametrize(
    "plain",
    [
        LinearRegression(),
        piped(LinearRegression()),
        searched(piped(LinearRegression())),
        MultiOutputRegressor(LinearRegression()),
        make_pipeline(StandardScaler(), "passthrough"),
    ],
)
def test_a_plain_estimator_leaves_the_spectra_as_given(plain):
    assert target_in_prediction_space(plain.fit(X, y), y) is y


def test_only_the_last_step_of_a_pipeline_is_asked():
    class Offsetting(StandardScaler):
        def transform_target(self, y):
            return y + 1

    pipeline = make_pipeline(Offsetting(), LinearRegression()).fit(X, y)
    assert target_in_prediction_space(pipeline, y) is y


def test_an_unfitted_estimator_says_so():
    with pytest.raises(NotFittedError):
        target_in_prediction_space(piped(Halving()), y)
