"""What every estimator that holds a network shares: parameters, data, training."""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from spectransfer._random import seeded
from spectransfer._typing import ArrayLike, FloatArray, IntArray
from spectransfer._validation import (
    Interval,
    StrOptions,
    check_finite,
    check_layer_sizes,
    check_pair,
    check_spectra,
    validation_set,
)
from spectransfer.nn import (
    ENGINE,
    PRECISIONS,
    Processes,
    SpectraDataset,
    Training,
    Unit,
    forward_blocks,
    launched_processes,
    learning_curves,
    resolve_device,
    train,
    usable_device,
)

NETWORK_CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like"],
    "l2": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
    "learning_rate": [Interval(Real, 0, None, closed="neither")],
    "learning_rate_decay": [StrOptions({"cosine"}), None],
    "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    "max_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    "n_steps": [Interval(Integral, 1, None, closed="left")],
    "patience": [
        Interval(Integral, 1, None, closed="left"),
        StrOptions({"auto"}),
        None,
    ],
    "min_delta": [Interval(Real, 0, None, closed="left")],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "max_gradient_norm": [Interval(Real, 0, None, closed="neither"), None],
    "normalize": ["boolean"],
    "device": [str],
    "precision": [StrOptions(set(PRECISIONS))],
    "compile": ["boolean"],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

# the paper's training of mapper and direct MLP (section 3.2.1)
PUBLISHED_TRAINING: dict[str, Any] = {
    "l2": 1e-6,
    "learning_rate": 1e-4,
    "learning_rate_decay": None,
    "batch_size": 128,
    "max_epochs": 100,
    "patience": 5,
    "max_gradient_norm": None,
    "normalize": False,
}

LARGEST_BATCH = 128
SMALLEST_BATCH = 16
BATCHES_PER_EPOCH = 20
WIDEST_LAYER = 1024
NARROWEST_LAYER = 64


def encoder_layers_for(n_wavelengths: int) -> tuple[int, int]:
    """Largest power of two in half the channels, of 64 to 1024, and half of it.

    The paper's 1024 and 512 for its 4062 channels; smaller networks do as well on
    fewer channels, in a fraction of the time.
    """
    size = WIDEST_LAYER
    while size > NARROWEST_LAYER and size > n_wavelengths // 2:
        size //= 2
    return size, size // 2


def batch_size_for(n_spectra: int) -> int:
    """Largest power of two, of 16 to 128, that leaves 20 batches in an epoch."""
    size = LARGEST_BATCH
    while size > SMALLEST_BATCH and n_spectra < BATCHES_PER_EPOCH * size:
        size //= 2
    return size


