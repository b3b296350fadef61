import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba
from numpy.testing import assert_array_equal
from sklearn.cluster import KMeans
from sklearn.linear_model import Ridge

from spectransfer import make_transfer_pipeline
from spectransfer.metrics import k_score
from spectransfer.plotting import ClusterMapDisplay
from spectransfer.plotting._figure import AREAS

LABELS = np.array([["quartz", "albite"], ["beryl", "quartz"], ["quartz", "albite"]])
OTHERS = np.array([["quartz", "beryl"], ["beryl", "quartz"], ["albite", "albite"]])


def test_codes_lead_back_to_the_labels():
    display = ClusterMapDisplay(LABELS)
    assert_array_equal(display.classes[display.codes], LABELS)


def test_disagreements_are_marked_and_agreements_are_not():
    display = ClusterMapDisplay(LABELS, OTHERS).plot()
    marked = ~np.ma.getmaskarray(display.differences_.get_array())
    assert_array_equal(marked, LABELS != OTHERS)
    assert display.agreement == pytest.approx(4 / 6)


def test_marks_are_black_over_the_colours_of_the_labels():
    display = ClusterMapDisplay(LABELS, OTHERS).plot()
    assert display.differences_.cmap(1.0) == to_rgba("black")
    assert display.differences_.zorder >= display.image_.zorder
    shown = display.image_.cmap(display.image_.norm(np.arange(3)))
    assert [to_hex(color).upper() for color in shown] == list(AREAS[:3])


def test_full_agreement_leaves_every_label_in_its_colour():
    display = ClusterMapDisplay(LABELS, LABELS).plot()
    display.figure_.canvas.draw()
    assert np.ma.getmaskarray(display.differences_.get_array()).all()
    assert display.agreement == 1.0


def test_without_a_second_labelling_nothing_is_marked():
    display = ClusterMapDisplay(LABELS).plot()
    assert display.differences_ is None
    assert display.agreement is None


def test_the_legend_names_labels_shares_and_disagreements():
    display = ClusterMapDisplay(LABELS, OTHERS).plot()
    assert [text.get_text() for text in display.legend_.get_texts()] == [
        "albite (33.3 %)",
        "beryl (16.7 %)",
        "quartz (50.0 %)",
        "differs (33.3 %)",
    ]
    assert ClusterMapDisplay(LABELS).plot(legend=False).legend_ is None


@pytest.mark.parametrize("n", [1, 4, 20])
def test_every_label_has_a_colour_of_its_own(n):
    display = ClusterMapDisplay(np.arange(n).reshape(1, n)).plot()
    shown = display.image_.cmap(display.image_.norm(display.codes[0]))
    assert len(np.unique(shown, axis=0)) == n


def test_labels_are_laid_out_as_the_map(maps, laid_out, rng):
    labels, others = rng.integers(3, size=(2, 60))
    display = ClusterMapDisplay.from_maps(maps, labels, others)
    assert_array_equal(display.image_.get_array(), laid_out(labels, (5, 12)))
    assert_array_equal(display.differs, laid_out(labels != others, (5, 12)))
    assert display.ax_.get_xlabel() == "x (mm)"
    assert display.ax_.get_aspect() == 1.0


def test_agreement_is_the_k_score(maps):
    others = maps.X_primary[::-1]
    kmeans = KMeans(4, n_init=3, random_state=0).fit(maps.X_primary)
    display = ClusterMapDisplay.from_predictions(
        maps, maps.X_primary, others, kmeans=kmeans
    )
    expected = k_score(maps.X_primary, others, kmeans=kmeans)
    assert 0 < expected < 1
    assert display.agreement == pytest.approx(expected, rel=1e-12)


def test_an_estimator_is_clustered_in_the_space_of_its_predictions(maps):
    transfer = make_transfer_pipeline(Ridge()).fit(maps.X_secondary, maps.X_primary)
    measured = transfer[-1].transform_target(maps.X_primary)
    kmeans = KMeans(3, n_init=3, random_state=0).fit(measured)
    display = ClusterMapDisplay.from_estimator(transfer, maps, kmeans=kmeans)
    assert_array_equal(display.codes, maps.image(kmeans.predict(measured)))
    predicted = kmeans.predict(transfer.predict(maps.X_secondary))
    assert_array_equal(
        display.differs, maps.image(kmeans.predict(measured) != predicted)
    )


def test_labels_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="must be laid out as labels"):
        ClusterMapDisplay(LABELS, OTHERS[:2])
