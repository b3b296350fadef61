import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold

from spectransfer.metrics import relative_squared_error


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    truth = rng.gamma(2.0, 100.0, size=(25, 11))
    return truth, truth + rng.normal(0, 40, size=truth.shape)


def literal_rse(truth, guess, denominator):
    error = scatter = 0.0
    for j in range(truth.shape[1]):
        mean = sum(truth[:, j]) / len(truth)
        for i in range(len(truth)):
            error += (truth[i, j] - guess[i, j]) ** 2
            other = truth if denominator == "measured" else guess
            scatter += (other[i, j] - mean) ** 2
    return error / scatter


def test_rse_equals_the_authors(cases, oracle):
    assert len(cases) >= 5
    for case in cases:
        name = f"metric__{case}__"
        found = relative_squared_error(oracle[f"{name}y_true"], oracle[f"{name}y_pred"])
        assert_allclose(found, oracle[f"{name}rse"], rtol=1e-13, err_msg=case)


def test_rse_with_the_printed_denominator_equals_formula_3(cases, oracle):
    # the mean spectrum, predicted, leaves a denominator of rounding errors
    for case in set(cases) - {"i_meanpred"}:
        name = f"metric__{case}__"
        found = relative_squared_error(
            oracle[f"{name}y_true"], oracle[f"{name}y_pred"], denominator="predicted"
        )
        expected = oracle[f"{name}rse_printed_formula3"]
        assert_allclose(found, expected, rtol=1e-13, err_msg=case)


@pytest.mark.parametrize("denominator", ["measured", "predicted"])
def test_rse_equals_a_plain_loop(denominator, pair):
    found = relative_squared_error(*pair, denominator=denominator)
    assert found == pytest.approx(literal_rse(*pair, denominator), rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_rse_equals_one_minus_variance_weighted_r2(weighted, pair):
    truth, guess = pair
    weights = np.random.default_rng(1).random(len(truth)) if weighted else None
    r2 = r2_score(truth, guess, sample_weight=weights, multioutput="variance_weighted")
    found = relative_squared_error(truth, guess, sample_weight=weights)
    assert found == pytest.approx(1 - r2, rel=1e-12)


def test_the_mean_spectrum_has_an_error_of_one_and_no_bound_in_the_printed_formula(
    pair,
):
    truth, _ = pair
    mean = np.broadcast_to(truth.mean(axis=0), truth.shape)
    assert relative_squared_error(truth, mean) == pytest.approx(1, rel=1e-12)
    assert relative_squared_error(truth, mean, denominator="predicted") > 1e20


@pytest.mark.parametrize("value", [0.1, 1e6 + 1 / 3])
@pytest.mark.parametrize("n_spectra", [1, 7])
def test_constant_truth_gives_zero_when_met_and_infinity_when_missed(value, n_spectra):
    # 0.1 and 1/3 have no exact mean in binary: a plain mean would leave a denominator
    # of rounding errors and an arbitrary huge ratio.
    truth = np.full((n_spectra, 3), value)
    assert relative_squared_error(truth, truth) == 0
    assert relative_squared_error(truth, truth + 1) == np.inf


def test_a_perfect_transfer_has_no_error_with_either_denominator(pair):
    truth, _ = pair
    assert relative_squared_error(truth, truth) == 0
    assert relative_squared_error(truth, truth, denominator="predicted") == 0


def test_rse_ignores_unit_offset_and_order(pair):
    truth, guess = pair
    expected = relative_squared_error(truth, guess)
    rng = np.random.default_rng(2)
    rows, channels = rng.permutation(25), rng.permutation(11)
    shuffled = truth[rows][:, channels], guess[rows][:, channels]
    offset = rng.normal(0, 1000, size=11)
    for truth_, guess_ in [
        (truth * 1e-3, guess * 1e-3),
        (truth + offset, guess + offset),
        shuffled,
    ]:
        assert_allclose(relative_squared_error(truth_, guess_), expected, rtol=1e-10)


def test_rse_of_spectra_in_several_blocks_pools_them_all():
    rng = np.random.default_rng(4)
    # 24 MB, where a block is 16 MB
    truth, guess = rng.random((2, 3000, 1000))
    truth[2500:] += 5
    r2 = r2_score(truth, guess, multioutput="variance_weighted")
    assert relative_squared_error(truth, guess) == pytest.approx(1 - r2, rel=1e-12)


def test_an_unknown_denominator_is_refused_by_name():
    with pytest.raises(ValueError, match="'denominator' parameter of relative_squared"):
        relative_squared_error([[1.0]], [[1.0]], denominator="printed")


def test_tablets_have_the_published_r2_without_transfer_and_with_an_offset(shared_npz):
    tablets = shared_npz("data/nir_tablets_idrc2002_instr1_instr2.npz")
    X, y = tablets["X_secondary"], tablets["X_primary"]
    untouched, shifted = [], []
    for train, test in GroupKFold(5).split(X, y, tablets["sample_id"]):
        offset = (y[train] - X[train]).mean(axis=0)
        untouched.append(1 - relative_squared_error(y[test], X[test]))
        shifted.append(1 - relative_squared_error(y[test], X[test] + offset))
    # Outside measurements, known to two digits, on folds of their own.
    assert np.mean(untouched) == pytest.approx(0.55, abs=0.01)
    assert np.mean(shifted) == pytest.approx(0.85, abs=0.01)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-150, 1e-23, 1e150, 1e300])
@pytest.mark.parametrize("denominator", ["measured", "predicted"])
def test_the_unit_of_intensity_does_not_matter_at_any_size(scale, denominator):
    rng = np.random.default_rng(0)
    measured = rng.random((20, 5))
    predicted = measured + 0.1 * rng.random((20, 5))
    expected = relative_squared_error(measured, predicted, denominator=denominator)
    found = relative_squared_error(
        measured * scale, predicted * scale, denominator=denominator
    )
    assert_allclose(found, expected, rtol=1e-9)
    assert relative_squared_error(measured * scale, measured * scale) == 0
