"""Linear transfers meet by axis, predict what coefficients say, keep precision."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from spectransfer import (
    CanonicalCorrelationTransfer,
    DirectStandardization,
    FewStandardsTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    SpectralSpaceTransformation,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import WavelengthError

BY_AXIS = [
    OffsetTransfer,
    PiecewiseDirectStandardization,
    SpectralSpaceTransformation,
]
BLIND = [CanonicalCorrelationTransfer, DirectStandardization]  # to axes
LINEAR = [*BY_AXIS, *BLIND, FewStandardsTransfer]


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(
        n_spectra=300, n_secondary=60, n_primary=70, dtype="float64", random_state=0
    )


def axes(pair):
    return {
        "wavelengths_secondary": pair.wavelengths_secondary,
        "wavelengths_primary": pair.wavelengths_primary,
    }


def on_axes(kind, pair):
    return kind(**({} if kind in BLIND else axes(pair)))


@pytest.mark.parametrize("kind", LINEAR)
def test_prediction_is_what_coefficients_and_intercept_say(kind, pair):
    transfer = on_axes(kind, pair).fit(pair.X_secondary[:30], pair.X_primary[:30])
    new = pair.X_secondary[30:40]
    expected = new @ transfer.coef_.T + transfer.intercept_
    assert_allclose(transfer.predict(new), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", BY_AXIS)
def test_data_frames_named_by_wavelength_tell_the_axes(kind, pair):
    secondary = pd.DataFrame(pair.X_secondary, columns=pair.wavelengths_secondary)
    primary = pd.DataFrame(pair.X_primary, columns=pair.wavelengths_primary)
    named = kind().fit(secondary[:30], primary[:30])
    told = kind(**axes(pair)).fit(pair.X_secondary[:30], pair.X_primary[:30])
    # tables lie in memory the other way around, and sums round otherwise
    expected = told.predict(pair.X_secondary[30:])
    assert_allclose(named.predict(secondary[30:]), expected, rtol=1e-12)


@pytest.mark.parametrize("kind", BY_AXIS)
def test_unequal_channels_without_axes_are_refused(kind, pair):
    with pytest.raises(
        WavelengthError, match=r"(?s)neither axis is known.*60 .*70 .*Pass wavelengths"
    ):
        kind().fit(pair.X_secondary, pair.X_primary)


@pytest.mark.parametrize("kind", LINEAR)
def test_float32_comes_back_as_float32_and_any_unit_gives_the_same(kind, pair):
    X, y = pair.X_secondary[:40], pair.X_primary[:40]
    plain = on_axes(kind, pair).fit(X, y).predict(X)
    single = on_axes(kind, pair).fit(X.astype(np.float32), y.astype(np.float32))
    assert single.predict(X.astype(np.float32)).dtype == np.float32
    assert_allclose(single.predict(X), plain, rtol=2e-3, atol=2e-3 * np.abs(y).max())
    other_unit = on_axes(kind, pair).fit(1e-9 * X, 1e-9 * y).predict(1e-9 * X)
    assert_allclose(1e9 * other_unit, plain, rtol=1e-6, atol=1e-6 * np.abs(y).max())


@pytest.mark.parametrize("kind", BY_AXIS)
def test_what_the_secondary_does_not_reach_is_the_mean_primary_spectrum(kind, pair):
    reach = pair.wavelengths_secondary[[0, -20]]
    transfer = kind(
        wavelengths_secondary=pair.wavelengths_secondary[:-19],
        wavelengths_primary=pair.wavelengths_primary,
    )
    if kind is SpectralSpaceTransformation:
        transfer.set_params(n_components=0)
    X, y = pair.X_secondary[:30, :-19], pair.X_primary[:30]
    predicted = transfer.fit(X, y).predict(X)
    axis = pair.wavelengths_primary
    beyond = (axis < reach[0]) | (axis > reach[1])
    expected = np.tile(y.mean(axis=0)[beyond], (30, 1))
    assert_allclose(predicted[:, beyond], expected, rtol=1e-12)
    assert predicted[:, ~beyond].std(axis=0).min() > 0
