"""Channels that do not vary among the standards tell nothing, however they round."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from spectransfer import (
    CanonicalCorrelationTransfer,
    DirectStandardization,
    FewStandardsTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    SlopeBiasCorrection,
    SpectralSpaceTransformation,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.metrics import relative_squared_error

PAIR = make_instrument_pair(n_spectra=200, dtype="float64", random_state=2)
AXES = {
    "wavelengths_secondary": PAIR.wavelengths_secondary,
    "wavelengths_primary": PAIR.wavelengths_primary,
}
KINDS = {
    "CCA": lambda: CanonicalCorrelationTransfer(),
    "DS": lambda: DirectStandardization(),
    "DS, no penalty": lambda: DirectStandardization(alpha=0.0),
    "few": lambda: FewStandardsTransfer(**AXES),
    "PDS": lambda: PiecewiseDirectStandardization(1, **AXES),
    "PDS, double": lambda: PiecewiseDirectStandardization((3, 3), **AXES),
    "slope": lambda: OffsetTransfer("slope", **AXES),
    "SST": lambda: SpectralSpaceTransformation(**AXES),
}


def missed(kind, n, channels, value):
    X = PAIR.X_secondary.copy()
    X[:n, channels] = value
    transfer = KINDS[kind]().fit(X[:n], PAIR.X_primary[:n])
    return relative_squared_error(PAIR.X_primary[n:], transfer.predict(X[n:]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [3, 6, 7, 12])
def test_a_constant_that_rounds_is_as_good_as_one_that_does_not(kind, n):
    # the mean of so many times 0.1 is not 0.1, that of 0.125 is
    exact = missed(kind, n, slice(100, 110), 0.125)
    assert missed(kind, n, slice(100, 110), 0.1) == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("value", [0.1, 0.125, 1e7 / 3])
def test_standards_that_are_all_alike_give_the_mean(value):
    X, y = np.full((6, 40), value), PAIR.X_primary[:6]
    transfer = SpectralSpaceTransformation(1, keep_residual=False).fit(X, y)
    predicted = transfer.predict(2 * X)
    np.testing.assert_allclose(predicted, np.tile(y.mean(axis=0), (6, 1)))


@pytest.mark.parametrize("n", [3, 6, 7])
def test_a_calibration_that_always_says_the_same_has_slope_one(n, rng):
    calibration = LinearRegression().fit(np.zeros((9, 4)), np.full(9, 0.1))
    corrected = SlopeBiasCorrection(calibration).fit(
        rng.standard_normal((n, 4)), rng.standard_normal(n)
    )
    assert corrected.slope_ == 1.0
