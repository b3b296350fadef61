import numpy as np
import pytest
from matplotlib.colors import LogNorm, to_hex
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from spectransfer import make_transfer_pipeline
from spectransfer.plotting import MapDisplay
from spectransfer.plotting._figure import MISSING


def test_the_image_shows_every_shot_at_its_place(maps, laid_out):
    values = np.arange(60.0)
    display = MapDisplay.from_values(maps, values, name="number", unit="shots")
    assert_array_equal(display.image_.get_array(), laid_out(values, (5, 12)))
    assert display.image_.origin == "upper"
    assert display.colorbar_.ax.get_ylabel() == "number (shots)"


def test_axes_are_in_millimetres_with_the_true_aspect(maps):
    display = MapDisplay.from_maps(maps)
    ax = display.ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x (mm)", "y (mm)")
    assert display.image_.get_extent() == pytest.approx([-0.01, 0.23, 0.18, -0.02])
    assert ax.get_aspect() == 1.0
    bottom, top = ax.get_ylim()
    assert bottom > top


def test_axes_count_shots_where_the_step_is_not_known(unplaced):
    display = MapDisplay.from_maps(unplaced)
    assert display.ax_.get_xlabel() == "x (shots)"
    assert display.image_.get_extent() == [-0.5, 11.5, 4.5, -0.5]


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_emissivity_is_the_sum_of_every_spectrum(maps, laid_out, side):
    display = MapDisplay.from_maps(maps, side)
    expected = laid_out(getattr(maps, f"X_{side}").sum(axis=1, dtype=float), (5, 12))
    assert_allclose(display.image, expected, rtol=1e-12)
    assert display.colorbar_.ax.get_ylabel() == "total emissivity (counts)"


def test_a_band_is_named_at_the_colour_bar(maps):
    display = MapDisplay.from_maps(maps, band=(300.0, 310.0))
    assert display.colorbar_.ax.get_ylabel() == "emissivity, 300 to 310 nm (counts)"


def test_colours_end_at_the_quantiles(maps, rng):
    values = rng.normal(size=60)
    display = MapDisplay.from_values(maps, values, quantiles=(0.1, 0.75))
    expected = (np.quantile(values, 0.1), np.quantile(values, 0.75))
    assert display.image_.get_clim() == pytest.approx(expected)
    assert display.limits == pytest.approx(expected)


@pytest.mark.parametrize(
    ("quantiles", "tips"),
    [((0, 1), "neither"), ((0.1, 1), "min"), ((0, 0.9), "max"), ((0.1, 0.9), "both")],
)
def test_the_colour_bar_has_a_tip_where_figures_share_a_colour(maps, quantiles, tips):
    display = MapDisplay.from_values(maps, np.arange(60.0), quantiles=quantiles)
    assert display.colorbar_.extend == tips


def test_outliers_have_the_colour_of_the_quantile(maps):
    values = np.arange(60.0)
    values[-1] = 1e9
    display = MapDisplay.from_values(maps, values, quantiles=(0, 0.5))
    rgba = display.image_.cmap(display.image_.norm(np.array([1e9, display.limits[1]])))
    assert_array_equal(rgba[0], rgba[1])


def test_two_maps_share_colours_by_the_limits_of_one(maps, predicted):
    first = MapDisplay.from_maps(maps, quantiles=(0, 1))
    low, high = first.limits
    second = MapDisplay.from_maps(maps, predicted, vmin=low, vmax=high)
    assert second.image_.get_clim() == first.image_.get_clim()
    # the predicted spectra are a tenth darker
    assert second.colorbar_.extend == "min"


def test_shots_without_a_figure_are_grey(maps):
    values = np.arange(60.0)
    values[0] = np.nan
    display = MapDisplay.from_values(maps, values)
    assert to_hex(display.image_.cmap.get_bad()).upper() == MISSING
    assert display.limits == pytest.approx(tuple(np.quantile(values[1:], (0.01, 0.99))))


def test_colour_maps_are_of_even_lightness_and_can_be_chosen(maps):
    assert MapDisplay.from_maps(maps).image_.cmap.name == "cividis"
    assert MapDisplay.from_maps(maps, cmap="viridis").image_.cmap.name == "viridis"


def test_a_norm_takes_the_place_of_the_limits(maps):
    display = MapDisplay.from_maps(maps, norm=LogNorm(1e5, 1e6))
    display.figure_.canvas.draw()
    assert display.image_.get_clim() == (1e5, 1e6)


def test_large_figures_are_written_with_a_power_of_ten(maps):
    display = MapDisplay.from_values(maps, np.linspace(1e6, 2e6, 60))
    display.figure_.canvas.draw()
    assert "10^{6}" in display.colorbar_.formatter.get_offset()


def test_without_a_colour_bar_the_figure_has_the_map_alone(maps):
    display = MapDisplay.from_maps(maps, colorbar=False)
    assert display.colorbar_ is None
    assert display.figure_.axes == [display.ax_]


def test_spots_are_marked_at_their_rows_and_columns(maps):
    display = MapDisplay.from_maps(maps, spots=[(0, 0), (3, 11)])
    places = [(spot.get_xdata()[0], spot.get_ydata()[0]) for spot in display.spots_]
    assert places == [pytest.approx((0.0, 0.0)), pytest.approx((0.22, 0.12))]
    assert display.spots_[0].get_color() != display.spots_[1].get_color()


@pytest.mark.parametrize(
    ("metric", "label"),
    [
        ("euclidean", "Euclidean distance (counts)"),
        ("cosine", "cosine distance"),
        ("rmse", "root-mean-square error (counts)"),
    ],
)
def test_errors_are_drawn_with_their_unit(maps, predicted, laid_out, metric, label):
    display = MapDisplay.from_predictions(
        maps, maps.X_primary, predicted, metric=metric
    )
    assert display.colorbar_.ax.get_ylabel() == label
    if metric == "euclidean":
        distances = np.sqrt(((maps.X_primary - predicted) ** 2).sum(axis=1))
        assert_allclose(display.image, laid_out(distances, (5, 12)), rtol=1e-12)


def test_an_estimator_is_judged_in_the_space_of_its_predictions(maps, laid_out):
    transfer = make_transfer_pipeline(Ridge()).fit(maps.X_secondary, maps.X_primary)
    display = MapDisplay.from_estimator(transfer, maps, metric="rmse")
    measured = transfer[-1].transform_target(maps.X_primary).astype(float)
    error = measured - transfer.predict(maps.X_secondary)
    expected = laid_out(np.sqrt((error**2).mean(axis=1)), (5, 12))
    assert_allclose(display.image, expected, rtol=1e-9)


def test_values_that_do_not_pair_with_the_shots_are_refused(maps):
    with pytest.raises(ValueError, match="one entry for each"):
        MapDisplay.from_values(maps, np.arange(59.0))
