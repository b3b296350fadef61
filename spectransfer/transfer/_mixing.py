"""How many maps become one: by what each of them misses of left-out samples."""

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import nnls

from spectransfer._blocks import row_blocks
from spectransfer._typing import FloatArray, IntArray
from spectransfer.transfer._affine import Mixture

_SPREAD = 0.5
_HOPEFUL = 3.0


def grams(
    maps: list[Any], shape: tuple[int, int], counts: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Give products of the residuals of all maps, also by what each spectrum counts."""
    n_maps = sum(len(prior.strengths) for prior in maps)
    gram, counted = np.zeros((2, n_maps, n_maps))
    # some channels at a time
    for columns in row_blocks(shape[1], 8 * shape[0] * n_maps // 8):
        missed = np.concatenate([prior.residuals(columns) for prior in maps])
        flat = missed.reshape(n_maps, -1)
        gram += flat @ flat.T
        flat = (missed * np.sqrt(counts)[:, None]).reshape(n_maps, -1)
        counted += flat @ flat.T
    return gram, counted


class Unseen(NamedTuple):
    """What maps miss of materials that no standard is of."""

    share: float
    """Their part of what all spectra vary by."""
    gram: FloatArray
    """Products of the residuals of all maps, relative to what the materials vary by."""

    def added(self, gram: FloatArray, varying: float) -> FloatArray:
        """Add them to products of what is seen and varies by so much."""
        return (1.0 - self.share) * gram + self.share * varying * self.gram


def of_unseen(maps: list[Any], share: float, rows: IntArray) -> Unseen | None:
    """Give what maps miss of materials that were left out as a whole.

    Parameters
    ----------
    maps : list
        Priors of standards that leave out each material at once.
    share : float
        What such materials count.
    rows : ndarray of int
        Standards of those materials.

    Returns
    -------
    Unseen or None
        None where they do not vary.
    """
    targets = maps[0].standards.y
    varying = (targets[rows] ** 2).sum()
    if not varying:
        return None
    asked = np.zeros(len(targets))
    asked[rows] = 1.0
    return Unseen(share, grams(maps, targets.shape, asked)[1] / varying)


def of_a_single_sample(names: Any, strengths: FloatArray) -> FloatArray:
    """Trust the strongest prior: the mean difference, or the mean spectrum."""
    for name in ("resampled", "nothing", "window", "untransferred"):
        found = np.flatnonzero(names == name)
        if len(found):
            weights = np.zeros(len(names))
            weights[found[np.argmax(strengths[found])]] = 1.0
            return weights
    return np.eye(len(names))[0]


def missed(weights: FloatArray, gram: FloatArray) -> float:
    """Give the squared error of a mixture, of which maps without a share have no part.

    Parameters
    ----------
    weights : ndarray of shape (n_maps,)
        What each map counts.
    gram : ndarray of shape (n_maps, n_maps)
        Products of the residuals of all maps; those without a share may be unknown.

    Returns
    -------
    float
        The error.
    """
    kept = np.flatnonzero(weights)
    return float(weights[kept] @ gram[np.ix_(kept, kept)] @ weights[kept])


def mixing_weights(gram: FloatArray) -> FloatArray:
    r"""Give the weights of the mixture with the least penalized error.

    Parameters
    ----------
    gram : ndarray of shape (n_maps, n_maps)
        Products of the residuals of all maps.

    Returns
    -------
    ndarray of shape (n_maps,)
        Not negative, with sum 1.
    """
    n_maps, errors = len(gram), np.diag(gram)
    told = errors[np.isfinite(errors)]
    # scipy's nnls ends the interpreter where nothing is left to choose from
    if not len(told):
        raise ValueError(
            "No map between these spectra misses a finite number. Are X, y and the "
            "spectra without partners in units of a like size?"
        )
    least = max(float(told.min()), np.finfo(np.float64).tiny)
    hopeful = np.flatnonzero(errors <= _HOPEFUL * least)
    scaled = gram[np.ix_(hopeful, hopeful)] / least
    triangle = np.linalg.cholesky(scaled + _SPREAD * np.eye(len(hopeful))).T
    # the sum is free in min w'Gw - 2 sum(w), whose solution is the wanted one, scaled
    ones = solve_triangular(triangle, np.ones(len(hopeful)), trans="T")
    found, _ = nnls(triangle, ones, maxiter=100 * n_maps)
    weights = np.zeros(n_maps)
    weights[hopeful] = found / found.sum()
    return weights


def unless_untransferred(
    weights: FloatArray, names: Any, errors: FloatArray, n_samples: int
) -> FloatArray:
    """Keep the weights of maps, unless left-out samples say that none is of use.

    Parameters
    ----------
    weights : ndarray of shape (n_maps,)
        What is learned.
    names : ndarray of str of shape (n_maps,)
        Prior of each map.
    errors : ndarray of shape (n_maps,)
        Squared errors of left-out samples.
    n_samples : int
        How many there are.

    Returns
    -------
    ndarray of shape (n_maps,)
        The weights, or all weight on the untransferred spectra.
    """
    as_it_is = names == "untransferred"
    learned = ~as_it_is if n_samples > 2 else weights > 0
    # of n samples a mean difference is better than left-out ones say, by this
    least = (1.0 - n_samples**-2.0) * errors[learned].min(initial=np.inf)
    if errors[as_it_is].min(initial=np.inf) <= least:
        return as_it_is.astype(np.float64)
    return weights


def mixed(maps: list[Any], weights: FloatArray, mixture: Mixture) -> Mixture:
    """Collect all maps, each as much as its weights.

    Parameters
    ----------
    maps : list
        Priors, each with some strengths.
    weights : ndarray of shape (n_maps,)
        What each strength of each prior counts.
    mixture : Mixture
        What they are added to.

    Returns
    -------
    Mixture
        The same one.
    """
    start = 0
    for prior in maps:
        shares = weights[start : start + len(prior.strengths)]
        start += len(shares)
        if shares.any():
            prior.add_to(mixture, shares)
    return mixture


def middle(values: FloatArray, shares: FloatArray) -> float:
    """Give the median of values that count by their shares."""
    if not shares.any():
        return float("nan")
    order = np.argsort(values)
    below = np.cumsum(shares[order]) >= 0.5 * shares.sum()
    return float(values[order][np.argmax(below)])
