import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics.pairwise import paired_cosine_distances, paired_euclidean_distances

from spectransfer.metrics import (
    k_score,
    mean_cosine,
    mean_euclidean,
    relative_squared_error,
    spectrum_cosine,
    spectrum_euclidean,
    spectrum_rmse,
)

PER_SPECTRUM = [spectrum_euclidean, spectrum_cosine, spectrum_rmse]
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
def pair():
    rng = np.random.default_rng(1)
    truth = rng.gamma(2.0, 100.0, size=(30, 17))
    return truth, truth + rng.normal(0, 20, size=truth.shape)


@pytest.fixture
def spectra():
    return np.random.default_rng(0).normal(5, 1, size=(6, 4))


def literal_euclidean(y, guess):
    total = 0.0
    for a, b in zip(y, guess, strict=True):
        total += (float(a) - float(b)) ** 2
    return math.sqrt(total)


def literal_cosine(y, guess):
    dot = sum(float(a) * float(b) for a, b in zip(y, guess, strict=True))
    lengths = math.hypot(*map(float, y)) * math.hypot(*map(float, guess))
    return 1 - dot / lengths


def test_euclidean_and_rmse_equal_the_authors(cases, oracle):
    assert len(cases) >= 5
    for case in cases:
        name = f"metric__{case}__"
        pair = oracle[f"{name}y_true"], oracle[f"{name}y_pred"]
        euclid, rmse = oracle[f"{name}rowwise_euclid"], oracle[f"{name}rowwise_rmse"]
        assert_allclose(spectrum_euclidean(*pair), euclid, rtol=1e-13, err_msg=case)
        assert_allclose(spectrum_rmse(*pair), rmse, rtol=1e-13, err_msg=case)


def test_cosine_equals_the_authors_in_both_conventions(cases, oracle):
    for case in set(cases) - {"f_zero_row"}:
        name = f"metric__{case}__"
        pair = oracle[f"{name}y_true"], oracle[f"{name}y_pred"]
        printed = oracle[f"{name}cosine_printed_formula2"]
        ran = oracle[f"{name}rowwise_cosine"]
        assert_allclose(spectrum_cosine(*pair), printed, atol=1e-15, err_msg=case)
        negated = spectrum_cosine(*pair, convention="minus_cosine")
        assert_allclose(negated, ran, atol=1e-15, err_msg=case)


def test_cosine_is_finite_where_the_authors_have_nan_and_equal_elsewhere(oracle):
    truth, guess = (
        oracle["metric__f_zero_row__y_true"],
        oracle["metric__f_zero_row__y_pred"],
    )
    authors = oracle["metric__f_zero_row__rowwise_cosine"]
    undefined = np.isnan(authors)
    negated = spectrum_cosine(truth, guess, convention="minus_cosine")
    assert undefined.sum() == 2
    assert_array_equal(negated[undefined], 0)
    assert_allclose(negated[~undefined], authors[~undefined], atol=1e-15)


def test_distances_equal_sklearns_and_a_plain_loop(pair):
    truth, guess = pair
    euclid, cosine = spectrum_euclidean(truth, guess), spectrum_cosine(truth, guess)
    assert_allclose(euclid, paired_euclidean_distances(truth, guess), rtol=1e-13)
    assert_allclose(cosine, paired_cosine_distances(truth, guess), atol=1e-15)
    rows = list(zip(truth, guess, strict=True))
    assert_allclose(euclid, [literal_euclidean(*row) for row in rows], rtol=1e-13)
    assert_allclose(cosine, [literal_cosine(*row) for row in rows], atol=1e-14)


def test_means_are_means_of_the_distances(pair):
    rows = list(zip(*pair, strict=True))
    euclid = sum(literal_euclidean(*row) for row in rows) / len(rows)
    cosine = sum(literal_cosine(*row) for row in rows) / len(rows)
    assert mean_euclidean(*pair) == pytest.approx(euclid, rel=1e-12)
    assert mean_cosine(*pair) == pytest.approx(cosine, abs=1e-14)
    negated = mean_cosine(*pair, convention="minus_cosine")
    assert negated == pytest.approx(cosine - 1, abs=1e-14)


