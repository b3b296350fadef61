r"""Piecewise direct standardization: every primary channel from its neighbours.

Wang, Veltkamp and Kowalski (1991): what a primary channel sees is near the same
wavelength on the secondary instrument. A regression for each channel from a window
around it has few coefficients, and can be learned from few standards. All channels are
solved at once, by stacks of small matrices.
"""

from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import Tags

from spectransfer._axis import UNITS
from spectransfer._blocks import row_blocks
from spectransfer._typing import ArrayLike, FloatArray, IntArray
from spectransfer._validation import Interval, StrOptions, fit_context
from spectransfer.exceptions import WavelengthError
from spectransfer.transfer._affine import AffineTransfer, Axes, resampling
from spectransfer.transfer._leave_out import STRENGTHS, centred, samples_of


def window_channels(
    resampled: sparse.csr_array, axes: Axes, window: float, unit: str
) -> tuple[IntArray, FloatArray]:
    """Give the secondary channels in the window around each primary channel.

    Parameters
    ----------
    resampled : csr_array of shape (n_primary, n_secondary)
        What each primary channel reads by interpolation; empty where it is not reached.
    axes : tuple of ndarray or None
        Secondary and primary axis.
    window : float
        Width of the window, in `unit`.
    unit : {"channels", "axis"} or str
        Unit of the window.

    Returns
    -------
    channels : ndarray of int of shape (n_primary, width)
        Channel numbers; what lies beyond an end is the end channel.
    inside : ndarray of shape (n_primary, width)
        1 where the channel belongs to the window, 0 where it only fills the table.
    """
    n_primary, n_secondary = resampled.shape
    if axes[0] is None or axes[1] is None:
        secondary, primary = np.arange(float(n_secondary)), np.arange(float(n_primary))
    else:
        secondary, primary = axes[0], axes[1]
    right = np.clip(np.searchsorted(secondary, primary), 1, max(n_secondary - 1, 1))
    left, right = right - 1, np.minimum(right, n_secondary - 1)
    nearer = primary - secondary[left] <= secondary[right] - primary
    nearest = np.where(nearer, left, right)
    if unit == "channels":
        first, last = nearest - int(window) // 2, nearest + int(window) // 2
    else:
        first = np.searchsorted(secondary, primary - window / 2)
        last = np.searchsorted(secondary, primary + window / 2, side="right") - 1
        # a window narrower than the pitch still reads the nearest channel
        empty = last < first
        first, last = np.where(empty, nearest, first), np.where(empty, nearest, last)
    wanted = first[:, None] + np.arange(int((last - first).max()) + 1)
    inside = (wanted >= 0) & (wanted < n_secondary) & (wanted <= last[:, None])
    inside &= (np.diff(resampled.indptr) > 0)[:, None]
    return np.clip(wanted, 0, n_secondary - 1), inside.astype(np.float64)


