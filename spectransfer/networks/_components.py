"""Where an autoencoder begins: the principal components of its spectra."""

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from spectransfer._typing import FloatArray
from spectransfer.nn import Unit

# so many spectra tell the leading components, in 17 MB
N_DRAWN = 1024
# below this part of the largest deviation there is rounding, and no component
SMALLEST = 1e-5


def leading_components(
    spectra: FloatArray, unit: Unit, n_latent: int, rng: np.random.RandomState
) -> tuple[Tensor, Tensor, Tensor]:
    """Give principal components of spectra that are drawn at random.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_wavelengths)
        Spectra in laboratory units; may be memory-mapped.
    unit : Unit
        Shift and scale between them and the network.
    n_latent : int
        Number of components.
    rng : RandomState
        Draws spectra and seeds the decomposition.

    Returns
    -------
    components : Tensor of shape (n_latent, n_wavelengths)
        Orthonormal rows, in network units, zero where the spectra have fewer.
    deviations : Tensor of shape (n_latent,)
        Standard deviation of the spectra along each, largest first.
    centre : Tensor of shape (n_wavelengths,)
        Their mean.
    """
    components = torch.zeros(n_latent, spectra.shape[1], dtype=torch.float32)
    deviations = torch.zeros(n_latent, dtype=torch.float32)
    rows = np.sort(rng.permutation(len(spectra))[:N_DRAWN])
    drawn = spectra[rows].astype(np.float32)
    drawn -= unit.shift
    drawn *= np.float32(1 / unit.scale)
    centre = torch.from_numpy(drawn.mean(axis=0))
    n_found = min(n_latent, len(rows) - 1, spectra.shape[1])
    if n_found > 0 and np.ptp(drawn, axis=0).any():
        pca = PCA(n_found, copy=False, random_state=rng).fit(drawn)
        found = np.sqrt(pca.explained_variance_)
        n_real = int((found > SMALLEST * found[0]).sum())
        components[:n_real] = torch.from_numpy(pca.components_[:n_real])
        deviations[:n_real] = torch.from_numpy(found[:n_real])
    return components, deviations, centre
