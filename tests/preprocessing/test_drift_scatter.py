"""The directions in which a standard scatters are found, with their variance."""

import numpy as np
from numpy.testing import assert_allclose

from spectransfer.preprocessing._drift_scatter import scatter_of

SIZES = (300.0, 100.0, 40.0, 15.0, 8.0)


def orthogonal_lines(n_channels=1000):
    """Five shapes without a channel in common, each of length one."""
    shapes = np.zeros((5, n_channels))
    for k, shape in enumerate(shapes):
        shape[20 + 35 * k : 40 + 35 * k] = 1 / np.sqrt(20)
    return shapes


def shots(n=100, seed=0):
    rng = np.random.default_rng(seed)
    apart = rng.normal(0, SIZES, (n, 5)) @ orthogonal_lines()
    return 1000 + apart + rng.normal(0, 0.2, (n, 1000))


def test_the_directions_hold_the_variance_of_the_mean_of_a_day():
    some, shapes = shots(), orthogonal_lines()
    directions, _ = scatter_of(some)
    found = np.sum((directions @ shapes.T) ** 2, axis=0)
    # variance of a mean: a day differs by 0.3 standard deviations of a shot
    expected = (some @ shapes.T).var(axis=0, ddof=1) * (1 / len(some) + 0.3**2)
    # at most 8 of 99 degrees of freedom are spent on the directions
    assert_allclose(found, expected, rtol=0.1)


def test_a_handful_of_shots_tells_no_direction():
    directions, unsure = scatter_of(shots(3))
    assert directions.shape == (0, 1000)
    assert unsure == 0
