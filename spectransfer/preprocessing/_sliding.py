r"""The sliding minimum of spectra, and its Gaussian-weighted smoothing.

The mathematics of the baseline, for a spectrum :math:`x` of :math:`n` channels, a
minimum window of :math:`W` channels and a smoothing window of :math:`V`:

.. math:: m_t = \tfrac{1}{2}
    \Bigl(\min_{t-W < s \le t} x_s + \min_{t \le s < t+W} x_s\Bigr)

.. math:: b_t = \tfrac{1}{2} \Bigl(
    \frac{\sum_k g_k m_{t-V+1+k}}{\sum_k g_k} + \frac{\sum_k g_k m_{t+k}}{\sum_k g_k}
    \Bigr), \quad g_k = \exp\Bigl(-\frac{(k - (V-1)/2)^2}{2 V^2}\Bigr),\; 0 \le k < V.

Only the ends need a decision. ``"available"`` sums over the channels that exist, in
the numerators and in the denominators, each one-sided mean for itself.
``"zero-padded"`` lets the missing channels be zeros, which is what the authors of the
method did and which bends the baseline towards zero over V channels at each end.

How it is computed: the minimum of a window of 2w is the minimum of two windows of w,
so a minimum over W channels takes log2(W) passes, and both one-sided minima are the
same array read at two places. The smoothing is a product with a banded Toeplitz
matrix, cut into equal tiles. Sixteen spectra at a time, everything stays in cache.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from joblib import effective_n_jobs
from numpy.lib.stride_tricks import sliding_window_view

from spectransfer._files import new_array
from spectransfer._typing import FloatArray

# Rows that go through the cache together. A multiple of every BLAS micro-kernel, and
# small enough that a tile's product (rows x tile x taps) is never split over threads.
_ROWS = 16
_TILE = 32


def gaussian_taps(width: int) -> FloatArray:
    """Give the weights of a one-sided mean; they sum to 1.

    The standard deviation equals the width, so that they are nearly flat: the
    outermost weighs 0.88 of the middle one.
    """
    distance = (np.arange(width) - (width - 1) / 2) / width
    weights = np.exp(-0.5 * distance**2)
    return weights / weights.sum()


def _toeplitz(taps: FloatArray, dtype: np.dtype) -> FloatArray:
    """Lay taps along the diagonals of a matrix that filters one tile of channels."""
    matrix = np.zeros((_TILE + len(taps) - 1, _TILE))
    for column in range(_TILE):
        matrix[column : column + len(taps), column] = taps
    return matrix.astype(dtype)


@dataclass(frozen=True)
class _EndMean:
    """A one-sided mean at the end that it looks to, and what it lacks there.

    `gain` is 1 / (kernel mass on existing channels) - 1, zero away from the end.
    """

    tiles: slice
    first_input: int
    matrix: FloatArray
    gain: FloatArray


@dataclass(frozen=True)
class _Smoothing:
    """The smoothing of one length of spectra, as products with small matrices."""

    reach: int
    n_tiles: int
    matrix: FloatArray
    ends: tuple[_EndMean, ...]


def _plan_smoothing(
    n_wavelengths: int, width: int, edges: str, dtype: np.dtype
) -> _Smoothing:
    """Prepare the smoothing of the sum of both one-sided minima (hence a quarter)."""
    taps = gaussian_taps(width)
    reach = min(width, n_wavelengths) - 1
    trailing, leading = taps[width - 1 - reach :] / 4, taps[: reach + 1] / 4
    both = np.zeros(2 * reach + 1)
    both[: reach + 1] += trailing
    both[reach:] += leading
    n_tiles = -(-n_wavelengths // _TILE)
    ends: tuple[_EndMean, ...] = ()
    if edges == "available" and reach > 0:
        lacking = np.zeros(n_wavelengths)
        cut = min(width - 1, n_wavelengths)
        lacking[:cut] = 1 / np.cumsum(taps)[:cut] - 1
        ends = (
            _plan_end(trailing, 0, lacking, n_tiles, dtype),
            _plan_end(leading, reach, lacking[::-1], n_tiles, dtype),
        )
    return _Smoothing(reach, n_tiles, _toeplitz(both, dtype), ends)


def _plan_end(
    taps: FloatArray, first_input: int, gain: FloatArray, n_tiles: int, dtype: np.dtype
) -> _EndMean:
    """Prepare one one-sided mean, for the tiles where its window is cut."""
    touched = np.flatnonzero(gain) // _TILE
    tiles = slice(int(touched[0]), int(touched[-1]) + 1)
    padded = np.zeros(n_tiles * _TILE)
    padded[: len(gain)] = gain
    columns = slice(tiles.start * _TILE, tiles.stop * _TILE)
    return _EndMean(
        tiles, first_input, _toeplitz(taps, dtype), padded[columns].astype(dtype)
    )


class _Filter:
    """The product of the channels that each tile sees with the matrix of a tile."""

    def __init__(
        self,
        padded: FloatArray,
        first_input: int,
        tiles: slice,
        matrix: FloatArray,
        out: FloatArray,
    ) -> None:
        # Views of buffers that stay: to make them costs as much as to use them.
        seen = sliding_window_view(padded, len(matrix), axis=1)[:, first_input::_TILE]
        self.seen = seen[:, tiles].swapaxes(0, 1)
        self.matrix = matrix
        n_tiles = tiles.stop - tiles.start
        self.out = out.reshape(len(out), n_tiles, _TILE).swapaxes(0, 1)

    def apply(self) -> None:
        """Filter what the buffer holds now."""
        np.matmul(self.seen, self.matrix, out=self.out)


class _Workspace:
    """The buffers of one thread: a few times `_ROWS` spectra, reused block by block."""

    def __init__(
        self, n_wavelengths: int, window: int, smoothing: _Smoothing, dtype: np.dtype
    ) -> None:
        self.n = n_wavelengths
        self.window = window
        self.smoothing = smoothing
        # Infinity beyond the ends never is the minimum, so that windows are cut there.
        padded = self.n + 2 * (window - 1)
        self.framed = np.full((_ROWS, padded), np.inf, dtype)
        self.framed[:, window - 1 : window - 1 + self.n] = 0
        self.minima = np.empty((2, _ROWS, padded), dtype)
        n_tiled = smoothing.n_tiles * _TILE
        self.summed = np.zeros((_ROWS, n_tiled + 2 * smoothing.reach), dtype)
        self.baseline = np.empty((_ROWS, n_tiled), dtype)
        everywhere = slice(0, smoothing.n_tiles)
        self.filter = _Filter(
            self.summed, 0, everywhere, smoothing.matrix, self.baseline
        )
        self.ends = []
        for end in smoothing.ends:
            mean = np.empty((_ROWS, len(end.gain)), dtype)
            part = self.baseline[:, end.tiles.start * _TILE : end.tiles.stop * _TILE]
            filtered = _Filter(
                self.summed, end.first_input, end.tiles, end.matrix, mean
            )
            self.ends.append((filtered, mean, end.gain, part))

    def rolling_minimum(self) -> FloatArray:
        """Minimum of each stretch of `window` channels of the framed spectra."""
        source, width, length = self.framed, 1, self.framed.shape[1]
        for turn in range(self.window.bit_length()):
            step = min(width, self.window - width)
            if step == 0:
                break
            length -= step
            target = self.minima[turn % 2]
            np.minimum(
                source[:, :length],
                source[:, step : step + length],
                out=target[:, :length],
            )
            source, width = target, width + step
        return source

    def smooth(self) -> FloatArray:
        """Give the baseline of the spectra in the frame."""
        n, shift, smoothing = self.n, self.window - 1, self.smoothing
        minima = self.rolling_minimum()
        centre = slice(smoothing.reach, smoothing.reach + n)
        np.add(minima[:, :n], minima[:, shift : shift + n], out=self.summed[:, centre])
        self.filter.apply()
        for filtered, mean, gain, part in self.ends:
            filtered.apply()
            mean *= gain
            part += mean
        return self.baseline[:, :n]

    def run(self, block: FloatArray, out: FloatArray, offset: bool, take: str) -> None:
        """Fill `out` with the corrected spectra of a block, or with their baselines."""
        first = self.window - 1
        filled = self.framed[: len(block), first : first + self.n]
        # Counted from its own minimum, a constant spectrum is zero: exactly so.
        floor = block.min(axis=1, keepdims=True) if offset else block.dtype.type(0)
        np.subtract(block, floor, out=filled)
        baseline = self.smooth()[: len(block)]
        if take == "corrected":
            np.subtract(filled, baseline, out=out)
        else:
            np.add(baseline, floor, out=out)


def slide_baseline(
    spectra: FloatArray,
    min_window: int,
    smooth_window: int,
    *,
    edges: str = "available",
    take: str = "corrected",
    n_jobs: int | None = None,
) -> FloatArray:
    """Take the baseline off spectra, or give the baseline itself.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_wavelengths)
        Finite spectra, float32 or float64; memory-mapped ones are read block by block.
    min_window, smooth_window : int
        Channels in the one-sided minimum and in the one-sided mean, at least 1.
    edges : {"available", "zero-padded"}, default="available"
        What the means do beyond the ends.
    take : {"corrected", "baseline"}, default="corrected"
        What is returned.
    n_jobs : int, default=None
        Threads, in joblib's counting. The numbers do not depend on it.

    Returns
    -------
    ndarray of shape (n_spectra, n_wavelengths)
        A new array of the same precision, in a temporary file where the spectra are
        memory-mapped and large.
    """
    n_spectra, n_wavelengths = spectra.shape
    out = new_array(spectra.shape, spectra.dtype, like=spectra)
    smoothing = _plan_smoothing(n_wavelengths, smooth_window, edges, spectra.dtype)
    window = min(min_window, n_wavelengths)
    starts = range(0, n_spectra, _ROWS)
    waiting = iter(starts)

    def work() -> None:
        workspace = _Workspace(n_wavelengths, window, smoothing, spectra.dtype)
        # Threads take blocks as they get to them, so that none waits for a slow one.
        for start in waiting:
            rows = slice(start, start + _ROWS)
            workspace.run(spectra[rows], out[rows], edges == "available", take)

    _on_threads(work, min(effective_n_jobs(n_jobs), len(starts)), waiting)
    return out


def _on_threads(
    work: Callable[[], None], n_threads: int, waiting: Iterator[int]
) -> None:
    """Let threads do work together, this one among them, until nothing is waiting.

    joblib's threads take 12 ms to start and to end, as long as 600 spectra take.
    """

    def work_or_stop_all() -> None:
        try:
            work()
        except BaseException:
            deque(waiting, maxlen=0)
            raise

    if n_threads <= 1:
        work()
        return
    with ThreadPoolExecutor(n_threads - 1) as pool:
        others = [pool.submit(work_or_stop_all) for _ in range(n_threads - 1)]
        work_or_stop_all()
    for other in others:
        other.result()
