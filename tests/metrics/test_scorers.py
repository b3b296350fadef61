import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import check_scoring, get_scorer, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from spectransfer.metrics import (
    cosine_scorer,
    euclidean_scorer,
    k_score,
    k_score_scorer,
    make_k_score_scorer,
    make_transfer_scorer,
    mean_cosine,
    mean_euclidean,
    relative_squared_error,
    rse_scorer,
    spectrum_rmse,
    target_in_prediction_space,
    transfer_scorers,
)

SECONDARY = np.random.default_rng(0).random((20, 3))
PRIMARY = np.random.default_rng(1).random((20, 4))

METRIC_OF = {
    rse_scorer: lambda y, p: -relative_squared_error(y, p),
    euclidean_scorer: lambda y, p: -mean_euclidean(y, p),
    cosine_scorer: lambda y, p: -mean_cosine(y, p),
    k_score_scorer: lambda y, p: k_score(y, p, n_clusters=4, random_state=0),
}
SCORERS = list(METRIC_OF)


class DivergingRegressor(LinearRegression):
    """Predicts NaN from a given spectrum on."""

    def predict(self, X):
        y_pred = super().predict(X)
        y_pred[self.first_ :] = np.nan
        return y_pred


class NarrowRegressor(LinearRegression):
    """Predicts fewer channels than it was given, and does not say so."""

    def predict(self, X):
        return super().predict(X)[:, :4]


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


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_scorer_equals_its_metric_with_the_sign_that_makes_greater_better(
    scorer, shots
):
    X, y = shots
    model = LinearRegression().fit(X, y)
    assert scorer(model, X, y) == METRIC_OF[scorer](y, model.predict(X))


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda e: e,
        lambda e: make_pipeline(e),
        lambda e: GridSearchCV(e, {"alpha": [1.0]}, scoring=rse_scorer, cv=3),
        lambda e: make_pipeline(
            GridSearchCV(make_pipeline(e), {}, scoring=rse_scorer, cv=3)
        ),
    ],
)
def test_an_estimator_is_judged_the_same_however_it_is_wrapped(
    scorer, wrap, shots, offset_free, lowered
):
    X, y = shots
    bare = offset_free().fit(X, y)
    expected = METRIC_OF[scorer](lowered(y), bare.predict(X))
    wrapped = wrap(offset_free()).fit(X, y)
    for estimator in [wrapped, FrozenEstimator(wrapped)]:
        assert scorer(estimator, X, y) == pytest.approx(expected, rel=1e-12)


def test_comparing_with_y_as_given_would_have_judged_otherwise(shots, offset_free):
    X, y = shots
    model = offset_free().fit(X, y)
    assert relative_squared_error(y, model.predict(X)) > 0.5
    assert rse_scorer(model, X, y) > -0.1


def test_own_clusters_are_never_fitted_again(shots, offset_free, lowered):
    X, y = shots
    # Eight spectra as centres: clusters that k-means would not find on all of them.
    kmeans = KMeans(8, random_state=0).fit(lowered(y)[:8])
    model = offset_free().fit(X, y)
    expected = np.mean(kmeans.predict(lowered(y)) == kmeans.predict(model.predict(X)))
    scorer = make_k_score_scorer(kmeans)
    assert expected != make_k_score_scorer(n_clusters=8)(model, X, y)
    assert scorer(model, X, y) == expected
    search = GridSearchCV(offset_free(), {}, scoring=scorer, cv=3).fit(X, y)
    assert search.score(X, y) == expected
    assert search.scorer_.options["kmeans"] is kmeans


def test_transfer_scorers_are_new_objects_in_every_call():
    first, second = transfer_scorers(), transfer_scorers()
    assert not set(first.values()) & set(second.values())


def test_metrics_of_sklearn_and_of_ones_own_make_scorers(shots, offset_free, lowered):
    X, y = shots
    model = offset_free().fit(X, y)
    y_pred = model.predict(X)
    scorer = make_transfer_scorer(
        r2_score, greater_is_better=True, multioutput="variance_weighted"
    )
    assert scorer(model, X, y) == pytest.approx(1 + rse_scorer(model, X, y), rel=1e-12)
    worst = make_transfer_scorer(lambda y, p: spectrum_rmse(y, p).max())
    assert worst(model, X, y) == -spectrum_rmse(lowered(y), y_pred).max()


def test_a_single_target_is_scored_as_sklearn_does(shots):
    X, y = shots
    model = LinearRegression().fit(X, y[:, 0])
    expected = model.score(X, y[:, 0]) - 1
    assert rse_scorer(model, X, y[:, 0]) == pytest.approx(expected, rel=1e-12)


