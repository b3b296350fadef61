"""Names of samples that would be taken for others are refused, wherever they come."""

import numpy as np
import pytest

from spectransfer import (
    CanonicalCorrelationTransfer,
    DirectStandardization,
    DriftCorrector,
    FewStandardsTransfer,
)
from spectransfer.adaptation import watch_instrument
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import standards_curve
from spectransfer.model_selection import select_standards

PAIR = make_instrument_pair(n_spectra=60, random_state=0)
X, Y = PAIR.X_secondary[:12], PAIR.X_primary[:12]
USERS = {
    "few": lambda ids: FewStandardsTransfer().fit(X, Y, sample_id=ids),
    "cca": lambda ids: CanonicalCorrelationTransfer().fit(X, Y, sample_id=ids),
    "drift": lambda ids: DriftCorrector().fit(X, X, sample_id=ids),
    "drift, reference": lambda ids: DriftCorrector().fit(
        X, X, sample_id=np.arange(12), reference_id=ids
    ),
    "selection": lambda ids: select_standards(X, 2, groups=ids),
    "curve": lambda ids: standards_curve(
        {"ds": DirectStandardization()}, (X, Y), [3], groups=ids, n_draws=1
    ),
    "days": lambda ids: watch_instrument(X, ids),
    "watched": lambda ids: watch_instrument(X, np.arange(12), sample_id=ids),
}
WRONG = {
    "none": ([None, *"abcdefghijk"], "1 have no name, first that in row 0"),
    "nan": ([1.0] * 11 + [np.nan], "1 have no name, first that in row 11"),
    "kinds": ([1, *"abcdefghijk"], "one kind"),
    "short": (list("abc"), r"shape is \(3,\) and there are 12"),
    "table": ([[i] for i in range(12)], r"shape is \(12, 1\)"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("user", USERS)
def test_names_that_are_missing_or_of_two_kinds_are_refused(user, wrong):
    ids, said = WRONG[wrong]
    if wrong in ("none", "kinds"):
        ids = np.array(ids, dtype=object)
    with pytest.raises(ValueError, match=said):
        USERS[user](ids)
