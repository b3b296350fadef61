"""Predictions as data frames, through `set_output` of a whole transfer."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score

from spectransfer import (
    BaselineCorrector,
    KNNTransfer,
    WavelengthCropper,
    make_transfer_pipeline,
    transfer_spectra,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import evaluate_transfers, standards_curve
from spectransfer.library import load_transfer, save_transfer
from spectransfer.metrics import relative_squared_error, rse_scorer

pytest.importorskip("pandas")
PAIR = make_instrument_pair(60, n_secondary=110, n_primary=120, random_state=0)
X, Y = PAIR.as_frames()


def fitted(kind="pandas", **options):
    return make_transfer_pipeline(Ridge(), **options).set_output(transform=kind)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_predictions_are_frames_named_by_the_primary_axis(library):
    frame = pytest.importorskip(library).DataFrame
    transfer = fitted(library).fit(X, Y)
    found = transfer.predict(X[7:9])
    assert isinstance(found, frame)
    assert list(found.columns) == list(Y.columns)
    plain = transfer.set_output(transform="default").predict(X[7:9])
    assert isinstance(plain, np.ndarray)
    assert_array_equal(found.to_numpy(), plain)


def test_the_index_of_samples_stays():
    some = X.set_axis([f"s{i}" for i in range(len(X))])
    assert fitted().fit(some, Y).predict(some[3:5]).index.tolist() == ["s3", "s4"]


def test_names_are_those_of_the_channels_that_are_left():
    side = WavelengthCropper(260, 300)
    found = fitted(preparation=None, primary=side).fit(X, Y).predict(X[:2])
    expected = [n for n in Y.columns if 260 <= float(n.split()[0]) <= 300]
    assert list(found.columns) == expected


def test_channels_without_an_axis_are_counted():
    transfer = fitted().fit(PAIR.X_secondary, PAIR.X_primary)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = transfer.predict(PAIR.X_secondary[:2])
    assert list(found.columns[:2]) == ["channel 0", "channel 1"]


def test_clones_and_searches_keep_what_was_asked_for():
    assert list(clone(fitted()).fit(X, Y).predict(X[:2]).columns) == list(Y.columns)
    search = GridSearchCV(
        fitted(), {"transfer__regressor__alpha": [1.0, 10.0]}, scoring=rse_scorer, cv=3
    )
    assert list(search.fit(X, Y).predict(X[:2]).columns) == list(Y.columns)


def test_figures_of_merit_are_those_of_arrays():
    frames, arrays = fitted().fit(X, Y), fitted("default").fit(X, Y)
    assert frames.score(X, Y) == arrays.score(X, Y)
    assert rse_scorer(frames, X, Y) == rse_scorer(arrays, X, Y)
    truth = frames.transform_target(Y)
    expected = relative_squared_error(truth, arrays.predict(X))
    assert relative_squared_error(truth, frames.predict(X)) == expected
    both = [
        cross_val_score(t, X, Y, scoring=rse_scorer, cv=3) for t in (frames, arrays)
    ]
    assert_array_equal(*both)
    rows = [
        evaluate_transfers({"a": t}, PAIR[:40], PAIR[40:], protocols=["deployable"])
        for t in (fitted(), fitted("default"))
    ]
    assert rows[0]["a", "deployable"].rse == rows[1]["a", "deployable"].rse
    curves = [
        standards_curve({"a": t}, PAIR, [4], n_draws=2)
        for t in (fitted(), fitted("default"))
    ]
    assert_array_equal(*(curve.errors["RSE"]["a"] for curve in curves))


def test_maps_go_through_in_blocks_as_before(tmp_path):
    transfer = fitted().fit(X, Y)
    expected = transfer.set_output(transform="default").predict(X)
    transfer.set_output(transform="pandas")
    found = transfer_spectra(transfer, PAIR.X_secondary, tmp_path / "a.npy")
    assert_array_equal(found, expected)
    assert list(transfer_spectra(transfer, X, output="pandas").columns) == list(
        Y.columns
    )


def test_a_part_of_a_transfer_predicts_nothing():
    part = fitted()[:-1]
    assert not hasattr(part, "predict")
    assert isinstance(part.fit(X).transform(X), np.ndarray)


def test_the_paper_protocol_gives_frames_too():
    transfer = fitted().fit(X, Y)
    found = transfer.predict(X, reference=Y)
    assert list(found.columns) == list(Y.columns)


@pytest.mark.parametrize("kind", ["arrow", 3])
def test_other_containers_are_refused(kind):
    with pytest.raises(ValueError, match='transform must be "default"'):
        fitted(kind)


def test_saved_transfers_may_be_asked_again(tmp_path):
    transfer = make_transfer_pipeline(KNNTransfer(), primary=BaselineCorrector())
    transfer.set_output(transform="pandas")
    save_transfer(transfer.fit(X, Y), tmp_path / "a.safetensors")
    back = load_transfer(tmp_path / "a.safetensors").set_output(transform="pandas")
    assert list(back.predict(X[:2]).columns) == list(Y.columns)
