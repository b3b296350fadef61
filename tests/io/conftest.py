"""Small maps to be written and opened."""

import numpy as np
import pytest

from spectransfer.spectra import PairedMaps


@pytest.fixture
def axes():
    """Give axes of 5 and 7 channels, by the names that signatures use."""
    return {
        "wavelengths_secondary": np.linspace(260, 270, 5),
        "wavelengths_primary": np.linspace(250, 285, 7),
    }


@pytest.fixture
def make_maps(axes):
    """Make maps of random spectra on these axes."""

    def make(shape, seed=0, **options):
        rng = np.random.default_rng(seed)
        n = shape[0] * shape[1]
        return PairedMaps(
            rng.normal(size=(n, 5)).astype(np.float32),
            rng.normal(size=(n, 7)).astype(np.float32),
            **axes,
            shape=shape,
            **options,
        )

    return make
