import pickle
import warnings
from copy import deepcopy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import check_scoring, make_scorer, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    KFold,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from spectransfer.metrics import (
    k_score,
    make_k_score_scorer,
    make_transfer_scorer,
    mean_cosine,
    mean_euclidean,
    relative_squared_error,
    rse_scorer,
    transfer_scorers,
)

METRIC_OF = {
    "rse": lambda y, p: -relative_squared_error(y, p),
    "euclidean": lambda y, p: -mean_euclidean(y, p),
    "cosine": lambda y, p: -mean_cosine(y, p),
    "k_score": lambda y, p: k_score(y, p, n_clusters=4, random_state=0),
}


class DivergingRegressor(LinearRegression):
    """Predicts nothing but NaN."""

    def predict(self, X):
        return super().predict(X) * np.nan


class CountingRegressor(LinearRegression):
    """Counts its predictions."""

    def predict(self, X):
        self.n_calls_ = getattr(self, "n_calls_", 0) + 1
        return super().predict(X)


def test_cross_validation_scores_each_fold_like_with_like(shots, offset_free, lowered):
    X, y = shots
    found = cross_validate(
        make_pipeline(StandardScaler(), offset_free()),
        X,
        y,
        cv=KFold(3),
        scoring=transfer_scorers(),
    )
    for fold, (train, test) in enumerate(KFold(3).split(X)):
        scaler = StandardScaler().fit(X[train])
        ridge = Ridge(1.0).fit(scaler.transform(X[train]), lowered(y[train]))
        y_pred = ridge.predict(scaler.transform(X[test]))
        for name, metric in METRIC_OF.items():
            expected = metric(lowered(y[test]), y_pred)
            assert found[f"test_{name}"][fold] == pytest.approx(expected, rel=1e-9)


def test_cross_val_score_of_the_mean_spectrum_is_minus_one_or_worse(shots):
    scores = cross_val_score(DummyRegressor(), *shots, scoring=rse_scorer)
    assert_array_equal(scores <= -1, True)


def test_each_scorer_of_a_dict_asks_for_one_prediction_of_its_own(shots):
    X, y = shots
    model = CountingRegressor().fit(X, y)
    scores = check_scoring(model, scoring=transfer_scorers())(model, X, y)
    assert list(scores) == list(METRIC_OF)
    assert model.n_calls_ == len(METRIC_OF)


def test_one_function_that_gives_a_dict_predicts_once(shots):
    X, y = shots

    def figures(estimator, X, y):
        y_pred = estimator.predict(X)
        return {
            "rse": -relative_squared_error(y, y_pred),
            "cosine": -mean_cosine(y, y_pred),
        }

    model = CountingRegressor().fit(X, y)
    check_scoring(model, scoring=figures)(model, X, y)
    assert model.n_calls_ == 1
    found = cross_validate(Ridge(), X, y, scoring=figures)
    expected = cross_validate(Ridge(), X, y, scoring=transfer_scorers())
    for name in ("test_rse", "test_cosine"):
        assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_grid_search_scores_a_plain_estimator_as_sklearn_does(n_jobs, shots, lowered):
    X, y = shots
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
    r2 = make_scorer(r2_score, multioutput="variance_weighted")
    expected = [
        cross_val_score(
            clone(transfer).set_params(regressor__alpha=alpha),
            X,
            lowered(y),
            cv=3,
            scoring=r2,
        ).mean()
        for alpha in alphas
    ]
    assert search.best_params_ == {"regressor__alpha": 1e-3}
    assert_allclose(search.cv_results_["mean_test_rse"] + 1, expected, rtol=1e-9)


@pytest.mark.parametrize("search", [HalvingGridSearchCV, HalvingRandomSearchCV])
def test_a_halving_search_picks_the_least_error(search, shots, offset_free):
    choice = {"n_candidates": 4} if search is HalvingRandomSearchCV else {}
    searched = search(
        offset_free(),
        {"alpha": [1e-2, 1e6, 1e7, 1e8]},
        scoring=rse_scorer,
        min_resources=15,
        cv=3,
        random_state=0,
        **choice,
    ).fit(*shots)
    assert searched.best_params_ == {"alpha": 1e-2}
    assert searched.score(*shots) == rse_scorer(searched.best_estimator_, *shots)


