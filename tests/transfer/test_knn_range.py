"""The sizes of intensities that neighbours are found for."""

import numpy as np
import pytest

from spectransfer import KNNTransfer


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
def test_spectra_whose_squares_float64_does_not_hold_are_refused(scale):
    spectra = np.random.default_rng(0).random((20, 5))
    with pytest.raises(ValueError, match="another unit"):
        KNNTransfer(3).fit(scale * spectra, spectra)
    KNNTransfer(3).fit(0.0 * spectra, spectra)
