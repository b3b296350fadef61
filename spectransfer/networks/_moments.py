"""Mean and covariance of latents, in one pass over spectra of any number."""

from collections.abc import Callable

import numpy as np

from spectransfer._blocks import row_blocks
from spectransfer._typing import FloatArray


def latent_moments(
    encode: Callable[[FloatArray], FloatArray],
    primary: FloatArray,
    weights: FloatArray | None,
) -> tuple[FloatArray, FloatArray]:
    """Encode spectra block by block, and sum up.

    Parameters
    ----------
    encode : callable
        From spectra to latents.
    primary : ndarray of shape (n_spectra, n_wavelengths)
        Primary spectra; may be memory-mapped.
    weights : ndarray of shape (n_spectra,) or None
        Weights of the spectra; all alike when None.

    Returns
    -------
    mean : ndarray of shape (n_latent,)
        Mean of the latents.
    covariance : ndarray of shape (n_latent, n_latent)
        Their covariance.
    """
    n_counted = len(primary) if weights is None else weights.sum()
    total, products = np.zeros(1), np.zeros((1, 1))
    for rows in row_blocks(len(primary), primary[:1].nbytes):
        latents = encode(primary[rows]).astype(np.float64)
        weighted = latents if weights is None else weights[rows, None] * latents
        total = total + weighted.sum(axis=0)
        products = products + weighted.T @ latents
    # in float64, and latents are of order one: the difference keeps its digits
    mean = total / n_counted
    return mean, products / n_counted - np.outer(mean, mean)
