"""Pictures are drawn without a screen, and thrown away after each test."""

from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest

matplotlib.use("agg")

from matplotlib import pyplot as plt

from spectransfer.datasets import make_instrument_pair
from spectransfer.spectra import PairedMaps, SpectraPair


@pytest.fixture(autouse=True)
def _no_figure_stays_open() -> Iterator[None]:
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def pair() -> SpectraPair:
    """Spectra of 60 spots on two instruments."""
    return make_instrument_pair(n_spectra=60, random_state=0)


@pytest.fixture(scope="session")
def maps(pair: SpectraPair) -> PairedMaps:
    """The same as maps of 5 rows and 12 columns, 40 by 20 micrometres apart."""
    return PairedMaps(
        pair.X_secondary,
        pair.X_primary,
        pair.wavelengths_secondary,
        pair.wavelengths_primary,
        shape=(5, 12),
        raster="row-snake",
        step=(40.0, 20.0),
        meta={"unit": "counts"},
        units="nm",
    )


@pytest.fixture(scope="session")
def unplaced(maps: PairedMaps) -> PairedMaps:
    """The same, the distance of the shots not known."""
    return PairedMaps(
        maps.X_secondary,
        maps.X_primary,
        maps.wavelengths_secondary,
        maps.wavelengths_primary,
        shape=(5, 12),
    )


@pytest.fixture(scope="session")
def predicted(maps: PairedMaps) -> np.ndarray:
    """Primary spectra as some transfer may have predicted them."""
    noise = np.random.default_rng(1).normal(size=maps.X_primary.shape)
    return 0.9 * maps.X_primary + 5 * noise


def snake(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Lay shots out one by one, back and forth."""
    image = np.empty(shape)
    for i, value in enumerate(values):
        row, column = divmod(i, shape[1])
        image[row, column if row % 2 == 0 else shape[1] - 1 - column] = value
    return image


@pytest.fixture(scope="session")
def laid_out():
    """A literal snake raster."""
    return snake
