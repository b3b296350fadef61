import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from spectransfer.datasets import make_instrument_pair


def test_the_same_seed_gives_the_same_pair_and_another_seed_does_not():
    first, second, other = (make_instrument_pair(30, random_state=s) for s in (7, 7, 8))
    assert_array_equal(first.X_secondary, second.X_secondary)
    assert_array_equal(first.X_primary, second.X_primary)
    assert not np.allclose(first.X_primary, other.X_primary)


def test_numpys_global_generator_is_left_alone_by_a_seeded_call():
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_instrument_pair(10, random_state=0)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_every_size_is_what_was_asked_for():
    pair = make_instrument_pair(
        23, n_secondary=40, n_primary=51, n_components=3, shots_per_sample=4
    )
    assert pair.X_secondary.shape == (23, 40)
    assert pair.X_primary.shape == (23, 51)
    assert pair.y.shape == (23, 3)
    assert_array_equal(np.bincount(pair.sample_id), [4, 4, 4, 4, 4, 3])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_precision_is_what_was_asked_for(dtype):
    pair = make_instrument_pair(5, dtype=dtype)
    assert pair.X_secondary.dtype == pair.X_primary.dtype == dtype


def test_composition_belongs_to_the_sample_and_sums_to_one():
    pair = make_instrument_pair(60, random_state=0)
    assert_allclose(pair.y.sum(axis=1), 1)
    for sample in np.unique(pair.sample_id):
        assert np.ptp(pair.y[pair.sample_id == sample], axis=0).max() == 0


def test_without_noise_come_the_same_spectra_less_their_noise():
    noisy = make_instrument_pair(500, random_state=0, dtype="float64")
    clean = make_instrument_pair(500, random_state=0, dtype="float64", noise=0)
    for side, gain, read_noise in (("X_secondary", 2.0, 14.0), ("X_primary", 1.6, 9.0)):
        signal = getattr(clean, side)
        residual = getattr(noisy, side) - signal
        expected = signal * gain + read_noise**2
        standardized = residual / np.sqrt(expected)
        assert_allclose(standardized.mean(), 0, atol=0.01)
        assert_allclose(standardized.std(), 1, atol=0.01)


def test_a_linear_transfer_is_good_and_not_perfect_even_without_noise():
    pair = make_instrument_pair(1000, random_state=0, noise=0, dtype="float64")
    train, test = pair[:700], pair[700:]
    guess = (
        LinearRegression()
        .fit(train.X_secondary, train.X_primary)
        .predict(test.X_secondary)
    )
    r2 = r2_score(test.X_primary, guess, multioutput="variance_weighted")
    assert 0.9 < r2 < 0.9995


def test_strong_light_is_read_as_less_when_detectors_are_nonlinear():
    ideal, real = (
        make_instrument_pair(20, random_state=0, noise=0, nonlinearity=q).X_primary
        for q in (0.0, 1.0)
    )
    assert real.max() < 0.9 * ideal.max()
    assert_allclose(np.quantile(real, 0.01), np.quantile(ideal, 0.01), rtol=0.1)


def test_a_parameter_out_of_range_is_refused_by_name():
    with pytest.raises(ValueError, match="n_spectra"):
        make_instrument_pair(0)
    with pytest.raises(ValueError, match="noise"):
        make_instrument_pair(5, noise=-1)
