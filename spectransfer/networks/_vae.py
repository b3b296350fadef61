r"""Primary spectra and their latents: the variational autoencoder.

First step of the method: the primary laboratory learns a low-dimensional latent
space of its spectra (Vrabel et al., section 3.2.2). The encoder gives mean and
variance of a latent, the decoder gives a spectrum back, and training minimizes

.. math:: \frac{1}{NM} \sum_{ij} (x_{ij} - \hat x_{ij})^2
          + \beta_t \, s \, \mathrm{KL} + \lambda \sum_k w_k^2

with the weight :math:`\beta_t` annealed in cycles (Fu et al., 2019).
"""

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_array, check_is_fitted

from spectransfer._random import seeded
from spectransfer._typing import ArrayLike, FloatArray, RandomState
from spectransfer._validation import (
    Interval,
    StrOptions,
    check_spectra,
    check_weights,
    fit_context,
)
from spectransfer.metrics import relative_squared_error
from spectransfer.networks._moments import latent_moments
from spectransfer.networks._network import (
    NETWORK_CONSTRAINTS,
    NetworkEstimator,
    encoder_layers_for,
    see,
)
from spectransfer.networks._training import PublishedTraining, Training
from spectransfer.nn import (
    VAE,
    Subspace,
    Unit,
    VAELoss,
    cyclical_annealing,
    subspace_of,
)


