"""Training with skorch, and the only place that knows it.

What skorch has is used: epochs, history, early stopping, gradient clipping. Added are
the weight of the KL divergence, one progress bar for a whole training, an error when
the loss is no number, and word of an interruption by hand.
"""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    GradientNormClipping,
    LRScheduler,
)
from skorch.helper import predefined_split
from torch import nn

from spectransfer._typing import FloatArray
from spectransfer.exceptions import DivergenceError, InterruptedTrainingWarning
from spectransfer.nn._data import Batches, SpectraDataset
from spectransfer.nn._modules import HIDDEN_KERNELS
from spectransfer.nn._threads import fitting_threads
from spectransfer.nn._training import Training

ADAM_EPS = 1e-7
USUAL_LEARNING_RATE = 1e-3


class _KLWeight(Callback):
    """Set the weight of the KL divergence at the start of each epoch."""

    def __init__(self, weights: FloatArray) -> None:
        self.weights = weights

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        weight = float(self.weights[min(len(net.history), len(self.weights)) - 1])
        net.criterion_.kl_weight = weight
        net.history.record("kl_weight", weight)


def _refuse_divergence(loss: float, epoch: int, training: Training) -> None:
    if math.isfinite(loss):
        return
    rate = training.learning_rate
    limit = "" if training.max_gradient_norm else " use max_gradient_norm=1.0,"
    raise DivergenceError(
        f"The loss of a training must stay finite, but that of the {training.name} "
        f"became {loss} in epoch {epoch} at learning_rate={rate:g}. Lower the learning "
        f"rate (try {min(rate / 10, USUAL_LEARNING_RATE):g}),{limit} or scale the "
        "spectra: single extreme values weigh with their square."
    )


class _Guard(Callback):
    """Stop when the loss is not finite; forget the losses of single batches."""

    def __init__(self, training: Training) -> None:
        self.training = training

    def on_batch_end(self, net: NeuralNet, training: bool = False, **kw: Any) -> None:
        if not training:
            return
        loss = net.history[-1, "batches", -1, "train_loss"]
        _refuse_divergence(loss, len(net.history), self.training)

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        net.history[-1]["batches"] = []


class _Progress(Callback):
    """One bar for all epochs: epoch, losses, time left."""

    def __init__(self, name: str, n_epochs: int, n_batches: int) -> None:
        self.name, self.n_epochs, self.n_batches = name, n_epochs, n_batches

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        # in a notebook without ipywidgets, to import it is to be warned
        from tqdm.auto import tqdm

        total = self.n_epochs * self.n_batches
        self.bar_ = tqdm(total=total, unit="step", dynamic_ncols=True)

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        epoch = len(net.history)
        self.bar_.set_description(
            f"{self.name}, epoch {epoch}/{self.n_epochs}", refresh=False
        )

    def on_batch_end(self, net: NeuralNet, training: bool = False, **kw: Any) -> None:
        if training:
            self.bar_.update()

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        epoch = net.history[-1]
        losses = {"loss": f"{epoch['train_loss']:.4g}"}
        if "valid_loss" in epoch:
            losses["validation"] = f"{epoch['valid_loss']:.4g}"
        self.bar_.set_postfix(losses, refresh=False)

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        self.bar_.close()

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self).items() if k != "bar_"}


