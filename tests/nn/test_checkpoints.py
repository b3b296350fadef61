"""Trainings that are killed and go on, against those that nobody has disturbed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer import (
    DirectMLPTransfer,
    SpectralMLP,
    SpectralVAE,
    VAELatentTransfer,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import FileFormatError
from spectransfer.networks import resumable
from spectransfer.nn import _engine
from spectransfer.nn._data import Batches

PAIR = make_instrument_pair(
    n_spectra=40, n_secondary=110, n_primary=120, random_state=0
)
X, Y = PAIR.X_secondary, PAIR.X_primary
# four epochs of four steps
QUICK = {"training__n_steps": 16, "training__batch_size": 10, "random_state": 0}


def small_vae(**changes):
    vae = SpectralVAE((8,), n_latent=2, kl_weight=0.1)
    return vae.set_params(**(QUICK | changes))


def small_mlp(**changes):
    return SpectralMLP((8,)).set_params(**(QUICK | changes))


def small_direct(**changes):
    direct = DirectMLPTransfer((8,), n_latent=2, decoder_layer_sizes=(8,))
    return direct.set_params(**(QUICK | changes))


def small_latent(**changes):
    return VAELatentTransfer(small_vae(**changes), small_mlp(**changes))


NETWORKS = {"VAE": small_vae, "MLP": small_mlp, "direct MLP": small_direct}


def fit(estimator):
    return (
        estimator.fit(Y) if isinstance(estimator, SpectralVAE) else estimator.fit(X, Y)
    )


class Stopped(Exception):
    """What a killed process cannot raise; a test in the same process can."""


def stop_at(monkeypatch, step):
    """End a training before a step, counted from 1 over all trainings."""
    counted, original = [0], Batches.__iter__

    def batches(batches):
        for batch in original(batches):
            counted[0] += batches.shuffle
            if counted[0] == step and batches.shuffle:
                raise Stopped
            yield batch

    monkeypatch.setattr(Batches, "__iter__", batches)
    return counted


def weights_of(estimator):
    return {k: w.numpy() for k, w in estimator.net_.module_.state_dict().items()}


def assert_same_network(one, other):
    for (name, weights), (other_name, others) in zip(
        weights_of(one).items(), weights_of(other).items(), strict=True
    ):
        assert name == other_name
        assert_array_equal(weights, others)
    assert one.loss_curve_ == other.loss_curve_
    assert one.validation_loss_curve_ == other.validation_loss_curve_
    assert one.kl_weight_curve_ == other.kl_weight_curve_


# one epoch of four is finished, or three; bfloat16 takes torch's steps, as cards do
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("patience", [None, 4])
@pytest.mark.parametrize("step", [6, 16])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_stopped_training_goes_on_to_the_same_weights(
    name, step, patience, precision, tmp_path, monkeypatch
):
    changes = {"training__patience": patience, "training__precision": precision}
    undisturbed = fit(NETWORKS[name](**changes))
    with monkeypatch.context() as patch:
        stop_at(patch, step)
        with pytest.raises(Stopped), resumable(tmp_path, seconds=0):
            fit(NETWORKS[name](**changes))
    assert len(list(tmp_path.iterdir())) == 1
    counted = stop_at(monkeypatch, 0)
    with resumable(tmp_path, seconds=0):
        assert_same_network(fit(NETWORKS[name](**changes)), undisturbed)
    assert 0 < counted[0] < 16
    assert not list(tmp_path.iterdir())


def test_patience_and_best_weights_are_kept(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(60, 5)), rng.normal(size=(60, 2))
    changes = {"training__n_steps": 1200, "training__patience": 2}
    changes |= {"training__learning_rate": 0.1}
    undisturbed = small_mlp(**changes).fit(*noise)
    last = 6 * undisturbed.n_epochs_  # the best epoch lies two before
    with monkeypatch.context() as patch:
        stop_at(patch, last)
        with pytest.raises(Stopped), resumable(tmp_path, seconds=0):
            small_mlp(**changes).fit(*noise)
    with resumable(tmp_path):
        assert_same_network(small_mlp(**changes).fit(*noise), undisturbed)


def test_a_finished_training_is_not_done_again(tmp_path, monkeypatch):
    undisturbed = small_latent().fit(X, Y)
    with monkeypatch.context() as patch:
        # sixteen steps of the autoencoder, then the mapper, here with its fourth batch
        stop_at(patch, 20)
        with pytest.raises(Stopped), resumable(tmp_path):
            small_latent().fit(X, Y)
    counted = stop_at(monkeypatch, 0)
    with resumable(tmp_path):
        transfer = small_latent().fit(X, Y)
    assert counted[0] == 32
    assert_array_equal(transfer.predict(X), undisturbed.predict(X))


@pytest.mark.parametrize("change", ["seed", "spectrum", "step", "decoder"])
def test_a_training_of_something_else_begins_anew(change, tmp_path, monkeypatch):
    secondary, changes = X.copy(), {}
    with monkeypatch.context() as patch:
        stop_at(patch, 40)
        with pytest.raises(Stopped), resumable(tmp_path, seconds=0):
            small_latent().set_params(objective="spectrum").fit(X, Y)
    if change == "spectrum":
        secondary[3, 4] *= 1.0001
    elif change == "seed":
        changes = {"random_state": 1}
    elif change == "step":
        changes = {"training__learning_rate": 1.1e-3}
    transfer = small_latent(**changes).set_params(objective="spectrum")
    if change == "decoder":
        transfer.set_params(autoencoder__random_state=1)
    undisturbed = transfer.fit(secondary, Y).predict(X)
    counted = stop_at(monkeypatch, 0)
    with resumable(tmp_path):
        assert_array_equal(transfer.fit(secondary, Y).predict(X), undisturbed)
    # with another secondary spectrum, the autoencoder is the same
    assert counted[0] == (32 if change == "spectrum" else 48)


def test_nothing_is_written_where_no_folder_is_open(monkeypatch):
    monkeypatch.setattr(_engine, "state_of", None)
    fit(small_mlp())


def test_the_net_that_is_left_knows_no_file(tmp_path):
    with resumable(tmp_path, seconds=0):
        mlp = fit(small_mlp())
    assert mlp.net_.checkpoint is None


def test_a_damaged_state_is_refused_by_name(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_at(patch, 6)
        with pytest.raises(Stopped), resumable(tmp_path, seconds=0):
            fit(small_mlp())
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    refused = pytest.raises(FileFormatError, match=f"{file.name} cannot.*Remove")
    with refused, resumable(tmp_path):
        fit(small_mlp())


KILLED = """
import os, signal, sys
import numpy as np
from test_checkpoints import X, Y, small_latent
from spectransfer.networks import resumable
from spectransfer.nn._data import Batches

original, seen = Batches.__iter__, [0]

def batches(batches):
    for batch in original(batches):
        seen[0] += batches.shuffle
        if batches.shuffle and seen[0] == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        yield batch

Batches.__iter__ = batches
with resumable(sys.argv[1], seconds=0):
    transfer = small_latent().fit(X, Y)
np.save(sys.argv[3], transfer.predict(X))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_process_started_again_gives_the_same_transfer(tmp_path):
    folder, result = tmp_path / "states", tmp_path / "predicted.npy"
    # in the autoencoder, then in the mapper, then never
    for step in (7, 20, 0):
        run = subprocess.run(
            [sys.executable, "-c", KILLED, str(folder), str(step), str(result)],
            cwd=Path(__file__).parent,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (run.returncode == 0) == (step == 0), run.stderr
        assert result.exists() == (step == 0)
    assert_array_equal(np.load(result), small_latent().fit(X, Y).predict(X))
    assert not list(folder.iterdir())
