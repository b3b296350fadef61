"""The corrector as an estimator: windows, units, what it refuses, real spectra."""

import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import maximum_filter1d, minimum_filter1d
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from spectransfer.exceptions import WavelengthError, WindowError
from spectransfer.preprocessing import BaselineCorrector, StandardScaler
from spectransfer.preprocessing._sliding import slide_baseline


@pytest.fixture
def spectra():
    return np.random.default_rng(0).gamma(2.0, 100.0, size=(20, 200))


@pytest.fixture
def axis():
    return np.linspace(200.0, 219.9, 200)


def test_defaults_are_the_windows_of_the_papers_text(spectra):
    expected = slide_baseline(spectra, 100, 50, edges="available")
    assert_array_equal(BaselineCorrector().fit_transform(spectra), expected)


def test_as_published_equals_what_the_authors_code_ran(reference):
    published = reference("baseline.npz")
    corrector = BaselineCorrector.as_published()
    for name in ("lor_4062_a", "lor_3872_counts", "lor_1000"):
        if f"x__{name}" not in published:
            continue  # kept in the whole reference only
        x = published[f"x__{name}"]
        assert_allclose(
            corrector.fit_transform([x])[0],
            published[f"corrected__{name}__200_100"],
            rtol=0,
            atol=1e-10 * np.abs(x).max(),
        )


def test_transform_needs_no_fit_and_follows_changed_parameters(spectra):
    corrector = BaselineCorrector(30, smooth_window=10)
    unfitted = corrector.transform(spectra)
    assert_array_equal(corrector.fit(spectra).transform(spectra), unfitted)
    corrector.set_params(min_window=60)
    assert_array_equal(corrector.transform(spectra), slide_baseline(spectra, 60, 10))


def test_an_unfitted_corrector_takes_named_channels_without_a_warning(spectra, axis):
    corrector = BaselineCorrector(3.0, smooth_window=1.0, unit="nm")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        corrected = corrector.transform(pd.DataFrame(spectra, columns=axis))
    assert_array_equal(corrected, slide_baseline(spectra, 30, 10))
    assert not hasattr(corrector, "n_features_in_")


def test_the_corrector_offers_no_way_back():
    assert not hasattr(BaselineCorrector(), "inverse_transform")


def test_baseline_is_what_transform_subtracts(spectra):
    corrector = BaselineCorrector(30, smooth_window=10)
    assert_allclose(
        corrector.transform(spectra) + corrector.baseline(spectra), spectra, rtol=1e-13
    )


def test_windows_in_nm_become_channels_by_the_median_pitch(spectra, axis):
    in_nm = BaselineCorrector(3.0, smooth_window=1.04, unit="nm", wavelengths=axis)
    expected = slide_baseline(spectra, 30, 10)
    assert_array_equal(in_nm.fit_transform(spectra), expected)
    assert_array_equal(clone(in_nm).transform(spectra), expected)


def test_column_names_give_the_axis_and_survive_in_the_output(spectra, axis):
    frame = pd.DataFrame(spectra, columns=axis, index=np.arange(20) + 7)
    corrector = BaselineCorrector(3.0, smooth_window=1.0, unit="nm")
    corrected = corrector.set_output(transform="pandas").fit_transform(frame)
    assert_array_equal(corrected.to_numpy(), slide_baseline(spectra, 30, 10))
    assert_array_equal(corrected.columns.astype(float), axis)
    assert_array_equal(corrected.index, frame.index)
    assert_array_equal(corrector.wavelengths_, axis)


def test_windows_below_one_channel_in_nm_are_one_channel(spectra, axis):
    narrow = BaselineCorrector(0.01, smooth_window=0.01, unit="nm", wavelengths=axis)
    assert_array_equal(narrow.fit_transform(spectra), 0)


