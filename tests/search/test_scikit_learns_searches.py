"""scikit-learn's searches and validations over the whole transfer."""

import warnings

import numpy as np
import pytest
import torch
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingRandomSearchCV,
    KFold,
    cross_validate,
)
from sklearn.pipeline import make_pipeline

from spectransfer import (
    BaselineCorrector,
    DirectMLPTransfer,
    KNNTransfer,
    PrimarySpaceRegressor,
    SpectralMLP,
    SpectralVAE,
    StandardScaler,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.metrics import relative_squared_error, rse_scorer, transfer_scorers

PAIR = make_instrument_pair(
    n_spectra=60, n_secondary=110, n_primary=120, shots_per_sample=5, random_state=0
)
X, Y, SAMPLE = PAIR.X_secondary, PAIR.X_primary, PAIR.sample_id
QUICK = {"training__n_steps": 9, "training__batch_size": 16, "random_state": 0}

WINDOW = "baseline__min_window"
LATENT = "transfer__regressor__autoencoder__n_latent"
LAYERS = "transfer__regressor__mapper__hidden_layer_sizes"
GRID = {WINDOW: [20, 100], LATENT: [1, 3], LAYERS: [(4,), (16, 8)]}


def small_transfer(**changes):
    return make_transfer_pipeline(
        VAELatentTransfer(
            SpectralVAE((8,), n_latent=2).set_params(**(QUICK | changes)),
            SpectralMLP((8,)).set_params(**(QUICK | changes)),
        )
    )


@pytest.fixture(autouse=True)
def one_thread():
    """Let the parent round as its workers do."""
    kept = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(kept)


@pytest.fixture
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def grid_search(**options):
    settings = {"scoring": rse_scorer, "cv": KFold(2)} | options
    return GridSearchCV(small_transfer(), GRID, **settings)


@pytest.fixture(scope="module")
def searched():
    torch.set_num_threads(1)
    return grid_search().fit(X, Y)


@pytest.mark.slow
def test_a_search_over_all_parts_finds_the_same_with_two_processes(searched):
    with parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        parallel = grid_search(n_jobs=2).fit(X, Y)
    assert parallel.best_params_ == searched.best_params_
    for name in ("split0_test_score", "split1_test_score", "mean_test_score"):
        assert_array_equal(parallel.cv_results_[name], searched.cv_results_[name])
    assert_array_equal(parallel.predict(X), searched.predict(X))


def test_a_search_done_twice_finds_the_same(searched):
    again = grid_search().fit(X, Y)
    assert again.best_params_ == searched.best_params_
    assert_array_equal(
        again.cv_results_["mean_test_score"], searched.cv_results_["mean_test_score"]
    )


def test_every_part_of_the_grid_reaches_its_estimator(searched):
    scores = searched.cv_results_["mean_test_score"]
    # no parameter is without effect: all candidates differ
    assert len(set(scores)) == len(scores) == 8
    best = searched.best_estimator_
    transfer = best["transfer"].regressor_
    assert best["baseline"].min_window == searched.best_params_[WINDOW]
    assert transfer.autoencoder_.n_latent == searched.best_params_[LATENT]
    assert transfer.mapper_.hidden_layer_sizes == searched.best_params_[LAYERS]
    assert transfer.mapper_.predict(X[:1]).shape == (1, searched.best_params_[LATENT])


def test_scores_of_a_search_are_those_of_fits_by_hand(searched):
    for i in (0, 5):
        candidate = searched.cv_results_["params"][i]
        for k, (known, unseen) in enumerate(KFold(2).split(X)):
            transfer = small_transfer().set_params(**candidate).fit(X[known], Y[known])
            # the primary side has its own corrector, of the default width
            measured = BaselineCorrector().fit_transform(Y[unseen])
            error = relative_squared_error(measured, transfer.predict(X[unseen]))
            assert -error == searched.cv_results_[f"split{k}_test_score"][i]


def test_several_figures_of_merit_can_be_searched_at_once(searched, quiet):
    search = grid_search(scoring=transfer_scorers(), refit="rse").fit(X, Y)
    assert_array_equal(
        search.cv_results_["mean_test_rse"], searched.cv_results_["mean_test_score"]
    )
    assert search.best_params_ == searched.best_params_
    for name in ("euclidean", "cosine", "k_score"):
        assert np.isfinite(search.cv_results_[f"mean_test_{name}"]).all()
    assert search.score(X, Y) == rse_scorer(search.best_estimator_, X, Y)


@pytest.mark.slow
def test_a_halving_search_ends_with_one_of_its_candidates(quiet):
    def search():
        return HalvingRandomSearchCV(
            small_transfer(),
            GRID,
            n_candidates=4,
            min_resources=15,
            factor=2,
            cv=2,
            scoring=rse_scorer,
            random_state=0,
        ).fit(X, Y)

    first, second = search(), search()
    assert first.n_iterations_ == 3
    assert first.best_params_ == second.best_params_
    assert_array_equal(first.predict(X), second.predict(X))


def test_a_halving_search_can_spend_steps_of_training(quiet):
    resource = "transfer__regressor__mapper__training__n_steps"
    search = HalvingRandomSearchCV(
        small_transfer(),
        {LATENT: [1, 2, 3, 4]},
        resource=resource,
        n_candidates=4,
        min_resources=2,
        max_resources=8,
        factor=2,
        cv=2,
        scoring=rse_scorer,
        random_state=0,
    ).fit(X, Y)
    assert search.n_resources_ == [2, 4, 8]
    # eight steps, four to an epoch of all spectra
    assert search.best_estimator_["transfer"].regressor_.mapper_.n_epochs_ == 2


def test_cross_validation_in_groups_keeps_samples_apart(quiet):
    folds = GroupKFold(3)
    found = cross_validate(
        small_transfer(),
        X,
        Y,
        groups=SAMPLE,
        cv=folds,
        scoring=transfer_scorers(),
        return_estimator=True,
    )
    for k, (known, unseen) in enumerate(folds.split(X, Y, SAMPLE)):
        assert not set(SAMPLE[known]) & set(SAMPLE[unseen])
        transfer = found["estimator"][k]
        alone = small_transfer().fit(X[known], Y[known])
        assert_array_equal(transfer.predict(X[unseen]), alone.predict(X[unseen]))
        assert found["test_rse"][k] == rse_scorer(alone, X[unseen], Y[unseen])


def test_the_regressor_itself_can_be_searched_for(quiet):
    search = GridSearchCV(
        make_transfer_pipeline(Ridge()),
        {
            "transfer__regressor": [
                Ridge(10.0),
                KNNTransfer(2),
                DirectMLPTransfer(
                    (4,), n_latent=2, decoder_layer_sizes=(4,)
                ).set_params(**QUICK),
            ]
        },
        cv=2,
        scoring=rse_scorer,
    ).fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_the_primary_side_can_be_searched_too(quiet):
    search = GridSearchCV(
        make_transfer_pipeline(Ridge()),
        {"transfer__transformer__scaler__with_std": [True, False]},
        cv=2,
        scoring=rse_scorer,
    ).fit(X, Y)
    assert len(set(search.cv_results_["mean_test_score"])) == 2


def test_a_cache_of_the_prepared_spectra_changes_nothing(tmp_path, capfd):
    plain = small_transfer().fit(X, Y)
    cached = make_transfer_pipeline(
        plain["transfer"].regressor, memory=str(tmp_path / "cache")
    )
    first = cached.fit(X, Y).predict(X)
    # the second fit finds the prepared spectra
    assert_array_equal(cached.fit(X, Y).predict(X), first)
    assert_array_equal(plain.predict(X), first)
    assert list((tmp_path / "cache").rglob("output.pkl"))
    assert capfd.readouterr() == ("", "")


# validation spectra through the pipeline


class Witness(RegressorMixin, BaseEstimator):
    """Remembers what it was given."""

    def fit(self, X, y, X_val=None, y_val=None):
        self.seen_ = {"X": X, "y": y, "X_val": X_val, "y_val": y_val}
        return self

    def predict(self, X):
        return self.seen_["y"][: len(X)]


def prepared(known, spectra):
    side = make_pipeline(BaselineCorrector(), StandardScaler(power=0)).fit(known)
    return side.transform(spectra)


def test_validation_spectra_arrive_prepared_on_both_sides():
    known, watched = slice(0, 40), slice(40, 60)
    with config_context(enable_metadata_routing=True):
        transfer = make_transfer_pipeline(Witness())
        transfer.fit(X[known], Y[known], X_val=X[watched], y_val=Y[watched])
    seen = transfer["transfer"].regressor_.seen_
    assert_allclose(seen["X"], prepared(X[known], X[known]), rtol=1e-6)
    assert_allclose(seen["y"], prepared(Y[known], Y[known]), rtol=1e-6)
    assert_allclose(seen["X_val"], prepared(X[known], X[watched]), rtol=1e-6)
    assert_allclose(seen["y_val"], prepared(Y[known], Y[watched]), rtol=1e-6)


def test_validation_spectra_stop_the_networks_of_a_pipeline():
    known, watched = slice(0, 40), slice(40, 60)
    with config_context(enable_metadata_routing=True):
        transfer = small_transfer(training__patience=2)
        transfer.fit(X[known], Y[known], X_val=X[watched], y_val=Y[watched])
    latent = transfer["transfer"].regressor_
    # by hand, without any routing
    by_hand = VAELatentTransfer(latent.autoencoder, latent.mapper).fit(
        prepared(X[known], X[known]),
        prepared(Y[known], Y[known]),
        X_val=prepared(X[known], X[watched]),
        y_val=prepared(Y[known], Y[watched]),
    )
    for name in ("autoencoder_", "mapper_"):
        assert_allclose(
            getattr(latent, name).validation_loss_curve_,
            getattr(by_hand, name).validation_loss_curve_,
            rtol=1e-6,
        )


def test_one_dimensional_validation_targets_pass_too():
    known, watched = slice(0, 40), slice(40, 60)
    mlp = SpectralMLP((4,)).set_params(training__patience=2, **QUICK)
    transfer = PrimarySpaceRegressor(mlp, transformer=StandardScaler()).fit(
        X[known], Y[known, 0], X_val=X[watched], y_val=Y[watched, 0]
    )
    assert len(transfer.regressor_.validation_loss_curve_) > 0
    assert transfer.predict(X).shape == (60,)


@pytest.mark.parametrize("regressor", [Ridge(), KNNTransfer(2)])
def test_a_regressor_that_watches_nothing_refuses_validation_spectra(regressor):
    with pytest.raises(TypeError, match=r"(?s)watches validation spectra.*no such par"):
        PrimarySpaceRegressor(regressor).fit(X, Y, X_val=X, y_val=Y)
