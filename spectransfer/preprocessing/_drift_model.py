r"""How a spectrometer drifts between two days, as a model with few parameters.

The mean spectrum of a standard today, x, becomes that of the reference day by

.. math:: \hat r(c) = p + (1 + g(c)) \, [z + w z''](c) + b(c), \qquad
          z(c) = x(c + s(c)) - p

with gain g, shift s, width w and offset b, each a series of Legendre polynomials along
the channels, and the level p without light. Shift and width are found by Gauss and
Newton's method, all else is linear. Intensities of a standard scatter together (the
ablated mass, the temperature): the covariance of a mean has the few directions in which
its shots scatter beside the noise, so that a gain counts only as far as the scatter
lets it be seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.optimize import nnls
from scipy.stats import chi2

from spectransfer._typing import FloatArray
from spectransfer.preprocessing._drift_scatter import polynomials

FAMILIES = ("gain", "shift", "width", "offset")
# standard deviations of the coefficients before anything is measured: a gain of two,
# a line's width as shift, a fifth more or less of width, and the brightest line
_PRIOR = {"gain": 1.0, "shift": 2.0, "width": 0.5, "offset": 1.0}
_HALF = 8  # taps on either side of an interpolated channel
_ITERATIONS, _SETTLE = 12, 4
# no line is known better than this, relative to itself, nor to the brightest one
_LIKE, _LEAST = 0.02, 1e-3
# read noise, as the light whose shot noise is as large, of the brightest line
_FLOOR = 0.5
_OWN_ORDERS = 4
_OWN_GAIN = 3
_OWN_LEVEL = 0.05  # by which continua of materials may differ, of the brightest line


@dataclass(frozen=True)
class Standard:
    """One standard on both days.

    `scatter` holds rows whose products add up to the covariance of the difference of
    the two means, beside noise; `n_today` of them are today's.
    """

    today: FloatArray
    reference: FloatArray
    scatter: FloatArray
    n_today: int
    unsure: float


@dataclass(frozen=True)
class Drift:
    """Coefficients of the model, and how far they can be trusted."""

    n_channels: int
    pedestal: float
    scale: float
    coefficients: dict[str, FloatArray]
    covariance: FloatArray | None = None

    @property
    def orders(self) -> dict[str, int]:
        """Number of coefficients of each family."""
        return {name: len(c) for name, c in self.coefficients.items()}

    def curve(self, name: str) -> FloatArray:
        """Give gain, shift, width or offset along the channels."""
        values = self.coefficients[name]
        if not len(values):
            return np.zeros(self.n_channels)
        return polynomials(self.n_channels, len(values)) @ values

    def deviation(self, name: str) -> FloatArray:
        """Give the standard error of a curve along the channels."""
        n, start = self.orders[name], 0
        if not n or self.covariance is None:
            return np.zeros(self.n_channels)
        for family in FAMILIES:
            if family == name:
                break
            start += self.orders[family]
        block = self.covariance[start : start + n, start : start + n]
        basis = polynomials(self.n_channels, n)
        variance = np.einsum("ci,ij,cj->c", basis, block, basis)
        return np.sqrt(np.maximum(variance, 0.0))


def interpolation(places: FloatArray) -> sparse.csr_array:
    """Give the matrix that reads spectra between channels, by a windowed sinc.

    Beyond the ends the last channel goes on. Whole numbers read the channel itself.
    """
    n = len(places)
    nearest = np.rint(places).astype(np.int64)
    taps = np.arange(-_HALF, _HALF + 1)
    apart = places[:, None] - (nearest[:, None] + taps)
    weights = np.sinc(apart) * np.sinc(apart / (_HALF + 1))
    weights /= weights.sum(axis=1, keepdims=True)
    columns = np.clip(nearest[:, None] + taps, 0, n - 1)
    rows = np.broadcast_to(np.arange(n)[:, None], columns.shape)
    matrix = sparse.coo_array(
        (weights.ravel(), (rows.ravel(), columns.ravel())), shape=(n, n)
    )
    return matrix.tocsr()


def _curvature(n: int) -> sparse.csr_array:
    """Give the matrix of second differences, nothing at the ends."""
    inner = np.ones(n)
    inner[[0, -1]] = 0
    return sparse.diags_array(
        [inner[1:], -2 * inner, inner[:-1]], offsets=[-1, 0, 1], shape=(n, n)
    ).tocsr()


def operator(drift: Drift) -> tuple[sparse.csr_array, FloatArray]:
    """Give the model as one banded matrix and what is added.

    Parameters
    ----------
    drift : Drift
        Coefficients.

    Returns
    -------
    matrix : csr_array of shape (n_channels, n_channels)
        To be multiplied with a spectrum.
    constant : ndarray of shape (n_channels,)
        To be added.
    """
    n = drift.n_channels
    gain, shift, width, offset = (drift.curve(name) for name in FAMILIES)
    matrix = sparse.eye_array(n, format="csr")
    if np.any(shift):
        matrix = interpolation(np.arange(n) + shift)
    if np.any(width):
        matrix = matrix + sparse.diags_array(width) @ (_curvature(n) @ matrix)
    matrix = sparse.diags_array(1 + gain) @ matrix
    matrix = sparse.csr_array(matrix)
    matrix.sum_duplicates()
    return matrix, offset - gain * drift.pedestal


@dataclass(frozen=True)
class Normal:
    """Normal equations of one standard, in the inverse covariance of its means."""

    matrix: FloatArray
    vector: FloatArray
    square: float


def _bent(spectrum: FloatArray) -> FloatArray:
    """Second differences, nothing at the ends."""
    bent = np.zeros_like(spectrum)
    bent[1:-1] = spectrum[2:] - 2 * spectrum[1:-1] + spectrum[:-2]
    return bent


def _ends(n: int) -> list[int]:
    """Give the channels that have no neighbour on one side, where others have two."""
    return [0, -1] if n > 2 else []


class _Linearised:
    """The model around a drift, for one standard."""

    def __init__(self, standard: Standard, drift: Drift, moved: sparse.csr_array):
        n = drift.n_channels
        z = moved @ standard.today - drift.pedestal
        stretched = 1 + drift.curve("gain")
        sharp = z + drift.curve("width") * _bent(z)
        shown = stretched * sharp + drift.curve("offset")
        target = standard.reference - drift.pedestal
        # of both days: the scatter of one alone would draw the gain towards nothing
        both = 0.5 * (sharp + (target - drift.curve("offset")) / stretched)
        shapes = {
            "gain": both,
            "shift": stretched * np.gradient(both),
            "width": stretched * _bent(both),
            "offset": np.full(n, drift.scale),
        }
        self.basis = np.concatenate(
            [np.zeros((n, 0))]
            + [
                polynomials(n, count) * shapes[name][:, None]
                for name, count in drift.orders.items()
                if count
            ],
            axis=1,
        )
        now = np.concatenate(list(_scaled(drift).values()))
        # what all coefficients together, not their change, have to explain
        self.residual = target - shown
        self.wanted = self.residual + self.basis @ now
        self.level = np.abs(0.5 * (np.abs(target) + np.abs(shown)))
        # the continuum differs from material to material, and a baseline takes it off
        level = _OWN_LEVEL * drift.scale * polynomials(n, _OWN_ORDERS).T
        scatter = standard.scatter.copy()
        scatter[: standard.n_today] *= stretched
        own = standard.unsure * both * polynomials(n, _OWN_GAIN).T
        self.free = np.concatenate([level, scatter, own])

    def normal(self, noise: FloatArray) -> tuple[Normal, FloatArray]:
        """Give normal equations, and the residual without what scatter explains."""
        weight = 1 / (noise[0] + noise[1] * self.level + noise[2] * self.level**2)
        weight[_ends(len(weight))] = 0
        columns = np.column_stack([self.basis, self.wanted, self.residual])
        heavy = columns * weight[:, None]
        own = np.eye(len(self.free)) + (self.free * weight) @ self.free.T
        known = np.linalg.solve(own, self.free @ heavy)
        inner = columns.T @ heavy - (self.free @ heavy).T @ known
        k = self.basis.shape[1]
        normal = Normal(inner[:k, :k], inner[:k, k], float(inner[k, k]))
        return normal, self.residual - self.free.T @ known[:, k + 1]


def _scaled(drift: Drift) -> dict[str, FloatArray]:
    """Give the coefficients in units of their families' columns."""
    parts = dict(drift.coefficients)
    parts["offset"] = parts["offset"] / drift.scale
    return parts


