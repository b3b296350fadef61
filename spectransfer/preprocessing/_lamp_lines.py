r"""Lines of a spectrum, and the axis that lines of known wavelength give it.

The peaks of a lamp are told from its noise, read to a fraction of a channel, and
matched with a table. A rough axis begins: a shift and a stretch bring as many peaks as
can be onto lines of the table, and then a polynomial of the channel,

.. math:: \lambda(c) = \lambda_0(c) + \sum_k a_k P_k(c),

is fitted to the pairs, step by step to its degree. ramanchada2 (MIT licence) goes the
same way, with splines; it brings fifteen packages along, and is not needed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.polynomial import legendre
from scipy.signal import find_peaks

from spectransfer._axis import check_wavelengths
from spectransfer._typing import ArrayLike, BoolArray, FloatArray
from spectransfer._validation import Interval, check_targets, validate_params
from spectransfer.exceptions import WavelengthError

# Strong lines, standard air, nm. Neon: NIST Atomic Spectra Database,
# doi:10.18434/T4W30F. Mercury: Sansonetti, Salit and Reader, Appl. Opt. 35 (1996) 74.
# fmt: off
LAMPS = {
    "neon": (
        533.0777, 534.1094, 540.0562, 585.2488, 588.1895, 594.4834, 597.5534, 602.9997,
        607.4338, 609.6163, 614.3063, 616.3594, 621.7281, 626.6495, 630.4789, 633.4428,
        638.2991, 640.2248, 650.6528, 653.2882, 659.8953, 667.8277, 671.7043, 692.9467,
        703.2413, 717.3938, 724.5167, 743.8898, 748.8871, 753.5774, 754.4044, 794.3181,
        808.2458, 811.8549, 813.6406, 830.0325, 836.5746, 837.7608, 849.5360, 854.4696,
        865.4383, 878.3753, 885.3867,
    ),
    "mercury": (
        253.6521, 296.7283, 302.1504, 312.5674, 313.1555, 313.1844, 334.1484, 365.0158,
        365.4842, 366.3284, 404.6565, 407.7837, 433.9223, 434.7506, 435.8335, 546.0750,
        576.9610, 579.0670,
    ),
}
# fmt: on
_NOISES = 8.0  # by which a line stands out of the noise
_SHARE = 0.005  # of the strongest line: weaker ones are passed over
_TRIES = 201  # of shift, and of stretch
_ROUNDS = 10


def noise_of(spectrum: FloatArray) -> float:
    """Give the noise from channel to channel, which lines hardly touch."""
    return 1.4826 * float(np.median(np.abs(np.diff(spectrum, n=2)))) / np.sqrt(6)


def lines_of(spectrum: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Find the lines of a spectrum.

    Parameters
    ----------
    spectrum : ndarray of shape (n_channels,)
        Intensities.

    Returns
    -------
    places : ndarray of shape (n_lines,)
        Middle of each line at half its height, in channels: of a line with a flat top,
        which the image of a slit has, the highest channel says little.
    widths : ndarray of shape (n_lines,)
        Full width at half height, in channels.
    """
    if len(spectrum) < 5:
        return np.zeros(0), np.zeros(0)
    least = max(_NOISES * noise_of(spectrum), _SHARE * float(np.ptp(spectrum)))
    if least <= 0:
        return np.zeros(0), np.zeros(0)
    # a line is wider than a cosmic ray, which has one channel or two
    found, about = find_peaks(
        spectrum, prominence=least, width=1.5, rel_height=0.5, wlen=None
    )
    inner = (found > 1) & (found < len(spectrum) - 2)
    left, right = about["left_ips"][inner], about["right_ips"][inner]
    return (left + right) / 2, right - left


@dataclass(frozen=True)
class LampAxis:
    """What the lines of a lamp say about the axis of a spectrometer.

    Parameters
    ----------
    wavelengths : ndarray of shape (n_channels,)
        The axis, in the unit of the lines (nm, standard air, for the built-in ones).
    lines : ndarray of shape (n_lines,)
        Wavelengths of the lines that were found.
    channels : ndarray of shape (n_lines,)
        Where they lie.
    residuals : ndarray of shape (n_lines,)
        By how much the axis misses each line.
    """

    wavelengths: FloatArray
    lines: FloatArray
    channels: FloatArray
    residuals: FloatArray


