"""What is seen of a training, and what is left of one that was stopped."""

import io
import re
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.frozen import FrozenEstimator

from spectransfer import (
    DirectMLPTransfer,
    SpectralMLP,
    SpectralVAE,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import DivergenceError, InterruptedTrainingWarning
from spectransfer.networks import PublishedTraining
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
    with pytest.warns(InterruptedTrainingWarning):
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
    with pytest.warns(InterruptedTrainingWarning):
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
@pytest.mark.parametrize(("step", "epoch"), [(1, 1), (3, 1), (6, 2), (16, 4)])
def test_an_interrupted_network_can_be_used_and_says_where_it_stopped(
    name, patience, step, epoch, interrupt_at
):
    # four steps for each epoch, with all 40 spectra or with 36 of them
    interrupt_at(step)
    with pytest.warns(
        InterruptedTrainingWarning,
        match=rf"training of the {name} was interrupted in epoch {epoch} of 4\b.*"
        "call fit again",
    ):
        estimator = fit(NETWORKS[name](training__patience=patience))
    assert estimator.n_epochs_ == epoch - 1
    assert len(estimator.loss_curve_) == epoch - 1
    used = estimator.transform(Y) if name == "VAE" else estimator.predict(X)
    assert np.isfinite(used).all()
    assert len(used) == 40


def test_an_interruption_before_the_first_step_leaves_the_initial_weights(interrupt_at):
    interrupt_at(1)
    with pytest.warns(InterruptedTrainingWarning):
        stopped = fit(small_mlp())
    assert not stopped.net_.module_.hidden0.bias.any()
    assert stopped.validation_loss_curve_ is None


def steady_mlp(max_epochs):
    """A network whose steps do not depend on how many are to come."""
    training = PublishedTraining(max_epochs=max_epochs, batch_size=10, patience=None)
    return SpectralMLP((8,), training=training, random_state=0)


def test_an_interruption_keeps_the_steps_that_were_made(interrupt_at):
    interrupt_at(9)
    with pytest.warns(InterruptedTrainingWarning):
        stopped = fit(steady_mlp(4))
    # eight steps, the first two epochs
    expected = fit(steady_mlp(2))
    assert_array_equal(stopped.predict(X), expected.predict(X))


def test_an_interruption_restores_the_best_weights_so_far(interrupt_at):
    changes = {
        "training__n_steps": 90,
        "training__patience": 90,
        "training__learning_rate": 0.3,
        "training__validation_fraction": 0.25,
    }
    whole = small_mlp(**changes).fit(X, Y)
    best = int(np.argmin(whole.validation_loss_curve_))
    assert 0 < best < 25
    # in the middle of a later epoch; three steps for each
    interrupt_at(3 * (best + 4) + 2)
    with pytest.warns(InterruptedTrainingWarning):
        stopped = small_mlp(**changes).fit(X, Y)
    assert stopped.n_epochs_ == best + 4
    assert_array_equal(stopped.predict(X), whole.predict(X))


def test_after_an_interrupted_autoencoder_the_mapper_is_trained_to_the_end(
    interrupt_at,
):
    interrupt_at(6)
    with pytest.warns(InterruptedTrainingWarning, match="VAE") as caught:
        transfer = small_latent().set_params(objective="latent").fit(X, Y)
    assert len(caught) == 1
    assert transfer.autoencoder_.n_epochs_ == 1
    assert transfer.mapper_.n_epochs_ == 4
    # the mapper learned the latents of the autoencoder as it was left
    latents = transfer.autoencoder_.transform(Y)
    assert_array_equal(
        transfer.mapper_.predict(X), small_mlp().fit(X, latents).predict(X)
    )


def test_both_networks_of_a_transfer_can_be_interrupted(interrupt_at):
    # the autoencoder's sixth step, then the second of the mapper
    interrupt_at(6, 8)
    with pytest.warns(InterruptedTrainingWarning) as caught:
        transfer = small_latent().fit(X, Y)
    assert [str(w.message).split()[4] for w in caught] == ["VAE", "MLP"]
    assert np.isfinite(transfer.predict(X)).all()


def test_an_interrupted_second_objective_keeps_what_the_first_one_learned(interrupt_at):
    frozen = FrozenEstimator(small_vae().fit(Y))
    latent = VAELatentTransfer(frozen, small_mlp(), objective="latent")
    expected = latent.fit(X, Y).predict(X)
    interrupt_at(17)
    with pytest.warns(InterruptedTrainingWarning, match="MLP through the decoder"):
        transfer = VAELatentTransfer(
            frozen, small_mlp(), objective="spectrum"
        ).fit(X, Y)  # fmt: skip
    assert_array_equal(transfer.predict(X), expected)


def test_early_stopping_is_not_taken_for_an_interruption():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(60, 5)), rng.normal(size=(60, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mlp = small_mlp(
            training__n_steps=1200, training__patience=2, training__learning_rate=0.1
        ).fit(*noise)
    assert mlp.n_epochs_ < 200


def test_the_warning_of_an_interruption_points_to_code_of_the_package(interrupt_at):
    interrupt_at(6)
    with pytest.warns(InterruptedTrainingWarning) as caught:
        fit(small_mlp())
    assert "spectransfer" in caught[0].filename


def test_a_fit_after_an_interrupted_one_is_a_whole_one(interrupt_at):
    interrupt_at(6)
    mlp = small_mlp()
    with pytest.warns(InterruptedTrainingWarning):
        fit(mlp)
    assert_array_equal(fit(mlp).predict(X), fit(small_mlp()).predict(X))


def test_an_interruption_outside_of_a_training_is_passed_on(monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("spectransfer.networks._network.Unit.of", interrupt)
    with pytest.raises(KeyboardInterrupt):
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
