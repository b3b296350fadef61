r"""Spectral space transformation: the components that both instruments share.

Du et al. (2011) join the spectra of each standard, primary beside secondary, and take
the principal components of the joint spectra. A secondary spectrum is projected on its
half of the components, and this part is exchanged for the primary half. What the
components do not describe stays as it is.
"""

from numbers import Integral
from typing import Any

import numpy as np

from spectransfer._typing import ArrayLike, FloatArray, IntArray
from spectransfer._validation import Interval, StrOptions, fit_context
from spectransfer.transfer._affine import AffineTransfer, resampling
from spectransfer.transfer._leave_out import centred, folds_of, samples_of

_MOST_COMPONENTS = 30


def joint_components(
    secondary: FloatArray, primary: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Give the loadings of joint spectra, split by instrument.

    Parameters
    ----------
    secondary, primary : ndarray of shape (n_spectra, n_channels)
        Centred spectra of the standards.

    Returns
    -------
    secondary, primary : ndarray of shape (n_components, n_channels)
        Both halves of each component, by falling variance, those without any left out.
    """
    gram = secondary @ secondary.T + primary @ primary.T
    values, vectors = np.linalg.eigh(gram)
    values, vectors = values[::-1], vectors[:, ::-1]
    rounding = len(values) * np.finfo(np.float64).eps * max(values[0], 0.0)
    kept = values > rounding
    scores = vectors[:, kept] / np.sqrt(values[kept])
    return scores.T @ secondary, scores.T @ primary


class SpectralSpaceTransformation(AffineTransfer):
    r"""Exchange the secondary half of joint principal components for the primary half.

    With the loadings :math:`P_s` and :math:`P_p` of joint spectra, and R, which reads
    secondary spectra at the primary wavelengths,

    .. math:: \hat y = \bar y + (x - \bar x) P_s^+ P_p
              + \left[(x - \bar x) - (x - \bar x) P_s^+ P_s\right] R

    Parameters
    ----------
    n_components : int or "cv", default="cv"
        Number of components, at most one less than standards. "cv" takes the number
        that best predicts samples which were left out (one by one up to 20 samples,
        beyond that in 20 groups).
    keep_residual : bool, default=True
        Whether what the components do not describe is kept, as in the original method.
        Without it the axes of both sides play no part.
    wavelengths_secondary, wavelengths_primary : array-like or None, default=None
        Axis of each side, in one unit. None takes it from the column names of data
        frames; where there are none, equal numbers of channels are the same channels.

    Attributes
    ----------
    n_components_ : int
        Number of components that were used.
    coef_ : ndarray of shape (n_primary, n_secondary)
        The map, made when it is asked for.
    intercept_ : ndarray of shape (n_primary,)
        What is added.
    n_features_in_ : int
        Number of channels of the secondary spectra.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of `X`, where it had any.

    Raises
    ------
    WavelengthError
        The channels of both sides cannot be matched, and the residual is to be kept.

    See Also
    --------
    DirectStandardization : Regresses instead of joining.

    References
    ----------
    .. [1] W. Du et al., "Maintaining the predictive abilities of multivariate
       calibration models by spectral space transformation", Anal. Chim. Acta 690
       (2011) 64.

    Examples
    --------
    >>> from spectransfer import SpectralSpaceTransformation
    >>> shared = SpectralSpaceTransformation(1).fit([[0.0], [1.0]], [[1.0], [3.0]])
    >>> shared.predict([[2.0]])
    array([[5.]])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "n_components": [
            Interval(Integral, 0, None, closed="left"),
            StrOptions({"cv"}),
        ],
        "keep_residual": ["boolean"],
        "wavelengths_secondary": ["array-like", None],
        "wavelengths_primary": ["array-like", None],
    }

    def __init__(
        self,
        n_components: int | str = "cv",
        *,
        keep_residual: bool = True,
        wavelengths_secondary: ArrayLike | None = None,
        wavelengths_primary: ArrayLike | None = None,
    ) -> None:
        self.n_components = n_components
        self.keep_residual = keep_residual
        self.wavelengths_secondary = wavelengths_secondary
        self.wavelengths_primary = wavelengths_primary

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_id: ArrayLike | None = None
    ) -> "SpectralSpaceTransformation":
        """Learn the joint components of shared standards.

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
        SpectralSpaceTransformation
            The fitted estimator.
        """
        secondary, primary, axes = self._checked(X, y)
        local = None
        if self.keep_residual:
            local = resampling(self, axes, (secondary.shape[1], primary.shape[1]))
        samples = samples_of(sample_id, secondary)
        if isinstance(self.n_components, str):
            wanted = _best_number(secondary, primary, local, samples)
        else:
            wanted = int(self.n_components)
        (x_mean, x), (y_mean, y) = centred(secondary), centred(primary)
        halves = joint_components(x, y)
        self.n_components_ = min(wanted, len(halves[0]))
        self._keep(
            (x_mean, y_mean), local, _exchange(halves, self.n_components_, local)
        )
        return self


def _exchange(
    halves: tuple[FloatArray, FloatArray], n: int, local: Any
) -> tuple[FloatArray, FloatArray]:
    """Give the factors that take out the secondary half and put in the primary one."""
    secondary, primary = halves[0][:n], halves[1][:n]
    replaced = primary if local is None else primary - secondary @ local.T
    return np.linalg.pinv(secondary), replaced


def _best_number(
    secondary: FloatArray, primary: FloatArray, local: Any, samples: list[IntArray]
) -> int:
    """Give the number of components with the least error of left-out samples."""
    if len(samples) < 3:
        return 1
    errors = np.zeros(min(_MOST_COMPONENTS, len(samples) - 2) + 1)
    for known_x, known_y, x, y in folds_of(secondary, primary, samples):
        halves = joint_components(known_x, known_y)
        for n in range(len(errors)):
            left, right = _exchange(halves, min(n, len(halves[0])), local)
            moved = 0.0 if local is None else x @ local.T
            errors[n] += ((y - moved - (x @ left) @ right) ** 2).sum()
    return int(np.argmin(errors))
