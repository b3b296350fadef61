"""Limits hold what they promise, and a drift is told with its day and its kind."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import f, t
from sklearn.decomposition import PCA

from spectransfer.adaptation import watch_instrument
from spectransfer.adaptation._watch import InstrumentWatch
from spectransfer.adaptation._watch_statistics import (
    components_of,
    drift_between,
    limits_around,
    t2_limit,
)
from spectransfer.exceptions import SpectransferWarning

N = 300
CHANNELS = np.arange(N, dtype=float)
PLACES = np.random.default_rng(0).uniform(15, N - 15, 25)
HEIGHTS = np.random.default_rng(1).gamma(1.0, 2000.0, (2, 25))


def record(material=0, *, gain=1.0, shift=0.0, width=1.5, level=0.0, seed=None):
    apart = CHANNELS[:, None] - (PLACES + shift)
    lines = np.exp(-0.5 * (apart / width) ** 2) * (1.5 / width)
    light = gain * (lines @ HEIGHTS[material])
    if seed is None:
        return 600 + level + light
    rng = np.random.default_rng(seed)
    light = light * rng.normal(1, 0.03)
    return 600 + level + light + rng.normal(0, np.sqrt(light + 25)) / 5


def campaign(n_days, first=None, materials=(0, 1), seed=0, **drift):
    """Spectra, days and materials; the drift begins on day `first`."""
    rows = [
        (
            record(m, seed=[seed, d, m], **(drift if first and d >= first else {})),
            d,
            "ab"[m],
        )
        for d in range(1, n_days + 1)
        for m in materials
    ]
    spectra, day, sample = zip(*rows, strict=True)
    return np.array(spectra), np.array(day), np.array(sample)


def watch(*args, **options):
    spectra, day, sample = campaign(*args, **options)
    return watch_instrument(spectra, day, sample_id=sample)


@pytest.mark.parametrize(("n", "k"), [(6, 1), (12, 2), (30, 5)])
def test_limit_of_t2_is_the_formula_for_new_observations(n, k):
    # N. D. Tracy, J. C. Young and R. L. Mason, J. Qual. Technol. 24 (1992) 88, eq. 3
    expected = k * (n + 1) * (n - 1) / (n * (n - k)) * f.ppf(0.99, k, n - k)
    assert_allclose(t2_limit(n, k, 0.01), expected, rtol=1e-10)


def test_new_days_pass_the_limit_of_t2_as_seldom_as_alpha_says():
    rng, beyond = np.random.default_rng(0), 0
    for _ in range(2000):
        days = rng.normal(size=(13, 2)) @ [[2.0, 0.3], [0.0, 1.0]]
        t2, _ = components_of(days[:12], 2).judge(days[12])
        beyond += t2 > t2_limit(12, 2, 0.05)
    # 100 are expected, give or take three times the root of 95
    assert 70 < beyond < 130


def test_new_values_pass_their_limits_as_seldom_as_alpha_says():
    draws = np.random.default_rng(0).normal(5, 2, (4000, 9))
    limits = np.array([limits_around(d[:8], 0.05) for d in draws])
    out = (draws[:, 8] < limits[:, 0]) | (draws[:, 8] > limits[:, 1])
    assert 160 < out.sum() < 240


def test_t2_and_q_equal_those_of_scikit_learns_components():
    rng = np.random.default_rng(0)
    days, new = rng.normal(size=(12, 40)), rng.normal(size=(5, 40))
    pca = PCA(3).fit(days)
    scores = pca.transform(new)
    t2 = (scores**2 / pca.explained_variance_).sum(axis=1)
    q = ((new - pca.inverse_transform(scores)) ** 2).sum(axis=1)
    judged = [components_of(days, 3).judge(row) for row in new]
    assert_allclose(judged, np.column_stack([t2, q]), rtol=1e-8)


def test_t2_and_q_equal_those_of_chemotools():
    outliers = pytest.importorskip("chemotools.outliers")
    rng = np.random.default_rng(0)
    days, new = rng.normal(size=(12, 40)), rng.normal(size=(5, 40))
    pca = PCA(3).fit(days)
    t2 = outliers.HotellingT2(pca).fit(days).predict_residuals(new)
    q = outliers.QResiduals(pca).fit(days).predict_residuals(new)
    judged = np.array([components_of(days, 3).judge(row) for row in new])
    assert_allclose(judged[:, 0], np.ravel(t2), rtol=1e-8)
    assert_allclose(judged[:, 1], np.ravel(q), rtol=1e-8)


def test_limit_of_q_is_that_of_days_judged_by_the_others():
    spectra, day, sample = campaign(14)
    found = watch_instrument(spectra, day, sample_id=sample)
    rows = np.concatenate([spectra[sample == m] for m in "ab"], axis=1)
    light = []
    for half in np.split(rows[:10].mean(axis=0), 2):
        above = np.maximum(half - np.percentile(half, 2), 0)
        light.append(np.sqrt(above + 0.1 * np.ptp(half)))
    rows = rows / np.concatenate(light)
    q = []
    for i in range(10):
        pca = PCA(1).fit(np.delete(rows[:10], i, axis=0))
        left = rows[i] - pca.inverse_transform(pca.transform(rows[i : i + 1]))[0]
        q.append(left @ left)
    log = np.log(q)
    reach = t.ppf(1 - 0.0027, 9) * log.std(ddof=1) * np.sqrt(1.1)
    assert_allclose(found.statistics["Q"][:10], q, rtol=1e-8)
    assert_allclose(found.limits["Q"][1], np.exp(log.mean() + reach), rtol=1e-8)


@pytest.mark.parametrize(
    "truth",
    [
        (1.0, 0.0, 1.0, 0.0),
        (1.4, -0.3, 1.05, 80.0),
        (0.5, 37.4, 1.0, -20.0),
        (3.0, -61.0, 0.95, 0.0),
    ],
)
def test_a_known_drift_is_found(truth):
    gain, shift, width, level = truth
    reference = np.array([record(m) for m in (0, 1)])
    today = np.array(
        [
            record(m, gain=gain, shift=shift, width=1.5 * width, level=level)
            for m in (0, 1)
        ]
    )
    found = drift_between(today, reference, np.ones_like(reference))
    assert_allclose(found[:2], [gain, shift], rtol=0.03, atol=0.03)
    assert_allclose(found[2], width, atol=0.015)
    # of lines as high as 6,000 counts
    assert_allclose(found[3], level, atol=10 * gain)


@pytest.mark.parametrize(
    ("kind", "drift"),
    [
        ("gain", {"gain": 1.4}),
        ("shift", {"shift": 0.3}),
        ("shift", {"shift": 25.0}),
        ("width", {"width": 1.65}),
        ("offset", {"level": 60.0}),
    ],
)
def test_a_sudden_drift_is_told_by_its_day_and_its_kind(kind, drift):
    found = watch(18, first=15, **drift)
    assert found.out(kind)[14:].all()
    assert found.states[14:] == ["measure again", *["recalibrate"] * 3]
    assert found.since == 15
    assert "recalibrate" in found.advice
    assert kind in found.advice


def test_an_instrument_that_does_not_drift_is_seldom_recalibrated():
    judged = [watch(30, seed=seed).states[10:] for seed in range(5)]
    alarms = sum(states.count("recalibrate") for states in judged)
    assert alarms <= 2


def test_one_bad_measurement_is_measured_again_and_forgotten():
    spectra, day, sample = campaign(20)
    spectra[day == 14] = 600
    found = watch_instrument(spectra, day, sample_id=sample)
    assert found.states[13] == "measure again"
    assert found.states[16:] == ["ok"] * 4
    assert found.since is None
    assert found.advice == "20: within all limits."


def states_of(text):
    """Give states, and since when, for days of reference r, good + and bad -."""
    values = np.array([9.0 if c == "-" else 0.0 for c in text])
    reference = np.array([c == "r" for c in text])
    found = InstrumentWatch(
        np.arange(len(text)), reference, {"T2": values}, {"T2": (0.0, 1.0)}
    )
    return "".join(s[0] + s[-1] for s in found.states), found.since


@pytest.mark.parametrize(
    ("text", "states", "since"),
    [
        ("rr+", "rerrok".replace("rerr", "rere"), None),
        ("rr-", "rereman".replace("man", "mn"), None),
        ("rr--", "reremnre", 2),
        ("rr-+-", "reremnokre", 2),
        ("rr-++-", "reremnokokmn", None),
        ("rr--++--", "reremnreokokmnre", 6),
        ("rr--+-", "reremnreokre", 2),
    ],
)
def test_two_days_of_three_make_a_drift(text, states, since):
    found = states_of(text)
    assert found == (states, since)


def test_later_days_do_not_move_the_limits():
    spectra, day, sample = campaign(20, first=15, gain=2.0)
    short = day <= 12
    long = watch_instrument(spectra, day, sample_id=sample)
    early = watch_instrument(spectra[short], day[short], sample_id=sample[short])
    assert long.limits == early.limits


def test_order_of_rows_and_names_of_days_do_not_matter():
    spectra, day, sample = campaign(13)
    order = np.random.default_rng(0).permutation(len(day))
    dates = np.datetime64("2026-03-01") + day
    one = watch_instrument(spectra, day, sample_id=sample, reference=range(1, 11))
    other = watch_instrument(spectra[order], dates[order], sample_id=sample[order])
    for name, values in one.statistics.items():
        assert_allclose(other.statistics[name], values, rtol=1e-7, atol=1e-9)
    assert_array_equal(other.days, np.unique(dates))


def test_a_day_without_lines_has_no_drift_but_is_out():
    spectra, day, sample = campaign(12)
    spectra[day == 12] = np.random.default_rng(0).normal(600, 5, (2, N))
    found = watch_instrument(spectra, day, sample_id=sample)
    assert np.isnan(found.statistics["shift"][-1])
    assert found.out("Q")[-1]
    assert " - " in repr(found)


def test_table_and_csv_say_the_same():
    found = watch(12, first=12, gain=1.5)
    lines = repr(found).splitlines()
    assert lines[0].split() == ["day", "state", *found.statistics]
    assert lines[-4].count("*") >= 2
    rows = found.to_csv().splitlines()
    assert len(rows) == 13
    assert float(rows[-1].split(",")[4]) == found.statistics["gain"][-1]


def test_an_odd_day_of_reference_is_told():
    spectra, day, sample = campaign(14)
    spectra[day == 3] *= 1.5
    with pytest.warns(SpectransferWarning, match="3 is unlike the others"):
        watch_instrument(spectra, day, sample_id=sample)


def test_a_missing_standard_is_named_with_its_day():
    spectra, day, sample = campaign(12)
    kept = ~((day == 7) & (sample == "b"))
    with pytest.raises(ValueError, match="b was not measured on 7"):
        watch_instrument(spectra[kept], day[kept], sample_id=sample[kept])


def test_too_few_days_of_reference_are_refused():
    spectra, day, sample = campaign(4)
    with pytest.raises(ValueError, match="at least 5 days of reference, but there are"):
        watch_instrument(spectra, day, sample_id=sample)


def test_days_of_reference_without_spectra_are_refused():
    spectra, day, sample = campaign(12)
    with pytest.raises(ValueError, match="there are none of 0, 99"):
        watch_instrument(spectra, day, sample_id=sample, reference=[0, 1, 99])


@pytest.mark.parametrize(
    "days",
    [
        [str(i) for i in range(1, 16)],
        [f"{i:02}.03.2026" for i in range(1, 16)],
        [f"3/{i}/2026" for i in range(1, 16)],
        [f"2026-03-01 {i}:00" for i in range(1, 16)],
        np.array([f"{i}.3." for i in range(1, 16)], dtype=object),
    ],
)
def test_days_whose_texts_are_no_order_are_refused(days):
    spectra = np.random.default_rng(0).normal(100, 1, size=(15, 40))
    with pytest.raises(ValueError, match="ISO"):
        watch_instrument(spectra, days)


def test_days_that_are_all_the_same_give_no_limits():
    with pytest.raises(ValueError, match="same to the last bit"):
        watch_instrument(np.tile(np.arange(40.0) ** 2, (15, 1)), range(15))
