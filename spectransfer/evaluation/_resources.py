"""Time and memory that a call takes.

Memory is what the process holds beyond what it held when the call began: its anonymous
resident pages, read from the operating system every 5 ms by a thread of its own. So it
counts what numpy, torch and BLAS allocate alike (`tracemalloc` would miss torch's
tensors), and not the pages of memory-mapped files. It misses peaks that are shorter
than a reading, memory of a GPU and of worker processes, and arrays that were put where
an earlier one had been freed without going back to the system. It exists on Linux only.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

_STATUS = Path("/proc/self/status")
_SECONDS_BETWEEN_READINGS = 0.005


@dataclass
class Spent:
    """Seconds of all calls together, and the most bytes that one of them took."""

    seconds: float = 0.0
    peak_bytes: int | None = None


def resident_bytes() -> int | None:
    """Read the size of anonymous resident memory; None where it cannot be had."""
    try:
        status = _STATUS.read_text()
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("RssAnon:"):
            return 1024 * int(line.split()[1])
    return None


@contextmanager
def metered(spent: Spent, *, memory: bool = False) -> Iterator[None]:
    """Add what the block takes to `spent`.

    Parameters
    ----------
    spent : Spent
        Where seconds are added, and the peak raised.
    memory : bool, default=False
        Whether to watch memory, too.

    Yields
    ------
    None
        Nothing.
    """
    before = resident_bytes() if memory else None
    if before is None:
        started = time.perf_counter()
        try:
            yield
        finally:
            spent.seconds += time.perf_counter() - started
        return
    highest, done = [before], Event()

    def watch() -> None:
        while not done.wait(_SECONDS_BETWEEN_READINGS):
            highest[0] = max(highest[0], resident_bytes() or 0)

    thread = Thread(target=watch, daemon=True)
    thread.start()
    started = time.perf_counter()
    try:
        yield
    finally:
        spent.seconds += time.perf_counter() - started
        now = resident_bytes() or 0
        done.set()
        thread.join()
        growth = max(highest[0], now) - before
        spent.peak_bytes = max(spent.peak_bytes or 0, growth)
