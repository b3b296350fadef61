"""The table of a search, and what is best in it."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.search._records import Record
from spectransfer.search._results import Row, best_row, ranks, table


def row(score, rung=0, bracket=0, n_resources=None, **params):
    record = Record(score, fit_time=1.0, score_time=0.5)
    return Row(bracket, rung, params, n_resources, record)


def test_nan_is_ranked_behind_minus_infinity_and_ties_share_a_rank():
    assert list(ranks(np.array([0.5, np.nan, -np.inf, 0.5, 1.0]))) == [2, 5, 4, 2, 1]


def test_columns_are_masked_where_a_candidate_has_no_such_parameter():
    columns = table([row(0.0, a=1), row(1.0, b=(2, 3))])
    assert columns["param_a"].tolist() == [1, None]
    assert columns["param_b"].tolist() == [None, (2, 3)]
    assert_array_equal(columns["param_a"].mask, [False, True])
    assert columns["params"] == [{"a": 1}, {"b": (2, 3)}]


def test_the_best_is_one_of_the_last_rung_of_any_bracket():
    rows = [row(9.0), row(1.0, rung=1), row(2.0, bracket=1), row(np.nan, bracket=1)]
    assert best_row(rows) == 2


def test_without_any_score_there_is_no_best():
    with pytest.raises(ValueError, match=r"(?s)all 2 are NaN\. Try the scorer"):
        best_row([row(np.nan), row(np.nan)])
