"""A network from secondary to primary spectra in one piece: the paper's MLP baseline.

The mapper of the latent transfer followed by a decoder of the same shape as the VAE's,
trained as one network on primary spectra. It needs the primary spectra themselves
where the latent transfer needs latents and a decoder.
"""

from collections import OrderedDict
from numbers import Integral
from typing import Any

from sklearn.base import MultiOutputMixin
from torch import nn

from spectransfer._typing import ArrayLike, FloatArray, RandomState
from spectransfer._validation import (
    Interval,
    ScoresOnItsAxis,
    StrOptions,
    check_pair,
    check_weights,
    fit_context,
)
from spectransfer.networks import (
    NETWORK_CONSTRAINTS,
    NetworkEstimator,
    PublishedTraining,
    Training,
    check_validation_pair,
    encoder_layers_for,
)
from spectransfer.nn import MLP

# with layers for 64 components, errors on maps were a tenth larger
LEAST_OUTPUTS = 512


class DirectMLPTransfer(MultiOutputMixin, ScoresOnItsAxis, NetworkEstimator):
    r"""Transfer by one network from secondary to primary spectra.

    A comparison method: n_secondary - `hidden_layer_sizes` - `n_latent` -
    `decoder_layer_sizes` - n_primary, with leaky ReLUs of slope 0.2 on the hidden
    layers and linear latents in the middle. Trained with Adam on

    .. math:: \frac{1}{NM} \sum_{ij} (y_{ij} - \hat y_{ij})^2 + \lambda \sum_k w_k^2 .

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(128, 512)
        Neurons of the hidden layers before the latents.
    n_latent : int, default=64
        Number of linear neurons in the middle.
    decoder_layer_sizes : tuple of int or "auto", default="auto"
        Neurons of the hidden layers behind the latents. "auto" is the paper's
        (512, 1024) where the network answers with 2048 channels or more, and smaller
        powers of two, down to (128, 256), for fewer channels or components.
    n_components : int, "auto" or None, default="auto"
        In how many principal components the network sees both sides, see
        `SpectralVAE`. None is the paper's.
    l2 : float or "auto", default="auto"
        Strength of the L2 penalty on the kernels of the hidden layers. "auto" is 0.31
        divided by the number of spectra: the paper's 1e-6 for its 313,600, and the
        same weight against the sum of squared errors where there are fewer. Before the
        latents it is a thousandth of the secondary channels over the number of spectra
        where that is more: noise comes in by every channel.
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
        Shift of each channel and common scale between spectra and network.
    loss_curve_, validation_loss_curve_ : list of float
        Loss and validation loss, epoch by epoch.
    n_epochs_ : int
        Number of epochs trained.
    device_ : str
        Where it was trained.
    n_features_in_ : int
        Number of channels of the secondary spectra.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of `X`, where it had any.

    See Also
    --------
    VAELatentTransfer : The same through a latent space that laboratories can share.

    References
    ----------
    .. [1] J. Vrabel et al., "Library transfer between distinct Laser-Induced
       Breakdown Spectroscopy systems with shared standards", section 3.2.1.

    Examples
    --------
    >>> from spectransfer import DirectMLPTransfer, Training
    >>> from spectransfer.datasets import make_instrument_pair
    >>> pair = make_instrument_pair(n_spectra=300, random_state=0)
    >>> transfer = DirectMLPTransfer((32,), n_latent=8, decoder_layer_sizes=(32,),
    ...                              training=Training(n_steps=1000), random_state=0)
    >>> transfer.fit(pair.X_secondary, pair.X_primary)
    DirectMLPTransfer(...)
    >>> transfer.predict(pair.X_secondary).shape == pair.X_primary.shape
    True
    """

    _parameter_constraints = NETWORK_CONSTRAINTS | {
        "n_latent": [Interval(Integral, 1, None, closed="left")],
        "decoder_layer_sizes": ["array-like", StrOptions({"auto"})],
    }
    _layers = ("hidden_layer_sizes", "decoder_layer_sizes")
    __metadata_request__fit = {"X_val": True, "y_val": True}

    def __init__(
        self,
        hidden_layer_sizes: tuple[int, ...] = (128, 512),
        *,
        n_latent: int = 64,
        decoder_layer_sizes: tuple[int, ...] | str = "auto",
        n_components: int | str | None = "auto",
        l2: float | str = "auto",
        training: Training | None = None,
        random_state: RandomState = None,
        verbose: bool | int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_latent = n_latent
        self.decoder_layer_sizes = decoder_layer_sizes
        self.n_components = n_components
        self.l2 = l2
        self.training = training
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def as_published(cls, **changes: Any) -> "DirectMLPTransfer":
        """Give the paper's direct MLP, ready to be fitted.

        128-512-64-512-1024, Adam at 1e-4, batches of 128, up to 100 epochs, stopped
        after 5 in which the validation loss did not fall by 1e-5, spectra as they
        are. The paper scales every channel to zero mean and unit variance beforehand.

        Parameters
        ----------
        **changes : dict
            Parameters that are to differ, such as ``random_state=0`` or
            ``training__max_epochs=20``.

        Returns
        -------
        DirectMLPTransfer
            Not yet fitted.

        Examples
        --------
        >>> from spectransfer import DirectMLPTransfer
        >>> DirectMLPTransfer.as_published().training.patience
        5
        """
        published = cls(
            decoder_layer_sizes=(512, 1024),
            n_components=None,
            l2=1e-6,
            training=PublishedTraining(),
        )
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
    ) -> "DirectMLPTransfer":
        """Learn the transfer from spectra of shared standards.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra of the same spots.
        X_val, y_val : array-like, default=None
            Pairs whose loss is watched, shaped as `X` and `y`. Without them, and with
            `patience` set, `validation_fraction` of the pairs is held back.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weights of the spectra in the loss, of which only the ratios count. Those of
            weight zero are left out; validation spectra all weigh the same.

        Returns
        -------
        DirectMLPTransfer
            The fitted estimator.
        """
        self.check_parameters()
        pair = check_pair(self, X, y)
        weights = check_weights(sample_weight, pair[0])
        watched = check_validation_pair(self, X_val, y_val, pair[1])
        self._fit_regression("direct MLP", self._module, pair, watched, weights)
        return self

    def _module(self, n_in: int, n_out: int) -> tuple[nn.Module, tuple[MLP, MLP]]:
        sizes = self.decoder_layer_sizes
        if isinstance(sizes, str):
            sizes = tuple(reversed(encoder_layers_for(max(n_out, LEAST_OUTPUTS))))
        mapper = MLP(n_in, self.hidden_layer_sizes, self.n_latent)
        decoder = MLP(self.n_latent, sizes, n_out)
        module = nn.Sequential(OrderedDict(mapper=mapper, decoder=decoder))
        return module, (mapper, decoder)

    def predict(self, X: ArrayLike) -> FloatArray:
        """Transfer secondary spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra, in the dtype of `X` and the unit of `y`.
        """
        return self._predict_regression(X)
