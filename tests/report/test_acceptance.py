"""`write_acceptance`: the page has the verdict and its numbers."""

from spectransfer import DirectStandardization, OffsetTransfer
from spectransfer.datasets import make_instrument_pair
from spectransfer.reliability import ApplicabilityDomain, accept_transfer
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
