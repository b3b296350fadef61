import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.dummy import DummyRegressor

from spectransfer import MeanTransfer
from spectransfer.metrics import relative_squared_error


def test_mean_transfer_answers_as_scikit_learns_dummy(rng):
    X, y = rng.normal(size=(30, 5)), rng.normal(size=(30, 7))
    expected = DummyRegressor().fit(X, y).predict(X[:4])
    assert_allclose(MeanTransfer().fit(X, y).predict(X[:4]), expected, rtol=1e-12)


def test_mean_transfer_has_an_rse_of_one_where_it_was_fitted(rng):
    X, y = rng.normal(size=(30, 5)), rng.normal(5, 2, size=(30, 7))
    predicted = MeanTransfer().fit(X, y).predict(X)
    assert_allclose(relative_squared_error(y, predicted), 1.0, rtol=1e-12)


def test_mean_of_float32_counts_is_accumulated_in_float64():
    y = np.full((200_000, 1), 60_000.0, dtype=np.float32)
    y[::2] += 1
    mean = MeanTransfer().fit(np.zeros((len(y), 1), np.float32), y).mean_
    assert mean.dtype == np.float32
    assert mean[0] == np.float32(60_000.5)


def test_prediction_has_the_precision_of_the_secondary_spectra(rng):
    X, y = rng.normal(size=(9, 5)), rng.normal(size=(9, 7)).astype(np.float32)
    assert MeanTransfer().fit(X, y).predict(X).dtype == np.float64
    assert MeanTransfer().fit(X, y).predict(X.astype(np.float32)).dtype == np.float32


def test_parts_of_a_map_add_up_to_the_mean_of_all_of_it(rng):
    X, y = rng.normal(size=(30, 5)), rng.normal(size=(30, 7))
    parts = MeanTransfer()
    for rows in (slice(0, 3), slice(3, 29), slice(29, 30)):
        parts.partial_fit(X[rows], y[rows])
    assert_allclose(parts.mean_, y.mean(axis=0), rtol=1e-12)
    assert parts.n_samples_seen_ == 30
    assert_allclose(parts.fit(X[:4], y[:4]).mean_, y[:4].mean(axis=0), rtol=1e-12)


def test_parts_on_other_channels_are_refused(rng):
    X, y = rng.normal(size=(30, 5)), rng.normal(size=(30, 7))
    part = MeanTransfer().partial_fit(X, y)
    with pytest.raises(ValueError, match=r"had \(7,\), but y has \(6,\). Call fit"):
        part.partial_fit(X, y[:, :6])


# weights of spectra


def test_weighted_mean_is_that_of_repeated_spectra(rng):
    X, y = rng.normal(size=(30, 5)), rng.normal(size=(30, 7))
    counts = rng.integers(0, 4, size=30)
    weighted = MeanTransfer().fit(X, y, sample_weight=counts)
    repeated = MeanTransfer().fit(np.repeat(X, counts, 0), np.repeat(y, counts, 0))
    assert_allclose(weighted.mean_, repeated.mean_, rtol=1e-12)


def test_spectra_of_weight_zero_are_left_out_to_the_bit(rng):
    X, y = rng.normal(size=(30, 5)), rng.normal(size=(30, 7))
    weights = rng.random(30) * rng.integers(0, 2, size=30)
    kept = weights > 0
    mean = MeanTransfer().fit(X, y, sample_weight=weights)
    alone = MeanTransfer().fit(X[kept], y[kept], sample_weight=weights[kept])
    assert_array_equal(mean.mean_, alone.mean_)
    assert mean.n_samples_seen_ == kept.sum()


def test_weighted_parts_add_up_to_the_weighted_whole(rng):
    X, y = rng.normal(size=(30, 5)), rng.normal(size=(30, 7))
    weights = np.r_[np.ones(10), np.full(20, 5.0)]
    parts = MeanTransfer()
    # the first part without weights: all of them one
    parts.partial_fit(X[:10], y[:10])
    parts.partial_fit(X[10:], y[10:], sample_weight=weights[10:])
    expected = np.average(y, axis=0, weights=weights)
    assert_allclose(parts.mean_, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("weights", "match"),
    [
        (np.zeros(30), r"(?i)all.*weights are zero|all zero|at least one non-zero"),
        (np.r_[-1.0, np.ones(29)], "(?i)negative"),
        (np.ones(29), r"29"),
        (np.r_[np.nan, np.ones(29)], "NaN"),
    ],
)
def test_weights_that_are_none_are_refused(rng, weights, match):
    X, y = rng.normal(size=(30, 5)), rng.normal(size=(30, 7))
    with pytest.raises(ValueError, match=match):
        MeanTransfer().fit(X, y, sample_weight=weights)
