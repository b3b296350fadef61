"""Fitted transfers in files: the same bits, and nothing run."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
)
from sklearn.preprocessing import StandardScaler as SklearnScaler

from spectransfer import (
    SpectralMLP,
    SpectralVAE,
    Training,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.adaptation import AdaptedTransfer, recalibrate
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import SpectransferWarning
from spectransfer.library import load_transfer, save_transfer
from spectransfer.library._container import read_container, write_container
from spectransfer.preprocessing import (
    BaselineCorrector,
    StandardScaler,
    WavelengthCropper,
    WavelengthResampler,
)
from spectransfer.transfer import (
    CanonicalCorrelationTransfer,
    DirectMLPTransfer,
    DirectStandardization,
    FewStandardsTransfer,
    KNNTransfer,
    MeanTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    SlopeBiasCorrection,
    SpectralSpaceTransformation,
)

PAIR = make_instrument_pair(n_spectra=40, random_state=0)
X, Y = PAIR.X_secondary, PAIR.X_primary
AXES = {
    "wavelengths_secondary": PAIR.wavelengths_secondary,
    "wavelengths_primary": PAIR.wavelengths_primary,
}
FEW = Training(n_steps=5)
VAE = SpectralVAE((16,), n_latent=3, training=FEW, random_state=0)
MLP = SpectralMLP((16,), training=FEW, random_state=0)
REGRESSORS = [
    VAELatentTransfer(VAE, MLP),
    VAELatentTransfer(
        SpectralVAE(
            (16, 8), n_latent=3, shortcut=None, n_components=None, training=FEW
        ),
        SpectralMLP((), n_components=None, training=FEW),
    ),
    VAELatentTransfer(PCA(4), Ridge()),
    DirectMLPTransfer((16,), n_latent=3, training=FEW),
    KNNTransfer(3),
    KNNTransfer(3, n_components=2),
    MeanTransfer(),
    OffsetTransfer(**AXES),
    DirectStandardization(),
    PiecewiseDirectStandardization(**AXES),
    SpectralSpaceTransformation(**AXES),
    FewStandardsTransfer(**AXES),
    CanonicalCorrelationTransfer(),
    LinearRegression(),
    Ridge(),
    RidgeCV(),
    PLSRegression(3),
    make_pipeline(PCA(5), make_pipeline(SklearnScaler(), Ridge())),
]


@pytest.fixture(
    scope="module", params=REGRESSORS, ids=lambda r: str(r)[:40].split("(")[0]
)
def transfer(request):
    return make_transfer_pipeline(request.param).fit(X, Y)


def reread(fitted, path):
    save_transfer(fitted, path)
    return load_transfer(path)


def test_predictions_after_loading_are_the_same_bits(transfer, path):
    again = reread(transfer, path)
    for spectra in (X, X[:1], X.astype(np.float64)):
        assert_array_equal(again.predict(spectra), transfer.predict(spectra))
        assert again.predict(spectra).dtype == transfer.predict(spectra).dtype


def test_a_loaded_transfer_is_saved_as_the_same_file(transfer, path):
    again = reread(transfer, path)
    before = path.read_bytes()
    save_transfer(again, path)
    assert len(path.read_bytes()) == len(before)
    assert_array_equal(load_transfer(path).predict(X), transfer.predict(X))


@pytest.mark.parametrize(
    "step",
    [
        BaselineCorrector(20, smooth_window=10),
        StandardScaler(power=0.5),
        WavelengthCropper(
            AXES["wavelengths_secondary"][5],
            AXES["wavelengths_secondary"][50],
            wavelengths=AXES["wavelengths_secondary"],
        ),
        WavelengthResampler(
            AXES["wavelengths_secondary"][5:50:2],
            wavelengths=AXES["wavelengths_secondary"],
        ),
        SklearnScaler(),
        MinMaxScaler(),
        MaxAbsScaler(),
        RobustScaler(),
        make_pipeline(StandardScaler(), make_pipeline(MinMaxScaler(), PCA(3))),
    ],
    ids=lambda step: type(step).__name__,
)
def test_steps_transform_to_the_same_bits(step, path):
    fitted = step.fit(X)
    assert_array_equal(reread(fitted, path).transform(X), fitted.transform(X))


def test_an_axis_in_column_names_is_kept_and_still_compared(path):
    frames = [
        pd.DataFrame(values, columns=[f"{w} nm" for w in wavelengths])
        for values, wavelengths in zip((X, Y), AXES.values(), strict=True)
    ]
    fitted = make_transfer_pipeline(Ridge()).fit(*frames)
    again = reread(fitted, path)
    assert_array_equal(again.predict(frames[0]), fitted.predict(frames[0]))
    moved = frames[0].set_axis([f"{c[:-3]}1 nm" for c in frames[0].columns], axis=1)
    with pytest.raises(ValueError, match="axis"):
        again.predict(moved.iloc[:, ::-1])


def test_a_loaded_autoencoder_can_be_joined_by_another_laboratory(path):
    known = make_transfer_pipeline(VAELatentTransfer(VAE, MLP)).fit(X, Y)

    def joined(transfer):
        last = transfer.steps[-1][1]
        mapper = VAELatentTransfer(FrozenEstimator(last.regressor_.autoencoder_), MLP)
        primary = FrozenEstimator(last.transformer_)
        return make_transfer_pipeline(mapper, primary=primary).fit(X[:, ::2], Y)

    expected = joined(known).predict(X[:, ::2])
    assert_array_equal(joined(reread(known, path)).predict(X[:, ::2]), expected)


def test_recalibrated_and_slope_corrected_transfers_are_kept(path):
    day = recalibrate(make_transfer_pipeline(Ridge()).fit(X, Y), X * 1.01, X)
    assert_array_equal(reread(day, path).predict(X), day.predict(X))
    adapted = recalibrate(
        make_transfer_pipeline(DirectStandardization()).fit(X, Y),
        X[:6] * 1.01,
        X[:6],
        y_reference=1.5 * Y[:6],
    )
    assert isinstance(adapted[-1], AdaptedTransfer)
    assert_array_equal(reread(adapted, path).predict(X), adapted.predict(X))
    slope = SlopeBiasCorrection(Ridge().fit(Y, Y[:, 0])).fit(Y, Y[:, 0])
    assert_array_equal(reread(slope, path).predict(Y), slope.predict(Y))


def test_an_unlisted_part_is_refused_by_name_with_advice(path):
    forest = make_transfer_pipeline(RandomForestRegressor(2)).fit(X, Y)
    with pytest.raises(TypeError, match=r"RandomForestRegressor in .*joblib\.dump"):
        save_transfer(forest, path)
    assert not path.exists()


def test_a_class_made_of_a_listed_one_is_refused(path):
    class Ridge(sklearn.linear_model.Ridge):
        pass

    with pytest.raises(TypeError, match="closed list"):
        save_transfer(Ridge().fit(X, Y), path)


def test_what_is_not_fitted_and_what_holds_nan_is_not_written(path):
    with pytest.raises(NotFittedError):
        save_transfer(make_transfer_pipeline(Ridge()), path)
    broken = Ridge().fit(X, Y)
    broken.coef_[0, 0] = np.nan
    with pytest.raises(TypeError, match=r"NaN or inf in transfer\.coef_"):
        save_transfer(broken, path)


def test_a_failed_writing_leaves_the_older_file(path, monkeypatch):
    save_transfer(MeanTransfer().fit(X, Y), path)
    before = path.read_bytes()

    opened = Path.open

    def full(self, mode="r", *options, **named):
        file = opened(self, mode, *options, **named)
        if mode == "wb":
            file.write(b"half")
            file.close()
            raise OSError("no room")
        return file

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OSError, match="no room"):
        save_transfer(Ridge().fit(X, Y), path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_another_scikit_learn_is_told(small, path):
    path.write_bytes(small[1])
    content, arrays = read_container(path, "transfer")
    content["written_with"]["scikit-learn"] = "0.1"
    write_container(path, "transfer", content, arrays)
    with pytest.warns(SpectransferWarning, match=r"'0\.1'"):
        load_transfer(path)


def test_what_is_written_twice_has_the_same_bytes(path):
    fitted = make_pipeline(StandardScaler(), PCA(2), Ridge()).fit(X, Y)
    save_transfer(fitted, path)
    first = path.read_bytes()
    for _ in range(5):
        save_transfer(fitted, path)
        assert path.read_bytes() == first


def test_single_targets_stay_single(path):
    single = make_pipeline(StandardScaler(), MeanTransfer()).fit(X, Y[:, 0])
    assert_array_equal(reread(single, path).predict(X), single.predict(X))
