"""Rotations between populations: what standards begin, the populations finish."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.stats import ortho_group

from spectransfer.transfer import _rotation
from spectransfer.transfer._affine import Mixture
from spectransfer.transfer._leave_out import samples_of
from spectransfer.transfer._population import LibraryMoments
from spectransfer.transfer._priors import Standards
from spectransfer.transfer._rotation import Rotation, aligned


def material(rng, shares, n):
    """Points around four minerals, of which each has its own direction."""
    centres = 2.0 * np.eye(4)
    minerals = rng.choice(4, n, p=shares)
    return centres[minerals] * rng.gamma(3.0, 0.4, (n, 1)) + 0.1 * rng.normal(
        size=(n, 4)
    )


@pytest.fixture(scope="module")
def truth():
    return ortho_group.rvs(4, random_state=1)


def missed(rotation, truth):
    return np.linalg.norm(rotation - truth)


@pytest.mark.parametrize("other", [[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]])
def test_populations_correct_the_rotation_of_poor_standards(truth, other):
    # also where minerals have other shares in one of them
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(10):
        secondary = material(rng, [0.4, 0.3, 0.2, 0.1], 250)
        primary = material(rng, other, 400) @ truth
        few = material(rng, [0.4, 0.3, 0.2, 0.1], 6)
        measured = few @ truth + 0.8 * rng.normal(size=few.shape)
        product = few.T @ measured
        left, _, right = np.linalg.svd(product)
        before = missed(left @ right, truth)
        gains.append(missed(aligned(product, secondary, primary), truth) / before)
    assert np.median(gains) < 0.4
    # standards that know nothing of a mineral may begin at the wrong one
    assert np.sort(gains)[-2] < 1.0


def test_a_rotation_stays_orthogonal_and_does_not_mind_the_order(truth):
    rng = np.random.default_rng(2)
    secondary, primary = (material(rng, [0.25] * 4, 120) for _ in range(2))
    few = secondary[:6]
    found = aligned(few.T @ few @ truth, secondary, primary @ truth)
    assert_allclose(found @ found.T, np.eye(4), atol=1e-12)
    again = aligned(few.T @ few @ truth, secondary[::-1], (primary @ truth)[::-1])
    assert_allclose(again, found, atol=1e-4)


def test_populations_of_one_point_leave_no_nan(truth):
    point = np.ones((5, 4))
    assert np.isfinite(aligned(np.eye(4), point, point)).all()


def test_left_out_rotations_do_not_know_their_group():
    rng = np.random.default_rng(3)
    spectra = [rng.normal(size=(60, 3)) @ rng.normal(size=(3, 12)) for _ in range(2)]
    populations = tuple(LibraryMoments.of(s, n_components=3) for s in spectra)
    X, y = spectra[0][:24], spectra[1][:24] + rng.normal(size=(24, 12))
    whole = Rotation(Standards(X, y, samples_of(None, X)), populations, 3)
    for number in range(_rotation._FOLDS):
        group = np.arange(number, 24, _rotation._FOLDS)
        rest = np.setdiff1d(np.arange(24), group)
        some = Standards(X[rest], y[rest], samples_of(None, X[rest]))
        alone = Rotation(some, populations, 3)._rotation
        for row in group:
            assert_allclose(whole._left_out_rotations[row], alone, atol=1e-6)


def test_a_direction_that_no_standard_has_is_left_as_it_was(rng):
    # three components; the standards vary along two of them
    cloud = rng.normal(size=(400, 3))
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    populations = LibraryMoments.of(cloud), LibraryMoments.of(cloud @ turn)
    plane = np.zeros((40, 3))
    plane[:, :2] = 30.0 * rng.normal(size=(40, 2))
    samples = samples_of(None, plane)
    standards = Standards(plane, plane @ turn, samples)
    read = sparse.csr_array(np.eye(3))
    prior = Rotation(standards, populations, 3, read)
    mixture = Mixture(standards.means[0], 3)
    prior._add_prior(mixture, 1.0)
    left, right = mixture.factors()
    made = left @ right + mixture.local.T.toarray()
    # the cloud that whitens is a draw: its axes are not quite those of the standards
    assert_allclose(made[2], np.eye(3)[2], atol=0.15)
    assert np.abs(made[:2] - np.eye(3)[:2]).max() > 0.3