class TrainedNet(NeuralNet):
    """skorch's net, quiet, over `SpectraDataset` batches, that knows who stopped it."""

    def fit_loop(self, X: Any, y: Any = None, **kwargs: Any) -> "TrainedNet":
        """Train, and remember whether a person ended it."""
        self.interrupted = False
        try:
            super().fit_loop(X, y, **kwargs)
        except KeyboardInterrupt:
            # skorch's early stopping raises it too, once its patience is spent
            stopping = dict(self.callbacks_).get("early_stopping")
            self.interrupted = stopping is None or stopping.misses_ < stopping.patience
            raise
        return self

    def __getstate__(self) -> dict[str, Any]:
        # skorch would save the weights twice: of the module given, and of it trained
        return {**super().__getstate__(), "module": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({**state, "device": "cpu"})
        self.module = self.module_


def _callbacks(
    training: Training,
    n_epochs: int,
    n_batches: int,
    validated: bool,
    kl_weights: FloatArray | None,
) -> list[tuple[str, Callback]]:
    callbacks: list[tuple[str, Callback]] = [("guard", _Guard(training))]
    if kl_weights is not None:
        callbacks.append(("kl_weight", _KLWeight(kl_weights)))
    if training.max_gradient_norm is not None:
        clipping = GradientNormClipping(training.max_gradient_norm)
        callbacks.append(("gradient_clipping", clipping))
    if training.learning_rate_decay == "cosine":
        decay = LRScheduler(
            torch.optim.lr_scheduler.CosineAnnealingLR,
            T_max=n_epochs * n_batches,
            step_every="batch",
        )
        callbacks.append(("learning_rate_decay", decay))
    if training.verbose:
        bar = _Progress(training.name, n_epochs, n_batches)
        callbacks.append(("progress", bar))
    patience = training.patient_epochs(n_epochs)
    if validated and patience is not None:
        stopping = EarlyStopping(
            patience=patience,
            threshold=training.min_delta,
            threshold_mode="abs",
            sink=_silent,
            load_best=True,
        )
        callbacks.append(("early_stopping", stopping))
    return callbacks


def _silent(*args: Any) -> None:
    """Print nothing."""


def make_net(
    module: nn.Module,
    criterion: nn.Module,
    training: Training,
    n_spectra: int,
    callbacks: Sequence[tuple[str, Callback]] = (),
    n_epochs: int = 1,
    train_split: Any = None,
    optimizer: type[torch.optim.Optimizer] = torch.optim.Adam,
) -> TrainedNet:
    """Wrap a module into an initialized skorch net with the paper's optimizer.

    Adam with the epsilon of Keras; ``weight_decay=2 * l2`` on the hidden kernels is
    the gradient of ``l2`` x their sum of squares.
    """
    weight_decay = 2 * training.penalty(n_spectra)
    net = TrainedNet(
        module,
        criterion=criterion,
        optimizer=optimizer,
        lr=training.learning_rate,
        optimizer__eps=ADAM_EPS,
        optimizer__fused=True,
        optimizer__param_groups=[(HIDDEN_KERNELS, {"weight_decay": weight_decay})],
        batch_size=training.batch_size,
        max_epochs=n_epochs,
        iterator_train=Batches,
        iterator_train__shuffle=True,
        iterator_valid=Batches,
        train_split=train_split,
        callbacks=list(callbacks),
        callbacks__print_log=None,
        device=training.device,
        verbose=0,
    )
    return net.initialize()


def train(
    module: nn.Module,
    criterion: nn.Module,
    data: SpectraDataset,
    validation: SpectraDataset | None,
    training: Training,
    kl_weights: FloatArray | None = None,
) -> TrainedNet:
    """Train a module until its epochs or the patience are spent.

    Parameters
    ----------
    module : Module
        The network; trained in place.
    criterion : Module
        Its loss, from output and target.
    data, validation : SpectraDataset
        Training data, and what early stopping watches (or None).
    training : Training
        The configuration.
    kl_weights : ndarray of shape (n_epochs,), default=None
        Weight of the KL divergence in each epoch, for a `VAELoss`.

    Returns
    -------
    TrainedNet
        The net with its history, without data and without optimizer state.
    """
    n_epochs = training.epochs(len(data))
    n_batches = len(Batches(data, training.batch_size))
    net = make_net(
        module,
        criterion,
        training,
        len(data),
        _callbacks(training, n_epochs, n_batches, validation is not None, kl_weights),
        n_epochs,
        None if validation is None else predefined_split(validation),
    )
    try:
        with fitting_threads(module, training.batch_size):
            net.partial_fit(data, y=None)
        # no loss has been taken since the last step
        some = data[np.arange(min(len(data), training.batch_size))]
        loss = net.validation_step(some)["loss"].item()
        _refuse_divergence(loss, len(net.history), training)
    finally:
        # the net is kept and saved: it must hold neither spectra, nor gradients and
        # Adam's moments, nor a second copy of the weights or of a decoder
        net.module_.zero_grad(set_to_none=True)
        net.train_split = None
        net.optimizer_.state.clear()
        net.criterion_ = None
        net.criterion = None
        net.callbacks_ = []
        net.callbacks = []
    if net.interrupted:
        warnings.warn(
            f"The training of the {training.name} was interrupted in epoch "
            f"{len(net.history)} of {n_epochs}. What was learned until then is kept "
            "and can be used; call fit again to train it to the end.",
            InterruptedTrainingWarning,
            stacklevel=2,
        )
    return net


def learning_curves(net: TrainedNet) -> dict[str, list[float]]:
    """Losses (and KL weights) of the finished epochs, by name."""
    names = ("train_loss", "valid_loss", "kl_weight")
    finished = [epoch for epoch in net.history if "train_loss" in epoch]
    return {
        name: [epoch[name] for epoch in finished]
        for name in names
        if finished and name in finished[0]
    }
