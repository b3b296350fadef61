"""`accept_transfer`: verdicts, and the tests they rest on."""

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spectransfer import DirectStandardization, OffsetTransfer
from spectransfer.datasets import make_instrument_pair
from spectransfer.reliability import ApplicabilityDomain, accept_transfer
from spectransfer.reliability._acceptance import permutation_test


@pytest.fixture(scope="module")
def pair():
    options = {"n_spectra": 160, "n_secondary": 300, "shots_per_sample": 1}
    return make_instrument_pair(**options, random_state=0)


def fitted(pair, *transfers):
    return [t.fit(pair.X_secondary[:100], pair.X_primary[:100]) for t in transfers]


def test_p_is_the_share_of_all_turned_signs_that_go_as_far():
    gained = np.array([1.0, -0.3, 2.0, 0.7, 0.9, -0.1, 1.5, 0.2])
    sums = np.array([np.dot(s, gained) for s in product([-1, 1], repeat=8)])
    exact = (np.abs(sums) >= gained.sum() - 1e-9).mean()
    assert_allclose(permutation_test(gained), exact, atol=0.01)


def test_a_transfer_that_helps_and_is_within_limits_is_accepted(pair):
    transfers = fitted(pair, DirectStandardization(), OffsetTransfer("nothing"))
    found = accept_transfer(*transfers, pair.X_secondary[100:], pair.X_primary[100:])
    assert found.verdict == "transfer"
    assert found.rows[0].p_permutation < 0.01
    assert found.rows[0].p_wilcoxon < 0.01
    assert "60 samples" in repr(found)


def test_a_limit_that_is_not_kept_says_do_not_use(pair):
    transfers = fitted(pair, DirectStandardization(), OffsetTransfer("nothing"))
    X, y = pair.X_secondary[100:], pair.X_primary[100:]
    found = accept_transfer(*transfers, X, y, limits={"spectra": 1e-6})
    assert found.verdict == "do not use"


def test_a_transfer_that_changes_nothing_is_not_needed(pair):
    transfers = fitted(pair, DirectStandardization(), DirectStandardization())
    found = accept_transfer(*transfers, pair.X_secondary[100:], pair.X_primary[100:])
    assert found.verdict == "no transfer needed"
    assert found.rows[0].p_permutation == 1.0


def test_bands_and_properties_are_compared_with_the_primarys_own_errors(pair):
    transfers = fitted(pair, DirectStandardization(), OffsetTransfer("nothing"))
    X, y = pair.X_secondary[100:], pair.X_primary[100:]
    rng = np.random.default_rng(0)
    known = y[:, 40:60].mean(axis=1) + rng.normal(0, 5, len(y))
    asked = {"band": (slice(40, 60), None), "property": (slice(40, 60), known)}
    found = accept_transfer(*transfers, X, y, properties=asked)
    spectra, band, prop = found.rows
    assert (spectra.name, band.name, prop.name) == ("spectra", "band", "property")
    own = np.sqrt(np.mean((y[:, 40:60].mean(axis=1) - known) ** 2))
    assert_allclose(prop.limit, 1.2 * own, rtol=1e-6)
    predicted = transfers[0].predict(X)[:, 40:60].mean(axis=1)
    slope = np.polyfit(y[:, 40:60].mean(axis=1), predicted, 1)[0]
    assert_allclose(band.slopes[1], slope, rtol=1e-5)  # float32 means


def test_replicates_of_few_samples_prove_nothing(pair):
    transfers = fitted(pair, DirectStandardization(), OffsetTransfer("nothing"))
    X, y = pair.X_secondary[100:], pair.X_primary[100:]
    found = accept_transfer(*transfers, X, y, sample_id=np.arange(60) % 3)
    assert found.n_samples == 3
    assert found.rows[0].p_permutation > 0.2
    assert found.verdict == "do not use"


def test_checksum_and_outliers_are_those_of_the_tested_spectra(pair):
    transfers = fitted(pair, DirectStandardization(), OffsetTransfer("nothing"))
    X, y = pair.X_secondary[100:].copy(), pair.X_primary[100:]
    domain = ApplicabilityDomain().fit(pair.X_secondary[:100])
    found = accept_transfer(*transfers, X, y, domain=domain)
    X[0] *= 10
    other = accept_transfer(*transfers, X, y, domain=domain)
    assert found.checksum != other.checksum
    assert other.judgement.flagged[0]