class LocalRidge:
    """Ridge regressions of all channels, each from its window, judged by leaving out.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_secondary)
        Centred secondary spectra of the standards.
    targets : ndarray of shape (n_spectra, n_primary)
        Centred targets.
    channels, inside : ndarray of shape (n_primary, width)
        What `window_channels` gives.
    samples : list of ndarray
        Rows of each sample.
    n_based_on : int, default=1
        Number of primary channels, around each, that its regression is based on: each
        is one more object of every spectrum, with a window of its own.
    """

    def __init__(
        self,
        spectra: FloatArray,
        targets: FloatArray,
        channels: IntArray,
        inside: FloatArray,
        samples: list[IntArray],
        n_based_on: int = 1,
    ) -> None:
        self.spectra, self.targets = spectra, targets
        self.channels, self.inside, self.samples = channels, inside, samples
        half = n_based_on // 2
        # the channel itself is the first object of each spectrum
        self._away = np.array(sorted(range(-half, half + 1), key=abs))

    def _objects(self, block: slice) -> tuple[FloatArray, FloatArray]:
        """Give windows and targets of the objects of some channels.

        Returns
        -------
        seen : ndarray of shape (n_channels, n_spectra, n_based_on, width)
        targets : ndarray of shape (n_channels, n_spectra, n_based_on)
        """
        last = len(self.channels) - 1
        based_on = np.arange(last + 1)[block, None] + self._away
        there = (based_on >= 0) & (based_on <= last)
        based_on = np.clip(based_on, 0, last)
        inside = self.inside[based_on] * there[:, :, None]
        seen = (self.spectra[:, self.channels[based_on]] * inside).swapaxes(0, 1)
        # an object beyond the ends, or with an empty window, tells nothing
        targets = (self.targets[:, based_on] * there).swapaxes(0, 1)
        return seen, targets

    def _blocks(
        self,
    ) -> Iterator[tuple[slice, FloatArray, FloatArray, FloatArray, FloatArray]]:
        """Give coordinates of objects on the axes of each window, for some channels."""
        n = len(self.spectra) * len(self._away)
        for block in row_blocks(len(self.channels), 8 * n * self.channels.shape[1]):
            seen, targets = self._objects(block)
            flat = seen.reshape(len(seen), n, -1)
            values, vectors = np.linalg.eigh(flat.transpose(0, 2, 1) @ flat)
            values = np.maximum(values, 0.0)
            rounding = np.finfo(np.float64).eps * n * values[:, -1:]
            values = np.where(values > rounding, values, 0)
            yield block, seen @ vectors[:, None], targets, values, vectors

    def _shrunk(self, values: FloatArray, strength: float) -> FloatArray:
        """Give the inverse of penalized squares, zero where there is nothing."""
        penalty = strength * values.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore"):
            return np.where(values > 0, 1.0 / (values + penalty), 0.0)

    def _left_out(
        self, seen: FloatArray, targets: FloatArray, inverse: FloatArray
    ) -> FloatArray:
        """Give residuals of left-out samples, of shape (channels, spectra)."""
        n_channels, n, n_based_on, width = seen.shape
        learned = inverse * (seen * targets[..., None]).sum(axis=(1, 2))
        residual = targets - (seen @ learned[:, None, :, None])[..., 0]
        if len(self.samples) == n and n_based_on == 1:
            hat = 1.0 / n + (seen[:, :, 0] ** 2 @ inverse[:, :, None])[:, :, 0]
            return residual[:, :, 0] / np.maximum(1.0 - hat, 1e-12)
        missed = np.empty((n_channels, n))
        for rows in self.samples:
            size = len(rows) * n_based_on
            some = seen[:, rows].reshape(n_channels, size, width)
            # each object has the mean of its own channel
            mean = np.kron(np.ones((len(rows),) * 2), np.eye(n_based_on)) / n
            hat = mean + (some * inverse[:, None]) @ some.transpose(0, 2, 1)
            own = (1.0 + 1e-12) * np.eye(size) - hat
            out = residual[:, rows].reshape(n_channels, size, 1)
            found = np.linalg.solve(own, out).reshape(n_channels, len(rows), -1)
            missed[:, rows] = found[:, :, 0]
        return missed

    def choose(self) -> float:
        """Give the strength with the least squared error, all channels together."""
        if len(self.samples) < 2:
            return float(STRENGTHS[-1])
        errors = np.zeros(len(STRENGTHS))
        for _, seen, targets, values, _ in self._blocks():
            for i, strength in enumerate(STRENGTHS):
                inverse = self._shrunk(values, float(strength))
                errors[i] += (self._left_out(seen, targets, inverse) ** 2).sum()
        return float(STRENGTHS[np.argmin(errors)])

    def solve(self, strengths: FloatArray) -> list[tuple[sparse.csr_array, FloatArray]]:
        """Give maps, and the residuals of left-out samples.

        Parameters
        ----------
        strengths : ndarray of shape (n_strengths,)
            Penalties, relative to the sum of squares in each window.

        Returns
        -------
        list of (local, residuals)
            For each strength: the coefficients, a banded csr_array of shape
            (n_primary, n_secondary), and what samples would have been missed by, had
            they been left out, of shape (n_spectra, n_primary).
        """
        residuals = np.empty((len(strengths), *self.targets.shape))
        coefficients = np.zeros((len(strengths), *self.channels.shape))
        for block, seen, targets, values, vectors in self._blocks():
            product = (seen * targets[..., None]).sum(axis=(1, 2))
            for i, strength in enumerate(strengths):
                inverse = self._shrunk(values, float(strength))
                learned = vectors @ (inverse * product)[:, :, None]
                coefficients[i, block] = learned[:, :, 0] * self.inside[block]
                residuals[i][:, block] = self._left_out(seen, targets, inverse).T
        rows = np.repeat(np.arange(len(self.channels)), self.channels.shape[1])
        where = rows, self.channels.ravel()
        shape = (len(self.channels), self.spectra.shape[1])
        return [
            (sparse.csr_array((values.ravel(), where), shape=shape), missed)
            for values, missed in zip(coefficients, residuals, strict=True)
        ]


