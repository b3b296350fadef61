"""One fit of a search, and the maps that it is handed."""

import pickle

import pytest
from learners import Descent
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from spectransfer.search._candidate import Candidate, Task
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
