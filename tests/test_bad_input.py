"""What bad input gets: one clear message, before any long work begins."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

from spectransfer import (
    BaselineCorrector,
    DirectMLPTransfer,
    KNNTransfer,
    MeanTransfer,
    PrimarySpaceRegressor,
    SpectralMLP,
    SpectralVAE,
    StandardScaler,
    Training,
    VAELatentTransfer,
    make_transfer_pipeline,
    rse_scorer,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import DivergenceError, WindowError
from spectransfer.networks import PublishedTraining

PAIR = make_instrument_pair(
    n_spectra=40, n_secondary=110, n_primary=120, random_state=0
)
X, Y = PAIR.X_secondary, PAIR.X_primary
# two epochs
QUICK = {"training__n_steps": 6, "random_state": 0}


def small_vae(**changes):
    return SpectralVAE((8,), n_latent=2).set_params(**(QUICK | changes))


def small_mlp(**changes):
    return SpectralMLP((8,)).set_params(**(QUICK | changes))


def small_latent(**changes):
    return VAELatentTransfer(small_vae(**changes), small_mlp(**changes))


def small_direct(**changes):
    direct = DirectMLPTransfer((8,), n_latent=2, decoder_layer_sizes=(8,))
    return direct.set_params(**(QUICK | changes))


TRANSFERS = {
    "SpectralMLP": small_mlp,
    "DirectMLPTransfer": small_direct,
    "VAELatentTransfer": small_latent,
    "KNNTransfer": lambda: KNNTransfer(1),
    "MeanTransfer": MeanTransfer,
    "PrimarySpaceRegressor": lambda: PrimarySpaceRegressor(
        small_latent(), transformer=StandardScaler()
    ),
    "pipeline": lambda: make_transfer_pipeline(small_latent()),
    "pipeline, Ridge": lambda: make_transfer_pipeline(Ridge()),
}
NETWORKS = {
    "SpectralMLP": small_mlp,
    "DirectMLPTransfer": small_direct,
    "VAELatentTransfer": small_latent,
    "pipeline": lambda **changes: make_transfer_pipeline(small_latent(**changes)),
}

every_transfer = pytest.mark.parametrize("name", TRANSFERS)
every_network = pytest.mark.parametrize("name", NETWORKS)


@pytest.fixture
def no_training(monkeypatch):
    """Let every training fail: what is refused must be refused before."""

    def train(*args, **kwargs):
        raise AssertionError("a training was begun")

    monkeypatch.setattr("spectransfer.networks._network.train", train)


def spoilt(spectra, value, row=3, channel=7):
    spectra = spectra.copy()
    spectra[row, channel] = value
    return spectra


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


# training


@every_network
@pytest.mark.parametrize("n_steps", [1, 3])
@pytest.mark.parametrize("patience", [None, 2])
def test_a_diverging_learning_rate_is_an_error_that_tells_the_way_out(
    name, n_steps, patience
):
    transfer = NETWORKS[name](
        training__learning_rate=1e25,
        training__n_steps=n_steps,
        training__patience=patience,
        training__batch_size=40,
    )
    message = (
        r"(?s)of the (direct MLP|MLP|VAE) became (nan|inf) in epoch [12] at "
        r"learning_rate=1e\+25.*Lower the learning rate \(try 0\.001\)"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DivergenceError, match=message):
            transfer.fit(X, Y)


@pytest.mark.parametrize("kind", [Training, PublishedTraining])
def test_shorter_gradients_are_advised_to_those_who_do_not_limit_them(kind):
    with pytest.raises(DivergenceError) as caught:
        SpectralMLP((8,), training=kind(learning_rate=1e25)).fit(X, Y)
    assert ("take Training()" in str(caught.value)) == (kind is PublishedTraining)


def test_a_search_goes_on_past_candidates_that_diverge():
    search = GridSearchCV(
        make_transfer_pipeline(small_latent(training__n_steps=9)),
        {"transfer__regressor__mapper__training__learning_rate": [1e25, 1e-3]},
        scoring=rse_scorer,
        cv=2,
    )
    with (
        pytest.warns(FitFailedWarning, match=r"(?s)2 fits failed.*must stay finite"),
        pytest.warns(UserWarning, match="test scores are non-finite"),
    ):
        search.fit(X, Y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isnan(scores[0])
    assert np.isfinite(scores[1])
    assert search.best_index_ == 1


def test_a_search_can_ask_for_the_error_itself():
    search = GridSearchCV(
        small_mlp(), {"training__learning_rate": [1e25]}, cv=2, error_score="raise"
    )
    with pytest.raises(DivergenceError):
        search.fit(X, Y)


@pytest.mark.parametrize("name", ["SpectralMLP", "DirectMLPTransfer"])
def test_after_a_failed_first_training_nothing_can_be_predicted(name):
    transfer = NETWORKS[name](training__learning_rate=1e25)
    with pytest.raises(DivergenceError):
        transfer.fit(X, Y)
    with pytest.raises(NotFittedError):
        transfer.predict(X)


@every_network
@pytest.mark.parametrize("failing", ["all", "mapper"])
def test_a_failed_second_training_leaves_the_first_as_it_was(name, failing):
    transfer = NETWORKS[name]().fit(X, Y)
    expected = transfer.predict(X)
    part = [k for k in transfer.get_params() if k.endswith("learning_rate")]
    if failing == "mapper":
        part = [k for k in part if "autoencoder" not in k]
    transfer.set_params(**dict.fromkeys(part, 1e25))
    with pytest.raises(DivergenceError):
        transfer.fit(3 * X + 100, 5 * Y + 100)
    assert_array_equal(transfer.predict(X), expected)


def test_networks_train_in_single_precision_whatever_torch_is_set_to():
    expected = small_latent().fit(X, Y).predict(X)
    torch.set_default_dtype(torch.float64)
    try:
        found = small_latent().fit(X, Y).predict(X)
    finally:
        torch.set_default_dtype(torch.float32)
    assert_array_equal(found, expected)


@every_network
@pytest.mark.parametrize("device", ["gpu", "", "cuda:x", "meta", "tpu:0"])
def test_a_device_that_does_not_exist_is_refused(name, device, no_training):
    with pytest.raises(ValueError, match=r"(?s)device must be .*'cpu'.*'auto'.*but it "
                       f"is {device!r}"):  # fmt: skip
        NETWORKS[name](training__device=device).fit(X, Y)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA")
@every_network
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:7"])
def test_cuda_where_there_is_none_is_refused_in_fit(name, device, no_training):
    with pytest.raises(ValueError, match=rf"(?s)device={device!r}.*no CUDA.*"
                       "device='auto'"):  # fmt: skip
        NETWORKS[name](training__device=device).fit(X, Y)


def test_the_device_of_the_mapper_is_looked_at_before_the_autoencoder_trains(
    no_training,
):
    transfer = VAELatentTransfer(small_vae(), small_mlp(training__device="gpu"))
    with pytest.raises(ValueError, match="device must be"):
        transfer.fit(X, Y)


def test_device_auto_falls_back_to_the_cpu():
    if torch.cuda.is_available():
        pytest.skip("there is CUDA")
    assert small_mlp(training__device="auto").fit(X, Y).device_ == "cpu"


# validation sets


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
    "channels of X_val": (X[:, 1:], Y, "X has 109 features.*expecting 110"),
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


def test_more_neighbours_than_spectra_are_refused_in_fit():
    with pytest.raises(ValueError, match=r"(?s)n_neighbors.*10.*5 spectra"):
        KNNTransfer(10).fit(X[:5], Y[:5])


def test_corrector_in_nm_without_wavelengths_says_what_to_pass(no_training):
    transfer = make_transfer_pipeline(
        small_latent(), secondary=BaselineCorrector(5, unit="nm")
    )
    with pytest.raises(ValueError, match=r"(?s)110 channels have none.*wavelengths="):
        transfer.fit(X, Y)
