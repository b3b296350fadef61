"""Units through the whole pipeline, and the axes of both sides compared."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, LeaveOneOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from spectransfer import (
    BaselineCorrector,
    KNNTransfer,
    MeanTransfer,
    PrimarySpaceRegressor,
    StandardScaler,
    VAELatentTransfer,
    WavelengthCropper,
    WavelengthResampler,
    make_transfer_pipeline,
    transfer_spectra,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import evaluate_transfers
from spectransfer.exceptions import WavelengthError
from spectransfer.metrics import make_transfer_scorer, relative_squared_error
from spectransfer.spectra import Axis, PairedMaps, SpectraPair

pd = pytest.importorskip("pandas")
NM = re.compile(r"\bnm\b")


def raman(units=("cm-1", "cm-1"), n=40):
    pair = make_instrument_pair(n, n_secondary=131, n_primary=151, random_state=0)
    axes = [np.linspace(200, 3200, 131), np.linspace(300, 3000, 151)]
    return SpectraPair(
        pair.X_secondary,
        pair.X_primary,
        *(Axis(a, u) for a, u in zip(axes, units, strict=True)),
        meta={"unit": "a.u."},
    )


def short():
    return make_transfer_pipeline(Ridge(), secondary=None, primary=None)


def test_a_raman_pair_is_shown_and_reported_without_nm(tmp_path):
    plt = pytest.importorskip("matplotlib.pyplot")
    from spectransfer.plotting import ErrorSpectrumDisplay, MapDisplay, SpectraDisplay
    from spectransfer.report import write_report

    pair = raman()
    maps = PairedMaps(
        pair.X_secondary, pair.X_primary, pair.axis_secondary, pair.axis_primary,
        shape=(5, 8), meta=pair.meta,
    )  # fmt: skip
    secondary, primary = pair.as_frames()
    assert not NM.search(repr(pair) + repr(maps))
    transfer = make_transfer_pipeline(Ridge()).fit(secondary, primary)
    labels = []
    for display in (
        SpectraDisplay.from_maps(maps),
        SpectraDisplay.from_estimator(transfer, secondary, primary),
        ErrorSpectrumDisplay.from_estimator(transfer, secondary, primary),
    ):
        labels.append(display.ax_.get_xlabel())
    assert labels == ["wavenumber (cm-1)"] * 3
    band = MapDisplay.from_maps(maps, band=(500.0, 900.0))
    assert band.colorbar_.ax.get_ylabel() == "emissivity, 500 to 900 cm-1 (a.u.)"
    table = evaluate_transfers(
        {"ridge": transfer}, maps, maps, protocols=["deployable"]
    )
    assert "Euclidean / a.u." in repr(table)
    write_report(table, train=maps, test=maps, out=tmp_path / "page")
    page = next((tmp_path / "page").rglob("*.html")).read_text(encoding="utf-8")
    text = re.sub(r"data:image[^\"]*", "", page)
    text = re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)
    assert not NM.search(text)
    assert "counts" not in text
    plt.close("all")


def test_a_pair_of_two_units_goes_through_the_pipeline_and_is_drawn_on_two_axes():
    plt = pytest.importorskip("matplotlib.pyplot")
    from spectransfer.plotting import SpectraDisplay

    pair = raman(("cm-1", "nm"))
    assert "3200 cm-1" in repr(pair)
    assert "3000 nm" in repr(pair)
    transfer = make_transfer_pipeline(Ridge()).fit(*pair.as_frames())
    there = transfer_spectra(transfer, pair)
    assert there.units == ("cm-1", "nm")
    display = SpectraDisplay.from_maps(pair)
    assert display.ax_.get_xlabel() == "wavelength (nm)"
    assert display.twin_.get_xlabel() == "wavenumber (cm-1)"
    plt.close("all")


def test_frames_of_another_unit_are_refused():
    nm = raman(("nm", "nm"))
    transfer = short().fit(*raman().as_frames())
    with pytest.raises(WavelengthError, match="their units differ"):
        transfer.predict(nm.as_frames()[0])
    bare = pd.DataFrame(nm.X_secondary, columns=nm.wavelengths_secondary)
    transfer.predict(bare)  # which does not say its unit


def shifted(frame):
    return frame.set_axis([f"{float(c.split()[0]) + 7} cm-1" for c in frame], axis=1)


USES = {
    "score": lambda t, X, y: t.score(X, y),
    "scorer": lambda t, X, y: make_transfer_scorer(relative_squared_error)(t, X, y),
    "reference": lambda t, X, y: t.predict(X, reference=y),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    "transfer",
    [PrimarySpaceRegressor(Ridge()), MeanTransfer(), KNNTransfer()],
    ids=lambda t: type(t).__name__,
)
def test_primary_spectra_on_another_axis_are_refused(transfer, use):
    secondary, primary = raman().as_frames()
    fitted = transfer.fit(secondary, primary)
    if use == "reference" and not isinstance(transfer, PrimarySpaceRegressor):
        pytest.skip("predicts without a reference")
    USES[use](fitted, secondary, primary)
    with pytest.raises(WavelengthError, match="first channel that differs is 0"):
        USES[use](fitted, secondary, shifted(primary))


def test_the_axis_of_y_is_compared_wherever_a_second_y_comes():
    secondary, primary = raman().as_frames()
    other = shifted(primary)
    mean = MeanTransfer().partial_fit(secondary, primary)
    with pytest.raises(WavelengthError, match="differs is 0"):
        mean.partial_fit(secondary, other)
    with pytest.raises(WavelengthError, match="differs is 0"):
        relative_squared_error(primary, other)
    with pytest.raises(WavelengthError, match=r"primary spectra of test.*of train"):
        evaluate_transfers(
            {"mean": MeanTransfer()}, (secondary, primary), (secondary, other)
        )


@pytest.mark.parametrize("bare", [True, False])
def test_a_laboratory_does_not_join_with_an_autoencoder_of_another_axis(bare):
    secondary, primary = raman().as_frames()

    def laboratory(autoencoder):
        latent = VAELatentTransfer(autoencoder, Ridge())
        return latent if bare else PrimarySpaceRegressor(latent)

    first = laboratory(PCA(4)).fit(secondary, primary)
    learned = (first if bare else first.regressor_).autoencoder_
    laboratory(FrozenEstimator(learned)).fit(secondary, primary)
    with pytest.raises(WavelengthError, match=r"frozen autoencoder.*differs is 0"):
        laboratory(FrozenEstimator(learned)).fit(secondary, shifted(primary))


def test_predictions_are_frames_files_and_pairs_on_the_primary_axis(tmp_path):
    pair = raman()
    secondary, primary = pair.as_frames()
    transfer = make_transfer_pipeline(
        Ridge(),
        primary=make_pipeline(
            WavelengthCropper(500, 2500), BaselineCorrector(9, smooth_window=5)
        ),
    ).fit(secondary, primary)
    plain = transfer.predict(secondary)
    frame = transfer_spectra(transfer, secondary, output="pandas")
    inside = (pair.wavelengths_primary >= 500) & (pair.wavelengths_primary <= 2500)
    assert list(frame.columns) == list(primary.columns[inside])
    assert_allclose(frame.to_numpy(), plain, rtol=1e-12)
    there = transfer_spectra(transfer, pair)
    assert there.axis_primary == Axis(pair.wavelengths_primary[inside], "cm-1")
    transfer_spectra(transfer, secondary, tmp_path / "there.npz")
    with np.load(tmp_path / "there.npz") as written:
        assert str(written["unit"]) == "cm-1"
        assert_array_equal(written["wavelengths"], pair.wavelengths_primary[inside])


def test_polars_frames_keep_their_names():
    pl = pytest.importorskip("polars")
    pair = raman()
    frames = [pl.DataFrame({c: f[c].to_numpy() for c in f}) for f in pair.as_frames()]
    transfer = short().fit(*frames)
    found = transfer_spectra(transfer, frames[0], output="polars")
    assert found.columns == frames[1].columns
    evaluate_transfers({"ridge": short()}, frames, frames, protocols=["deployable"])
    with pytest.raises(WavelengthError, match="differs"):
        transfer_spectra(
            transfer,
            frames[0].rename({c: f"{k} cm-1" for k, c in enumerate(frames[0].columns)}),
        )


def test_a_function_without_inverse_counts_as_lossy():
    X = np.abs(np.random.default_rng(0).normal(size=(30, 5))) + 1
    y = np.abs(X @ np.ones((5, 4))) + 500
    fitted = PrimarySpaceRegressor(
        Ridge(), transformer=FunctionTransformer(np.log)
    ).fit(X, y)
    assert_allclose(fitted.transform_target(y), np.log(y))
    both = FunctionTransformer(np.log, np.exp)
    undone = PrimarySpaceRegressor(Ridge(), transformer=both).fit(X, y)
    assert_allclose(undone.transform_target(y), y)
    assert fitted.score(X, y) > 0.9


def test_channels_that_the_primary_cropper_cuts_need_not_be_finite():
    pair = raman()
    y = pair.X_primary.copy()
    y[:, 0] = np.nan
    side = make_pipeline(
        WavelengthCropper(500, wavelengths=pair.axis_primary),
        StandardScaler(power=0),
    )
    fitted = make_transfer_pipeline(Ridge(), secondary=None, primary=side).fit(
        pair.X_secondary, y
    )
    assert np.isfinite(fitted.predict(pair.X_secondary)).all()
    assert np.isfinite(fitted.score(pair.X_secondary, y))
    y[3, 20] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        fitted.fit(pair.X_secondary, y)


def test_one_spectrum_has_no_relative_error():
    pair = raman(n=6)
    search = GridSearchCV(
        Ridge(), {"alpha": [1.0, 2.0]}, cv=LeaveOneOut(), error_score="raise",
        scoring=make_transfer_scorer(relative_squared_error, greater_is_better=False),
    )  # fmt: skip
    with pytest.raises(ValueError, match="at least two spectra"):
        search.fit(pair.X_secondary, pair.X_primary)


@pytest.mark.parametrize("dtype", [">f4", ">f8", "<u2", ">i4"])
def test_maps_of_foreign_numbers_are_read_as_what_they_are(tmp_path, dtype):
    X = np.arange(60).reshape(12, 5).astype(dtype)
    X.tofile(tmp_path / "map")
    mapped = np.memmap(tmp_path / "map", dtype, "r", shape=X.shape)
    plain = X.astype(np.dtype(dtype).newbyteorder("=") if "f" in dtype else float)
    found = StandardScaler().fit_transform(mapped)
    assert found.dtype == plain.dtype
    assert_array_equal(found, StandardScaler().fit_transform(plain))


@pytest.mark.parametrize("side", ["X", "y"])
def test_masked_values_are_refused(side):
    X = np.ma.MaskedArray(np.ones((4, 3)), np.eye(4, 3))
    both = {"X": np.ones((4, 3)), "y": np.ones((4, 3))} | {side: X}
    with pytest.raises(ValueError, match=f"^{side} must have a number.*masked"):
        MeanTransfer().fit(**both)
    with pytest.raises(ValueError, match="masked"):
        SpectraPair(X, X, [1, 2, 3], [1, 2, 3])


def test_objects_that_are_no_numbers_are_told_in_our_words():
    frame = pd.DataFrame({"a": [1.0, pd.NA], "b": [2.0, 3.0]}, dtype=object)
    with pytest.raises(TypeError, match=r"X must hold numbers.*pandas\.NA"):
        StandardScaler().fit(frame.to_numpy())


def test_a_column_beside_channels_is_named_and_refused():
    frame = raman().as_frames()[0].reset_index(drop=True)
    frame.insert(0, "sample_no", np.arange(len(frame)))
    for use in (
        StandardScaler().fit,
        lambda X: MeanTransfer().fit(np.ones((40, 2)), X),
    ):
        with pytest.raises(WavelengthError, match="'sample_no', which is no channel"):
            use(frame)


def test_gaps_are_not_bridged_unless_asked():
    axis = np.append(np.arange(100.0), np.arange(150.0, 200.0))
    X = np.ones((2, 150))
    for fill in (None, "edge"):
        with pytest.raises(WavelengthError, match=r"gaps of the axis.*across_gaps"):
            WavelengthResampler([50.0, 120.0], wavelengths=axis, fill_value=fill).fit(X)
    filled = WavelengthResampler([50.0, 120.0], wavelengths=axis, fill_value=0.0)
    assert filled.fit_transform(X).tolist() == [[1.0, 0.0]] * 2
    asked = WavelengthResampler([120.0], wavelengths=axis, across_gaps=True)
    assert asked.fit_transform(X).tolist() == [[1.0]] * 2


@pytest.mark.parametrize("estimator", [BaselineCorrector, WavelengthCropper])
def test_windows_are_in_the_unit_of_the_axis(estimator):
    frame = raman().as_frames()[0]
    if estimator is WavelengthCropper:
        assert WavelengthCropper(500, 1000).fit(frame).axis_.unit == "cm-1"
        return
    in_cm = BaselineCorrector(207.0, smooth_window=115.0, unit="axis").fit_transform(
        frame
    )
    counted = BaselineCorrector(9, smooth_window=5).fit_transform(frame)
    assert_array_equal(in_cm, counted)
    with pytest.raises(WavelengthError, match=r"in nm, and the axis has.*cm-1"):
        BaselineCorrector(900.0, smooth_window=500.0, unit="nm").fit(frame)


def test_xarray_keeps_the_units():
    pytest.importorskip("xarray")
    pair = raman(("cm-1", "nm"))
    maps = PairedMaps(
        pair.X_secondary, pair.X_primary, pair.axis_secondary, pair.axis_primary,
        shape=(5, 8),
    )  # fmt: skip
    assert PairedMaps.from_xarray(maps.to_xarray()).units == ("cm-1", "nm")


@pytest.mark.parametrize(
    "step",
    [
        FunctionTransformer(),
        FunctionTransformer(np.log1p, np.expm1),
        FunctionTransformer(lambda x: np.asarray(x) / np.asarray(x).max(1)[:, None]),
        FunctionTransformer(np.clip, kw_args={"a_min": 1.0, "a_max": None}),
        make_pipeline(FunctionTransformer(np.sqrt, np.square), FunctionTransformer()),
    ],
    ids=["nothing", "log", "norm", "arguments", "nested"],
)
def test_functions_that_treat_channels_alike_keep_the_axis_of_a_frozen_part(step):
    secondary, primary = raman().as_frames()
    known = PCA(4).fit(abs(primary))
    joined = make_transfer_pipeline(
        VAELatentTransfer(FrozenEstimator(known), Ridge()), secondary=None, primary=step
    )
    joined.fit(secondary, abs(primary))
    with pytest.raises(WavelengthError, match="frozen autoencoder"):
        joined.fit(secondary, shifted(abs(primary)))


def test_functions_that_move_channels_tell_no_axis():
    from spectransfer.pipeline._steps import names_through

    names = raman().as_frames()[1].columns.tolist()
    for moves in (np.fliplr, np.gradient, lambda x: x[:, 1:], lambda x: x.columns):
        assert names_through(FunctionTransformer(moves), names) is None
