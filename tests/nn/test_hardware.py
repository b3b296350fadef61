"""Precision and threads: what they cost, and what they leave behind."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from threadpoolctl import threadpool_info

from spectransfer import SpectralMLP, SpectralVAE, VAELatentTransfer
from spectransfer.datasets import make_instrument_pair
from spectransfer.nn import MLP
from spectransfer.nn._data import CPU
from spectransfer.nn._hardware import autocast, fitting_threads, matrix_products

PAIR = make_instrument_pair(
    n_spectra=60, n_secondary=110, n_primary=120, random_state=0
)
X, Y = PAIR.X_secondary, PAIR.X_primary
QUICK = {"training__n_steps": 24, "training__batch_size": 10, "random_state": 0}


def small_mlp(**changes):
    return SpectralMLP((8,)).set_params(**(QUICK | changes))


def small_vae(**changes):
    return SpectralVAE((8,), n_latent=2).set_params(**(QUICK | changes))


@pytest.fixture
def matmul_setting():
    before = torch.get_float32_matmul_precision()
    yield
    torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("before", ["highest", "high"])
def test_tf32_is_asked_for_inside_and_given_back(before, matmul_setting):
    torch.set_float32_matmul_precision(before)
    with pytest.raises(KeyError, match="high"), matrix_products("tf32"):
        raise KeyError(torch.get_float32_matmul_precision())
    assert torch.get_float32_matmul_precision() == before


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_torchs_own_setting_is_left_alone_by_the_others(precision, matmul_setting):
    torch.set_float32_matmul_precision("high")
    with matrix_products(precision):
        assert torch.get_float32_matmul_precision() == "high"


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_products_are_rounded_as_asked(precision):
    a = torch.full((4, 4), 1 + 2.0**-12)
    with autocast(precision, CPU):
        product = a @ torch.eye(4)
    # 12 bits after the point are more than bfloat16 has
    assert bool((product == a).all()) is (precision != "bfloat16")


def test_training_in_bfloat16_leaves_weights_and_results_in_float32():
    vae = small_vae(training__precision="bfloat16").fit(Y)
    assert {p.dtype for p in vae.net_.module_.parameters()} == {torch.float32}
    assert vae.transform(Y.astype(np.float32)).dtype == np.float32
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize("make", [small_mlp, small_vae])
def test_bfloat16_rounds_but_learns_the_same(make):
    exact, rounded = make(), make(training__precision="bfloat16")
    losses = [np.array(e.fit(X, Y).loss_curve_) for e in (exact, rounded)]
    assert not np.array_equal(*losses)
    # eight bits of every factor, in a mean of many; posteriors are drawn from numpy's
    # generator in float32 and from torch's otherwise
    assert np.abs(losses[1] / losses[0] - 1).max() < 0.02


def test_predictions_follow_the_precision_that_is_set_at_the_time():
    mlp = small_mlp().fit(X, Y)
    exact = mlp.predict(X)
    rounded = mlp.set_params(training__precision="bfloat16").predict(X)
    assert 0 < np.abs(rounded - exact).max() < 0.02 * Y.std()
    assert_array_equal(mlp.set_params(training__precision="float32").predict(X), exact)


def test_tf32_changes_nothing_on_the_cpu():
    expected = small_mlp().fit(X, Y).predict(X)
    assert_array_equal(
        small_mlp(training__precision="tf32").fit(X, Y).predict(X), expected
    )


def test_a_transfer_sets_the_precision_of_its_parts_by_their_names():
    transfer = VAELatentTransfer(small_vae(), small_mlp())
    transfer.set_params(autoencoder__training__precision="bfloat16")
    copy = clone(transfer)
    assert copy.autoencoder.training.precision == "bfloat16"
    assert copy.mapper.training.precision == "float32"


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="'precision' parameter of Training"):
        small_mlp(training__precision="float16").fit(X, Y)


# threads


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def blas_threads():
    """Tell how many threads numpy's products take."""
    return {p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"}


def test_a_small_network_is_trained_by_one_thread(two_threads):
    with fitting_threads(MLP(260, (128,), 64), batch_size=32):
        assert torch.get_num_threads() == 1
        assert blas_threads() == {1}


def test_a_large_network_is_trained_by_all_threads(two_threads):
    with fitting_threads(MLP(4062, (1024, 512), 64), batch_size=128):
        assert torch.get_num_threads() == 2
        assert blas_threads() == {2}


def test_threads_are_given_back_after_an_error(two_threads):
    with pytest.raises(RuntimeError), fitting_threads(MLP(2, (), 1), batch_size=1):
        raise RuntimeError
    assert torch.get_num_threads() == 2
