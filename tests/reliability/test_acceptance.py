"""`accept_transfer`: verdicts, and the tests they rest on."""

import hashlib
import json
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spectransfer import DirectStandardization, OffsetTransfer
from spectransfer.datasets import make_instrument_pair
from spectransfer.reliability import ApplicabilityDomain, accept_transfer
from spectransfer.reliability._paired import corrected, permutation_test


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
    assert_allclose(permutation_test(gained), exact, atol=1e-12)
    many = np.random.default_rng(1).normal(0.3, 1, 14)
    turned = [np.dot(s, many) for s in product([-1, 1], repeat=14)]
    exact = (np.abs(turned) >= abs(many.sum()) - 1e-9).mean()
    assert_allclose(permutation_test(many), exact, atol=0.015)


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
    assert found.rows[0].p_permutation >= 0.25
    assert found.verdict == "too few samples"
    assert "at least 6 samples" in repr(found)


def test_checksum_and_outliers_are_those_of_the_tested_spectra(pair):
    transfers = fitted(pair, DirectStandardization(), OffsetTransfer("nothing"))
    X, y = pair.X_secondary[100:].copy(), pair.X_primary[100:]
    domain = ApplicabilityDomain().fit(pair.X_secondary[:100])
    found = accept_transfer(*transfers, X, y, domain=domain)
    X[0] *= 10
    other = accept_transfer(*transfers, X, y, domain=domain)
    assert found.checksum != other.checksum
    assert other.judgement.flagged[0]


class Fixed:
    """A transfer that predicts what it is told."""

    def __init__(self, predicted):
        self.predicted = predicted

    def __repr__(self):
        return "Fixed()"

    def predict(self, X):
        return self.predicted


def drawn(n=40, m=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(10, 3, (n, m)), rng.normal(0, 1, (n, m))


def test_a_figure_that_the_transfer_spoils_forbids_its_use():
    y, noise = drawn()
    before, after = y + 2 * noise, y + 0.2 * noise
    before[:, 0], after[:, 0] = y[:, 0] + 0.1, y[:, 0] + 50
    asked = {"band": (slice(0, 1), None)}
    limits = {"spectra": 30.0, "band": 1.0}
    after[:, 1:] = y[:, 1:]
    before[:, 1] += 500  # the whole is far better with the transfer
    limits["spectra"] = 100.0
    found = accept_transfer(
        Fixed(after), Fixed(before), y, y, properties=asked, limits=limits
    )
    assert found.rows[0].verdict == "transfer"
    assert found.rows[1].after.rmsep > found.rows[1].limit
    assert found.verdict == "do not use"
    assert "Beyond the limit with the transfer: band" in found.reasons


@pytest.mark.parametrize("where", ["after", "before", "known"])
def test_nan_is_refused_by_figure_and_spectrum(where):
    y, noise = drawn()
    parts = {"after": y + noise, "before": y + noise, "known": y[:, 0].copy()}
    parts[where][7] = np.nan
    asked = {"band": (slice(0, 1), parts["known"])}
    with pytest.raises(ValueError, match=rf"{where}.*spectrum 7\b"):
        accept_transfer(
            Fixed(parts["after"]), Fixed(parts["before"]), y, y, properties=asked
        )
    with pytest.raises(ValueError, match="sample 0 is nan"):
        permutation_test([np.nan, 1.0, 2.0])


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"spectrum": 1.0}, "'spectra', 'band'"),
        ({"spectra": -1.0}, "'spectra' is -1.0"),
        ({"band": np.nan}, "'band' is nan"),
        ({"band": None}, "'band' is None"),
        ({"band": "a"}, "'band' is 'a'"),
    ],
)
def test_limits_that_are_none_or_match_no_figure_are_refused(limits, said):
    y, noise = drawn()
    asked = {"band": (slice(0, 1), None)}
    both = Fixed(y + noise), Fixed(y + noise)
    with pytest.raises(ValueError, match=said):
        accept_transfer(*both, y, y, properties=asked, limits=limits)


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"spectra": (slice(0, 1), None)}, "Rename it"),
        ({"p": slice(0, 1)}, "None for the values"),
        ({"p": (3, None)}, "a band, which is a slice"),
        ({"p": (slice(90, 95), None)}, "holds none of them"),
        ({"p": (slice(0, 1), ["a"] * 40)}, "are numbers"),
        ({"p": (slice(0, 1), np.zeros((20, 2)))}, r"shape \(20, 2\)"),
    ],
)
def test_properties_that_cannot_be_read_are_refused_by_name(properties, said):
    y, noise = drawn()
    with pytest.raises(ValueError, match=said):
        accept_transfer(Fixed(y + noise), Fixed(y), y, y, properties=properties)


def test_a_single_target_is_one_channel():
    y, noise = drawn(m=1)
    flat = Fixed(y[:, 0] + 0.1 * noise[:, 0]), Fixed(y[:, 0] + noise[:, 0])
    asked = {"p": (slice(0, 1), None)}
    found = accept_transfer(*flat, y, y[:, 0], properties=asked)
    assert_allclose(found.rows[0].after.rmsep, found.rows[1].after.rmsep)


