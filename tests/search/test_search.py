"""Halving on a validation map."""

import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from joblib import parallel_config
from learners import Descent
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from spectransfer import (
    KNNTransfer,
    SpectralMLP,
    SpectralVAE,
    make_transfer_pipeline,
    rse_scorer,
)
from spectransfer.evaluation import evaluate_transfers
from spectransfer.exceptions import DivergenceError, SpectransferWarning
from spectransfer.metrics import target_in_prediction_space, transfer_scorers
from spectransfer.networks import PublishedTraining
from spectransfer.search import HalvingSearch
from spectransfer.search._candidate import at_most_threads, with_seeds

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


@pytest.mark.parametrize("backend", ["loky", "threading"])
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


def test_parts_without_a_seed_get_the_same_one_in_every_candidate(maps):
    pipeline = make_transfer_pipeline()
    seeded = with_seeds(pipeline, 7).get_params()
    seeds = {k: v for k, v in seeded.items() if k.endswith("random_state")}
    assert len(seeds) == 3
    assert set(seeds.values()) == {7}
    kept = with_seeds(Descent(random_state=3), 7)
    assert kept.random_state == 3
    frozen = FrozenEstimator(SpectralMLP())
    assert with_seeds(frozen, 7).estimator.random_state is None


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


# what goes wrong


def test_a_training_that_diverges_is_ranked_last(maps):
    space = {"rate": [50.0, 0.1, 0.01, 60.0]}
    search = search_for(space=space, n_candidates=4, min_resources=3)
    with pytest.warns(SpectransferWarning, match=r"2 of 6 .*diverged.*rate=50") as told:
        search.fit(**maps)
    assert len(told) == 1
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


def broken(estimator, X, y):
    raise RuntimeError("no such column")


def test_a_scorer_that_fails_names_the_candidate(maps):
    with pytest.raises(RuntimeError, match="no such column") as failure:
        search_for(scoring=broken).fit(**maps)
    assert "'rate': 0.0001" in failure.value.__notes__[0]


def test_several_figures_at_once_are_refused(maps):
    search = search_for(scoring=lambda e, X, y: {"a": 1.0})
    with pytest.raises(TypeError, match=r"(?s)one number.*gives a dict.*rse_scorer"):
        search.fit(**maps)
    with pytest.raises(ValueError, match="scoring"):
        search_for(scoring=transfer_scorers()).fit(**maps)


@pytest.mark.parametrize(
    ("missing", "match"),
    [
        (["X_val", "y_val"], r"(?s)judges on another.*X_val is None"),
        (["y_val"], r"y_val is None"),
        (["y"], r"but y is None"),
    ],
)
def test_both_maps_are_needed_whole(maps, missing, match):
    with pytest.raises(ValueError, match=match):
        search_for().fit(**(maps | dict.fromkeys(missing)))


def test_rows_have_to_pair(maps):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        search_for().fit(**(maps | {"y_val": maps["y"]}))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"resource": "epochs"}, r"(?s)'epochs' is not one of them.*by max_epochs"),
        ({"resource": "rate"}, r"'rate' is searched itself"),
        ({"min_resources": 20}, r"must not exceed.*20.*9"),
        ({"factor": 1}, r"'factor' parameter of HalvingSearch"),
        ({"space": {"speed": [1]}}, r"Invalid parameter 'speed'"),
    ],
)
def test_a_search_that_cannot_be_is_refused_before_it_begins(maps, options, match):
    with pytest.raises(ValueError, match=match):
        search_for(**options).fit(**maps)


def test_auto_steps_do_not_say_how_long_to_train_at_most(maps):
    search = HalvingSearch(SpectralMLP(), {"training__learning_rate": [1e-3]})
    with pytest.raises(ValueError, match=r"(?s)n_steps of the.*'auto'.*=54"):
        search.fit(**maps)
    with pytest.raises(ValueError, match=r"(?s)by none of them.*resource=None"):
        HalvingSearch(KNNTransfer(), {"n_neighbors": [1]}).fit(**maps)


def test_before_the_search_there_is_no_best():
    with pytest.raises(NotFittedError):
        search_for().predict([[1.0]])


# threads, progress


def n_threads():
    return max(pool["num_threads"] for pool in threadpool_info())


def test_fits_use_fewer_threads_and_never_more():
    with threadpool_limits(2):
        assert torch.get_num_threads() == 2
        with at_most_threads(1):
            assert n_threads() == torch.get_num_threads() == 1
        with at_most_threads(64):
            assert n_threads() == 2
        with at_most_threads(None):
            assert n_threads() == 2


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_one_bar_counts_all_fits(maps, capfd, n_jobs):
    search_for(n_jobs=n_jobs).fit(**maps)
    assert capfd.readouterr() == ("", "")
    search_for(n_jobs=n_jobs, verbose=1).fit(**maps)
    out, shown = capfd.readouterr()
    assert out == ""
    assert (
        shown.rstrip()
        .splitlines()[-1]
        .rsplit("\r", 1)[-1]
        .startswith("rung 3/3, max_epochs=9: 100%")
    )
    assert "16/16" in shown
    assert "best=" in shown


def test_a_search_is_quiet_by_default(maps):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search_for().fit(**maps)
