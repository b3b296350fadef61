"""`write_acceptance`: the page has the verdict and its numbers."""

import csv
from datetime import date
from html import escape

import numpy as np
import pytest

from spectransfer import DirectStandardization, MeanTransfer, OffsetTransfer
from spectransfer.datasets import make_instrument_pair
from spectransfer.reliability import (
    ApplicabilityDomain,
    ConformalTransfer,
    accept_transfer,
)
from spectransfer.report import write_acceptance
from spectransfer.report._acceptance import _number, _probability, _rounded


def test_page_tells_verdict_errors_outliers_and_checksum(tmp_path):
    options = {"n_spectra": 90, "n_secondary": 300, "shots_per_sample": 1}
    pair = make_instrument_pair(**options, random_state=0)
    X, y = pair.X_secondary, pair.X_primary
    transfers = [
        t.fit(X[:60], y[:60]) for t in (DirectStandardization(), OffsetTransfer())
    ]
    domain = ApplicabilityDomain().fit(X[:60])
    spoiled = X[60:].copy()
    spoiled[3] *= 5
    found = accept_transfer(*transfers, spoiled, y[60:], domain=domain)
    page = write_acceptance(found, tmp_path).read_text()
    row = found.rows[0]
    for told in (
        f"Verdict: {found.verdict}",
        f"{row.after.rmsep:.4g}",
        f"{row.p_permutation:.2g}" if row.p_permutation >= 1e-4 else "&lt; 0.0001",
        escape(found.settings),
        "half of the standard deviation over samples",
        "The person who signs confirms",
        "OffsetTransfer()",
        "highest: the strongest channel",
        found.checksum,
        "is not claimed",
        "30 samples",
    ):
        assert told in page
    assert "<td>" in page or "<th" in page
    assert (tmp_path / "tables" / "outliers.csv").read_text().count("\n") >= 2


def test_tables_mark_what_is_inferred_and_list_its_lines(tmp_path):
    pair = make_instrument_pair(n_spectra=120, shots_per_sample=1, random_state=0)
    X, y = pair.as_frames()
    X = X.iloc[:, : X.shape[1] // 2]
    end = pair.wavelengths_secondary[X.shape[1] - 1]
    band = ConformalTransfer(DirectStandardization()).fit(X[:80], y[:80])
    before = MeanTransfer().fit(X[:80], y[:80])
    known = band.inferred_
    beyond = int(np.searchsorted(pair.wavelengths_primary, end)) + 50
    found = accept_transfer(
        band,
        before,
        X[80:],
        y[80:],
        properties={"beyond": (slice(beyond, beyond + 20), None)},
    )
    assert [row.inferred for row in found.rows] == [known.mean(), 1.0]
    assert list(found.lines) == band.inferred_lines(X[80:])
    assert found.lines
    page = write_acceptance(found, tmp_path).read_text()
    assert f"{known.mean():.0%}" in page
    assert "Lines without support" in page
    table = (tmp_path / "tables" / "inferred.csv").read_text()
    assert f"{found.lines[0].wavelength:.6g}" in table
    assert "beyond (100% inferred)" in repr(found)


@pytest.fixture(scope="module")
def found():
    options = {"n_spectra": 160, "n_secondary": 300, "shots_per_sample": 1}
    pair = make_instrument_pair(**options, random_state=0)
    X, y = (side.copy() for side in (pair.X_secondary, pair.X_primary))
    transfers = [
        t.fit(X[:60], y[:60]) for t in (DirectStandardization(), OffsetTransfer())
    ]
    domain = ApplicabilityDomain().fit(X[:60])
    X[60:130] = X[60:130, ::-1]
    return accept_transfer(
        *transfers,
        X[60:],
        y[60:],
        domain=domain,
        sample_id=[f"=A{i}" for i in range(100)],
        units={"spectra": "counts"},
    )


def test_more_outliers_than_the_page_shows_are_all_in_the_csv_without_formulas(
    found, tmp_path
):
    page = write_acceptance(found, tmp_path).read_text()
    n = int(found.judgement.flagged.sum())
    assert n > 50
    assert f"The first 50 of {n}" in page
    with (tmp_path / "tables" / "outliers.csv").open() as file:
        rows = list(csv.reader(file))
    assert len(rows) == n + 1
    assert rows[1][1] == "'=A0"
    assert "=A0" in page
    assert "By chance it would be about 5" in page


def test_page_says_who_was_tested_when_and_in_which_unit(found, tmp_path):
    page = write_acceptance(found, tmp_path).read_text()
    for told in ("DirectStandardization()", "counts", str(date.today().year)):
        assert told in page
    assert "Before is OffsetTransfer(); after is DirectStandardization()." in page


def test_numbers_on_the_page_have_no_more_digits_than_they_mean():
    assert _number(7.1e-18, 0.3) == "0"
    assert _number(-0.12345) == "-0.1235"
    assert _probability(1e-14) == "< 0.0001"
    assert _rounded("364.72972972972974 nm") == "364.73 nm"


@pytest.mark.parametrize(
    "wrong", [{"watch": 3}, {"curve": 3}, {"title": None}, {"acceptance": 3}]
)
def test_page_refuses_what_it_cannot_show(found, tmp_path, wrong):
    given = {"acceptance": found, "out": tmp_path / "page"} | wrong
    with pytest.raises(ValueError, match=next(iter(wrong))):
        write_acceptance(**given)
    assert not (tmp_path / "page").exists()


def test_page_is_not_written_over_a_file(found, tmp_path):
    (tmp_path / "page").write_text("kept")
    with pytest.raises(ValueError, match="is a file of this name"):
        write_acceptance(found, tmp_path / "page")
