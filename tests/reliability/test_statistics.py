"""The six statistics are what their formulas say."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spectransfer.reliability import _statistics
from spectransfer.reliability._statistics import STATISTICS, Population


@pytest.mark.parametrize("cached", [1, 2**20])
def test_statistics_equal_a_literal_second_writing(monkeypatch, cached):
    rng = np.random.default_rng(0)
    known = rng.normal(size=(80, 3)) @ rng.normal(size=(3, 40)) + 5
    known += 0.1 * rng.normal(size=known.shape)
    noise = rng.uniform(0.5, 1.5, 40)
    population = Population.of(known, 3).with_noise(noise**2)
    new = known[:7] + rng.normal(size=(7, 40))
    new[2, [3, 8, 9]] = new[2].max() + 1
    monkeypatch.setattr(_statistics, "_CACHED", cached)
    scores, found = population.described(new)
    for x, t, row in zip(new, scores, found, strict=True):
        centred = x - known.mean(axis=0)
        whitened = population.vectors @ centred / population.roots
        left = centred - population.vectors.T @ (population.vectors @ centred)
        at = (known - known.mean(axis=0)) @ population.vectors.T / population.roots
        expected = [
            whitened @ whitened,
            np.mean((left / noise) ** 2),
            np.sqrt(((at - whitened) ** 2).sum(axis=1).min()),
            x.max(),
            -x.min(),
            np.count_nonzero(x == x.max()) - 1,
        ]
        assert_allclose(t, whitened, rtol=1e-9)
        assert len(expected) == len(STATISTICS)
        assert_allclose(row, expected, rtol=1e-6, atol=1e-6)
    assert found[2, -1] == 2
