"""
How long does it take to import the package?
============================================

Fresh processes, medians, less the start of Python itself. torch takes longer than all
the rest and is imported when a network is first needed.

    python benchmarks/bench_import.py [--repeats 7]
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from _report import Row, machine, markdown

WAYS = {
    "nothing": "",
    "sklearn": "import sklearn",
    "sklearn, an estimator": "from sklearn.preprocessing import StandardScaler",
    "spectransfer": "import spectransfer",
    "spectransfer, a transformer": "from spectransfer import BaselineCorrector",
    "spectransfer, a network": "from spectransfer import SpectralVAE",
}
COMPARED = [
    ("spectransfer", "sklearn", "<= 1"),
    ("spectransfer, a transformer", "sklearn, an estimator", "<= 1.5"),
    ("spectransfer, a network", "sklearn, an estimator", ""),
]


def wall(code: str) -> float:
    """Time a fresh process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def rows(repeats: int = 7) -> list[Row]:
    """Time all ways in turn, so that other work on the machine meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    for turn in range(repeats + 1):
        for name, code in WAYS.items():
            took = wall(code)
            if turn > 0:  # the first one reads files from the disk
                times[name].append(took)
    took = {name: statistics.median(values) for name, values in times.items()}
    took = {name: max(value - took["nothing"], 1e-4) for name, value in took.items()}
    for name, value in took.items():
        print(f"import {name}: {value * 1e3:.0f} ms")
    return [
        (f"import {ours}", f"import {theirs}", took[ours] / took[theirs], target)
        for ours, theirs, target in COMPARED
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    print(machine())
    print(markdown(rows(options.repeats)))


if __name__ == "__main__":
    main()
