"""Figures of merit, against scikit-learn and formulas written out."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.metrics.pairwise import (
    paired_cosine_distances,
    paired_euclidean_distances,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler as SklearnScaler

from spectransfer import (
    BaselineCorrector,
    KNNTransfer,
    MeanTransfer,
    StandardScaler,
    make_transfer_pipeline,
)
from spectransfer.evaluation import PROTOCOLS, evaluate_transfers
from spectransfer.metrics import cosine_scorer, rse_scorer
from spectransfer.simulation import DayDrift, make_libs_maps
from spectransfer.spectra import LIBRARY_DAY, PairedMaps


def corrector():
    return BaselineCorrector(30, smooth_window=15)


def side():
    return make_pipeline(corrector(), StandardScaler())


def transfer(regressor):
    return make_transfer_pipeline(regressor, secondary=side(), primary=side())


# judged by what the primary measured, which a plain tuple of spectra has
OF_THAT_DAY = [name for name in PROTOCOLS if name != "library"]
FIGURES = ("rse", "euclidean", "cosine", "k_score")


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


@pytest.fixture(scope="module")
def drifted(pair, test):
    """The unseen spectra of another day, with what the library's day would have had."""
    unseen = replace(pair[140:], X_secondary=test[0], X_primary=test[1])
    return replace(unseen, annotations={LIBRARY_DAY: 1.1 * pair[140:].X_primary})


def test_the_library_protocol_judges_deployable_predictions_by_the_librarys_day(
    train, drifted
):
    transfers = {"ridge": transfer(Ridge()), "KNN": transfer(KNNTransfer(3))}
    table = evaluate_transfers(transfers, train, drifted, per_spectrum=True)
    assert [row.protocol for row in table] == 2 * list(PROTOCOLS)
    then = (drifted.X_secondary, drifted.annotations[LIBRARY_DAY])
    asked = evaluate_transfers(
        transfers, train, then, protocols="deployable", per_spectrum=True
    )
    for name in transfers:
        row, expected = table[name, "library"], asked[name, "deployable"]
        assert row[2:6] == expected[2:6]
        errors = table.errors_of(name, "library")
        for one, other in zip(errors, asked.errors_of(name, "deployable"), strict=True):
            assert_array_equal(one, other)
        assert row.rse < table[name, "deployable"].rse


def test_the_librarys_day_leaves_the_other_figures_as_they_are(train, test, drifted):
    transfers = {"ridge": transfer(Ridge()), "mean": transfer(MeanTransfer())}
    without = evaluate_transfers(transfers, train, test)
    table = evaluate_transfers(transfers, train, drifted, block_size=13)
    whole = evaluate_transfers(transfers, train, drifted)
    for row in without:
        assert whole[row.transfer, row.protocol][2:6] == row[2:6]
    assert len(without) == 6
    assert_allclose(figures(table), figures(whole), rtol=1e-9)


def test_a_block_is_predicted_once_for_both_truths(train, drifted):
    class Counted(Ridge):
        calls = 0

        def predict(self, X):
            Counted.calls += 1
            return super().predict(X)

    fitted = transfer(Counted()).fit(train.X_secondary, train.X_primary)
    table = evaluate_transfers(
        {"ridge": fitted}, train, drifted, protocols=("deployable", "library")
    )
    assert Counted.calls == 1
    first, second = table
    assert first.predict_time == second.predict_time > 0


@pytest.fixture(scope="module")
def second_day():
    """Rows of a ridge by what has drifted: everything, or the secondary alone."""

    def light(**options):
        return make_libs_maps(
            **{"train": None, "validation": None, "test": None} | options,
            spectrometers="light",
            random_state=0,
        )

    side = make_pipeline(BaselineCorrector(25, smooth_window=12), StandardScaler())
    known = light(train=(24, 24)).train
    ridge = make_transfer_pipeline(Ridge(100.0), secondary=side, primary=side)
    ridge.fit(known.X_secondary, known.X_primary)
    everything = DayDrift()
    pairs = ("gain", "baseline", "shift", "resolution", "tilt")
    alone = {
        name: (getattr(DayDrift.off(), name)[0], getattr(everything, name)[1])
        for name in pairs
    }
    days = {
        "nothing": DayDrift.off(),
        "everything": everything,
        "secondary": DayDrift(**(vars(DayDrift.off()) | alone)),
        "spectrometers": everything.only(*pairs),
    }
    return {
        name: evaluate_transfers(
            {"ridge": ridge}, known, light(test=(20, 20), day=day).test
        )
        for name, day in days.items()
    }


def test_what_the_primary_does_on_the_second_day_is_no_matter_of_the_library(
    second_day,
):
    rse = {
        (day, row.protocol): row.rse
        for day, table in second_day.items()
        for row in table
    }
    # a drift of the primary alone makes the old columns worse than the mean spectrum
    assert rse["spectrometers", "deployable"] > 2
    assert rse["spectrometers", "library"] == rse["secondary", "library"] < 1
    assert rse["secondary", "deployable"] == rse["secondary", "library"]
    assert rse["nothing", "deployable"] == rse["nothing", "library"] < 0.1
    assert rse["everything", "library"] < 0.2 * rse["everything", "deployable"]


def test_a_mean_spectrum_has_an_error_of_one_in_the_paper_protocol_only(train, test):
    table = evaluate_transfers({"mean": transfer(MeanTransfer())}, train, test)
    assert table["mean", "paper"].rse == pytest.approx(1, abs=1e-12)
    assert table["mean", "deployable"].rse > 1.01


def test_deployable_figures_are_those_of_the_scorers(train, test):
    fitted = transfer(Ridge()).fit(train.X_secondary, train.X_primary)
    row = evaluate_transfers({"ridge": fitted}, train, test)["ridge", "deployable"]
    assert row.rse == pytest.approx(-rse_scorer(fitted, *test), rel=1e-10)
    assert row.cosine == pytest.approx(-cosine_scorer(fitted, *test), rel=1e-10)


@pytest.mark.slow
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
    for protocol in OF_THAT_DAY:
        # without a scaler there is nothing that a protocol could change
        assert table["raw", protocol].euclidean == pytest.approx(expected, rel=1e-9)
    assert any("2 different spaces" in note for note in table.meta["notes"])
    alone = evaluate_transfers({"corrected": both["corrected"]}, train, test)
    assert alone.meta["notes"] == ()
    assert figures(alone) == figures(table)[3:]


@pytest.mark.slow
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


class Diverged(Ridge):
    """A ridge whose predictions are not finite where the first channel is dark."""

    def predict(self, X):
        predicted = super().predict(X)
        predicted[X[:, 0] < -1e6, 1] = np.nan
        return predicted


def test_predictions_that_are_not_finite_are_refused_with_their_spectrum(train, test):
    secondary = test[0].copy()
    secondary[[17, 30], 0] = -1e7
    with pytest.raises(ValueError, match="first for spectrum 17 ") as caught:
        evaluate_transfers(
            {"diverged": Diverged()}, train, (secondary, test[1]), block_size=10
        )
    assert caught.value.__notes__ == ["This happened while evaluating 'diverged'."]


def test_one_spectrum_can_be_judged_with_training_statistics(train, test):
    table = evaluate_transfers(
        {"ridge": transfer(Ridge())},
        train,
        (test[0][:1], test[1][:1]),
        protocols="deployable",
    )
    assert table["ridge", "deployable"].rse == float("inf")
