import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.spectra._raster import (
    RASTERS,
    check_layout,
    mask_of_shots,
    region_order,
    region_places,
    shot_order,
    shot_positions,
)

AUTHORS_NAMES = {
    "row": "HORIZONTAL",
    "column": "VERTICAL",
    "row-snake": "HORIZONTAL_SNAKE",
    "column-snake": "VERTICAL_SNAKE",
}


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (1, 5)])
@pytest.mark.parametrize("raster", RASTERS)
def test_maps_are_laid_out_as_the_authors_lay_them_out(reference, raster, shape):
    oracle = reference("metrics.npz")
    name = f"reshape__{AUTHORS_NAMES[raster]}__{shape[0]}x{shape[1]}"
    assert_array_equal(shot_order(shape, raster), oracle[name])


@pytest.mark.parametrize("raster", RASTERS)
def test_positions_follow_the_stage_step_by_step(raster):
    n_rows, n_columns = 4, 3
    places = []
    outer, inner = (
        (n_rows, n_columns) if raster.startswith("row") else (n_columns, n_rows)
    )
    for i in range(outer):
        forth = range(inner)
        for j in reversed(forth) if raster.endswith("snake") and i % 2 else forth:
            places.append((i, j) if raster.startswith("row") else (j, i))
    assert_array_equal(shot_positions((n_rows, n_columns), raster), places)


@pytest.mark.parametrize("raster", ["row-snake", "column-snake"])
def test_a_snake_never_jumps(raster):
    steps = np.abs(np.diff(shot_positions((5, 6), raster), axis=0))
    assert set(steps.sum(axis=1)) == {1}


@pytest.mark.parametrize("raster", RASTERS)
@pytest.mark.parametrize("rows", [slice(0, 4), slice(1, 3), slice(None, None, 2), 2])
@pytest.mark.parametrize("columns", [slice(None), slice(2, 5), slice(None, None, -1)])
def test_a_regions_order_puts_every_shot_where_it_was_taken(raster, rows, columns):
    whole = shot_order((6, 5), raster)
    places, _ = region_places((6, 5), raster, rows, columns)
    assert_array_equal(places.ravel(), whole[rows, columns].ravel())
    own, shots = region_order(places, raster)
    numbers = np.arange(30)[shots]
    assert_array_equal(numbers[shot_order(places.shape, own)], places)


def test_whole_rows_keep_their_snake_and_are_one_run():
    places, _ = region_places((6, 5), "row-snake", slice(2, 5), slice(None))
    assert region_order(places, "row-snake") == ("row-snake", slice(10, 25))


def test_a_snake_that_starts_backwards_is_laid_out_row_by_row():
    places, _ = region_places((6, 5), "row-snake", slice(1, 3), slice(None))
    raster, shots = region_order(places, "row-snake")
    assert raster == "row"
    assert_array_equal(shots, [9, 8, 7, 6, 5, 10, 11, 12, 13, 14])


def test_the_last_row_can_be_asked_for_by_minus_one():
    places, strides = region_places((3, 4), "row", -1, slice(None, None, 3))
    assert_array_equal(places, [[8, 11]])
    assert strides == (1, 3)


def test_a_mask_laid_out_as_the_map_is_brought_to_the_order_of_measurement():
    mask = np.zeros((2, 3), dtype=bool)
    mask[1, 2] = True
    assert_array_equal(mask_of_shots(mask, (2, 3), "row-snake"), [0, 0, 0, 1, 0, 0])


@pytest.mark.parametrize(
    ("mask", "found"), [(np.ones((3, 2), bool), r"\(3, 2\)"), (np.ones(6), "float64")]
)
def test_a_mask_of_another_shape_or_kind_is_refused(mask, found):
    with pytest.raises(ValueError, match=rf"A mask must be of bool.*{found}"):
        mask_of_shots(mask, (2, 3), "row")


def test_a_layout_that_does_not_fit_says_how_many_shots_there_are():
    with pytest.raises(ValueError, match="2 rows of 3 shots are 6, and there are 7"):
        check_layout((2, 3), "row", 7)
    with pytest.raises(ValueError, match="raster must be one of row, column"):
        check_layout((2, 3), "snake", 6)


def test_an_empty_region_is_refused():
    with pytest.raises(ValueError, match="at least one shot"):
        region_places((3, 4), "row", slice(2, 2), slice(None))
