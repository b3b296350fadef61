"""Building a pipeline asks for nothing that its regressor does not need."""

import subprocess
import sys

import pytest
from sklearn.linear_model import Ridge

from spectransfer import make_transfer_pipeline

CODE = """
import sys
import numpy as np
from sklearn.linear_model import Ridge
from spectransfer import KNNTransfer, make_transfer_pipeline, transfer_spectra

X, y = np.random.default_rng(0).random((30, 40)), np.ones((30, 50))
for regressor in (Ridge(), KNNTransfer(2)):
    pipeline = make_transfer_pipeline(regressor)
    pipeline.set_params(baseline__min_window=5, baseline__smooth_window=3)
    pipeline.set_params(
        transfer__transformer__baseline__min_window=5,
        transfer__transformer__baseline__smooth_window=3,
    )
    pipeline.fit(X, y)
    transfer_spectra(pipeline, X)
    pipeline.score(X, y + np.arange(30)[:, None])
print("torch" in sys.modules or "skorch" in sys.modules)
"""


@pytest.mark.slow
def test_linear_transfers_and_neighbours_do_without_torch():
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("nothing", [None, "passthrough"])
def test_a_side_may_be_left_as_it_is(nothing):
    pipeline = make_transfer_pipeline(Ridge(), secondary=nothing, primary=nothing)
    assert [name for name, _ in pipeline.steps] == ["transfer"]
    assert pipeline[-1].transformer is None


@pytest.mark.parametrize("side", ["secondary", "primary"])
def test_a_side_that_is_no_word_of_ours_is_refused(side):
    with pytest.raises(ValueError, match=rf"{side} must be.*'nonsense'"):
        make_transfer_pipeline(Ridge(), **{side: "nonsense"})
