"""What the paper reports, to be set beside what comes out here.

J. Vrábel, E. Képeš, P. Nedělník, J. Buday, J. Cempírek, P. Pořízka, J. Kaiser, "Library
transfer between distinct Laser-Induced Breakdown Spectroscopy systems with shared
standards", 2022: Tables 1 and 2, sections 2, 3 and 4.
"""

from itertools import pairwise
from typing import NamedTuple

SOURCE = (
    "J. Vrábel et al., Library transfer between distinct Laser-Induced Breakdown "
    "Spectroscopy systems with shared standards, 2022"
)


class Merits(NamedTuple):
    """A row of Table 1: counts, minus the cosine, no unit, percent."""

    euclidean: float
    minus_cosine: float
    rse: float
    k_score: float


TABLE_1 = {
    "VAE + MLP": Merits(4658.72, -0.9919, 0.1219, 97.578),
    "MLP baseline": Merits(4201.44, -0.9931, 0.1021, 97.9768),
    "KNN baseline": Merits(31444.34, -0.5634, 4.2585, 32.2456),
    "Mean baseline": Merits(22188.85, -0.7918, 2.3592, 27.1064),
}

# seconds of training and of prediction, on a GPU; VAE + MLP without its autoencoder
TABLE_2 = {
    "VAE + MLP": (80.0, 15.0),
    "MLP baseline": (300.0, 15.0),
    "KNN baseline": (3.0, 3600.0),
    "Mean baseline": (3.0, 3.0),
}

# which of our methods stands beside which row
METHODS = {
    "VAE + MLP": "VAE + MLP",
    "MLP baseline": "direct MLP",
    "KNN baseline": "KNN",
    "Mean baseline": "mean",
}

# rows and columns of the maps (section 2)
SHAPES = {"train": (560, 560), "validation": (266, 500), "test": (500, 500)}
N_PRIMARY = 4062
N_LATENT = 64
DECODER_LAYERS = (512, 1024)

# minerals of the three spots, with the numbers of their figures
SPOTS = {"muscovite": 7, "albite": 8, "quartz": 9}


def shared_bytes() -> tuple[int, int]:
    """Count what the paper's laboratories share: all spectra, or latents and decoder.

    In float32; with the decoder go mean and deviation of each channel.
    """
    n = SHAPES["train"][0] * SHAPES["train"][1]
    sizes = (N_LATENT, *DECODER_LAYERS, N_PRIMARY)
    decoder = sum((a + 1) * b for a, b in pairwise(sizes))
    return 4 * n * N_PRIMARY, 4 * (n * N_LATENT + decoder + 2 * N_PRIMARY)
