r"""Canonical correlation: what both instruments say alike, carried over.

Fan et al. (2008) take the linear combinations of secondary and of primary channels that
correlate best over the standards, regress one on the other, and lead back to primary
spectra. With fewer standards than channels every pair of combinations can be made to
correlate perfectly; so they are taken among a few principal components of each side.
"""

from numbers import Integral
from typing import Any

import numpy as np

from spectransfer._typing import ArrayLike, FloatArray, IntArray
from spectransfer._validation import Interval, StrOptions, fit_context
from spectransfer.transfer._affine import AffineTransfer
from spectransfer.transfer._leave_out import centred, folds_of, samples_of

_MOST_PRINCIPAL = 12

Side = tuple[FloatArray, FloatArray, FloatArray]

# a correlation of one, but for rounding
_PERFECT = 1.0 - 1e-9


class CanonicalCorrelationTransfer(AffineTransfer):
    r"""Regress the canonical variates of primary spectra on those of secondary ones.

    With centred standards :math:`X = U_s S_s V_s^T` and :math:`Y = U_p S_p V_p^T`, both
    cut to a few principal components, and the singular value decomposition
    :math:`U_s^T U_p = A \, \mathrm{diag}(\rho) \, B^T`, whose :math:`\rho` are the
    canonical correlations,

    .. math:: \hat y = \bar y + (x - \bar x) \, V_s S_s^{-1} A \,
              \mathrm{diag}(\rho) \, B^T U_p^T Y .

    Parameters
    ----------
    n_components : int or "cv", default="cv"
        Number of pairs of variates, at most `n_principal`. "cv" takes the number that
        best predicts samples which were left out (one by one up to 20 samples, beyond
        that in 20 groups).
    n_principal : int or "cv", default="cv"
        Number of principal components of each side, at most one less than standards;
        "cv" as above.

    Attributes
    ----------
    n_components_ : int
        Number of pairs of variates that were used.
    n_principal_ : int
        Number of principal components that were used.
    correlations_ : ndarray of shape (`n_components_`,)
        Canonical correlations, falling. Pairs of variates that correlate perfectly, as
        some of few standards must, are in order of what they tell of the primary.
    coef_ : ndarray of shape (n_primary, n_secondary)
        The map, made when it is asked for.
    intercept_ : ndarray of shape (n_primary,)
        What is added.
    n_features_in_ : int
        Number of channels of the secondary spectra.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of `X`, where it had any.

    See Also
    --------
    SpectralSpaceTransformation : Joins both sides before taking components.

    References
    ----------
    .. [1] W. Fan, Y. Liang, D. Yuan, J. Wang, "Calibration model transfer for
       near-infrared spectra based on canonical correlation analysis", Anal. Chim. Acta
       623 (2008) 22.

    Examples
    --------
    >>> from spectransfer import CanonicalCorrelationTransfer
    >>> from spectransfer.datasets import make_instrument_pair
    >>> pair = make_instrument_pair(n_spectra=60, random_state=0)
    >>> canonical = CanonicalCorrelationTransfer().fit(
    ...     pair.X_secondary[:40], pair.X_primary[:40])
    >>> canonical.predict(pair.X_secondary[40:]).shape == pair.X_primary[40:].shape
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "n_components": [
            Interval(Integral, 0, None, closed="left"),
            StrOptions({"cv"}),
        ],
        "n_principal": [Interval(Integral, 1, None, closed="left"), StrOptions({"cv"})],
    }

    def __init__(
        self, n_components: int | str = "cv", *, n_principal: int | str = "cv"
    ) -> None:
        self.n_components = n_components
        self.n_principal = n_principal

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_id: ArrayLike | None = None
    ) -> "CanonicalCorrelationTransfer":
        """Learn the canonical variates of shared standards.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra of the same spots.
        sample_id : array-like of shape (n_spectra,), default=None
            Sample of each spectrum: replicates are left out together. None takes every
            spectrum for a sample.

        Returns
        -------
        CanonicalCorrelationTransfer
            The fitted estimator.
        """
        secondary, primary = self._tables(X, y)
        samples = samples_of(sample_id, secondary)
        n_principal, n_components = self._sizes(secondary, primary, samples)
        (x_mean, x), (y_mean, y) = centred(secondary), centred(primary)
        means, sides = (x_mean, y_mean), (_components(x), _components(y))
        left, correlations, right = _variates(sides, n_principal)
        n = min(n_components, len(correlations))
        self.n_principal_ = min(n_principal, *(len(side[1]) for side in sides))
        self.n_components_, self.correlations_ = n, correlations[:n]
        self._keep(means, factors=(left[:, :n], correlations[:n, None] * right[:n]))
        return self

    def _sizes(
        self, secondary: FloatArray, primary: FloatArray, samples: list[IntArray]
    ) -> tuple[int, int]:
        """Give the numbers of components and of variates, as asked for or chosen."""
        if not (self.n_principal == "cv" or self.n_components == "cv"):
            return int(self.n_principal), int(self.n_components)
        if len(samples) < 3:
            tried = {"n_principal": 1, "n_components": 1}
            asked = {name: getattr(self, name) for name in tried}
            return tuple(  # type: ignore[return-value]
                tried[name] if value == "cv" else int(value)
                for name, value in asked.items()
            )
        errors = _left_out(secondary, primary, samples, self.n_principal)
        if self.n_components != "cv":
            only = min(int(self.n_components), errors.shape[1] - 1)
            errors[:, np.arange(errors.shape[1]) != only] = np.inf
        row, n = np.unravel_index(np.argmin(errors), errors.shape)
        principal = row + 1 if self.n_principal == "cv" else self.n_principal
        return int(principal), int(n)


def _components(centred: FloatArray) -> Side:
    """Give scores, singular values and loadings, without those that are rounding."""
    scores, values, loadings = np.linalg.svd(centred, full_matrices=False)
    rounding = max(centred.shape) * np.finfo(np.float64).eps * max(values[0], 0.0)
    kept = values > rounding
    return scores[:, kept], values[kept], loadings[kept]


def _variates(
    sides: tuple[Side, Side], n_principal: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give secondary weights, correlations, and the primary spectra of variates."""
    n = n_principal
    (scores, values, loadings), (others, strengths, spectra) = sides
    scores, values, loadings = scores[:, :n], values[:n], loadings[:n]
    rotation, correlations, other = np.linalg.svd(
        scores.T @ others[:, :n], full_matrices=False
    )
    # of perfectly correlated ones a rounding may be left above one
    correlations = np.minimum(correlations, 1.0)
    left = (loadings.T / values) @ rotation
    right = other @ (strengths[:n, None] * spectra[:n])
    # any rotation of these is as good: those that tell most of the primary come first
    tied = int((correlations > _PERFECT).sum())
    if tied > 1:
        turn = np.linalg.svd(right[:tied], full_matrices=False)[0]
        left[:, :tied], right[:tied] = left[:, :tied] @ turn, turn.T @ right[:tied]
    return left, correlations, right