def test_a_zero_spectrum_is_at_distance_one_from_all_but_another_zero():
    zero, some = [0.0, 0.0], [1.0, -3.0]
    truth, guess = [zero, some, zero, some], [some, zero, zero, some]
    assert_array_equal(spectrum_cosine(truth, guess), [1, 1, 0, 0])
    negated = spectrum_cosine(truth, guess, convention="minus_cosine")
    assert_array_equal(negated, [0, 0, -1, -1])


def test_cosine_of_proportional_orthogonal_and_opposite_spectra():
    truth = [[1.0, 2.0], [1.0, 0.0], [1.0, 2.0]]
    guess = [[3.0, 6.0], [0.0, 5.0], [-2.0, -4.0]]
    assert_allclose(spectrum_cosine(truth, guess), [0, 1, 2], atol=1e-15)


def test_cosine_keeps_its_digits_for_nearly_equal_spectra():
    # cos = 1 / sqrt(1 + t^2), so the distance is t^2 / 2 and 1 - cos would round to 0.
    t = 1e-9
    assert_allclose(spectrum_cosine([[1.0, 0.0]], [[1.0, t]]), t**2 / 2, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e200])
def test_cosine_does_not_depend_on_the_unit(scale, pair):
    truth, guess = pair
    expected = spectrum_cosine(truth, guess)
    assert_allclose(spectrum_cosine(truth * scale, guess), expected, rtol=1e-9)
    opposite = spectrum_cosine(truth * -scale, guess * scale)
    assert_allclose(opposite, 2 - expected, rtol=1e-12)


def test_euclidean_distance_scales_with_the_unit(pair):
    truth, guess = pair
    expected = 1000 * spectrum_euclidean(truth, guess)
    assert_allclose(spectrum_euclidean(truth * 1000, guess * 1000), expected)


@pytest.mark.parametrize("distance", PER_SPECTRUM)
def test_distances_follow_the_spectra_and_ignore_the_order_of_channels(distance, pair):
    truth, guess = pair
    rng = np.random.default_rng(2)
    rows, channels = rng.permutation(30), rng.permutation(17)
    expected = distance(truth, guess)[rows]
    assert_array_equal(distance(truth[rows], guess[rows]), expected)
    shuffled = distance(truth[rows][:, channels], guess[rows][:, channels])
    assert_allclose(shuffled, expected, rtol=1e-12)


@pytest.mark.parametrize("distance", PER_SPECTRUM)
def test_distances_are_symmetric(distance, pair):
    truth, guess = pair
    assert_array_equal(distance(truth, guess), distance(guess, truth))


@pytest.mark.parametrize("distance", PER_SPECTRUM)
def test_distances_of_spectra_in_several_blocks_are_those_of_each_part(distance):
    rng = np.random.default_rng(4)
    # 24 MB, where a block is 16 MB
    truth, guess = rng.random((2, 3000, 1000))
    parts = [
        distance(truth[i : i + 700], guess[i : i + 700]) for i in range(0, 3000, 700)
    ]
    assert_array_equal(distance(truth, guess), np.concatenate(parts))


@pytest.mark.parametrize("figure", [*PER_SPECTRUM, relative_squared_error])
def test_float32_spectra_on_a_large_offset_lose_nothing_to_float64(figure, pair):
    truth, guess = ((spectra + 1e6).astype(np.float32) for spectra in pair)
    exact = figure(truth.astype(np.float64), guess.astype(np.float64))
    found = figure(truth, guess)
    assert np.asarray(found).dtype == np.float64
    assert_allclose(found, exact, rtol=1e-14)


@pytest.mark.parametrize("figure", [f for f in FIGURES if f is not k_score])
def test_twice_as_many_mapped_spectra_need_no_more_memory(figure, mapped_pair, peak_of):
    n_spectra = len(mapped_pair[0])
    half = [spectra[: n_spectra // 2] for spectra in mapped_pair]
    _, peak_of_half = peak_of(lambda: figure(*half))
    streamed, peak = peak_of(lambda: figure(*mapped_pair))
    # beside the blocks only one number, or a few, for each spectrum
    assert peak - peak_of_half < 100 * n_spectra
    assert_array_equal(streamed, figure(*(np.array(side) for side in mapped_pair)))


@pytest.mark.parametrize("figure", [spectrum_cosine, mean_cosine])
def test_an_unknown_convention_is_refused_by_name(figure):
    with pytest.raises(
        ValueError, match=f"'convention' parameter of {figure.__name__}"
    ):
        figure([[1.0]], [[1.0]], convention="paper")


# what every figure refuses


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
