"""Trainings that diverge, fail, or have no device: told, and nothing spoilt."""

import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from small_transfers import (
    NETWORKS,
    X,
    Y,
    every_network,
    small_latent,
    small_mlp,
    small_vae,
)

from spectransfer import (
    SpectralMLP,
    Training,
    VAELatentTransfer,
    make_transfer_pipeline,
    rse_scorer,
)
from spectransfer.exceptions import DivergenceError
from spectransfer.networks import PublishedTraining


@every_network
@pytest.mark.parametrize("n_steps", [1, 3])
@pytest.mark.parametrize("patience", [None, 2])
def test_a_diverging_learning_rate_is_an_error_that_tells_the_way_out(
    name, n_steps, patience
):
    transfer = NETWORKS[name](
        training__learning_rate=1e25,
        training__n_steps=n_steps,
        training__patience=patience,
        training__batch_size=40,
    )
    message = (
        r"(?s)of the (direct MLP|MLP|VAE) became (nan|inf) in epoch [12] at "
        r"learning_rate=1e\+25.*Lower the learning rate \(try 0\.001\)"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DivergenceError, match=message):
            transfer.fit(X, Y)


@pytest.mark.parametrize("kind", [Training, PublishedTraining])
def test_shorter_gradients_are_advised_to_those_who_do_not_limit_them(kind):
    with pytest.raises(DivergenceError) as caught:
        SpectralMLP((8,), training=kind(learning_rate=1e25)).fit(X, Y)
    assert ("take Training()" in str(caught.value)) == (kind is PublishedTraining)


def test_a_search_goes_on_past_candidates_that_diverge():
    search = GridSearchCV(
        make_transfer_pipeline(small_latent(training__n_steps=9)),
        {"transfer__regressor__mapper__training__learning_rate": [1e25, 1e-3]},
        scoring=rse_scorer,
        cv=2,
    )
    with (
        pytest.warns(FitFailedWarning, match=r"(?s)2 fits failed.*must stay finite"),
        pytest.warns(UserWarning, match="test scores are non-finite"),
    ):
        search.fit(X, Y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isnan(scores[0])
    assert np.isfinite(scores[1])
    assert search.best_index_ == 1


def test_a_search_can_ask_for_the_error_itself():
    search = GridSearchCV(
        small_mlp(), {"training__learning_rate": [1e25]}, cv=2, error_score="raise"
    )
    with pytest.raises(DivergenceError):
        search.fit(X, Y)


@pytest.mark.parametrize("name", ["SpectralMLP", "DirectMLPTransfer"])
def test_after_a_failed_first_training_nothing_can_be_predicted(name):
    transfer = NETWORKS[name](training__learning_rate=1e25)
    with pytest.raises(DivergenceError):
        transfer.fit(X, Y)
    with pytest.raises(NotFittedError):
        transfer.predict(X)


@every_network
@pytest.mark.parametrize("failing", ["all", "mapper"])
def test_a_failed_second_training_leaves_the_first_as_it_was(name, failing):
    transfer = NETWORKS[name]().fit(X, Y)
    expected = transfer.predict(X)
    part = [k for k in transfer.get_params() if k.endswith("learning_rate")]
    if failing == "mapper":
        part = [k for k in part if "autoencoder" not in k]
    transfer.set_params(**dict.fromkeys(part, 1e25))
    with pytest.raises(DivergenceError):
        transfer.fit(3 * X + 100, 5 * Y + 100)
    assert_array_equal(transfer.predict(X), expected)


def test_networks_train_in_single_precision_whatever_torch_is_set_to():
    expected = small_latent().fit(X, Y).predict(X)
    torch.set_default_dtype(torch.float64)
    try:
        found = small_latent().fit(X, Y).predict(X)
    finally:
        torch.set_default_dtype(torch.float32)
    assert_array_equal(found, expected)


@every_network
@pytest.mark.parametrize("device", ["gpu", "", "cuda:x", "meta", "tpu:0"])
def test_a_device_that_does_not_exist_is_refused(name, device, no_training):
    with pytest.raises(ValueError, match=r"(?s)device must be .*'cpu'.*'auto'.*but it "
                       f"is {device!r}"):  # fmt: skip
        NETWORKS[name](training__device=device).fit(X, Y)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA")
@every_network
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:7"])
def test_cuda_where_there_is_none_is_refused_in_fit(name, device, no_training):
    with pytest.raises(ValueError, match=rf"(?s)device={device!r}.*no CUDA.*"
                       "device='auto'"):  # fmt: skip
        NETWORKS[name](training__device=device).fit(X, Y)


def test_the_device_of_the_mapper_is_looked_at_before_the_autoencoder_trains(
    no_training,
):
    transfer = VAELatentTransfer(small_vae(), small_mlp(training__device="gpu"))
    with pytest.raises(ValueError, match="device must be"):
        transfer.fit(X, Y)


def test_device_auto_falls_back_to_the_cpu():
    if torch.cuda.is_available():
        pytest.skip("there is CUDA")
    assert small_mlp(training__device="auto").fit(X, Y).device_ == "cpu"
