"""What needs no transfer is read in the space of the transfers it stands beside."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression, Ridge

from spectransfer import BaselineCorrector, OffsetTransfer, make_transfer_pipeline
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import Property, evaluate_transfers, standards_curve
from spectransfer.exceptions import SpectransferWarning
from spectransfer.metrics import relative_squared_error

PAIR = make_instrument_pair(
    n_spectra=60, n_secondary=40, n_primary=50, shots_per_sample=1, random_state=0
)


def raw(regressor):
    return make_transfer_pipeline(regressor, secondary=None, primary=None)


def corrected(regressor, width=20):
    """Without a baseline, which cannot be put back."""
    return make_transfer_pipeline(
        regressor, secondary=None, primary=BaselineCorrector(width, smooth_window=9)
    )


def curve_of(transfers, **options):
    return standards_curve(transfers, PAIR, [4, 9], n_draws=2, **options)


def ways():
    return {"raw": raw(Ridge()), "corrected": corrected(Ridge())}


def test_in_one_space_there_is_one_row_of_untransferred_spectra():
    curve = curve_of({"a": corrected(Ridge()), "b": corrected(OffsetTransfer())})
    assert set(curve.limits["RSE"]) == {"untransferred"}
    # a step that can be undone makes no other space
    assert set(curve_of({"a": raw(Ridge()), "b": Ridge()}).limits["RSE"]) == {
        "untransferred"
    }


def test_each_transfer_is_compared_with_the_untransferred_spectra_of_its_space():
    transfers = ways()
    both = curve_of(transfers)
    assert set(both.limits["RSE"]) == {
        "untransferred (raw)",
        "untransferred (corrected)",
    }
    for name, transfer in transfers.items():
        alone = curve_of({name: transfer}, random_state=0)
        assert_allclose(
            both.limits["RSE"][f"untransferred ({name})"],
            alone.limits["RSE"]["untransferred"],
        )
        assert alone.in_words() in both.in_words()
    turned = curve_of(dict(reversed(transfers.items())))
    assert sorted(turned.in_words().split("\n")) == sorted(both.in_words().split("\n"))
    assert "different spaces" in repr(both)
    assert "different spaces" not in repr(curve_of({"raw": raw(Ridge())}))


def test_untransferred_spectra_are_corrected_as_predictions_are():
    known = PAIR[:9]
    curve = standards_curve(ways(), known, [4, 9], n_draws=1, test=PAIR)
    plain = OffsetTransfer(
        "nothing",
        wavelengths_secondary=PAIR.wavelengths_secondary,
        wavelengths_primary=PAIR.wavelengths_primary,
    ).fit(known.X_secondary, known.X_primary)
    corrector = BaselineCorrector(20, smooth_window=9).fit(known.X_primary)
    expected = relative_squared_error(
        corrector.transform(PAIR.X_primary),
        corrector.transform(plain.predict(PAIR.X_secondary)),
    )
    found = curve.limits["RSE"]["untransferred (corrected)"]
    assert_allclose(found, expected, rtol=1e-5)


def entry():
    spectra = BaselineCorrector(20, smooth_window=9).fit_transform(PAIR.X_primary)
    calibration = LinearRegression().fit(spectra, PAIR.y[:, 0])
    return Property(calibration, PAIR.y[:, 0], space="predictions")


@pytest.mark.parametrize("order", [1, -1])
def test_a_calibration_of_predictions_reads_those_of_one_space(order):
    transfers = {"one": corrected(Ridge()), "other": corrected(Ridge(), 30)}
    transfers = dict(list(transfers.items())[::order])
    message = r"'mass' reads predictions of one space.*'one|other'.*'one|other'"
    with pytest.raises(ValueError, match=message):
        curve_of(transfers, properties={"mass": entry()})
    with pytest.raises(ValueError, match=message):
        evaluate_transfers(transfers, PAIR, PAIR, properties={"mass": entry()})
    with pytest.warns(SpectransferWarning, match="reads predictions of one space"):
        table = evaluate_transfers(
            transfers,
            PAIR,
            PAIR,
            properties={"mass": entry()},
            protocols="deployable",
            error_score=np.nan,
        )
    first, second = transfers
    assert {row.transfer for row in table.properties} == {
        "primary",
        "untransferred",
        first,
    }
    assert np.isnan(table[second, "deployable"].rse)


class Diverged(Ridge):
    def predict(self, X):
        return np.full((len(X), 50), np.nan)


def test_a_transfer_that_failed_says_nothing_of_the_space():
    with pytest.warns(SpectransferWarning, match="must be finite"):
        table = evaluate_transfers(
            {"failed": corrected(Diverged(), 30), "one": corrected(Ridge())},
            PAIR,
            PAIR,
            properties={"mass": entry()},
            protocols="deployable",
            error_score=np.nan,
        )
    assert [row.transfer for row in table.properties] == [
        "primary",
        "untransferred",
        "one",
    ]


def test_without_axes_the_curve_says_that_it_compares_with_nothing():
    sides = PAIR.X_secondary, PAIR.X_primary
    said = repr(standards_curve({"raw": raw(Ridge())}, sides, [4, 9], n_draws=2))
    assert "Untransferred spectra are not judged" in said
    assert "not judged" not in repr(curve_of({"raw": raw(Ridge())}))
