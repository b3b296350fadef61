import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from spectransfer import StandardScaler, VAELatentTransfer, make_transfer_pipeline
from spectransfer.plotting._coordinates import latents_of, project


@pytest.fixture
def latents(rng):
    return rng.normal(size=(500, 4)) * [1.0, 5.0, 0.1, 3.0] + [0, 9, 9, 9]


def test_the_latents_of_largest_variance_are_chosen(latents):
    points, names = project(latents, "variance")
    assert_array_equal(points, latents[:, [1, 3]])
    shares = latents.var(axis=0) / latents.var(axis=0).sum()
    assert names == (
        f"latent 1 ({100 * shares[1]:.0f} % of variance)",
        f"latent 3 ({100 * shares[3]:.0f} % of variance)",
    )


def test_principal_components_are_those_of_the_covariance(latents):
    points, names = project(latents, "pca")
    values, vectors = np.linalg.eigh(np.cov(latents, rowvar=False))
    expected = (latents - latents.mean(axis=0)) @ vectors[:, [-1, -2]]
    assert_allclose(np.abs(points), np.abs(expected), atol=1e-9)
    share = 100 * values[-1] / values.sum()
    assert names[0] == f"principal component 1 ({share:.0f} % of variance)"


def test_two_latents_can_be_chosen_by_number(latents):
    assert_array_equal(project(latents, (2, 0))[0], latents[:, [2, 0]])


@pytest.mark.parametrize("components", ["mean", (0, 4), (0,), (-1, 0), (0.5, 1)])
def test_components_that_are_none_are_refused(latents, components):
    with pytest.raises(ValueError, match='components must be "variance", "pca"'):
        project(latents, components)


def test_a_single_latent_is_refused(latents):
    with pytest.raises(ValueError, match="at least two latents"):
        project(latents[:, :1], "variance")


@pytest.fixture(scope="module")
def linear(pair):
    """A whole pipeline whose autoencoder is a PCA."""
    return make_transfer_pipeline(VAELatentTransfer(PCA(3), Ridge())).fit(
        pair.X_secondary, pair.X_primary
    )


def by_hand(linear, spectra):
    regressor = linear[-1]
    prepared = regressor.transformer_.transform(spectra)
    return regressor.regressor_.autoencoder_.transform(prepared)


def test_a_whole_pipeline_encodes_primary_spectra_as_it_learned_them(linear, pair):
    found = latents_of(linear, pair.X_primary)
    assert_array_equal(found, by_hand(linear, pair.X_primary))
    assert found.shape == (60, 3)


def test_a_search_encodes_with_its_best_estimator(linear, pair):
    search = GridSearchCV(linear, {"transfer__regressor__mapper__alpha": [1.0]}, cv=2)
    search.fit(pair.X_secondary, pair.X_primary)
    found = latents_of(search, pair.X_primary)
    assert_array_equal(found, by_hand(search.best_estimator_, pair.X_primary))


def test_a_pipeline_of_transformers_encodes_step_by_step(pair):
    pipeline = make_pipeline(StandardScaler(), PCA(3)).fit(pair.X_primary)
    found = latents_of(pipeline, pair.X_primary)
    assert_array_equal(found, pipeline.transform(pair.X_primary))


def test_a_frozen_search_inside_a_pipeline_encodes_with_its_best_estimator(pair):
    search = GridSearchCV(
        VAELatentTransfer(PCA(3), Ridge()), {"mapper__alpha": [1e3]}, cv=2
    )
    pipeline = make_pipeline(StandardScaler(), FrozenEstimator(search))
    search.fit(pair.X_secondary, pair.X_primary)
    pipeline.fit(pair.X_secondary, pair.X_primary)
    found = latents_of(FrozenEstimator(pipeline), pair.X_primary)
    expected = search.best_estimator_.autoencoder_.transform(pair.X_primary)
    assert_array_equal(found, expected)


def test_an_estimator_without_latents_is_refused(pair):
    with pytest.raises(TypeError, match="Ridge is neither"):
        latents_of(Ridge(1e3).fit(pair.X_secondary, pair.X_primary), pair.X_primary)
