import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA

from spectransfer.plotting import LatentDisplay
from spectransfer.plotting._figure import area_colors


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
