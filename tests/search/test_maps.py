"""Maps as samples, and how they travel."""

import pickle
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.utils import _safe_indexing

from spectransfer.search._candidate import FileRegion, Maps, Spectra


@pytest.fixture
def filed(tmp_path):
    """A memory-mapped table of 1 MB behind a header of its file."""
    path = tmp_path / "spectra.npy"
    np.save(path, np.random.default_rng(0).random((500, 250)))
    return np.load(path, mmap_mode="r")


@pytest.mark.parametrize(
    "part",
    [
        lambda a: a,
        lambda a: a[100:300],
        lambda a: a[::3, 20:200:2],
        lambda a: np.asarray(a)[7:],
        lambda a: a[5],
        lambda a: a[:0],
    ],
)
def test_a_part_of_a_file_is_opened_where_it_arrives(filed, part):
    sent = part(filed)
    maps = Maps(Spectra(sent, None), Spectra(sent, sent))
    message = pickle.dumps(maps)
    assert len(message) < 5000
    assert_array_equal(pickle.loads(message).known.X, sent)
    assert_array_equal(pickle.loads(message).watched.y, sent)
    assert pickle.loads(message).known.y is None


def test_what_is_not_in_a_file_travels_itself(filed):
    changed = np.memmap(filed.filename, np.float64, "c", 128, (500, 250))
    changed[:] = 7.0  # copy-on-write: the file does not know
    for sent in (changed, filed[::-1], filed + 1, np.ones(3), [1, 2]):
        assert FileRegion.of(sent) is None
        arrived = pickle.loads(pickle.dumps(Maps(Spectra(sent, None), Spectra(0, 0))))
        assert_array_equal(arrived.known.X, sent)


def test_scikit_learn_selects_maps_without_copying_them():
    X, y = np.ones((4, 3)), np.ones((4, 2))
    maps = Maps(Spectra(X, y), Spectra(X, None))
    ((known, watched),) = _safe_indexing(maps, [0])
    assert known.X is X
    assert known.y is y
    assert _safe_indexing(maps, [1])[0] is watched


def test_dask_is_told_how_much_there_is_to_send(filed):
    big = np.ones((1000, 100))
    assert sys.getsizeof(Maps(Spectra(big, big), Spectra(big, None))) > 3 * big.nbytes
    assert sys.getsizeof(Maps(Spectra(filed, None), Spectra(filed, None))) < 1000