def _unscaled(drift: Drift, values: FloatArray) -> dict[str, FloatArray]:
    parts, start = {}, 0
    for name, count in drift.orders.items():
        parts[name] = values[start : start + count]
        start += count
    parts["offset"] = parts["offset"] * drift.scale
    return parts


def _precision(drift: Drift) -> FloatArray:
    """Give the inverse variances of the coefficients before a measurement."""
    return np.concatenate(
        [
            (1 + np.arange(count)) ** 2 / _PRIOR[name] ** 2
            for name, count in drift.orders.items()
        ]
    )


def _noise_of(
    parts: list[_Linearised], left: list[FloatArray], old: FloatArray, scale: float
) -> FloatArray:
    """Fit the variance of what is left: read noise, shot noise, and model error."""
    level = np.concatenate([part.level for part in parts])
    square = np.concatenate([rest**2 for rest in left])
    weight = 1 / (old[0] + old[1] * level + old[2] * level**2)
    columns = np.column_stack([np.ones_like(level), level, level**2])
    columns *= weight[:, None]
    size = np.maximum(columns.max(axis=0), np.finfo(float).tiny)
    found = nnls(columns / size, square * weight)[0] / size
    found[0] = max(found[0], (_LEAST * scale) ** 2)
    found[2] = max(found[2], _LIKE**2)
    return found


