import numpy as np
import pytest

from spectransfer.metrics import (
    k_score,
    mean_cosine,
    mean_euclidean,
    relative_squared_error,
    spectrum_cosine,
    spectrum_euclidean,
    spectrum_rmse,
)

FIGURES = [
    k_score,
    mean_cosine,
    mean_euclidean,
    relative_squared_error,
    spectrum_cosine,
    spectrum_euclidean,
    spectrum_rmse,
]
WEIGHTED = [k_score, mean_cosine, mean_euclidean, relative_squared_error]


@pytest.fixture
def spectra():
    return np.random.default_rng(0).normal(5, 1, size=(6, 4))


@pytest.mark.parametrize("figure", FIGURES)
def test_unpaired_rows_are_refused_in_the_words_of_sklearn(figure, spectra):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        figure(spectra, spectra[:-1])


@pytest.mark.parametrize("figure", FIGURES)
def test_different_channels_are_refused_with_both_numbers_and_the_way_out(
    figure, spectra
):
    expected = "y_true has 4 and y_pred has 3.*target_in_prediction_space"
    with pytest.raises(ValueError, match=expected):
        figure(spectra, spectra[:, :3])


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_number_that_is_not_finite_is_reported_with_its_place(figure, bad, spectra):
    broken = spectra.copy()
    broken[3, 2] = bad
    with pytest.raises(ValueError, match=r"Input y_pred .* spectrum 3, channel 2"):
        figure(spectra, broken)
    with pytest.raises(ValueError, match=r"Input y_true .* spectrum 3, channel 2"):
        figure(broken, spectra)


@pytest.mark.parametrize("figure", FIGURES)
def test_an_empty_set_of_spectra_is_refused(figure):
    with pytest.raises(ValueError, match="0 sample"):
        figure(np.empty((0, 4)), np.empty((0, 4)))


@pytest.mark.parametrize("figure", FIGURES)
def test_text_and_cubes_are_refused(figure, spectra):
    with pytest.raises(ValueError, match="could not convert string"):
        figure(spectra[:, :1], [["a"]] * 6)
    with pytest.raises(ValueError, match="dim 3"):
        figure(spectra[None], spectra[None])


@pytest.mark.parametrize("figure", [f for f in FIGURES if f is not k_score])
def test_a_single_target_is_the_same_as_one_channel(figure, spectra):
    truth, guess = spectra[:, 0], spectra[:, 1]
    expected = figure(truth[:, None], guess[:, None])
    np.testing.assert_array_equal(figure(truth, guess), expected)
    np.testing.assert_array_equal(figure(truth, guess[:, None]), expected)


@pytest.mark.parametrize("figure", WEIGHTED)
def test_whole_weights_equal_repeated_spectra(figure, spectra):
    options = {"n_clusters": 1} if figure is k_score else {}
    guess = spectra[::-1] * 1.1
    weights = [1, 0, 2, 3, 1, 1]
    weighted = figure(spectra, guess, sample_weight=weights, **options)
    repeated = figure(
        np.repeat(spectra, weights, axis=0),
        np.repeat(guess, weights, axis=0),
        **options,
    )
    assert weighted == pytest.approx(repeated, rel=1e-12)


@pytest.mark.parametrize("figure", WEIGHTED)
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0] * 5, r"each of the 6 spectra, but its shape is \(5,\)"),
        ([[1.0]] * 6, r"its shape is \(6, 1\)"),
        ([1, 1, -2, 1, 1, 1], "for spectrum 2, is -2"),
        ([0] * 6, "its sum is 0"),
        ([1, 1, 1, 1, np.nan, 1], "Input sample_weight contains NaN.*spectrum 4"),
    ],
)
def test_weights_that_cannot_weigh_are_refused(figure, weights, message, spectra):
    with pytest.raises(ValueError, match=message):
        figure(spectra, spectra + 1, sample_weight=weights)
