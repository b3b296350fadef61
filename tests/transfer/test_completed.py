"""What the other instrument does not see comes from the library, not from standards."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.ndimage import gaussian_filter1d

from spectransfer import FewStandardsTransfer
from spectransfer.metrics import relative_squared_error
from spectransfer.transfer import LibraryMoments

AXIS = np.linspace(300.0, 400.0, 90)


@pytest.fixture(scope="module")
def materials():
    """Shares of three materials, and their lines all over the axis."""
    rng = np.random.default_rng(1)
    lines = np.zeros((3, 90))
    lines[np.arange(3)[:, None], rng.integers(5, 85, (3, 8))] = 1.0
    shares = rng.dirichlet([0.3] * 3, 300) * rng.uniform(0.5, 1.5, (300, 1))
    return shares, gaussian_filter1d(10.0 * lines, 1.5, axis=1)


def sides(materials):
    """A secondary side that is sharper, darker, noisy, and blind at both ends."""
    shares, lines = materials
    rng = np.random.default_rng(2)
    light = shares @ lines
    noise = rng.normal(size=(2, 300, 90)) * 0.02
    primary = gaussian_filter1d(light, 1.0, axis=1) + noise[0]
    return (0.5 * light + noise[1])[:, 25:70], primary


def fitted(priors, X, y, library, **beside):
    return FewStandardsTransfer(
        priors, wavelengths_secondary=AXIS[25:70], wavelengths_primary=AXIS
    ).fit(X, y, y_unpaired=library, **beside)


def test_a_material_that_no_standard_is_of_is_known_from_the_library(materials):
    X, y = sides(materials)
    shares = materials[0] / materials[0].sum(axis=1, keepdims=True)
    known = np.flatnonzero(shares[:150, 2] < 0.02)[:8]
    new = np.arange(250, 300)[shares[250:, 2] > 0.5]
    errors = {}
    for prior in ("nothing", "window", "completed"):
        # secondary spectra without partners are not needed
        transfer = fitted((prior,), X[known], y[known], y[150:250])
        missed = ((y[new] - transfer.predict(X[new])) ** 2).sum()
        errors[prior] = missed / ((y[new] - y[known].mean(axis=0)) ** 2).sum()
    assert errors["completed"] < 0.1
    assert errors["completed"] < 0.2 * min(errors["nothing"], errors["window"])


def test_moments_complete_as_the_library_does(materials):
    X, y = sides(materials)
    by_spectra = fitted(("completed",), X[:10], y[:10], y[150:250])
    by_moments = fitted(("completed",), X[:10], y[:10], LibraryMoments.of(y[150:250]))
    assert by_spectra.shares_["completed"] > 0.5
    assert_allclose(by_moments.predict(X), by_spectra.predict(X), rtol=1e-9)


def test_a_library_of_other_materials_does_no_harm(materials):
    X, y = sides(materials)
    strange = np.random.default_rng(0).permuted(y[150:250], axis=1)
    some = ("nothing", "window")
    alone = fitted(some, X[:12], y[:12], None).predict(X[250:])
    misled = fitted((*some, "completed"), X[:12], y[:12], strange).predict(X[250:])
    error = relative_squared_error(y[250:], misled)
    assert error < 1.1 * relative_squared_error(y[250:], alone)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_few_standards_give_finite_spectra(n, materials):
    X, y = sides(materials)
    transfer = fitted(("completed",), X[:n], y[:n], y[150:250])
    assert np.isfinite(transfer.predict(X)).all()
    assert ("completed" in transfer.shares_) == (n > 2)


def test_standards_that_are_all_the_same_give_finite_spectra(materials):
    X, y = sides(materials)
    same = np.zeros(5, dtype=int)
    transfer = fitted(("completed",), X[same], y[same], y[150:250])
    assert np.isfinite(transfer.predict(X)).all()
