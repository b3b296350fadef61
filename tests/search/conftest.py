"""Two small maps, and the folder of the estimators on the path."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)
# for the workers of joblib and Dask
os.environ["PYTHONPATH"] = os.pathsep.join(
    [HERE, *filter(None, [os.environ.get("PYTHONPATH")])]
)


@pytest.fixture(scope="session")
def maps():
    """Arguments of `HalvingSearch.fit`: training and validation map."""
    rng = np.random.default_rng(0)
    X, law = rng.standard_normal((60, 5)), rng.standard_normal((5, 4))
    y = X @ law + 0.3 * rng.standard_normal((60, 4))
    return {"X": X[:40], "y": y[:40], "X_val": X[40:], "y_val": y[40:]}


@pytest.fixture
def fits(tmp_path, monkeypatch):
    """Count the fits since the last time one asked."""
    path = tmp_path / "fits"
    monkeypatch.setenv("FITS", str(path))
    monkeypatch.delenv("LAST", raising=False)

    def count():
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return len(lines)

    return count
