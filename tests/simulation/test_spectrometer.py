from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import kstest

from spectransfer.simulation import PRIMARY, SECONDARY
from spectransfer.simulation._spectrometer import (
    drifted_background,
    read_out,
    standard_normals,
)


def test_axes_are_the_papers():
    for instrument, start, stop, n, pitch in [
        (PRIMARY, 245, 407, 4062, (0.046, 0.035)),
        (SECONDARY, 260, 370, 3872, (0.032, 0.023)),
    ]:
        nm = instrument.wavelengths()
        assert (nm[0], nm[-1], len(nm)) == (start, stop, n)
        steps = np.diff(nm)
        assert (steps > 0).all()
        # the published pitches and ranges do not agree to better than 3.5 %
        assert_allclose(steps[[0, -1]], pitch, rtol=0.036)


def test_second_day_background_has_its_two_heights():
    assert_allclose(drifted_background(np.array([250.0]), 320.0), 96, atol=0.1)
    assert_allclose(drifted_background(np.array([378.0]), 320.0), 208)
    assert_allclose(drifted_background(np.array([440.0]), 320.0), 320, atol=0.2)


def test_fast_normal_numbers_are_normal_and_independent():
    z = standard_normals(np.random.default_rng(3), 200_001)
    assert z.shape == (200_001,)
    assert z.dtype == np.float32
    assert kstest(z, "norm").pvalue > 0.01
    first, second = z[:100_000], z[100_001:]
    for power in (1, 2):
        together = np.corrcoef(first**power, second**power)[0, 1]
        assert abs(together) < 0.01  # three standard deviations


def test_noise_has_the_declared_variance():
    rng = np.random.default_rng(1)
    for light in (0.0, 400.0, 9_000.0):
        counts = np.full((4_000, 64), light, dtype=np.float32)
        bias = np.zeros(64, dtype=np.float32)
        read_out(counts, bias, PRIMARY, rng, np.zeros(4_000), 1.0)
        expected = 9.0**2 + light / 1.6
        # 256,000 numbers know their variance to 0.3 %
        assert_allclose(counts.var(), expected, rtol=0.015)
        assert_allclose(counts.mean(), light, atol=0.3)


def test_offset_jitters_whole_spectra():
    rng = np.random.default_rng(2)
    counts = np.zeros((3_000, 50), dtype=np.float32)
    offset = rng.standard_normal(3_000)
    quiet = replace(PRIMARY, read_noise=0.0)
    read_out(counts, np.zeros(50, np.float32), quiet, rng, offset, 1.0)
    assert_allclose(counts[:, 0], 3 * offset, rtol=1e-5, atol=1e-6)
    assert_allclose(counts, np.repeat(counts[:, :1], 50, axis=1))


def test_counts_stop_at_saturation():
    counts = np.full((20, 8), 1e5, dtype=np.float32)
    read_out(counts, np.zeros(8, np.float32), PRIMARY, np.random.default_rng(0),
             np.zeros(20), 1.0)  # fmt: skip
    assert (counts == 65_535).all()


def test_two_individuals_differ_and_one_stays_itself():
    assert np.array_equal(PRIMARY.response(), PRIMARY.response())
    assert not np.array_equal(PRIMARY.response(), replace(PRIMARY, serial=7).response())


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"stop": 240.0}, "increasing range"),
        ({"n_channels": 1}, "at least 2"),
        ({"width": 0.0}, "width must be positive"),
        ({"pitch": (0.03, -0.01)}, "two positive widths"),
    ],
)
def test_impossible_spectrometers_are_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        replace(PRIMARY, **bad)
