import subprocess
import sys
import tracemalloc

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.cluster import KMeans
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.metrics.pairwise import (
    paired_cosine_distances,
    paired_euclidean_distances,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler as SklearnScaler

from spectransfer import (
    BaselineCorrector,
    DirectMLPTransfer,
    KNNTransfer,
    MeanTransfer,
    StandardScaler,
    Training,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import PROTOCOLS, evaluate_transfers, shared_size
from spectransfer.exceptions import SpectransferWarning
from spectransfer.metrics import cosine_scorer, rse_scorer
from spectransfer.spectra import PairedMaps

FIGURES = ("rse", "euclidean", "cosine", "k_score")


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(
        n_spectra=200, n_secondary=120, n_primary=140, dtype="float64", random_state=0
    )


@pytest.fixture(scope="module")
def train(pair):
    return pair[:140]


@pytest.fixture(scope="module")
def test(pair):
    """Unseen spectra of another day: the secondary instrument has drifted."""
    unseen = pair[140:]
    return 1.3 * unseen.X_secondary + 20.0, 0.8 * unseen.X_primary


def corrector():
    return BaselineCorrector(30, smooth_window=15)


def side():
    return make_pipeline(corrector(), StandardScaler())


def transfer(regressor):
    return make_transfer_pipeline(regressor, secondary=side(), primary=side())


def figures(table):
    return [[getattr(row, name) for name in FIGURES] for row in table]


def by_hand(regressor, train, test, protocol):
    """Everything written out with scikit-learn, but for the baselines."""
    X, y, X_test, y_test = (
        corrector().fit_transform(s)
        for s in (train.X_secondary, train.X_primary, *test)
    )
    seen_X, seen_y = SklearnScaler().fit(X), SklearnScaler().fit(y)
    regressor.fit(seen_X.transform(X), seen_y.transform(y))
    own_X, own_y = SklearnScaler().fit(X_test), SklearnScaler().fit(y_test)
    scaler_X = seen_X if protocol == "deployable" else own_X
    scaler_y = own_y if protocol == "paper" else seen_y
    predicted = scaler_y.inverse_transform(
        regressor.predict(scaler_X.transform(X_test))
    )
    kmeans = KMeans(4, n_init=10, random_state=0).fit(y)
    return [
        1 - r2_score(y_test, predicted, multioutput="variance_weighted"),
        paired_euclidean_distances(y_test, predicted).mean(),
        paired_cosine_distances(y_test, predicted).mean(),
        accuracy_score(kmeans.predict(y_test), kmeans.predict(predicted)),
    ]


def test_every_cell_is_what_scikit_learn_gives_by_hand(train, test):
    regressors = {"ridge": Ridge(), "KNN": KNNTransfer(3), "mean": MeanTransfer()}
    table = evaluate_transfers(
        {name: transfer(r) for name, r in regressors.items()}, train, test
    )
    assert len(table) == 9
    for row in table:
        expected = by_hand(regressors[row.transfer], train, test, row.protocol)
        found = [getattr(row, name) for name in FIGURES]
        assert_allclose(found, expected, rtol=1e-8)
    # the protocols are three different ones
    assert len({round(row.rse, 6) for row in table if row.transfer == "ridge"}) == 3


def test_transfers_and_protocols_keep_the_order_in_which_they_were_asked_for(
    train, test
):
    table = evaluate_transfers(
        [("b", transfer(MeanTransfer())), ("a", transfer(Ridge()))],
        train,
        test,
        protocols=("paper", "deployable"),
    )
    assert [(row.transfer, row.protocol) for row in table] == [
        ("b", "paper"),
        ("b", "deployable"),
        ("a", "paper"),
        ("a", "deployable"),
    ]


def test_a_mean_spectrum_has_an_error_of_one_in_the_paper_protocol_only(train, test):
    table = evaluate_transfers({"mean": transfer(MeanTransfer())}, train, test)
    assert table["mean", "paper"].rse == pytest.approx(1, abs=1e-12)
    assert table["mean", "deployable"].rse > 1.01


def test_deployable_figures_are_those_of_the_scorers(train, test):
    fitted = transfer(Ridge()).fit(train.X_secondary, train.X_primary)
    row = evaluate_transfers({"ridge": fitted}, train, test)["ridge", "deployable"]
    assert row.rse == pytest.approx(-rse_scorer(fitted, *test), rel=1e-10)
    assert row.cosine == pytest.approx(-cosine_scorer(fitted, *test), rel=1e-10)


class Once(Ridge):
    """A ridge that can be fitted once."""

    def fit(self, X, y):
        assert not hasattr(self, "coef_"), "fitted again"
        return super().fit(X, y)


@pytest.mark.parametrize("wrap", [lambda fitted: fitted, FrozenEstimator])
def test_a_fitted_transfer_is_neither_fitted_again_nor_changed(wrap, train, test):
    fitted = transfer(Once()).fit(train.X_secondary, train.X_primary)
    before = joblib.hash(fitted)
    other = (test[0][:30], test[1][:30])
    found = evaluate_transfers({"r": wrap(fitted)}, other, test)
    assert joblib.hash(fitted) == before
    fresh = evaluate_transfers({"r": transfer(Once())}, train, test)
    assert [row.rse for row in found] == [row.rse for row in fresh]
    assert all(row.fit_time is None for row in found)
    assert all(row.fit_time > 0 for row in fresh)


def test_a_transfer_that_is_not_fitted_stays_so(train, test):
    unfitted = transfer(Ridge())
    before = joblib.hash(unfitted)
    table = evaluate_transfers({"ridge": unfitted}, train, test, return_estimator=True)
    assert joblib.hash(unfitted) == before
    fitted = table.estimators["ridge"]
    again = evaluate_transfers({"ridge": fitted}, train, test)
    assert figures(again) == figures(table)


def test_networks_come_out_of_an_evaluation_as_they_went_in(train, test):
    network = DirectMLPTransfer(
        (8,), n_latent=4, decoder_layer_sizes=(8,), training=Training(n_steps=20)
    )
    fitted = transfer(network.set_params(random_state=0))
    fitted.fit(train.X_secondary, train.X_primary)
    module = fitted[-1].regressor_.net_.module_
    weights = [w.detach().numpy().copy() for w in module.parameters()]
    before = fitted.predict(test[0])
    evaluate_transfers({"network": fitted}, train, test)
    assert_array_equal(fitted.predict(test[0]), before)
    for weight, kept in zip(module.parameters(), weights, strict=True):
        assert_array_equal(weight.detach().numpy(), kept)


def test_two_runs_give_the_same_figures(train, test):
    transfers = {
        "ridge": transfer(Ridge()),
        "network": transfer(
            DirectMLPTransfer(
                (8,),
                n_latent=4,
                decoder_layer_sizes=(8,),
                training=Training(n_steps=30),
                random_state=0,
            )
        ),
    }
    first, second = (
        evaluate_transfers(transfers, train, test, per_spectrum=True) for _ in range(2)
    )
    assert figures(first) == figures(second)
    for key, errors in first.spectrum_errors.items():
        for found, again in zip(errors, second.spectrum_errors[key], strict=True):
            assert_array_equal(found, again)


def test_figures_do_not_depend_on_the_size_of_the_blocks(train, test):
    transfers = {"ridge": transfer(Ridge()), "KNN": transfer(KNNTransfer(3))}
    whole = evaluate_transfers(transfers, train, test, block_size=None)
    for block_size in (1, 7, 60):
        found = evaluate_transfers(transfers, train, test, block_size=block_size)
        assert_allclose(figures(found), figures(whole), rtol=1e-9)


def test_errors_of_each_spectrum_are_kept_on_request_in_order(train, test):
    table = evaluate_transfers(
        {"ridge": transfer(Ridge())}, train, test, per_spectrum=True, block_size=13
    )
    fitted = transfer(Ridge()).fit(train.X_secondary, train.X_primary)
    predicted, measured = fitted.predict(test[0]), fitted[-1].transform_target(test[1])
    errors = table.errors_of("ridge", "deployable")
    assert_allclose(
        errors.euclidean, np.linalg.norm(measured - predicted, axis=1), rtol=1e-9
    )
    assert_allclose(
        errors.cosine, paired_cosine_distances(measured, predicted), rtol=1e-9
    )
    library = fitted[-1].transform_target(train.X_primary)
    kmeans = KMeans(4, n_init=10, random_state=0).fit(library)
    assert_array_equal(errors.measured_cluster, kmeans.predict(measured))
    assert_array_equal(errors.predicted_cluster, kmeans.predict(predicted))
    for row in table:
        errors = table.errors_of(row.transfer, row.protocol)
        assert row.euclidean == errors.euclidean.mean()
        assert row.cosine == errors.cosine.mean()
        assert row.k_score == np.mean(~errors.differs)
    bare = evaluate_transfers({"ridge": transfer(Ridge())}, train, test)
    with pytest.raises(ValueError, match="per_spectrum=True"):
        bare.errors_of("ridge", "paper")


def test_clusters_that_are_given_are_used_as_they_are(train, test):
    library = corrector().fit_transform(train.X_primary)
    kmeans = KMeans(7, random_state=5).fit(library)
    centres = kmeans.cluster_centers_.copy()
    table = evaluate_transfers(
        {"ridge": transfer(Ridge())}, train, test, kmeans=kmeans, per_spectrum=True
    )
    measured = corrector().fit_transform(test[1])
    errors = table.errors_of("ridge", "paper")
    assert_array_equal(errors.measured_cluster, kmeans.predict(measured))
    assert_array_equal(kmeans.cluster_centers_, centres)
    assert table.meta["n_clusters"] == "7"


def test_negated_cosine_is_the_distance_less_one(train, test):
    transfers = {"ridge": transfer(Ridge()).fit(train.X_secondary, train.X_primary)}
    distance, negated = (
        evaluate_transfers(transfers, train, test, cosine_convention=c)
        for c in ("distance", "minus_cosine")
    )
    for one, other in zip(distance, negated, strict=True):
        assert other.cosine == pytest.approx(one.cosine - 1, abs=1e-14)


def test_measured_spectra_meet_predictions_of_their_own_kind(train, test):
    """A raw and a baseline-free transfer are judged in two spaces, and it is said."""
    raw = make_transfer_pipeline(Ridge(), secondary=None, primary=None)
    both = {"raw": raw, "corrected": transfer(Ridge())}
    table = evaluate_transfers(both, train, test)
    predicted = Ridge().fit(train.X_secondary, train.X_primary).predict(test[0])
    expected = paired_euclidean_distances(test[1], predicted).mean()
    for protocol in PROTOCOLS:
        # without a scaler there is nothing that a protocol could change
        assert table["raw", protocol].euclidean == pytest.approx(expected, rel=1e-9)
    assert any("2 different spaces" in note for note in table.meta["notes"])
    alone = evaluate_transfers({"corrected": both["corrected"]}, train, test)
    assert alone.meta["notes"] == ()
    assert figures(alone) == figures(table)[3:]


def test_searches_are_judged_by_their_best_estimator(train, test):
    search = GridSearchCV(
        transfer(Ridge()),
        {"transfer__regressor__alpha": [1.0, 100.0]},
        scoring=rse_scorer,
        cv=3,
    )
    table = evaluate_transfers({"search": search}, train, test, return_estimator=True)
    best = table.estimators["search"].best_params_["transfer__regressor__alpha"]
    expected = evaluate_transfers({"search": transfer(Ridge(best))}, train, test)
    assert figures(table) == figures(expected)


class Watcher(RegressorMixin, BaseEstimator):
    """A regressor that remembers what it was given to watch."""

    def fit(self, X, y, X_val=None, y_val=None):
        self.watched_ = (X_val, y_val)
        self.ridge_ = Ridge().fit(X, y)
        return self

    def predict(self, X):
        return self.ridge_.predict(X)


def test_a_validation_set_arrives_prepared_where_it_is_watched(train, test):
    table = evaluate_transfers(
        {"watcher": transfer(Watcher()), "ridge": transfer(Ridge())},
        train,
        test,
        validation=test,
        return_estimator=True,
    )
    fitted = table.estimators["watcher"]
    X_val, y_val = fitted[-1].regressor_.watched_
    assert_allclose(X_val, fitted[:-1].transform(test[0]), rtol=1e-12)
    expected = fitted[-1].transformer_.transform(test[1])
    assert_allclose(y_val, expected, rtol=1e-12)
    # and it is used again without metadata routing
    assert fitted.transform_input is None
    assert figures(table)[:3] == figures(table)[3:]


def test_maps_on_disk_are_judged_as_those_in_memory_without_whole_copies(tmp_path):
    rng = np.random.default_rng(0)
    n_spectra, n_channels = 12_000, 250
    drawn = rng.random((n_spectra, 3)) @ rng.random((3, n_channels))
    sides = []
    for name in ("secondary", "primary"):
        spectra = drawn + 0.1 * rng.random(drawn.shape)
        np.save(tmp_path / f"{name}.npy", spectra.astype(np.float32))
        sides.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    axis = np.arange(n_channels, dtype=float)
    maps = PairedMaps(*sides, axis, axis, shape=(100, 120))
    known = tuple(np.array(side[:200]) for side in sides)
    fitted = make_transfer_pipeline(
        Ridge(), secondary=StandardScaler(), primary=StandardScaler()
    ).fit(*known)
    kmeans = KMeans(4, n_init=1, random_state=0).fit(known[1])

    def judged(unseen, block_size):
        return evaluate_transfers(
            {"ridge": fitted}, known, unseen, kmeans=kmeans, block_size=block_size
        )

    expected = judged(tuple(np.array(side) for side in sides), None)
    tracemalloc.start()
    found = judged(maps, 400)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert_allclose(figures(found), figures(expected), rtol=1e-4)  # float32 sums
    # one side is 12 MB; blocks of 0.4 MB live several at a time, most in float64
    assert sides[0].nbytes == 12e6
    assert peak < 10e6


def test_data_frames_are_judged_as_the_arrays_in_them(train, test, pair):
    pytest.importorskip("pandas")
    known, unseen = (p.as_frames() for p in (pair[:140], pair[140:]))
    arrays = [(p.X_secondary, p.X_primary) for p in (pair[:140], pair[140:])]
    framed = evaluate_transfers({"ridge": transfer(Ridge())}, known, unseen)
    plain = evaluate_transfers({"ridge": transfer(Ridge())}, *arrays)
    assert_allclose(figures(framed), figures(plain), rtol=1e-9)


def test_whole_numbers_are_counts_too(train, test):
    counts = [
        tuple(np.round(side).astype(np.uint16) for side in sides)
        for sides in ((train.X_secondary, train.X_primary), test)
    ]
    floats = [tuple(side.astype(np.float64) for side in sides) for sides in counts]
    plain = make_pipeline(SklearnScaler(), Ridge())
    found, expected = (evaluate_transfers({"r": plain}, *s) for s in (counts, floats))
    assert_allclose(figures(found), figures(expected), rtol=1e-9)


class Failing(Ridge):
    """A ridge that cannot be fitted."""

    def fit(self, X, y):
        raise RuntimeError("no light")


class Diverged(Ridge):
    """A ridge whose predictions are not finite where the first channel is dark."""

    def predict(self, X):
        predicted = super().predict(X)
        predicted[X[:, 0] < -1e6, 1] = np.nan
        return predicted


def test_a_transfer_that_fails_stops_the_evaluation_or_gets_the_score(train, test):
    transfers = {"fails": transfer(Failing()), "ridge": transfer(Ridge())}
    with pytest.raises(RuntimeError, match="no light"):
        evaluate_transfers(transfers, train, test)
    with pytest.warns(SpectransferWarning, match="'fails'.*RuntimeError: no light"):
        table = evaluate_transfers(transfers, train, test, error_score=np.nan)
    assert np.isnan(figures(table)[:3]).all()
    expected = evaluate_transfers({"ridge": transfer(Ridge())}, train, test)
    assert figures(table)[3:] == figures(expected)


def test_predictions_that_are_not_finite_are_refused_with_their_spectrum(train, test):
    secondary = test[0].copy()
    secondary[[17, 30], 0] = -1e7
    with pytest.raises(ValueError, match="first for spectrum 17 ") as caught:
        evaluate_transfers(
            {"diverged": Diverged()}, train, (secondary, test[1]), block_size=10
        )
    assert caught.value.__notes__ == ["This happened while evaluating 'diverged'."]


def test_time_and_memory_of_a_known_call_are_measured(train, test):
    class Slow(Ridge):
        def fit(self, X, y):
            import time

            held = np.ones(12_000_000)  # 96 MB
            time.sleep(0.15)
            del held
            return super().fit(X, y)

    table = evaluate_transfers(
        {"slow": transfer(Slow())}, train, test, measure_memory=True
    )
    row = table["slow", "deployable"]
    assert 0.15 < row.fit_time < 5
    assert row.predict_time > 0
    if sys.platform == "linux":
        assert 80e6 < row.fit_memory < 160e6
        assert row.predict_memory is not None
    without = evaluate_transfers({"slow": transfer(Slow())}, train, test)
    assert without["slow", "paper"].fit_memory is None


def test_the_table_says_what_was_compared(train, test):
    table = evaluate_transfers({"ridge": transfer(Ridge())}, train, test)
    assert (table.meta["n_train"], table.meta["n_test"]) == (140, 60)
    assert table.meta["n_channels"] == 140
    fitted = transfer(Ridge()).fit(train.X_secondary, train.X_primary)
    expected = shared_size(fitted, n_shared=140, n_channels=140).total
    assert {row.shared_bytes for row in table} == {expected}


def test_it_is_silent_unless_asked(train, test, capsys):
    evaluate_transfers({"ridge": transfer(Ridge())}, train, test)
    assert capsys.readouterr() == ("", "")
    evaluate_transfers({"ridge": transfer(Ridge())}, train, test, verbose=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert "ridge, predict" in err
    assert "180/180" in err


@pytest.mark.parametrize(
    ("transfers", "error", "words"),
    [
        ({}, ValueError, "a name of its own"),
        ([("a", Ridge()), ("a", Ridge())], ValueError, "2 transfers and 1 names"),
        ({"class": Ridge}, TypeError, "named 'class'"),
        ({"scaler": StandardScaler()}, TypeError, "named 'scaler'"),
    ],
)
def test_transfers_without_names_or_predictions_are_refused(
    transfers, error, words, train, test
):
    with pytest.raises(error, match=words):
        evaluate_transfers(transfers, train, test)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"protocols": ("deployable", "fair")}, "'fair'"),
        ({"protocols": ()}, "protocols must be some of"),
        ({"protocols": ("paper", "paper")}, "each once"),
        ({"kmeans": 4}, "'kmeans' parameter of evaluate_transfers"),
        ({"n_clusters": "four"}, "'n_clusters' parameter of evaluate_transfers"),
        ({"block_size": 0}, "'block_size' parameter of evaluate_transfers"),
    ],
)
def test_wrong_options_are_refused_by_name(changes, words, train, test):
    with pytest.raises(ValueError, match=words):
        evaluate_transfers({"never": Failing()}, train, test, **changes)


