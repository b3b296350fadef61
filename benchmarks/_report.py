"""What the benchmarks share: medians, the machine, and one form of table."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import scipy
import sklearn
from threadpoolctl import threadpool_info

Row = tuple[str, str, float, str]
"""What was measured, against what, their ratio, and the target, such as "<= 25"."""


def seconds(work: Callable[..., object], *args: object, repeats: int) -> float:
    """Median time of a call, after one that is not counted."""
    work(*args)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work(*args)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def machine() -> str:
    """Say what this runs on, and on how many threads."""
    cpuinfo = Path("/proc/cpuinfo")
    model = platform.processor() or platform.machine()
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":")[1].strip()
                break
    threads = {pool["num_threads"] for pool in threadpool_info()}
    return (
        f"{model}, {os.cpu_count()} processors, threads {sorted(threads) or '?'}, "
        f"Python {platform.python_version()}, numpy {np.__version__}, "
        f"scipy {scipy.__version__}, scikit-learn {sklearn.__version__}"
    )


def met(ratio: float, target: str) -> str:
    """Compare a ratio with a target such as "<= 25" or ">= 0.95"; "" has none."""
    if not target:
        return ""
    sign, bound = target.split()
    holds = ratio <= float(bound) if sign == "<=" else ratio >= float(bound)
    return "yes" if holds else "no"


def markdown(rows: Iterable[Row]) -> str:
    """Lay rows out as a Markdown table."""
    lines = ["| what | against | ratio | target | met |", "|:--|:--|--:|--:|:--|"]
    for what, against, ratio, target in rows:
        lines.append(
            f"| {what} | {against} | {ratio:.3g} | {target} | {met(ratio, target)} |"
        )
    return "\n".join(lines)
