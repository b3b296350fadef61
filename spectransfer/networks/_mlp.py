"""A multilayer perceptron from spectra to any numbers.

Second step of the method: each secondary laboratory maps its spectra to the latents
of the same spots (Vrabel et al., section 3.2.1).
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.base import MultiOutputMixin
from torch import nn

from spectransfer._random import seeded
from spectransfer._typing import ArrayLike, FloatArray, RandomState
from spectransfer._validation import (
    ScoresOnItsAxis,
    check_pair,
    check_weights,
    fit_context,
)
from spectransfer.networks._network import (
    NetworkEstimator,
    check_validation_pair,
)
from spectransfer.networks._training import PublishedTraining, Training
from spectransfer.nn import (
    MLP,
    DecodedLoss,
    Seen,
    Unit,
    forward_blocks,
    learning_curves,
    narrowed,
    train,
)


class Decoded(NamedTuple):
    """A decoder, what it is to answer, and what it is to answer of watched spectra."""

    decoder: nn.Module
    targets: Seen | None
    watched: Seen | None


class SpectralMLP(MultiOutputMixin, ScoresOnItsAxis, NetworkEstimator):
    r"""Multilayer perceptron from secondary spectra to latents, or anything else.

    Hidden layers have a leaky ReLU of slope 0.2, the output is linear. Trained with
    Adam on

    .. math:: \frac{1}{NL} \sum_{il} (z_{il} - \hat z_{il})^2 + \lambda \sum_k w_k^2 .

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(128, 512)
        Neurons of the hidden layers; () makes the map linear.
    n_components : int, "auto" or None, default="auto"
        In how many principal components the network sees spectra, see
        `SpectralVAE`. None is the paper's.
    l2 : float or "auto", default="auto"
        Strength of the L2 penalty on the kernels of the hidden layers. "auto" is 0.31
        divided by the number of spectra: the paper's 1e-6 for its 313,600, and the
        same weight against the sum of squared errors where there are fewer. A network
        that sees more than 310 channels has a thousandth of their number over that of
        the spectra: noise comes in by every channel.
    training : Training, default=None
        How it is trained: steps, step size, early stopping, device. ``Training()``
        when None.
    random_state : int, RandomState instance or None, default=None
        Seed of weights and order of the spectra.
    verbose : bool or int, default=0
        Whether to show a progress bar.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; `net_.module_` is the torch module.
    unit_, target_unit_ : tuple
        Shift of each column and common scale between `X` (`y`) and network.
    loss_curve_, validation_loss_curve_ : list of float
        Loss and validation loss, epoch by epoch.
    decoded_loss_curve_, decoded_validation_loss_curve_ : list of float or None
        The same of what followed through a decoder, where `VAELatentTransfer` trained
        the network on.
    n_epochs_ : int
        Number of epochs trained, without those through a decoder.
    device_ : str
        Where it was trained.
    n_features_in_ : int
        Number of channels of the secondary spectra.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of `X`, where it had any.

    See Also
    --------
    VAELatentTransfer : Uses it to map spectra into a latent space.
    DirectMLPTransfer : A network from secondary to primary spectra in one piece.

    References
    ----------
    .. [1] J. Vrabel et al., "Library transfer between distinct Laser-Induced
       Breakdown Spectroscopy systems with shared standards", section 3.2.1.

    Examples
    --------
    >>> from spectransfer import SpectralMLP, Training
    >>> from spectransfer.datasets import make_instrument_pair
    >>> pair = make_instrument_pair(n_spectra=300, random_state=0)
    >>> mlp = SpectralMLP((32,), training=Training(n_steps=1000), random_state=0)
    >>> mlp.fit(pair.X_secondary, pair.y)
    SpectralMLP(...)
    >>> mlp.predict(pair.X_secondary).shape == pair.y.shape
    True
    """

    __metadata_request__fit = {"X_val": True, "y_val": True}

    def __init__(
        self,
        hidden_layer_sizes: tuple[int, ...] = (128, 512),
        *,
        n_components: int | str | None = "auto",
        l2: float | str = "auto",
        training: Training | None = None,
        random_state: RandomState = None,
        verbose: bool | int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_components = n_components
        self.l2 = l2
        self.training = training
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def as_published(cls, **changes: Any) -> "SpectralMLP":
        """Give the paper's mapper, ready to be fitted.

        128-512, Adam at 1e-4, batches of 128, up to 100 epochs, stopped after 5 in
        which the validation loss did not fall by 1e-5, numbers as they are.

        Parameters
        ----------
        **changes : dict
            Parameters that are to differ, such as ``random_state=0`` or
            ``training__max_epochs=20``.

        Returns
        -------
        SpectralMLP
            Not yet fitted.

        Examples
        --------
        >>> from spectransfer import SpectralMLP
        >>> SpectralMLP.as_published().training.max_epochs
        100
        """
        published = cls(n_components=None, l2=1e-6, training=PublishedTraining())
        return published.set_params(**changes)

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> "SpectralMLP":
        """Learn to predict `y` from spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Secondary spectra.
        y : array-like of shape (n_spectra, n_outputs) or (n_spectra,)
            What to predict for each of them.
        X_val, y_val : array-like, default=None
            Pairs whose loss is watched, shaped as `X` and `y`. Without them, and with
            `patience` set, `validation_fraction` of the pairs is held back.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weights of the spectra in the loss, of which only the ratios count. Those of
            weight zero are left out; validation spectra all weigh the same.

        Returns
        -------
        SpectralMLP
            The fitted estimator.
        """
        return self._fit(X, y, X_val, y_val, sample_weight, None)

    def _fit_through(
        self,
        autoencoder: Any,
        pair: tuple[FloatArray, FloatArray],
        watched: tuple[FloatArray, FloatArray] | None,
        spectra: tuple[FloatArray, FloatArray | None] | None,
        weights: FloatArray | None = None,
    ) -> None:
        """Fit to latents, then train on until what a frozen decoder makes of them fits.

        It is to fit what the decoder makes of the true latents, which `pair` and
        `watched` hold, or measured `spectra` of both.
        """
        decoder, span = narrowed(autoencoder.net_.module_.decoder)
        X_val, y_val = watched or (None, None)
        # made once, and not in every step
        made = [
            y if y is None else _decode(decoder, y)
            if spectra is None else span.see(y, autoencoder.unit_)
            for y in (spectra or (pair[1], y_val))
        ]  # fmt: skip
        decoded = Decoded(decoder, made[0], made[1])
        self._fit(*pair, X_val, y_val, weights, decoded)

    def _fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_val: ArrayLike | None,
        y_val: ArrayLike | None,
        sample_weight: ArrayLike | None,
        decoded: "Decoded | None",
    ) -> "SpectralMLP":
        """Fit, and train on through a decoder where there is one."""
        self.check_parameters()
        pair = check_pair(self, X, y)
        weights = check_weights(sample_weight, pair[0])
        watched = check_validation_pair(self, X_val, y_val, pair[1])
        self.decoded_loss_curve_: list[float] | None = None
        self.decoded_validation_loss_curve_: list[float] | None = None
        self._fit_regression(
            "MLP", self._module, pair, watched, weights,
            decoded and partial(self._train_through, decoded, weights),
        )  # fmt: skip
        return self

    @property
    def _n_components(self) -> tuple[int | str | None, int | str | None]:
        # latents are what they are
        return self.n_components, None

    def _module(self, n_in: int, n_out: int) -> tuple[MLP, tuple[MLP, MLP]]:
        mlp = MLP(n_in, self.hidden_layer_sizes, n_out)
        return mlp, (mlp, mlp)

    def _train_through(
        self,
        decoded: "Decoded",
        weights: FloatArray | None,
        seen: Seen,
        watched: Seen | None,
    ) -> None:
        """Train on until what a frozen decoder makes of the latents fits."""
        shift, scale = self.target_unit_
        loss = DecodedLoss(decoded.decoder, torch.from_numpy(shift).float(), scale)
        others = None if watched is None else (watched, decoded.watched)
        with seeded(self.random_state) as rng:
            data, validation = self._datasets(
                (seen, decoded.targets), others, rng, weights
            )
            plan = self._plan("MLP through the decoder", len(data))
            self.net_ = train(self.net_.module_, loss, data, validation, plan)
        curves = learning_curves(self.net_)
        self.decoded_loss_curve_ = curves.get("train_loss", [])
        self.decoded_validation_loss_curve_ = curves.get("valid_loss")

    def predict(self, X: ArrayLike) -> FloatArray:
        """Predict for spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Secondary spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_outputs) or (n_spectra,)
            Predictions, in the dtype of `X` and the unit of `y`.
        """
        return self._predict_regression(X)


def _decode(decoder: nn.Module, latents: FloatArray) -> Seen:
    n_answers = decoder(torch.zeros(1, latents.shape[1], dtype=torch.float32)).shape[1]
    units = Unit.identity(latents.shape[1]), Unit.identity(n_answers)
    latents = latents.astype(np.float32, copy=False)
    made = forward_blocks(decoder, latents, units, torch.device("cpu"))
    return Seen(made, units[1])
