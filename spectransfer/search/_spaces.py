"""What the paper searched, as dictionaries for any of scikit-learn's searches.

Text: Vrabel et al., sections 3.2.1 (MLP), 3.2.2 (VAE) and 3.2.3 (KNN). Code: the
notebook that the authors published with it, whose grids differ a little. Both were
searched by Hyperband, the networks' layers in every combination.
"""

from itertools import product
from typing import Any

from spectransfer._validation import StrOptions, validate_params

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
    prefer_skip_nested_validation=True,
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
