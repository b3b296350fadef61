"""Replicates that nobody named: what they hide from a leave-one-out is told."""

import warnings

import numpy as np
import pytest

from spectransfer import (
    CanonicalCorrelationTransfer,
    DirectStandardization,
    FewStandardsTransfer,
    PiecewiseDirectStandardization,
    SpectralSpaceTransformation,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import SpectransferWarning

KINDS = [
    CanonicalCorrelationTransfer,
    DirectStandardization,
    FewStandardsTransfer,
    PiecewiseDirectStandardization,
    SpectralSpaceTransformation,
]


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(
        n_spectra=60, n_secondary=60, n_primary=60, dtype="float64", random_state=0
    )


def replicates(pair, n_samples, n_each, noise):
    rng = np.random.default_rng(1)
    both = []
    for spectra in (pair.X_secondary, pair.X_primary):
        copies = np.repeat(spectra[:n_samples], n_each, axis=0)
        noises = noise * spectra.std(axis=0) * rng.standard_normal(copies.shape)
        both.append(copies + noises)
    return both


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n_samples", "n_each"), [(7, 3), (10, 2), (30, 2)])
def test_replicates_without_names_are_told(kind, n_samples, n_each, pair):
    X, y = replicates(pair, n_samples, n_each, 1e-3)
    said = (
        rf"{n_samples * n_each} spectra .* replicates of {n_samples}\. Pass sample_id"
    )
    with pytest.warns(SpectransferWarning, match=said) as told:
        kind().fit(X, y)
    assert told[0].filename == __file__


@pytest.mark.parametrize("kind", KINDS)
def test_named_replicates_and_single_spectra_are_not(kind, pair):
    X, y = replicates(pair, 10, 3, 1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kind().fit(X, y, sample_id=np.arange(30) // 3)
        kind().fit(pair.X_secondary, pair.X_primary)


@pytest.mark.parametrize(
    ("n_spectra", "dimensions"), [(6, 3), (20, 1), (20, 3), (50, 1), (50, 3)]
)
def test_single_spectra_along_few_directions_are_hardly_ever_taken_for_replicates(
    n_spectra, dimensions, rng
):
    told = 0
    for _ in range(100):
        points = rng.standard_normal((n_spectra, dimensions))
        spectra = points @ rng.standard_normal((dimensions, 40))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            DirectStandardization(alpha=1.0).fit(spectra, spectra)
        told += len(caught)
    assert told <= 2


@pytest.mark.parametrize("n_samples", [5, 6, 12])
def test_copies_that_differ_by_rounding_are_counted_once(n_samples, pair, rng):
    # as matrix products of preparations leave some of them
    X = np.repeat(pair.X_secondary[:n_samples], 4, axis=0).astype(np.float32)
    X[3] = np.nextafter(X[3], np.float32(np.inf))
    said = rf"{4 * n_samples} spectra .* replicates of {n_samples}\. Pass"
    with pytest.warns(SpectransferWarning, match=said):
        DirectStandardization().fit(X, X)