def test_predictions_in_two_spaces_are_not_compared():
    y, noise = drawn()
    other = Fixed(y + noise)
    other.transform_target = lambda spectra: spectra / 2
    with pytest.raises(ValueError, match="in one space"):
        accept_transfer(Fixed(y + noise), other, y, y)


def test_hashlib_alone_gives_the_checksum_again_and_it_covers_all():
    y, noise = drawn()
    after, before = y + 0.1 * noise, y + noise
    known = y[:, 0] + 0.1
    names = np.array(["b", "a"])[np.arange(40) % 2]

    def asked(**changed):
        told = {
            "after": after, "before": before, "known": known, "names": names,
            "limits": {"p": 3.0}, "X": y.astype(object),
        } | changed  # fmt: skip
        return accept_transfer(
            Fixed(told["after"]),
            Fixed(told["before"]),
            told["X"],
            y,
            properties={"p": (slice(0, 2), told["known"])},
            limits=told["limits"],
            sample_id=told["names"],
        )

    found = asked()
    told = hashlib.sha256()
    numbers = 1.0 * (names == "b")
    read = [known, after[:, :2].mean(axis=1), before[:, :2].mean(axis=1)]
    for array in (y, y, after, before, numbers, *read):  # no axes
        told.update(np.ascontiguousarray(array, "<f8").tobytes())
    told.update(found.settings.encode())
    assert told.hexdigest() == found.checksum
    assert json.loads(found.settings)["limits"] == {"p": 3.0}
    assert asked().checksum == found.checksum
    for change in (
        {"after": after + 1}, {"before": before + 1}, {"known": known + 1},
        {"names": np.arange(40)}, {"limits": None}, {"X": y + 1},
    ):  # fmt: skip
        assert asked(**change).checksum != found.checksum


def test_samples_count_alike_however_many_spectra_they_have():
    y, noise = drawn(n=20)
    after, before = y + 0.1 * noise, y + noise
    rows = np.repeat(np.arange(20), np.r_[[30], np.ones(19, int)])
    once = accept_transfer(Fixed(after), Fixed(before), y, y).rows[0]
    often = accept_transfer(
        Fixed(after[rows]), Fixed(before[rows]), y[rows], y[rows], sample_id=rows
    ).rows[0]
    for value in ("limit", "slopes", "p_permutation"):
        assert_allclose(getattr(often, value), getattr(once, value), rtol=1e-9)
    assert_allclose(often.after.rmsep, once.after.rmsep, rtol=1e-9)
    assert_allclose(often.before.bias, once.before.bias, rtol=1e-9)


def test_p_of_several_figures_is_corrected_for_their_number():
    assert_allclose(corrected([0.01, 0.04, 0.03, 0.5]), [0.04, 0.09, 0.09, 0.5])
    wrong = raw = 0
    for seed in range(25):
        y, noise = drawn(n=12, m=8, seed=seed)
        other = drawn(n=12, m=8, seed=1000 + seed)[1]
        asked = {str(k): (slice(k, k + 1), None) for k in range(8)}
        limits = dict.fromkeys(["spectra", *asked], 100.0)
        found = accept_transfer(
            Fixed(y + noise), Fixed(y + other), y, y, properties=asked, limits=limits
        )
        wrong += found.verdict == "transfer"
        raw += any(
            row.p_permutation <= 0.05 and row.after.rmsep < row.before.rmsep
            for row in found.rows
        )
    assert wrong <= 2
    assert raw > wrong  # what it was without a correction


def test_what_the_transfer_makes_worse_is_said_with_its_factor():
    y, noise = drawn()
    found = accept_transfer(
        Fixed(y + 7 * noise), Fixed(y + noise), y, y, limits={"spectra": 2.0}
    )
    assert found.verdict == "no transfer needed"
    assert "makes spectra worse" in repr(found)
    assert "7 times as much" in repr(found)


@pytest.mark.parametrize("n", [1, 3, 5])
def test_few_samples_accept_nothing(n):
    y, noise = drawn(n)
    found = accept_transfer(
        Fixed(y + noise), Fixed(y + noise), y, y, limits={"spectra": 5.0}
    )
    assert found.verdict == "too few samples"


def test_flagged_spectra_are_told_with_the_verdict(pair):
    transfers = fitted(pair, DirectStandardization(), OffsetTransfer("nothing"))
    domain = ApplicabilityDomain().fit(pair.X_secondary[:100])
    X = pair.X_secondary[100:].copy()
    X[:30] = X[:30, ::-1]
    found = accept_transfer(*transfers, X, pair.X_primary[100:], domain=domain)
    flagged = int(found.judgement.flagged.sum())
    assert f"{flagged} of 60 spectra are flagged" in repr(found)
    assert "by chance about 3" in repr(found)
