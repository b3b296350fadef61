"""Spectra of two instruments, of one day and of another."""

import pytest

from spectransfer.datasets import make_instrument_pair


@pytest.fixture(scope="session")
def pair():
    return make_instrument_pair(
        n_spectra=200, n_secondary=120, n_primary=140, dtype="float64", random_state=0
    )


@pytest.fixture(scope="session")
def train(pair):
    return pair[:140]


@pytest.fixture(scope="session")
def test(pair):
    """Unseen spectra of another day: the secondary instrument has drifted."""
    unseen = pair[140:]
    return 1.3 * unseen.X_secondary + 20.0, 0.8 * unseen.X_primary