def test_a_learning_curve_scores_each_size_like_with_like(shots, offset_free, lowered):
    X, y = shots
    cv = KFold(3)
    _, _, scores = learning_curve(
        offset_free(), X, y, train_sizes=[20, 60], cv=cv, scoring=rse_scorer
    )
    for fold, (train, test) in enumerate(cv.split(X)):
        ridge = Ridge(1.0).fit(X[train[:20]], lowered(y[train[:20]]))
        error = relative_squared_error(lowered(y[test]), ridge.predict(X[test]))
        assert scores[0, fold] == pytest.approx(-error, rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_permuting_a_channel_that_tells_nothing_costs_nothing(weighted, shots, lowered):
    X, y = shots
    X = X.copy()
    X[:, 3] = 7.0
    model = Ridge().fit(X, lowered(y))
    weights = np.arange(len(X)) + 1.0 if weighted else None
    found = permutation_importance(
        model, X, lowered(y), scoring=rse_scorer, sample_weight=weights, n_repeats=2
    )
    assert found.importances_mean[3] == 0
    assert np.delete(found.importances_mean, 3).min() > 0


@pytest.mark.parametrize("copied", [pickle.dumps, deepcopy, "clone"])
@pytest.mark.parametrize("name", [*METRIC_OF, "own"])
def test_copies_of_a_scorer_score_the_same(copied, name, shots, offset_free, lowered):
    X, y = shots
    own = make_k_score_scorer(KMeans(3, random_state=0).fit(lowered(y)))
    scorer = (transfer_scorers() | {"own": own})[name]
    if copied is pickle.dumps:
        again = pickle.loads(pickle.dumps(scorer))
    elif copied is deepcopy:
        again = deepcopy(scorer)
    else:
        again = clone(GridSearchCV(Ridge(), {}, scoring=scorer)).scoring
    model = offset_free().fit(X, y)
    assert again is not scorer
    assert again(model, X, y) == scorer(model, X, y)


@pytest.mark.parametrize("scoring", [rse_scorer, transfer_scorers()])
def test_nan_predictions_leave_the_error_score_and_a_warning(scoring, shots):
    with pytest.warns(UserWarning, match="Scoring failed"):
        scores = cross_validate(DivergingRegressor(), *shots, scoring=scoring, cv=3)
    for name in scores.keys() - {"fit_time", "score_time"}:
        assert_array_equal(scores[name], np.nan)


def test_metadata_routing_passes_weights_to_scorers_that_ask_for_them(shots):
    X, y = shots
    weights = np.random.default_rng(1).random(len(X))
    with config_context(enable_metadata_routing=True), warnings.catch_warnings():
        warnings.simplefilter("error")
        # without params, scikit-learn 1.6 stumbles over None
        plain = cross_validate(
            Ridge(), X, y, cv=3, scoring=transfer_scorers(), params={}
        )
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


def test_weights_may_be_passed_by_another_name(shots):
    X, y = shots
    weights = np.random.default_rng(1).random(len(X))
    scorer = make_transfer_scorer(relative_squared_error)
    with config_context(enable_metadata_routing=True):
        scorer.set_score_request(sample_weight="area")
        for again in (scorer, deepcopy(scorer), pickle.loads(pickle.dumps(scorer))):
            found = cross_val_score(
                Ridge(), X, y, cv=3, scoring=again, params={"area": weights}
            )
            expected = [
                rse_scorer(Ridge().fit(X[a], y[a]), X[b], y[b], sample_weight=w)
                for (a, b), w in zip(
                    KFold(3).split(X), np.split(weights, 3), strict=True
                )
            ]
            assert_allclose(found, expected, rtol=1e-9)


def test_weights_that_no_scorer_asked_for_are_refused_by_name(shots):
    # scikit-learn 1.6 in other words than 1.9
    X, y = shots
    scorer = make_transfer_scorer(mean_cosine)
    weights = {"sample_weight": np.ones(len(X))}
    with (
        config_context(enable_metadata_routing=True),
        pytest.raises((TypeError, ValueError), match="sample_weight"),
    ):
        cross_val_score(
            Ridge().set_fit_request(sample_weight=False),
            X,
            y,
            scoring=scorer,
            params=weights,
        )


def test_requests_are_refused_while_routing_is_off():
    scorer = make_transfer_scorer(mean_cosine)
    with pytest.raises(RuntimeError, match="enable_metadata_routing=True"):
        scorer.set_score_request(sample_weight=True)


def test_weights_of_a_search_reach_a_single_scorer(shots):
    X, y = shots
    weights = np.random.default_rng(1).random(len(X))
    asking = make_transfer_scorer(relative_squared_error)
    with config_context(enable_metadata_routing=True):
        asking.set_score_request(sample_weight=True)
        search = GridSearchCV(
            Ridge().set_fit_request(sample_weight=True),
            {"alpha": [1.0]},
            scoring=asking,
            cv=3,
        ).fit(X, y, sample_weight=weights)
    expected = [
        rse_scorer(
            Ridge().fit(X[a], y[a], sample_weight=weights[a]),
            X[b],
            y[b],
            sample_weight=weights[b],
        )
        for a, b in KFold(3).split(X)
    ]
    assert search.best_score_ == pytest.approx(np.mean(expected), rel=1e-9)
