r"""What linear transfers share: axes that meet, and predictions from a few factors.

Every classical standardization is an affine map of spectra,

.. math:: \hat y = b + L x + R^\top (S^\top x),

with a sparse local part :math:`L` (what neighbouring wavelengths say) and a global
part of low rank (what other wavelengths say). No dense matrix of all channels times
all channels is ever made to predict.
"""

import warnings
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, MultiOutputMixin
from sklearn.utils.validation import check_is_fitted

from spectransfer._axis import Axis, laser_too, span_of, told_axis
from spectransfer._blocks import row_blocks
from spectransfer._numbers import check_squares
from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import ScoresOnItsAxis, check_pair, check_spectra
from spectransfer.exceptions import SpectransferWarning, WavelengthError
from spectransfer.preprocessing import WavelengthResampler

Axes = tuple[FloatArray | None, FloatArray | None]


def find_axes(
    X: ArrayLike,
    y: ArrayLike,
    wavelengths: tuple[ArrayLike | None, ArrayLike | None],
    n_channels: tuple[int, int],
) -> Axes:
    """Give the axes of both sides: those passed, or those that columns are named by.

    Parameters
    ----------
    X, y : array-like
        Secondary and primary spectra as they came.
    wavelengths : tuple of array-like or None
        Secondary and primary axis, where the user passed them.
    n_channels : tuple of int
        Number of secondary and primary channels.

    Returns
    -------
    tuple of ndarray or None
        Secondary and primary axis; None where nothing tells one.
    """
    found: list[Axis | None] = []
    names = ("wavelengths_secondary", "wavelengths_primary")
    for spectra, given, n, name in zip(
        (X, y), wavelengths, n_channels, names, strict=True
    ):
        found.append(told_axis(spectra, given, n, name=name))
    _check_units(*found)
    secondary, primary = (None if axis is None else axis.values for axis in found)
    return secondary, primary


def _check_units(secondary: Axis | None, primary: Axis | None) -> None:
    """Refuse to match channels over axes in two units."""
    if secondary is None or primary is None:
        return
    if secondary.unit == primary.unit:
        return
    if None in (secondary.unit, primary.unit):
        warnings.warn(
            "Channels are matched over axes in one unit, but only one side says its "
            f"own: the secondary spectra have {secondary.span}, and the primary ones "
            f"{primary.span}. They are taken to be in the same unit. Say both, as in "
            "SpectraPair(..., units=...) or in the names of columns.",
            SpectransferWarning,
            stacklevel=5,
        )
        return
    raise WavelengthError(
        "Channels are matched over axes in one unit, but the secondary spectra "
        f"have {secondary.span}, and the primary ones {primary.span}. Convert one "
        "side of the pair: dataclasses.replace(pair, wavelengths_secondary="
        f"pair.axis_secondary.to({primary.unit!r}"
        f"{laser_too(secondary.unit, primary.unit)}))."
    )


def resampling(
    estimator: Any, axes: Axes, n_channels: tuple[int, int]
) -> sparse.csr_array:
    """Give the matrix that reads secondary spectra at the primary wavelengths.

    Parameters
    ----------
    estimator : estimator
        Who asks, for its name.
    axes : tuple of ndarray or None
        Secondary and primary axis.
    n_channels : tuple of int
        Number of secondary and primary channels.

    Returns
    -------
    csr_array of shape (n_primary, n_secondary)
        Linear interpolation; rows of wavelengths that the secondary instrument does
        not reach are empty. Without axes, equal numbers of channels are the same
        channels.

    Raises
    ------
    WavelengthError
        The channels of both sides cannot be matched.
    """
    secondary, primary = axes
    if secondary is not None and primary is not None:
        resampler = WavelengthResampler(primary, fill_value=0.0, wavelengths=secondary)
        weights = resampler.fit(np.zeros((1, len(secondary)))).weights_
        if weights.nnz == 0:
            raise WavelengthError(
                f"{type(estimator).__name__} matches the channels of both instruments "
                "by their places, but the axes do not meet: the secondary one has "
                f"{span_of(secondary)}, and the primary one {span_of(primary)}. Raman "
                'shifts become wavelengths with the laser, axis.to("nm", laser=785). '
                "Where the instruments do see other ranges, take a transfer that "
                "matches no channels, such as DirectStandardization."
            )
        return sparse.csr_array(weights)
    if n_channels[0] == n_channels[1]:
        return sparse.csr_array(sparse.eye_array(n_channels[0]))
    known = [axis is not None for axis in axes]
    there = "neither axis is" if not any(known) else "only one axis is"
    raise WavelengthError(
        f"{type(estimator).__name__} matches the channels of both instruments by their "
        f"wavelengths, but {there} known, and there are {n_channels[0]} secondary and "
        f"{n_channels[1]} primary channels. Pass wavelengths_secondary= and "
        "wavelengths_primary=, or data frames whose columns are named by wavelength."
    )