def test_bad_spectra_are_refused_before_anything_is_fitted(train, test):
    never = {"never": Failing()}
    spoilt = test[1].copy()
    spoilt[3, 5] = np.nan
    with pytest.raises(ValueError, match="spectrum 3, channel 5"):
        evaluate_transfers(never, train, (test[0], spoilt))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        evaluate_transfers(never, train, (test[0], test[1][:-1]))
    with pytest.raises(ValueError, match=r"test.*primary spectra have 139.*140"):
        evaluate_transfers(never, train, (test[0], test[1][:, 1:]))
    with pytest.raises(ValueError, match=r"validation.*secondary spectra have 119"):
        evaluate_transfers(never, train, test, validation=(test[0][:, 1:], test[1]))
    with pytest.raises(ValueError, match="one spectrum has no deviation"):
        evaluate_transfers(never, train, (test[0][:1], test[1][:1]))
    with pytest.raises(TypeError, match=r"train must be paired spectra.*ndarray"):
        evaluate_transfers(never, test[0], test)
    with pytest.raises(ValueError, match=r"tables of shape.*\(140,\)"):
        evaluate_transfers(never, train, (test[0], test[1][0]))


def test_one_spectrum_can_be_judged_with_training_statistics(train, test):
    table = evaluate_transfers(
        {"ridge": transfer(Ridge())},
        train,
        (test[0][:1], test[1][:1]),
        protocols="deployable",
    )
    assert table["ridge", "deployable"].rse == float("inf")


def test_evaluation_is_imported_without_torch():
    code = "import sys, spectransfer.evaluation; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
