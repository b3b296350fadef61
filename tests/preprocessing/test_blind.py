"""What is assumed is undone, what is not assumed stays, and contradictions are told."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.utils.estimator_checks import parametrize_with_checks

from spectransfer.exceptions import SpectransferWarning
from spectransfer.preprocessing import BlindCorrector
from spectransfer.preprocessing._blind import moments_of

N = 400
CHANNELS = np.arange(N, dtype=float)
PLACES = np.random.default_rng(0).uniform(15, N - 15, 40)
HEIGHTS = np.random.default_rng(1).gamma(1.0, 2000.0, (3, 40))
TILT = 1 + 0.1 * np.linspace(-1, 1, N)


def take(seed, n=300, mixture=(1.0, 1.0, 1.0), gain=1.0, shift=0.0, level=0.0):
    """Map of places that mix three materials, each at its own share."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(mixture, n)
    apart = CHANNELS[:, None] - (PLACES + shift)
    lines = np.exp(-0.5 * (apart / 1.5) ** 2) @ HEIGHTS.T
    light = gain * (shares @ lines.T)
    return 600 + level + light + rng.normal(0, np.sqrt(light + 25))


class WithReference(BlindCorrector):
    """Takes spectra without a second day, as scikit-learn's checks give them."""

    def __init__(self, assume=("same-lines", "same-dark", "same-statistics")):
        super().__init__(assume)

    def fit(self, X, y=None):
        return super().fit(X, X)


@parametrize_with_checks([WithReference()])
def test_corrector_passes_scikit_learns_check(estimator, check):
    with warnings.catch_warnings():
        # few channels of random numbers have no lines
        warnings.simplefilter("ignore", SpectransferWarning)
        check(estimator)


def test_statistics_undo_gain_and_level():
    blind = BlindCorrector("same-statistics")
    blind.fit(take(1, gain=1.5 * TILT, level=80.0), take(2))
    assert_allclose(blind.gain_, 1.5 * TILT, rtol=0.1)
    # the level of 600 counts is no light, and is not multiplied
    assert_allclose(blind.offset_ + 600 * blind.gain_, 680, atol=25)
    sample = take(3, gain=1.5 * TILT, level=80.0)
    before = np.mean((sample - take(3)) ** 2)
    after = np.mean((blind.transform(sample) - take(3)) ** 2)
    assert after < before / 30


def test_lines_undo_the_shift_and_leave_intensities():
    blind = BlindCorrector("same-lines").fit(take(1, gain=1.5, shift=12.4), take(2))
    assert_allclose(blind.shift_, 12.4, atol=0.1)
    assert_allclose(blind.gain_, 1)
    assert_allclose(blind.offset_, 0)


def test_dark_channels_undo_the_level_and_nothing_else():
    today = take(1, level=70.0)
    blind = BlindCorrector("same-dark").fit(today, take(2))
    assert_allclose(blind.offset_, 70, atol=5)
    assert_allclose(blind.transform(today), today - blind.offset_, rtol=1e-12)


def test_assumptions_add_up_in_any_order():
    today, reference = take(1, gain=1.5, shift=3.3), take(2)
    one = BlindCorrector(["same-lines", "same-statistics"]).fit(today, reference)
    other = BlindCorrector(("same-statistics", "same-lines")).fit(today, reference)
    assert one.assumptions_ == other.assumptions_
    assert_allclose(one.transform(today), other.transform(today))
    assert_allclose(one.gain_, 1.5, rtol=0.1)
    assert_allclose(one.shift_, 3.3, atol=0.1)


def test_moments_in_blocks_equal_those_of_the_whole():
    spectra = take(1, n=50).astype(np.float32)
    still = np.eye(N)
    mean, spread = moments_of(spectra, sparse.csr_array(still))
    assert_allclose(mean, spectra.mean(axis=0, dtype=float), rtol=1e-6)
    assert_allclose(spread, spectra.std(axis=0, dtype=float), rtol=1e-3)


def test_another_mixture_is_told():
    with pytest.warns(SpectransferWarning, match="another material or mixture"):
        BlindCorrector("same-statistics").fit(take(1, mixture=(0.1, 8.0, 0.1)), take(2))


@pytest.mark.parametrize("assume", ["same", [], ["same-lines", "luck"]])
def test_an_assumption_that_does_not_exist_is_refused(assume):
    with pytest.raises(ValueError, match="assume must name what both days share"):
        BlindCorrector(assume).fit(take(1), take(2))


def test_other_channels_are_refused():
    with pytest.raises(ValueError, match="channel by channel"):
        BlindCorrector("same-dark").fit(take(1), take(2)[:, 1:])


def test_float32_stays_and_differs_by_rounding_only():
    today = take(1, gain=1.5, shift=3.3)
    blind = BlindCorrector(["same-lines", "same-statistics"]).fit(today, take(2))
    single = blind.transform(today.astype(np.float32))
    assert single.dtype == np.float32
    assert_allclose(single, blind.transform(today), rtol=1e-5)
