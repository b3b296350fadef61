"""Names of transfers are told apart before anything is fitted."""

import pytest
from sklearn.linear_model import Ridge

from spectransfer.evaluation._named import named_transfers


def test_a_name_that_comes_twice_is_refused():
    with pytest.raises(ValueError, match="2 transfers and 1 names"):
        named_transfers([("a", Ridge()), ("a", Ridge(2.0))])


def test_names_become_text_in_their_order():
    assert list(named_transfers({2: Ridge(), 1: Ridge()})) == ["2", "1"]
