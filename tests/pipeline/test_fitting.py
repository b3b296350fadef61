"""Validation sets go through the secondary side, and a fit is whole or nothing."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

from spectransfer import (
    BaselineCorrector,
    FewStandardsTransfer,
    KNNTransfer,
    PrimarySpaceRegressor,
    StandardScaler,
    make_transfer_pipeline,
)
from spectransfer.pipeline import fit_watched, watches


class Watching(RegressorMixin, BaseEstimator):
    """A regressor that keeps what it was given to watch."""

    __metadata_request__fit = {"X_val": True, "y_val": True}

    def __init__(self, fails=False):
        self.fails = fails

    def fit(self, X, y, X_val=None, y_val=None):
        if self.fails:
            raise RuntimeError("broken")
        self.X_, self.X_val_, self.y_val_ = X, X_val, y_val
        self.ridge_ = Ridge().fit(X, y)
        return self

    def predict(self, X):
        return self.ridge_.predict(X)


@pytest.fixture
def known(rng):
    return 1e3 + 50 * rng.random((60, 40)), 2e3 + 50 * rng.random((60, 45))


@pytest.fixture
def watched(rng):
    return 1e3 + 50 * rng.random((20, 40)), 2e3 + 50 * rng.random((20, 45))


def side(*steps):
    return make_pipeline(BaselineCorrector(10, smooth_window=5), *steps)


def transfer(regressor, **options):
    prepare = {"secondary": side(StandardScaler()), "primary": side(StandardScaler())}
    return make_transfer_pipeline(regressor, **(prepare | options))


@pytest.mark.parametrize("built_with_routing", [False, True])
@pytest.mark.parametrize("fitted_with_routing", [False, True])
def test_validation_spectra_always_go_through_the_secondary_side(
    built_with_routing, fitted_with_routing, known, watched
):
    with config_context(enable_metadata_routing=built_with_routing):
        pipeline = transfer(Watching())
    with config_context(enable_metadata_routing=fitted_with_routing):
        pipeline.fit(*known, X_val=watched[0], y_val=watched[1])
    found = pipeline[-1].regressor_
    assert_array_equal(found.X_val_, pipeline[:-1].transform(watched[0]))
    primary = side(StandardScaler()).fit(known[1])
    assert_array_equal(found.y_val_, primary.transform(watched[1]))


def test_validation_spectra_change_nothing_of_what_is_learned_from_the_others(
    known, watched
):
    with_them = transfer(Watching()).fit(*known, X_val=watched[0], y_val=watched[1])
    without = transfer(Watching()).fit(*known)
    assert_array_equal(with_them.predict(known[0]), without.predict(known[0]))


def test_validation_spectra_for_the_last_step_alone_are_refused(known, watched):
    with pytest.raises(TypeError, match=r"(?s)transfer__X_val, .*pass them by.*X_val="):
        transfer(Watching()).fit(
            *known, transfer__X_val=watched[0], transfer__y_val=watched[1]
        )


@pytest.mark.parametrize("routing", [False, True])
def test_a_search_hands_validation_spectra_to_every_fit(routing, known, watched):
    with config_context(enable_metadata_routing=routing):
        search = GridSearchCV(
            transfer(Watching()),
            {"baselinecorrector__min_window": [8, 10]},
            cv=2,
        )
        search.fit(*known, X_val=watched[0], y_val=watched[1])
    best = search.best_estimator_
    assert_array_equal(best[-1].regressor_.X_val_, best[:-1].transform(watched[0]))


@pytest.mark.parametrize("missing", ["X_val", "y_val"])
def test_half_a_validation_set_is_refused(missing, known, watched):
    both = dict(zip(("X_val", "y_val"), watched, strict=True)) | {missing: None}
    with pytest.raises(ValueError, match=f"{missing} is None"):
        transfer(Watching()).fit(*known, **both)


def test_a_memory_of_the_secondary_side_serves_validation_too(tmp_path, known, watched):
    pipeline = transfer(Watching(), memory=str(tmp_path))
    pipeline.fit(*known, X_val=watched[0], y_val=watched[1])
    again = clone(pipeline).fit(*known, X_val=watched[0], y_val=watched[1])
    assert_array_equal(again[-1].regressor_.X_val_, pipeline[-1].regressor_.X_val_)


@pytest.mark.parametrize("routing", [False, True])
def test_weights_reach_the_regressor_beside_validation_spectra(routing, known, watched):
    class Weighing(Watching):
        def fit(self, X, y, X_val=None, y_val=None, sample_weight=None):
            self.sample_weight_ = sample_weight
            return super().fit(X, y, X_val, y_val)

    weights = np.arange(60.0)
    with config_context(enable_metadata_routing=routing):
        regressor = Weighing()
        if routing:
            regressor.set_fit_request(sample_weight=True)
            given = {"sample_weight": weights}
            # the scaler takes weights, too, and has to be told
            prepare = side(StandardScaler().set_fit_request(sample_weight=False))
        else:
            given, prepare = {"transfer__sample_weight": weights}, side()
        pipeline = transfer(regressor, secondary=prepare)
        pipeline.fit(*known, X_val=watched[0], y_val=watched[1], **given)
    assert_array_equal(pipeline[-1].regressor_.sample_weight_, weights)


@pytest.mark.parametrize("kind", ["scikit-learn's pipeline", "nested", "alone"])
def test_fitting_watched_prepares_both_sets_alike(kind, known, watched):
    last = PrimarySpaceRegressor(Watching())
    front = side(StandardScaler())
    estimator = {
        "scikit-learn's pipeline": Pipeline([*front.steps, ("last", last)]),
        "nested": make_pipeline(side(), make_pipeline(StandardScaler(), last)),
        "alone": last,
    }[kind]
    assert watches(estimator)
    fit_watched(estimator, *known, X_val=watched[0], y_val=watched[1])
    expected = watched[0]
    if kind != "alone":
        expected = front.fit(known[0]).transform(watched[0])
    while isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    assert_array_equal(estimator.regressor_.X_val_, expected)


class Unpaired(RegressorMixin, BaseEstimator):
    """A regressor that keeps the spectra without partners that it was given."""

    __metadata_request__fit = {
        "X_unpaired": True,
        "y_unpaired": True,
        "sample_id": True,
    }

    def fit(self, X, y, X_unpaired=None, y_unpaired=None, sample_id=None):
        self.unpaired_ = X_unpaired, y_unpaired
        self.sample_id_ = sample_id
        self.ridge_ = Ridge().fit(X, y)
        return self

    def predict(self, X):
        return self.ridge_.predict(X)


@pytest.mark.parametrize("built_with_routing", [False, True])
@pytest.mark.parametrize("fitted_with_routing", [False, True])
def test_unpaired_spectra_go_through_both_sides_and_names_of_samples_go_by(
    built_with_routing, fitted_with_routing, known, watched
):
    names = np.arange(60) // 2
    with config_context(enable_metadata_routing=built_with_routing):
        pipeline = transfer(Unpaired())
    with config_context(enable_metadata_routing=fitted_with_routing):
        pipeline.fit(
            *known,
            X_unpaired=watched[0][:7],
            y_unpaired=watched[1][:11],
            sample_id=names,
        )
    found = pipeline[-1].regressor_
    primary = side(StandardScaler()).fit(known[1])
    assert_array_equal(found.unpaired_[0], pipeline[:-1].transform(watched[0][:7]))
    assert_array_equal(found.unpaired_[1], primary.transform(watched[1][:11]))
    assert_array_equal(found.sample_id_, names)


@pytest.mark.parametrize("routing", [False, True])
def test_a_search_divides_names_of_samples_and_keeps_unpaired_spectra_whole(
    routing, known, watched
):
    class Telling(Unpaired):
        def fit(self, X, y, X_unpaired=None, y_unpaired=None, sample_id=None):
            assert len(sample_id) == len(X)
            assert len(X_unpaired) == 20
            return super().fit(X, y, X_unpaired, y_unpaired, sample_id)

    with config_context(enable_metadata_routing=routing):
        search = GridSearchCV(
            transfer(Telling()),
            {"baselinecorrector__min_window": [8, 10]},
            cv=2,
            error_score="raise",
        )
        search.fit(
            *known,
            X_unpaired=watched[0],
            y_unpaired=watched[1],
            sample_id=np.arange(60),
        )
    assert len(search.best_estimator_[-1].regressor_.sample_id_) == 60


def test_unpaired_spectra_are_refused_where_nothing_learns_from_them(known, watched):
    with pytest.raises(
        TypeError, match=r"(?s)X_unpaired need a .*Ridge\.fit has no.*Few"
    ):
        transfer(Ridge()).fit(*known, X_unpaired=watched[0])
    with pytest.raises(TypeError, match=r"(?s)transfer__X_unpaired would.*X_unpaired="):
        transfer(Unpaired()).fit(*known, transfer__X_unpaired=watched[0])


def test_unpaired_spectra_of_another_instrument_are_refused(known, watched):
    with pytest.raises(ValueError, match=r"(?s)y_unpaired must have the channels of y"):
        transfer(Unpaired()).fit(
            *known, X_unpaired=watched[0], y_unpaired=watched[1][:, 1:]
        )


def test_what_watches_nothing_is_fitted_without(known, watched):
    ridge = fit_watched(Ridge(), *known, X_val=watched[0], y_val=watched[1])
    assert_array_equal(ridge.coef_, Ridge().fit(*known).coef_)


FAULTS = ("NaN in y", "rows", "a broken regressor")


@pytest.mark.parametrize(
    ("fault", "with_validation"),
    [(f, v) for f in FAULTS for v in (False, True)] + [("channels of y_val", True)],
)
def test_a_refused_fit_leaves_the_whole_pipeline_as_it_was(
    fault, with_validation, known, watched
):
    pipeline = transfer(Watching()).fit(*known)
    expected, names = pipeline.predict(known[0]), dict(vars(pipeline[-1]))
    X, y = 3 * known[0] + 7, 5 * known[1] - 9
    X_val, y_val = watched
    if fault == "NaN in y":
        y = np.where(np.arange(45) == 3, np.nan, y)
    elif fault == "rows":
        y = y[:-1]
    elif fault == "a broken regressor":
        pipeline.set_params(transfer__regressor__fails=True)
    else:
        y_val = y_val[:, :-1]
    validation = {"X_val": X_val, "y_val": y_val} if with_validation else {}
    with pytest.raises((ValueError, RuntimeError)):
        pipeline.fit(X, y, **validation)
    assert_array_equal(pipeline.predict(known[0]), expected)
    assert vars(pipeline[-1]).keys() == names.keys()
    assert pipeline[-1].regressor_ is names["regressor_"]


def test_a_refused_fit_leaves_the_primary_side_of_before(known):
    # predictions of 0.53 had become 525
    regressor = PrimarySpaceRegressor(KNNTransfer(2), transformer=StandardScaler())
    expected = regressor.fit(*known).predict(known[0])
    with pytest.raises(TypeError, match="watches"):
        regressor.fit(known[0], 1e3 * known[1], X_val=known[0], y_val=known[1])
    with pytest.raises(ValueError, match="n_neighbors"):
        regressor.set_params(regressor__n_neighbors=1000).fit(known[0], 1e3 * known[1])
    assert_array_equal(regressor.predict(known[0]), expected)


def test_an_interrupted_fit_leaves_the_transfer_as_it_was(known, monkeypatch):
    pipeline = transfer(Ridge()).fit(*known)
    expected = pipeline.predict(known[0])

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(Ridge, "fit", interrupt)
    with pytest.raises(KeyboardInterrupt):
        pipeline.fit(2 * known[0], 3 * known[1])
    assert_array_equal(pipeline.predict(known[0]), expected)


def _searches_for_nan(run, n_numbers):
    """Count the calls of the one search for NaN on arrays of so many numbers."""
    found = []

    def profile(frame, event, arg):
        if event == "call" and frame.f_code.co_name == "check_finite":
            array = frame.f_locals["array"]
            if array.size == n_numbers and not get_config()["assume_finite"]:
                found.append(array)

    sys.setprofile(profile)
    try:
        run()
    finally:
        sys.setprofile(None)
    return len(found)


@pytest.mark.parametrize("primary", [side(StandardScaler()), side(), None])
def test_a_fit_searches_each_side_for_nan_once(primary, known):
    pipeline = transfer(Ridge(), primary=primary)
    for spectra in known:
        assert _searches_for_nan(lambda: pipeline.fit(*known), spectra.size) == 1


def test_components_on_the_primary_side_are_searched_by_scikit_learn(known):
    pipeline = transfer(Ridge(), primary=side(PCA(3)))
    assert _searches_for_nan(lambda: pipeline.fit(*known), known[1].size) == 1


@pytest.mark.parametrize("kind", ["pipeline in a pipeline", "union"])
def test_steps_inside_steps_are_left_as_they_were_too(kind, known):
    scaler = StandardScaler(power=0)
    inner = {
        "pipeline in a pipeline": make_pipeline(side(), scaler),
        "union": FeatureUnion([("scaled", scaler)]),
    }[kind]
    pipeline = transfer(Watching(), secondary=Pipeline([("prep", inner)])).fit(*known)
    expected = pipeline.predict(known[0])
    pipeline.set_params(transfer__regressor__fails=True)
    with pytest.raises(RuntimeError):
        pipeline.fit(3 * known[0], known[1])
    assert_array_equal(pipeline.predict(known[0]), expected)


def test_complaints_of_validation_spectra_say_that_they_are_these(known, watched):
    broken = np.where(np.arange(40) == 2, np.nan, watched[0])
    with pytest.raises(ValueError, match=r"X_val contains.*channel 2") as failure:
        transfer(Watching()).fit(*known, X_val=broken, y_val=watched[1])
    assert failure.value.__notes__ == ["The spectra in question are X_val."]


def test_weights_are_passed_on_to_a_regressor_that_passes_them_on(known):
    weights = np.arange(60.0)
    with config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        regressor = make_pipeline(scaler, Ridge().set_fit_request(sample_weight=True))
        found = PrimarySpaceRegressor(regressor).fit(*known, sample_weight=weights)
    ridge = Ridge().fit(StandardScaler().fit_transform(known[0]), known[1], weights)
    assert_array_equal(found.regressor_[-1].coef_, ridge.coef_)


def test_weights_for_a_regressor_that_takes_none_are_refused(known):
    with pytest.raises(TypeError, match=r"PLSRegression.*takes none"):
        PrimarySpaceRegressor(PLSRegression()).fit(*known, sample_weight=np.ones(60))


def test_another_axis_of_validation_spectra_is_named_by_what_the_user_knows(known):
    pd = pytest.importorskip("pandas")
    primary = pd.DataFrame(known[1], columns=[str(400.0 + i) for i in range(45)])
    shifted = primary.set_axis([str(401.0 + i) for i in range(45)], axis=1)
    with pytest.raises(ValueError, match=r"primary side \(y_val\).*on the axis"):
        transfer(Watching()).fit(known[0], primary, X_val=known[0], y_val=shifted)


@pytest.mark.parametrize("secondary", [None, StandardScaler()])
def test_unpaired_spectra_of_other_channels_are_called_by_their_name(secondary):
    rng = np.random.default_rng(0)
    X, y = rng.random((12, 50)), rng.random((12, 40))
    few = FewStandardsTransfer()
    transfer = make_transfer_pipeline(few, secondary=secondary, primary=None)
    for estimator in (few, transfer):
        with pytest.raises(ValueError, match=r"^X_unpaired has 60 features.* 50"):
            estimator.fit(X, y, X_unpaired=rng.random((20, 60)))
