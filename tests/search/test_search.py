"""Halving on a validation map."""

import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from learners import Descent
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, clone, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from spectransfer import (
    SpectralVAE,
    make_transfer_pipeline,
    rse_scorer,
)
from spectransfer.evaluation import evaluate_transfers
from spectransfer.exceptions import DivergenceError, SpectransferWarning
from spectransfer.metrics import target_in_prediction_space
from spectransfer.networks import PublishedTraining
from spectransfer.search import HalvingSearch

SPACE = {"rate": [1e-4, 1e-3, 1e-2, 0.1, 0.3], "penalty": [0.0, 0.1]}
SAME = ["mean_test_score", "split0_test_score", "rank_test_score", "iter"]


def search_for(estimator=None, space=SPACE, **options):
    settings = {
        "resource": "max_epochs",
        "max_resources": 9,
        "n_candidates": 10,
        "random_state": 0,
    } | options
    return HalvingSearch(estimator or Descent(), space, **settings)


@pytest.fixture(scope="module")
def searched(maps):
    return search_for(scoring=rse_scorer).fit(**maps)


def stacked(maps):
    """The same maps as scikit-learn's searches want them."""
    fold = PredefinedSplit(
        np.r_[np.full(len(maps["X"]), -1), np.zeros(len(maps["X_val"]))]
    )
    X = np.vstack([maps["X"], maps["X_val"]])
    return fold, X, np.vstack([maps["y"], maps["y_val"]])


def same_table(one, other):
    assert one.cv_results_["params"] == other.cv_results_["params"]
    for name in SAME:
        assert_array_equal(one.cv_results_[name], other.cv_results_[name])


def test_the_search_is_scikit_learns_on_both_maps_in_one_array(maps, searched):
    fold, X, y = stacked(maps)
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max)
    theirs = HalvingGridSearchCV(
        Descent(random_state=seed),
        SPACE,
        resource="max_epochs",
        max_resources=9,
        min_resources=1,
        factor=3,
        cv=fold,
        scoring=rse_scorer,
        refit=False,
        return_train_score=False,
    ).fit(X, y)
    assert searched.n_candidates_ == [theirs.n_candidates_] == [[10, 4, 2]]
    assert searched.n_resources_ == [theirs.n_resources_] == [[1, 3, 9]]
    assert set(theirs.cv_results_) < set(searched.cv_results_)
    same_table(searched, theirs)
    assert searched.best_params_ == theirs.best_params_
    assert searched.best_score_ == theirs.best_score_
    assert searched.best_index_ == theirs.best_index_


def test_without_a_resource_it_is_a_grid_search(maps):
    fold, X, y = stacked(maps)
    alphas = {"alpha": [1e-2, 1.0, 1e2]}
    theirs = GridSearchCV(Ridge(), alphas, cv=fold, scoring=rse_scorer, refit=False)
    theirs.fit(X, y)
    ours = HalvingSearch(Ridge(), alphas, resource=None, scoring=rse_scorer).fit(**maps)
    assert_allclose(
        ours.cv_results_["mean_test_score"],
        theirs.cv_results_["mean_test_score"],
        rtol=1e-12,
    )
    assert ours.best_params_ == theirs.best_params_


def test_the_best_is_trained_on_the_training_map_alone(maps, searched):
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max)
    by_hand = Descent(random_state=seed).set_params(**searched.best_params_)
    by_hand.fit(maps["X"], maps["y"])
    assert_array_equal(searched.predict(maps["X_val"]), by_hand.predict(maps["X_val"]))
    assert searched.best_score_ == rse_scorer(by_hand, maps["X_val"], maps["y_val"])
    assert searched.score(maps["X_val"], maps["y_val"]) == searched.best_score_


def test_hyperband_takes_the_best_of_all_brackets(maps):
    search = search_for(n_candidates=None, n_brackets="all", refit=False).fit(**maps)
    found = search.cv_results_
    assert sorted(set(found["bracket"])) == [0, 1, 2]
    last = [
        score
        for score, n in zip(found["mean_test_score"], found["n_resources"], strict=True)
        if n == 9
    ]
    assert search.best_score_ == max(last)
    assert not hasattr(search, "best_estimator_")


@pytest.mark.parametrize(
    "backend", [pytest.param("loky", marks=pytest.mark.slow), "threading"]
)
def test_jobs_at_the_same_time_find_the_same(maps, searched, backend):
    with parallel_config(backend):
        parallel = search_for(scoring=rse_scorer, n_jobs=2).fit(**maps)
    same_table(parallel, searched)
    assert parallel.best_params_ == searched.best_params_


