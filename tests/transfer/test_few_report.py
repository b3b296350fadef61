"""What `FewStandardsTransfer` says of itself, and what it warns of."""

import warnings

import numpy as np
import pytest

from spectransfer import FewStandardsTransfer
from spectransfer.exceptions import SpectransferWarning


def axes(pair):
    return {
        "wavelengths_secondary": pair.wavelengths_secondary,
        "wavelengths_primary": pair.wavelengths_primary,
    }


def test_report_names_the_shares(pair, known, unpaired):
    X, y = known.X_secondary, known.X_primary
    transfer = FewStandardsTransfer(**axes(pair)).fit(X, y, **unpaired)
    assert set(transfer.shares_) == {
        "untransferred",
        "window",
        "nothing",
        "resampled",
        "joint",
        "rotation",
        "completed",
    }
    assert sum(transfer.shares_.values()) == pytest.approx(1.0)
    assert transfer.report_.startswith("Of 15 samples left out in turn, the mixture")
    assert transfer.strengths_.keys() == transfer.shares_.keys()
    assert all(np.isfinite(list(transfer.expected_rse_.values())))


def test_the_report_names_what_could_not_be_asked(pair):
    X, y = pair.X_secondary[:12], pair.X_primary[:12]
    alone = FewStandardsTransfer(priors=("rotation",)).fit(X, y)
    wanted = "Not asked, for want of spectra without partners of both sides: rotation."
    assert wanted in alone.report_
    half = FewStandardsTransfer().fit(X, y, y_unpaired=pair.X_primary)
    assert wanted in half.report_
    assert "for want of the axes of both sides: resampled, window." in half.report_
    both = FewStandardsTransfer(
        wavelengths_secondary=pair.wavelengths_secondary,
        wavelengths_primary=pair.wavelengths_primary,
    ).fit(X, y, X_unpaired=pair.X_secondary, y_unpaired=pair.X_primary)
    assert "Not asked" not in both.report_


def test_the_report_says_what_would_be_missed_without_a_transfer(pair, known):
    X, y = known.X_secondary, known.X_primary
    transfer = FewStandardsTransfer(**axes(pair)).fit(X, y)
    alone = transfer.expected_rse_["untransferred"]
    assert f", untransferred they miss {alone:.3g}. Shares" in transfer.report_


def test_pairs_that_have_nothing_to_do_with_each_other_are_told(pair, known, rng):
    X, y = known.X_secondary, known.X_primary
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FewStandardsTransfer(**axes(pair)).fit(X, y)
    noise = rng.standard_normal(y.shape)
    with pytest.warns(
        SpectransferWarning, match=r"(?s)15 samples .*row by row"
    ) as told:
        FewStandardsTransfer(**axes(pair)).fit(X, noise)
    assert told[0].filename == __file__