def _turned(spectra: FloatArray) -> FloatArray:
    """Give spectra in as few coordinates as hold them, at the same distances."""
    if spectra.shape[1] <= len(spectra):
        return spectra
    scores, values, _ = np.linalg.svd(spectra, full_matrices=False)
    turned: FloatArray = scores * values
    return turned


def _left_out(
    secondary: FloatArray,
    primary: FloatArray,
    samples: list[IntArray],
    n_principal: int | str,
) -> FloatArray:
    """Give the error of left-out samples by numbers of components and of variates."""
    most = min(_MOST_PRINCIPAL, len(samples) - 2)
    sizes = range(1, most + 1) if isinstance(n_principal, str) else [int(n_principal)]
    errors = np.zeros((len(sizes), max(sizes) + 1))
    secondary, primary = _turned(secondary), _turned(primary)
    for known_x, known_y, x, y in folds_of(secondary, primary, samples):
        sides = _components(known_x), _components(known_y)
        for row, size in enumerate(sizes):
            left, correlations, right = _variates(sides, size)
            missed, variates = y.copy(), (x @ left) * correlations
            errors[row, 0] += (missed**2).sum()
            for n in range(1, errors.shape[1]):
                if n <= len(correlations):
                    missed -= variates[:, n - 1 : n] * right[n - 1]
                errors[row, n] += (missed**2).sum()
    return errors
