"""What is kept of a transferred map, against the whole of it at once."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge

from spectransfer import make_transfer_pipeline
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import (
    border_shots,
    evaluate_transfers,
    summarize_transfer,
)
from spectransfer.spectra import PairedMaps


@pytest.fixture(scope="module")
def pair():
    made = make_instrument_pair(n_spectra=120, random_state=0)
    # in float64, so that what blocks round differently is far below the tolerances
    return replace(
        made,
        X_secondary=made.X_secondary.astype(np.float64),
        X_primary=made.X_primary.astype(np.float64),
    )


@pytest.fixture(scope="module")
def ridge(pair):
    known = pair[:80]
    return make_transfer_pipeline(Ridge()).fit(known.X_secondary, known.X_primary)


@pytest.mark.parametrize("protocol", ["deployable", "library", "paper"])
@pytest.mark.parametrize("block_size", [None, 7])
def test_summary_equals_that_of_all_predictions_at_once(
    pair, ridge, protocol, block_size
):
    unseen = pair[80:]
    then = 1.2 * unseen.X_primary[::-1]
    unseen = replace(unseen, annotations={"primary_library_day": then})
    told = summarize_transfer(
        ridge, unseen, protocol=protocol, spots=[0, 39], block_size=block_size
    )
    truth = then if protocol == "library" else unseen.X_primary
    measured = ridge[-1].transform_target(truth)
    if protocol == "paper":
        ridge.set_params(scaler__statistics="batch")
        predicted = ridge.predict(unseen.X_secondary, reference=unseen.X_primary)
        ridge.set_params(scaler__statistics="fit")
    else:
        predicted = ridge.predict(unseen.X_secondary)
    error = measured - predicted
    # blocks and the whole are summed in another order
    close = {"rtol": 1e-9, "atol": 1e-9}
    assert_allclose(told.mean_measured, measured.mean(axis=0), **close)
    assert_allclose(told.mean_predicted, predicted.mean(axis=0), **close)
    assert_allclose(told.rmse, np.sqrt((error**2).mean(axis=0)), **close)
    assert_allclose(told.spread, measured.std(axis=0), **close)
    assert_allclose(told.total_measured, measured.sum(axis=1), **close)
    assert_allclose(told.total_predicted, predicted.sum(axis=1), **close)
    assert list(told.spots) == [0, 39]
    assert_allclose(told.spots[39].measured, measured[39], **close)
    assert_allclose(told.spots[39].predicted, predicted[39], **close)


def test_channel_errors_add_up_to_the_error_of_the_table(pair, ridge):
    unseen = pair[80:]
    table = evaluate_transfers({"ridge": ridge}, pair[:80], unseen, n_clusters=2)
    told = summarize_transfer(ridge, unseen, protocol="deployable-batch")
    rse = (told.rmse**2).sum() / (told.spread**2).sum()
    assert_allclose(rse, table["ridge", "deployable-batch"].rse, rtol=1e-9)


def test_a_spot_outside_the_map_is_refused(pair, ridge):
    with pytest.raises(ValueError, match=r"from 0 to 119, but there is 120\. Of a map"):
        summarize_transfer(ridge, pair, spots=[3, 120])


def test_the_librarys_day_has_to_be_known(pair, ridge):
    with pytest.raises(ValueError, match="annotation 'primary_library_day' of test"):
        summarize_transfer(ridge, pair, protocol="library")


def test_an_unknown_protocol_is_refused(pair, ridge):
    with pytest.raises(ValueError, match="protocols must be some of 'deployable'"):
        summarize_transfer(ridge, pair, protocol="fair")


@pytest.mark.parametrize("raster", ["row", "row-snake", "column-snake"])
def test_border_shots_are_those_with_another_neighbour(rng, raster):
    shape = (5, 6)
    pair = make_instrument_pair(n_spectra=30, random_state=0)
    maps = PairedMaps(
        pair.X_secondary,
        pair.X_primary,
        pair.wavelengths_secondary,
        pair.wavelengths_primary,
        shape=shape,
        raster=raster,
    )
    labels = rng.integers(2, size=30)
    image = maps.image(labels)
    expected = np.zeros(shape, dtype=bool)
    for row in range(shape[0]):
        for column in range(shape[1]):
            for down, right in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                other = row + down, column + right
                if 0 <= other[0] < shape[0] and 0 <= other[1] < shape[1]:
                    expected[row, column] |= image[row, column] != image[other]
    found = border_shots(maps, labels)
    np.testing.assert_array_equal(maps.image(found), expected)
