"""One seed, one result, and nobody else's generators disturbed."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict

from spectransfer import (
    BaselineCorrector,
    DirectMLPTransfer,
    KNNTransfer,
    MeanTransfer,
    PrimarySpaceRegressor,
    SpectralMLP,
    SpectralVAE,
    StandardScaler,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair

PAIR = make_instrument_pair(n_spectra=60, n_secondary=40, n_primary=50, random_state=0)
X, Y = PAIR.X_secondary, PAIR.X_primary
QUICK = {"training__n_steps": 12, "training__batch_size": 16}


def small_vae(random_state=0, **changes):
    vae = SpectralVAE((8,), n_latent=2, random_state=random_state)
    return vae.set_params(**(QUICK | changes))


def small_mlp(random_state=0, **changes):
    mlp = SpectralMLP((8,), random_state=random_state)
    return mlp.set_params(**(QUICK | changes))


def small_latent(random_state=0, **changes):
    return VAELatentTransfer(
        small_vae(None), small_mlp(None), random_state=random_state, **changes
    )


def small_direct(random_state=0, **changes):
    direct = DirectMLPTransfer(
        (8,), n_latent=2, decoder_layer_sizes=(8,), random_state=random_state
    )
    return direct.set_params(**(QUICK | changes))


def pipeline(regressor):
    side = BaselineCorrector(10, smooth_window=5)
    return make_transfer_pipeline(regressor, secondary=side, primary=clone(side))


ESTIMATORS = {
    "SpectralMLP": small_mlp,
    "DirectMLPTransfer": small_direct,
    "VAELatentTransfer": small_latent,
    "through the decoder": lambda seed=0: small_latent(seed, objective="spectrum"),
    "seeds in the parts": lambda seed=0: VAELatentTransfer(
        small_vae(seed), small_mlp(seed)
    ),
    "pipeline": lambda seed=0: pipeline(small_latent(seed)),
    "KNNTransfer": lambda seed=0: KNNTransfer(3),
    "MeanTransfer": lambda seed=0: MeanTransfer(),
}
NETWORKS = [name for name in ESTIMATORS if name not in ("KNNTransfer", "MeanTransfer")]


def global_states():
    _, keys, position, gauss, cached = np.random.get_state()  # noqa: NPY002
    numpy_state = np.r_[keys, position, gauss, cached]
    return numpy_state, torch.random.get_rng_state().numpy()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_fitting_twice_with_one_seed_is_bit_identical(name):
    estimator = ESTIMATORS[name]()
    first = estimator.fit(X, Y).predict(X)
    assert_array_equal(estimator.fit(X, Y).predict(X), first)
    assert_array_equal(clone(estimator).fit(X, Y).predict(X), first)


@pytest.mark.parametrize("name", NETWORKS)
def test_another_seed_gives_another_network(name):
    first = ESTIMATORS[name](0).fit(X, Y).predict(X)
    assert not np.array_equal(ESTIMATORS[name](1).fit(X, Y).predict(X), first)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_fit_and_predict_leave_the_global_generators_alone(name):
    estimator = ESTIMATORS[name]()
    before = global_states()
    estimator.fit(X, Y).predict(X)
    for state, earlier in zip(global_states(), before, strict=True):
        assert_array_equal(state, earlier)


def test_encoding_decoding_and_sampling_leave_the_global_generators_alone():
    before = global_states()
    vae = small_vae().fit(Y)
    vae.inverse_transform(vae.transform(Y))
    for source in ("fitted", "prior"):
        vae.sample(3, source=source, random_state=0)
    for state, earlier in zip(global_states(), before, strict=True):
        assert_array_equal(state, earlier)


def test_a_failed_fit_gives_the_torch_generator_back():
    before = torch.random.get_rng_state().numpy()
    with pytest.raises(ValueError, match="must stay finite"):
        small_mlp(training__learning_rate=1e30).fit(X, Y)
    assert_array_equal(torch.random.get_rng_state().numpy(), before)


@pytest.mark.parametrize("name", NETWORKS)
def test_without_a_seed_numpys_global_one_decides(name):
    def fit():
        return ESTIMATORS[name](None).fit(X, Y).predict(X)

    np.random.seed(7)  # noqa: NPY002
    first = fit()
    second = fit()
    np.random.seed(7)  # noqa: NPY002
    assert_array_equal(fit(), first)
    assert not np.array_equal(first, second)


def test_the_seed_of_torch_does_not_decide():
    torch_state = torch.random.get_rng_state()
    first = small_mlp().fit(X, Y).predict(X)
    torch.manual_seed(99)
    try:
        assert_array_equal(small_mlp().fit(X, Y).predict(X), first)
    finally:
        torch.random.set_rng_state(torch_state)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_generator_is_a_seed_that_moves_on(name):
    estimator = ESTIMATORS[name](np.random.RandomState(3))
    first = estimator.fit(X, Y).predict(X)
    again = ESTIMATORS[name](np.random.RandomState(3)).fit(X, Y).predict(X)
    assert_array_equal(again, first)


def test_a_second_fit_with_the_same_generator_differs():
    mlp = small_mlp(np.random.RandomState(3))
    first = mlp.fit(X, Y).predict(X)
    assert not np.array_equal(mlp.fit(X, Y).predict(X), first)


@pytest.fixture
def torch_threads():
    kept = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(kept)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_number_of_threads_changes_no_more_than_the_rounding(name, torch_threads):
    torch_threads(1)
    one = ESTIMATORS[name]().fit(X, Y).predict(X)
    torch_threads(2)
    two = ESTIMATORS[name]().fit(X, Y).predict(X)
    # matrix products sum in another order: 1e-7 each, and a few steps add up
    assert_allclose(two, one, atol=1e-4 * Y.std())


@pytest.mark.parametrize(
    "backend", [pytest.param("loky", marks=pytest.mark.slow), "threading"]
)
def test_parallel_fits_give_the_result_of_fits_in_turn(backend, torch_threads):
    torch_threads(1)
    alone = cross_val_predict(small_latent(), X, Y, cv=4)
    limit = {"inner_max_num_threads": 1} if backend == "loky" else {}
    with parallel_config(backend, n_jobs=2, **limit):
        beside = cross_val_predict(small_latent(), X, Y, cv=4)
    # torch may count its threads anew in a thread of Python: equal to rounding
    assert_allclose(beside, alone, atol=0 if limit else 1e-4 * Y.std())


def test_fits_in_threads_give_the_global_generators_back():
    before = global_states()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda seed: small_mlp(seed).fit(X, Y), range(8)))
    for state, earlier in zip(global_states(), before, strict=True):
        assert_array_equal(state, earlier)


def test_memory_mapped_spectra_give_the_same_predictions(tmp_path):
    mapped = []
    for name, array in (("X", X), ("Y", Y)):
        np.save(tmp_path / name, array)
        mapped.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    transfer = PrimarySpaceRegressor(small_latent(), transformer=StandardScaler())
    expected = transfer.fit(X, Y).predict(X)
    assert_array_equal(transfer.fit(*mapped).predict(mapped[0]), expected)


FORKED = """
import multiprocessing, os, threading
import torch
from spectransfer.nn._dense import DenseStep
from test_randomness import X, Y, small_mlp

def fit():
    small_mlp().fit(X, Y)

def fit_long():
    small_mlp(training__n_steps=10**6).fit(X, Y)

torch.set_num_threads(2)
fit()
begun = threading.Event()
step = DenseStep.__call__
DenseStep.__call__ = lambda *args: begun.set() or step(*args)
threading.Thread(target=fit_long, daemon=True).start()
begun.wait()
child = multiprocessing.get_context("fork").Process(target=fit)
child.start()
child.join(60)
print(child.exitcode, flush=True)
child.kill()
os._exit(0)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_process_forked_while_another_thread_fits_can_fit():
    run = subprocess.run(
        [sys.executable, "-c", FORKED],
        cwd=Path(__file__).parent,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    )
    assert run.stdout.strip() == "0"
