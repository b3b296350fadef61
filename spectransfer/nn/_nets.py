"""Training with skorch, and the only place that knows it.

What skorch has is used: epochs, history, early stopping, gradient clipping. Added are
the weight of the KL divergence, an epoch that looks at a loss no more often than it
must, an error when it is no number, and word of an interruption by hand.
"""

import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

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
from spectransfer.exceptions import InterruptedTrainingWarning
from spectransfer.nn._data import Batches, SpectraDataset
from spectransfer.nn._precision import matrix_products
from spectransfer.nn._progress import EpochLoss, Watch, refuse_divergence
from spectransfer.nn._resident import place
from spectransfer.nn._steps import Step, make_step
from spectransfer.nn._threads import fitting_threads
from spectransfer.nn._training import Training

ADAM_EPS = 1e-7


class _KLWeight(Callback):
    """Set the weight of the KL divergence at the start of each epoch."""

    def __init__(self, weights: FloatArray) -> None:
        self.weights = weights

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        weight = float(self.weights[min(len(net.history), len(self.weights)) - 1])
        net.criterion_.kl_weight = weight
        net.history.record("kl_weight", weight)


class TrainedNet(NeuralNet):
    """skorch's net, quiet, over `SpectraDataset` batches, that knows who stopped it."""

    plan: Training
    watch: Watch
    step: Step
    n_whole: int
    epoch_losses: dict[str, float]

    def fit_loop(self, X: Any, y: Any = None, **kwargs: Any) -> "TrainedNet":
        """Train, and remember whether a person ended it."""
        self.interrupted = False
        self.watch.start()
        try:
            super().fit_loop(X, y, **kwargs)
        except KeyboardInterrupt:
            # skorch's early stopping raises it too, once its patience is spent
            stopping = dict(self.callbacks_).get("early_stopping")
            self.interrupted = stopping is None or stopping.misses_ < stopping.patience
            raise
        finally:
            self.watch.close()
        return self

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **kwargs: Any
    ) -> None:
        """Pass through an epoch without keeping a record of every batch."""
        if iterator is None:
            return
        self._set_training(training)
        epoch = len(self.history)
        if training:
            self.watch.epoch(epoch)
        losses = EpochLoss(torch.device(self.device))
        for step, batch in enumerate(iterator):
            self.n_whole = iterator.n_in_batch(step)
            losses.add(step_fn(batch)["loss"], self.n_whole)
            if training:
                self.watch.step(losses, self.n_whole, step, epoch)
                self.notify("on_batch_end", batch=batch, training=True)
        mean = losses.mean(self.plan.processes)
        refuse_divergence(mean, epoch, self.plan)
        self.epoch_losses[f"{prefix}_loss"] = mean

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Record the losses of an epoch that came to its end."""
        super().on_epoch_end(net, **kwargs)
        for name, loss in self.epoch_losses.items():
            self.history.record(name, loss)
        self.watch.show(*self.epoch_losses.values())
        self.epoch_losses = {}

    def train_step_single(self, batch: Any, **kwargs: Any) -> dict[str, Any]:
        """Take the loss of a batch and its gradients."""
        output, loss = self.step(batch[0], batch[1], self.n_whole)
        loss.backward()
        return {"loss": loss, "y_pred": output}

    def validation_step(self, batch: Any, **kwargs: Any) -> dict[str, Any]:
        """Take the loss of a batch alone."""
        self._set_training(False)
        output, loss = self.step.evaluate(batch[0], batch[1], self.n_whole)
        return {"loss": loss, "y_pred": output}

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
    callbacks: list[tuple[str, Callback]] = []
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
            event_name=None,
        )
        callbacks.append(("learning_rate_decay", decay))
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
    n_inputs = next((w.shape[1] for w in module.parameters() if w.ndim == 2), 1)
    penalties = training.penalties(n_spectra, n_inputs)
    share = training.processes.share if training.processes else (0, 1)
    net = TrainedNet(
        module,
        criterion=criterion,
        optimizer=optimizer,
        lr=training.learning_rate,
        optimizer__eps=ADAM_EPS,
        optimizer__fused=True,
        optimizer__param_groups=[
            (pattern, {"weight_decay": 2 * l2}) for pattern, l2 in penalties
        ],
        batch_size=training.batch_size,
        max_epochs=n_epochs,
        iterator_train=Batches,
        iterator_train__shuffle=True,
        iterator_train__share=share,
        iterator_valid=Batches,
        iterator_valid__share=share,
        train_split=train_split,
        callbacks=list(callbacks),
        callbacks__print_log=None,
        callbacks__train_loss=None,
        callbacks__valid_loss=None,
        device=training.device,
        verbose=0,
    )
    net.initialize()
    net.plan, net.n_whole, net.epoch_losses = training, training.batch_size, {}
    net.watch = Watch(training, n_epochs, training.batches(n_spectra))
    net.step = make_step(net.module_, net.criterion_, training)
    return net


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
    n_epochs, n_batches = training.epochs(len(data)), training.batches(len(data))
    split = None
    if validation is not None:
        split = predefined_split(place(validation, training.device))
    net = make_net(
        module,
        criterion,
        training,
        len(data),
        _callbacks(training, n_epochs, n_batches, validation is not None, kl_weights),
        n_epochs,
        split,
    )
    try:
        with ExitStack() as settings:
            settings.enter_context(fitting_threads(module, training.batch_size))
            settings.enter_context(matrix_products(training.precision))
            spectra = place(data, training.device)
            net.partial_fit(spectra, y=None)
            # no loss has been taken since the last step
            some = Batches(spectra, training.batch_size)
            net.n_whole = some.n_in_batch(0)
            loss = net.validation_step(next(iter(some)))["loss"].item()
            refuse_divergence(loss, len(net.history), training)
    finally:
        _forget_training(net)
    if net.interrupted:
        _warn_of_interruption(net, training, n_epochs)
    return net


def _forget_training(net: TrainedNet) -> None:
    # the net is kept and saved: it must hold neither spectra, nor gradients and
    # Adam's moments, nor a second copy of the weights or of a decoder
    net.module_.zero_grad(set_to_none=True)
    net.optimizer_.state.clear()
    net.criterion_ = net.criterion = net.train_split = None
    net.callbacks_, net.callbacks = [], []
    del net.plan, net.watch, net.step, net.n_whole, net.epoch_losses


def _warn_of_interruption(net: TrainedNet, training: Training, n_epochs: int) -> None:
    if training.processes is not None:
        # the others may be in the middle of another step
        raise KeyboardInterrupt
    warnings.warn(
        f"The training of the {training.name} was interrupted in epoch "
        f"{len(net.history)} of {n_epochs}. What was learned until then is kept "
        "and can be used; call fit again to train it to the end.",
        InterruptedTrainingWarning,
        stacklevel=3,
    )


def learning_curves(net: TrainedNet) -> dict[str, list[float]]:
    """Losses (and KL weights) of the finished epochs, by name."""
    names = ("train_loss", "valid_loss", "kl_weight")
    finished = [epoch for epoch in net.history if "train_loss" in epoch]
    return {
        name: [epoch[name] for epoch in finished]
        for name in names
        if finished and name in finished[0]
    }
