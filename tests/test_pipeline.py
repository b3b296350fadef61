import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline

from spectransfer import (
    BaselineCorrector,
    KNNTransfer,
    MeanTransfer,
    PrimarySpaceRegressor,
    StandardScaler,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.metrics import relative_squared_error, rse_scorer


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(
        n_spectra=200, n_secondary=120, n_primary=140, dtype="float64", random_state=0
    )


def corrector():
    return BaselineCorrector(30, smooth_window=15)


def prepare(*steps):
    return make_pipeline(*steps)


def test_without_lossy_steps_it_is_scikit_learns_transformed_target(pair):
    X, y = pair.X_secondary, pair.X_primary
    theirs = TransformedTargetRegressor(Ridge(), transformer=StandardScaler())
    ours = PrimarySpaceRegressor(Ridge(), transformer=StandardScaler())
    assert_allclose(ours.fit(X, y).predict(X), theirs.fit(X, y).predict(X), rtol=1e-10)
    assert ours.transform_target(y) is y


def test_predictions_are_free_of_baseline_in_the_primary_unit(pair):
    X, y = pair.X_secondary, pair.X_primary
    transfer = PrimarySpaceRegressor(
        KNNTransfer(n_neighbors=1), transformer=prepare(corrector(), StandardScaler())
    )
    # one neighbour among the training spectra is the spectrum's own partner
    predicted = transfer.fit(X, y).predict(X)
    assert_allclose(predicted, corrector().fit_transform(y), rtol=1e-9, atol=1e-8)


def test_measured_spectra_are_brought_to_the_space_of_the_predictions(pair):
    X, y = pair.X_secondary, pair.X_primary
    transfer = PrimarySpaceRegressor(
        Ridge(), transformer=prepare(corrector(), StandardScaler())
    ).fit(X, y)
    assert_array_equal(transfer.transform_target(y), corrector().fit_transform(y))


def test_a_scaler_before_the_lossy_step_is_undone_after_it(pair):
    X, y = pair.X_secondary, pair.X_primary
    doubling = StandardScaler(with_mean=False)
    transfer = PrimarySpaceRegressor(
        KNNTransfer(n_neighbors=1),
        transformer=prepare(doubling, corrector(), StandardScaler()),
    ).fit(X, y)
    assert_allclose(
        transfer.predict(X), transfer.transform_target(y), rtol=1e-9, atol=1e-8
    )


def test_what_an_approximate_inverse_loses_counts_as_error(pair):
    X, y = pair.X_secondary, pair.X_primary
    transfer = PrimarySpaceRegressor(KNNTransfer(n_neighbors=1), transformer=PCA(2))
    transfer.fit(X, y)
    lost = 1 - PCA(2).fit(y).explained_variance_ratio_.sum()
    rse = relative_squared_error(transfer.transform_target(y), transfer.predict(X))
    assert_allclose(rse, lost, rtol=1e-6)


def test_score_is_one_minus_rse_in_the_space_of_the_predictions(pair):
    X, y = pair.X_secondary, pair.X_primary
    pipe = make_transfer_pipeline(
        Ridge(), secondary=corrector(), primary=prepare(corrector(), StandardScaler())
    ).fit(X, y)
    measured = corrector().fit_transform(y)
    expected = 1 - relative_squared_error(measured, pipe.predict(X))
    assert_allclose(pipe.score(X, y), expected, rtol=1e-9)
    assert_allclose(rse_scorer(pipe, X, y), expected - 1, rtol=1e-9)


def test_raw_primary_spectra_would_have_been_judged_far_worse(pair):
    X, y = pair.X_secondary, pair.X_primary + 5000
    pipe = make_transfer_pipeline(
        Ridge(), secondary=corrector(), primary=prepare(corrector(), StandardScaler())
    ).fit(X, y)
    assert relative_squared_error(y, pipe.predict(X)) > 10 * -rse_scorer(pipe, X, y)


def test_paper_protocol_gives_the_mean_an_rse_of_one_on_any_map(pair):
    known, unseen = pair[:100], pair[100:]
    primary = prepare(corrector(), StandardScaler())
    pipe = make_transfer_pipeline(MeanTransfer(), secondary=None, primary=primary)
    pipe.fit(known.X_secondary, known.X_primary)
    drifted = 3 * unseen.X_primary + 100
    measured = corrector().fit_transform(drifted)
    deployable = pipe.predict(unseen.X_secondary)
    paper = pipe.predict(unseen.X_secondary, reference=drifted)
    assert_allclose(relative_squared_error(measured, paper), 1.0, rtol=1e-9)
    assert relative_squared_error(measured, deployable) > 1.5


def test_paper_protocol_leaves_the_fitted_transfer_as_it_was(pair):
    pipe = make_transfer_pipeline(Ridge(), secondary=None, primary=StandardScaler())
    pipe.fit(pair.X_secondary, pair.X_primary)
    before = pipe.predict(pair.X_secondary)
    pipe.predict(pair.X_secondary, reference=9 * pair.X_primary)
    assert_array_equal(pipe.predict(pair.X_secondary), before)


@pytest.mark.parametrize("regressor", [Ridge(), PLSRegression(3), KNNTransfer()])
def test_any_multi_output_regressor_has_its_place(pair, regressor):
    pipe = make_transfer_pipeline(
        regressor, secondary=corrector(), primary=prepare(corrector(), StandardScaler())
    )
    known, unseen = pair[:150], pair[150:]
    pipe.fit(known.X_secondary, known.X_primary)
    assert pipe.score(unseen.X_secondary, unseen.X_primary) > 0.5


def test_steps_of_the_default_pipeline_have_the_names_of_the_design():
    pipe = make_transfer_pipeline()
    assert [name for name, _ in pipe.steps] == ["baseline", "scaler", "transfer"]
    primary = pipe.named_steps["transfer"].transformer
    assert [type(step) for _, step in primary.steps] == [
        BaselineCorrector,
        StandardScaler,
    ]


def test_parameters_of_every_part_can_be_searched():
    names = make_transfer_pipeline().get_params()
    for name in (
        "baseline__min_window",
        "transfer__transformer__baseline__min_window",
        "transfer__regressor__autoencoder__n_latent",
        "transfer__regressor__mapper__hidden_layer_sizes",
    ):
        assert name in names


def test_each_side_can_be_left_as_it_is(pair):
    pipe = make_transfer_pipeline(Ridge(), secondary=None, primary=None)
    assert len(pipe.steps) == 1
    expected = Ridge().fit(pair.X_secondary, pair.X_primary).predict(pair.X_secondary)
    fitted = pipe.fit(pair.X_secondary, pair.X_primary)
    assert_array_equal(fitted.predict(pair.X_secondary), expected)


def test_float32_stays_float32_from_end_to_end(pair):
    X, y = pair.X_secondary.astype(np.float32), pair.X_primary.astype(np.float32)
    pipe = make_transfer_pipeline(
        MeanTransfer(),
        secondary=corrector(),
        primary=prepare(corrector(), StandardScaler()),
    ).fit(X, y)
    assert pipe.predict(X).dtype == np.float32
    assert pipe[-1].transform_target(y).dtype == np.float32


def test_nested_pipelines_and_passthrough_are_undone_in_order(pair):
    X, y = pair.X_secondary, pair.X_primary
    nested = Pipeline(
        [
            ("inner", prepare(corrector(), StandardScaler(with_std=False))),
            ("nothing", "passthrough"),
            ("scale", StandardScaler()),
        ]
    )
    transfer = PrimarySpaceRegressor(KNNTransfer(1), transformer=nested).fit(X, y)
    assert_allclose(
        transfer.predict(X), corrector().fit_transform(y), rtol=1e-9, atol=1e-8
    )


def test_validation_pairs_need_a_regressor_that_watches_them(pair):
    transfer = PrimarySpaceRegressor(Ridge())
    X, y = pair.X_secondary, pair.X_primary
    with pytest.raises(TypeError, match=r"Ridge\.fit has no such parameters"):
        transfer.fit(X, y, X_val=X, y_val=y)


def test_a_frozen_primary_side_is_used_as_it_is_and_undone(pair):
    X, y = pair.X_secondary, pair.X_primary
    fitted = prepare(corrector(), StandardScaler()).fit(y)
    frozen = PrimarySpaceRegressor(
        KNNTransfer(1), transformer=FrozenEstimator(fitted)
    ).fit(X[:50], y[:50])
    assert frozen.transformer_.estimator is fitted
    expected = corrector().fit_transform(y[:50])
    assert_allclose(frozen.predict(X[:50]), expected, rtol=1e-9, atol=1e-8)
    assert_array_equal(frozen.transform_target(y[:50]), expected)


def test_paper_protocol_has_its_own_statistics_beside_a_frozen_side(pair):
    X, y = pair.X_secondary, pair.X_primary
    fitted = StandardScaler().fit(y)
    transfer = PrimarySpaceRegressor(
        MeanTransfer(), transformer=FrozenEstimator(fitted)
    ).fit(X, y)
    predicted = transfer.predict(X, reference=3 * y)
    assert_allclose(relative_squared_error(3 * y, predicted), 1.0, rtol=1e-9)
    assert_array_equal(fitted.mean_, StandardScaler().fit(y).mean_)


@pytest.mark.parametrize("power", [0, 0.5])
def test_paper_protocol_keeps_the_weights_that_channels_had_in_training(pair, power):
    """A map that differs by gain and offset alone is predicted as if it did not."""
    X, y = pair.X_secondary, pair.X_primary
    gains = np.linspace(0.5, 2.0, y.shape[1])

    def built(statistics):
        return make_transfer_pipeline(
            Ridge(),
            secondary=StandardScaler(power=power, statistics=statistics),
            primary=StandardScaler(power=power),
        ).fit(X, y)

    drifted = built("batch").predict(1.7 * X - 20, reference=gains * y + 5)
    expected = gains * built("fit").predict(X) + 5
    assert_allclose(drifted, expected, rtol=1e-7)
