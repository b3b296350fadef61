"""Spectrometers: axes, profiles, calibration, noise."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import voigt_profile
from scipy.stats import kstest

from spectransfer.simulation import PRIMARY, SECONDARY, DayDrift
from spectransfer.simulation._minerals import NAMES
from spectransfer.simulation._plasma import Plasma
from spectransfer.simulation._profiles import (
    LADDER_RATIO,
    choose_columns,
    make_blocks,
    rung_width,
)
from spectransfer.simulation._recording import Recorder, _typical_atoms
from spectransfer.simulation._spectrometer import (
    drifted_background,
    read_out,
    standard_normals,
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
    assert LADDER_RATIO > 1


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


@pytest.fixture(scope="module")
def albite():
    atoms = _typical_atoms()[:, [NAMES.index("albite")]]
    return Plasma(np.array([10_500.0]), np.array([1.2e17]), atoms)


def recorder(instrument, day=None, view=0):
    return Recorder(
        instrument, day or DayDrift.off(), view, absorption=1.0, continuum=0.0
    )


@pytest.mark.parametrize("instrument", [PRIMARY, SECONDARY, PRIMARY.binned(4)])
def test_strongest_line_of_albite_has_its_declared_height(instrument, albite):
    plain = replace(instrument, stray_light=0.0)
    light = recorder(plain).expose(albite, np.ones(1))
    # neighbouring lines and cut wings: 1 %
    assert_allclose(light.max(), 9000, rtol=0.01)


@pytest.mark.parametrize(
    ("mineral", "nm"),
    [
        ("quartz", 288.158), ("albite", 396.152), ("albite", 393.366),
        ("albite", 309.271), ("muscovite", 279.553), ("garnet", 257.610),
        ("muscovite", 285.213), ("quartz", 251.611),
    ],
)  # fmt: skip
def test_strong_lines_stand_at_their_wavelengths(mineral, nm):
    atoms = _typical_atoms()[:, [NAMES.index(mineral)]]
    light = recorder(PRIMARY).expose(
        Plasma(np.array([10_500.0]), np.array([1.2e17]), atoms), np.ones(1)
    )[0]
    axis = PRIMARY.wavelengths()
    near = np.abs(axis - nm) < 0.2
    peak = axis[near][light[near].argmax()]
    assert abs(peak - nm) <= 0.035  # three quarters of a pixel


@pytest.mark.parametrize("view", [0, 1])
def test_a_shift_moves_lines_by_its_fraction_of_a_channel(albite, view):
    instrument = replace(
        (PRIMARY, SECONDARY)[view], pixel_variation=0.0, ripple=0.0, stray_light=0.0
    )
    day = DayDrift.off()
    moved = replace(day, shift=(0.35, -0.25))
    before = recorder(instrument, day, view).expose(albite, np.ones(1))[0]
    after = recorder(instrument, moved, view).expose(albite, np.ones(1))[0]
    peak = int(np.argmin(np.abs(instrument.wavelengths() - 288.158)))
    window = slice(peak - 12, peak + 13)
    channels = np.arange(25)

    def centre(spectrum):
        return (channels * spectrum[window]).sum() / spectrum[window].sum()

    # light that leaves the window on one side bounds what a centroid can tell
    assert_allclose(centre(after) - centre(before), moved.shift[view], atol=0.03)


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
