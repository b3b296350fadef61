"""Two coordinates of latents, from whatever estimator holds the autoencoder."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from spectransfer._typing import FloatArray
from spectransfer._wrapping import layers, predictor


def project(
    latents: FloatArray, components: str | Sequence[int]
) -> tuple[FloatArray, tuple[str, str]]:
    """Choose or make two coordinates, and name them with their share of the variance.

    Parameters
    ----------
    latents : ndarray of shape (n_spectra, n_latent)
        Latents; at least two.
    components : "variance", "pca" or (int, int)
        The two latents of largest variance, two principal components, or latents by
        number.

    Returns
    -------
    points : ndarray of shape (n_spectra, 2)
        Coordinates, float64.
    names : tuple of str
        What to write at both axes.
    """
    points = latents.astype(np.float64)
    if points.shape[1] < 2:
        raise ValueError(
            "A scatter needs at least two latents for each spectrum, but the shape of "
            f"latents is {latents.shape}. Draw a single latent with MapDisplay or a "
            "histogram."
        )
    variances = points.var(axis=0)
    if isinstance(components, str) and components == "pca":
        pca = PCA(2).fit(points)
        shares = pca.explained_variance_ratio_
        names = [f"principal component {k + 1}" for k in range(2)]
        points = pca.transform(points)
    else:
        chosen = _two_latents(components, variances)
        shares = variances[chosen] / variances.sum()
        names = [f"latent {k}" for k in chosen]
        points = points[:, chosen]
    first, second = (
        f"{name} ({100 * share:.0f} % of variance)"
        for name, share in zip(names, shares, strict=True)
    )
    return points, (first, second)


def _two_latents(components: str | Sequence[int], variances: FloatArray) -> list[int]:
    if isinstance(components, str) and components == "variance":
        return np.argsort(-variances, kind="stable")[:2].tolist()
    n = len(variances)
    if (
        isinstance(components, str)
        or len(components) != 2
        or not all(isinstance(k, int | np.integer) and 0 <= k < n for k in components)
    ):
        raise ValueError(
            'components must be "variance", "pca" or the numbers of two of the '
            f"{n} latents, counted from 0, but they are {components!r}."
        )
    return [int(k) for k in components]


def latents_of(estimator: Any, X: Any) -> FloatArray:
    """Encode primary spectra with the autoencoder inside an estimator.

    Parameters
    ----------
    estimator : estimator
        An autoencoder, or a transfer that holds one as `autoencoder_`, in a pipeline,
        a search or a `PrimarySpaceRegressor` or not.
    X : array-like of shape (n_spectra, n_wavelengths)
        Primary spectra as that estimator was given them.

    Returns
    -------
    ndarray of shape (n_spectra, n_latent)
        Latents.
    """
    for layer in layers(estimator):
        if hasattr(layer, "regressor_"):
            primary_side = getattr(layer, "transformer_", None)
            prepared = X if primary_side is None else primary_side.transform(X)
            return latents_of(layer.regressor_, prepared)
        if hasattr(layer, "autoencoder_"):
            return latents_of(layer.autoencoder_, X)
        # of a pipeline that does not transform, the steps before the last belong to
        # the secondary side
        if hasattr(layer, "transform"):
            return np.asarray(layer.transform(X))
    raise TypeError(
        "Latents need an autoencoder with a method transform, or a transfer that "
        f"holds one as autoencoder_, but {type(predictor(estimator)).__name__} is "
        "neither. Pass a fitted SpectralVAE or VAELatentTransfer."
    )
