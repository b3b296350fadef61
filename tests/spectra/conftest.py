"""Small maps whose every number is told from all others, in every raster."""

import numpy as np
import pytest

from spectransfer.spectra import PairedMaps

SHAPE = (5, 4)


def maps_of_two_instruments(raster="row-snake", **changes):
    rng = np.random.default_rng(0)
    n = SHAPE[0] * SHAPE[1]
    given = {
        "X_secondary": rng.normal(100, 10, (n, 6)).astype(np.float32),
        "X_primary": rng.normal(100, 10, (n, 8)).astype(np.float32),
        "wavelengths_secondary": np.linspace(260, 270, 6),
        "wavelengths_primary": np.linspace(250, 285, 8),
        "shape": SHAPE,
        "raster": raster,
        "step": (40.0, 20.0),
        "annotations": {"number": np.arange(n), "rest": rng.normal(size=(n, 8))},
        "meta": {"axis": "nm", "day": 1},
    }
    return PairedMaps(**(given | changes))


@pytest.fixture
def make_maps():
    """Make such maps, with changes."""
    return maps_of_two_instruments


@pytest.fixture(params=["row", "column", "row-snake", "column-snake"])
def maps(request):
    """Maps in each raster."""
    return maps_of_two_instruments(request.param)
