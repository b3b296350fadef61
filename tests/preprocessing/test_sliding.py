"""The sliding minimum and its smoothing, against the authors and a literal loop."""

import time
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import correlate1d, minimum_filter1d

from spectransfer.preprocessing._sliding import gaussian_taps, slide_baseline


def literal_baseline(x, min_window, smooth_window):
    """The formula of the docstring, channel by channel, on existing channels only."""
    n, minima, baseline = len(x), [], []
    for t in range(n):
        left = min(x[max(0, t - min_window + 1) : t + 1])
        right = min(x[t : t + min_window])
        minima.append((left + right) / 2)
    for t in range(n):
        means = []
        for first in (t - smooth_window + 1, t):
            total = mass = 0.0
            for k in range(smooth_window):
                if 0 <= first + k < n:
                    u = (k - (smooth_window - 1) / 2) / smooth_window
                    total += np.exp(-(u**2) / 2) * minima[first + k]
                    mass += np.exp(-(u**2) / 2)
            means.append(total / mass)
        baseline.append(sum(means) / 2)
    return np.array(baseline)


@pytest.fixture(scope="module")
def published(reference):
    return reference("baseline.npz")


@pytest.fixture
def spectra():
    rng = np.random.default_rng(0)
    return np.cumsum(rng.normal(size=(37, 301)), axis=1) * 20 + 500


# Tolerances relative to the largest intensity, as the reference's README gives them.
# One float64 reference spectrum is of order 1e-300, which float32 holds as zero.
@pytest.mark.parametrize(
    ("dtype", "rtol", "smallest"), [(np.float64, 1e-10, 0), (np.float32, 1e-5, 1e-30)]
)
def test_zero_padded_mode_equals_the_authors_outputs(published, dtype, rtol, smallest):
    cases = [key for key in published if key.startswith("corrected__")]
    assert len(cases) >= 60
    compared = 0
    for key in cases:
        name, windows = key.removeprefix("corrected__").split("__")
        min_window, smooth_window = (int(w) for w in windows.split("_"))
        x = published[f"x__{name}"]
        height = np.abs(x).max()
        if 0 < height < smallest:
            continue
        corrected = slide_baseline(
            x[np.newaxis].astype(dtype), min_window, smooth_window, edges="zero-padded"
        )[0]
        assert corrected.dtype == dtype
        assert_allclose(
            corrected, published[key], rtol=0, atol=rtol * height, err_msg=key
        )
        compared += 1
    assert compared >= len(cases) - 6


# Lengths around the tile of 64 channels, windows shorter, equal and longer.
@pytest.mark.parametrize("n", [1, 2, 3, 17, 63, 64, 65, 128, 130])
@pytest.mark.parametrize("windows", [(1, 1), (1, 2), (5, 3), (100, 50), (20, 200)])
def test_default_mode_equals_the_literal_formula(n, windows):
    x = np.random.default_rng(n).normal(size=(2, n)) * 100 + 1000
    expected = [literal_baseline(row, *windows) for row in x]
    baseline = slide_baseline(x, *windows, take="baseline")
    assert_allclose(baseline, expected, rtol=1e-13)


