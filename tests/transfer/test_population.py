"""A library's moments teach what its spectra would have taught."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from spectransfer import FewStandardsTransfer, VAELatentTransfer, make_transfer_pipeline
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import standards_curve
from spectransfer.exceptions import WavelengthError
from spectransfer.transfer import LibraryMoments
from spectransfer.transfer._coverage import stood_for


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(
        n_spectra=300, n_secondary=60, n_primary=70, dtype="float64", random_state=0
    )


@pytest.fixture(scope="module")
def latents(pair):
    return PCA(7).fit_transform(pair.X_primary) + 3.0


def literal(library, *, points=True):
    """Give moments as a laboratory would from numpy alone."""
    factor = np.linalg.cholesky(np.cov(library.T, bias=True)).T
    drawn = (library - library.mean(axis=0)) @ np.linalg.inv(factor)
    return LibraryMoments(
        library.mean(axis=0), factor, len(library), drawn if points else None
    )


def fitted(pair, y, y_unpaired, transfer=None):
    return clone(transfer or FewStandardsTransfer()).fit(
        pair.X_secondary[:15],
        y[:15],
        X_unpaired=pair.X_secondary[15:150],
        y_unpaired=y_unpaired,
    )


def test_moments_by_a_cholesky_factor_teach_what_the_library_teaches(pair, latents):
    by_spectra = fitted(pair, latents, latents[150:250])
    by_moments = fitted(pair, latents, literal(latents[150:250]))
    assert by_spectra.shares_["rotation"] > 0.1
    new = pair.X_secondary[250:]
    assert_allclose(by_moments.predict(new), by_spectra.predict(new), rtol=1e-7)


def test_moments_of_spectra_are_whitened_and_drawn_evenly(rng):
    spectra = rng.normal(size=(1000, 5)) * np.arange(1, 6)
    moments = LibraryMoments.of(spectra, n_components=3, n_points=300)
    assert moments.points.shape == (300, 3)
    assert moments.n_spectra == 1000
    every = LibraryMoments.of(spectra, n_points=1000)
    assert_allclose(np.cov(every.points.T, bias=True), np.eye(5), atol=1e-8)
    assert_allclose(every.factor.T @ every.factor, np.cov(spectra.T, bias=True))
    assert_allclose(every.mean + every.points @ every.factor, spectra)


def test_without_points_the_standards_alone_tell_the_rotation(pair, latents):
    some = latents[150:250]
    without = fitted(pair, latents, literal(some, points=False))
    again = fitted(pair, latents, LibraryMoments.of(some, n_points=0))
    new = pair.X_secondary[250:]
    assert_allclose(without.predict(new), again.predict(new), rtol=1e-7)
    assert not np.allclose(
        without.predict(new), fitted(pair, latents, literal(some)).predict(new)
    )


def test_moments_of_few_spectra_have_few_components(pair, latents):
    moments = literal(latents[150:250])
    told = [
        fitted(pair, latents, LibraryMoments(moments.mean, moments.factor, n)).report_
        for n in (100, 20)
    ]
    assert told[0] != told[1]


def test_moments_reach_the_regressor_past_the_primary_side(pair):
    pipeline = make_transfer_pipeline(
        FewStandardsTransfer(), secondary=StandardScaler(), primary=StandardScaler()
    )
    y, library = pair.X_primary, pair.X_primary[150:250]
    by_spectra = fitted(pair, y, library, pipeline)
    prepared = StandardScaler().fit(y[:15]).transform(library)
    by_moments = fitted(pair, y, LibraryMoments.of(prepared), pipeline)
    new = pair.X_secondary[250:]
    assert_allclose(by_moments.predict(new), by_spectra.predict(new), rtol=1e-7)


def test_moments_of_latents_join_a_frozen_library(pair):
    y, library = pair.X_primary, pair.X_primary[150:250]
    autoencoder = FrozenEstimator(PCA(6).fit(library))
    join = VAELatentTransfer(autoencoder, FewStandardsTransfer())
    by_spectra = fitted(pair, y, library, join)
    told = LibraryMoments.of(autoencoder.transform(library))
    by_moments = fitted(pair, y, told, join)
    new = pair.X_secondary[250:]
    assert_allclose(by_moments.predict(new), by_spectra.predict(new), rtol=1e-7)


def test_moments_of_latents_need_a_latent_space_that_is_there(pair):
    told = LibraryMoments.of(pair.X_primary)
    with pytest.raises(TypeError, match=r"(?s)moments of latents.*PCA, has none yet"):
        fitted(pair, pair.X_primary, told, VAELatentTransfer(PCA(6), Ridge()))


def test_a_curve_of_standards_takes_moments(pair):
    transfers = {"few": FewStandardsTransfer()}
    library = pair.X_primary[150:]
    by_spectra, by_moments = (
        standards_curve(transfers, pair[:150], [6, 9], library=told, n_draws=2)
        for told in (library, LibraryMoments.of(library))
    )
    assert_allclose(by_moments.medians()["few"], by_spectra.medians()["few"])


def test_moments_of_other_channels_are_refused(pair):
    with pytest.raises(ValueError, match=r"y_unpaired must .* has 60 and y has 70"):
        fitted(pair, pair.X_primary, LibraryMoments.of(pair.X_secondary))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"factor": np.eye(3)}, r"n_channels\), but they have \(4,\) and \(3, 3\)"),
        ({"points": np.ones((9, 3))}, r"in the 4 rows of factor, but .*\(9, 3\)"),
        ({"mean": np.full(4, np.nan)}, "finite numbers, but mean, factor or points"),
        ({"n_spectra": 0}, "n_spectra must be .* it is 0"),
    ],
)
def test_what_are_no_moments_is_refused(change, said):
    good = {"mean": np.zeros(4), "factor": np.eye(4), "n_spectra": 9, "points": None}
    with pytest.raises(ValueError, match=said):
        LibraryMoments(**(good | change))


def test_a_library_of_one_spectrum_over_and_over_leaves_the_rotation_out(pair):
    alike = np.tile(pair.X_primary[:1], (30, 1))
    assert "rotation" not in fitted(pair, pair.X_primary, alike).shares_


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n_points": -1}, "n_points"),
        ({"n_components": 0}, "n_components"),
        ({"spectra": np.ones(5)}, "2D"),
        ({"spectra": np.ones((0, 5))}, r"0 sample\(s\)"),
        ({"spectra": np.full((4, 5), np.nan)}, "spectra contains NaN"),
    ],
)
def test_moments_of_what_is_no_table_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        LibraryMoments.of(**({"spectra": np.eye(4)} | given))


@pytest.mark.parametrize("n_spectra", [0, 2.5, np.nan])
def test_a_number_of_spectra_is_whole(n_spectra):
    with pytest.raises(ValueError, match="n_spectra must be"):
        LibraryMoments(np.zeros(3), np.eye(3), n_spectra)


def test_a_layer_of_a_map_counts_by_its_share():
    # 250 points of 100 columns: at a fixed step they would lie in five columns
    rng = np.random.default_rng(0)
    layer = np.abs(np.tile(np.arange(100), 100) - 50) < 10
    shares = np.where(
        layer[:, None],
        rng.dirichlet([1, 1, 9, 9], 10_000),
        rng.dirichlet([9, 9, 0.5, 0.5], 10_000),
    )
    spectra = shares @ np.abs(rng.normal(size=(4, 30)))
    inside, outside = np.flatnonzero(layer)[::500], np.flatnonzero(~layer)[::1000]
    standards = spectra[np.r_[inside, outside]]
    counts = stood_for(standards, LibraryMoments.of(spectra, n_points=250))
    share = counts[: len(inside)].sum() / len(standards)
    assert share == pytest.approx(layer.mean(), abs=0.06)


@pytest.mark.parametrize("side", ["X_unpaired", "y_unpaired"])
def test_frames_on_another_axis_than_the_one_that_was_passed_are_refused(side, pair):
    pd = pytest.importorskip("pandas")
    axes = {
        "X_unpaired": pair.wavelengths_secondary,
        "y_unpaired": pair.wavelengths_primary,
    }
    spectra = {
        "X_unpaired": pair.X_secondary[12:150],
        "y_unpaired": pair.X_primary[150:],
    }

    def framed(shift):
        columns = [f"{w + shift:.3f}" for w in axes[side]]
        return spectra | {side: pd.DataFrame(spectra[side], columns=columns)}

    few = FewStandardsTransfer(
        wavelengths_secondary=axes["X_unpaired"], wavelengths_primary=axes["y_unpaired"]
    )
    known = pair.X_secondary[:12], pair.X_primary[:12]
    few.fit(*known, **framed(0.0))
    with pytest.raises(WavelengthError, match="columns of its data frame"):
        few.fit(*known, **framed(3.0))
