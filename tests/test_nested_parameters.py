"""Parameters of the parts that users give are checked wherever the parts are fitted."""

import pytest
from sklearn.linear_model import Ridge
from sklearn.utils._param_validation import InvalidParameterError

from spectransfer import BaselineCorrector, make_transfer_pipeline
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import evaluate_transfers
from spectransfer.search import search_published

WRONG = BaselineCorrector(smooth_window="wide")


@pytest.mark.parametrize(
    "use",
    [
        lambda pair: evaluate_transfers(
            {"wrong": make_transfer_pipeline(Ridge(), secondary=WRONG)}, pair, pair
        ),
        lambda pair: search_published(
            *(pair.X_secondary, pair.X_primary) * 2,
            methods=("knn",),
            secondary=WRONG,
            random_state=0,
        ),
        lambda pair: make_transfer_pipeline(Ridge(), primary=WRONG).fit(
            pair.X_secondary, pair.X_primary
        ),
    ],
    ids=["evaluate", "search", "fit"],
)
def test_a_wrong_parameter_of_a_part_is_named(use):
    pair = make_instrument_pair(n_spectra=40, random_state=0)
    with pytest.raises(InvalidParameterError, match="'smooth_window' parameter"):
        use(pair)
