"""Trainings that are killed and go on, against those that nobody has disturbed."""

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from spectransfer import (
    DirectMLPTransfer,
    SpectralMLP,
    SpectralVAE,
    VAELatentTransfer,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import FileFormatError, SpectransferWarning
from spectransfer.networks import resumable
from spectransfer.nn import _checkpoints, _engine, _states
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


@pytest.fixture
def left(tmp_path, monkeypatch):
    """The file that a stopped training has left."""
    with monkeypatch.context() as patch:
        stop_at(patch, 10)
        with pytest.raises(Stopped), resumable(tmp_path, seconds=0):
            fit(small_mlp())
    (file,) = tmp_path.iterdir()
    return file


def cut_short(file):
    file.write_bytes(file.read_bytes()[:100])


def emptied(file):
    file.write_bytes(b"")


def zeros_in_the_middle(file):
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4096] = bytes(4096)
    file.write_bytes(content)


def other_tensors(file):
    torch.save({"weights": torch.ones(3)}, file)


def other_content(file):
    _states.write_state(file, _states.packed({"weights": torch.ones(3)}))


def epoch_missing(file):
    state = _states.read_state(file)
    del state["history"][0]
    _states.write_state(file, _states.packed(state))


DAMAGE = {
    cut_short: "is damaged or cut short",
    emptied: "is empty",
    zeros_in_the_middle: "is damaged or cut short",
    other_tensors: "of another kind",
    other_content: "holds something else, without 'callbacks'",
    epoch_missing: "is one after 2 epochs whose history, of 1,",
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_state_that_is_not_as_it_was_written_is_refused_by_name(damage, left):
    damage(left)
    told = f"{left.name} .*{DAMAGE[damage]}.*Remove it: the training then begins anew"
    with pytest.raises(FileFormatError, match=told), resumable(left.parent):
        fit(small_mlp())


def test_a_state_of_another_release_is_left_alone(left, monkeypatch):
    monkeypatch.setattr(_checkpoints, "__version__", "0.0.0")
    counted = stop_at(monkeypatch, 0)
    with resumable(left.parent):
        fit(small_mlp())
    assert counted[0] == 16
    assert left.exists()


def test_a_full_disk_ends_no_training_and_is_told_once(tmp_path, monkeypatch):
    undisturbed = small_latent().fit(X, Y)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(SpectransferWarning) as told, resumable(tmp_path, seconds=0):
        transfer = small_latent().fit(X, Y)
    (warning,) = told
    for part in (str(tmp_path), "No space left", " MB", "goes on", "its beginning"):
        assert part in str(warning.message)
    assert_array_equal(transfer.predict(X), undisturbed.predict(X))
    assert not list(tmp_path.iterdir())


LIMITED = """
import resource, sys, warnings
from test_checkpoints import fit, small_mlp
from spectransfer.networks import resumable

resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
with warnings.catch_warnings(record=True) as told, resumable(sys.argv[1], seconds=0):
    warnings.simplefilter("always")
    fit(small_mlp())
print(*(w.message for w in told), sep="\\n")
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
def test_a_state_that_is_larger_than_files_may_be_ends_no_training(tmp_path):
    told = started(LIMITED, tmp_path)
    assert told.returncode == 0, told.stderr
    (line,) = told.stdout.splitlines()
    assert "File too large" in line


@pytest.mark.parametrize("kind", ["a file", "below a file", "not writable"])
def test_a_folder_that_cannot_be_used_is_refused_at_the_door(
    kind, tmp_path, monkeypatch
):
    folder = (
        tmp_path / "file" / "below" if kind == "below a file" else tmp_path / "file"
    )
    if kind == "not writable":

        def denied(**_):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(_states.tempfile, "TemporaryFile", denied)
    else:
        (tmp_path / "file").touch()
    told = pytest.raises(OSError, match=r"is none .*Name another folder")
    with told as refused, resumable(folder):
        pytest.fail("entered")
    assert repr(str(folder)) in str(refused.value)


def test_only_a_training_without_a_seed_is_warned_of(tmp_path):
    told = pytest.warns(SpectransferWarning, match=r"VAE has random_state=None.*anew")
    with told, resumable(tmp_path):
        fit(small_vae(random_state=None))
    for seed in (0, np.random.RandomState(0)):
        with resumable(tmp_path):
            small_latent(random_state=None).set_params(random_state=seed).fit(X, Y)


KILLED = """
import os, signal, sys
import numpy as np
import test_checkpoints
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
    predicted = test_checkpoints.OF_KINDS[sys.argv[4]]()
np.save(sys.argv[3], predicted)
"""


def started(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=Path(__file__).parent,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def decoded_in_bfloat16():
    """All that is particular about a training."""
    changes = {"training__patience": 4, "training__precision": "bfloat16"}
    transfer = small_latent(**changes).set_params(objective="decoded")
    weights = np.linspace(0.5, 2, len(X))
    return transfer.fit(X, Y, sample_weight=weights).predict(X)


def memory_mapped():
    with TemporaryDirectory() as folder:
        mapped = []
        for name, spectra in {"x": X, "y": Y}.items():
            np.save(Path(folder, f"{name}.npy"), spectra)
            mapped.append(np.load(Path(folder, f"{name}.npy"), mmap_mode="r"))
        return small_latent().fit(*mapped).predict(X)


SHARED = "memory_mapped"
OF_KINDS = {f.__name__: f for f in (decoded_in_bfloat16, memory_mapped)}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("kind", OF_KINDS)
def test_a_killed_process_started_again_gives_the_same_transfer(kind, tmp_path):
    folder, result = tmp_path / "states", tmp_path / "predicted.npy"
    # in the autoencoder, then in the mapper, then never
    for step in (7, 20, 0):
        run = started(KILLED, folder, step, result, kind)
        assert (run.returncode == 0) == (step == 0), run.stderr
        assert result.exists() == (step == 0)
    assert_array_equal(np.load(result), OF_KINDS[kind]())
    assert not list(folder.iterdir())


@pytest.mark.slow
def test_two_processes_may_share_a_folder(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(started, KILLED, tmp_path / "states", 0, tmp_path / f, SHARED)
            for f in ("a.npy", "b.npy")
        ]
    for run, name in zip(runs, ("a.npy", "b.npy"), strict=True):
        assert run.result().returncode == 0, run.result().stderr
        assert_array_equal(np.load(tmp_path / name), OF_KINDS[SHARED]())
    assert not list((tmp_path / "states").iterdir())
