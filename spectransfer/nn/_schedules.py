"""The weight of the KL divergence, epoch by epoch.

Cyclical annealing: the weight rises linearly during the first part of each cycle and
stays at its end value for the rest (Fu et al., 2019, arXiv:1903.10145; the paper uses
four cycles from 0 to 0.5, section 3.2.2).
"""

import numpy as np

from spectransfer._typing import FloatArray


def cyclical_annealing(
    n_epochs: int,
    stop: float = 0.5,
    *,
    start: float = 0.0,
    n_cycles: int = 4,
    rising: float = 0.5,
) -> FloatArray:
    """Weights of the KL divergence for each epoch.

    Parameters
    ----------
    n_epochs : int
        Number of epochs.
    stop : float, default=0.5
        Weight at the end of each rise.
    start : float, default=0.0
        Weight at the beginning of each cycle.
    n_cycles : int, default=4
        Number of cycles. One that would last less than an epoch leaves a single
        weight, `start`.
    rising : float, default=0.5
        Part of a cycle during which the weight rises, in (0, 1].

    Returns
    -------
    ndarray of shape (n_epochs,)
        Weights, between `start` and `stop`.

    Examples
    --------
    >>> from spectransfer.nn import cyclical_annealing
    >>> cyclical_annealing(8, n_cycles=2).tolist()
    [0.0, 0.25, 0.5, 0.5, 0.0, 0.25, 0.5, 0.5]
    """
    weights = np.full(n_epochs, stop)
    period = n_epochs / n_cycles
    rise = (stop - start) / (period * rising)
    for cycle in range(n_cycles):
        steps = np.arange(int(np.ceil(period)) + 1)
        values = start + rise * steps
        epochs = (steps + cycle * period).astype(int)
        inside = (epochs < n_epochs) & ((values - stop) * np.sign(rise) <= 1e-12)
        weights[epochs[inside]] = values[inside]
    return weights
