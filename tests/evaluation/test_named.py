"""Names of transfers are told apart before anything is fitted."""

import inspect

import pytest
from sklearn.linear_model import LinearRegression, Ridge

from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import (
    choose_n_clusters,
    evaluate_transfers,
    standards_curve,
    summarize_transfer,
)
from spectransfer.evaluation._named import named_transfers

PAIR = make_instrument_pair(
    n_spectra=40, n_secondary=40, n_primary=50, shots_per_sample=1, random_state=0
)
ENTRY = LinearRegression().fit(PAIR.X_primary, PAIR.y[:, 0]), PAIR.y[:, 0]


def test_a_name_that_comes_twice_is_refused():
    with pytest.raises(ValueError, match="2 transfers and 1 names"):
        named_transfers([("a", Ridge()), ("a", Ridge(2.0))])


def test_names_become_text_in_their_order():
    assert list(named_transfers({2: Ridge(), 1: Ridge()})) == ["2", "1"]


def test_names_that_are_one_as_text_are_refused():
    with pytest.raises(ValueError, match="2 transfers and 1 names"):
        named_transfers({1: Ridge(), "1": Ridge(2.0)})
    with pytest.raises(ValueError, match="2 transfers and 1 names"):
        standards_curve({1: Ridge(), "1": Ridge(2.0)}, PAIR, [4, 9])
    with pytest.raises(ValueError, match="property a name of its own, but '1'"):
        evaluate_transfers(
            {"a": Ridge()}, PAIR, PAIR, properties={1: ENTRY, "1": ENTRY}
        )


@pytest.mark.parametrize("name", ["primary", "untransferred", "slope and bias"])
def test_rows_of_the_table_itself_lend_their_names_to_no_transfer(name):
    message = f"a row of its own named {name!r}, .* Rename it"
    with pytest.raises(ValueError, match=message):
        evaluate_transfers({name: Ridge()}, PAIR, PAIR, properties={"mass": ENTRY})
    # where there is no such row, it is a name as any other
    alone = evaluate_transfers({name: Ridge()}, PAIR, PAIR, protocols="deployable")
    assert alone[name, "deployable"].rse < 1
    if name == "slope and bias":
        standards_curve({name: Ridge()}, PAIR, [4, 9], n_draws=1)
    else:
        with pytest.raises(ValueError, match=message):
            standards_curve({name: Ridge()}, PAIR, [4, 9], n_draws=1)


def test_no_property_takes_the_name_of_the_error_of_the_spectra():
    with pytest.raises(ValueError, match=r"of its own named 'RSE'.* Rename it"):
        standards_curve({"a": Ridge()}, PAIR, [4, 9], properties={"RSE": ENTRY})


@pytest.mark.parametrize(
    ("function", "n_others", "parameter"),
    [
        (standards_curve, 2, "sizes"),
        (evaluate_transfers, 3, "protocols"),
        (choose_n_clusters, 1, "options"),
        (summarize_transfer, 2, "spots"),
    ],
)
def test_what_is_refused_as_an_iterable_is_annotated_as_a_sequence(
    function, n_others, parameter
):
    annotation = inspect.signature(function).parameters[parameter].annotation
    assert "Sequence" in str(annotation)
    assert "Iterable" not in str(annotation)
    with pytest.raises(ValueError, match=f"'{parameter}' parameter"):
        function(*[PAIR] * n_others, **{parameter: (k for k in [1, 2])})
