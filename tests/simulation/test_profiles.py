import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import voigt_profile

from spectransfer.simulation._profiles import (
    choose_columns,
    make_blocks,
    rung_width,
)


def spectrum_of_one_line(width, centre, gauss, n_channels=400, brightest=1e6):
    columns = choose_columns(np.array([width * 0.8]), np.array([width * 1.2]))
    blocks = make_blocks(
        columns, np.array([centre]), np.array([gauss]), np.array([0.04]),
        np.array([brightest]), n_channels,
    )  # fmt: skip
    amount = columns.share(
        np.ones((1, 1), np.float32), np.full((1, 1), width, np.float32)
    )
    parts = [amount[b.columns].T @ b.profiles for b in blocks]
    return np.concatenate(parts, axis=1)[0]


@pytest.mark.parametrize("rung", [0, 3, 6])
def test_profiles_on_a_rung_are_voigt_profiles(rung):
    width = float(rung_width(rung))
    got = spectrum_of_one_line(width, 200.3, 2.5)
    away = np.arange(400) - 200.3
    expected = voigt_profile(away, 2.5 / 2.354820045, width / 2 / 0.04)
    inside = np.abs(away) < 60
    assert_allclose(got[inside], expected[inside], rtol=2e-3, atol=1e-6)


def test_profiles_between_rungs_are_close_to_voigt_profiles():
    width = float(rung_width(3.5))
    got = spectrum_of_one_line(width, 200.3, 2.5)
    expected = voigt_profile(
        np.arange(400) - 200.3, 2.5 / 2.354820045, width / 2 / 0.04
    )
    # interpolation of the width: what the module promises
    assert np.abs(got - expected).max() < 0.03 * expected.max()


@pytest.mark.parametrize("centre", [200.0, 200.25, 200.5, 127.5])
def test_pixels_share_a_line_without_loss(centre):
    got = spectrum_of_one_line(0.02, centre, 2.3).sum()
    # the wings beyond the reach hold the rest
    assert_allclose(got, 1, atol=0.005)


def test_light_is_shared_between_two_rungs_without_loss():
    rng = np.random.default_rng(0)
    widths = rng.uniform(0.005, 0.5, (40, 7)).astype(np.float32)
    light = rng.uniform(0, 5, (40, 7)).astype(np.float32)
    columns = choose_columns(widths.min(axis=1), widths.max(axis=1))
    shared = columns.share(light, widths)
    total = np.zeros_like(light)
    np.add.at(total, columns.line, shared)
    assert_allclose(total, light, rtol=1e-5)
