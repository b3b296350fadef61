import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from spectransfer import StandardScaler, VAELatentTransfer, make_transfer_pipeline
from spectransfer.plotting import LatentDisplay
from spectransfer.plotting._figure import area_colors
from spectransfer.plotting._latent import latents_of, project


@pytest.fixture
def latents(rng):
    return rng.normal(size=(50, 3)) * [1.0, 2.0, 3.0]


def test_points_stand_where_their_latents_are(latents):
    display = LatentDisplay.from_latents(latents)
    assert_array_equal(display.scatter_.get_offsets(), latents[:, [2, 1]])
    assert display.ax_.get_xlabel().startswith("latent 2 (")
    assert display.legend_ is None
    assert display.colorbar_ is None


def test_figures_become_colours_with_a_bar(latents, rng):
    values = rng.normal(size=50)
    display = LatentDisplay.from_latents(
        latents, values=values, name="temperature", unit="K"
    )
    assert_array_equal(display.scatter_.get_array(), values)
    assert display.colorbar_.ax.get_ylabel() == "temperature (K)"
    assert display.legend_ is None


@pytest.mark.parametrize("kind", [str, int])
def test_labels_become_colours_with_a_legend(latents, kind):
    values = np.array([kind(i % 3) for i in range(50)])
    display = LatentDisplay.from_latents(latents, values=values, name="mineral")
    assert [text.get_text() for text in display.legend_.get_texts()] == ["0", "1", "2"]
    assert display.legend_.get_title().get_text() == "mineral"
    shown = display.scatter_.get_facecolors()[:, :3]
    expected = LatentDisplay([[0, 0]] * 3, values=[0, 1, 2]).plot().scatter_
    assert_allclose(shown[:3], expected.get_facecolors()[:, :3])
    assert len(np.unique(shown, axis=0)) == len(area_colors(3))


def test_a_subsample_keeps_points_and_values_together(latents):
    values = latents[:, 2].copy()
    display = LatentDisplay.from_latents(
        latents, values=values, subsample=10, random_state=0
    )
    points = display.scatter_.get_offsets()
    assert len(points) == 10
    assert_array_equal(points[:, 0], display.scatter_.get_array())
    again = LatentDisplay.from_latents(latents, subsample=10, random_state=0)
    assert_array_equal(again.points, points)


def test_all_points_are_drawn_where_there_are_fewer_than_the_subsample(latents):
    assert len(LatentDisplay.from_latents(latents, subsample=51).points) == 50
    assert len(LatentDisplay.from_latents(latents, subsample=None).points) == 50


def test_an_estimator_encodes_the_spectra(pair):
    linear = PCA(4).fit(pair.X_primary)
    display = LatentDisplay.from_estimator(linear, pair.X_primary, components=(0, 3))
    assert_allclose(display.points, linear.transform(pair.X_primary)[:, [0, 3]])


def test_values_that_do_not_pair_are_refused(latents):
    with pytest.raises(ValueError, match="one entry for each point"):
        LatentDisplay.from_latents(latents, values=[1.0, 2.0])


@pytest.fixture
def many(rng):
    return rng.normal(size=(500, 4)) * [1.0, 5.0, 0.1, 3.0] + [0, 9, 9, 9]


def test_the_latents_of_largest_variance_are_chosen(many):
    points, names = project(many, "variance")
    assert_array_equal(points, many[:, [1, 3]])
    shares = many.var(axis=0) / many.var(axis=0).sum()
    assert names == (
        f"latent 1 ({100 * shares[1]:.0f} % of variance)",
        f"latent 3 ({100 * shares[3]:.0f} % of variance)",
    )


def test_principal_components_are_those_of_the_covariance(many):
    points, names = project(many, "pca")
    values, vectors = np.linalg.eigh(np.cov(many, rowvar=False))
    expected = (many - many.mean(axis=0)) @ vectors[:, [-1, -2]]
    assert_allclose(np.abs(points), np.abs(expected), atol=1e-9)
    share = 100 * values[-1] / values.sum()
    assert names[0] == f"principal component 1 ({share:.0f} % of variance)"


def test_two_latents_can_be_chosen_by_number(many):
    assert_array_equal(project(many, (2, 0))[0], many[:, [2, 0]])


@pytest.mark.parametrize("components", ["mean", (0, 4), (0,), (-1, 0), (0.5, 1)])
def test_components_that_are_none_are_refused(many, components):
    with pytest.raises(ValueError, match='components must be "variance", "pca"'):
        project(many, components)


def test_a_single_latent_is_refused(many):
    with pytest.raises(ValueError, match="at least two latents"):
        project(many[:, :1], "variance")


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
