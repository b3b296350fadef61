"""How a network is trained: one part, which every network holds.

Trainings need steps, not epochs: on few spectra an epoch is a handful of steps. What is
"auto" here is worked out for the spectra at hand, and becomes a `spectransfer.nn.Plan`.
"""

import math
from numbers import Integral, Real
from typing import Any

from sklearn.base import BaseEstimator

from spectransfer._pages import OnItsPage
from spectransfer._validation import Interval, StrOptions
from spectransfer.nn import PRECISIONS, Plan, resolve_device

LARGEST_BATCH = 128
SMALLEST_BATCH = 16
BATCHES_PER_EPOCH = 20
AUTO_STEPS = 2000
AUTO_EPOCHS = 20
# an autoencoder that begins at the principal components has little left to learn
BEGUN_PART = 0.25
PATIENT_PART = 0.1
LEAST_PATIENCE = 5

_WHOLE = Interval(Integral, 1, None, closed="left")


def batch_size_for(n_spectra: int) -> int:
    """Largest power of two, of 16 to 128, that leaves 20 batches in an epoch."""
    size = LARGEST_BATCH
    while size > SMALLEST_BATCH and n_spectra < BATCHES_PER_EPOCH * size:
        size //= 2
    return size


class Training(OnItsPage, BaseEstimator):
    """How a network is trained: how long, in which steps, and where.

    A part of `SpectralVAE`, `SpectralMLP` and `DirectMLPTransfer`, whose parameters
    `set_params` and searches reach by names such as ``training__n_steps``. Steps are
    Adam's. Their size falls along half a cosine to zero at the end, gradients longer
    than one are shortened to it, and networks meet every channel centred and all of
    them divided by one number, so that any unit trains alike.

    Parameters
    ----------
    n_steps : int or "auto", default="auto"
        Steps to take, rounded up to whole passes over the spectra (epochs). "auto"
        takes 2,000, and as many as make 20 epochs where that is more; an autoencoder
        that begins at the principal components a quarter of them.
    learning_rate : float, default=1e-3
        Size of the first step.
    batch_size : int or "auto", default="auto"
        Spectra in a step. "auto" takes 128 from 2,560 spectra on, and less where
        there are fewer, down to 16.
    patience : int, "auto" or None, default=None
        Epochs without a better validation loss before the training stops and the best
        weights are restored; better is a decrease by 1e-5 at least. "auto" is a tenth
        of the epochs, at least 5. None always trains to the end, with all spectra.
    validation_fraction : float, default=0.1
        Part of the spectra, drawn at random, that is held back for early stopping
        where `patience` asks for it and `fit` is given none.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1" for the second graphics card and so on, or "auto" for
        CUDA where there is one; of `fit` and of predictions.
    precision : {"float32", "tf32", "bfloat16"}, default="float32"
        What matrix products are computed in, by `fit` and later. "tf32" keeps 11 bits
        of every factor and is for CUDA; "bfloat16" keeps 8. Weights and losses stay in
        float32.

    See Also
    --------
    SpectralVAE : Holds one as `training`.

    Examples
    --------
    >>> from spectransfer import SpectralMLP, Training
    >>> mlp = SpectralMLP(training=Training(n_steps=500, patience="auto"))
    >>> mlp.set_params(training__n_steps=100).training
    Training(n_steps=100, patience='auto')

    A network without one has the default, and its parameters can be set as well:

    >>> SpectralMLP().set_params(training__device="auto").training
    Training(device='auto')
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "n_steps": [_WHOLE, StrOptions({"auto"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [_WHOLE, StrOptions({"auto"})],
        "patience": [_WHOLE, StrOptions({"auto"}), None],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "device": [str],
        "precision": [StrOptions(set(PRECISIONS))],
    }

    # what the paper's training does otherwise
    decays = True
    max_gradient_norm: float | None = 1.0
    min_delta: float = 1e-5
    normalizes = True

    def __init__(
        self,
        *,
        n_steps: int | str = "auto",
        learning_rate: float = 1e-3,
        batch_size: int | str = "auto",
        patience: int | str | None = None,
        validation_fraction: float = 0.1,
        device: str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.n_steps = n_steps
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.device = device
        self.precision = precision

    def check(self) -> None:
        """Refuse parameters that no training can have, and a device that is not here.

        Raises
        ------
        InvalidParameterError
            If a parameter is not one of those allowed.
        ValueError
            If torch does not find the device.
        """
        self._validate_params()
        resolve_device(self.device)

    def plan(
        self,
        n_spectra: int,
        name: str,
        *,
        l2: float | str,
        verbose: bool,
        begun: bool = False,
    ) -> Plan:
        """Work out what the training comes to.

        Parameters
        ----------
        n_spectra : int
            Spectra to train with.
        name : str
            What progress bar and messages call the network.
        l2 : float or "auto"
            Strength of the network's L2 penalty.
        verbose : bool
            Whether to show a progress bar.
        begun : bool, default=False
            Whether the network begins at the principal components of its spectra.

        Returns
        -------
        Plan
            All in numbers.
        """
        size = self.batch_size
        size = batch_size_for(n_spectra) if isinstance(size, str) else int(size)
        n_epochs = self._n_epochs(-(-n_spectra // size), begun)
        patience = self.patience
        if isinstance(patience, str):
            patience = max(LEAST_PATIENCE, math.ceil(PATIENT_PART * n_epochs))
        return Plan(
            name=name,
            n_epochs=n_epochs,
            batch_size=size,
            learning_rate=self.learning_rate,
            decays=self.decays,
            l2=l2,
            patience=patience,
            min_delta=self.min_delta,
            max_gradient_norm=self.max_gradient_norm,
            device=resolve_device(self.device),
            precision=self.precision,
            verbose=verbose,
        )

    def _n_epochs(self, n_batches: int, begun: bool) -> int:
        if isinstance(self.n_steps, str):
            n_steps = max(AUTO_EPOCHS * n_batches, AUTO_STEPS)
            return math.ceil((BEGUN_PART if begun else 1) * n_steps / n_batches)
        return -(-int(self.n_steps) // n_batches)


class PublishedTraining(Training):
    """How the paper trains its networks.

    Epochs are counted in place of steps, which are all of one size; gradients are as
    they come, and networks meet the numbers as they are. The paper scales every channel
    to zero mean and unit variance beforehand.

    Parameters
    ----------
    max_epochs : int, default=100
        Passes over the spectra.
    learning_rate : float, default=1e-4
        Size of a step.
    batch_size : int or "auto", default=128
        Spectra in a step.
    patience : int, "auto" or None, default=5
        Epochs without a better validation loss before the training stops and the best
        weights are restored. None always trains to the end, with all spectra.
    min_delta : float, default=1e-5
        Smallest decrease of the validation loss that counts as better.
    validation_fraction : float, default=0.1
        Part of the spectra, drawn at random, that is held back for early stopping
        where `patience` asks for it and `fit` is given none.
    device : str, default="cpu"
        Where to compute, see `Training`.
    precision : {"float32", "tf32", "bfloat16"}, default="float32"
        What matrix products are computed in, see `Training`.

    See Also
    --------
    Training : What serves from 20 to 300,000 spectra.

    References
    ----------
    .. [1] J. Vrabel et al., "Library transfer between distinct Laser-Induced
       Breakdown Spectroscopy systems with shared standards", section 3.2.

    Examples
    --------
    >>> from spectransfer import SpectralMLP
    >>> from spectransfer.networks import PublishedTraining
    >>> SpectralMLP.as_published().training
    PublishedTraining()
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **{k: v for k, v in Training._parameter_constraints.items() if k != "n_steps"},
        "max_epochs": [_WHOLE],
        "min_delta": [Interval(Real, 0, None, closed="left")],
    }

    decays = False
    max_gradient_norm = None
    normalizes = False

    def __init__(
        self,
        *,
        max_epochs: int = 100,
        learning_rate: float = 1e-4,
        batch_size: int | str = 128,
        patience: int | str | None = 5,
        min_delta: float = 1e-5,
        validation_fraction: float = 0.1,
        device: str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.max_epochs = max_epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.patience = patience
        self.min_delta = min_delta
        self.validation_fraction = validation_fraction
        self.device = device
        self.precision = precision

    def _n_epochs(self, n_batches: int, begun: bool) -> int:
        return int(self.max_epochs)
