"""Seconds that the steps of a run take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Stopwatch:
    """Seconds that the steps of a run take, by their names.

    Parameters
    ----------
    seconds : dict of str to float, default={}
        What has been measured.

    Examples
    --------
    >>> from spectransfer.report import Stopwatch
    >>> stopwatch = Stopwatch()
    >>> with stopwatch("simulate"):
    ...     pass
    >>> list(stopwatch.seconds)
    ['simulate']
    """

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Add what the block takes to a step.

        Parameters
        ----------
        step : str
            Its name.

        Yields
        ------
        None
            Nothing.
        """
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(step, time.perf_counter() - started)

    def add(self, step: str, seconds: float) -> None:
        """Add seconds that were measured elsewhere.

        Parameters
        ----------
        step : str
            Its name.
        seconds : float
            What it took.
        """
        self.seconds[step] = self.seconds.get(step, 0.0) + seconds
