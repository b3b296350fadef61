"""
Is KNNTransfer as fast as scikit-learn's regressor, and in how much memory?
===========================================================================

Times of `predict`, with the same neighbours. The second data set is clustered more
closely than float32 products can tell apart, which makes ours search twice.

    python benchmarks/bench_knn.py [--queries 5000] [--stored 20000] [--threads 1]
"""

import argparse
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.neighbors import KNeighborsRegressor
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parent))
from _report import Row, machine, markdown, seconds

from spectransfer import KNNTransfer

K = 10


def noisy(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Scaled spectra: a few common shapes, and noise in every channel."""
    shapes = rng.normal(size=(16, shape[1])).astype(np.float32)
    spectra = rng.normal(size=(shape[0], 16)).astype(np.float32) @ shapes
    return spectra + rng.normal(size=shape).astype(np.float32)


def close(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Two far clusters whose spectra differ by a ten-thousandth."""
    spectra = 1e-4 * rng.normal(size=shape).astype(np.float32)
    spectra += np.where(np.arange(shape[0])[:, None] % 2, 1, -1)
    return spectra.astype(np.float32)


def bytes_beside(predict: Callable[[np.ndarray], np.ndarray], X: np.ndarray) -> int:
    """Most memory that numpy held at a time during a call, less the result."""
    tracemalloc.start()
    predicted = predict(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - predicted.nbytes


def rows(
    queries: int = 5000,
    stored: int = 20_000,
    channels: int = 3872,
    repeats: int = 3,
    threads: int = 1,
) -> list[Row]:
    """Measure both, and check that the neighbours are the same."""
    rng = np.random.default_rng(0)
    found = []
    for name, make in (("noisy", noisy), ("close", close)):
        spectra = make(rng, (stored + queries, channels))
        X, X_query = spectra[:stored], spectra[stored:]
        y = rng.random((stored, channels), dtype=np.float32)
        ours = KNNTransfer(K).fit(X, y)
        theirs = KNeighborsRegressor(K, algorithm="brute").fit(X, y)
        with threadpool_limits(threads):
            took = seconds(ours.predict, X_query, repeats=repeats)
            took_theirs = seconds(theirs.predict, X_query, repeats=repeats)
        few = X_query[:500]
        found_by_them = np.sort(theirs.kneighbors(few, return_distance=False))
        found_by_us = np.concatenate([i for *_, i in ours.neighbors_.nearest(few, K)])
        same = np.mean(found_by_them == np.sort(found_by_us))
        what = f"KNN predict, {queries} on {stored} x {channels}, {name}"
        print(
            f"{what}: {took:.2f} s, scikit-learn {took_theirs:.2f} s; "
            f"{same:.2%} of neighbours the same"
        )
        found.append((what, "KNeighborsRegressor, time", took / took_theirs, "<= 1"))
    beside = [bytes_beside(knn.predict, X_query) for knn in (ours, theirs)]
    print(
        f"memory beside the result: {beside[0] / 1e6:.0f} MB, {beside[1] / 1e6:.0f} MB"
    )
    found.append(
        (
            f"KNN predict, {queries} queries, memory",
            "the same",
            beside[0] / beside[1],
            "",
        )
    )
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--queries", type=int, default=5000)
    parser.add_argument("--stored", type=int, default=20_000)
    parser.add_argument("--channels", type=int, default=3872)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    with threadpool_limits(options.threads):
        print(machine())
    print(markdown(rows(**vars(options))))


if __name__ == "__main__":
    main()
