"""The corrector finds drifts that are known, and leaves alone what has not drifted."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.estimator_checks import parametrize_with_checks

from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import SpectransferWarning, WavelengthError
from spectransfer.preprocessing import AxisAligner, BlindCorrector, DriftCorrector

N = 400
CHANNELS = np.arange(N, dtype=float)
PLACES = np.random.default_rng(0).uniform(15, N - 15, 40)
HEIGHTS = np.random.default_rng(1).gamma(1.0, 2000.0, (3, 40))


def record(material, *, gain=1.0, shift=0.0, width=1.5, level=0.0):
    """Spectrum of one of three materials, by its lines."""
    apart = CHANNELS[:, None] - (PLACES + shift)
    lines = np.exp(-0.5 * (apart / width) ** 2) * (1.5 / width)
    return 600 + level + gain * (lines @ HEIGHTS[material])


def shots(material, n, seed, **drift):
    """Shots whose intensities scatter by a tenth, with noise."""
    rng = np.random.default_rng(seed)
    light = record(material, **drift) - 600
    some = light * rng.normal(1, 0.1, (n, 1))
    return 600 + some + rng.normal(0, np.sqrt(np.abs(some) + 25))


def both_days(n=40, materials=(0, 1, 2), seed=0, **drift):
    ids = np.repeat(materials, n)
    today = [shots(m, n, [seed, 1, m], **drift) for m in materials]
    reference = [shots(m, n, [seed, 2, m]) for m in materials]
    return np.concatenate(today), np.concatenate(reference), ids


def test_a_drift_of_everything_is_found_within_four_standard_errors():
    today, reference, ids = both_days(gain=1.4, shift=-0.4, width=1.6, level=80)
    found = DriftCorrector().fit(today, reference, sample_id=ids)
    assert found.kinds_ == ("gain", "shift", "width", "offset")
    # scatter of three standards of 40 shots: 0.1 * sqrt(2 / 120)
    assert_allclose(found.gain_.mean(), 1.4, atol=0.07)
    middle = slice(50, -50)
    off = np.abs(found.shift_ + 0.4)[middle] / found.shift_error_[middle]
    assert off.max() < 4
    assert_allclose(found.width_.mean(), 1.6 / 1.5, atol=0.02)
    assert found.explained_ > 0.98


@pytest.mark.parametrize("truth", [{"gain": 0.5}, {"shift": 0.7}, {"width": 1.7}])
def test_an_unseen_material_comes_back_to_the_reference_day(truth):
    today, reference, ids = both_days(materials=(0, 1), **truth)
    drift = DriftCorrector().fit(today, reference, sample_id=ids)
    expected, seen = record(2), record(2, **truth)
    left = np.sum((drift.transform(seen[None])[0] - expected) ** 2)
    # the model of a width is the first term of a series
    assert left < 0.05 * np.sum((seen - expected) ** 2)


def test_an_instrument_that_has_not_drifted_is_left_alone_to_the_bit():
    today, reference, ids = both_days()
    drift = DriftCorrector().fit(today, reference, sample_id=ids)
    assert drift.kinds_ == ()
    assert_array_equal(drift.transform(today), today)


def test_lines_that_moved_by_many_channels_are_found_again():
    today, reference, ids = both_days(shift=11.3)
    drift = DriftCorrector().fit(today, reference, sample_id=ids)
    assert_allclose(drift.shift_.mean(), 11.3, atol=0.05)


def test_a_shift_beyond_the_search_is_warned_of():
    today, reference, ids = both_days(shift=6.0)
    with pytest.warns(SpectransferWarning, match="max_shift"):
        DriftCorrector(max_shift=2).fit(today, reference, sample_id=ids)


def test_another_material_is_warned_of_by_its_name():
    today, reference, ids = both_days()
    today[ids == 1] = shots(2, 40, 9)
    with pytest.warns(SpectransferWarning, match="Standard b .*another material"):
        DriftCorrector().fit(today, reference, sample_id=np.array(list("abc"))[ids])


def test_an_instrument_that_has_not_drifted_is_left_alone_for_all_of_30_seeds():
    for seed in range(30):
        today, reference, ids = both_days(n=20, materials=(0,), seed=100 + seed)
        found = DriftCorrector().fit(today, reference, sample_id=ids)
        assert found.kinds_ == (), seed


def test_saturation_is_warned_of():
    today, reference, ids = both_days()
    today = np.minimum(today, np.percentile(today, 90))
    with pytest.warns(SpectransferWarning, match="saturated"):
        DriftCorrector().fit(today, reference, sample_id=ids)


def test_good_standards_give_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        today, reference, ids = both_days(gain=1.4, shift=-0.4)
        DriftCorrector().fit(today, reference, sample_id=ids)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_unit_of_intensity_does_not_matter(factor):
    today, reference, ids = both_days(gain=1.3, shift=0.2)
    plain = DriftCorrector().fit(today, reference, sample_id=ids)
    other = DriftCorrector().fit(factor * today, factor * reference, sample_id=ids)
    expected = factor * plain.transform(today)
    assert_allclose(other.transform(factor * today), expected, rtol=1e-5)


def test_means_of_standards_do_without_names():
    materials = range(3)
    today = [record(m, gain=1.4, shift=0.3) for m in materials]
    reference = [record(m) for m in materials]
    drift = DriftCorrector().fit(today, reference)
    assert_allclose(drift.gain_.mean(), 1.4, rtol=0.05)
    assert_allclose(drift.shift_.mean(), 0.3, atol=0.02)


def test_the_shift_is_given_in_nm_where_the_axis_is_known():
    axis = 300 + 0.05 * CHANNELS
    today, reference, ids = both_days(shift=0.5)
    frame = pd.DataFrame(today, columns=axis)
    drift = DriftCorrector().fit(frame, reference, sample_id=ids)
    assert_allclose(drift.shift_on_axis_, 0.05 * drift.shift_)


def test_a_standard_of_one_day_only_is_refused_by_name():
    today, reference, ids = both_days()
    with pytest.raises(ValueError, match="only are 2, 7"):
        DriftCorrector().fit(
            today, reference, sample_id=np.where(ids == 2, 7, ids), reference_id=ids
        )


def test_spectra_of_another_instrument_are_refused():
    today, reference, ids = both_days()
    with pytest.raises(ValueError, match="400 channels"):
        DriftCorrector().fit(today, reference[:, :300], sample_id=ids)


def test_a_kind_of_drift_that_does_not_exist_is_refused():
    today, reference, ids = both_days()
    with pytest.raises(ValueError, match="gain, shift, width and"):
        DriftCorrector({"colour": 1}).fit(today, reference, sample_id=ids)


def test_float32_stays_and_differs_by_rounding_only():
    today, reference, ids = both_days(gain=1.4, shift=0.3)
    drift = DriftCorrector().fit(today, reference, sample_id=ids)
    single = drift.transform(today.astype(np.float32))
    assert single.dtype == np.float32
    assert_allclose(single, drift.transform(today), rtol=2e-6)


class WithStandards(DriftCorrector):
    """Takes spectra without a second day, as scikit-learn's checks give them."""

    def fit(self, X, y=None):
        return super().fit(X, X)