class Mixture:
    """A sum of affine maps, collected.

    Parameters
    ----------
    center : ndarray of shape (n_secondary,)
        A secondary spectrum amid the standards, around which the map is written.
    n_primary : int
        Number of primary channels.
    """

    def __init__(self, center: FloatArray, n_primary: int) -> None:
        self.center, self.at_center = center, np.zeros(n_primary)
        self.local: Any = None
        self.parts: list[tuple[FloatArray, FloatArray]] = []

    def add(
        self,
        share: float,
        means: tuple[FloatArray, FloatArray],
        local: Any = None,
        factors: tuple[FloatArray, FloatArray] | None = None,
    ) -> None:
        """Add an affine map that carries one mean to the other.

        Parameters
        ----------
        share : float
            What the mean primary spectrum counts.
        means : tuple of ndarray
            Secondary and primary mean spectrum.
        local, factors : csr_array and tuple of ndarray, default=None
            The linear part, multiplied by its share.
        """
        away = self.center - means[0]
        self.at_center = self.at_center + share * means[1]
        if local is not None:
            self.at_center = self.at_center + local @ away
            self.local = local if self.local is None else self.local + local
        if factors is not None:
            self.at_center = self.at_center + (away @ factors[0]) @ factors[1]
            self.parts.append(factors)

    def factors(self) -> tuple[FloatArray, FloatArray] | None:
        """Give all parts of low rank as one, each basis once."""
        rights: dict[int, FloatArray] = {}
        lefts: dict[int, FloatArray] = {}
        for left, right in self.parts:
            known = rights.get(id(left))
            rights[id(left)] = right if known is None else known + right
            lefts[id(left)] = left
        if not lefts:
            return None
        return np.hstack(list(lefts.values())), np.vstack(list(rights.values()))


class AffineTransfer(OnItsPage, MultiOutputMixin, ScoresOnItsAxis, BaseEstimator):
    """A transfer that is an affine map; subclasses learn it.

    Attributes
    ----------
    intercept_ : ndarray of shape (n_primary,)
        Prediction for a secondary spectrum of zeros.
    """

    def _tables(self, X: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Give pairs in float64, both as tables."""
        secondary, targets = check_pair(self, X, y)
        self._target_ndim = targets.ndim
        primary = targets.reshape(len(targets), -1)
        check_squares(secondary, "X")
        check_squares(primary, "y")
        return secondary.astype(np.float64), primary.astype(np.float64)

    def _checked(
        self, X: ArrayLike, y: ArrayLike
    ) -> tuple[FloatArray, FloatArray, Axes]:
        """Give pairs in float64, both as tables, and the axes to match them by."""
        secondary, primary = self._tables(X, y)
        given = (
            getattr(self, "wavelengths_secondary", None),
            getattr(self, "wavelengths_primary", None),
        )
        n_channels = (secondary.shape[1], primary.shape[1])
        return secondary, primary, find_axes(X, y, given, n_channels)

    def _keep(
        self,
        means: tuple[FloatArray, FloatArray],
        local: Any = None,
        factors: tuple[FloatArray, FloatArray] | None = None,
    ) -> None:
        """Keep the map that carries one mean spectrum to the other."""
        secondary, primary = means
        # centred before the product: in float64, and without large numbers that cancel
        self._center, self._mean = secondary, primary
        self._local = None if local is None else sparse.csr_array(local)
        self._factors = factors
        self.intercept_ = primary - self._moved(secondary[None])[0]

    def _moved(self, centred: FloatArray) -> FloatArray:
        """Give what the linear part makes of spectra."""
        moved = np.zeros((len(centred), len(self._mean)))
        if self._local is not None:
            moved += centred @ self._local.T
        if self._factors is not None:
            moved += (centred @ self._factors[0]) @ self._factors[1]
        return moved

    @property
    def coef_(self) -> FloatArray:
        """The linear part, an array of shape (n_primary, n_secondary)."""
        check_is_fitted(self, "intercept_")
        return self._moved(np.eye(len(self._center))).T

    def predict(self, X: ArrayLike) -> FloatArray:
        """Transfer secondary spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra, in the dtype of `X` and the unit of `y`.
        """
        check_is_fitted(self, "intercept_")
        secondary = check_spectra(self, X)
        predicted = np.empty((len(secondary), len(self._mean)), secondary.dtype)
        row_bytes = 8 * max(secondary.shape[1], len(self._mean))
        for rows in row_blocks(len(secondary), row_bytes):
            centred = secondary[rows] - self._center
            predicted[rows] = self._mean + self._moved(centred)
        return predicted.ravel() if self._target_ndim == 1 else predicted
