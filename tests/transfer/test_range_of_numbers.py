"""The sizes of intensities that transfers are learned for."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spectransfer import (
    DirectStandardization,
    FewStandardsTransfer,
    KNNTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    SpectralSpaceTransformation,
)

TRANSFERS = [
    DirectStandardization(),
    FewStandardsTransfer(),
    KNNTransfer(3),
    OffsetTransfer(),
    PiecewiseDirectStandardization(),
    SpectralSpaceTransformation(2),
]


@pytest.fixture
def spectra(rng):
    return rng.random((20, 1)) * np.linspace(1, 2, 30) + 0.1 * rng.random((20, 30))


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
@pytest.mark.parametrize("transfer", TRANSFERS, ids=lambda t: type(t).__name__)
def test_spectra_whose_squares_float64_does_not_hold_are_refused(
    transfer, scale, spectra
):
    with pytest.raises(ValueError, match="another unit"):
        transfer.fit(scale * spectra, spectra)
    if not isinstance(transfer, KNNTransfer):
        with pytest.raises(ValueError, match="another unit"):
            transfer.fit(spectra, scale * spectra)


@pytest.mark.parametrize("scale", [1e-100, 1e100])
@pytest.mark.parametrize("transfer", TRANSFERS, ids=lambda t: type(t).__name__)
def test_the_unit_of_spectra_makes_no_difference(transfer, scale, spectra):
    expected = transfer.fit(spectra, spectra[:, ::-1]).predict(spectra)
    found = transfer.fit(scale * spectra, scale * spectra[:, ::-1])
    assert_allclose(found.predict(scale * spectra) / scale, expected, rtol=5e-3)


@pytest.mark.parametrize("transfer", TRANSFERS, ids=lambda t: type(t).__name__)
@pytest.mark.filterwarnings("ignore")
def test_spectra_of_nothing_are_learned_from(transfer, spectra):
    assert np.isfinite(transfer.fit(0 * spectra, spectra).predict(spectra)).all()


@pytest.mark.parametrize("side", ["X_unpaired", "y_unpaired"])
def test_spectra_without_partners_are_in_the_same_range(side, spectra):
    few = {"X_unpaired": spectra, "y_unpaired": spectra}
    few[side] = 1e150 * spectra
    with pytest.raises(ValueError, match=f"{side}.*another unit"):
        FewStandardsTransfer().fit(spectra, spectra, **few)
