"""`ApplicabilityDomain`: its rate of false alarms, and what it finds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.utils.estimator_checks import parametrize_with_checks

from spectransfer.datasets import make_instrument_pair
from spectransfer.reliability import ApplicabilityDomain


def samples(n, seed):
    """Give one secondary spectrum of each of n samples."""
    options = {"n_spectra": n, "shots_per_sample": 1, "random_state": seed}
    return make_instrument_pair(**options).X_secondary


@pytest.fixture(scope="module")
def spectra():
    return samples(500, 0)


@pytest.fixture(scope="module")
def domain(spectra):
    return ApplicabilityDomain().fit(spectra[:250])


@parametrize_with_checks([ApplicabilityDomain()])
def test_domain_passes_scikit_learns_check(estimator, check):
    check(estimator)


SPOILED = {
    "noise": lambda x, rng: rng.normal(x.mean(), x.std(), x.shape),
    "zeros": lambda x, rng: 0 * x,
    "reversed": lambda x, rng: x[:, ::-1],
    "ten times too bright": lambda x, rng: 10 * x,
    "shifted by 3 channels": lambda x, rng: np.roll(x, 3, axis=1),
    "saturated": lambda x, rng: np.minimum(x, 0.5 * x.max(axis=1, keepdims=True)),
}


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_spectra_are_flagged(domain, spectra, name):
    spoiled = SPOILED[name](spectra[250:], np.random.default_rng(0))
    assert (domain.predict(spoiled) == -1).mean() > 0.95


@pytest.mark.parametrize("n", [20, 60])
def test_rate_of_false_alarms_is_the_one_asked_for(n):
    rates = []
    for seed in range(12):
        x = samples(n + 300, seed)
        domain = ApplicabilityDomain(0.1).fit(x[:n])
        rates.append((domain.predict(x[n:]) == -1).mean())
    # of n standards a rate scatters by 0.3 / sqrt(n), of twelve draws by a third of it
    assert abs(np.mean(rates) - 0.1) < 0.06


def test_replicates_are_one_sample_for_the_rate(spectra):
    names = np.repeat(np.arange(125), 2)
    domain = ApplicabilityDomain(0.1).fit(spectra[:250], sample_id=names)
    assert_allclose(domain.false_alarms_, 0.1, atol=1 / 126)
    with pytest.raises(ValueError, match="at least 3, but sample_id names 2"):
        domain.fit(spectra[:4], sample_id=[0, 0, 1, 1])


def test_rate_that_few_standards_cannot_keep_is_told(spectra):
    domain = ApplicabilityDomain(0.01).fit(spectra[:9])
    assert_allclose(domain.false_alarms_, 0.1)


def test_a_spectrum_is_flagged_where_a_statistic_is_beyond_its_limit(domain, spectra):
    mixed = np.concatenate([spectra[250:], 1.3 * spectra[250:]])
    judged = domain.judge(mixed)
    beyond = [judged.statistics[n] > judged.limits[n] for n in judged.limits]
    assert (np.any(beyond, axis=0) == judged.flagged).all()
    assert (judged.flagged == (domain.predict(mixed) == -1)).all()
    assert (judged.flagged == (judged.p_values <= domain.false_alarms_ + 1e-9)).all()
    assert ((judged.reason != "") == judged.flagged).all()


def test_channels_of_a_spike_are_named(domain, spectra):
    spoiled = spectra[250:260].copy()
    spoiled[:, 17] += 0.5 * np.ptp(spoiled)
    judged = domain.judge(spoiled)
    assert judged.flagged.all()
    assert (judged.channels[:, 0] == "17").all()
    assert "17" in repr(judged)


def test_unit_of_the_spectra_changes_nothing(domain, spectra):
    other = ApplicabilityDomain().fit(1000.0 * spectra[:250])
    assert_allclose(
        other.score_samples(1000.0 * spectra[250:]),
        domain.score_samples(spectra[250:]),
        atol=1e-4,  # components are found by iterations
    )


def test_float32_spectra_are_judged_alike(domain, spectra):
    narrow = ApplicabilityDomain().fit(spectra[:250].astype(np.float32))
    found = narrow.score_samples(spectra[250:].astype(np.float32))
    assert_allclose(found, domain.score_samples(spectra[250:]), atol=0.02)
