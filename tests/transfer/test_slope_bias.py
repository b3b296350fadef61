"""Slope and bias of what a calibration says of untransferred spectra."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.cross_decomposition import PLSRegression

from spectransfer import SlopeBiasCorrection
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import WavelengthError


@pytest.fixture(scope="module")
def case():
    pair = make_instrument_pair(n_spectra=120, random_state=0)
    calibration = PLSRegression(4, scale=False).fit(pair.X_primary[:60], pair.y[:60, 0])
    axes = {
        "wavelengths_secondary": pair.wavelengths_secondary,
        "wavelengths_primary": pair.wavelengths_primary,
    }
    return pair, calibration, axes


def test_it_is_the_line_through_what_the_calibration_says(case):
    pair, calibration, axes = case
    known, unseen = pair[60:90], pair[90:]
    corrected = SlopeBiasCorrection(calibration, **axes)
    corrected.fit(known.X_secondary, known.y[:, 0])

    def said(spectra):
        plain = np.array(
            [
                np.interp(
                    axes["wavelengths_primary"],
                    axes["wavelengths_secondary"],
                    spectrum,
                    left=0,
                    right=0,
                )
                for spectrum in spectra
            ]
        )
        return calibration.predict(plain).ravel()

    slope, bias = np.polyfit(said(known.X_secondary), known.y[:, 0], 1)
    assert_allclose([corrected.slope_, corrected.bias_], [slope, bias], rtol=1e-6)
    assert_allclose(
        corrected.predict(unseen.X_secondary),
        slope * said(unseen.X_secondary) + bias,
        rtol=1e-6,
    )


def test_on_the_primary_itself_it_leaves_predictions_as_they_are(case):
    pair, calibration, _ = case
    spectra = pair.X_primary[60:]
    said = calibration.predict(spectra).ravel()
    corrected = SlopeBiasCorrection(calibration).fit(spectra, said)
    assert_allclose(corrected.predict(spectra), said, rtol=1e-6)


def test_values_that_are_all_the_same_tell_a_bias_only(case):
    _, calibration, _ = case
    spectra = np.ones((3, calibration.n_features_in_))
    corrected = SlopeBiasCorrection(calibration).fit(spectra, [1.0, 2.0, 3.0])
    assert corrected.slope_ == 1.0
    assert_allclose(corrected.predict(spectra), 2.0)


def test_channels_that_cannot_be_matched_are_refused(case):
    pair, calibration, _ = case
    with pytest.raises(WavelengthError, match="neither axis is known"):
        SlopeBiasCorrection(calibration).fit(pair.X_secondary, pair.y[:, 0])


def test_several_properties_are_refused(case):
    pair, calibration, axes = case
    with pytest.raises(ValueError, match="correct one property"):
        SlopeBiasCorrection(calibration, **axes).fit(pair.X_secondary, pair.y[:, :2])
