"""Resampling onto another axis, against scipy, literal loops and the authors."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.interpolate import CubicSpline

from spectransfer.exceptions import WavelengthError
from spectransfer.preprocessing import WavelengthResampler

KINDS = ["linear", "cubic", "flux-conserving"]


def edges_of(axis):
    """Give the edges of channels: halfway to each neighbour, alike at the ends."""
    between = [(left + right) / 2 for left, right in pairwise(axis)]
    return np.array([2 * axis[0] - between[0], *between, 2 * axis[-1] - between[-1]])


def literal_flux(axis, x, new):
    """Mean of the old bins over each new bin, bin by bin."""
    old_edges, new_edges = edges_of(axis), edges_of(new)
    means = []
    for j in range(len(new)):
        total = covered = 0.0
        for i in range(len(axis)):
            overlap = min(old_edges[i + 1], new_edges[j + 1]) - max(
                old_edges[i], new_edges[j]
            )
            if overlap > 0:
                total += overlap * x[i]
                covered += overlap
        means.append(total / covered)
    return np.array(means)


@pytest.fixture(params=["even", "uneven"])
def axis(request):
    steps = np.full(80, 0.5)
    if request.param == "uneven":
        steps = np.random.default_rng(3).uniform(0.1, 3.0, 80)
    return 200 + np.cumsum(steps)


@pytest.fixture
def spectra():
    return np.random.default_rng(0).gamma(2.0, 100.0, size=(150, 80))


@pytest.fixture(params=[7, 79, 300])
def new_axis(request, axis):
    within = np.linspace(axis[0], axis[-1], request.param)
    return within + 0.01 * np.sin(within) * (within[1] - within[0]) * (
        (within > axis[0]) & (within < axis[-1])
    )


def test_linear_equals_numpys_interpolation(axis, new_axis, spectra):
    resampler = WavelengthResampler(new_axis, wavelengths=axis)
    expected = [np.interp(new_axis, axis, x) for x in spectra]
    assert_allclose(resampler.fit_transform(spectra), expected, rtol=1e-13)


def test_cubic_equals_scipys_spline(axis, new_axis, spectra):
    resampler = WavelengthResampler(new_axis, kind="cubic", wavelengths=axis)
    expected = CubicSpline(axis, spectra, axis=1)(new_axis)
    assert_allclose(
        resampler.fit_transform(spectra), expected, atol=1e-12 * np.abs(expected).max()
    )


def test_cubic_on_thousands_of_channels_stays_sparse_and_exact():
    rng = np.random.default_rng(0)
    axis = 200 + np.cumsum(rng.uniform(0.02, 0.06, 4000))
    new = np.linspace(axis[0], axis[-1], 3000)
    X = rng.random((3, 4000))
    resampler = WavelengthResampler(new, kind="cubic", wavelengths=axis).fit(X)
    assert resampler.weights_.nnz < 130 * len(new)
    expected = CubicSpline(axis, X, axis=1)(new)
    assert_allclose(resampler.transform(X), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_cubic_on_a_few_channels_equals_scipys_spline(n_channels):
    axis, X = (
        np.arange(n_channels) * 2.0,
        np.random.default_rng(0).random((2, n_channels)),
    )
    new = np.linspace(0, axis[-1], 5) if n_channels > 1 else axis
    resampled = WavelengthResampler(new, kind="cubic", wavelengths=axis).fit_transform(
        X
    )
    expected = CubicSpline(axis, X, axis=1)(new) if n_channels > 1 else X
    assert_allclose(resampled, expected, rtol=1e-13)


def test_flux_conserving_equals_a_literal_loop_over_bins(axis, new_axis, spectra):
    resampler = WavelengthResampler(new_axis, kind="flux-conserving", wavelengths=axis)
    expected = [literal_flux(axis, x, new_axis) for x in spectra[:5]]
    assert_allclose(resampler.fit_transform(spectra)[:5], expected, rtol=1e-11)


def test_flux_conserving_keeps_the_integral_over_the_overlap(axis, new_axis, spectra):
    resampler = WavelengthResampler(new_axis, kind="flux-conserving", wavelengths=axis)
    resampled = resampler.fit_transform(spectra)
    old_edges, new_edges = edges_of(axis), edges_of(new_axis)
    low, high = max(old_edges[0], new_edges[0]), min(old_edges[-1], new_edges[-1])
    before = spectra @ np.diff(np.clip(old_edges, low, high))
    after = resampled @ np.diff(np.clip(new_edges, low, high))
    assert_allclose(after, before, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_axis_gives_the_same_spectra(axis, spectra, kind):
    resampler = WavelengthResampler(axis, kind=kind, wavelengths=axis)
    assert_allclose(resampler.fit_transform(spectra), spectra, rtol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_flat_spectra_stay_flat(axis, new_axis, kind):
    resampler = WavelengthResampler(new_axis, kind=kind, wavelengths=axis)
    assert_allclose(resampler.fit_transform(np.full((2, 80), 7.0)), 7.0, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_is_kept_and_rows_do_not_see_each_other(
    axis, new_axis, spectra, kind, dtype
):
    X = spectra.astype(dtype)
    resampler = WavelengthResampler(new_axis, kind=kind, wavelengths=axis).fit(X)
    whole = resampler.transform(X)
    assert whole.dtype == dtype
    assert_array_equal(resampler.transform(X[60:70]), whole[60:70])
    exact = resampler.transform(spectra)
    assert_allclose(whole, exact, rtol=0, atol=1e-5 * np.abs(exact).max())


def test_zeros_outside_give_the_authors_common_axis(reference):
    published = reference("metrics.npz")
    cases = ("swapped", "left_finer", "identical", "disjoint", "one_overlap")
    for case in cases:
        for side in ("left", "right"):
            resampler = WavelengthResampler(
                published[f"match_{case}__out_cal"],
                fill_value=0.0,
                wavelengths=published[f"match_{case}__{side}_cal"],
            )
            resampled = resampler.fit_transform(published[f"match_{case}__{side}"])
            expected = published[f"match_{case}__out_{side}"]
            assert_allclose(resampled, expected, atol=1e-12, err_msg=f"{case} {side}")


@pytest.mark.parametrize("kind", KINDS)
def test_beyond_the_measured_range_the_user_chooses(axis, spectra, kind):
    new = np.concatenate([[axis[0] - 5], axis[10:70:3], [axis[-1] + 2, axis[-1] + 9]])
    refusing = WavelengthResampler(new, kind=kind, wavelengths=axis)
    message = (
        rf"range of the spectra, which have {len(axis)} channels from {axis[0]:.6g} to "
        rf"{axis[-1]:.6g}, but they are 23 channels from {new[0]:.6g} to "
        rf"{new[-1]:.6g}, and 3 lie outside"
    )
    with pytest.raises(WavelengthError, match=message):
        refusing.fit(spectra)
    for fill, first, last in [
        (-3.5, -3.5, -3.5),
        ("edge", spectra[:, 0], spectra[:, -1]),
    ]:
        filled = refusing.set_params(fill_value=fill).fit_transform(spectra)
        assert_allclose(filled[:, 0], first)
        assert_allclose(filled[:, -2], last)
        assert_allclose(filled[:, -1], last)
        if kind != "flux-conserving":
            assert_allclose(filled[:, 1:-2], spectra[:, 10:70:3], rtol=1e-12)


def test_rounding_in_the_last_digit_is_not_beyond_the_range(spectra):
    axis = np.linspace(200, 900, 80)
    new = axis * (1 + 1e-15)
    resampled = WavelengthResampler(new, wavelengths=axis).fit_transform(spectra)
    assert_allclose(resampled, spectra, rtol=1e-9)


def test_new_wavelengths_become_column_names(axis, spectra):
    frame = pd.DataFrame(spectra, columns=axis, index=np.arange(150) * 2)
    resampler = WavelengthResampler(axis[5:60:7]).set_output(transform="pandas")
    resampled = resampler.fit_transform(frame)
    assert_array_equal(resampled.columns.astype(float), axis[5:60:7])
    assert_array_equal(resampled.index, frame.index)
    assert_allclose(resampled.to_numpy(), spectra[:, 5:60:7])


def test_axes_that_do_not_fit_are_refused(axis, spectra, shared_npz):
    with pytest.raises(WavelengthError, match="80 channels have none"):
        WavelengthResampler([210.0]).fit(spectra)
    with pytest.raises(WavelengthError, match="79 entries and 80 channels"):
        WavelengthResampler([210.0], wavelengths=axis[1:]).fit(spectra)
    with pytest.raises(WavelengthError, match="new_wavelengths must increase"):
        WavelengthResampler([210.0, 209.0], wavelengths=axis).fit(spectra)
    soils = shared_npz("data/libs_soils_goueguel_171x6669.npz")
    resampler = WavelengthResampler([300.0], wavelengths=soils["wavelengths"])
    with pytest.raises(WavelengthError, match=r"channel 6242 steps from 766\.15"):
        resampler.fit(soils["X"])


def test_what_does_not_fit_is_refused(axis, spectra):
    resampler = WavelengthResampler(axis[:5], wavelengths=axis).fit(spectra)
    assert not hasattr(resampler, "inverse_transform")
    with pytest.raises(ValueError, match="X has 79 features"):
        resampler.transform(spectra[:, 1:])
    with pytest.raises(ValueError, match="0 sample"):
        resampler.transform(spectra[:0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        resampler.fit(spectra, spectra[1:])
    spectra[2, 3] = np.nan
    with pytest.raises(ValueError, match="spectrum 2, channel 3"):
        resampler.transform(spectra)
    with pytest.raises(ValueError, match="'kind' parameter"):
        WavelengthResampler(axis[:5], kind="nearest", wavelengths=axis).fit(spectra)