# Predictions of 400,000 spectra are looked through in two blocks.
@pytest.mark.parametrize(("n_spectra", "first"), [(90, 2), (400_000, 399_000)])
def test_nan_predictions_are_refused_with_the_first_spectrum(n_spectra, first, shots):
    X, y = shots
    model = DivergingRegressor().fit(X, y)
    model.first_ = first
    repeated = np.arange(n_spectra) % len(X)
    message = f"DivergingRegressor predicts NaN or inf, first for spectrum {first} .*"
    with pytest.raises(ValueError, match=message + "diverged"):
        rse_scorer(model, X[repeated], y[repeated])


def test_a_prediction_on_other_channels_is_refused_with_both_numbers(shots):
    X, y = shots
    message = "NarrowRegressor predicts 4 channels and y has 6.*transform_target"
    with pytest.raises(ValueError, match=message):
        rse_scorer(NarrowRegressor().fit(X, y), X, y)


def test_a_metric_that_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match=r"metric must be a function .* 'rse'"):
        make_transfer_scorer("rse")


@pytest.mark.parametrize(
    ("scorer", "expected"),
    [
        (
            make_transfer_scorer(mean_cosine, convention="minus_cosine"),
            "make_transfer_scorer(mean_cosine, greater_is_better=False, "
            "convention='minus_cosine')",
        ),
        (
            make_k_score_scorer(KMeans(3)),
            "make_transfer_scorer(k_score, greater_is_better=True, "
            "kmeans=KMeans(n_clusters=3))",
        ),
    ],
)
def test_the_repr_of_a_scorer_is_the_call_that_makes_it(scorer, expected):
    assert repr(scorer) == expected


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_scorer_is_built_on_public_names_only(scorer):
    inherited = type(scorer).__mro__
    assert [kind.__name__ for kind in inherited if kind.__name__.startswith("_")] == []
    assert get_scorer(scorer) is scorer
    assert check_scoring(Ridge(), scoring=scorer) is scorer


def test_metadata_win_over_options_with_a_warning(shots):
    X, y = shots
    model, weights = Ridge().fit(X, y), np.arange(len(X)) + 1
    scorer = make_transfer_scorer(relative_squared_error, sample_weight=weights[::-1])
    with pytest.warns(UserWarning, match=r"\['sample_weight'\] are both"):
        found = scorer(model, X, y, sample_weight=weights)
    assert found == rse_scorer(model, X, y, sample_weight=weights)


def test_two_scorers_of_the_same_metric_are_two_keys(shots):
    assert rse_scorer != make_transfer_scorer(relative_squared_error)
    assert len({rse_scorer, rse_scorer, *transfer_scorers().values()}) == 5


@pytest.mark.parametrize("scorer", SCORERS)
def test_sample_weight_reaches_the_metric(scorer, shots, lowered):
    X, y = shots
    model = Ridge(10.0).fit(X, lowered(y))
    weights = np.zeros(len(X))
    weights[:40] = 1
    scorer = (
        make_k_score_scorer(KMeans(4).fit(y)) if scorer is k_score_scorer else scorer
    )
    weighted = scorer(model, X, lowered(y), sample_weight=weights)
    alone = scorer(model, X[:40], lowered(y)[:40])
    assert weighted == pytest.approx(alone, rel=1e-12)


@pytest.mark.slow
def test_metrics_do_without_torch():
    code = "import sys, spectransfer.metrics; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# what predictions are compared with


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
        lambda e: FrozenEstimator(e.fit(SECONDARY, PRIMARY)),
        lambda e: searched(piped(e)),
        lambda e: piped(searched(e)),
        lambda e: make_pipeline(piped(e)),
        lambda e: piped(FrozenEstimator(searched(piped(e)).fit(SECONDARY, PRIMARY))),
        lambda e: FrozenEstimator(FrozenEstimator(piped(e).fit(SECONDARY, PRIMARY))),
    ],
)
def test_the_method_is_found_however_the_estimator_is_wrapped(wrap):
    estimator = wrap(Halving()).fit(SECONDARY, PRIMARY)
    expected = PRIMARY[:, ::2] * 2
    assert_array_equal(target_in_prediction_space(estimator, PRIMARY), expected)


def test_a_search_is_asked_for_its_best_estimator_not_its_template():
    search = GridSearchCV(
        Halving(), {"factor": [2.0, 5.0]}, cv=2, scoring=lambda e, *_: e.factor
    ).fit(SECONDARY, PRIMARY)
    found = target_in_prediction_space(search, PRIMARY)
    assert_array_equal(found, PRIMARY[:, ::2] * 5)


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
    assert target_in_prediction_space(plain.fit(SECONDARY, PRIMARY), PRIMARY) is PRIMARY


def test_only_the_last_step_of_a_pipeline_is_asked():
    class Offsetting(StandardScaler):
        def transform_target(self, y):
            return y + 1

    pipeline = make_pipeline(Offsetting(), LinearRegression()).fit(SECONDARY, PRIMARY)
    assert target_in_prediction_space(pipeline, PRIMARY) is PRIMARY


def test_an_unfitted_estimator_says_so():
    with pytest.raises(NotFittedError):
        target_in_prediction_space(piped(Halving()), PRIMARY)
