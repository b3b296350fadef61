import tracemalloc

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
    VAELatentTransfer,
    make_published_pipeline,
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


class Remembering(MeanTransfer):
    """Keeps what it learned from."""

    def fit(self, X, y):
        self.learned_ = y
        return super().fit(X, y)


@pytest.mark.parametrize("first", ["baseline", "passthrough", "scaler"])
def test_primary_spectra_are_prepared_as_by_their_pipeline_and_left_alone(pair, first):
    steps = {"baseline": corrector(), "scaler": StandardScaler(copy=False)}
    primary = Pipeline(
        [("first", steps.get(first, first)), ("second", StandardScaler())]
    )
    given = pair.X_primary.copy()
    expected = primary.fit(given.copy()).transform(given.copy())
    if first == "scaler":  # it was told to write into what it is given
        given.setflags(write=False)
    transfer = PrimarySpaceRegressor(Remembering(), transformer=primary)
    transfer.fit(pair.X_secondary, given)
    assert_array_equal(transfer.regressor_.learned_, expected)
    assert_array_equal(given, pair.X_primary)


def test_corrected_and_scaled_primary_spectra_are_not_both_held(rng):
    X, y = rng.random((4000, 2)), rng.random((4000, 500))
    primary = make_pipeline(corrector(), StandardScaler())
    transfer = PrimarySpaceRegressor(MeanTransfer(), transformer=primary)
    transfer.fit(X[:20], y[:20])
    tracemalloc.start()
    transfer.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # one prepared copy, and blocks of a few MB; two would be 32 MB
    assert y.nbytes <= peak < 1.5 * y.nbytes


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


def test_the_published_pipeline_is_the_authors_preparation_and_networks():
    transfer = make_published_pipeline(random_state=3)
    side = transfer[-1].transformer
    for baseline, scaler in (transfer[:2], side):
        window = (baseline.min_window, baseline.smooth_window, baseline.edges)
        assert window == (200, 100, "zero-padded")
        assert (scaler.power, scaler.with_std, scaler.with_mean) == (1, True, True)
    networks = transfer[-1].regressor
    expected = VAELatentTransfer.as_published(random_state=3)
    assert repr(networks) == repr(expected)
    assert networks.mapper.training.learning_rate == 1e-4


def test_a_regressor_takes_no_changes_of_the_published_networks():
    ridge = make_published_pipeline(Ridge())
    assert isinstance(ridge[-1].regressor, Ridge)
    with pytest.raises(TypeError, match=r"random_state\. Set them on the regressor"):
        make_published_pipeline(Ridge(), random_state=0)


def test_the_default_pipeline_keeps_strong_lines_strong(pair):
    X, y = pair.X_secondary, pair.X_primary
    fitted = make_transfer_pipeline(Ridge()).fit(X, y)
    corrected = BaselineCorrector().fit_transform(X)
    centred = corrected - corrected.mean(axis=0)
    expected = centred / np.sqrt(np.mean(centred**2))
    assert_allclose(fitted[:-1].transform(X), expected, rtol=1e-9, atol=1e-12)


def test_parameters_of_the_default_regressor_can_be_set_by_name():
    transfer = PrimarySpaceRegressor().set_params(regressor__mapper__l2=1e-3)
    assert transfer.regressor.mapper.l2 == 1e-3
    assert "regressor__random_state" in PrimarySpaceRegressor().get_params()
    with pytest.raises(ValueError, match="Invalid parameter 'nonsense'"):
        PrimarySpaceRegressor().set_params(regressor__nonsense=1)
