"""Mean and variance pooled over blocks of rows, against numpy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.preprocessing._moments import (
    Moments,
    pooled_moments,
    safe_scale,
    standardize,
    unstandardize,
)


@pytest.fixture
def spectra(rng):
    # 64 MB would be one block of the work; this is several of a pass
    return rng.gamma(2.0, 100.0, size=(3000, 500))


@pytest.mark.parametrize("weighted", [False, True])
def test_moments_are_those_of_numpy(spectra, weighted, rng):
    weights = rng.integers(0, 3, len(spectra)).astype(float) if weighted else None
    moments = pooled_moments(spectra, weights)
    mean = np.average(spectra, axis=0, weights=weights)
    variance = np.average((spectra - mean) ** 2, axis=0, weights=weights)
    assert moments.weight == (len(spectra) if weights is None else weights.sum())
    assert_allclose(moments.mean, mean, rtol=1e-12)
    assert_allclose(moments.variance, variance, rtol=1e-12)


def test_moments_of_parts_add_up_and_leave_those_known_alone(spectra):
    known = pooled_moments(spectra[:1000])
    copies = Moments(known.weight, known.mean.copy(), known.variance.copy())
    both = pooled_moments(spectra[1000:], known=known)
    assert both.weight == 3000
    assert_allclose(both.mean, spectra.mean(axis=0), rtol=1e-12)
    assert_allclose(both.variance, spectra.var(axis=0), rtol=1e-12)
    assert_array_equal(known.mean, copies.mean)
    assert_array_equal(known.variance, copies.variance)


def test_a_faint_ripple_on_a_high_level_is_not_lost_in_rounding(rng):
    ripple = rng.normal(size=(5000, 2))
    moments = pooled_moments(ripple + 1e8)
    assert_allclose(moments.variance, ripple.var(axis=0), rtol=1e-7)


def test_float32_sums_are_taken_in_float64(rng):
    X = (rng.random((20_000, 2)) + 4000).astype(np.float32)
    exact = X.astype(np.float64)
    moments = pooled_moments(X)
    assert_allclose(moments.mean, exact.mean(axis=0), rtol=1e-14)
    assert_allclose(moments.variance, exact.var(axis=0), rtol=1e-11)


@pytest.mark.parametrize("value", [0.1, 1e6 + 1 / 3, -65535.7, 0.0])
def test_a_constant_channel_has_no_variance_and_is_divided_by_one(value):
    moments = pooled_moments(np.full((7000, 2), value))
    assert_array_equal(moments.variance, 0)
    assert_array_equal(safe_scale(moments), 1)


@pytest.mark.parametrize("mean", [None, np.linspace(1, 9, 500)])
@pytest.mark.parametrize("scale", [None, np.linspace(0.5, 3, 500)])
@pytest.mark.parametrize("in_place", [False, True])
def test_standardizing_is_the_formula_and_is_undone(spectra, mean, scale, in_place):
    shift, divisor = (0 if mean is None else mean), (1 if scale is None else scale)
    expected = (spectra - shift) / divisor
    start = spectra.copy()
    out = start if in_place else np.empty_like(start)
    scaled = standardize(start, mean, scale, out)
    assert scaled is out
    assert_array_equal(scaled, expected)
    assert in_place or (start == spectra).all()
    assert_allclose(unstandardize(scaled, mean, scale, out), spectra, rtol=1e-12)