def _odd(width: float) -> int:
    """Give an odd number of channels near to a width."""
    return 2 * int(width // 2) + 1


class PiecewiseDirectStandardization(AffineTransfer):
    r"""Regress every primary channel on the secondary channels around it.

    With the window :math:`W_j` of secondary channels around primary wavelength j,

    .. math:: \hat y_j = \bar y_j + \sum_{k \in W_j} f_{jk} \, (x_k - \bar x_k),

    a ridge regression for each j. Primary wavelengths that the secondary instrument
    does not reach get the mean primary spectrum of the standards.

    Parameters
    ----------
    window : float or tuple of (float, int), default=5
        Width of the window, in `unit`. In channels it is odd; 1 gives slope and offset
        of each channel, all channels give `DirectStandardization`. A pair is the double
        window: the second number, odd, is that of primary channels around each which
        its coefficients are based on. Every spectrum is then as many objects, each
        with its own window, so that few standards tell more.
    unit : {"channels", "axis"} or str, default="channels"
        Unit of `window`: secondary channels, or the unit of the axes; a unit by name,
        such as ``"nm"``, has to be theirs.
    alpha : float or "loo", default="loo"
        Strength of the ridge, relative to the sum of squares in each window. 0 is the
        original method, in its solution of least norm. "loo" takes the one strength
        that, over all channels, best predicts samples which were left out.
    shrink_to : {"resampled", "mean"}, default="resampled"
        Where a strong ridge leads: to the secondary spectrum with the mean difference
        added, as of `OffsetTransfer`, or to the mean primary spectrum.
    wavelengths_secondary, wavelengths_primary : array-like or None, default=None
        Axis of each side, in one unit. None takes it from the column names of data
        frames; where there are none, equal numbers of channels are the same channels.

    Attributes
    ----------
    alpha_ : float
        Strength that was used.
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
        The channels of both sides cannot be matched.

    See Also
    --------
    DirectStandardization : From all channels.

    References
    ----------
    .. [1] Y. Wang, D. J. Veltkamp, B. R. Kowalski, "Multivariate instrument
       standardization", Anal. Chem. 63 (1991) 2750.
    .. [2] Eigenvector Research, PLS_Toolbox, `stdgen` (the double window, ``win``).

    Examples
    --------
    >>> from spectransfer import PiecewiseDirectStandardization
    >>> from spectransfer.datasets import make_instrument_pair
    >>> pair = make_instrument_pair(n_spectra=60, random_state=0)
    >>> piecewise = PiecewiseDirectStandardization(
    ...     9,
    ...     wavelengths_secondary=pair.wavelengths_secondary,
    ...     wavelengths_primary=pair.wavelengths_primary,
    ... ).fit(pair.X_secondary[:40], pair.X_primary[:40])
    >>> piecewise.predict(pair.X_secondary[40:]).shape == pair.X_primary[40:].shape
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "window": [Interval(Real, 0, None, closed="neither"), tuple],
        "unit": [StrOptions({"channels", "axis", *UNITS})],
        "alpha": [Interval(Real, 0, None, closed="left"), StrOptions({"loo"})],
        "shrink_to": [StrOptions({"resampled", "mean"})],
        "wavelengths_secondary": ["array-like", None],
        "wavelengths_primary": ["array-like", None],
    }

    def __init__(
        self,
        window: float | tuple[float, int] = 5,
        *,
        unit: str = "channels",
        alpha: float | str = "loo",
        shrink_to: str = "resampled",
        wavelengths_secondary: ArrayLike | None = None,
        wavelengths_primary: ArrayLike | None = None,
    ) -> None:
        self.window = window
        self.unit = unit
        self.alpha = alpha
        self.shrink_to = shrink_to
        self.wavelengths_secondary = wavelengths_secondary
        self.wavelengths_primary = wavelengths_primary

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_id: ArrayLike | None = None
    ) -> "PiecewiseDirectStandardization":
        """Learn the map from shared standards.

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
        PiecewiseDirectStandardization
            The fitted estimator.
        """
        secondary, primary, axes = self._checked(X, y)
        resampled = resampling(self, axes, (secondary.shape[1], primary.shape[1]))
        window, n_based_on = self._widths(axes)
        channels, inside = window_channels(resampled, axes, window, self.unit)
        (x_mean, x), (y_mean, targets) = centred(secondary), centred(primary)
        if self.shrink_to == "resampled":
            targets = targets - x @ resampled.T
        samples = samples_of(sample_id, secondary)
        ridge = LocalRidge(x, targets, channels, inside, samples, n_based_on)
        chosen = ridge.choose() if isinstance(self.alpha, str) else float(self.alpha)
        self.alpha_ = chosen
        local = ridge.solve(np.array([chosen]))[0][0]
        self._keep(
            (x_mean, y_mean), local + resampled * (self.shrink_to == "resampled")
        )
        return self

    def _widths(self, axes: Axes) -> tuple[float, int]:
        """Give the widths of both windows; refuse what cannot be."""
        pair: Any = self.window if isinstance(self.window, tuple) else (self.window, 1)
        numbers = all(isinstance(width, int | float | np.number) for width in pair)
        if len(pair) != 2 or not numbers or min(pair) <= 0:
            raise ValueError(
                "A double window is a pair of widths, of the window and of the "
                "channels that it is based on, but it is "
                f"{self.window!r}. Take such as (5, 3)."
            )
        window, n_based_on = pair
        if self.unit == "channels" and window % 2 != 1:
            raise ValueError(
                "A window in channels must be an odd whole number, so that it is as "
                f"wide on either side, but it is {window}. Take {_odd(window)}, or "
                "give it with unit='axis'."
            )
        if n_based_on % 2 != 1:
            raise ValueError(
                "The second number of a double window counts primary channels, in any "
                "unit, and must be an odd whole number, so that they reach as far on "
                f"either side, but it is {n_based_on}. Take window=({window}, "
                f"{_odd(n_based_on)})."
            )
        if self.unit != "channels" and (axes[0] is None or axes[1] is None):
            raise WavelengthError(
                "A window in the unit of the axes needs those of both sides, but "
                f"{'neither is' if axes[0] is axes[1] else 'only one is'} known. Pass "
                "wavelengths_secondary= and wavelengths_primary=, or give the window "
                "with unit='channels'."
            )
        return float(window), int(n_based_on)

    def __sklearn_tags__(self) -> Tags:
        """Say that channels are matched, so that any table is no good target."""
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags
