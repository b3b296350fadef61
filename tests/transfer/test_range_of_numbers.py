"""The sizes of intensities that transfers are learned for."""

import warnings

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
from spectransfer.transfer import LibraryMoments
from spectransfer.transfer._mixing import mixing_weights

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


@pytest.mark.parametrize("scale", [1e-300, 1e-70, 1e70, 1e300])
@pytest.mark.parametrize("transfer", TRANSFERS, ids=lambda t: type(t).__name__)
def test_spectra_whose_squares_float64_does_not_hold_are_refused(
    transfer, scale, spectra
):
    with pytest.raises(ValueError, match="another unit"):
        transfer.fit(scale * spectra, spectra)
    if not isinstance(transfer, KNNTransfer):
        with pytest.raises(ValueError, match="another unit"):
            transfer.fit(spectra, scale * spectra)


@pytest.mark.parametrize("scale", [1e-50, 1e50])
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
    with pytest.raises(ValueError, match=rf"{side}.*another unit"):
        FewStandardsTransfer().fit(spectra, spectra, **few)


def test_moments_of_a_library_are_in_the_same_range(spectra):
    library = LibraryMoments(spectra[0], 1e-170 * spectra, 100)
    with pytest.raises(ValueError, match=r"y_unpaired.*another unit"):
        FewStandardsTransfer().fit(spectra, spectra, y_unpaired=library)


def test_what_varies_too_little_for_numbers_ends_no_interpreter(spectra):
    # the constant channel is in the range, and hides that all others are not
    library = 1e-160 * spectra
    library[:, 0] = 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        few = FewStandardsTransfer().fit(spectra, spectra, y_unpaired=library)
    assert np.isfinite(few.predict(spectra)).all()
    assert np.isfinite(few.expected_rse_["mixture"])
    with pytest.raises(ValueError, match=r"No map .* misses a finite number"):
        mixing_weights(np.full((3, 3), np.nan))


@pytest.mark.parametrize("n", [1, 3, 20])
@pytest.mark.parametrize("scale", [1e-16, 1e-3])
def test_secondary_spectra_in_other_units_are_told_of(n, scale, rng):
    spectra = rng.random((80, 1)) * np.linspace(1, 2, 30) + 0.1 * rng.random((80, 30))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        few = FewStandardsTransfer().fit(
            spectra[:n], spectra[:n], X_unpaired=scale * spectra
        )
    assert np.isfinite(few.predict(spectra)).all()
    said = any("X_unpaired must be of what" in str(w.message) for w in told)
    assert said == (n > 1)