@parametrize_with_checks([WithStandards(max_shift=0)])
def test_corrector_passes_scikit_learns_check(estimator, check):
    with warnings.catch_warnings():
        # few channels of random numbers are no standards
        warnings.simplefilter("ignore", SpectransferWarning)
        check(estimator)


def test_standards_that_come_to_a_negative_gain_are_refused(rng):
    reference = 100 + 1000 * rng.random((1, 400))
    today = reference[:, ::-1] * np.linspace(0.02, 5, 400)
    with pytest.raises(ValueError, match="gain that ends at channel"):
        DriftCorrector(orders={"gain": 4}, test=False, max_shift=0).fit(
            today, today * np.linspace(1, -0.5, 400)
        )


def wider(sigma, heights, noise=0.0, seed=0):
    """Lines of one area, on a level of 100."""
    channels = np.arange(600.0)
    places = np.linspace(25.0, 575.0, 23)
    lines = np.exp(-0.5 * ((channels[:, None] - places) / sigma) ** 2) / sigma
    rng = np.random.default_rng(seed)
    return 100 + lines @ heights + noise * rng.normal(size=600)


@pytest.mark.filterwarnings("ignore")
def test_lines_that_are_much_wider_are_not_taken_for_a_gain():
    rng = np.random.default_rng(3)
    heights = rng.gamma(1.0, 4000.0, size=(3, 23))
    reference = [wider(1.4, h, 8.0, i) for i, h in enumerate(heights)]
    today = [wider(1.4 * 1.2, h, 8.0, 9 + i) for i, h in enumerate(heights)]
    drift = DriftCorrector().fit(today, reference)
    assert np.abs(drift.gain_ - 1).max() < 0.1
    assert drift.width_.mean() == pytest.approx(1.2, abs=0.07)
    assert drift.explained_ > 0.7