class NetworkEstimator(BaseEstimator):
    """An estimator that holds a skorch net as `net_`."""

    _parameter_constraints = NETWORK_CONSTRAINTS

    def _training(self, name: str, n_spectra: int) -> Training:
        processes = self._processes()
        auto = isinstance(self.batch_size, str)
        return Training(
            name=name,
            learning_rate=self.learning_rate,
            batch_size=batch_size_for(n_spectra) if auto else self.batch_size,
            max_epochs=self.max_epochs,
            n_steps=self.n_steps,
            patience=self.patience,
            min_delta=self.min_delta,
            l2=self.l2,
            learning_rate_decay=self.learning_rate_decay,
            max_gradient_norm=self.max_gradient_norm,
            device=resolve_device(self.device),
            verbose=bool(self.verbose),
            precision=self.precision,
            compile=self.compile,
            processes=processes,
        )

    def _processes(self) -> Processes | None:
        """Processes that share the training; they have to draw the same numbers."""
        if self.device != ENGINE:
            return None
        if self.random_state is None:
            raise ValueError(
                "device='accelerate' needs the same random numbers in every process, "
                f"but random_state of {type(self).__name__} is None. Set it to a "
                "number, such as random_state=0."
            )
        processes = launched_processes()
        return processes if processes.count > 1 else None

    def _unit(self, spectra: FloatArray) -> Unit:
        return Unit.of(spectra) if self.normalize else Unit.identity(spectra.shape[1])

    def _holdout(
        self, n_spectra: int, rng: np.random.RandomState
    ) -> tuple[IntArray | None, IntArray | None]:
        """Rows to train with and rows to watch; None for all and for none."""
        n_watched = int(self.validation_fraction * n_spectra)
        if n_watched == 0 or self.patience is None:
            return None, None
        order = rng.permutation(n_spectra)
        return np.sort(order[n_watched:]), np.sort(order[:n_watched])

    def _datasets(
        self,
        inputs: FloatArray,
        targets: FloatArray | None,
        validation: tuple[FloatArray, FloatArray | None] | None,
        units: tuple[Unit, Unit],
        rng: np.random.RandomState,
    ) -> tuple[SpectraDataset, SpectraDataset | None]:
        """Wrap arrays for training, and hold a part back where none was given."""
        if validation is not None:
            return (
                SpectraDataset(inputs, targets, units),
                SpectraDataset(*validation, units),
            )
        rows, watched = self._holdout(len(inputs), rng)
        data = SpectraDataset(inputs, targets, units, rows)
        if watched is None:
            return data, None
        return data, SpectraDataset(inputs, targets, units, watched)

    def _train(
        self,
        name: str,
        parts: tuple[Any, Any],
        data: SpectraDataset,
        validation: SpectraDataset | None,
        **options: Any,
    ) -> None:
        """Train module and loss (`parts`), and keep net and learning curves."""
        training = self._training(name, len(data))
        module, criterion = parts
        self.net_ = train(module, criterion, data, validation, training, **options)
        self._keep_curves()

    def _keep_curves(self) -> None:
        curves = learning_curves(self.net_)
        self.loss_curve_ = curves.get("train_loss", [])
        self.n_epochs_ = len(self.loss_curve_)
        self.validation_loss_curve_ = curves.get("valid_loss")
        self.kl_weight_curve_ = curves.get("kl_weight")
        self.device_ = str(self.net_.device)

    def _ready_module(self) -> Any:
        """Give the trained module, in evaluation mode, where it can compute."""
        check_is_fitted(self, "net_")
        return self.net_.module_.to(usable_device(self.device)).eval()

    def _forward(
        self,
        function: Callable[[Tensor], Tensor],
        inputs: FloatArray,
        units: tuple[Unit, Unit],
    ) -> FloatArray:
        """Give outputs for inputs that nobody has searched for NaN and inf yet."""
        device = usable_device(self.device)
        return forward_blocks(
            function,
            inputs,
            units,
            device,
            precision=self.precision,
            suspect=lambda: check_finite(inputs, "X"),
        )

    def _fit_regression(
        self,
        name: str,
        build: Callable[[int, int], nn.Module],
        pair: tuple[FloatArray, FloatArray],
        watched: tuple[FloatArray, FloatArray] | None,
    ) -> None:
        """Fit a module made by `build` to pairs by least squares."""
        secondary, targets = pair[0], columns(pair[1])
        units = (self._unit(secondary), self._unit(targets))
        with seeded(self.random_state) as rng:
            module = build(secondary.shape[1], targets.shape[1])
            data, validation = self._datasets(secondary, targets, watched, units, rng)
            self._train(name, (module, nn.MSELoss()), data, validation)
        # only now: a training that fails must not leave new units to an old net
        self.unit_, self.target_unit_ = units
        self._target_ndim = pair[1].ndim

    def _predict_regression(self, X: ArrayLike) -> FloatArray:
        module = self._ready_module()
        secondary = check_spectra(self, X, finite=False)
        units = (self.unit_, self.target_unit_)
        predicted = self._forward(module, secondary, units)
        return predicted.ravel() if self._target_ndim == 1 else predicted


def check_layers(estimator: BaseEstimator, *names: str) -> None:
    """Refuse layer sizes that are not positive whole numbers."""
    for name in names:
        sizes = getattr(estimator, name)
        if not isinstance(sizes, str):
            check_layer_sizes(sizes, name)


def check_validation_pair(
    estimator: BaseEstimator,
    X_val: ArrayLike | None,
    y_val: ArrayLike | None,
    targets: FloatArray,
) -> tuple[FloatArray, FloatArray] | None:
    """Validate a validation set as training data were; both or none."""
    given = validation_set(X_val, y_val)
    if given is None:
        return None
    secondary, watched = check_pair(
        estimator, *given, reset=False, names=("X_val", "y_val")
    )
    watched, n_outputs = columns(watched), columns(targets).shape[1]
    if watched.shape[1] != n_outputs:
        raise ValueError(
            f"y_val must have the channels of y, but it has {watched.shape[1]} and y "
            f"has {n_outputs}."
        )
    return secondary, watched


def columns(targets: FloatArray) -> FloatArray:
    """Give a single target a second dimension."""
    return targets.reshape(-1, 1) if targets.ndim == 1 else targets
