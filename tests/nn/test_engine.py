"""What is seen of a training, and what is left of one that was stopped."""

import io
import os
import re
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from spectransfer import (
    DirectMLPTransfer,
    SpectralMLP,
    SpectralVAE,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import DivergenceError
from spectransfer.nn import MLP, DecodedLoss
from spectransfer.nn._data import Batches

PAIR = make_instrument_pair(
    n_spectra=40, n_secondary=110, n_primary=120, random_state=0
)
X, Y = PAIR.X_secondary, PAIR.X_primary
# four epochs of four steps
QUICK = {"training__n_steps": 16, "training__batch_size": 10, "random_state": 0}


def small_vae(**changes):
    return SpectralVAE((8,), n_latent=2).set_params(**(QUICK | changes))


def small_mlp(**changes):
    return SpectralMLP((8,)).set_params(**(QUICK | changes))


def small_direct(**changes):
    direct = DirectMLPTransfer((8,), n_latent=2, decoder_layer_sizes=(8,))
    return direct.set_params(**(QUICK | changes))


def small_latent(**changes):
    return VAELatentTransfer(small_vae(**changes), small_mlp(**changes))


NETWORKS = {
    "VAE": lambda **changes: small_vae(**changes),
    "MLP": small_mlp,
    "direct MLP": small_direct,
}


def fit(estimator):
    return (
        estimator.fit(Y) if isinstance(estimator, SpectralVAE) else estimator.fit(X, Y)
    )


class Interruption:
    """Ctrl-C before a given step, counted from 1 over all trainings."""

    def __init__(self, monkeypatch, *steps):
        self.step, self.at = 0, steps
        original = Batches.__iter__

        def batches(batches):
            for batch in original(batches):
                if batches.shuffle:
                    self.step += 1
                    if self.step in self.at:
                        signal.raise_signal(signal.SIGINT)
                yield batch

        monkeypatch.setattr(Batches, "__iter__", batches)


@pytest.fixture
def interrupt_at(monkeypatch):
    # a shell that starts the tests in the background has them ignore Ctrl-C
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda *steps: Interruption(monkeypatch, *steps)
    signal.signal(signal.SIGINT, before)


# the bar


@pytest.mark.parametrize("name", NETWORKS)
def test_a_bar_shows_network_epochs_losses_and_time_left(name, capsys):
    fit(NETWORKS[name](verbose=1, training__patience=4))
    out, err = capsys.readouterr()
    assert out == ""
    states = err.split("\r")
    last = states[-1]
    assert last.startswith(f"{name}, epoch 4/4: 100%")
    assert re.search(r"16/16 \[\d\d:\d\d<00:00, .*loss=[\d.e-]+, validation=", last)
    # one bar: a single line, drawn again and again
    assert err.strip("\r\n").count("\n") == 0


def test_without_validation_the_bar_shows_the_loss_alone(capsys):
    fit(small_mlp(verbose=True, training__patience=None))
    err = capsys.readouterr().err
    assert "loss=" in err
    assert "validation" not in err


def test_a_latent_transfer_shows_a_bar_for_each_training(capsys):
    small_latent(verbose=1).fit(X, Y)
    lines = capsys.readouterr().err.strip().split("\n")
    names = [line.split("\r")[-1].split(",")[0] for line in lines]
    assert names == ["VAE", "MLP", "MLP through the decoder"]


def test_a_latent_transfer_hands_its_verbosity_to_its_parts(capsys):
    transfer = VAELatentTransfer(small_vae(), small_mlp(), verbose=1).fit(X, Y)
    assert "VAE" in capsys.readouterr().err
    assert transfer.autoencoder.verbose == 0


def test_nothing_is_printed_and_nothing_warned_when_not_verbose(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transfer = make_transfer_pipeline(small_latent(training__patience=2)).fit(X, Y)
        transfer.predict(X)
        transfer.score(X, Y)
        VAELatentTransfer(small_vae(), small_mlp(), objective="spectrum").fit(X, Y)
        small_direct(training__n_steps="auto").fit(X, Y)
        small_vae().fit(Y).sample(3)
    # of the whole process, C code included
    assert capfd.readouterr() == ("", "")


def test_the_bar_shows_loss_and_speed_before_the_first_epoch_ends(capsys, interrupt_at):
    # an epoch of a large map takes minutes; here it is left after three of four steps
    interrupt_at(4)
    with pytest.raises(KeyboardInterrupt):
        fit(small_mlp(verbose=1))
    last = capsys.readouterr().err.split("\r")[-1]
    assert last.startswith("MLP, epoch 1/4:  19%")
    assert re.search(r"3/16 \[.*loss=[\d.e+-]+, spectra/s=[\d.e+]+\]", last)


def test_a_failed_training_closes_its_bar(capsys):
    with pytest.raises(DivergenceError):
        fit(small_mlp(verbose=1, training__learning_rate=1e25))
    assert capsys.readouterr().err.endswith("\n")
    assert not open_bars()


def test_an_interrupted_training_closes_its_bar(capsys, interrupt_at):
    interrupt_at(6)
    with pytest.raises(KeyboardInterrupt):
        fit(small_mlp(verbose=1))
    assert capsys.readouterr().err.endswith("\n")
    assert not open_bars()


def open_bars():
    from tqdm import tqdm

    return [bar for bar in tqdm._instances if not bar.disable]


def test_importing_the_networks_does_not_load_the_bars_for_notebooks():
    # in a notebook without ipywidgets their import alone gives a warning
    script = "import spectransfer.pipeline, sys; print('tqdm.auto' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert (run.stdout.strip(), run.stderr) == ("False", "")


# stopped by hand


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("patience", [None, 4])
@pytest.mark.parametrize("step", [1, 6, 16])
def test_an_interrupted_training_ends_and_leaves_nothing_that_looks_learned(
    name, patience, step, interrupt_at
):
    interrupt_at(step)
    estimator = NETWORKS[name](training__patience=patience)
    with pytest.raises(KeyboardInterrupt):
        fit(estimator)
    assert not [attribute for attribute in vars(estimator) if attribute.endswith("_")]


def test_an_interrupted_fit_leaves_the_network_that_was_there(interrupt_at):
    mlp = fit(small_mlp())
    before = mlp.predict(X)
    interrupt_at(6)
    with pytest.raises(KeyboardInterrupt):
        fit(mlp)
    assert_array_equal(mlp.predict(X), before)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("place", ["fitting_threads", "place", "DenseStep"])
def test_an_interrupt_before_the_first_step_stays_one(name, place, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"spectransfer.nn._engine.{place}", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(NETWORKS[name]())


@pytest.mark.parametrize("step", [6, 20])
def test_one_interrupt_ends_a_transfer_of_two_networks(step, interrupt_at):
    # the autoencoder makes sixteen steps, then the mapper
    stopped = interrupt_at(step)
    transfer = small_latent()
    with pytest.raises(KeyboardInterrupt):
        transfer.fit(X, Y)
    assert stopped.step == step
    assert not hasattr(transfer, "autoencoder_")


INTERRUPTED = """
import signal, sys
import joblib
from test_engine import PAIR, Interruption, X, Y, {make}
from spectransfer.evaluation import evaluate_transfers
from spectransfer.nn._data import Batches

class At:
    def setattr(self, kind, name, value):
        setattr(kind, name, value)

signal.signal(signal.SIGINT, signal.default_int_handler)
Interruption(At(), 6)
transfer = {make}(){use}
joblib.dump(transfer, sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "use"),
    [
        ("small_mlp", ".fit(X, Y)"),
        ("small_latent", ".fit(X, Y)"),
        ("small_mlp", "\nevaluate_transfers({'mlp': transfer}, (X, Y), (X, Y))"),
    ],
    ids=["network", "two networks", "evaluation"],
)
def test_ctrl_c_ends_the_program_before_its_next_line(make, use, tmp_path):
    model = tmp_path / "model.joblib"
    model.write_text("a good model")
    code = INTERRUPTED.format(make=make, use=use)
    run = subprocess.run(
        [sys.executable, "-c", code, str(model)],
        cwd=Path(__file__).parent,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    # Python hands on the signal, so that a shell, too, knows of it
    assert run.returncode in (-signal.SIGINT, 130), run.stderr
    assert model.read_text() == "a good model"


def test_early_stopping_is_not_taken_for_an_interruption():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(60, 5)), rng.normal(size=(60, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mlp = small_mlp(
            training__n_steps=1200, training__patience=2, training__learning_rate=0.1
        ).fit(*noise)
    assert mlp.n_epochs_ < 200


def test_a_fit_after_an_interrupted_one_is_a_whole_one(interrupt_at):
    interrupt_at(6)
    mlp = small_mlp()
    with pytest.raises(KeyboardInterrupt):
        fit(mlp)
    assert_array_equal(fit(mlp).predict(X), fit(small_mlp()).predict(X))


def test_an_interruption_outside_of_a_training_is_passed_on(monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("spectransfer.networks._network.Unit.of", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit(small_mlp())


def test_an_error_before_the_first_step_is_the_one_that_is_told(monkeypatch):
    def refuse(*args):
        raise OSError("no threads")

    monkeypatch.setattr("spectransfer.nn._engine.fitting_threads", refuse)
    monkeypatch.setattr("spectransfer.nn._engine.DenseStep", refuse)
    with pytest.raises(OSError, match="no threads"):
        fit(small_mlp())


def test_a_frozen_decoder_moves_with_the_loss_that_uses_it():
    loss = DecodedLoss(MLP(2, (3,), 4), torch.zeros(2), 1.0).to("meta")
    assert {p.device.type for p in loss.frozen[0].parameters()} == {"meta"}
    assert not list(loss.parameters())


def test_the_bar_goes_where_stderr_goes(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    fit(small_mlp(verbose=1))
    assert "MLP, epoch 4/4" in stream.getvalue()
