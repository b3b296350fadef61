"""What bad spectra get: one clear message, before any long work begins."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from small_transfers import (
    TRANSFERS,
    X,
    Y,
    every_transfer,
    small_latent,
    small_mlp,
    small_vae,
    spoilt,
)

from spectransfer import (
    BaselineCorrector,
    KNNTransfer,
    make_transfer_pipeline,
)
from spectransfer.exceptions import WindowError

BAD_PAIRS = {
    "unpaired": (X, Y[:-1], ValueError, r"inconsistent numbers of samples: \[40, 39\]"),
    "no spectra": (X[:0], Y[:0], ValueError, r"0 sample\(s\)"),
    "no channels": (X[:, :0], Y, ValueError, r"0 feature\(s\)"),
    "no primary channels": (X, Y[:, :0], ValueError, r"0 feature\(s\)"),
    "NaN in X": (spoilt(X, np.nan), Y, ValueError, "X contains NaN.*spectrum 3, chan"
                 "nel 7 .*both count from 0.*SimpleImputer"),
    "inf in X": (spoilt(X, np.inf), Y, ValueError, "X contains inf.*spectrum 3, "
                 "channel 7 "),
    "NaN in y": (X, spoilt(Y, np.nan), ValueError, "y contains NaN.*spectrum 3, "
                 "channel 7 "),
    "-inf in y": (X, spoilt(Y, -np.inf), ValueError, "y contains inf.*spectrum 3, "
                  "channel 7 "),
    "words in X": (np.full((40, 110), "bright"), Y, ValueError, "could not convert "
                   "string to float.*bright"),
    "words in y": (X, np.full((40, 120), "bright"), ValueError, "could not convert "
                   "string to float.*bright"),
    "complex X": (X + 1j, Y, ValueError, "Complex data not supported"),
    "complex y": (X, Y + 1j, ValueError, "Complex data not supported"),
    "sparse X": (sp.csr_matrix(X), Y, TypeError, "Sparse data was passed for X"),
    "sparse y": (X, sp.csr_matrix(Y), TypeError, "Sparse data was passed for y"),
    "one spectrum as a row": (X[0], Y[0], ValueError, "Expected 2D array, got 1D|"
                              "inconsistent numbers of samples"),
    "cube X": (X[:, None], Y, ValueError, "Found array with dim 3"),
    "cube y": (X, Y[:, None], ValueError, "Found array with dim 3"),
    "no y": (X, None, ValueError, "requires y to be passed.*y is None.*"
             r"fit\(X_secondary, X_primary\)"),
    "one number as y": (X, 3.0, TypeError, "Singleton array|Expected sequence"),
}  # fmt: skip


@every_transfer
@pytest.mark.parametrize("fault", BAD_PAIRS)
def test_fit_refuses_bad_pairs_before_any_training(name, fault, no_training):
    secondary, primary, error, message = BAD_PAIRS[fault]
    with pytest.raises(error, match=f"(?s){message}"):
        TRANSFERS[name]().fit(secondary, primary)


@pytest.fixture(scope="module")
def fitted():
    known = {}

    def fit(name):
        if name not in known:
            known[name] = TRANSFERS[name]().fit(X, Y)
        return known[name]

    return fit


BAD_SPECTRA = {
    "a channel too few": (X[:, 1:], ValueError, "X has 109 features.*expecting 110"),
    "no spectra": (X[:0], ValueError, r"0 sample\(s\)"),
    "NaN": (spoilt(X, np.nan), ValueError, "X contains NaN.*spectrum 3, channel 7 "),
    "inf": (spoilt(X, np.inf), ValueError, "X contains inf.*spectrum 3, channel 7 "),
    "words": (np.full((4, 110), "bright"), ValueError, "could not convert string"),
    "complex": (X + 1j, ValueError, "Complex data not supported"),
    "sparse": (sp.csr_matrix(X), TypeError, "Sparse data was passed for X"),
    "cube": (X[:, None], ValueError, "Found array with dim 3"),
    "a row": (X[0], ValueError, "Expected 2D array, got 1D"),
}


@every_transfer
@pytest.mark.parametrize("fault", BAD_SPECTRA)
def test_predict_refuses_bad_spectra(name, fault, fitted):
    spectra, error, message = BAD_SPECTRA[fault]
    with pytest.raises(error, match=f"(?s){message}"):
        fitted(name).predict(spectra)


@every_transfer
def test_predict_before_fit_is_refused(name):
    with pytest.raises(NotFittedError):
        TRANSFERS[name]().predict(X)


@every_transfer
def test_one_spectrum_is_predicted_as_among_others(name, fitted):
    whole = fitted(name).predict(X)
    alone = fitted(name).predict(X[5:6])
    # matrix products round by the number of rows, or by a row's place among them
    assert_allclose(alone, whole[5:6], atol=1e-5 * Y.std(), rtol=0)


@every_transfer
def test_one_pair_of_spectra_can_be_learned(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predicted = TRANSFERS[name]().fit(X[:1], Y[:1]).predict(X)
    assert predicted.shape == Y.shape
    assert np.isfinite(predicted).all()


@every_transfer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("level", [0.0, 0.1, 1e7])
def test_constant_spectra_give_their_constant_and_no_nan(name, dtype, level):
    dull = np.full(X.shape, level, dtype=dtype), np.full(Y.shape, level, dtype=dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transfer = TRANSFERS[name]().fit(*dull)
        predicted = transfer.predict(dull[0])
        elsewhere = transfer.predict(dull[0] + 1)
    expected = 0.0 if "pipeline" in name else level
    # spectra without spread have the unit 1, and the networks trained for two epochs
    assert_allclose(predicted, np.full(Y.shape, expected), atol=0.1, rtol=1e-6)
    assert np.isfinite(elsewhere).all()


@pytest.mark.parametrize("level", [0.1, 1e7 / 3])
def test_rounding_of_constant_spectra_is_not_taken_for_their_spread(level):
    mlp = small_mlp().fit(np.full((40, 5), level), Y)
    # one count more is no sight from another world
    moved = mlp.predict(np.full((1, 5), level + 1)) - mlp.predict(
        np.full((1, 5), level)
    )
    assert np.abs(moved).max() < 10 * Y.std()


def test_constant_spectra_have_finite_latents_and_samples():
    vae = small_vae().fit(np.full((20, 30), 5.0))
    assert np.isfinite(vae.transform(np.full((3, 30), 5.0))).all()
    assert_allclose(vae.sample(4, random_state=0), np.full((4, 30), 5.0), atol=0.1)


def test_windows_longer_than_the_spectrum_are_refused_by_the_pipeline(no_training):
    with pytest.raises(
        WindowError,
        match=r"(?s)min_window must not be longer.*100 channels.*spectra have 60.*"
        "allow_long_windows=True",
    ):
        make_transfer_pipeline(small_latent()).fit(X[:, :60], Y)


def test_windows_longer_than_the_primary_spectrum_are_refused_too(no_training):
    with pytest.raises(WindowError, match="100 channels and the spectra have 60"):
        make_transfer_pipeline(small_latent()).fit(X, Y[:, :60])


def test_more_neighbours_than_spectra_are_refused_in_fit():
    with pytest.raises(ValueError, match=r"(?s)n_neighbors.*10.*5 spectra"):
        KNNTransfer(10).fit(X[:5], Y[:5])


def test_corrector_in_nm_without_wavelengths_says_what_to_pass(no_training):
    transfer = make_transfer_pipeline(
        small_latent(), secondary=BaselineCorrector(5, unit="nm")
    )
    with pytest.raises(ValueError, match=r"(?s)110 channels have none.*wavelengths="):
        transfer.fit(X, Y)