def test_files_are_searched_by_processes_as_arrays_are(maps, searched, tmp_path):
    filed = {}
    for name, array in maps.items():
        np.save(tmp_path / f"{name}.npy", array)
        filed[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
    same_table(search_for(scoring=rse_scorer, n_jobs=2).fit(**filed), searched)


class Witness(BaseEstimator):
    """Remembers what it was given."""

    seen = []

    def __init__(self, k=1):
        self.k = k

    def fit(self, X, y, X_val=None, y_val=None):
        self.seen.append((X, y, X_val, y_val))
        return self

    def score(self, X, y):
        self.seen.append((X, y))
        return self.k


def test_spectra_reach_the_estimator_as_they_were_given(maps):
    Witness.seen.clear()
    HalvingSearch(Witness(), {"k": [1, 2]}, resource=None).fit(**maps)
    known, watched = (maps["X"], maps["y"]), (maps["X_val"], maps["y_val"])
    # two candidates, and the best again
    expected = [known + watched, watched] * 2 + [known + watched]
    for seen, given in zip(Witness.seen, expected, strict=True):
        assert all(a is b for a, b in zip(seen, given, strict=True))


def test_early_stopping_watches_the_validation_map(maps):
    spectra = {"X": maps["y"], "X_val": maps["y_val"]}
    training = PublishedTraining(patience=1, min_delta=1e9, batch_size=16)
    vae = SpectralVAE((4,), n_latent=2, training=training)
    search = HalvingSearch(
        make_pipeline(StandardScaler(), vae),
        {"spectralvae__n_latent": [1]},
        resource="spectralvae__training__max_epochs",
        max_resources=6,
        random_state=0,
    ).fit(**spectra)
    # nothing is better by so much: over after the second epoch
    assert search.best_estimator_[-1].n_epochs_ == 2
    # validation spectra went through the scaler
    scaler = StandardScaler().fit(spectra["X"])
    alone = clone(search.best_estimator_[-1])
    alone.fit(scaler.transform(spectra["X"]), X_val=scaler.transform(spectra["X_val"]))
    assert_allclose(
        search.best_estimator_[-1].validation_loss_curve_,
        alone.validation_loss_curve_,
        rtol=1e-6,
    )
    assert search.best_estimator_.transform_input is None
    assert search.transform(spectra["X"]).shape == (40, 1)
    assert not hasattr(search, "predict")


def test_scores_compare_in_the_space_of_the_predictions(maps):
    X, y = np.abs(maps["X"]) + 5, np.abs(maps["y"]) + 5
    pair = {"X": X, "y": y, "X_val": X[:20] + 1, "y_val": y[:20] + 1}
    pipeline = make_transfer_pipeline(Ridge())
    space = {"transfer__regressor__alpha": [1.0, 9.0], "baseline__min_window": [2, 3]}
    settings = {"transfer__transformer__baseline__min_window": 3}
    for side in ("", "transfer__transformer__"):
        settings |= {f"{side}baseline__smooth_window": 2}
    pipeline.set_params(baseline__min_window=3, **settings)
    search = HalvingSearch(pipeline, space, resource=None, scoring=rse_scorer)
    search.fit(**pair)
    for params, score in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        alone = clone(pipeline).set_params(**params).fit(X, y)
        assert score == rse_scorer(alone, pair["X_val"], pair["y_val"])
    measured = target_in_prediction_space(search, y)
    assert_array_equal(measured, search.best_estimator_["transfer"].transform_target(y))
    assert np.abs(measured - y).max() > 1


def test_a_search_can_be_saved_and_evaluated(maps, searched, tmp_path):
    joblib.dump(searched, tmp_path / "search")
    loaded = joblib.load(tmp_path / "search")
    assert_array_equal(loaded.predict(maps["X"]), searched.predict(maps["X"]))
    # not fitted yet: its validation map is that of the evaluation
    known, watched = (maps["X"], maps["y"]), (maps["X_val"], maps["y_val"])
    table = evaluate_transfers(
        {"searched": search_for(scoring=rse_scorer)},
        known,
        watched,
        validation=watched,
        protocols=["deployable"],
        n_clusters=2,
    )
    assert table.rows[0].rse == pytest.approx(-searched.best_score_, rel=1e-9)


def test_metadata_routing_changes_nothing(maps, searched):
    with config_context(enable_metadata_routing=True):
        same_table(search_for(scoring=rse_scorer).fit(**maps), searched)


def test_data_frames_are_searched_as_arrays_are(maps, searched):
    frames = {name: pd.DataFrame(array) for name, array in maps.items()}
    search = search_for(scoring=rse_scorer).fit(**frames)
    # frames hold columns together: sums in another order
    assert_allclose(
        search.cv_results_["mean_test_score"],
        searched.cv_results_["mean_test_score"],
        rtol=1e-12,
    )
    assert search.best_params_ == searched.best_params_


def test_validation_spectra_reach_a_search_at_the_end_of_a_pipeline(maps):
    scaler = StandardScaler().fit(maps["X"])
    by_hand = search_for(scoring=rse_scorer).fit(
        scaler.transform(maps["X"]),
        maps["y"],
        scaler.transform(maps["X_val"]),
        maps["y_val"],
    )
    with config_context(enable_metadata_routing=True):
        routed = make_pipeline(
            StandardScaler(),
            search_for(scoring=rse_scorer),
            transform_input=["X_val"],
        ).fit(**maps)
    same_table(routed[-1], by_hand)


def test_a_search_is_what_it_searches(maps, searched):
    assert is_regressor(searched)
    inner = get_tags(searched.estimator)
    assert get_tags(searched).target_tags == inner.target_tags
    vae = HalvingSearch(SpectralVAE(), {"n_latent": [1]})
    assert not is_regressor(vae)
    assert not get_tags(vae).target_tags.required
    assert get_tags(vae).transformer_tags == get_tags(SpectralVAE()).transformer_tags


def test_a_search_knows_channels_as_its_best_estimator_does(maps):
    frames = {name: pd.DataFrame(array) for name, array in maps.items()}
    named = {
        name: frame.rename(columns="{}.5".format) for name, frame in frames.items()
    }
    search = HalvingSearch(Ridge(), {"alpha": [1.0]}, resource=None)
    assert not hasattr(search, "n_features_in_")
    search.fit(**named)
    assert search.n_features_in_ == 5
    assert list(search.feature_names_in_) == list(named["X"].columns)
    assert not hasattr(search.fit(**maps), "feature_names_in_")


def test_names_that_a_search_finds_are_those_of_the_estimator(searched):
    names = {"rate", "penalty", "max_epochs"}
    assert all(params.keys() == names for params in searched.cv_results_["params"])
    assert {f"param_{name}" for name in names} < searched.cv_results_.keys()


def unchanged(search, before):
    return vars(search).keys() == before.keys() and all(
        vars(search)[name] is value for name, value in before.items()
    )


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda maps: {"y_val": None}, "y_val is None"),
        (lambda maps: {"y_val": maps["y"]}, "inconsistent numbers of samples"),
        (lambda maps: {"y_val": np.ones((20, 9))}, "y has 9"),
    ],
)
def test_a_search_that_is_refused_leaves_the_older_one(maps, change, match):
    search = search_for(scoring=rse_scorer).fit(**maps)
    before, predicted = dict(vars(search)), search.predict(maps["X"])
    with pytest.raises(ValueError, match=match):
        search.fit(**maps | change(maps))
    assert unchanged(search, before)
    assert_array_equal(search.predict(maps["X"]), predicted)


