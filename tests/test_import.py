import subprocess
import sys


def test_torch_is_not_imported_before_a_network_is_asked_for():
    code = """
import sys, spectransfer.preprocessing, spectransfer.metrics, spectransfer.datasets
from spectransfer import BaselineCorrector, StandardScaler, rse_scorer
sys.exit(str(sorted({"torch", "skorch", "dask"} & set(sys.modules))))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.stderr.strip() == "[]"
