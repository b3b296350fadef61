"""What goes into an evaluation and what comes out, whatever the figures are."""

import subprocess
import sys
import time
from dataclasses import replace

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler as SklearnScaler

from spectransfer import (
    BaselineCorrector,
    DirectMLPTransfer,
    FewStandardsTransfer,
    MeanTransfer,
    StandardScaler,
    Training,
    make_transfer_pipeline,
)
from spectransfer.evaluation import evaluate_transfers, shared_size
from spectransfer.exceptions import SpectransferWarning
from spectransfer.metrics import rse_scorer
from spectransfer.transfer import LibraryMoments


def corrector():
    return BaselineCorrector(30, smooth_window=15)


def side():
    return make_pipeline(corrector(), StandardScaler())


def transfer(regressor):
    return make_transfer_pipeline(regressor, secondary=side(), primary=side())


FIGURES = ("rse", "euclidean", "cosine", "k_score")


def figures(table):
    return [[getattr(row, name) for name in FIGURES] for row in table]


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


def test_a_transfer_that_fails_stops_the_evaluation_or_gets_the_score(train, test):
    transfers = {"fails": transfer(Failing()), "ridge": transfer(Ridge())}
    with pytest.raises(RuntimeError, match="no light"):
        evaluate_transfers(transfers, train, test)
    with pytest.warns(SpectransferWarning, match="'fails'.*RuntimeError: no light"):
        table = evaluate_transfers(transfers, train, test, error_score=np.nan)
    assert np.isnan(figures(table)[:3]).all()
    expected = evaluate_transfers({"ridge": transfer(Ridge())}, train, test)
    assert figures(table)[3:] == figures(expected)


def test_the_time_of_a_known_call_is_measured(train, test):
    class Slow(Ridge):
        def fit(self, X, y):
            time.sleep(0.15)
            return super().fit(X, y)

    table = evaluate_transfers({"slow": transfer(Slow())}, train, test)
    row = table["slow", "deployable"]
    assert 0.15 < row.fit_time < 5
    assert row.predict_time > 0


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


def test_the_library_protocol_needs_spectra_of_the_librarys_day(pair, train, test):
    never = {"never": Failing()}
    with pytest.raises(ValueError, match=r"'primary_library_day' of test.*make_libs_"):
        evaluate_transfers(never, train, test, protocols=("deployable", "library"))
    for wrong, words in (
        (pair[140:].X_primary[:, 1:], r"shape \(60, 140\), but its shape is \(60, 139"),
        (np.full((60, 140), np.nan), "primary_library_day.*NaN"),
    ):
        unseen = replace(pair[140:], annotations={"primary_library_day": wrong})
        with pytest.raises(ValueError, match=words):
            evaluate_transfers(never, train, unseen)
        # nobody looks at it where nobody asks for it
        evaluate_transfers(
            {"mean": transfer(MeanTransfer())}, train, unseen, protocols="paper"
        )


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


@pytest.mark.parametrize("moments", [False, True])
def test_spectra_without_partners_reach_transfers_that_learn_from_them(
    moments, train, test
):
    few, own = train[:12], train[12:]
    told = own.X_primary
    if moments:
        prepared = side().fit(few.X_primary).transform(own.X_primary)
        told = LibraryMoments.of(prepared)
    transfers = {"few": transfer(FewStandardsTransfer()), "ridge": transfer(Ridge())}
    table = evaluate_transfers(
        transfers,
        (few.X_secondary, few.X_primary),
        test,
        unpaired=(own.X_secondary, told),
        return_estimator=True,
    )
    alone = transfer(FewStandardsTransfer()).fit(
        few.X_secondary,
        few.X_primary,
        X_unpaired=own.X_secondary,
        y_unpaired=own.X_primary,
    )
    found = table.estimators["few"]
    assert found[-1].regressor_.shares_["rotation"] > 0
    assert_allclose(found.predict(test[0]), alone.predict(test[0]), rtol=1e-4)
    known = few.X_secondary, few.X_primary
    without = evaluate_transfers({"ridge": transfer(Ridge())}, known, test)
    assert table["ridge", "deployable"].rse == without["ridge", "deployable"].rse


def test_spectra_without_partners_of_other_instruments_are_refused(train, test):
    transfers = {"ridge": transfer(Ridge())}
    with pytest.raises(ValueError, match=r"unpaired must hold .* it holds 1 parts"):
        evaluate_transfers(transfers, train, test, unpaired=(train.X_secondary,))
    with pytest.raises(ValueError, match="y_unpaired must have the channels of train"):
        evaluate_transfers(
            transfers, train, test, unpaired=(None, train.X_primary[:, 1:])
        )


@pytest.mark.slow
def test_evaluation_is_imported_without_torch():
    code = "import sys, spectransfer.evaluation; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
