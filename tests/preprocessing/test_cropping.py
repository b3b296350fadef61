"""Cropping to a wavelength range."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from spectransfer.exceptions import WavelengthError
from spectransfer.preprocessing import WavelengthCropper


@pytest.fixture
def axis():
    return np.linspace(200.0, 290.0, 10)


@pytest.fixture
def spectra():
    return np.random.default_rng(0).random((4, 10)) * 100


def test_cropping_equals_the_authors_plus_their_lost_last_channel(reference):
    published = reference("metrics.npz")
    X, labels = published["crop__X"], published["crop__labels"]
    for case in ("none", "inner", "onlyfrom", "onlyto", "exact", "wide"):
        kept = published[f"crop__{case}__cols"]
        cropper = WavelengthCropper(
            labels[kept[0]], labels[kept[-1] + 1], wavelengths=labels
        )
        cropped = cropper.fit_transform(X)
        assert_array_equal(cropped[:, :-1], published[f"crop__{case}"], err_msg=case)
        assert_array_equal(cropped[:, -1], X[:, kept[-1] + 1], err_msg=case)


@pytest.mark.parametrize(
    ("lower", "upper", "kept"),
    [
        (None, None, slice(0, 10)),
        (220, None, slice(2, 10)),
        (None, 250, slice(0, 6)),
        (220, 250, slice(2, 6)),
        (219.9, 250.1, slice(2, 6)),
        (220.1, 249.9, slice(3, 5)),
        (220, 220, slice(2, 3)),
        (0, 1000, slice(0, 10)),
    ],
)
def test_both_ends_of_the_range_are_kept(axis, spectra, lower, upper, kept):
    cropper = WavelengthCropper(lower, upper, wavelengths=axis)
    assert_array_equal(cropper.fit_transform(spectra), spectra[:, kept])
    assert_array_equal(cropper.wavelengths_, axis[kept])
    assert list(cropper.get_feature_names_out()) == [str(w) for w in axis[kept]]


@pytest.mark.parametrize(
    ("lower", "upper"), [(221, 229), (300, 400), (10, 20), (250, 220)]
)
def test_a_range_without_channels_is_refused_with_both_ranges(
    axis, spectra, lower, upper
):
    message = (
        rf"lower={lower} and upper={upper}: the axis has 10 channels from 200 to 290"
    )
    with pytest.raises(WavelengthError, match=message):
        WavelengthCropper(lower, upper, wavelengths=axis).fit(spectra)


def test_column_names_give_the_axis_and_are_kept_as_they_read(axis, spectra):
    for columns in (axis, [f"{w:.2f}" for w in axis]):
        frame = pd.DataFrame(spectra, columns=columns)
        cropper = WavelengthCropper(215, 255).set_output(transform="pandas")
        cropped = cropper.fit_transform(frame)
        assert list(cropped.columns) == [str(c) for c in columns[2:6]]
        assert_array_equal(cropped.to_numpy(), spectra[:, 2:6])
        with pytest.raises(WavelengthError, match="from 201 to 291"):
            cropper.transform(frame.set_axis(axis + 1, axis=1))


def test_a_range_on_an_unknown_axis_is_refused(spectra):
    with pytest.raises(WavelengthError, match="10 channels have none"):
        WavelengthCropper(220).fit(spectra)
    with pytest.raises(WavelengthError, match="10 channels have none"):
        WavelengthCropper(2).fit(pd.DataFrame(spectra))
    assert_array_equal(WavelengthCropper().fit_transform(spectra), spectra)
    by_number = WavelengthCropper(2, 4, wavelengths="channels")
    assert_array_equal(by_number.fit_transform(spectra), spectra[:, 2:5])


def test_an_axis_that_does_not_fit_is_refused(axis, spectra, shared_npz):
    with pytest.raises(WavelengthError, match="9 entries and 10 channels"):
        WavelengthCropper(220, wavelengths=axis[1:]).fit(spectra)
    soils = shared_npz("data/libs_soils_goueguel_171x6669.npz")
    cropper = WavelengthCropper(220, wavelengths=soils["wavelengths"])
    with pytest.raises(WavelengthError, match=r"channel 6242 steps from 766\.15"):
        cropper.fit(soils["X"])


def test_channels_that_are_cropped_away_may_hold_nan(axis, spectra):
    spectra[1, 0] = np.nan
    cropper = WavelengthCropper(220, 250, wavelengths=axis)
    assert_array_equal(cropper.fit_transform(spectra), spectra[:, 2:6])
    spectra[3, 4] = np.inf
    for method in (cropper.fit, cropper.transform):
        with pytest.raises(ValueError, match="spectrum 3, channel 4"):
            method(spectra)


def test_the_result_is_a_copy_in_the_same_precision(axis, spectra):
    for dtype in (np.float32, np.float64):
        X = spectra.astype(dtype)
        cropped = WavelengthCropper(220, wavelengths=axis).fit_transform(X)
        assert cropped.dtype == dtype
        assert not np.shares_memory(cropped, X)


def test_what_does_not_fit_is_refused(axis, spectra):
    cropper = WavelengthCropper(220, wavelengths=axis).fit(spectra)
    assert not hasattr(cropper, "inverse_transform")
    with pytest.raises(ValueError, match="X has 9 features"):
        cropper.transform(spectra[:, 1:])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        cropper.fit(spectra, spectra[1:])
    with pytest.raises(ValueError, match="0 sample"):
        cropper.transform(spectra[:0])
    with pytest.raises(ValueError, match="should have length equal"):
        cropper.get_feature_names_out(["a", "b"])
