import pickle
import subprocess
import sys
import warnings
from copy import deepcopy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import check_scoring, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    KFold,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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
    transfer_scorers,
)

METRIC_OF = {
    rse_scorer: lambda y, p: -relative_squared_error(y, p),
    euclidean_scorer: lambda y, p: -mean_euclidean(y, p),
    cosine_scorer: lambda y, p: -mean_cosine(y, p),
    k_score_scorer: lambda y, p: k_score(y, p, n_clusters=4, random_state=0),
}
SCORERS = list(METRIC_OF)
NAMES = ["rse", "euclidean", "cosine", "k_score"]


@pytest.fixture(scope="module")
def pair():
    """Two instruments; the primary has an offset that differs from shot to shot."""
    rng = np.random.default_rng(0)
    parts = rng.gamma(2.0, size=(90, 3))
    X = parts @ rng.random((3, 8)) + rng.normal(0, 0.05, size=(90, 8))
    y = parts @ rng.random((3, 6)) + rng.normal(0, 0.05, size=(90, 6))
    return X, y + rng.normal(0, 50, size=(90, 1))


def lowered(y):
    return y - y.min(axis=1, keepdims=True)


class OffsetFreeRegressor(RegressorMixin, BaseEstimator):
    """Learns spectra without their offset, which cannot be put back."""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fit(self, X, y):
        self.ridge_ = Ridge(self.alpha).fit(X, lowered(y))
        return self

    def predict(self, X):
        return self.ridge_.predict(X)

    def transform_target(self, y):
        return lowered(y)


class DivergingRegressor(OffsetFreeRegressor):
    """Predicts NaN from a given spectrum on."""

    def predict(self, X):
        y_pred = super().predict(X)
        y_pred[2:] = np.nan
        return y_pred


class NarrowRegressor(OffsetFreeRegressor):
    """Predicts fewer channels than it was given, and does not say so."""

    def predict(self, X):
        return super().predict(X)[:, :4]


class CountingRegressor(OffsetFreeRegressor):
    """Counts its predictions."""

    def predict(self, X):
        self.n_calls_ = getattr(self, "n_calls_", 0) + 1
        return super().predict(X)


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_scorer_equals_its_metric_with_the_sign_that_makes_greater_better(
    scorer, pair
):
    X, y = pair
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
def test_an_estimator_is_judged_the_same_however_it_is_wrapped(scorer, wrap, pair):
    X, y = pair
    bare = OffsetFreeRegressor().fit(X, y)
    expected = METRIC_OF[scorer](lowered(y), bare.predict(X))
    wrapped = wrap(OffsetFreeRegressor()).fit(X, y)
    for estimator in [wrapped, FrozenEstimator(wrapped)]:
        assert scorer(estimator, X, y) == pytest.approx(expected, rel=1e-12)


def test_comparing_with_y_as_given_would_have_judged_otherwise(pair):
    X, y = pair
    model = OffsetFreeRegressor().fit(X, y)
    assert relative_squared_error(y, model.predict(X)) > 0.5
    assert rse_scorer(model, X, y) > -0.1


def test_cross_validation_scores_each_fold_like_with_like(pair):
    X, y = pair
    found = cross_validate(
        make_pipeline(StandardScaler(), OffsetFreeRegressor()),
        X,
        y,
        cv=KFold(3),
        scoring=transfer_scorers(),
    )
    for fold, (train, test) in enumerate(KFold(3).split(X)):
        scaler = StandardScaler().fit(X[train])
        ridge = Ridge(1.0).fit(scaler.transform(X[train]), lowered(y[train]))
        y_pred = ridge.predict(scaler.transform(X[test]))
        for scorer, name in zip(SCORERS, NAMES, strict=True):
            expected = METRIC_OF[scorer](lowered(y[test]), y_pred)
            assert found[f"test_{name}"][fold] == pytest.approx(expected, rel=1e-9)


def test_cross_val_score_of_the_mean_spectrum_is_minus_one_or_worse(pair):
    scores = cross_val_score(DummyRegressor(), *pair, scoring=rse_scorer)
    assert_array_equal(scores <= -1, True)


def test_several_scorers_share_one_prediction(pair):
    X, y = pair
    model = CountingRegressor().fit(X, y)
    scores = check_scoring(model, scoring=transfer_scorers())(model, X, y)
    assert list(scores) == NAMES
    assert model.n_calls_ == 1


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_grid_search_picks_the_least_error_in_the_space_of_predictions(n_jobs, pair):
    X, y = pair
    # A scaled target stands in for a transfer: everything in it can be sent to workers.
    transfer = TransformedTargetRegressor(Ridge(), transformer=StandardScaler())
    alphas = [1e-3, 1e4]
    search = GridSearchCV(
        transfer,
        {"regressor__alpha": alphas},
        scoring=transfer_scorers() | {"own": make_k_score_scorer(KMeans(3).fit(y))},
        refit="rse",
        cv=3,
        n_jobs=n_jobs,
    ).fit(X, lowered(y))
    expected = [
        cross_val_score(
            clone(transfer).set_params(regressor__alpha=alpha),
            X,
            lowered(y),
            cv=3,
            scoring=make_transfer_scorer(relative_squared_error),
        ).mean()
        for alpha in alphas
    ]
    assert search.best_params_ == {"regressor__alpha": 1e-3}
    assert_allclose(search.cv_results_["mean_test_rse"], expected, rtol=1e-9)


def test_a_halving_search_picks_the_least_error(pair):
    search = HalvingRandomSearchCV(
        OffsetFreeRegressor(),
        {"alpha": [1e-2, 1e6, 1e7, 1e8]},
        scoring=rse_scorer,
        min_resources=15,
        n_candidates=4,
        cv=3,
        random_state=0,
    ).fit(*pair)
    assert search.best_params_ == {"alpha": 1e-2}
    assert search.score(*pair) == rse_scorer(search.best_estimator_, *pair)


