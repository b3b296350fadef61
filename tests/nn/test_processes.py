"""Several processes train as one does."""

import os
import socket
import subprocess
import sys

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer import SpectralMLP, SpectralVAE, VAELatentTransfer
from spectransfer.datasets import make_instrument_pair
from spectransfer.nn import MLP, VAE, Processes, Training, VAELoss, usable_device
from spectransfer.nn._data import CPU
from spectransfer.nn._steps import SharedStep, loss_of

PROGRAM = """if True:
    import sys, warnings
    import joblib
    import numpy as np
    from accelerate import PartialState
    from spectransfer import SpectralMLP, SpectralVAE, VAELatentTransfer

    spectra = np.load("spectra.npz")
    quick = {"max_epochs": 3, "batch_size": 10, "patience": 3}
    quick |= {"validation_fraction": 0.2, "verbose": 1}
    transfer = VAELatentTransfer(
        SpectralVAE((8,), n_latent=2, **quick), SpectralMLP((8,), **quick),
        objective="spectrum", device="accelerate", random_state=0,
    ).fit(spectra["X"], spectra["Y"])
    joblib.dump(transfer, f"transfer{PartialState().process_index}.joblib")
"""


def fitted_by(spectra, device):
    quick = {"max_epochs": 3, "batch_size": 10, "patience": 3}
    quick |= {"validation_fraction": 0.2}
    return VAELatentTransfer(
        SpectralVAE((8,), n_latent=2, **quick),
        SpectralMLP((8,), **quick),
        objective="spectrum",
        device=device,
        random_state=0,
    ).fit(*spectra)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.slow
def test_two_processes_train_the_network_that_one_trains(tmp_path):
    pytest.importorskip("accelerate")
    # 31 spectra to train with, in batches of 10: the last batch is one spectrum, and
    # one process has none of it
    pair = make_instrument_pair(
        n_spectra=38, n_secondary=110, n_primary=120, random_state=0
    )
    X, Y = pair.X_secondary, pair.X_primary
    np.savez(tmp_path / "spectra.npz", X=X, Y=Y)
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2",
               "--master_addr", "127.0.0.1", "--master_port", str(free_port()),
               "program.py"]  # fmt: skip
    loopback = {"GLOO_SOCKET_IFNAME": "lo" if sys.platform == "linux" else "lo0"}
    run = subprocess.run(
        command, cwd=tmp_path, env=os.environ | loopback, capture_output=True,
        timeout=600, check=False,
    )  # fmt: skip
    shown = run.stderr.decode()
    assert run.returncode == 0, shown
    first, second = (joblib.load(tmp_path / f"transfer{i}.joblib") for i in (0, 1))
    alone = fitted_by((X, Y), "cpu")
    # both have the same weights, in a plain module
    assert_array_equal(first.predict(X), second.predict(X))
    assert type(first.mapper_.net_.module_) is MLP
    # gradients are summed in another order
    assert_allclose(first.predict(X), alone.predict(X), rtol=0, atol=1e-5 * Y.std())
    for part in ("autoencoder_", "mapper_"):
        for curve in ("loss_curve_", "validation_loss_curve_"):
            found, expected = (
                getattr(getattr(transfer, part), curve) for transfer in (first, alone)
            )
            assert_allclose(found, expected, rtol=1e-5)
    # one process shows what both do
    assert sum("VAE, epoch 3/3" in line for line in shown.split("\n")) == 1


@pytest.fixture
def alone(monkeypatch):
    for name in list(os.environ):
        if name == "WORLD_SIZE" or name.startswith("ACCELERATE_"):
            monkeypatch.delenv(name)


def test_a_program_that_was_not_launched_is_told_how(alone, rng):
    X, Y = rng.normal(size=(20, 5)), rng.normal(size=(20, 4))
    with pytest.raises(ValueError, match=r"started alone.*accelerate launch.*torchrun"):
        fitted_by((X, Y), "accelerate")


def test_without_accelerate_its_installation_is_named(monkeypatch, rng):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    X, Y = rng.normal(size=(20, 5)), rng.normal(size=(20, 4))
    with pytest.raises(ImportError, match=r"pip install .spectransfer\[accelerate\]"):
        fitted_by((X, Y), "accelerate")


def test_processes_without_a_common_seed_are_refused(rng):
    X, Y = rng.normal(size=(20, 5)), rng.normal(size=(20, 4))
    with pytest.raises(ValueError, match=r"random_state of SpectralMLP is None.*=0"):
        SpectralMLP(device="accelerate").fit(X, Y)


def test_a_network_of_several_processes_predicts_where_there_is_one(alone):
    assert usable_device("accelerate") == CPU


def test_a_share_weighs_as_much_as_it_has_of_the_batch(monkeypatch):
    """Mean over processes of the weighted losses = loss of the whole batch."""
    monkeypatch.setattr(Processes, "together", lambda self, module: module)
    torch.manual_seed(0)
    module, criterion, x = VAE(6, (5,), 2), VAELoss(), torch.randn(7, 6)
    criterion.kl_weight = 0.5
    options = dict.fromkeys(Training.__dataclass_fields__)
    losses = []
    for index in range(3):
        options |= {"processes": Processes(index, 3, CPU), "precision": "float32"}
        step = SharedStep(module, criterion, Training(**options))
        torch.manual_seed(1)
        losses.append(step(x[index::3], x[index::3], 7)[1])
    torch.manual_seed(1)
    _, whole = loss_of(module, criterion, x, x, "float32")
    assert_allclose(sum(losses).item() / 3, whole.item(), rtol=1e-6)
