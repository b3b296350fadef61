"""One bar over all fits of a search, wherever they run.

Fits leave a small file each when they are finished. A thread looks for these files, so
the bar moves with processes and with a cluster as it does without; where workers do not
see the folder, it moves from rung to rung.
"""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from spectransfer.search._brackets import Bracket, Params
from spectransfer.search._records import Record

LOOK_EVERY = 0.3  # s


@dataclass
class Rung:
    """One rung as the bar sees it: how many fits there are, and which they may be."""

    title: str
    n_fits: int
    candidates: list[Params]
    key_of: Callable[[Params], str]

    @cached_property
    def keys(self) -> list[str]:
        """Names of the fits, worked out when they are first looked for."""
        return [self.key_of(params) for params in self.candidates]


@dataclass
class Progress:
    """Counts finished fits.

    Parameters
    ----------
    rungs : list of Rung
        All rungs of all brackets.
    read : callable
        Looks up a record by its key.
    """

    rungs: list[Rung]
    read: Callable[[str], Record | None]
    current: int = -1
    found: dict[str, Record] = field(default_factory=dict)

    @property
    def n_fits(self) -> int:
        """Number of fits in all."""
        return sum(rung.n_fits for rung in self.rungs)

    def next_rung(self) -> None:
        """Note that a rung is finished, and the next begins, if there is one."""
        self.current += 1

    def look(self) -> tuple[int, str, dict[str, str]]:
        """Give the number of finished fits, the rung, and the best score so far."""
        if self.current < 0:
            return 0, "search", {}
        n_before = sum(rung.n_fits for rung in self.rungs[: self.current])
        rung = self.rungs[min(self.current, len(self.rungs) - 1)]
        for key in rung.keys:
            record = None if key in self.found else self.read(key)
            if record is not None:
                self.found[key] = record
        n_here = sum(key in self.found for key in rung.keys)
        n_finished = min(n_before + min(n_here, rung.n_fits), self.n_fits)
        scores = [r.score for r in self.found.values() if math.isfinite(r.score)]
        best = {"best": f"{max(scores):.4g}"} if scores else {}
        return n_finished, rung.title, best


def rungs_of(brackets: list[Bracket], key_of: Callable[[Params], str]) -> list[Rung]:
    """List the rungs of all brackets, with the fits that there may be."""
    rungs = []
    for i, bracket in enumerate(brackets):
        steps = bracket.rungs
        for j, (n_fits, resource) in enumerate(steps):
            title = f"rung {j + 1}/{len(steps)}"
            if bracket.resource is not None:
                title += f", {bracket.resource.rpartition('__')[2]}={resource}"
            if len(brackets) > 1:
                title = f"bracket {i + 1}/{len(brackets)}, {title}"
            candidates = bracket.candidates_with(resource)
            rungs.append(Rung(title, n_fits, candidates, key_of))
    return rungs


@contextmanager
def shown(progress: Progress, visible: bool) -> Iterator[None]:
    """Show a bar while the search runs."""
    if not visible:
        yield
        return
    # in a notebook without ipywidgets, to import it is to be warned
    from tqdm.auto import tqdm

    over = threading.Event()
    with tqdm(total=progress.n_fits, unit="fit", dynamic_ncols=True) as bar:

        def show() -> None:
            n_done, title, best = progress.look()
            bar.set_description(title, refresh=False)
            bar.set_postfix(best, refresh=False)
            bar.n = n_done
            bar.refresh()

        def watch() -> None:
            while not over.wait(LOOK_EVERY):
                show()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
            show()
