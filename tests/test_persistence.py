"""What is copied, saved or loaded predicts as the original does, bit by bit."""

import copy
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.utils.validation import check_is_fitted

from spectransfer import (
    DirectMLPTransfer,
    KNNTransfer,
    MeanTransfer,
    SpectralMLP,
    SpectralVAE,
    Training,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.networks import PublishedTraining

PAIR = make_instrument_pair(
    n_spectra=60, n_secondary=110, n_primary=120, random_state=0
)
X, Y = PAIR.X_secondary, PAIR.X_primary
QUICK = {"training__n_steps": 12, "training__patience": 2, "random_state": 0}
BARE_QUICK = {"training": Training(n_steps=1, patience=2), "random_state": 0}


def small_vae(**changes):
    return SpectralVAE((8,), n_latent=2).set_params(**(QUICK | changes))


def small_mlp(**changes):
    return SpectralMLP((8,)).set_params(**(QUICK | changes))


def small_direct(**changes):
    direct = DirectMLPTransfer((8,), n_latent=2, decoder_layer_sizes=(8,))
    return direct.set_params(**(QUICK | changes))


BARE = {
    "SpectralMLP": small_mlp,
    "DirectMLPTransfer": small_direct,
    "VAELatentTransfer": lambda: VAELatentTransfer(small_vae(), small_mlp()),
    "through the decoder": lambda: VAELatentTransfer(
        small_vae(), small_mlp(), objective="spectrum"
    ),
    "frozen autoencoder": lambda: VAELatentTransfer(
        FrozenEstimator(small_vae().fit(Y)), small_mlp()
    ),
    "PCA and Ridge": lambda: VAELatentTransfer(PCA(2), Ridge(1e6)),
    "KNNTransfer": lambda: KNNTransfer(3),
    "MeanTransfer": MeanTransfer,
}
# the primary side of the bare ones is as measured; here both sides are prepared
PIPELINES = BARE | {"Ridge": Ridge, "PLS": lambda: PLSRegression(2)}
WHOLE = {f"pipeline, {k}": lambda v=v: make_transfer_pipeline(v()) for k, v in
         PIPELINES.items() if k != "frozen autoencoder"}  # fmt: skip
ESTIMATORS = BARE | WHOLE


@pytest.fixture(scope="module")
def fitted():
    """Fit each estimator once."""
    known = {}

    def fit(name):
        if name not in known:
            known[name] = ESTIMATORS[name]().fit(X, Y)
        return known[name]

    return fit


def through_joblib(estimator, folder):
    joblib.dump(estimator, folder / "transfer.joblib")
    return joblib.load(folder / "transfer.joblib")


COPIES = {
    "deepcopy": lambda estimator, folder: copy.deepcopy(estimator),
    "pickle": lambda estimator, folder: pickle.loads(pickle.dumps(estimator)),
    "joblib": through_joblib,
    "twice": lambda estimator, folder: copy.deepcopy(through_joblib(estimator, folder)),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_copy_predicts_the_same_bits(name, how, fitted, tmp_path):
    estimator = fitted(name)
    duplicate = COPIES[how](estimator, tmp_path)
    assert duplicate is not estimator
    assert_array_equal(duplicate.predict(X), estimator.predict(X))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_clone_is_not_fitted_and_learns_the_same(name, fitted):
    estimator = fitted(name)
    fresh = clone(estimator)
    with pytest.raises(NotFittedError):
        check_is_fitted(fresh)
    with pytest.raises(NotFittedError):
        fresh.predict(X)
    assert_array_equal(fresh.fit(X, Y).predict(X), estimator.predict(X))


def test_everything_saved_predicts_the_same_bits_in_a_fresh_process(fitted, tmp_path):
    everything = {name: fitted(name) for name in ESTIMATORS}
    vae = everything["VAELatentTransfer"].autoencoder_
    joblib.dump(everything, tmp_path / "transfers.joblib")
    joblib.dump(vae, tmp_path / "vae.joblib")
    np.savez(tmp_path / "spectra.npz", X=X, Y=Y)
    script = """if True:
        import sys, joblib, numpy as np, torch
        torch.set_num_threads(int(sys.argv[1]))
        spectra = np.load("spectra.npz")
        transfers = joblib.load("transfers.joblib")
        vae = joblib.load("vae.joblib")
        found = {name: t.predict(spectra["X"]) for name, t in transfers.items()}
        found["latents"] = vae.transform(spectra["Y"])
        found["sample"] = vae.sample(5, random_state=0)
        np.savez("found.npz", **found)
    """
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(torch.get_num_threads())],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    # no word on loading, none on predicting
    assert (run.stdout, run.stderr) == ("", "")
    found = np.load(tmp_path / "found.npz")
    for name, estimator in everything.items():
        assert_array_equal(found[name], estimator.predict(X), err_msg=name)
    assert_array_equal(found["latents"], vae.transform(Y))
    assert_array_equal(found["sample"], vae.sample(5, random_state=0))


def nets_of(estimator):
    if hasattr(estimator, "net_"):
        return [estimator.net_]
    return [estimator.autoencoder_.net_, estimator.mapper_.net_]


NETWORKS = {
    "SpectralMLP": lambda: SpectralMLP((200, 100), **BARE_QUICK),
    "DirectMLPTransfer": lambda: DirectMLPTransfer(
        (200,), n_latent=9, decoder_layer_sizes=(200,), **BARE_QUICK
    ),
    "VAELatentTransfer": lambda: VAELatentTransfer(
        SpectralVAE((200,), n_latent=9, **BARE_QUICK), SpectralMLP((100,), **BARE_QUICK)
    ),
    "through the decoder": lambda: VAELatentTransfer(
        SpectralVAE((200,), n_latent=9, **BARE_QUICK),
        SpectralMLP((100,), **BARE_QUICK),
        objective="spectrum",
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_saved_network_is_little_more_than_its_weights(name):
    estimator = NETWORKS[name]().fit(X, Y)
    weights = sum(
        4 * p.numel() for net in nets_of(estimator) for p in net.module_.parameters()
    )
    size = len(pickle.dumps(estimator))
    assert weights > 100_000
    # no spectra (26 kB here), no second set of weights, no moments of Adam (twice them)
    assert weights < size < weights + 20_000


@pytest.mark.parametrize("name", NETWORKS)
def test_a_saved_network_does_not_grow_with_the_spectra(name):
    few = len(pickle.dumps(NETWORKS[name]().fit(X[:30], Y[:30])))
    many = len(
        pickle.dumps(NETWORKS[name]().fit(np.tile(X, (9, 1)), np.tile(Y, (9, 1))))
    )
    assert abs(many - few) < 500


@pytest.mark.parametrize("name", NETWORKS)
def test_a_fitted_network_keeps_no_gradients_in_memory(name):
    for net in nets_of(NETWORKS[name]().fit(X, Y)):
        assert all(p.grad is None for p in net.module_.parameters())


def test_a_loaded_net_is_still_a_skorch_net_with_one_set_of_weights():
    net = pickle.loads(pickle.dumps(small_mlp().fit(X, Y))).net_
    assert net.module is net.module_
    assert "hidden0" in repr(net)


def test_a_loaded_net_sits_on_the_cpu_wherever_it_was_trained():
    mlp = small_mlp().fit(X, Y)
    expected = mlp.predict(X)
    # as if it had been trained on a graphics card that this machine does not have
    mlp.training.device = mlp.net_.device = "cuda"
    loaded = pickle.loads(pickle.dumps(mlp))
    assert {p.device.type for p in loaded.net_.module_.parameters()} == {"cpu"}
    assert str(loaded.net_.device) == "cpu"
    if not torch.cuda.is_available():
        assert_array_equal(loaded.predict(X), expected)


def test_a_fitted_transfer_does_not_follow_parameters_that_change_later(fitted):
    vae = small_vae().fit(Y)
    latents, spectra = vae.transform(Y), vae.inverse_transform(vae.transform(Y))
    vae.set_params(
        n_latent=7, hidden_layer_sizes=(3,), training=PublishedTraining(max_epochs=1)
    )
    assert_array_equal(vae.transform(Y), latents)
    assert_array_equal(vae.inverse_transform(latents), spectra)
    assert vae.sample(2, random_state=0).shape == (2, Y.shape[1])
