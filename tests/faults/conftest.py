"""Counts of the faults that were tried, shown at the end of the run."""

from collections import Counter

import pytest

_TALLY: Counter = Counter()


@pytest.fixture
def tally():
    """Count faults: `tally[kind, "tried"]`, "survived", "lost"."""
    return _TALLY


def pytest_terminal_summary(terminalreporter):
    for kind in sorted({kind for kind, _ in _TALLY}):
        told = ", ".join(
            f"{outcome} {_TALLY[kind, outcome]}"
            for outcome in ("tried", "survived", "lost")
        )
        terminalreporter.write_line(f"faults, {kind}: {told}")
