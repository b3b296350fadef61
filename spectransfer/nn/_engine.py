"""Training with skorch, and the only place that knows it.

What skorch has is used: epochs, history, early stopping, gradient clipping. Added are
the weight of the KL divergence, an epoch that looks at a loss no more often than it
must, an error when it is no number, Ctrl-C that ends a training as anything else, and
states from which a killed training goes on.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
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
from torch import Tensor, nn

from spectransfer._progress import Bar, progress_bar
from spectransfer._typing import FloatArray
from spectransfer.nn._checkpoints import Checkpoint, go_on, state_of
from spectransfer.nn._data import Batches, SpectraDataset, place
from spectransfer.nn._dense import DenseStep
from spectransfer.nn._hardware import autocast, fitting_threads, matrix_products
from spectransfer.nn._plan import ADAM_EPS, Plan
from spectransfer.nn._watch import EpochLoss, Watch, refuse_divergence


class _KLWeight(Callback):
    """Set the weight of the KL divergence at the start of each epoch."""

    def __init__(self, weights: FloatArray) -> None:
        self.weights = weights

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        weight = float(self.weights[min(len(net.history), len(self.weights)) - 1])
        net.criterion_.kl_weight = weight
        net.history.record("kl_weight", weight)


class _PatienceSpent(Exception):
    """Early stopping ends a training."""


class _Stopping(EarlyStopping):
    """skorch's early stopping, without the KeyboardInterrupt by which it stops."""

    def __init__(self, patience: int, **options: Any) -> None:
        super().__init__(patience=math.inf, **options)
        self.most_misses = patience

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        super().on_epoch_end(net, **kwargs)
        if self.misses_ >= self.most_misses:
            raise _PatienceSpent


