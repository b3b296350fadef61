"""A multilayer perceptron from spectra to any numbers.

Second step of the method: each secondary laboratory maps its spectra to the latents
of the same spots (Vrabel et al., section 3.2.1).
"""

from typing import Any

import torch
from sklearn.base import MultiOutputMixin

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
from spectransfer.nn import MLP, DecodedLoss, learning_curves, train


class SpectralMLP(MultiOutputMixin, ScoresOnItsAxis, NetworkEstimator):
    r"""Multilayer perceptron from secondary spectra to latents, or anything else.

    Hidden layers have a leaky ReLU of slope 0.2, the output is linear. Trained with
    Adam on

    .. math:: \frac{1}{NL} \sum_{il} (z_{il} - \hat z_{il})^2 + \lambda \sum_k w_k^2 .

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(128, 512)
        Neurons of the hidden layers; () makes the map linear.
    l2 : float or "auto", default="auto"
        Strength of the L2 penalty on the kernels of the hidden layers. "auto" is 0.31
        divided by the number of spectra: the paper's 1e-6 for its 313,600, and the
        same weight against the sum of squared errors where there are fewer. From 310
        channels on it is a thousandth of their number over that of the spectra: noise
        comes in by every channel.
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
        l2: float | str = "auto",
        training: Training | None = None,
        random_state: RandomState = None,
        verbose: bool | int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
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
        published = cls(l2=1e-6, training=PublishedTraining())
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
        self.check_parameters()
        pair = check_pair(self, X, y)
        weights = check_weights(sample_weight, pair[0])
        watched = check_validation_pair(self, X_val, y_val, pair[1])
        self._fit_regression(
            "MLP",
            lambda n_in, n_out: MLP(n_in, self.hidden_layer_sizes, n_out),
            pair,
            watched,
            weights,
        )
        # of a training through a decoder, which may follow
        self.decoded_loss_curve_: list[float] | None = None
        self.decoded_validation_loss_curve_: list[float] | None = None
        return self

    def _fit_through(
        self,
        autoencoder: Any,
        target: str,
        pair: tuple[FloatArray, FloatArray],
        watched: tuple[FloatArray, FloatArray] | None,
        weights: FloatArray | None = None,
    ) -> None:
        """Train on until what a frozen decoder makes of the latents fits.

        It is to fit what the decoder makes of the true latents (`target` "latents",
        which `pair` then holds), or measured spectra ("spectra").
        """
        shift, scale = self.target_unit_
        decoder = autoencoder.net_.module_.decoder
        loss = DecodedLoss(decoder, torch.from_numpy(shift).float(), scale, target)
        of_targets = self.target_unit_ if target == "latents" else autoencoder.unit_
        units = (self.unit_, of_targets)
        with seeded(self.random_state) as rng:
            data, validation = self._datasets(*pair, watched, units, rng, weights)
            module = self.net_.module_
            plan = self._plan("MLP through the decoder", len(data))
            self.net_ = train(module, loss, data, validation, plan)
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
