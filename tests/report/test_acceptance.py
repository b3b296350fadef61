"""`write_acceptance`: the page has the verdict and its numbers."""

import numpy as np

from spectransfer import DirectStandardization, MeanTransfer, OffsetTransfer
from spectransfer.datasets import make_instrument_pair
from spectransfer.reliability import (
    ApplicabilityDomain,
    ConformalTransfer,
    accept_transfer,
)
from spectransfer.report import write_acceptance


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
        f"{row.p_permutation:.2g}",
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
