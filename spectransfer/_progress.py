"""One progress bar for everything that takes long, or none where it is not wanted."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Bar:
    """A bar that counts, or an invisible one that does nothing.

    Parameters
    ----------
    bar : tqdm.tqdm or None
        The bar that is seen; None for an invisible one.
    """

    def __init__(self, bar: Any = None) -> None:
        self._bar = bar

    @property
    def visible(self) -> bool:
        """Whether there is anything to see."""
        return self._bar is not None

    def update(self, n: int = 1) -> None:
        """Count on."""
        if self._bar is not None:
            self._bar.update(n)

    def describe(self, text: str) -> None:
        """Say what is being done."""
        if self._bar is not None:
            self._bar.set_description(text, refresh=False)

    def show(self, **figures: str) -> None:
        """Show figures behind the count."""
        if self._bar is not None:
            self._bar.set_postfix(figures, refresh=False)

    def reach(self, n: int) -> None:
        """Set the count, and draw the bar."""
        if self._bar is not None:
            self._bar.n = n
            self._bar.refresh()


@contextmanager
def progress_bar(
    total: int, unit: str, *, visible: bool, **options: Any
) -> Iterator[Bar]:
    """Show a progress bar while a block runs.

    Parameters
    ----------
    total : int
        What it counts to.
    unit : str
        What it counts, in the singular.
    visible : bool
        False shows nothing.
    **options : dict
        Further options of `tqdm.tqdm`.

    Yields
    ------
    Bar
        What counts.
    """
    if not visible:
        yield Bar()
        return
    # in a notebook without ipywidgets, to import it is to be warned
    from tqdm.auto import tqdm

    width: dict[str, Any] = {"dynamic_ncols": True}
    if sys.stderr.isatty() and os.get_terminal_size(sys.stderr.fileno()).columns == 0:
        width = {"ncols": 80, "nrows": 24}  # it does not know its own size
    with tqdm(total=total, unit=unit, **width, **options) as bar:
        yield Bar(bar)
