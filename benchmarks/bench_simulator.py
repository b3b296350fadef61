"""How many pairs of full-width spectra does the simulator make per second?

Prints, for one and two threads, pairs per second of wall time and of CPU time (the
second is the one to compare on a machine that others use, too), medians over
repeats, after set-up; and the peak memory of writing a map straight to the disk.

    python benchmarks/bench_simulator.py --side 64 --repeats 5
    python benchmarks/bench_simulator.py --shape 560 560 --out FOLDER
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from spectransfer.simulation import make_libs_maps


def seconds(
    shape: tuple[int, int], n_jobs: int, **options: object
) -> tuple[float, float]:
    """Measure wall and CPU seconds of one map."""
    wall, cpu = time.perf_counter(), time.process_time()
    make_libs_maps(shape, None, None, n_jobs=n_jobs, random_state=0, **options)
    return time.perf_counter() - wall, time.process_time() - cpu


def peak_megabytes() -> float:
    """Largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def speed(shape: tuple[int, int], repeats: int) -> None:
    """Print pairs per second in memory."""
    pairs = shape[0] * shape[1]
    wall, cpu = seconds((2, 2), 1)
    print(f"set-up: {wall:.2f} s ({cpu:.2f} CPU-s)")
    for n_jobs in (1, 2):
        runs = np.array([seconds(shape, n_jobs) for _ in range(repeats)])
        by_wall, by_cpu = np.median(pairs / runs, axis=0)
        print(
            f"{n_jobs} thread(s): {by_wall:.0f} pairs/s, {by_cpu:.0f} pairs/CPU-s "
            f"(median of {repeats}, {shape[0]}x{shape[1]} shots)"
        )


def to_disk(shape: tuple[int, int], folder: Path) -> None:
    """Print rate and memory of writing a map."""
    seconds((2, 2), 1)
    before = peak_megabytes()
    wall, cpu = seconds(shape, 2, out=folder, overwrite=True)
    pairs = shape[0] * shape[1]
    size = sum(path.stat().st_size for path in folder.glob("*.npy")) / 1e9
    print(
        f"{shape[0]}x{shape[1]} to disk ({size:.2f} GB): {pairs / wall:.0f} pairs/s, "
        f"{pairs / cpu:.0f} pairs/CPU-s, peak memory {before:.0f} -> "
        f"{peak_megabytes():.0f} MB"
    )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--shape", type=int, nargs=2, default=(100, 100))
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    speed((arguments.side, arguments.side), arguments.repeats)
    if arguments.out:
        to_disk(tuple(arguments.shape), arguments.out)
        return
    with tempfile.TemporaryDirectory() as folder:
        to_disk(tuple(arguments.shape), Path(folder))


if __name__ == "__main__":
    main()
