"""What the bar counts."""

import numpy as np

from spectransfer.search._brackets import Bracket
from spectransfer.search._records import Record
from spectransfer.search._running import Progress, rungs_of

CANDIDATES = [{"a": i} for i in range(9)]
BRACKETS = [
    Bracket(CANDIDATES, "part__max_epochs", 1, 9),
    Bracket(CANDIDATES[:2], "part__max_epochs", 9, 9),
]


def counted(finished):
    """A counter that finds some fits, by candidate and epochs."""
    records = {
        f"{a} {n}": Record(score, 0.0, 0.0) for (a, n), score in finished.items()
    }
    rungs = rungs_of(BRACKETS, lambda p: f"{p['a']} {p['part__max_epochs']}")
    return Progress(rungs, records.get)


def test_fits_are_counted_rung_by_rung_with_the_best_of_all():
    finished = {(0, 1): 0.25, (1, 1): np.nan, (5, 3): 0.75}
    progress = counted(finished)
    assert progress.n_fits == 9 + 3 + 1 + 2
    assert progress.look() == (0, "search", {})
    progress.next_rung()
    title = "bracket 1/2, rung 1/3, max_epochs=1"
    assert progress.look() == (2, title, {"best": "0.25"})
    progress.next_rung()
    title = "bracket 1/2, rung 2/3, max_epochs=3"
    # all nine of the first rung are over, seen or not
    assert progress.look() == (9 + 1, title, {"best": "0.75"})


def test_fits_of_an_earlier_search_do_not_count_twice():
    progress = counted({(i, 3): 0.5 for i in range(9)})
    progress.next_rung()
    progress.next_rung()
    assert progress.look()[0] == 9 + 3


def test_a_search_ends_with_all_fits_where_no_file_is_seen():
    progress = counted({})
    for _ in range(5):
        progress.next_rung()
    assert progress.look() == (15, "bracket 2/2, rung 1/1, max_epochs=9", {})