def test_windows_in_nm_without_an_axis_say_how_to_give_one(spectra):
    corrector = BaselineCorrector(3.0, smooth_window=1.0, unit="nm")
    for X in (spectra, pd.DataFrame(spectra)):
        with pytest.raises(WavelengthError, match=r"200 channels have none.*unit="):
            corrector.fit(X)
    with pytest.raises(WavelengthError, match="wavelengths="):
        corrector.transform(spectra)


def test_an_axis_of_another_length_is_refused(spectra, axis):
    corrector = BaselineCorrector(3.0, unit="nm", wavelengths=axis[:-1])
    with pytest.raises(WavelengthError, match="199 entries and 200 channels"):
        corrector.fit(spectra)


def test_the_axis_of_real_soils_that_steps_back_is_refused_in_nm_only(shared_npz):
    soils = shared_npz("data/libs_soils_goueguel_171x6669.npz")
    X, wavelengths = soils["X"][:3], soils["wavelengths"]
    with pytest.raises(WavelengthError, match=r"channel 6242 steps from 766\.15"):
        BaselineCorrector(5.0, unit="nm", wavelengths=wavelengths).fit(X)
    assert np.isfinite(
        BaselineCorrector(wavelengths=wavelengths).fit_transform(X)
    ).all()


def test_one_channel_has_no_pitch():
    corrector = BaselineCorrector(1.0, unit="nm", wavelengths=[500.0])
    with pytest.raises(WavelengthError, match="one channel only"):
        corrector.fit([[1.0], [2.0]])


@pytest.mark.parametrize("name", ["min_window", "smooth_window"])
def test_a_window_longer_than_the_spectrum_is_refused(spectra, axis, name):
    windows = {"min_window": 10, "smooth_window": 10} | {name: 201}
    message = rf"{name} must not be longer .* 201 channels and the spectra have 200"
    with pytest.raises(WindowError, match=message):
        BaselineCorrector(**windows).fit(spectra)
    with pytest.raises(WindowError, match="allow_long_windows=True"):
        BaselineCorrector(**windows).transform(spectra)
    in_nm = {key: value / 10 for key, value in windows.items()}
    with pytest.raises(WindowError, match=r"201 channels \(20.1 nm at 0.1 nm each\)"):
        BaselineCorrector(**in_nm, unit="nm", wavelengths=axis).fit(spectra)
    BaselineCorrector(**windows, allow_long_windows=True).fit(spectra)
    BaselineCorrector(**(windows | {name: 200})).fit(spectra)


def test_windows_longer_than_the_spectrum_see_all_of_it():
    x = np.array([[5.0, 3.0, 9.0]])
    corrector = BaselineCorrector(50, smooth_window=1, allow_long_windows=True)
    # minima to the left (5, 3, 3) and to the right (3, 3, 9)
    assert_allclose(corrector.fit_transform(x), [[1.0, 0.0, 3.0]])


def test_a_window_of_a_fraction_of_a_channel_is_refused(spectra):
    with pytest.raises(
        WindowError, match=r"whole number, but it is 10\.5.*unit='axis'"
    ):
        BaselineCorrector(10.5).fit(spectra)
    BaselineCorrector(np.float64(10.0), smooth_window=np.int64(5)).fit(spectra)


@pytest.mark.parametrize(
    "wrong",
    [{"min_window": 0}, {"smooth_window": -1}, {"edges": "reflect"}, {"unit": "px"}],
)
def test_parameters_out_of_range_are_named(spectra, wrong):
    with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter"):
        BaselineCorrector(**wrong).fit(spectra)


@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (-np.inf, "inf")])
def test_numbers_that_are_not_finite_are_refused_with_their_place(spectra, value, word):
    spectra[13, 57] = value
    corrector = BaselineCorrector(10, smooth_window=5)
    for method in (corrector.fit, corrector.transform, corrector.baseline):
        with pytest.raises(ValueError, match=rf"{word}.*spectrum 13, channel 57"):
            method(spectra)


