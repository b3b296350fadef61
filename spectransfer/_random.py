"""Seeding torch without disturbing whoever else uses it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import RLock

import numpy as np
import torch
from sklearn.utils import check_random_state

from spectransfer._typing import RandomState

# torch's generator belongs to the whole process: threads take turns with it
_turn = RLock()
_fixed: ContextVar[bool] = ContextVar("whether a seed was given", default=True)


def _begin_anew() -> None:
    """Free a forked process from what other threads of its parent were doing.

    They are not there to end their turn. Nor are the threads of OpenMP, for which GNU's
    library waits for ever: torch works with one, as in the workers of its own loaders.
    """
    global _turn
    _turn = RLock()
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_begin_anew)


@contextmanager
def seeded(random_state: RandomState) -> Iterator[np.random.RandomState]:
    """Seed torch's generators, and give them back untouched.

    Threads that ask for them at the same time wait for each other.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        As in scikit-learn: an int for the same result every time, None to draw
        from numpy's global generator.

    Yields
    ------
    RandomState
        The numpy generator that torch's seed was drawn from, for what needs
        numpy's randomness inside the block.
    """
    rng = check_random_state(random_state)
    seed = int(rng.randint(np.iinfo(np.int32).max))
    with _turn, torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        before = _fixed.set(random_state is not None)
        try:
            yield rng
        finally:
            _fixed.reset(before)


def seed_is_fixed() -> bool:
    """Tell whether the innermost `seeded` was given a seed or a generator."""
    return _fixed.get()