@pytest.mark.parametrize("copied", [pickle.dumps, deepcopy, "clone"])
@pytest.mark.parametrize("name", [*NAMES, "own"])
def test_copies_of_a_scorer_score_the_same(copied, name, pair):
    X, y = pair
    own = make_k_score_scorer(KMeans(3, random_state=0).fit(lowered(y)))
    scorer = (transfer_scorers() | {"own": own})[name]
    if copied is pickle.dumps:
        again = pickle.loads(pickle.dumps(scorer))
    elif copied is deepcopy:
        again = deepcopy(scorer)
    else:
        again = clone(GridSearchCV(Ridge(), {}, scoring=scorer)).scoring
    model = OffsetFreeRegressor().fit(X, y)
    assert again is not scorer
    assert again(model, X, y) == scorer(model, X, y)


def test_own_clusters_are_never_fitted_again(pair):
    X, y = pair
    # Eight spectra as centres: clusters that k-means would not find on all of them.
    kmeans = KMeans(8, random_state=0).fit(lowered(y)[:8])
    model = OffsetFreeRegressor().fit(X, y)
    expected = np.mean(
        kmeans.predict(lowered(y)) == kmeans.predict(model.predict(X)),
    )
    scorer = make_k_score_scorer(kmeans)
    assert expected != make_k_score_scorer(n_clusters=8)(model, X, y)
    assert scorer(model, X, y) == expected
    search = GridSearchCV(OffsetFreeRegressor(), {}, scoring=scorer, cv=3).fit(X, y)
    assert search.score(X, y) == expected
    assert search.scorer_._kwargs["kmeans"] is kmeans


def test_transfer_scorers_are_new_objects_in_every_call():
    first, second = transfer_scorers(), transfer_scorers()
    assert not set(first.values()) & set(second.values())


def test_metrics_of_sklearn_and_of_ones_own_make_scorers(pair):
    X, y = pair
    model = OffsetFreeRegressor().fit(X, y)
    y_pred = model.predict(X)
    scorer = make_transfer_scorer(
        r2_score, greater_is_better=True, multioutput="variance_weighted"
    )
    assert scorer(model, X, y) == pytest.approx(1 + rse_scorer(model, X, y), rel=1e-12)
    worst = make_transfer_scorer(lambda y, p: spectrum_rmse(y, p).max())
    assert worst(model, X, y) == -spectrum_rmse(lowered(y), y_pred).max()


def test_a_single_target_is_scored_as_sklearn_does(pair):
    X, y = pair
    model = LinearRegression().fit(X, y[:, 0])
    expected = model.score(X, y[:, 0]) - 1
    assert rse_scorer(model, X, y[:, 0]) == pytest.approx(expected, rel=1e-12)


def test_nan_predictions_are_refused_with_the_first_spectrum(pair):
    X, y = pair
    model = DivergingRegressor().fit(X, y)
    message = "DivergingRegressor predicts NaN or inf, first for spectrum 2.*diverged"
    with pytest.raises(ValueError, match=message):
        rse_scorer(model, X, y)


@pytest.mark.parametrize("scoring", [rse_scorer, transfer_scorers()])
def test_nan_predictions_leave_the_error_score_and_a_warning(scoring, pair):
    with pytest.warns(UserWarning, match="Scoring failed"):
        scores = cross_validate(DivergingRegressor(), *pair, scoring=scoring, cv=3)
    for name in scores.keys() - {"fit_time", "score_time"}:
        assert_array_equal(scores[name], np.nan)


def test_a_prediction_on_other_channels_is_refused_with_both_numbers(pair):
    X, y = pair
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
def test_sample_weight_reaches_the_metric(scorer, pair):
    X, y = pair
    model = Ridge(10.0).fit(X, lowered(y))
    weights = np.zeros(len(X))
    weights[:40] = 1
    scorer = (
        make_k_score_scorer(KMeans(4).fit(y)) if scorer is k_score_scorer else scorer
    )
    weighted = scorer(model, X, lowered(y), sample_weight=weights)
    alone = scorer(model, X[:40], lowered(y)[:40])
    assert weighted == pytest.approx(alone, rel=1e-12)


def test_metadata_routing_passes_weights_to_scorers_that_ask_for_them(pair):
    X, y = pair
    weights = np.random.default_rng(1).random(len(X))
    with config_context(enable_metadata_routing=True), warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = cross_validate(Ridge(), X, y, cv=3, scoring=transfer_scorers())
        asking = transfer_scorers()
        asking["rse"].set_score_request(sample_weight=True)
        asking["cosine"].set_score_request(sample_weight=False)
        asking["euclidean"].set_score_request(sample_weight=False)
        asking["k_score"].set_score_request(sample_weight=False)
        routed = cross_validate(
            Ridge().set_fit_request(sample_weight=False),
            X,
            y,
            cv=3,
            scoring=asking,
            params={"sample_weight": weights},
        )
        GridSearchCV(Ridge(), {"alpha": [1, 2]}, scoring=rse_scorer, cv=3).fit(X, y)
    expected = [
        rse_scorer(Ridge().fit(X[a], y[a]), X[b], y[b], sample_weight=weights[b])
        for a, b in KFold(3).split(X)
    ]
    assert_allclose(routed["test_rse"], expected, rtol=1e-9)
    assert_array_equal(routed["test_cosine"], plain["test_cosine"])
    assert not np.allclose(routed["test_rse"], plain["test_rse"])


def test_metrics_do_without_torch():
    code = "import sys, spectransfer.metrics; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
