"""Watching the memory of this process. Linux only: it reads /proc."""

import ctypes
import threading
import time
from pathlib import Path
from types import TracebackType

SECONDS_BETWEEN_LOOKS = 0.002
STATUS = Path("/proc/self/status")


def status_bytes(name: str) -> int:
    """Read a line of what Linux says about this process, such as "RssAnon"."""
    line = next(x for x in STATUS.read_text().splitlines() if x.startswith(name))
    return int(line.split()[1]) * 1024


class Peaks:
    """The most memory while a `with` block runs, in bytes.

    "Anonymous" is memory that no file backs, so that it has to stay; "resident" also
    counts pages of files, which the system takes back when it needs room.
    """

    def __init__(self) -> None:
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._done.is_set():
            self._look()
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _look(self) -> None:
        self.anonymous = max(self.anonymous, status_bytes("RssAnon"))
        self.resident = max(self.resident, status_bytes("VmRSS"))

    def __enter__(self) -> "Peaks":
        # what was freed before would hide as much of what is taken now
        ctypes.CDLL(None).malloc_trim(0)
        self.anonymous = self.anonymous_before = status_bytes("RssAnon")
        self.resident = self.resident_before = status_bytes("VmRSS")
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._look()
        self._done.set()
        self._watcher.join()

    @property
    def above(self) -> int:
        """Anonymous bytes above what there was before."""
        return self.anonymous - self.anonymous_before