@dataclass(frozen=True)
class Fit:
    """A fitted drift, and what belongs to the standards that it was fitted to."""

    drift: Drift
    normals: list[Normal]
    noise: FloatArray
    left: list[FloatArray]
    settled: bool


def fit_drift(
    standards: list[Standard], start: Drift, noise: FloatArray | None = None
) -> Fit:
    """Fit all coefficients that `start` has.

    Parameters
    ----------
    standards : list of Standard
        Materials that were measured on both days.
    start : Drift
        How many coefficients, and where to begin.
    noise : ndarray of shape (3,), default=None
        Variance that does not depend on the light, that rises with it, and with its
        square. None fits it, too.

    Returns
    -------
    Fit
        With the covariance of the coefficients.
    """
    drift, penalty, given = start, np.diag(_precision(start)), noise is not None
    if noise is None:
        noise = np.array([_FLOOR * drift.scale, 1.0, 0.0]) * (1e-3 * drift.scale)
    for step in range(_ITERATIONS):
        moved = interpolation(np.arange(drift.n_channels) + drift.curve("shift"))
        parts = [_Linearised(standard, drift, moved) for standard in standards]
        solved = [part.normal(noise) for part in parts]
        normals, left = [n for n, _ in solved], [rest for _, rest in solved]
        covariance = np.linalg.inv(sum(n.matrix for n in normals) + penalty)
        fresh = _unscaled(drift, covariance @ sum(n.vector for n in normals))
        moves = fresh["shift"] - drift.coefficients["shift"]
        # a channel at most, or the slope of a line leads astray
        most = float(np.abs(moves).sum())
        if most > 1:
            fresh["shift"] = drift.coefficients["shift"] + moves / most
        before, drift = drift, replace(drift, coefficients=fresh)
        if not given and step < _SETTLE:
            noise = _noise_of(parts, left, noise, drift.scale)
        settled = most < 5e-3 and all(
            np.allclose(fresh[k], before.coefficients[k], rtol=1e-2, atol=1e-3)
            for k in ("gain", "width")
        )
        if settled:
            break
    size = np.concatenate(
        [
            np.full(count, drift.scale if name == "offset" else 1.0)
            for name, count in drift.orders.items()
        ]
    )
    drift = replace(drift, covariance=covariance * np.outer(size, size))
    return Fit(drift, normals, noise, left, settled)


def held_out(fit: Fit) -> FloatArray:
    """Give the misfit of every standard that the others predict."""
    drift, normals = fit.drift, fit.normals
    matrix = sum(n.matrix for n in normals) + np.diag(_precision(drift))
    vector = sum(n.vector for n in normals)
    misfit = []
    for own in normals:
        values = np.linalg.solve(matrix - own.matrix, vector - own.vector)
        misfit.append(
            own.square - 2 * values @ own.vector + values @ own.matrix @ values
        )
    return np.array(misfit)


def noise_of_sharpening(drift: Drift) -> float:
    """Give by how much the variance of noise grows where lines are sharpened most."""
    width = drift.curve("width")
    return float(((1 - 2 * width) ** 2 + 2 * width**2).max())


def chance_of(drift: Drift, families: Sequence[str]) -> float:
    """Probability of coefficients as large as these without any drift."""
    at = [k for k in FAMILIES for _ in range(drift.orders[k])]
    own = np.isin(at, families)
    if not own.any() or drift.covariance is None:
        return 1.0
    values = np.concatenate([drift.coefficients[k] for k in FAMILIES])[own]
    block = drift.covariance[np.ix_(own, own)]
    return float(chi2.sf(values @ np.linalg.solve(block, values), len(values)))


def lag_between(today: FloatArray, reference: FloatArray, most: int) -> int:
    """Give by how many whole channels lines lie higher today, by cross-correlation."""
    a, b = (np.diff(day, axis=-1) for day in (today, reference))
    n = a.shape[-1]

    def likeness(lag: int) -> float:
        one = a[:, max(lag, 0) : n + min(lag, 0)]
        other = b[:, max(-lag, 0) : n + min(-lag, 0)]
        norm = np.sqrt((one**2).sum() * (other**2).sum())
        return round(float((one * other).sum() / norm), 9) if norm > 0 else 0.0

    # of lags that are as good, the smallest
    return max(range(-most, most + 1), key=lambda lag: (likeness(lag), -abs(lag)))


def line_variance(spectra: FloatArray) -> float:
    """Squared standard deviation of a typical line, in channels squared.

    For a Gaussian line it is 3/2 of the ratio of its squared first differences to its
    squared second ones.
    """
    slope, bend = np.diff(spectra, axis=1), np.diff(spectra, n=2, axis=1)
    return float(1.5 * np.sum(slope**2) / max(np.sum(bend**2), np.finfo(float).tiny))