class TrainedNet(NeuralNet):
    """skorch's net, quiet, over `SpectraDataset` batches, that Ctrl-C ends."""

    plan: Plan
    watch: Watch
    epoch_losses: dict[str, float]
    dense_step: DenseStep | None = None
    checkpoint: Checkpoint | None = None

    def initialize_optimizer(self, *args: Any, **kwargs: Any) -> "TrainedNet":
        """Make an optimizer where there is one.

        To make torch's first one takes two seconds, in which it imports a compiler.
        """
        if self.optimizer is not None:
            super().initialize_optimizer(*args, **kwargs)
        return self

    def partial_fit(self, X: Any, y: Any = None, **kwargs: Any) -> "TrainedNet":
        """Train; skorch's would take Ctrl-C for early stopping."""
        self.notify("on_train_begin", X=X, y=y)
        ended = go_on(self)
        n_epochs = 0 if ended else self.plan.n_epochs - len(self.history)
        n_steps = n_epochs * self.plan.batches(len(X))
        with progress_bar(n_steps, "step", visible=self.plan.verbose) as bar:
            self.watch = Watch(self.plan, bar)
            with suppress(_PatienceSpent):
                self.fit_loop(X, y, epochs=n_epochs, **kwargs)
        if self.checkpoint is not None and not ended:
            self.checkpoint.save(state_of(self, ended=True))
        self.notify("on_train_end", X=X, y=y)
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
        left_out = iterator.dataset.loss_left_out
        losses = EpochLoss(torch.device(self.device), left_out)
        for step, batch in enumerate(iterator):
            n_spectra = len(batch[1])
            if training and self.dense_step is not None:
                losses.add(self.dense_step(*batch), n_spectra)
                self.watch.step(losses, n_spectra, step, epoch)
                continue
            losses.add(step_fn(batch)["loss"], n_spectra)
            if training:
                self.watch.step(losses, n_spectra, step, epoch)
                self.notify("on_batch_end", batch=batch, training=True)
        mean = losses.mean()
        refuse_divergence(mean, epoch, self.plan)
        self.epoch_losses[f"{prefix}_loss"] = mean

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Record the losses of an epoch that came to its end."""
        super().on_epoch_end(net, **kwargs)
        for name, loss in self.epoch_losses.items():
            self.history.record(name, loss)
        self.watch.show(*self.epoch_losses.values())
        self.epoch_losses = {}

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        """Tell net and callbacks; when all know of an epoch's end, it may be kept."""
        super().notify(method_name, **cb_kwargs)
        if method_name != "on_epoch_end" or self.checkpoint is None:
            return
        if self.checkpoint.due():
            self.checkpoint.save(state_of(self, ended=False))

    def train_step_single(self, batch: Any, **kwargs: Any) -> dict[str, Any]:
        """Take the loss of a batch and its gradients."""
        output, loss = self._loss_of(batch)
        loss.backward()
        return {"loss": loss, "y_pred": output}

    def validation_step(self, batch: Any, **kwargs: Any) -> dict[str, Any]:
        """Take the loss of a batch alone."""
        self._set_training(False)
        with torch.no_grad():
            output, loss = self._loss_of(batch)
        return {"loss": loss, "y_pred": output}

    def _loss_of(self, batch: Any) -> tuple[Any, Tensor]:
        """Give output and loss of a batch, both in float32."""
        inputs, targets, *weights = batch
        with autocast(self.plan.precision, targets.device):
            named = isinstance(inputs, Mapping)
            output = self.module_(**inputs) if named else self.module_(inputs)
            output = _in_float32(output)
            return output, self.criterion_(output, targets, *weights)

    def __getstate__(self) -> dict[str, Any]:
        # skorch would save the weights twice: of the module given, and of it trained
        return {**super().__getstate__(), "module": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({**state, "device": "cpu"})
        self.module = self.module_


def _in_float32(output: Any) -> Any:
    if isinstance(output, tuple):
        return tuple(part.float() for part in output)
    return output.float()


def _callbacks_of_steps(plan: Plan, n_batches: int) -> list[tuple[str, Callback]]:
    """What torch's steps need; written-out ones do it themselves."""
    callbacks: list[tuple[str, Callback]] = []
    if plan.max_gradient_norm is not None:
        clipping = GradientNormClipping(plan.max_gradient_norm)
        callbacks.append(("gradient_clipping", clipping))
    if plan.decays:
        decay = LRScheduler(
            torch.optim.lr_scheduler.CosineAnnealingLR,
            T_max=plan.n_epochs * n_batches,
            step_every="batch",
            event_name=None,
        )
        callbacks.append(("learning_rate_decay", decay))
    return callbacks


def _callbacks_of_epochs(
    plan: Plan, validated: bool, kl_weights: FloatArray | None
) -> list[tuple[str, Callback]]:
    callbacks: list[tuple[str, Callback]] = []
    if kl_weights is not None:
        callbacks.append(("kl_weight", _KLWeight(kl_weights)))
    if validated and plan.patience is not None:
        stopping = _Stopping(
            patience=plan.patience,
            threshold=plan.min_delta,
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
    plan: Plan,
    n_spectra: int,
    callbacks: Sequence[tuple[str, Callback]] = (),
    train_split: Any = None,
    optimizer: type[torch.optim.Optimizer] | None = torch.optim.Adam,
) -> TrainedNet:
    """Wrap a module into an initialized skorch net with the paper's optimizer.

    Adam with the epsilon of Keras; ``weight_decay=2 * l2`` on the hidden kernels is
    the gradient of ``l2`` x their sum of squares. Without an optimizer, steps are
    written out.
    """
    net = TrainedNet(
        module,
        criterion=criterion,
        optimizer=optimizer,
        lr=plan.learning_rate,
        batch_size=plan.batch_size,
        max_epochs=plan.n_epochs,
        iterator_train=Batches,
        iterator_train__shuffle=True,
        iterator_valid=Batches,
        train_split=train_split,
        callbacks=list(callbacks),
        callbacks__print_log=None,
        callbacks__train_loss=None,
        callbacks__valid_loss=None,
        device=plan.device,
        verbose=0,
    )
    if optimizer is not None:
        net.set_params(
            optimizer__eps=ADAM_EPS,
            optimizer__fused=True,
            optimizer__param_groups=[
                (pattern, {"weight_decay": 2 * l2})
                for pattern, l2 in plan.penalties(n_spectra, module)
            ],
        )
    net.initialize()
    net.plan, net.watch, net.epoch_losses = plan, Watch(plan, Bar()), {}
    return net


def train(
    module: nn.Module,
    criterion: nn.Module,
    data: SpectraDataset,
    validation: SpectraDataset | None,
    plan: Plan,
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
    plan : Plan
        How it is trained.
    kl_weights : ndarray of shape (n_epochs,), default=None
        Weight of the KL divergence in each epoch, for a `VAELoss`.

    Returns
    -------
    TrainedNet
        The net with its history, without data and without optimizer state.
    """
    split, validated = None, validation is not None
    if validation is not None:
        split = predefined_split(place(validation, plan.device))
    callbacks = _callbacks_of_epochs(plan, validated, kl_weights)
    optimizer: type[torch.optim.Optimizer] | None = None
    if plan.device.type != "cpu" or plan.precision == "bfloat16":
        optimizer = torch.optim.Adam
        callbacks += _callbacks_of_steps(plan, plan.batches(len(data)))
    net = make_net(module, criterion, plan, len(data), callbacks, split, optimizer)
    try:
        with ExitStack() as settings:
            settings.enter_context(fitting_threads(module, plan.batch_size))
            settings.enter_context(matrix_products(plan.precision))
            spectra = place(data, plan.device)
            net.checkpoint = Checkpoint.of(
                plan, (net.module_, net.criterion_), (data, validation), kl_weights
            )
            if optimizer is None:
                net.dense_step = DenseStep(net.module_, net.criterion_, plan, len(data))
            net.partial_fit(spectra, y=None)
            # no loss has been taken since the last step
            some = next(iter(Batches(spectra, plan.batch_size)))
            loss = net.validation_step(some)["loss"].item()
            refuse_divergence(loss, len(net.history), plan)
    finally:
        _forget_training(net)
    return net


def _forget_training(net: TrainedNet) -> None:
    # the net is kept and saved: it must hold neither spectra, nor gradients and
    # Adam's moments, nor a second copy of the weights or of a decoder
    if net.dense_step is not None:
        net.dense_step.end()
        net.dense_step = None
    elif hasattr(net, "optimizer_"):  # an error may have come before it was made
        net.module_.zero_grad(set_to_none=True)
        net.optimizer_.state.clear()
    net.criterion_ = net.criterion = net.train_split = net.checkpoint = None
    net.callbacks_, net.callbacks = [], []
    del net.plan, net.watch, net.epoch_losses


def learning_curves(net: TrainedNet) -> dict[str, list[float]]:
    """Losses (and KL weights) of the finished epochs, by name."""
    names = ("train_loss", "valid_loss", "kl_weight")
    finished = [epoch for epoch in net.history if "train_loss" in epoch]
    return {
        name: [epoch[name] for epoch in finished]
        for name in names
        if finished and name in finished[0]
    }
