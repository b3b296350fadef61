"""What a drift leaves is corrected behind the transfer, where left-out samples gain."""

import io

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge

from spectransfer import (
    DirectStandardization,
    OffsetTransfer,
    StandardScaler,
    make_transfer_pipeline,
)
from spectransfer.adaptation import AdaptedTransfer, recalibrate
from spectransfer.datasets import make_instrument_pair
from spectransfer.metrics import relative_squared_error

PAIR = make_instrument_pair(
    300, n_secondary=100, n_primary=110, dtype="float64", random_state=0
)
KNOWN, STANDARDS, NEW = PAIR[:150], PAIR[150:158], PAIR[200:]
SLOPE = np.linspace(1.0, 1.6, 110)


@pytest.fixture(scope="module")
def transfer():
    sides = {"secondary": StandardScaler(power=0), "primary": StandardScaler(power=0)}
    return make_transfer_pipeline(DirectStandardization(), **sides).fit(
        KNOWN.X_secondary, KNOWN.X_primary
    )


def recalibrated(transfer, primary, **options):
    standards = STANDARDS.X_secondary
    return recalibrate(transfer, standards, standards, y_reference=primary, **options)


def error(transfer, truth):
    return relative_squared_error(truth, transfer.predict(NEW.X_secondary))


def test_what_the_transfer_misses_is_corrected_behind_it(transfer):
    # the primary of these standards is another one: brighter along its channels
    new = recalibrated(transfer, SLOPE * STANDARDS.X_primary)
    truth = SLOPE * NEW.X_primary
    assert error(new, truth) < 0.3 * error(transfer, truth)
    assert isinstance(new[-1], AdaptedTransfer)
    assert_array_equal(new.transform_target(truth), truth)
    assert new.prediction_space_ == "as measured"


def test_where_nothing_is_missing_nothing_is_put_behind(transfer):
    rng = np.random.default_rng(0)
    predicted = transfer.predict(STANDARDS.X_secondary)
    noisy = predicted + rng.normal(size=predicted.shape)
    new = recalibrated(transfer, noisy)
    assert new[-1] is transfer[-1]
    assert_array_equal(new.predict(NEW.X_secondary), transfer.predict(NEW.X_secondary))


def test_two_materials_are_too_few(transfer):
    few = STANDARDS[:2]
    new = recalibrate(
        transfer, few.X_secondary, few.X_secondary, y_reference=2 * few.X_primary
    )
    assert new[-1] is transfer[-1]


def test_replicates_are_averaged_by_name_and_may_be_others_on_each_day(transfer):
    today = np.repeat(np.arange(8), 3)
    then = np.tile(np.arange(8), 2)
    secondary, primary = STANDARDS.X_secondary, SLOPE * STANDARDS.X_primary
    new = recalibrate(
        transfer,
        secondary[today],
        secondary[then],
        sample_id=today,
        reference_id=then,
        y_reference=primary[then],
    )
    once = recalibrated(transfer, primary)
    assert_allclose(
        new[-1].predict(NEW.X_secondary),
        once[-1].predict(NEW.X_secondary),
        rtol=1e-4,  # means of equal rows are rounded
    )


def test_another_recalibration_leaves_the_old_adaptation_out(transfer):
    once = recalibrated(transfer, SLOPE * STANDARDS.X_primary)
    again = recalibrated(once, transfer.predict(STANDARDS.X_secondary))
    assert_array_equal(
        again.predict(NEW.X_secondary), transfer.predict(NEW.X_secondary)
    )


def test_an_adapted_transfer_is_saved_cloned_and_fitted(transfer):
    new = recalibrated(transfer, SLOPE * STANDARDS.X_primary)
    file = io.BytesIO()
    joblib.dump(new, file)
    file.seek(0)
    assert_array_equal(
        joblib.load(file).predict(NEW.X_secondary), new.predict(NEW.X_secondary)
    )
    both = AdaptedTransfer(Ridge(1e6), OffsetTransfer("slope"))
    both.fit(KNOWN.X_secondary, KNOWN.X_primary)
    alone = clone(both.transfer).fit(KNOWN.X_secondary, KNOWN.X_primary)
    predicted = alone.predict(KNOWN.X_secondary)
    behind = OffsetTransfer("slope").fit(predicted, KNOWN.X_primary)
    expected = behind.predict(alone.predict(NEW.X_secondary))
    assert_array_equal(
        clone(both).fit(KNOWN.X_secondary, KNOWN.X_primary).predict(NEW.X_secondary),
        expected,
    )


def test_primary_spectra_of_other_rows_are_refused(transfer):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        recalibrated(transfer, STANDARDS.X_primary[:-1])


def test_names_that_are_texts_on_one_day_and_numbers_on_the_other_pair_alike(transfer):
    # as texts 10 comes before 9
    texts, numbers = [f"{i}" for i in range(4, 12)], list(range(4, 12))
    secondary, primary = STANDARDS.X_secondary, SLOPE * STANDARDS.X_primary
    given = {"sample_id": texts, "reference_id": numbers, "y_reference": primary}
    mixed = recalibrate(transfer, secondary, secondary, **given)
    plain = recalibrate(transfer, secondary, secondary, y_reference=primary)
    assert_allclose(
        mixed.predict(NEW.X_secondary), plain.predict(NEW.X_secondary), rtol=1e-4
    )
