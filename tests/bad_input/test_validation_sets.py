"""Validation sets that are half, foreign, or too large are refused at once."""

import numpy as np
import pytest
from small_transfers import TRANSFERS, X, Y, small_mlp, spoilt


@pytest.mark.parametrize("name", ["SpectralMLP", "VAELatentTransfer", "PrimarySpaceRe"
                                  "gressor"])  # fmt: skip
@pytest.mark.parametrize("missing", ["X_val", "y_val"])
def test_half_a_validation_set_is_refused(name, missing, no_training):
    halves = {"X_val": X, "y_val": Y}
    del halves[missing]
    with pytest.raises(ValueError, match=f"{missing} is None. Pass both"):
        TRANSFERS[name]().fit(X, Y, **halves)


BAD_VALIDATION = {
    "unpaired": (X[:9], Y[:8], "inconsistent numbers of samples"),
    "NaN in X_val": (spoilt(X, np.nan), Y, "X_val contains NaN.*spectrum 3, channel 7"),
    "NaN in y_val": (X, spoilt(Y, np.nan), "y_val contains NaN.*spectrum 3, channel 7"),
    "channels of X_val": (X[:, 1:], Y, "X_val has 109 features.*expecting 110"),
    "channels of y_val": (X, Y[:, 1:], "y_val must have the channels of y.*119.*120|"
                          "X has 119 features.*expecting 120"),
    "no spectra": (X[:0], Y[:0], r"0 sample\(s\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", ["SpectralMLP", "DirectMLPTransfer",
                                  "VAELatentTransfer",
                                  "PrimarySpaceRegressor"])  # fmt: skip
@pytest.mark.parametrize("fault", BAD_VALIDATION)
def test_bad_validation_sets_are_refused(name, fault, no_training):
    secondary, primary, message = BAD_VALIDATION[fault]
    with pytest.raises(ValueError, match=f"(?s){message}"):
        TRANSFERS[name]().fit(X, Y, X_val=secondary, y_val=primary)


@pytest.mark.parametrize("fraction", [0.0, 0.024])
def test_a_fraction_of_less_than_one_spectrum_trains_with_all_and_to_the_end(fraction):
    mlp = small_mlp(
        training__validation_fraction=fraction,
        training__patience=1,
        training__n_steps=12,
    ).fit(X, Y)
    assert mlp.validation_loss_curve_ is None
    assert mlp.n_epochs_ == 4


def test_the_largest_fraction_leaves_one_spectrum_to_train_with():
    fraction = float(np.nextafter(1, 0))
    mlp = small_mlp(training__validation_fraction=fraction, training__patience=1).fit(
        X, Y
    )
    assert np.isfinite(mlp.loss_curve_).all()


@pytest.mark.parametrize("fraction", [1.0, 1.5, -0.1, "some"])
def test_a_fraction_that_leaves_nothing_to_train_with_is_refused(fraction):
    with pytest.raises(ValueError, match=r"validation_fraction.*must be a float in"):
        small_mlp(training__validation_fraction=fraction).fit(X, Y)
