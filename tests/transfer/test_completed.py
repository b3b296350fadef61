"""What the other instrument does not see comes from the library, not from standards."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.ndimage import gaussian_filter1d

from spectransfer import FewStandardsTransfer
from spectransfer.exceptions import SpectransferWarning
from spectransfer.metrics import relative_squared_error
from spectransfer.preprocessing import BaselineCorrector
from spectransfer.simulation import Rock, make_libs_maps
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


@pytest.mark.slow
def test_a_library_of_another_rock_is_trusted_as_far_as_it_goes():
    maps = make_libs_maps(
        (24, 24), (24, 24), None, spectrometers="light", random_state=641
    )
    other = make_libs_maps(
        (24, 24),
        None,
        None,
        spectrometers="light",
        rock=Rock((0.0, 0.5, 0.5, 0.0, 0.0, 0.0)),
        random_state=0,
    )
    X, y, X_new, y_new, library = (
        BaselineCorrector().fit_transform(spectra)
        for spectra in (
            maps.train.X_secondary,
            maps.train.X_primary,
            maps.validation.X_secondary,
            maps.validation.X_primary,
            other.train.X_primary,
        )
    )
    axes = {
        "wavelengths_secondary": maps.train.wavelengths_secondary,
        "wavelengths_primary": maps.train.wavelengths_primary,
    }
    rng, errors = np.random.default_rng(0), []
    for _ in range(8):
        rows = rng.choice(len(X), 5, replace=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SpectransferWarning)
            found = [
                FewStandardsTransfer(**axes).fit(X[rows], y[rows], **beside)
                for beside in ({}, {"y_unpaired": library})
            ]
        errors.append(
            [relative_squared_error(y_new, one.predict(X_new)) for one in found]
        )
    alone, misled = np.median(errors, axis=0)
    assert misled < 1.6 * alone
    assert np.max(errors) < 1.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda y: np.roll(y, 9, axis=1), "varies in no spectrum of it"),
        (lambda y: y / 1000.0, "times less than they do"),
        (lambda y: 1000.0 * y, "times more than they do"),
    ],
    ids=["another axis", "smaller units", "larger units"],
)
def test_a_library_that_is_not_like_the_standards_is_told_of(change, said, materials):
    X, y = sides(materials)
    with pytest.warns(SpectransferWarning, match=said):
        fitted(("nothing", "completed"), X[:12], y[:12], change(y[150:250]))


def test_a_library_of_the_same_material_is_taken_without_a_word(materials):
    X, y = sides(materials)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SpectransferWarning)
        fitted(("nothing", "completed"), X[:12], y[:12], y[150:250])


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