class CannotBeTrainedAgain(Descent):
    """Fails in the longest training, when nothing else is left to do."""

    n_fits = 0
    fails_at = 0

    def fit(self, X, y):
        type(self).n_fits += 1
        if self.n_fits == self.fails_at:
            raise RuntimeError("no room")
        return super().fit(X, y)


def test_a_last_training_that_fails_leaves_the_older_search(maps, monkeypatch):
    search = search_for(CannotBeTrainedAgain()).fit(**maps)
    before, n_fits = dict(vars(search)), CannotBeTrainedAgain.n_fits
    monkeypatch.setattr(CannotBeTrainedAgain, "fails_at", 2 * n_fits)
    with pytest.raises(RuntimeError, match="no room"):
        search.fit(**maps)
    assert unchanged(search, before)


def test_a_second_search_forgets_the_first(maps):
    search = search_for().fit(**maps).set_params(refit=False).fit(**maps)
    assert not hasattr(search, "best_estimator_")
    with pytest.raises(NotFittedError, match=r"(?s)predict is that.*refit is False"):
        search.predict(maps["X"])


# what goes wrong


def test_a_training_that_diverges_is_ranked_last(maps):
    space = {"rate": [50.0, 0.1, 0.01, 60.0]}
    search = search_for(space=space, n_candidates=4, min_resources=3)
    with pytest.warns(SpectransferWarning, match=r"2 of 6 .*diverged.*rate=50") as told:
        search.fit(**maps)
    assert [warning.filename for warning in told] == [__file__]
    scores = search.cv_results_["mean_test_score"]
    assert_array_equal(np.isnan(scores), [1, 0, 0, 1, 0, 0])
    assert list(search.cv_results_["rank_test_score"])[3] == 5
    assert search.best_params_["rate"] == 0.1


def test_a_score_may_stand_for_divergence_or_an_error(maps):
    space = {"rate": [50.0, 0.1]}
    search = search_for(space=space, min_resources=9, error_score=-7.0)
    with pytest.warns(SpectransferWarning, match=r"their score is -7\.0"):
        search.fit(**maps)
    assert search.cv_results_["mean_test_score"][0] == -7
    with pytest.raises(DivergenceError, match="rate=50"):
        search.set_params(error_score="raise").fit(**maps)


def test_a_search_in_which_all_diverge_says_what_they_said(maps):
    search = search_for(space={"rate": [50.0, 60.0]}, min_resources=9)
    with pytest.raises(ValueError, match=r"(?s)all 2 are NaN\. The loss.*rate=50"):
        search.fit(**maps)


def test_before_the_search_there_is_no_best():
    with pytest.raises(NotFittedError):
        search_for().predict([[1.0]])


# what is shown


def test_a_search_is_quiet_by_default(maps):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search_for().fit(**maps)
