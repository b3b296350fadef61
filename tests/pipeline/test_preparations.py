"""Preparations by kind of spectroscopy, and the warning of what they take away."""

import dataclasses
import sys
import warnings

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from spectransfer import (
    BaselineCorrector,
    PrimarySpaceRegressor,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import SpectransferWarning

PAIR = make_instrument_pair(60, n_secondary=110, n_primary=120, random_state=0)
FRONT = {
    "libs": ["baseline", "scaler"],
    "raman": ["fluorescence", "scaler"],
    "nir": ["derivative", "snv", "scaler"],
    None: [],
}


@pytest.mark.parametrize("kind", FRONT)
def test_both_sides_are_prepared_as_the_kind_says(kind):
    if kind == "nir":
        pytest.importorskip("chemotools")
    transfer = make_transfer_pipeline(Ridge(), preparation=kind)
    assert [name for name, _ in transfer.steps[:-1]] == FRONT[kind]
    inner = transfer[-1].transformer
    assert (list(inner.named_steps) if inner else []) == FRONT[kind]
    fitted = transfer.fit(PAIR.X_secondary, PAIR.X_primary)
    assert fitted.predict(PAIR.X_secondary).shape == PAIR.X_primary.shape
    assert (fitted.prediction_space_ == "as measured") == (kind is None)


def test_libs_is_the_default_and_a_side_may_differ():
    assert str(make_transfer_pipeline(Ridge())) == str(
        make_transfer_pipeline(Ridge(), preparation="libs")
    )
    transfer = make_transfer_pipeline(Ridge(), primary=BaselineCorrector(30))
    assert isinstance(transfer[-1].transformer, BaselineCorrector)
    assert len(transfer.steps) == 3


@pytest.mark.parametrize("kind", ["LIBS", "ftir", ""])
def test_an_unknown_kind_is_refused_by_name(kind):
    with pytest.raises(ValueError, match="preparation must be one of 'libs', 'raman'"):
        make_transfer_pipeline(Ridge(), preparation=kind)


def test_without_chemotools_nir_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "chemotools.derivative", None)
    with pytest.raises(ImportError, match=r"\.\[chemotools\]"):
        make_transfer_pipeline(Ridge(), preparation="nir")


def told(transfer, X, y):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        transfer.fit(X, y)
    return [str(w.message) for w in caught if w.category is SpectransferWarning]


@pytest.mark.parametrize("frames", [True, False])
def test_a_baseline_that_takes_most_of_the_variance_is_told_with_its_share(frames):
    # broad bands, which a baseline follows
    places = np.linspace(0, 1, 120)
    heights = np.random.default_rng(0).normal(1, 0.2, (60, 2))
    y = heights @ np.array([np.exp(-((places - c) ** 2) / 0.5) for c in (0.2, 0.8)])
    pair = dataclasses.replace(PAIR, X_primary=y)
    sides = pair.as_frames() if frames else (pair.X_secondary, y)
    (message,) = told(make_transfer_pipeline(Ridge()), *sides)
    corrected = BaselineCorrector().fit_transform(y)
    share = 1 - corrected.var(axis=0).sum() / y.var(axis=0).sum()
    assert f"{share:.0%} of the variance" in message
    for kind in (None, "raman"):
        assert told(make_transfer_pipeline(Ridge(), preparation=kind), *sides) == []
    named = Pipeline([("fluorescence", BaselineCorrector())])
    assert told(make_transfer_pipeline(Ridge(), primary=named), *sides) == []
    plain = Pipeline([("off", BaselineCorrector())])
    assert len(told(make_transfer_pipeline(Ridge(), primary=plain), *sides)) == 1


def test_spectra_of_lines_lose_little_and_nothing_is_said():
    assert told(make_transfer_pipeline(Ridge()), PAIR.X_secondary, PAIR.X_primary) == []
    single = PrimarySpaceRegressor(Ridge(), transformer=BaselineCorrector(30))
    assert told(single, PAIR.X_secondary, np.ones((60, 90))) == []
