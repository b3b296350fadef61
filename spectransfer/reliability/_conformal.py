r"""Ranks among spectra that were left out, by which rates and coverages are kept.

A new sample is as likely as any of G others to have any place in their order, so that
its score is above the m-th smallest with probability :math:`(G + 1 - m) / (G + 1)`
(V. Vovk, A. Gammerman and G. Shafer, "Algorithmic Learning in a Random World", 2005).
Spectra of one sample share its weight.
"""

from numbers import Real
from typing import Any

import numpy as np

from spectransfer._labels import checked_labels
from spectransfer._typing import ArrayLike, FloatArray, IntArray

_FEW = 20  # samples up to which each is left out alone
_FOLDS = 5


def numbers_of(sample_id: ArrayLike | None, n_spectra: int) -> IntArray:
    """Give the number of the sample of each spectrum, from 0 on.

    Parameters
    ----------
    sample_id : array-like of shape (n_spectra,) or None
        Names of samples; None takes every spectrum for one.
    n_spectra : int
        How many spectra there are.

    Returns
    -------
    ndarray of shape (n_spectra,)
        Numbers.
    """
    if sample_id is None:
        return np.arange(n_spectra)
    labels = checked_labels(sample_id, n_spectra, "sample_id")
    return np.unique(labels, return_inverse=True)[1]


def folds_of(samples: IntArray, *, alone: bool = True) -> list[IntArray]:
    """Give rows to leave out: of fifths, or up to 20 samples of each alone."""
    n_samples = int(samples.max()) + 1
    single = n_samples <= (_FEW if alone else _FOLDS)
    n_folds = n_samples if single else _FOLDS
    order = np.random.default_rng(0).permutation(n_samples)
    return [
        np.flatnonzero(np.isin(samples, order[fold::n_folds]))
        for fold in range(n_folds)
    ]


def weights_of(samples: IntArray) -> FloatArray:
    """Give what each spectrum counts, with sum 1: samples count alike."""
    sizes = np.bincount(samples)
    return 1.0 / (sizes[samples] * np.count_nonzero(sizes))


def level_of(coverage: float, n_samples: int) -> float:
    """Give the share of left-out samples that a limit has to hold for a coverage."""
    return min(np.ceil(coverage * (n_samples + 1) - 1e-9) / n_samples, 1.0)


def place_of(coverage: float, n_samples: int) -> int:
    """Give which of the ordered scores of n samples is the limit of a coverage.

    Parameters
    ----------
    coverage : float
        Share of new samples that are to lie below it.
    n_samples : int
        Samples that were left out.

    Returns
    -------
    int
        From 1 on.

    Raises
    ------
    TypeError, ValueError
        It is no number, or more than as many samples can promise.
    """
    given: Any = coverage
    if not isinstance(given, Real):
        raise TypeError(
            "coverage must be a number such as 0.9, but it is a "
            f"{type(given).__name__}."
        )
    place = coverage * (n_samples + 1) - 1e-9
    if not 0 < coverage < 1 or place > n_samples:
        raise ValueError(
            f"coverage must lie between 0 and {n_samples}/{n_samples + 1}, which is "
            f"what the errors of {n_samples} samples can promise, but it is {coverage}."
            " Lower it, or fit with more standards."
        )
    return int(np.ceil(place))


def limits_of(scores: FloatArray, weights: FloatArray, level: float) -> FloatArray:
    """Give the smallest scores that at least a share of the weights does not exceed.

    Parameters
    ----------
    scores : ndarray of shape (n_spectra, n_scores)
        Scores, each column for itself.
    weights : ndarray of shape (n_spectra,)
        With sum 1.
    level : float
        The share.

    Returns
    -------
    ndarray of shape (n_scores,)
        Limits.
    """
    if np.ptp(weights) == 0:
        place = min(
            max(int(np.ceil(level * len(scores) - 1e-6)) - 1, 0), len(scores) - 1
        )
        return np.partition(scores, place, axis=0)[place]
    order = np.argsort(scores, axis=0)
    held = np.cumsum(weights[order], axis=0) >= level - 1e-9
    held[-1] = True
    place = held.argmax(axis=0)
    return np.take_along_axis(scores, order, axis=0)[place, np.arange(scores.shape[1])]


def limit_table(scores: FloatArray, weights: FloatArray, n_samples: int) -> FloatArray:
    """Give the limits of all levels m / n_samples.

    Parameters
    ----------
    scores : ndarray of shape (n_spectra, n_scores)
        Scores, each column for itself.
    weights : ndarray of shape (n_spectra,)
        With sum 1.
    n_samples : int
        Number of samples.

    Returns
    -------
    ndarray of shape (n_samples, n_scores)
        Row m - 1 holds what a share of m / n_samples does not exceed, in float32.
    """
    if len(scores) == n_samples:
        return np.sort(scores, axis=0).astype(np.float32)
    order = np.argsort(scores, axis=0)
    ranked = np.take_along_axis(scores, order, axis=0)
    held = np.cumsum(weights[order], axis=0)
    levels = np.arange(1, n_samples + 1) / n_samples - 1e-9
    places = np.stack([np.searchsorted(column, levels) for column in held.T], axis=1)
    places = np.minimum(places, len(scores) - 1)
    return np.take_along_axis(ranked, places, axis=0).astype(np.float32)
