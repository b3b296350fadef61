"""One fitted transfer under every protocol: scalers wherever they sit."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer
from sklearn.preprocessing import StandardScaler as SklearnScaler

from spectransfer import (
    BaselineCorrector,
    PrimarySpaceRegressor,
    StandardScaler,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer._blocks import blocks_of
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import PROTOCOLS
from spectransfer.evaluation._judging import Stopwatch, versions_of
from spectransfer.preprocessing import WavelengthCropper
from spectransfer.spectra import Pair

BATCH = StandardScaler(statistics="batch")


@pytest.fixture(scope="module")
def train():
    pair = make_instrument_pair(
        n_spectra=120, n_secondary=120, n_primary=140, dtype="float64", random_state=0
    )
    return Pair(pair.X_secondary, pair.X_primary)


@pytest.fixture(scope="module")
def test():
    pair = make_instrument_pair(
        n_spectra=50, n_secondary=120, n_primary=140, dtype="float64", random_state=1
    )
    return Pair(1.2 * pair.X_secondary + 30, 0.7 * pair.X_primary)


def corrector():
    return BaselineCorrector(30, smooth_window=15)


def predictions(fitted, unseen, block_size=13):
    """What the versions of a transfer predict, a block at a time."""
    versions = versions_of(fitted, PROTOCOLS, unseen, block_size, Stopwatch())
    return {
        name: np.concatenate(
            [version.predict(b) for b in blocks_of(unseen.secondary, block_size)]
        )
        for name, version in versions.items()
    }


def check(found, fitted, in_batch, unseen, primary=True):
    """Compare with whole-map predictions of two pipelines, one in batch mode."""
    expected = {
        "deployable": fitted.predict(unseen.secondary),
        "library": fitted.predict(unseen.secondary),
        "deployable-batch": in_batch.predict(unseen.secondary),
        "paper": in_batch.predict(unseen.secondary, reference=unseen.primary)
        if primary
        else in_batch.predict(unseen.secondary),
    }
    for name in PROTOCOLS:
        assert_allclose(found[name], expected[name], rtol=1e-8, atol=1e-6)
    return expected


def nested(scaler):
    return Pipeline(
        [
            ("outer", make_pipeline(corrector(), make_pipeline("passthrough", scaler))),
            ("again", make_pipeline(PCA(20, random_state=0), clone(scaler))),
        ]
    )


SECONDARIES = {
    "ours": lambda scaler: make_pipeline(corrector(), scaler),
    "scaler alone": lambda scaler: scaler,
    "weighted": lambda scaler: clone(scaler).set_params(power=0.3),
    "centred only": lambda scaler: clone(scaler).set_params(with_std=False),
    "scaled first": lambda scaler: make_pipeline(scaler, corrector()),
    "nested, two scalers": nested,
}


@pytest.mark.parametrize("secondary", SECONDARIES)
@pytest.mark.parametrize("fitted_in", ["fit", "batch"])
def test_versions_equal_pipelines_in_the_mode_that_they_stand_for(
    secondary, fitted_in, train, test
):
    """The protocol decides, not the mode in which the transfer was fitted."""

    def built(statistics):
        return make_transfer_pipeline(
            Ridge(),
            secondary=SECONDARIES[secondary](StandardScaler(statistics=statistics)),
            primary=make_pipeline(corrector(), StandardScaler()),
        ).fit(*train)

    fitted = {mode: built(mode) for mode in ("fit", "batch")}
    found = predictions(fitted[fitted_in], test)
    expected = check(found, fitted["fit"], fitted["batch"], test)
    assert not np.allclose(expected["deployable"], expected["paper"], rtol=1e-3)


@pytest.mark.parametrize(
    "primary",
    [
        StandardScaler(),
        make_pipeline(StandardScaler(with_std=False)),
        make_pipeline(corrector(), StandardScaler(power=0.5)),
        make_pipeline(corrector(), make_pipeline(SklearnScaler())),
        make_pipeline(WavelengthCropper(300, 360), corrector(), StandardScaler()),
        make_pipeline(corrector(), Normalizer(), StandardScaler()),
        # these cannot learn from blocks, and are fitted to the whole map
        make_pipeline(corrector(), MinMaxScaler()),
        corrector(),
        None,
    ],
)
def test_the_paper_protocol_is_predict_with_a_reference(primary, train, test):
    axis = [f"{w:.4f}" for w in np.linspace(250, 400, 140)]
    pd = pytest.importorskip("pandas")
    known, unseen = (
        Pair(pair.secondary, pd.DataFrame(pair.primary, columns=axis))
        for pair in (train, test)
    )

    def built(statistics):
        return make_transfer_pipeline(
            Ridge(), secondary=StandardScaler(statistics=statistics), primary=primary
        ).fit(*known)

    check(predictions(built("fit"), unseen), built("fit"), built("batch"), unseen)


def test_scalers_inside_regressors_and_mappers_follow_the_protocol(train, test):
    def inside(scaler, wrap):
        return PrimarySpaceRegressor(
            wrap(make_pipeline(scaler, Ridge())), transformer=StandardScaler()
        ).fit(*train)

    for wrap in (
        lambda regressor: regressor,
        lambda regressor: VAELatentTransfer(PCA(6, random_state=0), regressor),
    ):
        fitted, in_batch = (inside(s, wrap) for s in (StandardScaler(), BATCH))
        check(predictions(fitted, test), fitted, in_batch, test)


def test_scikit_learns_scaler_and_target_regressor_follow_the_protocol(train, test):
    fitted = make_pipeline(
        SklearnScaler(),
        TransformedTargetRegressor(Ridge(), transformer=SklearnScaler()),
    ).fit(*train)
    found = predictions(fitted, test)
    own_X, own_y = (SklearnScaler().fit(side) for side in test)
    ridge = fitted[-1].regressor_
    scaled = ridge.predict(own_X.transform(test.secondary))
    seen_y = fitted[-1].transformer_
    expected = {
        "deployable": fitted.predict(test.secondary),
        "library": fitted.predict(test.secondary),
        "deployable-batch": seen_y.inverse_transform(scaled),
        "paper": own_y.inverse_transform(scaled),
    }
    for name in PROTOCOLS:
        assert_allclose(found[name], expected[name], rtol=1e-9)


def test_frozen_parts_follow_the_protocol_too(train, test):
    def built(freeze):
        steps = [
            [corrector().fit(side), StandardScaler().fit(corrector().transform(side))]
            for side in train
        ]
        secondary, primary = (
            make_pipeline(*(freeze(step) for step in side)) for side in steps
        )
        transfer = make_transfer_pipeline(
            Ridge(), secondary=make_pipeline(freeze(secondary)), primary=primary
        )
        return transfer.fit(*train)

    frozen = predictions(FrozenEstimator(built(FrozenEstimator)), test)
    plain = predictions(built(clone), test)
    for name in PROTOCOLS:
        assert_allclose(frozen[name], plain[name], rtol=1e-9)


def test_a_frozen_primary_side_follows_the_protocol(train, test):
    side = make_pipeline(corrector(), StandardScaler()).fit(train.primary)
    frozen, plain = (
        predictions(PrimarySpaceRegressor(Ridge(), transformer=t).fit(*train), test)
        for t in (make_pipeline(FrozenEstimator(side)), side)
    )
    for name in PROTOCOLS:
        assert_allclose(frozen[name], plain[name], rtol=1e-9)


def test_without_scalers_all_protocols_are_one(train, test):
    for regressor in (Ridge(), PLSRegression(3), make_pipeline(corrector(), Ridge())):
        found = predictions(regressor.fit(*train), test)
        for name in PROTOCOLS:
            assert_allclose(found[name], regressor.predict(test.secondary), rtol=1e-9)


def test_versions_leave_the_transfer_and_its_scalers_alone(train, test):
    fitted = make_transfer_pipeline(
        Ridge(),
        secondary=make_pipeline(corrector(), BATCH),
        primary=make_pipeline(corrector(), StandardScaler()),
    ).fit(*train)
    scalers = fitted.steps[1][1], fitted[-1].transformer_[-1]
    means = [scaler.mean_.copy() for scaler in scalers]
    names = [name for name, _ in fitted.steps]
    predictions(fitted, test)
    assert scalers[0].statistics == "batch"
    assert [name for name, _ in fitted.steps] == names
    assert fitted[-1].transformer_[-1] is scalers[1]
    for scaler, mean in zip(scalers, means, strict=True):
        assert_array_equal(scaler.mean_, mean)


def test_the_time_of_learning_own_statistics_is_counted_where_they_are_used(
    train, test
):
    fitted = make_transfer_pipeline(
        Ridge(), secondary=StandardScaler(), primary=StandardScaler()
    ).fit(*train)
    spent = Stopwatch()
    versions_of(fitted, PROTOCOLS, test, None, spent)
    assert list(spent.seconds) == ["deployable-batch", "paper"]
    assert 0 < spent.seconds["deployable-batch"] < spent.seconds["paper"]


def test_protocols_that_differ_by_their_truth_share_one_copy(train, test):
    fitted = make_transfer_pipeline(
        Ridge(), secondary=StandardScaler(), primary=StandardScaler()
    ).fit(*train)
    for names in (("library", "deployable"), ("deployable", "paper", "library")):
        versions = versions_of(fitted, names, test, None, Stopwatch())
        assert versions["library"] is versions["deployable"]
