"""What every estimator that holds a network shares: parts, data, training."""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from spectransfer._pages import OnItsPage
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
from spectransfer._wrapping import HeldParts
from spectransfer.networks._training import Training
from spectransfer.nn import (
    MLP,
    Plan,
    Seen,
    SpectraDataset,
    SquaredError,
    Subspace,
    Unit,
    forward_blocks,
    learning_curves,
    regression_through,
    subspace_of,
    train,
    usable_device,
)

NETWORK_CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like"],
    "n_components": [
        Interval(Integral, 1, None, closed="left"),
        StrOptions({"auto"}),
        None,
    ],
    "l2": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
    "training": [Training, None],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

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


class NetworkEstimator(OnItsPage, HeldParts, BaseEstimator):
    """An estimator that holds a skorch net as `net_`, trained as `training` says."""

    _parameter_constraints = NETWORK_CONSTRAINTS
    _default_parts = {"training": Training}
    _layers: tuple[str, ...] = ("hidden_layer_sizes",)
    n_components: int | str | None

    @property
    def _n_components(self) -> tuple[int | str | None, int | str | None]:
        """Of the subspaces of inputs and of targets."""
        return self.n_components, self.n_components

    def check_parameters(self) -> None:
        """Refuse parameters that no fit can have, those of the training included."""
        self._validate_params()
        for name in self._layers:
            sizes = getattr(self, name)
            if not isinstance(sizes, str):
                check_layer_sizes(sizes, name)
        self._part("training").check()

    def _plan(self, name: str, n_spectra: int, *, begun: bool = False) -> Plan:
        training: Training = self._part("training")
        shown = bool(self.verbose)
        return training.plan(n_spectra, name, l2=self.l2, verbose=shown, begun=begun)

    def _unit(self, spectra: FloatArray, weights: FloatArray | None) -> Unit:
        if self._part("training").normalizes:
            return Unit.of(spectra, weights)
        return Unit.identity(spectra.shape[1])

    def _holdout(
        self, known: IntArray, rng: np.random.RandomState
    ) -> tuple[IntArray, IntArray | None]:
        """Divide rows into those to train with and those to watch, if any."""
        training = self._part("training")
        n_watched = int(training.validation_fraction * len(known))
        if n_watched == 0 or training.patience is None:
            return known, None
        order = known[rng.permutation(len(known))]
        return np.sort(order[n_watched:]), np.sort(order[:n_watched])

    def _datasets(
        self,
        seen: tuple[Seen, Seen | None],
        validation: tuple[Seen, Seen | None] | None,
        rng: np.random.RandomState,
        weights: FloatArray | None,
    ) -> tuple[SpectraDataset, SpectraDataset | None]:
        """Wrap what is seen for training, and hold a part back where none was given."""
        # what has no weight is left out, so that a batch has as many spectra as it says
        n_spectra = len(seen[0].numbers)
        rows: IntArray = np.arange(n_spectra)
        if weights is not None:
            rows = np.flatnonzero(weights)
        watched = None
        if validation is None:
            rows, held_back = self._holdout(rows, rng)
            if held_back is not None:
                watched = _dataset(*seen, held_back)
        else:
            watched = _dataset(*validation)
        if weights is not None:
            weights = weights / weights[rows].mean()
        every = len(rows) == n_spectra
        return _dataset(*seen, None if every else rows, weights), watched

    def _train(
        self,
        plan: Plan,
        parts: tuple[Any, Any],
        data: SpectraDataset,
        validation: SpectraDataset | None,
        **options: Any,
    ) -> None:
        """Train module and loss (`parts`), and keep net and learning curves."""
        module, criterion = parts
        self.net_ = train(module, criterion, data, validation, plan, **options)
        curves = learning_curves(self.net_)
        self.loss_curve_ = curves.get("train_loss", [])
        self.n_epochs_ = len(self.loss_curve_)
        self.validation_loss_curve_ = curves.get("valid_loss")
        self.kl_weight_curve_ = curves.get("kl_weight")
        self.device_ = str(self.net_.device)

    def _ready_module(self) -> Any:
        """Give the trained module, in evaluation mode, where it can compute."""
        check_is_fitted(self, "net_")
        device = usable_device(self._part("training").device)
        return self.net_.module_.to(device).eval()

    def _forward(
        self,
        function: Callable[[Tensor], Tensor],
        inputs: FloatArray,
        units: tuple[Unit, Unit],
    ) -> FloatArray:
        """Give outputs for inputs that nobody has searched for NaN and inf yet."""
        training = self._part("training")
        return forward_blocks(
            function,
            inputs,
            units,
            usable_device(training.device),
            precision=training.precision,
            suspect=lambda: check_finite(inputs, "X"),
        )

    def _fit_regression(
        self,
        name: str,
        build: Callable[[int, int], tuple[nn.Module, tuple[MLP, MLP]]],
        pair: tuple[FloatArray, FloatArray],
        watched: tuple[FloatArray, FloatArray] | None,
        weights: FloatArray | None,
        then: Callable[[Seen, Seen | None], None] | None = None,
    ) -> None:
        """Fit a module made by `build` to pairs by least squares.

        `build` gives it with its first and last part; `then` may train it on, with
        what it sees of training and validation spectra.
        """
        arrays = pair[0], columns(pair[1])
        units = [self._unit(array, weights) for array in arrays]
        with seeded(self.random_state) as rng:
            subspaces = [
                subspace_of(array, unit, n_components, rng, weights)
                for array, unit, n_components in zip(
                    arrays, units, self._n_components, strict=True
                )
            ]
            sides = list(zip(units, subspaces, strict=True))
            seen = see(arrays[0], *sides[0]), see(arrays[1], *sides[1])
            others = None
            if watched is not None:
                others = see(watched[0], *sides[0]), see(watched[1], *sides[1])
            module, parts = build(*(s.numbers.shape[1] for s in seen))
            data, validation = self._datasets(seen, others, rng, weights)
            plan = self._plan(name, len(data))
            self._train(plan, (module, SquaredError()), data, validation)
        self.unit_, self.target_unit_ = units
        self._target_ndim = pair[1].ndim
        if then is not None:
            then(seen[0], None if others is None else others[0])
        self.net_.module_ = regression_through(self.net_.module_, parts, *subspaces)

    def _predict_regression(self, X: ArrayLike) -> FloatArray:
        module = self._ready_module()
        secondary = check_spectra(self, X, finite=False)
        units = (self.unit_, self.target_unit_)
        predicted = self._forward(module, secondary, units)
        return predicted.ravel() if self._target_ndim == 1 else predicted


def see(spectra: FloatArray, unit: Unit, subspace: Subspace | None) -> Seen:
    """Give spectra as a network sees them: in its units, or components of them."""
    return Seen(spectra, unit) if subspace is None else subspace.see(spectra, unit)


def _dataset(
    inputs: Seen,
    targets: Seen | None,
    rows: IntArray | None = None,
    weights: FloatArray | None = None,
) -> SpectraDataset:
    answered = targets or inputs
    return SpectraDataset(
        inputs.numbers,
        targets and targets.numbers,
        (inputs.unit, answered.unit),
        rows,
        weights=weights,
        left_out=answered.left_out,
    )


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
