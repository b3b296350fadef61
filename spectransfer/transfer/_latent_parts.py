"""What the latent transfer asks of its autoencoder and its mapper.

Either may be foreign: an autoencoder that another laboratory has published, frozen, or
any estimator with the same methods. What cannot be done with it is refused here.
"""

from typing import Any

import numpy as np

from spectransfer._axis import axis_of, compare_axes, read_names
from spectransfer._typing import FloatArray
from spectransfer._validation import check_finite
from spectransfer._wrapping import is_frozen
from spectransfer.networks import SpectralMLP, SpectralVAE
from spectransfer.transfer._population import LibraryMoments
from spectransfer.transfer._unpaired import check_unpaired


def checked_unpaired(
    estimator: Any, X_unpaired: Any, y_unpaired: Any, primary: Any, autoencoder: Any
) -> tuple[Any, Any]:
    """Validate spectra without partners; moments are those of frozen latents."""
    told = isinstance(y_unpaired, LibraryMoments)
    if told and not is_frozen(autoencoder):
        raise TypeError(
            "y_unpaired holds the moments of latents, but an autoencoder that is to be "
            f"fitted, {type(autoencoder).__name__}, has none yet. Pass the library's "
            "own in a FrozenEstimator, or spectra as y_unpaired."
        )
    spectra = None if told else y_unpaired
    checked = check_unpaired(estimator, X_unpaired, spectra, primary.shape[1])
    return checked[0], y_unpaired if told else checked[1]


def latents_of(autoencoder: Any, primary: FloatArray) -> FloatArray:
    """Give latents; those of a foreign autoencoder need not be finite."""
    latents: FloatArray = np.asarray(autoencoder.transform(primary))
    check_finite(latents, "latents of the autoencoder")
    return latents


def compare_space(autoencoder: Any, y: Any) -> list[str] | None:
    """Refuse a frozen autoencoder of another axis; give the names of this one."""
    given = axis_of(y)
    if given is None:
        return None
    if is_frozen(autoencoder):
        names = getattr(autoencoder, "_primary_names", None)
        if names is None:
            names = getattr(autoencoder, "feature_names_in_", None)
        known = None if names is None else read_names(names)
        if known is not None:
            compare_axes(known, given, who="The frozen autoencoder", what="y")
    return [str(name) for name in y.columns]


def not_decodable(autoencoder: Any, mapper: Any) -> tuple[str, type, Any] | None:
    """Give the first part that gradients cannot pass through, and what would do."""
    inner = getattr(autoencoder, "estimator", autoencoder)
    for name, part, wanted in (
        ("autoencoder", inner, SpectralVAE),
        ("mapper", mapper, SpectralMLP),
    ):
        if not isinstance(part, wanted):
            return name, wanted, part
    return None
