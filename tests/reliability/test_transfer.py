"""`ConformalTransfer`: coverage, widths, expected errors, what lies beyond."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import spearmanr
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from spectransfer import DirectStandardization, make_transfer_pipeline
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import SpectransferWarning
from spectransfer.metrics import target_in_prediction_space
from spectransfer.reliability import ConformalTransfer


def samples(n, seed=0, **options):
    """Give a pair with one shot on each of n samples."""
    return make_instrument_pair(
        n_spectra=n, shots_per_sample=1, random_state=seed, **options
    )


@pytest.fixture(scope="module")
def pair():
    return samples(500)


@pytest.fixture(scope="module")
def fitted(pair):
    return ConformalTransfer(DirectStandardization()).fit(
        pair.X_secondary[:250], pair.X_primary[:250]
    )


@parametrize_with_checks([ConformalTransfer(DirectStandardization())])
def test_transfer_passes_scikit_learns_check(estimator, check):
    check(estimator)


def inside(transfer, X, y, **options):
    lower, upper = transfer.predict_interval(X, **options)
    truth = target_in_prediction_space(transfer, y)
    return (lower <= truth) & (truth <= upper)


@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_bands_of_channels_hold_the_share_that_is_asked_for(pair, fitted, coverage):
    held = inside(
        fitted, pair.X_secondary[250:], pair.X_primary[250:], coverage=coverage
    )
    # 250 standards: a quantile scatters by 2 to 3 %
    assert abs(held.mean() - coverage) < 0.05


@pytest.mark.slow
def test_simultaneous_bands_hold_whole_spectra_on_average():
    shares, by_channel = [], []
    for seed in range(4):
        X, y = (getattr(samples(500, seed), f"X_{s}") for s in ("secondary", "primary"))
        transfer = ConformalTransfer(DirectStandardization()).fit(X[:250], y[:250])
        held = inside(transfer, X[250:], y[250:], simultaneous=True)
        shares.append(held.all(axis=1).mean())
        by_channel.append(inside(transfer, X[250:], y[250:]).all(axis=1).mean())
    # that of one draw scatters by 4 %, with the samples that it has
    assert abs(np.mean(shares) - 0.9) < 0.05
    assert max(by_channel) < 0.5


def test_twenty_standards_keep_the_coverage_on_average():
    held = []
    for seed in range(6):
        pair = samples(220, seed)
        transfer = ConformalTransfer(DirectStandardization())
        transfer.fit(pair.X_secondary[:20], pair.X_primary[:20])
        held.append(inside(transfer, pair.X_secondary[20:], pair.X_primary[20:]).mean())
    assert abs(np.mean(held) - 0.9) < 0.05


def test_strong_lines_have_wider_bands(pair, fitted):
    lower, upper = fitted.predict_interval(pair.X_secondary[250:])
    light, width = pair.X_primary.std(axis=0), (upper - lower).mean(axis=0)
    assert spearmanr(light, width)[0] > 0.5
    channel = int(light.argmax())
    height = (upper + lower)[:, channel]
    assert spearmanr(height, (upper - lower)[:, channel])[0] > 0.3


def test_prediction_is_that_of_the_transfer_and_in_the_middle(pair, fitted):
    X = pair.X_secondary[250:260]
    alone = DirectStandardization().fit(pair.X_secondary[:250], pair.X_primary[:250])
    assert_allclose(fitted.predict(X), alone.predict(X), rtol=1e-10)
    assert_allclose(np.mean(fitted.predict_interval(X), axis=0), alone.predict(X))


def test_frozen_transfer_is_calibrated_and_not_fitted(pair):
    X, y = pair.X_secondary, pair.X_primary
    whole = make_transfer_pipeline(DirectStandardization()).fit(X[:200], y[:200])
    known = ConformalTransfer(FrozenEstimator(whole)).fit(X[200:350], y[200:350])
    assert known.transfer_.estimator is whole
    assert abs(inside(known, X[350:], y[350:]).mean() - 0.9) < 0.06


def test_a_drift_is_warned_of_and_calibrated_again(pair, fitted):
    X, y = pair.X_secondary[250:], pair.X_primary[250:]
    today = 1.5 * X
    with pytest.warns(SpectransferWarning, match="recalibrate"):
        fitted.predict_interval(today)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.predict_interval(X)
        again = ConformalTransfer(FrozenEstimator(fitted.transfer_))
        again.fit(today[:100], y[:100])
        held = inside(again, today[100:], y[100:])
    assert abs(held.mean() - 0.9) < 0.06


def test_replicates_are_left_out_together():
    pair = make_instrument_pair(n_spectra=120, shots_per_sample=4, random_state=0)
    transfer = ConformalTransfer(DirectStandardization())
    transfer.fit(pair.X_secondary, pair.X_primary, sample_id=pair.sample_id)
    assert transfer.n_samples_ == 30
    with pytest.raises(ValueError, match="30 samples can promise"):
        transfer.predict_interval(pair.X_secondary, coverage=0.98)


def test_expected_error_has_the_size_of_the_true_one(pair, fitted):
    X, y = pair.X_secondary[250:], pair.X_primary[250:]
    true = np.linalg.norm(fitted.predict(X) - y, axis=1)
    expected = fitted.expected_error(X)
    assert list(expected) == ["euclidean", "cosine"]
    assert_allclose(np.median(expected["euclidean"] / true), 1.0, atol=0.15)
    # most of an error here is noise, which nothing can foresee
    assert spearmanr(expected["euclidean"], true)[0] > 0.1


def test_expected_error_of_a_property_is_in_its_unit(pair):
    X, y = pair.X_secondary[:100], pair.X_primary[:100]
    total = LinearRegression().fit(y[:, :5], y[:, :5].sum(axis=1))
    read = FirstChannels(total)
    transfer = ConformalTransfer(DirectStandardization(), properties={"light": read})
    expected = transfer.fit(X, y).expected_error(pair.X_secondary[100:])
    off = transfer.predict(pair.X_secondary[100:]) - pair.X_primary[100:]
    true = np.abs(off[:, :5].sum(axis=1))
    assert 0.3 < np.median(expected["light"]) / np.median(true) < 3


class FirstChannels:
    """A calibration that reads five channels."""

    def __init__(self, inner):
        self.inner = inner

    def predict(self, X):
        return self.inner.predict(X[:, :5])


def test_channels_beyond_the_overlap_are_marked_and_their_lines_listed(pair):
    secondary, primary = pair.as_frames()
    seen = secondary.columns.astype(str)
    cut = secondary.iloc[:, : len(seen) // 2]
    transfer = ConformalTransfer(DirectStandardization()).fit(cut[:250], primary[:250])
    end = pair.wavelengths_secondary[len(seen) // 2 - 1]
    step = np.diff(pair.wavelengths_secondary)[0]
    begin = pair.wavelengths_secondary[0]
    places = pair.wavelengths_primary
    beyond = (places > end + 3 * step) | (places < begin - 3 * step)
    assert (transfer.inferred_ == beyond).all()
    lines = transfer.inferred_lines(cut[250:])
    assert lines
    assert all(beyond[line.channel] for line in lines)
    assert all(line.height > line.half_width for line in lines)
    assert lines[0].wavelength == places[lines[0].channel]


def test_the_domain_names_the_channels_that_a_data_frame_names(pair):
    X, y = pair.as_frames()
    transfer = ConformalTransfer(DirectStandardization()).fit(X[:60], y[:60])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        judged = transfer.domain_.judge(X[60:70])
    assert set(judged.channels.ravel()) <= set(X.columns.astype(str))


def test_a_single_target_has_intervals_of_its_own_shape(pair):
    y = pair.X_primary[:, 5]
    transfer = ConformalTransfer(DirectStandardization())
    transfer.fit(pair.X_secondary[:100], y[:100])
    lower, upper = transfer.predict_interval(pair.X_secondary[100:])
    assert lower.shape == (400,)
    assert abs(((lower <= y[100:]) & (y[100:] <= upper)).mean() - 0.9) < 0.08
