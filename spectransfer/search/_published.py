"""The paper's whole search, in its two stages.

First the autoencoder, on primary spectra alone, by what it makes of the primary
validation map. Then, with the best autoencoder frozen, the mapper; beside it the
direct MLP and the number of neighbours, which need no autoencoder. Each transfer is
judged as a whole, in counts, on the validation map (Vrabel et al., section 3.2).

The spaces are dictionaries for any of scikit-learn's searches. Text: sections 3.2.1
(MLP), 3.2.2 (VAE) and 3.2.3 (KNN) of the paper. Code: the notebook that the authors
published with it, whose grids differ a little. Both were searched by Hyperband, the
networks' layers in every combination.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from spectransfer._typing import ArrayLike
from spectransfer._validation import StrOptions, validate_params
from spectransfer.metrics import euclidean_scorer, rse_scorer
from spectransfer.networks import SpectralMLP, SpectralVAE
from spectransfer.pipeline import make_transfer_pipeline
from spectransfer.search._search import HalvingSearch
from spectransfer.transfer import DirectMLPTransfer, KNNTransfer, VAELatentTransfer

METHODS = ("latent", "direct", "knn")
# the paper trains for 50 and 100; these are powers of three, times two and four
EPOCHS = {"vae": 54, "mlp": 108, "direct": 108}
REGRESSOR = "transfer__regressor"
_EPOCHS_OF = "training__max_epochs"

LEARNING_RATES = [1e-3, 1e-4, 1e-5]

# layers one and two of the encoder; the decoder mirrors them
VAE_LAYERS = {
    "text": ([2048, 1024, 512, 128], [1024, 512, 64]),
    "code": ([2048, 1024, 128], [512, 64, 32]),
}
BOTTLENECKS = {"text": [3, 8, 32, 64], "code": [8, 32, 64]}
MLP_LAYERS = ([2048, 1024, 512, 128], [1024, 512, 128])
NEIGHBORS = {"text": [2, 3, 4, 5, 10, 15, 20], "code": [5, 7, 10, 12, 15]}


def _space(method: str, source: str) -> dict[str, list[Any]]:
    if method == "knn":
        return {"n_neighbors": list(NEIGHBORS[source])}
    encoders = list(product(*VAE_LAYERS[source]))
    mappers = list(product(*MLP_LAYERS))
    rates = list(LEARNING_RATES)
    if method == "mlp":
        return {"hidden_layer_sizes": mappers, "training__learning_rate": rates}
    latents = list(BOTTLENECKS[source])
    if method == "vae":
        return {
            "hidden_layer_sizes": encoders,
            "n_latent": latents,
            "training__learning_rate": rates,
        }
    return {
        "hidden_layer_sizes": mappers,
        "n_latent": latents,
        "decoder_layer_sizes": [layers[::-1] for layers in encoders],
        "training__learning_rate": rates,
    }


@validate_params(
    {
        "method": [StrOptions({"vae", "mlp", "direct", "knn"})],
        "prefix": [str],
        "source": [StrOptions({"text", "code"})],
    },
    prefer_skip_nested_validation=False,
)
def published_space(
    method: str, *, prefix: str = "", source: str = "text"
) -> dict[str, list[Any]]:
    """Give the space that the paper searched for one of its methods.

    Parameters
    ----------
    method : {"vae", "mlp", "direct", "knn"}
        `SpectralVAE` (layers 1 and 2, of which 5 and 4 are the mirror image,
        bottleneck, learning rate), `SpectralMLP` (layers, learning rate),
        `DirectMLPTransfer` (the spaces of both; the paper does not give its own), or
        `KNNTransfer` (number of neighbours).
    prefix : str, default=""
        Where the estimator sits in a larger one, such as
        ``"transfer__regressor__mapper"`` in what `make_transfer_pipeline` builds.
        Empty for the estimator by itself.
    source : {"text", "code"}, default="text"
        Whether the grids are those of the paper's text or of its authors' code.

    Returns
    -------
    dict of str to list
        Values by parameter: `space` of `HalvingSearch`, `param_grid` or
        `param_distributions` of scikit-learn's searches. A new one in each call.

    References
    ----------
    .. [1] J. Vrabel et al., "Library transfer between distinct Laser-Induced
       Breakdown Spectroscopy systems with shared standards", section 3.2.

    Examples
    --------
    >>> from spectransfer.search import published_space
    >>> published_space("knn", prefix="transfer__regressor")
    {'transfer__regressor__n_neighbors': [2, 3, 4, 5, 10, 15, 20]}
    >>> space = published_space("vae")
    >>> len(space["hidden_layer_sizes"]), space["n_latent"]
    (12, [3, 8, 32, 64])
    """
    start = f"{prefix.removesuffix('__')}__" if prefix else ""
    return {f"{start}{name}": v for name, v in _space(method, source).items()}


@dataclass(frozen=True)
class PublishedSearch:
    """What the paper's search found.

    Parameters
    ----------
    transfers : dict of str to Pipeline
        The best transfer of each method ("latent", "direct", "knn"), fitted, as
        `spectransfer.evaluation.evaluate_transfers` takes them.
    searches : dict of str to HalvingSearch
        How they were found: "vae", "mlp" (its mapper), "direct", "knn".

    Examples
    --------
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.search import search_published
    >>> pair = make_instrument_pair(n_spectra=200, random_state=0)
    >>> known, watched = pair[:150], pair[150:]
    >>> found = search_published(
    ...     known.X_secondary, known.X_primary, watched.X_secondary, watched.X_primary,
    ...     methods=["knn"],
    ... )
    >>> list(found.transfers), list(found.searches)
    (['knn'], ['knn'])
    """

    transfers: dict[str, Pipeline] = field(default_factory=dict)
    searches: dict[str, HalvingSearch] = field(default_factory=dict)

    def __repr__(self) -> str:
        best = {name: s.best_score_ for name, s in self.searches.items()}
        scores = ", ".join(f"{name} {score:.4g}" for name, score in best.items())
        return f"PublishedSearch(best scores: {scores})"


@dataclass(frozen=True)
class _Stages:
    """Maps, preparation and options that all searches share."""

    maps: dict[str, Any]
    sides: dict[str, Any]
    spaces: dict[str, Any]
    longest: dict[str, int]
    options: dict[str, Any]
    found: PublishedSearch

    def latent(self, autoencoder: Any, mapper: Any, *, early: bool) -> None:
        """Search the autoencoder, then the mapper into it."""
        if autoencoder is None:
            stopping = {} if early else {"training__patience": None}
            autoencoder = SpectralVAE.as_published(**stopping)
        frozen = FrozenEstimator(self.autoencoder(autoencoder))
        mapper = SpectralMLP.as_published() if mapper is None else mapper
        self.transfer("latent", "mlp", VAELatentTransfer(frozen, mapper))

    def autoencoder(self, autoencoder: Any) -> Any:
        """Search the autoencoder on prepared primary spectra; give it, fitted."""
        prepared = make_transfer_pipeline(autoencoder, **self.sides)["transfer"]
        side = prepared.transformer
        steps = [] if side is None else [("prepare", clone(side))]
        search = HalvingSearch(
            Pipeline([*steps, ("vae", autoencoder)]),
            _prefixed(self.spaces["vae"], "vae"),
            **self._trained("vae", "vae", autoencoder),
        )
        search.fit(self.maps["y"], X_val=self.maps["y_val"])
        self.found.searches["vae"] = search
        return search.best_estimator_["vae"]

    def transfer(self, name: str, space: str, regressor: Any, **options: Any) -> None:
        """Search a whole transfer, and keep the best."""
        place = f"{REGRESSOR}__mapper" if space == "mlp" else REGRESSOR
        search = HalvingSearch(
            make_transfer_pipeline(regressor, **self.sides),
            _prefixed(self.spaces[space], place),
            **self._trained(space, place, getattr(regressor, "mapper", regressor)),
        ).set_params(**options)
        search.fit(**self.maps)
        self.found.searches[space] = search
        self.found.transfers[name] = search.best_estimator_

    def _trained(self, space: str, place: str, part: Any) -> dict[str, Any]:
        options = {"scoring": None if space == "vae" else rse_scorer} | self.options
        resource = options.pop("resource", None)
        if space == "knn":
            # all of it, whatever the networks may have
            names = ("n_candidates", "n_brackets", "min_resources")
            options = {k: v for k, v in options.items() if k not in names}
            return options | {"resource": None}
        if resource is None:
            published = _EPOCHS_OF in part.get_params()
            resource = _EPOCHS_OF if published else "training__n_steps"
        longest = (EPOCHS if resource == _EPOCHS_OF else {}) | self.longest
        return options | {
            "resource": f"{place}__{resource}",
            "max_resources": longest.get(space),
        }


def _prefixed(space: Mapping[str, Any], place: str) -> dict[str, Any]:
    return {f"{place}__{name}": values for name, values in space.items()}


@validate_params(
    {
        "methods": ["array-like"],
        "source": [StrOptions({"text", "code"})],
        "spaces": [dict, None],
        "max_resources": [dict, None],
        "folder": [str, Path, None],
    },
    prefer_skip_nested_validation=False,
)
def search_published(
    X: ArrayLike,
    y: ArrayLike,
    X_val: ArrayLike,
    y_val: ArrayLike,
    *,
    methods: Sequence[str] = METHODS,
    source: str = "text",
    spaces: Mapping[str, Mapping[str, Any]] | None = None,
    max_resources: Mapping[str, int] | None = None,
    autoencoder: Any = None,
    mapper: Any = None,
    direct: Any = None,
    secondary: Any = "default",
    primary: Any = "default",
    folder: Any = None,
    **options: Any,
) -> PublishedSearch:
    """Search the paper's transfers as it did, and give them ready to be evaluated.

    The autoencoder is searched first, on primary spectra alone, by the variance of
    the primary validation map that survives it. With the best one frozen, the mapper
    is searched by the relative squared error of the whole transfer, as is the direct
    MLP. The number of neighbours is judged by the Euclidean distance, as in the paper.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_secondary)
        Secondary spectra of the training map.
    y : array-like of shape (n_spectra, n_primary)
        Primary spectra of the same spots.
    X_val, y_val : array-like
        The validation map, shaped as `X` and `y`.
    methods : iterable of str, default=("latent", "direct", "knn")
        What to search: VAE and mapper, direct MLP, nearest neighbours.
    source : {"text", "code"}, default="text"
        Whose grids, see `published_space`. The code also stops a VAE early.
    spaces : dict, default=None
        Spaces that are to differ, by "vae", "mlp", "direct" and "knn", with the
        parameter names of the bare estimators.
    max_resources : dict, default=None
        Longest trainings by "vae", "mlp", "direct". What is not given is 54 epochs for
        the VAE and 108 for the others (the paper's are 50 and 100), where they are
        trained as published, or the estimators' own ``training__n_steps``.
    autoencoder, mapper, direct : estimator, default=None
        What is searched; ``as_published()`` when None. Parameters that are not in a
        space stay as they are.
    secondary, primary : transformer, "default" or None
        What is done to the spectra of each side, see `make_transfer_pipeline`.
    folder : path-like or None, default=None
        Where finished fits are kept, so that the search can be taken up.
    **options : dict
        Parameters of every `HalvingSearch`, such as `n_brackets`, `n_candidates`,
        `factor`, `n_jobs`, `random_state`, `verbose`, or `resource`, which is
        ``"training__max_epochs"`` of published networks and ``"training__n_steps"`` of
        others.

    Returns
    -------
    PublishedSearch
        The best transfer of each method, and the searches that found them.

    Examples
    --------
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.search import search_published
    >>> pair = make_instrument_pair(n_spectra=200, random_state=0)
    >>> known, watched = pair[:150], pair[150:]
    >>> found = search_published(
    ...     known.X_secondary, known.X_primary, watched.X_secondary, watched.X_primary,
    ...     methods=["knn"],
    ... )
    >>> found.searches["knn"].best_params_
    {'transfer__regressor__n_neighbors': 2}
    >>> found.transfers["knn"].predict(watched.X_secondary).shape
    (50, 300)
    """
    unknown = sorted(set(methods) - set(METHODS))
    if unknown:
        raise ValueError(
            f"methods must be of {', '.join(map(repr, METHODS))}, but there is "
            f"{unknown[0]!r}. Leave it out, and search it with HalvingSearch."
        )
    names = ("vae", "mlp", "direct", "knn")
    stages = _Stages(
        {"X": X, "y": y, "X_val": X_val, "y_val": y_val},
        {"secondary": secondary, "primary": primary},
        {n: published_space(n, source=source) for n in names} | dict(spaces or {}),
        dict(max_resources or {}),
        options | {"folder": folder},
        PublishedSearch(),
    )
    if "latent" in methods:
        stages.latent(autoencoder, mapper, early=source == "code")
    if "direct" in methods:
        regressor = DirectMLPTransfer.as_published() if direct is None else direct
        stages.transfer("direct", "direct", regressor)
    if "knn" in methods:
        stages.transfer("knn", "knn", KNNTransfer(), scoring=euclidean_scorer)
    return stages.found
