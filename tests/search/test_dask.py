"""Searches on a Dask cluster, through joblib's backend."""

import contextlib

import numpy as np
import pytest
from joblib import parallel_config
from learners import Descent
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold

from spectransfer import make_transfer_pipeline, rse_scorer
from spectransfer.search import HalvingSearch

distributed = pytest.importorskip("distributed")

SPACE = {"rate": [1e-3, 1e-2, 0.1, 0.3], "penalty": [0.0, 0.1]}


@contextlib.contextmanager
def cluster(tmp_path, **options):
    """A cluster on this machine, on ports that are free, without a dashboard."""
    options = {"n_workers": 2, "threads_per_worker": 1} | options
    with (
        distributed.LocalCluster(
            dashboard_address=":0",  # with None it asks for port 8787 all the same
            scheduler_port=0,
            local_directory=str(tmp_path / "dask"),
            silence_logs=50,
            **options,
        ) as machines,
        distributed.Client(machines),
    ):
        yield


@pytest.fixture(scope="module")
def in_threads(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("dask"), processes=False):
        yield


def search_for(**options):
    settings = {"resource": "max_epochs", "max_resources": 9, "n_candidates": 8}
    settings |= {"random_state": 0} | options
    return HalvingSearch(Descent(), SPACE, **settings)


def test_a_cluster_finds_what_one_process_finds(in_threads, maps, capfd):
    here = search_for().fit(**maps)
    with parallel_config("dask"):
        there = search_for(verbose=1).fit(**maps)
    assert there.cv_results_["params"] == here.cv_results_["params"]
    assert_array_equal(
        there.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"]
    )
    assert_array_equal(there.predict(maps["X"]), here.predict(maps["X"]))
    assert "11/11" in capfd.readouterr().err


def test_scikit_learns_own_search_over_the_pipeline_finds_the_same(in_threads):
    rng = np.random.default_rng(0)
    X, y = rng.random((40, 30)), rng.random((40, 20))

    def search():
        return GridSearchCV(
            make_transfer_pipeline(Ridge()),
            {"transfer__regressor__alpha": [0.1, 10.0], "baseline__min_window": [5, 9]},
            cv=KFold(2),
            scoring=rse_scorer,
        )

    side = "transfer__transformer__"
    transfer = {f"{s}baseline__smooth_window": 3 for s in ("", side)}
    transfer[f"{side}baseline__min_window"] = 5
    here, there = search(), search()
    for one in (here, there):
        one.estimator.set_params(baseline__min_window=5, **transfer)
    here.fit(X, y)
    with parallel_config("dask"):
        there.fit(X, y)
    assert there.best_params_ == here.best_params_
    assert_array_equal(
        there.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"]
    )
    assert_array_equal(there.predict(X), here.predict(X))


@pytest.mark.slow
def test_processes_of_a_cluster_open_files_and_keep_their_fits(maps, tmp_path):
    here = search_for().fit(**maps)
    filed = {}
    for name, array in maps.items():
        np.save(tmp_path / f"{name}.npy", array)
        filed[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
    kept = tmp_path / "kept"
    with cluster(tmp_path, processes=True), parallel_config("dask"):
        there = search_for(folder=kept).fit(**filed)
    assert len(list(kept.glob("*.json"))) == 11
    resumed = search_for(folder=kept).fit(**maps)
    for search in (there, resumed):
        assert_array_equal(
            search.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"]
        )
    assert_array_equal(
        there.cv_results_["mean_fit_time"], resumed.cv_results_["mean_fit_time"]
    )
