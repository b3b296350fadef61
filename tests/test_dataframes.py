"""Frames with wavelengths as column names, in and out."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.linear_model import Ridge

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
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import WavelengthError

PAIR = make_instrument_pair(
    n_spectra=40, n_secondary=110, n_primary=120, random_state=0
)
X, Y = PAIR.X_secondary, PAIR.X_primary
X_AXIS, Y_AXIS = PAIR.wavelengths_secondary, PAIR.wavelengths_primary
INDEX = [f"spot {i}" for i in range(40)]
# the same spectra under names that are numbers, and under names that are text
FRAMES = {
    "numbers": pd.DataFrame(X, columns=X_AXIS, index=INDEX),
    "text": pd.DataFrame(X, columns=[f"{w:.3f} nm" for w in X_AXIS], index=INDEX),
}
PRIMARY = pd.DataFrame(Y, columns=Y_AXIS, index=INDEX)
QUICK = {"training": Training(n_steps=6, batch_size=16), "random_state": 0}


def small_vae():
    return SpectralVAE((8,), n_latent=2, **QUICK)


def small_latent():
    return VAELatentTransfer(small_vae(), SpectralMLP((8,), **QUICK))


TRANSFERS = {
    "SpectralMLP": lambda: SpectralMLP((8,), **QUICK),
    "DirectMLPTransfer": lambda: DirectMLPTransfer(
        (8,), n_latent=2, decoder_layer_sizes=(8,), **QUICK
    ),
    "VAELatentTransfer": small_latent,
    "KNNTransfer": lambda: KNNTransfer(2),
    "MeanTransfer": MeanTransfer,
    "PrimarySpaceRegressor": lambda: PrimarySpaceRegressor(
        small_latent(), transformer=StandardScaler()
    ),
    "PrimarySpaceRegressor, Ridge": lambda: PrimarySpaceRegressor(
        Ridge(1e6), transformer=StandardScaler()
    ),
    "pipeline": lambda: make_transfer_pipeline(small_latent()),
    "pipeline, Ridge": lambda: make_transfer_pipeline(Ridge()),
}

every_transfer = pytest.mark.parametrize("name", TRANSFERS)
every_naming = pytest.mark.parametrize("naming", FRAMES)


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@every_naming
@every_transfer
def test_frames_give_the_predictions_of_arrays(name, naming):
    frame = FRAMES[naming]
    predicted = TRANSFERS[name]().fit(frame, PRIMARY).predict(frame)
    expected = TRANSFERS[name]().fit(X, Y).predict(X)
    # a frame lies by columns in memory: the products of Ridge round differently
    assert_allclose(predicted, expected, atol=1e-4 * Y.std() if "Ridge" in name else 0)


@every_naming
@every_transfer
def test_the_names_of_the_channels_are_kept(name, naming):
    frame = FRAMES[naming]
    transfer = TRANSFERS[name]().fit(frame, PRIMARY)
    assert list(transfer.feature_names_in_) == [str(c) for c in frame.columns]


@every_naming
@every_transfer
def test_channels_in_another_order_are_refused(name, naming):
    frame = FRAMES[naming]
    transfer = TRANSFERS[name]().fit(frame, PRIMARY)
    with pytest.raises(
        ValueError, match=r"axis that it was fitted on|in the same order"
    ):
        transfer.predict(frame.iloc[:, ::-1])


@every_transfer
def test_channels_of_another_axis_are_refused_with_both_named(name):
    transfer = TRANSFERS[name]().fit(FRAMES["numbers"], PRIMARY)
    moved = FRAMES["numbers"].set_axis(X_AXIS + 0.5, axis="columns")
    with pytest.raises(WavelengthError, match=r"(?s)from 265 to 370.*265\.5 to 370\.5"):
        transfer.predict(moved)


@every_naming
def test_score_takes_frames(naming):
    transfer = make_transfer_pipeline(small_latent())
    score = transfer.fit(FRAMES[naming], PRIMARY).score(FRAMES[naming], PRIMARY)
    assert score == make_transfer_pipeline(small_latent()).fit(X, Y).score(X, Y)


def test_order_of_rows_is_what_pairs_them_not_their_index():
    shuffled = PRIMARY.set_axis(INDEX[::-1], axis="index")
    frame = FRAMES["numbers"]
    found = TRANSFERS["SpectralMLP"]().fit(frame, shuffled).predict(frame)
    assert_array_equal(found, TRANSFERS["SpectralMLP"]().fit(X, Y).predict(X))


def test_a_frame_as_primary_spectra_validates_as_arrays_do():
    broken = PRIMARY.copy()
    broken.iloc[3, 7] = np.nan
    with pytest.raises(ValueError, match=r"y contains NaN.*spectrum 3, channel 7"):
        small_latent().fit(X, broken)


@pytest.mark.parametrize("estimator", [BaselineCorrector(), StandardScaler()])
def test_transformers_give_frames_with_the_axis_when_asked(estimator):
    frame = FRAMES["numbers"]
    transformed = estimator.set_output(transform="pandas").fit_transform(frame)
    assert list(transformed.index) == INDEX
    assert [float(c) for c in transformed.columns] == list(X_AXIS)
    assert (transformed.dtypes == np.float32).all()


def test_latents_come_as_a_frame_when_asked():
    vae = small_vae().set_output(transform="pandas").fit(PRIMARY)
    latents = vae.transform(PRIMARY)
    assert list(latents.columns) == ["spectralvae0", "spectralvae1"]
    assert list(latents.index) == INDEX
    plain = small_vae().fit(Y)
    assert_array_equal(
        vae.inverse_transform(latents), plain.inverse_transform(plain.transform(Y))
    )


@every_transfer
def test_frames_between_the_steps_change_no_prediction(name):
    expected = TRANSFERS[name]().fit(X, Y).predict(X)
    with config_context(transform_output="pandas"):
        transfer = TRANSFERS[name]().fit(FRAMES["numbers"], PRIMARY)
        found = transfer.predict(FRAMES["numbers"])
        score = transfer.score(FRAMES["numbers"], PRIMARY)
    assert isinstance(found, np.ndarray)
    assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * Y.std())
    assert np.isfinite(score)


def test_secondary_windows_in_nm_take_the_axis_of_the_frame():
    def transfer(**axis):
        side = BaselineCorrector(30, smooth_window=15, unit="nm", **axis)
        return make_transfer_pipeline(KNNTransfer(2), secondary=side)

    found = transfer().fit(FRAMES["numbers"], Y).predict(FRAMES["numbers"])
    assert_array_equal(found, transfer(wavelengths=X_AXIS).fit(X, Y).predict(X))


def test_primary_windows_in_nm_take_the_axis_of_the_frame():
    def transfer(**axis):
        side = BaselineCorrector(30, smooth_window=15, unit="nm", **axis)
        return make_transfer_pipeline(KNNTransfer(2), primary=side)

    fitted = transfer().fit(X, PRIMARY)
    expected = transfer(wavelengths=Y_AXIS).fit(X, Y)
    assert_array_equal(fitted.predict(X), expected.predict(X))
    assert fitted.score(X, PRIMARY) == expected.score(X, Y)
