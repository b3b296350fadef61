"""What was fitted behind a primary side is joined with it, or a warning says so."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from spectransfer import (
    BaselineCorrector,
    PrimarySpaceRegressor,
    SpectralVAE,
    StandardScaler,
    Training,
    VAELatentTransfer,
    WavelengthCropper,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import SpectransferWarning, WavelengthError
from spectransfer.metrics import relative_squared_error
from spectransfer.pipeline import TransferPipeline

PAIR = make_instrument_pair(
    n_spectra=200, n_secondary=120, n_primary=130, random_state=0
)
LIBRARY, JOINING = PAIR[:100], PAIR[100:]


def latent(autoencoder):
    return VAELatentTransfer(autoencoder, Ridge(1e-3))


def known(autoencoder=None):
    transfer = make_transfer_pipeline(latent(autoencoder or PCA(6)))
    return transfer.fit(LIBRARY.X_secondary, LIBRARY.X_primary)


def frozen(transfer):
    return FrozenEstimator(transfer.steps[-1][1].regressor_.autoencoder_)


def join(transfer, **sides):
    joined = make_transfer_pipeline(latent(frozen(transfer)), **sides)
    return joined.fit(JOINING.X_secondary, JOINING.X_primary)


@pytest.fixture
def library():
    return known()


def vae():
    quick = Training(n_steps=20, batch_size=50)
    return SpectralVAE((8,), n_latent=3, training=quick, random_state=0)


@pytest.mark.parametrize("autoencoder", [None, vae()], ids=["pca", "vae"])
def test_an_autoencoder_joined_with_its_primary_side_is_quiet(autoencoder):
    transfer = known(autoencoder)
    side = transfer.steps[-1][1].transformer_
    with warnings.catch_warnings():
        warnings.simplefilter("error", SpectransferWarning)
        join(transfer, primary=FrozenEstimator(side))


@pytest.mark.parametrize(
    "primary",
    [
        None,
        BaselineCorrector(),
        "default",
        make_pipeline(BaselineCorrector(20), StandardScaler(power=0)),
    ],
    ids=["raw", "unscaled", "scaled by others", "another baseline"],
)
def test_an_autoencoder_joined_with_another_side_is_warned_of(library, primary):
    with pytest.warns(SpectransferWarning, match=r"PCA.*prepared by both.*differ"):
        join(library, primary=primary)


def test_what_is_warned_of_is_worse(library):
    side = library.steps[-1][1].transformer_
    joined = join(library, primary=FrozenEstimator(side))
    with pytest.warns(SpectransferWarning):
        # without the scaler its numbers are others by orders of magnitude
        apart = join(library, primary=BaselineCorrector())
    errors = [
        relative_squared_error(
            t.steps[-1][1].transform_target(JOINING.X_primary),
            t.predict(JOINING.X_secondary),
        )
        for t in (joined, apart)
    ]
    assert errors[1] > 2 * errors[0]


def test_the_same_side_fitted_to_the_same_spectra_is_the_same(library):
    joined = make_transfer_pipeline(latent(frozen(library)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", SpectransferWarning)
        joined.fit(LIBRARY.X_secondary, LIBRARY.X_primary)
        single = LIBRARY.X_primary.astype(np.float32)
        joined.fit(LIBRARY.X_secondary.astype(np.float32), single)


def test_any_frozen_regressor_is_looked_at():
    scaled = PrimarySpaceRegressor(Ridge(), transformer=StandardScaler())
    scaled.fit(LIBRARY.X_secondary, LIBRARY.X_primary)
    bare = PrimarySpaceRegressor(FrozenEstimator(scaled.regressor_))
    with pytest.warns(SpectransferWarning, match="Ridge"):
        bare.fit(JOINING.X_secondary, JOINING.X_primary)


def test_other_channels_and_axes_are_told(library):
    pd = pytest.importorskip("pandas")
    joined = make_transfer_pipeline(latent(frozen(library)), primary=StandardScaler())
    with (
        pytest.warns(SpectransferWarning, match="130 channels, and y has 70"),
        pytest.raises(ValueError, match="70"),
    ):
        joined.fit(JOINING.X_secondary, JOINING.X_primary[:, :70])
    axis = PAIR.wavelengths_primary
    named, shifted = (
        pd.DataFrame(LIBRARY.X_primary, columns=a) for a in (axis, axis + 0.5)
    )
    transfer = PrimarySpaceRegressor(latent(PCA(3)), transformer=StandardScaler())
    transfer.fit(LIBRARY.X_secondary, named)
    autoencoder = FrozenEstimator(transfer.regressor_.autoencoder_)
    joined = PrimarySpaceRegressor(latent(autoencoder), transformer=StandardScaler())
    with warnings.catch_warnings():
        warnings.simplefilter("error", SpectransferWarning)
        joined.fit(LIBRARY.X_secondary, named)
    with (
        pytest.warns(SpectransferWarning, match=r"by up to 0\.5"),
        pytest.raises(WavelengthError, match="The frozen autoencoder"),
    ):
        joined.fit(LIBRARY.X_secondary, shifted)


def test_another_fit_forgets_the_side():
    transfer = known(vae())
    autoencoder = frozen(transfer).estimator
    autoencoder.fit(LIBRARY.X_primary)
    bare = PrimarySpaceRegressor(latent(FrozenEstimator(autoencoder)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", SpectransferWarning)
        bare.fit(LIBRARY.X_secondary, LIBRARY.X_primary)


def test_single_targets_have_no_space():
    transfer = PrimarySpaceRegressor(Ridge(), transformer=StandardScaler())
    transfer.fit(LIBRARY.X_secondary, LIBRARY.X_primary[:, 0])
    bare = PrimarySpaceRegressor(FrozenEstimator(transfer.regressor_))
    with warnings.catch_warnings():
        warnings.simplefilter("error", SpectransferWarning)
        bare.fit(LIBRARY.X_secondary, LIBRARY.X_primary[:, 0])


@pytest.mark.parametrize("frozen", [False, True])
def test_a_scaler_before_a_cropper_is_undone_where_channels_are_left(frozen):
    rng = np.random.default_rng(0)
    X, y = rng.random((20, 30)), 5 + rng.random((20, 40)) * np.linspace(1, 9, 40)
    axis = np.linspace(200, 300, 40)

    def predicted(*steps):
        side = make_pipeline(*steps)
        primary = FrozenEstimator(side.fit(y)) if frozen else side
        ridge = Ridge(1e-3)
        transfer = make_transfer_pipeline(ridge, secondary=None, primary=primary)
        return transfer.fit(X, y)

    cropper = WavelengthCropper(222.0, 290.0, wavelengths=axis)
    late = predicted(StandardScaler(), cropper, StandardScaler(power=0))
    early = predicted(cropper, StandardScaler(), StandardScaler(power=0))
    assert_allclose(late.predict(X), early.predict(X), rtol=1e-5)
    kept = (axis >= 222.0) & (axis <= 290.0)
    assert_allclose(late[-1].transform_target(y), y[:, kept], rtol=1e-6)
    side = late[-1].primary_side_
    assert_allclose(
        side.prepare_predicted(late.predict(X)), late[-1].regressor_.predict(X)
    )


def test_a_calibration_is_built_in_the_space_of_the_predictions():
    pair = make_instrument_pair(n_spectra=400, random_state=0)
    known, new = pair[:300], pair[300:]
    transfer = make_transfer_pipeline(Ridge(1e3))
    transfer.fit(known.X_secondary, known.X_primary)
    assert transfer.prediction_space_ == "changed for good by BaselineCorrector"
    predicted = transfer.predict(new.X_secondary)

    def error(spectra, predicted):
        # not scaled: channels are what is to be calibrated, intensity and all
        model = PLSRegression(6, scale=False).fit(spectra, known.y)
        return np.sqrt(np.mean((model.predict(predicted) - new.y) ** 2))

    right = error(transfer.transform_target(known.X_primary), predicted)
    assert error(known.X_primary, predicted) > 1.5 * right
    # where every step can be undone, predictions are raw, and raw calibrations hold
    raw = make_transfer_pipeline(Ridge(1e3), primary=StandardScaler(power=0))
    raw.fit(known.X_secondary, known.X_primary)
    assert raw.prediction_space_ == "as measured"
    assert_array_equal(raw.transform_target(new.X_primary), new.X_primary)
    assert error(known.X_primary, raw.predict(new.X_secondary)) < 1.5 * right


def test_wrapped_last_steps_tell_their_space_too():
    pair = make_instrument_pair(n_spectra=60, random_state=0)
    inner = make_transfer_pipeline(Ridge()).fit(pair.X_secondary, pair.X_primary)
    outer = TransferPipeline([("transfer", FrozenEstimator(inner))])
    assert outer.prediction_space_ == inner.prediction_space_
    expected = inner.steps[-1][1].transform_target(pair.X_primary)
    assert_array_equal(outer.transform_target(pair.X_primary), expected)
    plain = TransferPipeline([("ridge", Ridge())]).fit(pair.X_secondary, pair.X_primary)
    assert plain.prediction_space_ == "as measured"
    assert plain.transform_target(pair.X_primary) is pair.X_primary