@validate_params(
    {
        "spectrum": ["array-like"],
        "approximate": ["array-like"],
        "lines": [str, "array-like"],
        "degree": [Interval(Integral, 1, 8, closed="both")],
        "tolerance": [Interval(Real, 0, None, closed="neither"), None],
    },
    prefer_skip_nested_validation=True,
)
def axis_from_lines(
    spectrum: ArrayLike,
    approximate: ArrayLike,
    *,
    lines: str | Sequence[float] = "neon",
    degree: int = 3,
    tolerance: float | None = None,
) -> LampAxis:
    """Give the axis of a spectrometer by the lines of a lamp.

    Spectra of a day are brought onto the axis of another by `WavelengthResampler`, with
    the axis of each day.

    Parameters
    ----------
    spectrum : array-like of shape (n_channels,) or (n_spectra, n_channels)
        The lamp; several spectra are averaged.
    approximate : array-like of shape (n_channels,)
        The axis as far as it is known, such as that of the instrument's program, or
        ``np.linspace(first, last, n_channels)``.
    lines : {"neon", "mercury"} or sequence of float, default="neon"
        Wavelengths of the lines, in the unit of the axis. The built-in ones are in nm,
        in standard air.
    degree : int, default=3
        Degree of the polynomial that corrects the approximate axis, at most 8; fewer
        than 2 lines for each coefficient lower it.
    tolerance : float, default=None
        By how much the approximate axis may be wrong, in its unit. None is a
        fiftieth of its range.

    Returns
    -------
    LampAxis
        The axis, the lines that were found, and by how much it misses them.

    Raises
    ------
    WavelengthError
        Fewer than 4 lines of the lamp can be found, or the axis would not increase.

    Examples
    --------
    >>> import numpy as np
    >>> from spectransfer.preprocessing import axis_from_lines
    >>> true = np.linspace(580, 660, 2000)
    >>> lamp = sum(
    ...     np.exp(-(((true - line) / 0.1) ** 2))
    ...     for line in (585.2488, 594.4834, 614.3063, 633.4428, 640.2248, 650.6528)
    ... )
    >>> found = axis_from_lines(lamp, true + 0.7)
    >>> bool(np.abs(found.wavelengths - true).max() < 0.001)
    True
    """
    rows = np.atleast_2d(check_targets(spectrum, name="spectrum"))
    lamp = rows.mean(axis=0, dtype=np.float64)
    start = check_wavelengths(approximate, len(lamp), name="approximate")
    table = _table(lines)
    channels = lines_of(lamp)[0]
    reach = float(np.ptp(start)) / 50 if tolerance is None else float(tolerance)
    places = np.interp(channels, np.arange(len(lamp)), start)
    around = np.linspace(-1.0, 1.0, len(lamp))
    along = np.interp(channels, np.arange(len(lamp)), around)
    near = table[(table > start[0] - reach) & (table < start[-1] + reach)]
    pitch = float(np.median(np.diff(start)))
    if len(places) and len(near):
        chosen, at, values = _fit(places, along, near, degree, reach, pitch)
    else:
        chosen, at, values = np.zeros(0, bool), np.zeros(0, int), np.zeros(1)
    missed = places[chosen] + legendre.legval(along[chosen], values)
    missed = missed - near[at[chosen]]
    # peaks that fall on lines by chance miss them by channels
    by_chance = bool(chosen.any()) and np.sqrt(np.mean(missed**2)) > pitch
    if chosen.sum() < max(4, len(channels) / 2) or by_chance:
        raise WavelengthError(
            "An axis needs at least 4 lines of the lamp, and half of all peaks, within "
            f"a channel, but of {len(channels)} peaks {int(chosen.sum())} come near "
            f"the {len(near)} lines between {start[0]:.6g} and {start[-1]:.6g}. Name "
            "the right lamp, give a better approximate axis or another tolerance than "
            f"{reach:.3g}, or expose longer."
        )
    axis = check_wavelengths(
        start + legendre.legval(around, values), name="the axis by these lines"
    )
    return LampAxis(axis, near[at[chosen]], channels[chosen], missed)


def _table(lines: str | Sequence[float]) -> FloatArray:
    if isinstance(lines, str):
        if lines not in LAMPS:
            raise ValueError(
                f"The lines of a lamp are built in for {', '.join(LAMPS)}, but lines "
                f"is {lines!r}. Pass their wavelengths, such as "
                "lines=[404.6565, 435.8335]."
            )
        return np.array(LAMPS[lines])
    return np.sort(np.asarray(lines, dtype=np.float64))


def _nearest(
    moved: FloatArray, table: FloatArray, within: float
) -> tuple[BoolArray, Any]:
    """Match peaks with lines, each with one at most: the nearest that it has."""
    apart = np.abs(moved[:, None] - table)
    at = apart.argmin(axis=1)
    own = apart.argmin(axis=0)[at] == np.arange(len(moved))
    return own & (apart[np.arange(len(moved)), at] < within), at


def _fit(
    places: FloatArray,
    along: FloatArray,
    table: FloatArray,
    degree: int,
    reach: float,
    pitch: float,
) -> tuple[BoolArray, Any, FloatArray]:
    """Find shift and stretch by trying, and the polynomial by least squares."""
    tries: FloatArray = np.linspace(-reach, reach, _TRIES)
    sharp = max(2 * (tries[1] - tries[0]), 2 * pitch)
    best, values = -1.0, np.zeros(2)
    for stretch in tries:
        moved = places + stretch * along
        # how near its line each peak comes, for all shifts at once
        apart = np.abs(moved[:, None, None] + tries[:, None] - table).min(axis=2)
        likeness = np.exp(-((apart / sharp) ** 2)).sum(axis=0)
        # of axes as good as each other, that which is changed least
        likeness -= 1e-3 * (np.abs(tries) + abs(stretch)) / reach
        k = int(likeness.argmax())
        if likeness[k] > best:
            best, values = float(likeness[k]), np.array([tries[k], stretch])
    within, used = 3 * sharp, 1
    chosen, at = _nearest(places + legendre.legval(along, values), table, within)
    for _ in range(_ROUNDS):
        if chosen.sum() < 2:
            break
        used = min(degree, used + 1, max(1, int(chosen.sum()) // 2 - 1))
        wanted = table[at[chosen]] - places[chosen]
        basis = legendre.legvander(along[chosen], used)
        values = np.linalg.lstsq(basis, wanted, rcond=None)[0]
        missed = np.abs(wanted - basis @ values)
        within = min(within, max(5 * 1.4826 * float(np.median(missed)), 0.5 * pitch))
        chosen, at = _nearest(places + legendre.legval(along, values), table, within)
    return chosen, at, values
