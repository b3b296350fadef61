"""What is promised of new spectra, counted over many draws of standards."""

import warnings

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge

from spectransfer import rse_scorer
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import SpectransferWarning
from spectransfer.reliability import ApplicabilityDomain, ConformalTransfer


def pair_of(seed, n_spectra=220):
    return make_instrument_pair(
        n_spectra, n_secondary=60, n_primary=80, shots_per_sample=1, random_state=seed
    )


def holds(transfer, pair, known, simultaneous):
    lower, upper = transfer.predict_interval(
        pair.X_secondary[known:], simultaneous=simultaneous
    )
    inside = (lower <= pair.X_primary[known:]) & (pair.X_primary[known:] <= upper)
    return (inside.all(axis=1) if simultaneous else inside).mean()


@pytest.mark.slow
@pytest.mark.parametrize("n", [12, 20])
def test_bands_of_few_standards_hold_what_they_promise(n):
    found = []
    for seed in range(20):
        pair = pair_of(seed)
        fitted = ConformalTransfer(Ridge(1.0))
        fitted.fit(pair.X_secondary[:n], pair.X_primary[:n])
        found.append([holds(fitted, pair, n, whole) for whole in (False, True)])
    # a draw of 20 standards scatters by 0.065, their mean by 0.015
    by_channel, whole = np.mean(found, axis=0)
    assert 0.86 < by_channel < 0.96
    assert 0.86 < whole < 0.97


def test_channels_without_light_take_nothing_from_the_others():
    found = []
    for seed in range(12):
        g = np.random.default_rng(seed)
        mixture = np.abs(g.normal(size=(260, 3))) + 0.5
        X = mixture @ np.abs(g.normal(size=(3, 12))) * 10
        Y = mixture @ g.normal(size=(3, 60)) * 10
        X, Y = (a + g.normal(0, 0.2, a.shape) for a in (X, Y))
        Y[:, :15] = 7.0
        fitted = ConformalTransfer(Ridge(1.0)).fit(X[:60], Y[:60])
        lower, upper = fitted.predict_interval(X[60:], simultaneous=True)
        inside = (lower <= Y[60:]) & (Y[60:] <= upper)
        found.append(inside.all(axis=1).mean())
    assert 0.86 < np.mean(found) < 0.96


@pytest.mark.parametrize("n", [3, 5, 10, 20])
def test_false_alarms_of_few_standards_are_no_more_than_told(n):
    found = []
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(size=(n + 60, 40))
        domain = ApplicabilityDomain().fit(noise[:n])
        found.append((domain.predict(noise[n:]) == -1).mean())
    spread = np.std(found) / np.sqrt(len(found))
    assert np.mean(found) < domain.false_alarms_ + 3 * spread


@pytest.fixture(scope="module")
def fitted():
    pair = pair_of(1)
    fitted = ConformalTransfer(Ridge(1.0))
    return pair, fitted.fit(pair.X_secondary[:100], pair.X_primary[:100])


@pytest.mark.parametrize("n", [1, 3, 19])
@pytest.mark.parametrize("kind", ["zeros", "noise", "brighter"])
def test_a_few_spectra_far_from_all_known_ones_are_told_of(fitted, n, kind):
    pair, transfer = fitted
    spectra = pair.X_secondary[100 : 100 + n]
    size = spectra.std()
    strange = {
        "zeros": 0.0 * spectra,
        "noise": np.random.default_rng(0).normal(0, size, spectra.shape),
        "brighter": 10.0 * spectra,
    }[kind]
    with pytest.warns(SpectransferWarning, match="Bands hold for spectra"):
        transfer.predict_interval(strange)


def test_usual_spectra_are_seldom_told_of(fitted):
    pair, transfer = fitted
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for i in range(100, 220):
            transfer.predict_interval(pair.X_secondary[i : i + 1])
        transfer.predict_interval(pair.X_secondary[100:])
    assert len(told) <= 1


def test_spectra_that_overflow_are_not_usual():
    X = np.random.default_rng(0).normal(100, 3, (100, 60)).astype("f")
    domain = ApplicabilityDomain().fit(X)
    huge = np.full((2, 60), np.finfo("f").max, "f")
    with np.errstate(all="ignore"):
        assert domain.predict(huge).tolist() == [-1, -1]
        assert domain.judge(huge).flagged.all()


def test_standards_that_came_twice_are_told_of():
    X = np.random.default_rng(0).normal(size=(20, 30))
    with pytest.warns(SpectransferWarning, match="the same as others"):
        ApplicabilityDomain().fit(np.concatenate([X, X]))


def test_the_score_of_bands_is_that_of_their_transfer(fitted):
    pair, transfer = fitted
    new = pair[100:]
    expected = transfer.transfer_.score(new.X_secondary, new.X_primary)
    assert transfer.score(new.X_secondary, new.X_primary) == expected
    assert rse_scorer(transfer, new.X_secondary, new.X_primary) > -1


@pytest.mark.parametrize("coverage", [np.nan, np.inf, "0.9", None, [0.9]])
def test_coverage_is_a_number_between_0_and_1(fitted, coverage):
    pair, transfer = fitted
    with pytest.raises((TypeError, ValueError), match="coverage must"):
        transfer.predict_interval(pair.X_secondary, coverage)


def test_properties_do_not_take_the_names_of_errors(fitted):
    pair, transfer = fitted
    named = ConformalTransfer(
        FrozenEstimator(transfer.transfer_),
        properties={"euclidean": Ridge().fit(pair.X_primary, pair.y)},
    )
    with pytest.raises(ValueError, match="'euclidean' is the error"):
        named.fit(pair.X_secondary, pair.X_primary)
