"""How many candidates, for how long."""

import numpy as np
import pytest
from learners import Descent
from scipy.stats import loguniform
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV, ParameterGrid

from spectransfer import KNNTransfer, SpectralMLP
from spectransfer.search import HalvingSearch
from spectransfer.search._brackets import Bracket, plan

WIDE = {"rate": list(np.linspace(0.001, 0.2, 100))}


def drawn(space, resources, n_candidates=None, n_brackets=1, resource="max_epochs"):
    rng = np.random.RandomState(0)
    return plan(space, resource, resources, n_candidates, n_brackets, rng)


def test_hyperband_begins_as_in_its_paper():
    # Li et al. 2018, table 1: R = 81, eta = 3
    brackets = drawn({"rate": list(range(1000))}, (1, 81, 3), n_brackets="all")
    begins = [b.rungs[0] for b in brackets]
    assert begins == [(81, 1), (34, 3), (15, 9), (8, 27), (5, 81)]
    assert [b.rungs[-1][1] for b in brackets] == [81] * 5


@pytest.mark.parametrize(
    ("n", "smallest", "largest", "factor"),
    [(27, 2, 54, 3), (20, 1, 10, 2), (3, 1, 100, 3), (50, 7, 100, 4), (5, 9, 9, 3)],
)
def test_rungs_are_those_that_scikit_learn_climbs(maps, n, smallest, largest, factor):
    bracket = drawn(WIDE, (smallest, largest, factor), n_candidates=n)[0]
    assert bracket.min_resources >= smallest
    search = HalvingGridSearchCV(
        Descent(),
        {"rate": [params["rate"] for params in bracket.candidates]},
        resource="max_epochs",
        min_resources=bracket.min_resources,
        max_resources=largest,
        factor=factor,
        cv=2,
    ).fit(maps["X"], maps["y"])
    climbed = list(zip(search.n_candidates_, search.n_resources_, strict=True))
    assert bracket.rungs == climbed


@pytest.mark.parametrize("n", [2, 4, 9, 20, 27])
def test_the_last_rung_has_the_most_there_is_as_scikit_learn_can(maps, n):
    bracket = drawn(WIDE, (1, 54, 3), n_candidates=n)[0]
    search = HalvingGridSearchCV(
        Descent(),
        {"rate": [params["rate"] for params in bracket.candidates]},
        resource="max_epochs",
        min_resources="exhaust",
        max_resources=54,
        cv=2,
    ).fit(maps["X"], maps["y"])
    assert [resource for _, resource in bracket.rungs] == search.n_resources_
    assert bracket.rungs[-1][1] == 54


def test_more_candidates_than_rungs_can_halve_still_end_with_the_most():
    # scikit-learn's "exhaust" begins with 1 here, and ends with 27
    bracket = drawn(WIDE, (1, 54, 3), n_candidates=100)[0]
    assert bracket.rungs == [(100, 2), (34, 6), (12, 18), (4, 54)]


def test_candidates_are_drawn_without_repetition():
    for bracket in drawn(WIDE, (1, 27, 3), n_brackets="all"):
        rates = [params["rate"] for params in bracket.candidates]
        assert len(set(rates)) == len(rates)


def test_brackets_draw_candidates_of_their_own():
    first, second, *_ = drawn(WIDE, (1, 27, 3), n_brackets=2)
    assert first.candidates[:3] != second.candidates[:3]


def test_a_small_space_is_tried_as_a_whole():
    space = {"rate": [0.1, 0.2], "penalty": [0.0, 1.0]}
    assert drawn(space, (1, 27, 3))[0].candidates == list(ParameterGrid(space))
    assert drawn(space, (1, 1, 3), resource=None)[0].rungs == [(4, None)]


def test_a_distribution_needs_a_number_of_candidates():
    space = {"rate": loguniform(1e-3, 1e-1)}
    assert len(drawn(space, (1, 9, 3))[0].candidates) == 9
    with pytest.raises(ValueError, match=r"(?s)no end.*n_candidates=27"):
        drawn(space, (1, 1, 3), resource=None)


def test_hyperband_is_not_told_its_number_of_candidates():
    with pytest.raises(ValueError, match=r"(?s)their own numbers.*Leave"):
        drawn(WIDE, (1, 9, 3), n_candidates=5, n_brackets="all")


def test_a_bracket_names_the_resource_of_each_candidate():
    bracket = Bracket([{"rate": 1}], "max_epochs", 1, 9)
    assert bracket.candidates_with(3) == [{"rate": 1, "max_epochs": 3}]
    assert bracket.candidates == [{"rate": 1}]


RATES = {"space": {"rate": [0.1, 0.2]}, "max_resources": 9}


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"resource": "epochs"}, r"(?s)'epochs' is not one of them.*by max_epochs"),
        ({"resource": "rate"}, r"'rate' is searched itself"),
        ({"min_resources": 20}, r"must not exceed.*20.*9"),
        ({"factor": 1}, r"'factor' parameter of HalvingSearch"),
        ({"space": {"speed": [1]}}, r"Invalid parameter 'speed'"),
    ],
)
def test_a_search_that_cannot_be_is_refused_before_it_begins(maps, options, match):
    with pytest.raises(ValueError, match=match):
        HalvingSearch(Descent(), **{"resource": "max_epochs"} | RATES | options).fit(
            **maps
        )


def test_auto_steps_do_not_say_how_long_to_train_at_most(maps):
    search = HalvingSearch(SpectralMLP(), {"training__learning_rate": [1e-3]})
    with pytest.raises(ValueError, match=r"(?s)n_steps of the.*'auto'.*=54"):
        search.fit(**maps)
    with pytest.raises(ValueError, match=r"(?s)by none of them.*resource=None"):
        HalvingSearch(KNNTransfer(), {"n_neighbors": [1]}).fit(**maps)
