"""Figures of merit of memory-mapped maps: the same numbers, in bounded memory."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer import _files
from spectransfer.metrics import (
    k_score,
    mean_cosine,
    mean_euclidean,
    relative_squared_error,
    spectrum_cosine,
    spectrum_euclidean,
    spectrum_rmse,
)

N_SPECTRA, N_CHANNELS = 20_000, 250
METRICS = [
    mean_cosine,
    mean_euclidean,
    relative_squared_error,
    spectrum_cosine,
    spectrum_euclidean,
    spectrum_rmse,
]


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """Measured and predicted spectra, 20 MB each."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("maps")
    shape = (N_SPECTRA, N_CHANNELS)
    measured = rng.random(shape, dtype=np.float32)
    measured[::2, :120] += 1
    np.save(folder / "measured.npy", measured)
    np.save(folder / "predicted.npy", measured + rng.random(shape, dtype=np.float32))
    names = ("measured", "predicted")
    return [np.load(folder / f"{name}.npy", mmap_mode="r") for name in names]


def peak_of(work):
    tracemalloc.start()
    result = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return result, peak


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.__name__)
def test_twice_as_many_mapped_spectra_need_no_more_memory(metric, mapped):
    half = [spectra[: N_SPECTRA // 2] for spectra in mapped]
    _, peak_of_half = peak_of(lambda: metric(*half))
    streamed, peak = peak_of(lambda: metric(*mapped))
    # beside the blocks only one number, or a few, for each spectrum
    assert peak - peak_of_half < 100 * N_SPECTRA
    assert_array_equal(streamed, metric(*(np.array(side) for side in mapped)))


def test_k_score_of_mapped_spectra_is_that_of_spectra_in_memory(mapped, monkeypatch):
    measured, predicted = mapped
    monkeypatch.setattr(_files, "LARGE", 1)
    k_score(measured[:100], predicted[:100], random_state=0)
    options = {"n_clusters": 2, "random_state": 0}
    streamed, peak = peak_of(lambda: k_score(measured, predicted, **options))
    in_memory = k_score(np.array(measured), np.array(predicted), **options)
    assert streamed == in_memory
    # k-means takes a tenth of its spectra for its distances, labels are found in blocks
    assert peak < 0.4 * measured.nbytes
