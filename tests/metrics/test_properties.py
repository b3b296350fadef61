"""RMSEP, bias and SEP of a property, and the scorer that searches by it."""

import pickle

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from spectransfer.evaluation import evaluate_transfers
from spectransfer.metrics import make_property_scorer, property_errors


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = rng.random((60, 5)) + np.arange(5)
    X = y @ rng.random((5, 4)) + 0.01 * rng.random((60, 4))
    values = y @ np.array([1.0, -2.0, 0.5, 0.0, 3.0])
    return X, y, values, LinearRegression().fit(y, values)


def test_rmsep_splits_into_bias_and_what_is_left(data):
    values = data[2]
    guess = values + np.random.default_rng(1).normal(0.3, 1.0, len(values))
    found = property_errors(values, guess[:, None])
    n = len(values)
    assert_allclose(found.rmsep, root_mean_squared_error(values, guess))
    assert_allclose(found.bias, (guess - values).mean())
    assert_allclose(found.rmsep**2, found.bias**2 + found.sep**2 * (n - 1) / n)


def test_sep_does_not_see_a_bias(data):
    values = data[2]
    guess = values + np.sin(np.arange(len(values)))
    shifted = property_errors(values, guess + 100.0)
    assert_allclose(shifted.sep, property_errors(values, guess).sep)


def test_a_single_spectrum_has_a_bias_and_no_sep():
    found = property_errors([2.0], [3.0])
    assert found.bias == 1.0
    assert np.isnan(found.sep)


def test_values_of_other_spectra_are_refused():
    with pytest.raises(ValueError, match="3 and 2"):
        property_errors([1.0, 2.0, 3.0], [1.0, 2.0])


def test_scorer_equals_the_error_of_the_calibration_on_predictions(data):
    X, y, values, calibration = data
    ridge = Ridge().fit(X, y)
    said = calibration.predict(ridge.predict(X))
    scorer = make_property_scorer(calibration)
    assert_allclose(
        scorer(ridge, X, y), -root_mean_squared_error(calibration.predict(y), said)
    )
    other = values + 1.0
    assert_allclose(
        scorer(ridge, X, y, property_values=other),
        -root_mean_squared_error(other, said),
    )


def test_a_search_by_the_property_finds_another_transfer_than_one_by_spectra(data):
    X, y, _, _ = data
    # one weak channel tells the property, a strong one the error of the spectra
    y = y * np.array([100.0, 1.0, 1.0, 1.0, 0.01])
    calibration = LinearRegression().fit(y[:, 4:] @ np.ones((1, 5)), y[:, 4])
    calibration.predict = lambda spectra: np.asarray(spectra)[:, 4]

    class Keeps(LinearRegression):
        def __init__(self, keep=0):
            super().__init__()
            self.keep = keep

        def fit(self, X, y):
            self.mean_ = y.mean(axis=0)
            return super().fit(X, y)

        def predict(self, X):
            kept = np.zeros(5)
            kept[self.keep] = 1.0
            return self.mean_ + (super().predict(X) - self.mean_) * kept

    grid = {"keep": [0, 4]}
    by_property = GridSearchCV(Keeps(), grid, scoring=make_property_scorer(calibration))
    by_spectra = GridSearchCV(Keeps(), grid, scoring="neg_mean_squared_error")
    assert by_property.fit(X, y).best_params_ == {"keep": 4}
    assert by_spectra.fit(X, y).best_params_ == {"keep": 0}


def test_known_values_are_routed_to_the_scorer_row_by_row(data):
    X, y, values, calibration = data
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = make_property_scorer(calibration)
        scorer.set_score_request(property_values=True)
        found = cross_validate(
            Ridge(), X, y, scoring=scorer, params={"property_values": values + 5.0}
        )
    assert_allclose(found["test_score"], -5.0, atol=0.5)


def test_a_calibration_for_raw_spectra_never_meets_corrected_ones(data, offset_free):
    X, y, _, calibration = data
    transfer = offset_free().fit(X, y)
    with pytest.raises(ValueError, match="space='predictions'"):
        make_property_scorer(calibration)(transfer, X, y)
    there = LinearRegression().fit(transfer.transform_target(y), data[2])
    score = make_property_scorer(there, space="predictions")(transfer, X, y)
    assert -1.0 < score < 0.0


def test_a_scorer_travels_to_other_processes(data):
    X, y, _, _ = data
    scorer = make_property_scorer(PLSRegression(2, scale=False).fit(y, data[2]))
    ridge = Ridge().fit(X, y)
    again = pickle.loads(pickle.dumps(scorer))
    assert again(ridge, X, y) == scorer(ridge, X, y)


def test_a_calibration_of_several_properties_is_refused(data):
    X, y, _, _ = data
    several = LinearRegression().fit(y, y[:, :2])
    with pytest.raises(ValueError, match="one calibration for each property"):
        make_property_scorer(several)(Ridge().fit(X, y), X, y)


@pytest.mark.parametrize(("calibration", "space"), [(None, "measured"), (1, "raw")])
def test_a_scorer_needs_a_calibration_and_a_space(calibration, space):
    with pytest.raises(ValueError, match="fitted calibration"):
        make_property_scorer(calibration, space=space)


@pytest.mark.parametrize(
    "calibration",
    [LinearRegression(), make_pipeline(StandardScaler(), Ridge())],
    ids=["alone", "pipeline"],
)
def test_a_calibration_that_is_not_fitted_is_refused_when_the_scorer_is_made(
    calibration,
):
    with pytest.raises(ValueError, match=r"fitted calibration.*not fitted.*Call fit"):
        make_property_scorer(calibration)


def test_what_predicts_without_a_fit_may_be_a_calibration(data):
    class Known:
        def predict(self, spectra):
            return np.asarray(spectra)[:, 0]

    X, y, _, _ = data
    assert make_property_scorer(Known())(Ridge().fit(X, y), X, y) < 0


def test_a_calibration_of_other_channels_is_named_with_both_numbers(data):
    X, y, values, _ = data
    scorer = make_property_scorer(LinearRegression().fit(y[:, :3], values))
    with pytest.raises(ValueError, match=r"the scorer.* 3 channels.* 5"):
        scorer(Ridge().fit(X, y), X, y)
    other = LinearRegression().fit(y[:, :3], values)
    with pytest.raises(ValueError, match=r"'protein'.* 3 channels.* 5"):
        evaluate_transfers(
            {"ridge": Ridge()},
            (X, y),
            (X, y),
            n_clusters=2,
            properties={"protein": (other, values)},
        )


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_known_are_refused_and_not_scored_nan(bad, data):
    X, y, values, calibration = data
    some = np.where(np.arange(60) == 7, bad, values)
    message = r"spectrum 7 .*known.* Leave out"
    with pytest.raises(ValueError, match=message):
        property_errors(some, values)
    with pytest.raises(ValueError, match=message):
        make_property_scorer(calibration)(Ridge().fit(X, y), X, y, property_values=some)
    with pytest.raises(ValueError, match=r"spectrum 7 .*predicted"):
        property_errors(values, some)


def test_weights_of_spectra_are_refused_in_words(data):
    X, y, _, calibration = data
    scorer = make_property_scorer(calibration)
    with pytest.raises(TypeError, match=r"counts all spectra alike.* Leave it out"):
        scorer(Ridge().fit(X, y), X, y, sample_weight=np.ones(60))