@pytest.mark.filterwarnings("ignore")
def test_a_gain_beside_much_wider_lines_is_found():
    rng = np.random.default_rng(3)
    heights = rng.gamma(1.0, 4000.0, size=(3, 23))
    reference = [wider(1.4, h, 8.0, i) for i, h in enumerate(heights)]
    today = [1.5 * wider(1.4 * 1.2, h, 8.0, 9 + i) for i, h in enumerate(heights)]
    drift = DriftCorrector().fit(today, reference)
    assert_allclose(drift.gain_, 1.5, rtol=0.08)


@pytest.mark.parametrize("kind", ["drift", "aligner", "blind"])
def test_days_on_other_axes_are_refused(kind):
    pair = make_instrument_pair(n_spectra=12, random_state=0)
    today, _ = pair.as_frames()
    estimator = {
        "drift": DriftCorrector(),
        "aligner": AxisAligner(),
        "blind": BlindCorrector("same-lines"),
    }[kind]
    turned = today[today.columns[::-1]]
    with pytest.raises(WavelengthError):
        estimator.fit(today, turned)


def test_names_of_the_reference_alone_are_refused():
    spectra = make_instrument_pair(n_spectra=4, random_state=0).X_secondary
    with pytest.raises(ValueError, match="sample_id is None"):
        DriftCorrector().fit(spectra, spectra, reference_id=list("abcd"))


@pytest.mark.filterwarnings("ignore")
def test_names_that_are_numbers_on_one_day_and_texts_on_the_other_are_the_same():
    spectra = make_instrument_pair(n_spectra=4, random_state=0).X_secondary
    texts = DriftCorrector().fit(
        1.2 * spectra, spectra, sample_id=list("1234"), reference_id=[1, 2, 3, 4]
    )
    numbers = DriftCorrector().fit(1.2 * spectra, spectra, sample_id=[1, 2, 3, 4])
    assert_allclose(texts.gain_, numbers.gain_)


@pytest.mark.parametrize("dark", ["today", "on the reference day"])
@pytest.mark.filterwarnings("ignore")
def test_standards_without_lines_are_told(dark):
    spectra = make_instrument_pair(n_spectra=4, random_state=0).X_secondary
    days = [spectra, spectra.copy()]
    some = int(dark != "today")
    days[some] = days[some] * np.array([[1], [0], [1], [1]])
    with pytest.warns(SpectransferWarning, match=f"Standard 1 has no lines {dark}"):
        DriftCorrector().fit(*days)


@pytest.mark.parametrize("orders", [{"gain": 1.9}, {"gain": "1"}])
def test_orders_are_whole_numbers(orders):
    spectra = make_instrument_pair(n_spectra=4, random_state=0).X_secondary
    with pytest.raises(ValueError, match="orders must give 0 to 8"):
        DriftCorrector(orders).fit(spectra, spectra)
