r"""What is said of a day of an instrument: T2 and Q, and the drift, each in one number.

T2 and Q are those of J. E. Jackson and G. S. Mudholkar, Technometrics 21 (1979) 341;
the limit of T2 for new days is that of N. D. Tracy, J. C. Young and R. L. Mason,
J. Qual. Technol. 24 (1992) 88.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution

from spectransfer._typing import FloatArray
from spectransfer.exceptions import SpectransferWarning
from spectransfer.preprocessing import AxisAligner

_MOST = 100  # channels by which lines may have moved
_EDGE = 8  # channels at the ends, where lines are cut


def t2_limit(n: int, k: int, alpha: float) -> float:
    """Give the limit of T2 for a new day, after n days of reference.

    Parameters
    ----------
    n, k : int
        Days of reference, and principal components.
    alpha : float
        Share of days that lie beyond it by chance.

    Returns
    -------
    float
        k (n^2 - 1) / (n (n - k)) times the quantile of F(k, n - k).
    """
    return k * (n**2 - 1) / (n * (n - k)) * float(f_distribution.isf(alpha, k, n - k))


def limits_around(values: FloatArray, alpha: float) -> tuple[float, float]:
    """Give the interval in which a further value lies, of such as were seen."""
    n = len(values)
    reach = t_distribution.isf(alpha / 2, n - 1) * np.sqrt(1 + 1 / n)
    middle, spread = float(values.mean()), float(values.std(ddof=1))
    return middle - float(reach) * spread, middle + float(reach) * spread


@dataclass(frozen=True)
class Components:
    """Mean and principal components of the days of reference."""

    mean: FloatArray
    vectors: FloatArray
    variances: FloatArray

    def judge(self, row: FloatArray) -> tuple[float, float]:
        """Give T2 and Q of a day."""
        apart = row - self.mean
        scores = self.vectors @ apart
        left = apart - scores @ self.vectors
        return float(np.sum(scores**2 / self.variances)), float(left @ left)


def components_of(rows: FloatArray, k: int) -> Components:
    """Fit k components to days, (n_days, n_values)."""
    mean = rows.mean(axis=0)
    _, sizes, vectors = np.linalg.svd(rows - mean, full_matrices=False)
    variances = np.maximum(sizes[:k] ** 2 / (len(rows) - 1), np.finfo(float).tiny)
    return Components(mean, vectors[:k], variances)


def light_of(mean: FloatArray) -> FloatArray:
    """Give the root of the light, by which the noise grows."""
    above = np.maximum(mean - np.percentile(mean, 2), 0.0)
    return np.sqrt(above + 0.1 * float(np.ptp(mean)) + np.finfo(float).tiny)


def drift_between(
    today: FloatArray, reference: FloatArray, light: FloatArray
) -> list[float]:
    r"""Give gain, shift, width and offset of a day, each as one number.

    Lines are brought back by `AxisAligner`, and what is left is a regression on the
    reference r and its derivatives,

    .. math:: x(c + s_0) - p = b + g \, [r - p - \delta r' + \kappa r''](c),

    with the level p without light, so that the shift is :math:`s_0 + \delta`, and
    :math:`2 \kappa` is what the squared width of a line has gained.

    Parameters
    ----------
    today, reference : ndarray of shape (n_materials, n_channels)
        Mean spectra.
    light : ndarray of shape (n_materials, n_channels)
        What the noise is proportional to.

    Returns
    -------
    list of float
        Gain as a factor, shift in channels, width as a factor, offset in counts. Shift
        and width are NaN where today's lines are not those of the reference.
    """
    aligner = AxisAligner(0, max_shift=_MOST)
    with warnings.catch_warnings():
        # what is strange about the day stands in T2 and Q
        warnings.simplefilter("ignore", SpectransferWarning)
        moved = aligner.fit(today, reference).transform(today)
    start = float(aligner.shift_[0])
    edge = min(int(abs(start)) + _EDGE, today.shape[1] // 4)
    inner = np.s_[:, edge : today.shape[1] - edge]
    slope = np.gradient(reference, axis=1)
    bend = np.gradient(slope, axis=1)
    level = float(np.percentile(reference, 2))
    shapes = [np.ones_like(reference), reference - level, slope, bend]
    weight = 1 / light[inner].ravel()
    columns = np.column_stack([shape[inner].ravel() * weight for shape in shapes])
    wanted = (moved[inner].ravel() - level) * weight
    size = np.linalg.norm(columns, axis=0)
    size = np.where(size > 0, size, 1.0)
    values = np.linalg.lstsq(columns / size, wanted)[0] / size
    offset, gain, moving, widening = values.tolist()
    lines = wanted - offset * weight
    left = wanted - columns @ values
    if gain <= 0 or left @ left > 0.5 * (lines @ lines):
        return [gain, np.nan, np.nan, offset]
    # of a Gaussian line: 3/2 of its squared slopes over its squared bends
    square = 1.5 * np.sum(slope**2) / max(np.sum(bend**2), np.finfo(float).tiny)
    width = np.sqrt(max(1 + 2 * widening / gain / square, 0.0))
    return [gain, start - moving / gain, float(width), offset]
