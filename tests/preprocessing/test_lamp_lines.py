"""An axis by lines of known wavelengths, on simulated and real lamps."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spectransfer.exceptions import WavelengthError
from spectransfer.preprocessing import axis_from_lines
from spectransfer.preprocessing._lamp_lines import LAMPS, lines_of

N = 2000
CHANNELS = np.arange(N, dtype=float)
# bent by 0.6 nm, as a grating does
TRUE = 580 + 0.06 * CHANNELS + 0.6 * (CHANNELS / N) ** 2
NEON = np.array([x for x in LAMPS["neon"] if 580 < x < 700])


def lamp(lines=NEON, seed=0, extra=()):
    rng = np.random.default_rng(seed)
    heights = rng.uniform(200, 3000, len(lines))
    wide = -0.5 * ((TRUE[:, None] - lines) / 0.12) ** 2
    spectrum = np.exp(wide) @ heights + rng.normal(0, 3, N)
    for line in extra:
        spectrum += 400 * np.exp(-0.5 * ((TRUE - line) / 0.12) ** 2)
    return spectrum


def test_the_middle_of_a_flat_top_is_its_middle():
    spectrum = np.clip(20 - np.abs(np.arange(100) - 47.3) * 4, 0, 10)
    places, widths = lines_of(spectrum)
    assert_allclose(places, [47.3], atol=0.01)
    assert_allclose(widths, [7.5], atol=0.01)


@pytest.mark.parametrize("off", [-1.8, 0.0, 1.5])
@pytest.mark.parametrize("seed", range(3))
def test_a_bent_axis_is_found_to_a_tenth_of_a_channel(off, seed):
    rough = np.linspace(TRUE[0], TRUE[-1], N) + off
    found = axis_from_lines(lamp(seed=seed), rough)
    assert len(found.lines) >= 14
    inner = slice(100, -100)
    assert_allclose(found.wavelengths[inner], TRUE[inner], atol=0.006)


def test_peaks_of_something_else_do_not_bend_the_axis():
    rough = np.linspace(TRUE[0], TRUE[-1], N) + 0.5
    found = axis_from_lines(lamp(extra=(591.1, 624.0, 645.3)), rough)
    assert_allclose(found.wavelengths[100:-100], TRUE[100:-100], atol=0.006)


def test_residuals_are_those_of_the_axis_at_the_lines():
    found = axis_from_lines(lamp(), np.linspace(TRUE[0], TRUE[-1], N))
    at = np.interp(found.channels, CHANNELS, found.wavelengths)
    assert_allclose(at - found.lines, found.residuals, atol=1e-6)


def test_lines_of_another_lamp_are_refused():
    with pytest.raises(WavelengthError, match="Name the right lamp"):
        axis_from_lines(lamp(), np.linspace(250, 440, N), lines="mercury")


def test_an_axis_that_is_wrong_by_more_than_the_tolerance_is_refused():
    with pytest.raises(WavelengthError, match="better approximate axis"):
        axis_from_lines(lamp(), TRUE + 9, tolerance=2)


def test_dark_spectra_are_refused():
    with pytest.raises(WavelengthError, match="expose longer"):
        axis_from_lines(np.zeros(N), TRUE)


def test_a_lamp_that_is_not_built_in_is_refused_by_name():
    with pytest.raises(ValueError, match="neon, mercury, but lines is 'argon'"):
        axis_from_lines(lamp(), TRUE, lines="argon")


def test_neon_gives_acetonitrile_its_raman_shifts(shared_npz):
    days = shared_npz("data/raman_openraman_days.npz")
    rough = np.linspace(545, 657, 2048)
    for neon, sample in zip(
        days["neon"][7:10], days["acetonitrile"][7:10], strict=True
    ):
        found = axis_from_lines(neon, rough, tolerance=4)
        assert len(found.lines) == 17
        # a twelfth of a channel
        assert np.sqrt(np.mean(found.residuals**2)) < 0.0046
        channels = lines_of(sample.astype(np.float64))[0]
        nm = np.interp(channels, np.arange(2048), found.wavelengths)
        shifts = 1e7 / 532.0 - 1e7 / nm
        # ASTM E1840, in cm-1; their distances hang on no laser. A channel is 1.4 cm-1,
        # and the line at 2941 has a shoulder that draws its middle
        near = [shifts[np.abs(shifts - s).argmin()] for s in (920.3, 2253.7, 2940.8)]
        assert_allclose(np.diff(near), [1333.4, 687.1], atol=7)