def test_away_from_the_ends_both_modes_equal_scipys_filters(spectra):
    w, v = 40, 25
    left = minimum_filter1d(spectra, w, axis=1, origin=(w - 1) // 2)
    right = minimum_filter1d(spectra, w, axis=1, origin=-(w // 2))
    taps = np.zeros(2 * v - 1)
    taps[:v] += gaussian_taps(v) / 2
    taps[v - 1 :] += gaussian_taps(v) / 2
    expected = spectra - correlate1d((left + right) / 2, taps, axis=1)
    inside = slice(v + w, -v - w)
    for edges in ("available", "zero-padded"):
        corrected = slide_baseline(spectra, w, v, edges=edges)
        assert_allclose(corrected[:, inside], expected[:, inside], atol=1e-10)


@pytest.mark.parametrize("edges", ["available", "zero-padded"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_depend_neither_on_threads_nor_on_neighbouring_rows(
    spectra, edges, dtype
):
    spectra = spectra.astype(dtype)
    whole = slide_baseline(spectra, 30, 20, edges=edges)
    threaded = slide_baseline(spectra, 30, 20, edges=edges, n_jobs=3)
    assert_array_equal(threaded, whole)
    # A few units in the last place: a product's order may follow the place of the row.
    atol = 8 * np.finfo(dtype).eps * np.abs(spectra).max()
    for start, stop in [(0, 1), (3, 20), (36, 37)]:
        part = slide_baseline(spectra[start:stop], 30, 20, edges=edges)
        assert_allclose(part, whole[start:stop], rtol=0, atol=atol)


def test_corrected_plus_baseline_is_the_spectrum(spectra):
    for edges in ("available", "zero-padded"):
        corrected = slide_baseline(spectra, 30, 20, edges=edges)
        baseline = slide_baseline(spectra, 30, 20, edges=edges, take="baseline")
        assert_allclose(corrected + baseline, spectra, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_spectra_become_exactly_zero(dtype):
    heights = np.array([[0.1], [7.3], [-65535.7], [1e30], [0.0]])
    corrected = slide_baseline(np.tile(heights, (1, 150)).astype(dtype), 40, 30)
    assert_array_equal(corrected, 0)


def test_adding_a_constant_changes_nothing_and_a_factor_passes_through(spectra):
    corrected = slide_baseline(spectra, 30, 20)
    assert_allclose(slide_baseline(spectra + 1e4, 30, 20), corrected, atol=1e-9)
    assert_allclose(slide_baseline(spectra * 7, 30, 20), corrected * 7, atol=1e-9)


@pytest.mark.parametrize("edges", ["available", "zero-padded"])
def test_a_mirrored_spectrum_has_the_mirrored_baseline(spectra, edges):
    baseline = slide_baseline(spectra, 30, 20, edges=edges, take="baseline")
    mirrored = slide_baseline(spectra[:, ::-1], 30, 20, edges=edges, take="baseline")
    assert_allclose(mirrored, baseline[:, ::-1], rtol=1e-12)


def test_raising_a_spectrum_anywhere_never_lowers_its_baseline(spectra):
    rng = np.random.default_rng(1)
    raised = spectra + rng.exponential(30, spectra.shape) * (
        rng.random(spectra.shape) < 0.2
    )
    before = slide_baseline(spectra, 30, 20, take="baseline")
    after = slide_baseline(raised, 30, 20, take="baseline")
    assert (after >= before - 1e-9).all()


def test_without_smoothing_the_baseline_touches_the_spectrum_from_below(spectra):
    corrected = slide_baseline(spectra, 30, 1)
    assert (corrected >= -1e-9).all()
    assert_allclose(corrected.min(axis=1), 0, atol=1e-9)


@pytest.mark.parametrize("slope", [3.0, -3.0])
def test_a_slope_is_bent_at_the_ends_by_less_than_the_methods_own_bias(slope):
    w, v, n = 100, 50, 1000
    corrected = slide_baseline(slope * np.arange(n)[np.newaxis], w, v)[0]
    # Over a slope the one-sided minima lie (w - 1) / 2 channels below, on average.
    bias = abs(slope) * (w - 1) / 2
    assert_allclose(corrected[w + v : -w - v], bias, rtol=1e-12)
    assert np.abs(corrected).max() < bias * 1.26
    assert corrected.min() > -bias / 4
    padded = slide_baseline(
        slope * np.arange(n)[np.newaxis], w, v, edges="zero-padded"
    )[0]
    assert np.abs(padded).max() > 10 * bias


def test_taps_are_symmetric_nearly_flat_and_sum_to_one():
    taps = gaussian_taps(50)
    assert_allclose(taps.sum(), 1, rtol=1e-15)
    assert_allclose(taps, taps[::-1], rtol=1e-15)
    assert 0.88 < taps[0] / taps[25] < 0.89


def test_memory_beside_the_result_does_not_grow_with_the_number_of_spectra(tmp_path):
    mapped = np.lib.format.open_memmap(
        tmp_path / "map.npy", mode="w+", dtype=np.float32, shape=(4000, 600)
    )
    mapped[:] = np.random.default_rng(0).random((4000, 600), dtype=np.float32)
    tracemalloc.start()
    slide_baseline(mapped, 30, 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < mapped.nbytes + 2**20


class Unreadable(np.ndarray):
    """Spectra in slow blocks, one of which cannot be read."""

    read = ()

    def __getitem__(self, rows):
        if isinstance(rows, slice):
            self.read.append(rows.start)
            time.sleep(1e-3)
            if rows.start == 1600:
                raise MemoryError("no room")
        return super().__getitem__(rows)


@pytest.mark.parametrize("n_jobs", [1, 2, 5])
def test_an_error_in_any_thread_ends_the_work_of_all(n_jobs):
    spectra = np.ones((160_000, 3)).view(Unreadable)
    spectra.read = []
    with pytest.raises(MemoryError, match="no room"):
        slide_baseline(spectra, 1, 1, n_jobs=n_jobs)
    # of 10,000 blocks
    assert 100 < len(spectra.read) < 2000
