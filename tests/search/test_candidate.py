"""One fit of a search, and the maps that it is handed."""

import pickle
import sys

import numpy as np
import pytest
import torch
from learners import Descent
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import _safe_indexing
from threadpoolctl import threadpool_info, threadpool_limits

from spectransfer import SpectralMLP, make_transfer_pipeline
from spectransfer.metrics import transfer_scorers
from spectransfer.search import HalvingSearch
from spectransfer.search._candidate import (
    Candidate,
    FileRegion,
    Maps,
    Spectra,
    Task,
    at_most_threads,
    with_seeds,
)
from spectransfer.search._records import Records


@pytest.fixture
def task(tmp_path):
    scorer = Descent.score
    return Task(
        scorer, Records(tmp_path), "shared", 0, None, "raise", ("ridge__alpha",)
    )


@pytest.fixture
def candidate(task):
    return Candidate(make_pipeline(StandardScaler(), Ridge()), task)


def test_parameters_of_a_candidate_are_those_of_its_constructor(candidate):
    shallow = candidate.get_params(deep=False)
    assert shallow == {"estimator": candidate.estimator, "task": candidate.task}
    inner = candidate.estimator.get_params()
    nested = {f"estimator__{name}": value for name, value in inner.items()}
    assert candidate.get_params() == shallow | nested
    rebuilt = Candidate(**shallow)
    assert repr(rebuilt) == repr(candidate)


def test_parameters_reach_the_estimator_by_their_nested_names(candidate):
    assert candidate.set_params(estimator__ridge__alpha=9.0) is candidate
    assert candidate.estimator[-1].alpha == 9
    with pytest.raises(ValueError, match="Invalid parameter 'ridge'"):
        candidate.set_params(ridge__alpha=1.0)
    # nothing is learned by being told: as before fit
    assert vars(candidate).keys() == {"estimator", "task"}


def test_clones_share_the_task_and_not_the_estimator(candidate):
    copy = clone(candidate)
    assert copy.task is candidate.task
    assert copy.estimator is not candidate.estimator
    assert repr(pickle.loads(pickle.dumps(candidate))) == repr(candidate)


def test_parts_without_a_seed_get_the_same_one_in_every_candidate():
    pipeline = make_transfer_pipeline()
    seeded = with_seeds(pipeline, 7).get_params()
    seeds = {k: v for k, v in seeded.items() if k.endswith("random_state")}
    assert len(seeds) == 3
    assert set(seeds.values()) == {7}
    kept = with_seeds(Descent(random_state=3), 7)
    assert kept.random_state == 3
    frozen = FrozenEstimator(SpectralMLP())
    assert with_seeds(frozen, 7).estimator.random_state is None


def n_threads():
    return max(pool["num_threads"] for pool in threadpool_info())


def test_fits_use_fewer_threads_and_never_more():
    with threadpool_limits(2):
        assert torch.get_num_threads() == 2
        with at_most_threads(1):
            assert n_threads() == torch.get_num_threads() == 1
        with at_most_threads(64):
            assert n_threads() == 2
        with at_most_threads(None):
            assert n_threads() == 2


# what goes wrong

RATES = {"rate": [1e-4, 0.1]}


def broken(estimator, X, y):
    raise RuntimeError("no such column")


def test_a_scorer_that_fails_names_the_candidate(maps):
    with pytest.raises(RuntimeError, match="no such column") as failure:
        HalvingSearch(Descent(), RATES, resource=None, scoring=broken).fit(**maps)
    assert "'rate': 0.0001" in failure.value.__notes__[0]


def test_several_figures_at_once_are_refused(maps):
    search = HalvingSearch(
        Descent(), RATES, resource=None, scoring=lambda e, X, y: {"a": 1.0}
    )
    with pytest.raises(TypeError, match=r"(?s)one number.*gives a dict.*rse_scorer"):
        search.fit(**maps)
    with pytest.raises(ValueError, match="scoring"):
        HalvingSearch(Descent(), RATES, resource=None, scoring=transfer_scorers()).fit(
            **maps
        )


# maps


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
