"""How far off predictions are likely to be: laws of few and of many standards."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import ExtraTreesRegressor

from spectransfer.reliability import _scale


def drawn(n, b, seed=0):
    """Give light, absolute errors of a known law, and expected errors."""
    rng = np.random.default_rng(seed)
    light = rng.gamma(1.0, size=(n, len(b))) * np.logspace(0, 3, len(b))
    error = rng.gamma(4.0, size=n)
    relative = light / light.mean(axis=0)
    spread = (1 - b) * (error / error.mean())[:, None] + b * relative
    off = np.abs(rng.normal(size=light.shape)) * spread * np.logspace(0, 2, len(b))
    return light, off, error


def shares(light, off, error):
    """Give how much of the law of each channel is due to its light."""
    a, b, _ = _scale.fit_scale(light, off, error)
    b = b * light.mean(axis=0)
    return b / (a + b)


def test_many_standards_tell_the_law_of_each_channel():
    true = np.tile([0.0, 0.8], 20)
    found = shares(*drawn(3000, true))
    assert np.median(found[true == 0]) < 0.1
    assert np.median(found[true > 0]) > 0.65


def test_twenty_standards_tell_one_law_for_all_channels():
    found = shares(*drawn(20, np.full(200, 0.5)))
    assert 0.25 < np.median(found) < 0.75
    assert np.ptp(found) < 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_band_is_the_scale_times_its_limits(monkeypatch, dtype):
    light, off, error = drawn(50, np.full(7, 0.5))
    factors = _scale.fit_scale(light, off, error)
    predicted = (light - light.mean(axis=0)).astype(dtype)
    limits = np.linspace(1, 3, 7)
    monkeypatch.setattr(_scale, "_CACHED", 300)
    lower, upper = _scale.band_of(factors, limits, predicted, error)
    reach = limits * _scale.scale_of(factors, predicted, error)
    assert lower.dtype == upper.dtype == dtype
    assert_allclose(upper, predicted + reach, rtol=1e-5, atol=1e-3)
    assert_allclose(lower, predicted - reach, rtol=1e-5, atol=1e-3)


def test_a_transfer_without_errors_has_a_scale():
    factors = _scale.fit_scale(np.zeros((9, 3)), np.zeros((9, 3)), np.full(9, 1e-300))
    scale = _scale.scale_of(factors, np.ones((2, 3), np.float32), np.full(2, 1e-300))
    assert (np.isfinite(scale) & (scale > 0)).all()


def test_expected_errors_are_those_of_the_whole_forest():
    rng = np.random.default_rng(0)
    features, errors = rng.normal(size=(60, 4)), rng.gamma(2.0, size=(60, 2))
    forest = _scale.fit_forest(features, errors)
    assert isinstance(forest, ExtraTreesRegressor)
    new = rng.normal(size=(30, 4))
    assert_allclose(_scale.expected(forest, new), np.exp(forest.predict(new)))


@pytest.mark.parametrize("n", [20, 60, 200])
@pytest.mark.parametrize("dead", [1, 30])
def test_channels_that_are_never_off_do_not_change_the_others(n, dead):
    light, off, error = drawn(n, np.full(40, 0.5))
    alone = _scale.scale_of(_scale.fit_scale(light, off, error), light, error)
    light = np.column_stack([light, np.full((n, dead), light.mean())])
    beside = np.column_stack([off, np.zeros((n, dead))])
    scale = _scale.scale_of(_scale.fit_scale(light, beside, error), light, error)
    ratio = scale[:, :40] / alone
    assert_allclose(ratio, 1.0, atol=0.05)
    assert np.isfinite(scale).all()
