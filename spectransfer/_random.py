"""Seeding torch without disturbing whoever else uses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

import numpy as np
import torch
from sklearn.utils import check_random_state

from spectransfer._typing import RandomState

# torch's generator belongs to the whole process: threads take turns with it
_turn = RLock()


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
        yield rng