class SpectralVAE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, NetworkEstimator):
    r"""Variational autoencoder of primary spectra.

    A transformer: `transform` encodes spectra into latents (the posterior mean),
    `inverse_transform` decodes latents into spectra. Hidden layers have a leaky ReLU
    of slope 0.2, the decoder mirrors the encoder. Trained with Adam on

    .. math:: \frac{1}{NM} \sum_{ij} (x_{ij} - \hat x_{ij})^2
              + \beta_t \, s \, \mathrm{KL} + \lambda \sum_k w_k^2

    where :math:`\beta_t` rises from 0 to `kl_weight` and stays there, `kl_cycles`
    times during the training, and :math:`s` is set by `kl_scale`.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int or "auto", default="auto"
        Neurons of the encoder's hidden layers; the decoder has them in reverse. "auto"
        is the paper's (1024, 512) where it sees 2048 channels or more, and smaller
        powers of two, down to (64, 32), for fewer channels or components.
    n_latent : int, default=64
        Number of latents. Superfluous ones are switched off by the KL divergence.
    shortcut : {"pca", None}, default="pca"
        Whether encoder and decoder have a linear map beside their hidden layers, which
        starts as the principal components of the spectra: the network begins where a
        principal component analysis ends, and its posteriors stay within the prior's
        width. None is the paper's.
    kl_weight : float, default=0.5
        Weight of the KL divergence at the top of a cycle. 0 gives a plain
        autoencoder.
    kl_scale : {"channel", "literal"}, default="channel"
        "channel" divides the KL divergence by the number of channels, so that it
        stands beside a squared error that is a mean over channels; "literal" is the
        letter of the paper's text, by which the divergence outweighs the spectra.
    kl_cycles : int, default=4
        Number of annealing cycles.
    n_components : int, "auto" or None, default="auto"
        In how many principal components the network sees and answers spectra. "auto"
        takes 64, and up to 256 while twice as many hold a thousandth of the variance
        more; below 128 channels, as with None (the paper's), it sees channels. The
        basis is multiplied into the layers afterwards, and losses are over channels.
    l2 : float or "auto", default="auto"
        Strength of the L2 penalty on the kernels of the hidden layers. "auto" is 0.31
        divided by the number of spectra: the paper's 1e-6 for its 313,600, and the
        same weight against the sum of squared errors where there are fewer.
    training : Training, default=None
        How it is trained: steps, step size, early stopping, device. ``Training()``
        when None.
    random_state : int, RandomState instance or None, default=None
        Seed of weights, sampling and order of the spectra.
    verbose : bool or int, default=0
        Whether to show a progress bar.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; `net_.module_` is the torch module.
    unit_ : tuple
        Shift of each channel and common scale between spectra and network.
    latent_mean_ : ndarray of shape (n_latent,)
        Mean of the training latents.
    latent_covariance_ : ndarray of shape (n_latent, n_latent)
        Their covariance.
    loss_curve_, validation_loss_curve_, kl_weight_curve_ : list of float
        Loss, validation loss and KL weight, epoch by epoch.
    n_epochs_ : int
        Number of epochs trained.
    device_ : str
        Where it was trained.
    n_features_in_ : int
        Number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of `X`, where it had any.

    See Also
    --------
    VAELatentTransfer : Maps secondary spectra into these latents.
    sklearn.decomposition.PCA : The linear relative.

    References
    ----------
    .. [1] J. Vrabel et al., "Library transfer between distinct Laser-Induced
       Breakdown Spectroscopy systems with shared standards", section 3.2.2.
    .. [2] D. P. Kingma and M. Welling, "Auto-Encoding Variational Bayes", 2013.
    .. [3] H. Fu et al., "Cyclical Annealing Schedule", 2019, arXiv:1903.10145.

    Examples
    --------
    >>> from spectransfer import SpectralVAE, Training
    >>> from spectransfer.datasets import make_instrument_pair
    >>> spectra = make_instrument_pair(n_spectra=200, random_state=0).X_primary
    >>> vae = SpectralVAE(
    ...     (64, 32), n_latent=8, training=Training(n_steps=500), random_state=0
    ... )
    >>> latents = vae.fit_transform(spectra)
    >>> latents.shape
    (200, 8)
    >>> vae.inverse_transform(latents).shape == spectra.shape
    True
    """

    _parameter_constraints = NETWORK_CONSTRAINTS | {
        "hidden_layer_sizes": ["array-like", StrOptions({"auto"})],
        "n_latent": [Interval(Integral, 1, None, closed="left")],
        "shortcut": [StrOptions({"pca"}), None],
        "kl_weight": [Interval(Real, 0, None, closed="left")],
        "kl_scale": [StrOptions({"channel", "literal"})],
        "kl_cycles": [Interval(Integral, 1, None, closed="left")],
    }
    __metadata_request__fit = {"X_val": True}

    def __init__(
        self,
        hidden_layer_sizes: tuple[int, ...] | str = "auto",
        *,
        n_latent: int = 64,
        shortcut: str | None = "pca",
        kl_weight: float = 0.5,
        kl_scale: str = "channel",
        kl_cycles: int = 4,
        n_components: int | str | None = "auto",
        l2: float | str = "auto",
        training: Training | None = None,
        random_state: RandomState = None,
        verbose: bool | int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_latent = n_latent
        self.shortcut = shortcut
        self.kl_weight = kl_weight
        self.kl_scale = kl_scale
        self.kl_cycles = kl_cycles
        self.n_components = n_components
        self.l2 = l2
        self.training = training
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def as_published(cls, **changes: Any) -> "SpectralVAE":
        """Give the paper's configuration, ready to be fitted.

        1024-512-64, Adam at 1e-4, up to 50 epochs of batches of 128, stopped after 5
        in which the validation loss did not fall by 1e-4, spectra as they are. The
        paper scales every channel to zero mean and unit variance beforehand. It leaves
        open whether the divergence is summed or averaged, and whether training stops
        early: of the readings with a divergence this came nearest to its figures, at
        its number of shots. The letter of its text is
        ``SpectralVAE.as_published(kl_scale="literal", training__patience=None)``.

        Parameters
        ----------
        **changes : dict
            Parameters that are to differ, such as ``random_state=0`` or
            ``training__max_epochs=20``.

        Returns
        -------
        SpectralVAE
            Not yet fitted.

        Examples
        --------
        >>> from spectransfer import SpectralVAE
        >>> SpectralVAE.as_published(random_state=0).training.learning_rate
        0.0001
        """
        published = cls(
            (1024, 512),
            shortcut=None,
            n_components=None,
            l2=1e-6,
            training=PublishedTraining(max_epochs=50, min_delta=1e-4),
        )
        return published.set_params(**changes)

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: object = None,
        X_val: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> "SpectralVAE":
        """Learn the latent space of primary spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Primary spectra.
        y : None
            Ignored.
        X_val : array-like of shape (n_validation, n_wavelengths), default=None
            Primary spectra whose loss is watched. Without them, and with `patience`
            set, `validation_fraction` of `X` is held back.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weights of the spectra in the loss, of which only the ratios count. Those of
            weight zero are left out; validation spectra all weigh the same.

        Returns
        -------
        SpectralVAE
            The fitted estimator.
        """
        self.check_parameters()
        primary = check_spectra(self, X, reset=True)
        watched = None
        if X_val is not None:
            watched = check_spectra(self, X_val, name="X_val")
        weights = check_weights(sample_weight, primary)
        unit = self._unit(primary, weights)
        with seeded(self.random_state) as rng:
            subspace = subspace_of(
                primary, unit, self.n_components, rng, weights, least=self.n_latent
            )
            seen = see(primary, unit, subspace)
            others = None if watched is None else (see(watched, unit, subspace), None)
            data, validation = self._datasets((seen, None), others, rng, weights)
            plan = self._plan("VAE", len(data), begun=self.shortcut is not None)
            module = self._module(seen.numbers.shape[1])
            if self.shortcut is not None:
                start = subspace and subspace.inside()
                start = start or Subspace.of(primary, unit, self.n_latent, rng, weights)
                module.start_from(start.leading(self.n_latent))
            loss = VAELoss(1.0 if self.kl_scale == "literal" else 1 / primary.shape[1])
            kl_weights = cyclical_annealing(
                plan.n_epochs, self.kl_weight, n_cycles=self.kl_cycles
            )
            self._train(plan, (module, loss), data, validation, kl_weights=kl_weights)
        if subspace is not None:
            module.through(subspace)
        self.unit_, self._n_features_out = unit, self.n_latent
        self.latent_mean_, self.latent_covariance_ = latent_moments(
            self._encode, primary, weights
        )
        return self

    def _module(self, n_seen: int) -> VAE:
        sizes = self.hidden_layer_sizes
        if isinstance(sizes, str):
            sizes = encoder_layers_for(n_seen)
        return VAE(n_seen, sizes, self.n_latent)

    def _encode(self, primary: FloatArray) -> FloatArray:
        module = self._ready_module()
        units = (self.unit_, Unit.identity(self._n_features_out))
        return self._forward(lambda x: module.encode(x)[0], primary, units)

    def transform(self, X: ArrayLike) -> FloatArray:
        """Encode spectra into latents: the mean of their posterior.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Primary spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_latent)
            Latents.
        """
        check_is_fitted(self)
        return self._encode(check_spectra(self, X, finite=False))

    def inverse_transform(self, X: ArrayLike) -> FloatArray:
        """Decode latents into primary spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_latent)
            Latents.

        Returns
        -------
        ndarray of shape (n_spectra, n_wavelengths)
            Spectra, in the unit of the training spectra.
        """
        module = self._ready_module()
        latents = check_array(X, dtype=[np.float64, np.float32], input_name="X")
        n_latent = self._n_features_out
        if latents.shape[1] != n_latent:
            raise ValueError(
                f"X has {latents.shape[1]} features, but {type(self).__name__} decodes "
                f"{n_latent} latents."
            )
        units = (Unit.identity(n_latent), self.unit_)
        return self._forward(module.decoder, latents, units)

    def sample(
        self,
        n_samples: int = 1,
        *,
        source: str = "fitted",
        random_state: RandomState = None,
    ) -> FloatArray:
        """Draw spectra that the primary instrument might measure.

        Parameters
        ----------
        n_samples : int, default=1
            Number of spectra.
        source : {"fitted", "prior"}, default="fitted"
            Distribution of the latents: a normal one with mean and covariance of the
            training latents, or the standard normal prior, which the training latents
            follow only where the KL weight is large.
        random_state : int, RandomState instance or None, default=None
            Seed of the draw.

        Returns
        -------
        ndarray of shape (n_samples, n_wavelengths)
            Spectra.
        """
        check_is_fitted(self)
        rng = check_random_state(random_state)
        if source == "prior":
            latents = rng.standard_normal((n_samples, self._n_features_out))
        elif source == "fitted":
            latents = rng.multivariate_normal(
                self.latent_mean_, self.latent_covariance_, n_samples
            )
        else:
            raise ValueError(
                f"source must be 'fitted' or 'prior', but it is {source!r}."
            )
        return self.inverse_transform(latents)

    def score(self, X: ArrayLike, y: object = None) -> float:
        """Part of the variance of spectra that survives encoding and decoding.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Primary spectra.
        y : None
            Ignored.

        Returns
        -------
        float
            One minus the relative squared error: 1 for a perfect reconstruction, 0
            for the mean spectrum.
        """
        decoded = self.inverse_transform(self.transform(X))
        return 1.0 - relative_squared_error(check_spectra(self, X), decoded)

    def __sklearn_tags__(self) -> Tags:
        """Say that float32 stays float32."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
