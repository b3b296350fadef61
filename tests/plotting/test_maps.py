import numpy as np
import pytest
from matplotlib.colors import LogNorm, to_hex
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from spectransfer import make_transfer_pipeline
from spectransfer.exceptions import WavelengthError
from spectransfer.plotting import MapDisplay
from spectransfer.plotting._figure import MISSING
from spectransfer.plotting._maps import clipping_limits, shot_distances, shot_sums


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


def test_limits_are_the_quantiles_of_what_is_known():
    values = np.append(np.arange(101.0), np.nan)
    assert clipping_limits(values, (0.05, 0.9)) == (5.0, 90.0)
    assert clipping_limits(values, (0, 1)) == (0.0, 100.0)


@pytest.mark.parametrize(
    "quantiles", [(0.9, 0.1), (-0.1, 1), (0, 1.5), (0.5, 0.5), (0.1,)]
)
def test_quantiles_that_are_none_are_refused(quantiles):
    with pytest.raises(ValueError, match="quantiles must be two increasing"):
        clipping_limits(np.arange(3.0), quantiles)


def test_a_map_of_nothing_is_refused():
    with pytest.raises(ValueError, match="every shot of this one is NaN"):
        clipping_limits(np.full(3, np.nan), (0.01, 0.99))


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_sums_are_taken_over_all_channels_of_an_instrument(maps, side):
    expected = getattr(maps, f"X_{side}").astype(float).sum(axis=1)
    assert_allclose(shot_sums(maps, side, None, None), expected, rtol=1e-12)


def test_a_band_includes_both_of_its_ends(maps):
    axis = maps.wavelengths_primary
    low, high = axis[10], axis[20]
    expected = maps.X_primary[:, 10:21].sum(axis=1, dtype=float)
    assert_allclose(shot_sums(maps, "primary", (low, high), None), expected, rtol=1e-12)


def test_predicted_spectra_are_summed_on_the_primary_axis(maps, predicted):
    axis = maps.wavelengths_primary
    found = shot_sums(maps, predicted, (axis[3], axis[5]), None)
    assert_allclose(found, predicted[:, 3:6].sum(axis=1), rtol=1e-12)


def test_other_spectra_may_have_an_axis_of_their_own(maps, predicted):
    axis = np.arange(20.0)
    found = shot_sums(maps, predicted[:, :20], (2.0, 4.0), axis)
    assert_allclose(found, predicted[:, 2:5].sum(axis=1), rtol=1e-12)


def test_a_band_beside_the_axis_is_refused(maps):
    with pytest.raises(WavelengthError, match="A band must hold"):
        shot_sums(maps, "primary", (1.0, 2.0), None)


def literal(metric, a, b):
    if metric == "euclidean":
        return np.linalg.norm(a - b)
    if metric == "rmse":
        return np.sqrt(np.mean((a - b) ** 2))
    return 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.mark.parametrize("metric", ["euclidean", "rmse", "cosine"])
def test_distances_are_those_of_their_formulas(maps, predicted, metric):
    found, _, in_counts = shot_distances(maps.X_primary, predicted, metric)
    expected = [
        literal(metric, *both)
        for both in zip(maps.X_primary.astype(float), predicted, strict=True)
    ]
    # 1 - cos of nearly equal spectra loses digits in the literal formula
    assert_allclose(found, expected, rtol=1e-9, atol=1e-14)
    assert in_counts == (metric != "cosine")


def test_an_unknown_metric_is_refused():
    with pytest.raises(
        ValueError, match="metric must be one of euclidean, cosine, rmse"
    ):
        shot_distances([[1.0]], [[1.0]], "manhattan")


def test_a_perfect_transfer_has_no_distance(maps):
    assert_array_equal(shot_distances(maps.X_primary, maps.X_primary, "rmse")[0], 0)
