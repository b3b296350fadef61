import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.nn import cyclical_annealing


def literal_schedule(n_epochs, start, stop, n_cycles, rising):
    """The schedule as Fu et al. describe it, in loops."""
    weights = [stop] * n_epochs
    period = n_epochs / n_cycles
    step = (stop - start) / (period * rising)
    for cycle in range(n_cycles):
        value, i = start, 0
        while value <= stop + 1e-12 and int(i + cycle * period) < n_epochs:
            weights[int(i + cycle * period)] = value
            value, i = value + step, i + 1
    return weights


@pytest.mark.parametrize("n_epochs", [1, 3, 7, 20, 50, 123])
@pytest.mark.parametrize("n_cycles", [1, 3, 4])
@pytest.mark.parametrize("rising", [0.3, 0.5, 1.0])
def test_schedule_equals_the_literal_loop(n_epochs, n_cycles, rising):
    ours = cyclical_annealing(n_epochs, 0.5, n_cycles=n_cycles, rising=rising)
    literal = literal_schedule(n_epochs, 0.0, 0.5, n_cycles, rising)
    np.testing.assert_allclose(ours, literal, rtol=0, atol=1e-12)


def test_weight_of_zero_stays_zero():
    assert_array_equal(cyclical_annealing(12, 0.0), np.zeros(12))
