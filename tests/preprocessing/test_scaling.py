"""The scaler in both modes, against scikit-learn's and against numpy."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler as SklearnScaler

from spectransfer.preprocessing import StandardScaler

OPTIONS = [
    {"with_mean": mean, "with_std": std}
    for mean in (True, False)
    for std in (True, False)
]
LEARNED = ("mean_", "var_", "scale_", "n_samples_seen_")


@pytest.fixture
def days():
    """Training spectra, and those of a day on which the instrument has drifted."""
    rng = np.random.default_rng(0)
    training = rng.gamma(2.0, 100.0, size=(300, 40))
    training[:, 7] = 0.1
    new_day = rng.gamma(2.0, 130.0, size=(50, 40)) + 25
    new_day[:, 9] = 0.3
    return training, new_day


def assert_same_statistics(ours, theirs):
    for name in LEARNED:
        expected = getattr(theirs, name)
        if expected is None:
            assert getattr(ours, name) is None, name
        else:
            # scikit-learn leaves rounding, of order 1e-32, in a constant's variance
            assert_allclose(
                getattr(ours, name), expected, rtol=1e-12, atol=1e-25, err_msg=name
            )


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fit_mode_gives_scikit_learns_numbers(days, options, dtype):
    training, new_day = (day.astype(dtype) for day in days)
    ours = StandardScaler(**options).fit(training)
    theirs = SklearnScaler(**options).fit(training)
    assert_same_statistics(ours, theirs)
    # float32: a mean that rounds to the other neighbour moves results by that much
    atol = 1e-3 if dtype == np.float32 else 1e-10
    expected = theirs.transform(new_day)
    scaled = ours.transform(new_day)
    assert scaled.dtype == dtype
    assert_allclose(scaled, expected, rtol=1e-5, atol=atol)
    assert_allclose(
        ours.inverse_transform(expected),
        theirs.inverse_transform(expected),
        rtol=1e-5,
        atol=atol,
    )


@pytest.mark.parametrize("options", OPTIONS)
def test_batch_mode_equals_a_fresh_scaler_fitted_on_that_batch(days, options):
    training, new_day = days
    ours = StandardScaler(statistics="batch", **options).fit(training)
    expected = SklearnScaler(**options).fit_transform(new_day)
    assert_allclose(ours.transform(new_day), expected, atol=1e-12)


def test_batch_mode_goes_back_with_the_statistics_learned_in_fit(days):
    training, new_day = days
    batch = StandardScaler(statistics="batch").fit(training)
    assert_same_statistics(batch, SklearnScaler().fit(training))
    scaled = batch.transform(new_day)
    expected = SklearnScaler().fit(training).inverse_transform(scaled)
    assert_allclose(batch.inverse_transform(scaled), expected, atol=1e-10)
    assert not np.allclose(batch.inverse_transform(scaled), new_day)


def test_batch_mode_undoes_a_drift_common_to_all_spectra(days):
    training, _ = days
    drifted = training * np.linspace(0.5, 2, 40) + 300
    batch = StandardScaler(statistics="batch").fit(training)
    assert_allclose(batch.transform(drifted), batch.transform(training), atol=1e-9)
    assert np.abs(StandardScaler().fit(training).transform(drifted)).max() > 1


@pytest.mark.parametrize("statistics", ["fit", "batch"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.1, 1e-30, -65535.7, 0.0])
def test_constant_channels_become_exactly_zero(statistics, dtype, value):
    X = np.random.default_rng(0).random((1000, 3)).astype(dtype)
    X[:, 1] = value
    scaler = StandardScaler(statistics=statistics)
    assert_array_equal(scaler.fit_transform(X)[:, 1], 0)
    assert scaler.scale_[1] == 1
    assert_array_equal(scaler.inverse_transform(scaler.transform(X))[:, 1], X[:, 1])


@pytest.mark.parametrize("weights", [[0.0, 0.0], [-1.0, 2.0], [np.nan, 1.0]])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_weights_that_give_no_mean_are_refused(weights, method):
    scaler = StandardScaler()
    with pytest.raises(ValueError, match="weight"):
        getattr(scaler, method)([[1.0], [3.0]], sample_weight=weights)
    assert not hasattr(scaler, "mean_")


# Without mean and deviation scikit-learn counts spectra even where they have weights.
@pytest.mark.parametrize("options", OPTIONS[:3])
@pytest.mark.parametrize("weighted", [False, True])
def test_partial_fits_add_up_to_one_fit(days, options, weighted):
    training, _ = days
    weights = np.random.default_rng(1).integers(0, 4, 300) + (np.arange(300) == 0)
    whole = SklearnScaler(**options).fit(
        training, sample_weight=weights if weighted else None
    )
    pieces = StandardScaler(**options)
    for rows in (slice(0, 1), slice(1, 150), slice(150, 300)):
        pieces.partial_fit(
            training[rows], sample_weight=weights[rows] if weighted else None
        )
    assert_same_statistics(pieces, whole)


def test_a_second_fit_forgets_the_first(days):
    training, new_day = days
    scaler = StandardScaler().fit(training).fit(new_day[:, :30])
    assert_same_statistics(scaler, SklearnScaler().fit(new_day[:, :30]))
    assert scaler.n_features_in_ == 30


def test_copy_false_scales_in_place_and_true_leaves_the_input(days):
    training = days[0]
    before = training.copy()
    scaled = StandardScaler().fit_transform(training)
    assert_array_equal(training, before)
    in_place = StandardScaler(copy=False).fit(training)
    assert in_place.transform(training) is training
    assert_array_equal(training, scaled)
    in_place.inverse_transform(training)
    assert_allclose(training, before, rtol=1e-12)


@pytest.mark.parametrize("statistics", ["fit", "batch"])
def test_memory_mapped_spectra_are_never_held_in_float64(tmp_path, statistics):
    X = np.random.default_rng(0).random((20_000, 500), dtype=np.float32)
    np.save(tmp_path / "map.npy", X)
    mapped = np.load(tmp_path / "map.npy", mmap_mode="r")
    tracemalloc.start()
    scaler = StandardScaler(statistics=statistics).fit(mapped)
    fitting = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    scaled = scaler.transform(mapped)
    transforming = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert fitting < X.nbytes / 4
    assert transforming < X.nbytes * 1.25
    assert_allclose(scaled, SklearnScaler().fit_transform(X), atol=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused_with_their_place(days, value):
    training, new_day = days
    scaler = StandardScaler().fit(training)
    new_day[31, 8] = value
    for method in (scaler.fit, scaler.transform, scaler.partial_fit):
        with pytest.raises(ValueError, match="spectrum 31, channel 8"):
            method(new_day)
    with pytest.raises(ValueError, match="spectrum 31, channel 8"):
        StandardScaler().fit(training).inverse_transform(new_day)


def test_a_batch_of_one_spectrum_has_no_deviation(days):
    training, new_day = days
    batch = StandardScaler(statistics="batch").fit(training)
    with pytest.raises(ValueError, match="one spectrum has no deviation"):
        batch.transform(new_day[:1])
    one = StandardScaler().fit(training).transform(new_day[:1])
    assert_allclose(one, SklearnScaler().fit(training).transform(new_day[:1]))


def test_what_does_not_fit_is_refused(days):
    training, _ = days
    scaler = StandardScaler()
    with pytest.raises(NotFittedError):
        scaler.transform(training)
    with pytest.raises(
        ValueError, match=r"inconsistent numbers of samples: \[300, 299\]"
    ):
        scaler.fit(training, training[:299])
    scaler.fit(training)
    for method in (scaler.transform, scaler.inverse_transform, scaler.partial_fit):
        with pytest.raises(ValueError, match="X has 39 features, but StandardScaler"):
            method(training[:, 1:])
    with pytest.raises(ValueError, match="0 sample"):
        scaler.transform(training[:0])
    with pytest.raises(ValueError, match="could not convert string"):
        scaler.transform([["a"] * 40])
    with pytest.raises(ValueError, match="'statistics' parameter"):
        StandardScaler(statistics="day").fit(training)


def test_wavelengths_in_column_names_reach_the_output(days):
    axis = np.linspace(300, 339, 40)
    frame = pd.DataFrame(days[0], columns=axis)
    scaled = StandardScaler().set_output(transform="pandas").fit_transform(frame)
    assert_array_equal(scaled.columns.astype(float), axis)


def test_the_scaler_is_scikit_learns_and_clones_its_mode():
    scaler = clone(StandardScaler(statistics="batch", with_std=False))
    assert isinstance(scaler, SklearnScaler)
    assert scaler.get_params() == {
        "copy": True,
        "power": 1.0,
        "statistics": "batch",
        "with_mean": True,
        "with_std": False,
    }


@pytest.mark.parametrize("power", [0, 0.3, 0.5, 1])
def test_power_divides_by_that_power_of_the_deviation(days, power):
    training, new_day = days
    varied = np.delete(training, 7, axis=1)
    scaler = StandardScaler(power=power).fit(varied)
    unseen = np.delete(new_day, 7, axis=1)
    common = np.sqrt((varied.std(axis=0) ** 2).mean())
    divisor = varied.std(axis=0) ** power * common ** (1 - power)
    expected = (unseen - varied.mean(axis=0)) / divisor
    scaled = scaler.transform(unseen)
    assert_allclose(scaled, expected, rtol=1e-12, atol=1e-12)
    assert_allclose(scaler.inverse_transform(scaled), unseen, rtol=1e-12)
    # deviations become what is left of them
    left = scaler.transform(varied).std(axis=0)
    assert_allclose(left, (varied.std(axis=0) / common) ** (1 - power), rtol=1e-12)


@pytest.mark.parametrize("power", [0, 0.5, 1])
def test_scaled_numbers_do_not_depend_on_the_unit_of_intensity(days, power):
    # a channel that is constant in training has no deviation to be measured by
    training, new_day = (np.delete(day, 7, axis=1) for day in days)
    scaled = StandardScaler(power=power).fit(training).transform(new_day)
    millivolts = StandardScaler(power=power).fit(1e-3 * training)
    assert_allclose(millivolts.transform(1e-3 * new_day), scaled, rtol=1e-9)
    # constant spectra have no deviation at all
    flat = StandardScaler(power=power).fit_transform(np.full((3, 2), 5.0))
    assert_array_equal(flat, 0)


def test_power_one_is_scikit_learns_scaler_to_the_bit(days):
    training, new_day = days
    plain, with_power = StandardScaler(), StandardScaler(power=1.0)
    expected = plain.fit(training).transform(new_day)
    assert_array_equal(with_power.fit(training).transform(new_day), expected)
    assert with_power.weight_ is None


@pytest.mark.parametrize("power", [0, 0.5])
def test_a_batch_keeps_the_weights_of_training_whatever_its_gain(days, power):
    training, _ = days
    scaler = StandardScaler(statistics="batch", power=power).fit(training)
    expected = StandardScaler(power=power).fit(training).transform(training)
    gains = np.linspace(0.5, 3.0, training.shape[1])
    assert_allclose(scaler.transform(gains * training + 40), expected, atol=1e-9)


def test_weights_are_taken_over_and_statistics_are_not(days):
    training, new_day = days
    known = StandardScaler(power=0.5).fit(training)
    own = StandardScaler(power=0.5).fit(new_day).weigh_like(known)
    batch = StandardScaler(power=0.5, statistics="batch").fit(training)
    assert_allclose(own.transform(new_day), batch.transform(new_day), rtol=1e-12)
    assert_allclose(own.mean_, new_day.mean(axis=0), rtol=1e-12)
    # taking them over twice is taking them over once
    again = own.weigh_like(known).transform(new_day)
    assert_allclose(again, batch.transform(new_day), rtol=1e-12)


@pytest.mark.parametrize("power", [-0.1, 1.1, "pareto"])
def test_powers_out_of_range_are_refused(days, power):
    with pytest.raises(ValueError, match="'power' parameter of StandardScaler"):
        StandardScaler(power=power).fit(days[0])
