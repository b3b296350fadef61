import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.exceptions import WavelengthError
from spectransfer.plotting._shots import clipping_limits, shot_distances, shot_sums


def test_limits_are_the_quantiles_of_what_is_known():
    values = np.append(np.arange(101.0), np.nan)
    assert clipping_limits(values, (0.05, 0.9)) == (5.0, 90.0)
    assert clipping_limits(values, (0, 1)) == (0.0, 100.0)


@pytest.mark.parametrize(
    "quantiles", [(0.9, 0.1), (-0.1, 1), (0, 1.5), (0.5, 0.5), (0.1,)]
)
def test_quantiles_that_are_none_are_refused(quantiles):
    with pytest.raises(ValueError, match="quantiles must be two increasing"):
        clipping_limits(np.arange(3.0), quantiles)


def test_a_map_of_nothing_is_refused():
    with pytest.raises(ValueError, match="every shot of this one is NaN"):
        clipping_limits(np.full(3, np.nan), (0.01, 0.99))


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_sums_are_taken_over_all_channels_of_an_instrument(maps, side):
    expected = getattr(maps, f"X_{side}").astype(float).sum(axis=1)
    assert_allclose(shot_sums(maps, side, None, None), expected, rtol=1e-12)


def test_a_band_includes_both_of_its_ends(maps):
    axis = maps.wavelengths_primary
    low, high = axis[10], axis[20]
    expected = maps.X_primary[:, 10:21].sum(axis=1, dtype=float)
    assert_allclose(shot_sums(maps, "primary", (low, high), None), expected, rtol=1e-12)


def test_predicted_spectra_are_summed_on_the_primary_axis(maps, predicted):
    axis = maps.wavelengths_primary
    found = shot_sums(maps, predicted, (axis[3], axis[5]), None)
    assert_allclose(found, predicted[:, 3:6].sum(axis=1), rtol=1e-12)


def test_other_spectra_may_have_an_axis_of_their_own(maps, predicted):
    axis = np.arange(20.0)
    found = shot_sums(maps, predicted[:, :20], (2.0, 4.0), axis)
    assert_allclose(found, predicted[:, 2:5].sum(axis=1), rtol=1e-12)


def test_a_band_beside_the_axis_is_refused(maps):
    with pytest.raises(WavelengthError, match="A band must hold"):
        shot_sums(maps, "primary", (1.0, 2.0), None)


def literal(metric, a, b):
    if metric == "euclidean":
        return np.linalg.norm(a - b)
    if metric == "rmse":
        return np.sqrt(np.mean((a - b) ** 2))
    return 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.mark.parametrize("metric", ["euclidean", "rmse", "cosine"])
def test_distances_are_those_of_their_formulas(maps, predicted, metric):
    found, _, in_counts = shot_distances(maps.X_primary, predicted, metric)
    expected = [
        literal(metric, *both)
        for both in zip(maps.X_primary.astype(float), predicted, strict=True)
    ]
    # 1 - cos of nearly equal spectra loses digits in the literal formula
    assert_allclose(found, expected, rtol=1e-9, atol=1e-14)
    assert in_counts == (metric != "cosine")


def test_an_unknown_metric_is_refused():
    with pytest.raises(
        ValueError, match="metric must be one of euclidean, cosine, rmse"
    ):
        shot_distances([[1.0]], [[1.0]], "manhattan")


def test_a_perfect_transfer_has_no_distance(maps):
    assert_array_equal(shot_distances(maps.X_primary, maps.X_primary, "rmse")[0], 0)