def test_spectra_of_another_instrument_are_refused_at_transform(spectra, axis):
    corrector = BaselineCorrector(10, smooth_window=5).fit(spectra)
    with pytest.raises(ValueError, match="X has 150 features"):
        corrector.transform(spectra[:, :150])
    frame = pd.DataFrame(spectra, columns=axis)
    corrector.fit(frame)
    with pytest.raises(
        WavelengthError, match=r"200 channels from 200 to 219\.9.*from 201 to 220\.9"
    ):
        corrector.transform(frame.set_axis(axis + 1, axis=1))


def test_an_empty_batch_and_words_are_refused(spectra):
    corrector = BaselineCorrector(10, smooth_window=5).fit(spectra)
    with pytest.raises(ValueError, match="0 sample"):
        corrector.transform(spectra[:0])
    with pytest.raises(ValueError, match="could not convert string to float"):
        corrector.fit([["a", "b"], ["c", "d"]])


def test_unpaired_rows_fail_in_the_first_step_of_a_pipeline(spectra):
    pipeline = make_pipeline(BaselineCorrector(10, smooth_window=5), StandardScaler())
    with pytest.raises(
        ValueError, match=r"inconsistent numbers of samples: \[20, 19\]"
    ):
        pipeline.fit(spectra, spectra[:19])
    with pytest.raises(NotFittedError):
        pipeline[-1].transform(spectra)


def test_one_spectrum_is_corrected_as_among_many(spectra):
    corrector = BaselineCorrector(30, smooth_window=10)
    alone = corrector.fit_transform(spectra[4:5])
    assert_allclose(alone, corrector.transform(spectra)[4:5], rtol=0, atol=1e-11)


def test_float32_stays_and_integers_become_float64(spectra):
    corrector = BaselineCorrector(30, smooth_window=10)
    assert corrector.fit_transform(spectra.astype(np.float32)).dtype == np.float32
    counts = spectra.astype(np.uint16)
    corrected = corrector.fit_transform(counts)
    assert corrected.dtype == np.float64
    assert_allclose(corrected, corrector.transform(counts.astype(float)))


def test_input_is_left_as_it_was_and_may_be_read_only(spectra, tmp_path):
    np.save(tmp_path / "map.npy", spectra)
    mapped = np.load(tmp_path / "map.npy", mmap_mode="r")
    corrected = BaselineCorrector(30, smooth_window=10).fit_transform(mapped)
    assert_array_equal(corrected, slide_baseline(spectra, 30, 10))
    assert_array_equal(mapped, spectra)


def test_a_stored_corrector_corrects_alike(spectra, tmp_path):
    corrector = BaselineCorrector(30, smooth_window=10, n_jobs=2).fit(spectra)
    joblib.dump(corrector, tmp_path / "corrector.joblib")
    loaded = joblib.load(tmp_path / "corrector.joblib")
    assert_array_equal(loaded.transform(spectra), corrector.transform(spectra))


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("libs_soils_goueguel_171x6669", "X"),
        ("nir_tablets_idrc2002_instr1_instr2", "X_primary"),
        ("nir_tablets_idrc2002_instr1_instr2", "X_secondary"),
    ],
)
def test_baselines_of_real_spectra_stay_between_the_extremes_around(
    shared_npz, file, key
):
    X = shared_npz(f"data/{file}.npz")[key]
    W, V = 100, 50
    corrector = BaselineCorrector(W, smooth_window=V)
    corrected, baseline = corrector.fit_transform(X), corrector.baseline(X)
    assert corrected.dtype == X.dtype
    assert np.isfinite(corrected).all()
    assert_allclose(corrected + baseline, X, rtol=1e-5, atol=1e-5 * np.abs(X).max())
    # A mean over less than V channels of minima, each over less than W channels.
    ceiling = maximum_filter1d(X, 2 * V - 1, axis=1, mode="nearest")
    floor = minimum_filter1d(X, 2 * (W + V) - 3, axis=1, mode="nearest")
    rounding = 1e-5 * np.abs(X).max(axis=1, keepdims=True)
    assert (baseline <= ceiling + rounding).all()
    assert (baseline >= floor - rounding).all()
