"""Medoids are those that a literal search over exchanges, or over all sets, finds."""

from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.spatial.distance import cdist

from spectransfer.model_selection import _medoids, select_standards
from spectransfer.model_selection._medoids import exchanged, medoids


def total(distances, chosen):
    return distances[:, list(chosen)].min(axis=1).sum()


def literal_exchanges(distances, chosen, n_fixed):
    """Try every exchange, take the best one, again and again."""
    chosen = list(chosen)
    while True:
        best, found = total(distances, chosen), None
        for out in range(n_fixed, len(chosen)):
            for into in set(range(len(distances))) - set(chosen):
                changed = [*chosen[:out], into, *chosen[out + 1 :]]
                if total(distances, changed) < best - 1e-9:
                    best, found = total(distances, changed), changed
        if found is None:
            return chosen
        chosen = found


@pytest.mark.parametrize(("n", "n_fixed"), [(1, 0), (4, 0), (5, 2), (3, 3)])
def test_exchanges_are_those_of_the_literal_loop(n, n_fixed, rng):
    points = rng.normal(size=(40, 3))
    distances = cdist(points, points)
    start = list(range(n))
    found = exchanged(distances, start, n_fixed)
    assert_array_equal(found, literal_exchanges(distances, start, n_fixed))
    assert found[:n_fixed] == start[:n_fixed]


def test_medoids_of_separate_groups_are_the_best_of_all_sets(rng):
    centers = np.repeat(10.0 * np.eye(3), 5, axis=0)
    points = centers + rng.normal(size=(15, 3))
    distances = cdist(points, points)
    every = combinations(range(15), 3)
    best = min(every, key=lambda chosen: total(distances, chosen))
    assert sorted(medoids(points, [0, 1, 2], 0, np.random.RandomState(0))) == list(best)


def test_medoids_of_draws_are_nearly_those_of_all_points(monkeypatch, rng):
    points = rng.normal(size=(600, 2)) ** 3
    distances = cdist(points, points)
    start = list(range(6))
    whole = total(distances, exchanged(distances, start, 0))
    monkeypatch.setattr(_medoids, "_IN_A_DRAW", 150)
    found = medoids(points, start, 1, np.random.RandomState(0))
    assert found[0] == 0
    assert len(set(found)) == 6
    assert total(distances, found) < 1.1 * whole
    assert total(distances, start) > 1.3 * whole


def test_standards_by_medoids_are_nearer_to_all_others_than_those_by_kmeans(rng):
    spectra = rng.normal(size=(200, 5)) ** 3
    points = (spectra - spectra.mean(axis=0)) / spectra.std(axis=0)
    by = {
        method: select_standards(spectra, 9, method=method, n_components=5)
        for method in ("kmeans", "kmedoids")
    }
    whitening = np.linalg.cholesky(np.linalg.inv(np.cov(points.T)))
    distances = cdist(points @ whitening, points @ whitening)
    assert total(distances, by["kmedoids"]) < total(distances, by["kmeans"])
