"""What calibrations read from transferred spectra, beside the errors of the spectra."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge

from spectransfer import (
    BaselineCorrector,
    OffsetTransfer,
    SlopeBiasCorrection,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import Property, evaluate_transfers
from spectransfer.exceptions import SpectransferWarning
from spectransfer.metrics import property_errors, relative_squared_error


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(n_spectra=240, random_state=1)


@pytest.fixture(scope="module")
def calibration(pair):
    return PLSRegression(5, scale=False).fit(pair.X_primary[:120], pair.y[:120, 0])


def axes(pair):
    return {
        "wavelengths_secondary": pair.wavelengths_secondary,
        "wavelengths_primary": pair.wavelengths_primary,
    }


def evaluated(pair, transfers, entry, **options):
    options = {"protocols": "deployable"} | options
    return evaluate_transfers(
        transfers,
        pair[100:140],
        pair[140:],
        properties={"mass": entry},
        **options,
    )


def rows_of(table):
    return {row.transfer: row for row in table.properties}


def test_rows_equal_the_calibration_on_what_is_predicted(pair, calibration):
    ridge = make_transfer_pipeline(Ridge(), secondary=None, primary=None)
    entry = (calibration, pair.y[140:, 0], pair.y[100:140, 0])
    table = evaluated(pair, {"ridge": ridge}, entry, block_size=17)
    found = rows_of(table)
    train, test = pair[100:140], pair[140:]
    ridge.fit(train.X_secondary, train.X_primary)
    plain = OffsetTransfer("nothing", **axes(pair))
    plain.fit(train.X_secondary, train.X_primary)
    spectra = {
        "primary": test.X_primary,
        "untransferred": plain.predict(test.X_secondary),
        "ridge": ridge.predict(test.X_secondary),
    }
    for name, predicted in spectra.items():
        expected = property_errors(test.y[:, 0], calibration.predict(predicted))
        assert_allclose(found[name][3:6], expected, rtol=1e-5, atol=1e-8)
        rse = relative_squared_error(test.X_primary, predicted)
        assert_allclose(found[name].rse, rse, rtol=1e-5)
    assert set(found) == {*spectra, "slope and bias"}


def test_slope_and_bias_of_the_table_are_those_of_the_estimator(pair, calibration):
    ridge = make_transfer_pipeline(Ridge(), secondary=None, primary=None)
    # on one axis, where every wavelength is reached
    train, test = pair[100:140], pair[140:]
    sides = [
        (
            OffsetTransfer("nothing", **axes(pair))
            .fit(train.X_secondary, train.X_primary)
            .predict(part.X_secondary),
            part.X_primary,
        )
        for part in (train, test)
    ]
    table = evaluate_transfers(
        {"ridge": ridge},
        *sides,
        protocols="deployable",
        properties={"mass": Property(calibration, test.y[:, 0], train.y[:, 0])},
    )
    corrected = SlopeBiasCorrection(calibration).fit(sides[0][0], train.y[:, 0])
    expected = property_errors(test.y[:, 0], corrected.predict(sides[1][0]))
    assert_allclose(rows_of(table)["slope and bias"][3:6], expected, atol=1e-7)


def test_protocols_have_rows_of_their_own(pair, calibration):
    ridge = make_transfer_pipeline(Ridge(), secondary=None, primary=None)
    table = evaluated(
        pair, {"ridge": ridge}, (calibration, pair.y[140:, 0]), protocols=None
    )
    protocols = [row.protocol for row in table.properties if row.transfer == "ridge"]
    assert protocols == ["deployable", "deployable-batch", "paper"]


def test_a_calibration_for_raw_spectra_never_meets_corrected_ones(pair, calibration):
    corrected = make_transfer_pipeline(Ridge(), secondary=None)
    with pytest.raises(ValueError, match="reads primary spectra as they were measured"):
        evaluated(pair, {"ridge": corrected}, (calibration, pair.y[140:, 0]))


def test_a_calibration_of_corrected_spectra_reads_corrected_ones(pair):
    corrector = BaselineCorrector(50, smooth_window=25)
    transfer = make_transfer_pipeline(
        Ridge(), secondary=None, primary=BaselineCorrector(50, smooth_window=25)
    )
    corrected = corrector.fit_transform(pair.X_primary)
    calibration = PLSRegression(5, scale=False).fit(corrected[:120], pair.y[:120, 0])
    entry = Property(calibration, pair.y[140:, 0], space="predictions")
    found = rows_of(evaluated(pair, {"ridge": transfer}, entry))
    expected = property_errors(pair.y[140:, 0], calibration.predict(corrected[140:]))
    assert_allclose(found["primary"][3:6], expected, rtol=1e-5)


class LosesAProperty(RegressorMixin, BaseEstimator):
    """Nearly perfect spectra, with the channel that tells the property wrong."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        predicted = np.array(X, dtype=float) - 1.0
        predicted[:, 3] = -5.0
        return predicted


