r"""The paper's transfer: map secondary spectra to latents, decode them as primary ones.

    secondary spectrum -- mapper --> latent -- decoder --> primary spectrum

The autoencoder learns its latents from primary spectra alone, the mapper learns the
latents of the shared standards (Vrabel et al., section 3, figure 4). Laboratories
share decoder and latents; each secondary one trains a mapper of its own.
"""

from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import (
    BaseEstimator,
    MultiOutputMixin,
    clone,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray, RandomState
from spectransfer._validation import (
    HasMethods,
    ScoresOnItsAxis,
    StrOptions,
    check_pair,
    check_spectra,
    check_weights,
    fit_context,
)
from spectransfer._wrapping import HeldParts, is_frozen
from spectransfer.networks import (
    NetworkEstimator,
    SpectralMLP,
    SpectralVAE,
    check_validation_pair,
    columns,
)
from spectransfer.transfer._latent_parts import (
    checked_unpaired,
    compare_space,
    latents_of,
    not_decodable,
)
from spectransfer.transfer._parts import (
    fit_watched,
    learned_beside,
    refuse_what_takes_no_weights,
    with_unpaired,
)
from spectransfer.transfer._population import LibraryMoments

Pair = tuple[FloatArray, FloatArray]


class VAELatentTransfer(
    OnItsPage, HeldParts, MultiOutputMixin, ScoresOnItsAxis, BaseEstimator
):
    r"""Transfer through a latent space of primary spectra: the paper's method.

    With encoder :math:`E` and decoder :math:`D` of the autoencoder, and the mapper
    :math:`f`,

    .. math:: z_i = E(y_i), \qquad
              f = \arg\min_f \sum_i \lVert z_i - f(x_i) \rVert^2, \qquad
              \hat y(x) = D(f(x)) .

    Parameters
    ----------
    autoencoder : estimator, default=None
        From primary spectra to latents (`transform`) and back (`inverse_transform`):
        `SpectralVAE()` when None. Anything with these methods will do, such as
        `sklearn.decomposition.PCA`. A fitted one wrapped in
        `sklearn.frozen.FrozenEstimator` is used as it is and never trained again:
        that is how a secondary laboratory joins a library it did not make.
    mapper : estimator, default=None
        Multi-output regressor from secondary spectra to latents: `SpectralMLP()` when
        None.
    objective : {"auto", "latent", "decoded", "spectrum"}, default="auto"
        What the mapper has to match. "latent": the latents of the primary spectra, all
        alike (the paper). "decoded": after that, the spectra that the frozen decoder
        makes of these latents, so that a latent counts by what it does to a spectrum;
        a laboratory needs no more for it than decoder and latents. "spectrum": after
        that, the measured primary spectra instead. The last two need a `SpectralVAE`
        and a `SpectralMLP`; "auto" is "decoded" with these and "latent" otherwise.
    device : str or None, default=None
        "cpu", "cuda" or "auto" for the trainings of both networks; None leaves it to
        each of them.
    random_state : int, RandomState instance or None, default=None
        Seed from which parts that have no seed of their own get theirs.
    verbose : bool, int or None, default=None
        Progress bars of both networks; None leaves it to each of them.

    Attributes
    ----------
    autoencoder_ : estimator
        The fitted autoencoder (the very one given, where it was frozen).
    mapper_ : estimator
        The fitted mapper.
    n_features_in_ : int
        Number of channels of the secondary spectra.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of `X`, where it had any.

    See Also
    --------
    spectransfer.make_transfer_pipeline : Adds baseline correction and scaling.
    DirectMLPTransfer : One network without a latent space to share.

    References
    ----------
    .. [1] J. Vrabel et al., "Library transfer between distinct Laser-Induced
       Breakdown Spectroscopy systems with shared standards", section 3.

    Examples
    --------
    >>> from spectransfer import SpectralMLP, SpectralVAE, Training, VAELatentTransfer
    >>> from spectransfer.datasets import make_instrument_pair
    >>> pair = make_instrument_pair(n_spectra=300, random_state=0)
    >>> transfer = VAELatentTransfer(
    ...     SpectralVAE((64,), n_latent=8, training=Training(n_steps=500)),
    ...     SpectralMLP((64,), training=Training(n_steps=500)),
    ...     random_state=0,
    ... ).fit(pair.X_secondary, pair.X_primary)
    >>> transfer.predict(pair.X_secondary).shape == pair.X_primary.shape
    True

    Another laboratory joins with its own spectra and the autoencoder as it is:

    >>> from sklearn.frozen import FrozenEstimator
    >>> other = VAELatentTransfer(
    ...     FrozenEstimator(transfer.autoencoder_),
    ...     SpectralMLP((64,), training=Training(n_steps=500), random_state=1),
    ... ).fit(pair.X_secondary[:, ::2], pair.X_primary)
    >>> other.autoencoder_.estimator is transfer.autoencoder_
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "autoencoder": [HasMethods(["fit", "transform", "inverse_transform"]), None],
        "mapper": [HasMethods(["fit", "predict"]), None],
        "objective": [StrOptions({"auto", "latent", "decoded", "spectrum"})],
        "device": [str, None],
        "random_state": ["random_state"],
        "verbose": ["verbose", None],
    }
    _default_parts = {"autoencoder": SpectralVAE, "mapper": SpectralMLP}
    __metadata_request__fit = {
        "X_val": True,
        "y_val": True,
        "X_unpaired": True,
        "y_unpaired": True,
        "sample_id": True,
    }

    def __init__(
        self,
        autoencoder: Any = None,
        mapper: Any = None,
        *,
        objective: str = "auto",
        device: str | None = None,
        random_state: RandomState = None,
        verbose: bool | int | None = None,
    ) -> None:
        self.autoencoder = autoencoder
        self.mapper = mapper
        self.objective = objective
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def as_published(cls, **changes: Any) -> "VAELatentTransfer":
        """Give the paper's configuration of both networks, ready to be fitted.

        See `SpectralVAE.as_published` and `SpectralMLP.as_published`. The paper scales
        every channel to zero mean and unit variance beforehand, as
        `make_published_pipeline` does.

        Parameters
        ----------
        **changes : dict
            Parameters that are to differ, such as ``random_state=0`` or
            ``mapper__training__max_epochs=20``.

        Returns
        -------
        VAELatentTransfer
            Not yet fitted.

        Examples
        --------
        >>> from spectransfer import VAELatentTransfer
        >>> VAELatentTransfer.as_published().autoencoder.hidden_layer_sizes
        (1024, 512)
        """
        published = cls(
            SpectralVAE.as_published(), SpectralMLP.as_published(), objective="latent"
        )
        return published.set_params(**changes)

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        X_unpaired: ArrayLike | None = None,
        y_unpaired: ArrayLike | LibraryMoments | None = None,
        sample_id: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> "VAELatentTransfer":
        """Learn latents of primary spectra, then the map from secondary ones.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra of the shared standards.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra of the same spots.
        X_val, y_val : array-like, default=None
            Pairs whose loss both networks watch, shaped as `X` and `y`. Without them,
            a network whose `patience` is set holds back a part of the training spectra.
        X_unpaired : array-like of shape (n_unpaired, n_secondary), default=None
            Secondary spectra without partners, for a mapper that learns from them, such
            as `FewStandardsTransfer`.
        y_unpaired : array-like of shape (n_library, n_primary) or LibraryMoments, \
                default=None
            Primary spectra without partners. The autoencoder learns from them as from
            `y`; a mapper that learns from spectra without partners gets their latents.
            With a frozen autoencoder also the moments of latents.
        sample_id : array-like of shape (n_spectra,), default=None
            Sample of each spectrum, for a mapper that leaves out samples.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weights of the spectra, of which only the ratios count, for both parts. A
            frozen autoencoder needs none; a part that is fitted has to take them.
            Spectra without partners weigh as much as the others do on average.

        Returns
        -------
        VAELatentTransfer
            The fitted estimator.

        Raises
        ------
        TypeError
            No part takes the weights, the spectra without partners or the names.
        """
        secondary, targets = check_pair(self, X, y)
        watched = check_validation_pair(self, X_val, y_val, targets)
        weights = check_weights(sample_weight, secondary)
        primary = columns(targets)
        autoencoder, mapper = self._parts()
        unpaired = checked_unpaired(self, X_unpaired, y_unpaired, primary, autoencoder)
        learning = [part for part in (autoencoder, mapper) if not is_frozen(part)]
        for part in learning:
            if isinstance(part, NetworkEstimator):
                part.check_parameters()
            if weights is not None:
                refuse_what_takes_no_weights(part)
        beside = learned_beside(
            mapper,
            {
                "X_unpaired": unpaired[0],
                "y_unpaired": unpaired[1],
                "sample_id": sample_id,
            },
            also=("y_unpaired",) if autoencoder in learning else (),
        )
        objective = self._objective(autoencoder, mapper)

        space = compare_space(autoencoder, y)
        if autoencoder in learning:
            every, every_weight = with_unpaired(primary, unpaired[1], weights)
            named = watched and {"X_val": watched[1]}
            fit_watched(autoencoder, (every,), named, every_weight)
            # another laboratory may join with it, and have another axis
            autoencoder._primary_names = space
        pairs = (secondary, latents_of(autoencoder, primary))
        seen = watched and (watched[0], latents_of(autoencoder, watched[1]))
        if "y_unpaired" in beside and not isinstance(unpaired[1], LibraryMoments):
            beside["y_unpaired"] = latents_of(autoencoder, unpaired[1])
        if objective == "latent":
            named = seen and dict(zip(("X_val", "y_val"), seen, strict=True))
            fit_watched(mapper, pairs, named, weights, beside)
        else:
            measured = None
            if objective == "spectrum":
                measured = (primary, watched and watched[1])
            # they have been searched for NaN
            with config_context(assume_finite=True):
                mapper._fit_through(autoencoder, pairs, seen, measured, weights)
        self.autoencoder_, self.mapper_ = autoencoder, mapper
        self._target_ndim = targets.ndim
        return self

    def _learns_from(self, name: str) -> bool:
        """Tell whether `fit` makes use of what is given beside the pairs."""
        if name not in ("X_unpaired", "y_unpaired", "sample_id"):
            return has_fit_parameter(self, name)
        if name == "y_unpaired" and not is_frozen(self._part("autoencoder")):
            return True
        return has_fit_parameter(self._part("mapper"), name)

    def _objective(self, autoencoder: Any, mapper: Any) -> str:
        """Choose what the mapper has to match, and refuse what its parts cannot."""
        if self.objective == "latent":
            return "latent"
        lacking = not_decodable(autoencoder, mapper)
        if self.objective == "auto":
            return "decoded" if lacking is None else "latent"
        if lacking is not None:
            name, wanted, part = lacking
            raise TypeError(
                f"objective={self.objective!r} trains the mapper through the decoder, "
                f"which needs a {wanted.__name__} as {name}, but it is a "
                f"{type(part).__name__}. Use objective='latent' with it."
            )
        return self.objective

    def _parts(self) -> tuple[Any, Any]:
        """Clone autoencoder and mapper, and hand down seed, device and verbosity."""
        rng = check_random_state(self.random_state)
        parts = []
        for name in self._default_parts:
            part = clone(self._part(name))
            given: dict[str, Any] = {"verbose": self.verbose}
            given |= dict.fromkeys(("device", "training__device"), self.device)
            # without a seed nothing is drawn: the generator would be numpy's global one
            if self.random_state is not None:
                given["random_state"] = int(rng.randint(np.iinfo(np.int32).max))
            if not is_frozen(part):
                # of parts inside, too: a mapper may be a pipeline
                own = part.get_params()
                part.set_params(
                    **{
                        key: value
                        for key in own
                        for name, value in given.items()
                        if value is not None and f"__{key}".endswith(f"__{name}")
                        if name != "random_state" or own[key] is None
                    }
                )
            parts.append(part)
        return parts[0], parts[1]

    def predict(self, X: ArrayLike) -> FloatArray:
        """Transfer secondary spectra: map them to latents and decode these.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra, in the dtype of `X` and the unit of `y`.
        """
        check_is_fitted(self, "mapper_")
        searched = isinstance(self.mapper_, NetworkEstimator)
        secondary = check_spectra(self, X, finite=not searched)
        latents = columns(np.asarray(self.mapper_.predict(secondary)))
        primary = self.autoencoder_.inverse_transform(latents)
        primary = np.asarray(primary, dtype=secondary.dtype)
        return primary.ravel() if self._target_ndim == 1 else primary