class ReadsAChannel(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return np.asarray(X)[:, 3]


def test_a_good_rse_that_hurts_the_property_is_warned_of():
    rng = np.random.default_rng(0)
    primary = rng.random((40, 6)) * np.array([10, 10, 10, 0.1, 10, 10])
    secondary = primary + 1.0
    secondary[:, 3] = primary[:, 3]
    calibration = ReadsAChannel().fit(primary, primary[:, 3])
    entry = (calibration, primary[20:, 3])
    with pytest.warns(SpectransferWarning, match="worse than without any transfer"):
        table = evaluate_transfers(
            {"loses": LosesAProperty(), "keeps": Ridge(1e-6)},
            (secondary[:20], primary[:20]),
            (secondary[20:], primary[20:]),
            protocols="deployable",
            properties={"mass": entry},
        )
    assert "The least RSE" in repr(table) or rows_of(table)["keeps"].rmsep < 0.1


def test_tables_print_the_property_and_reports_of_times_keep_it(pair, calibration):
    ridge = make_transfer_pipeline(Ridge(), secondary=None, primary=None)
    table = evaluated(pair, {"ridge": ridge}, (calibration, pair.y[140:, 0]))
    for text in (repr(table), table.to_markdown(), table.to_html()):
        assert "RMSEP" in text
    assert table.without_times().properties == table.properties


def test_without_axes_there_is_no_untransferred_row(pair, calibration):
    ridge = make_transfer_pipeline(Ridge(), secondary=None, primary=None)
    table = evaluate_transfers(
        {"ridge": ridge},
        (pair.X_secondary[100:140], pair.X_primary[100:140]),
        (pair.X_secondary[140:], pair.X_primary[140:]),
        protocols="deployable",
        properties={"mass": (calibration, pair.y[140:, 0])},
    )
    assert set(rows_of(table)) == {"primary", "ridge"}
    assert "There is no row 'untransferred': the sides have different" in repr(table)
    assert "Pass a SpectraPair, or data frames" in table.to_html()


def test_a_row_that_was_asked_for_and_cannot_be_is_told_of_with_the_reason(
    pair, calibration
):
    ridge = make_transfer_pipeline(Ridge(), secondary=None, primary=None)
    away = dataclasses.replace(
        pair, wavelengths_secondary=pair.wavelengths_secondary + 900.0
    )
    entry = calibration, pair.y[140:, 0], pair.y[100:140, 0]
    for some, reason in (
        ((pair.X_secondary, pair.X_primary), "no axis tells"),
        (away, "the axes do not meet"),
    ):
        train, test = (
            some[rows] if some is away else tuple(side[rows] for side in some)
            for rows in (slice(100, 140), slice(140, None))
        )
        table = evaluate_transfers(
            {"ridge": ridge},
            train,
            test,
            protocols="deployable",
            properties={"mass": entry},
        )
        said = repr(table)
        assert "There is no row 'untransferred' and 'slope and bias'" in said
        assert reason in said
    known = evaluated(pair, {"ridge": ridge}, entry)
    assert "There is no row" not in repr(known)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ((PLSRegression(2), np.zeros(100)), "must be fitted"),
        ((None, np.zeros(7)), "one known value for each spectrum of test"),
        ((None, np.full(100, np.nan)), "0 numbers in 100 values"),
        ((None, np.zeros(100), np.zeros(3)), "of train"),
    ],
)
def test_properties_that_cannot_be_judged_are_refused_at_once(
    entry, words, pair, calibration
):
    entry = (calibration if entry[0] is None else entry[0], *entry[1:])
    with pytest.raises(ValueError, match=words):
        evaluated(pair, {"ridge": Ridge()}, entry)
