"""Measuring one map: every shot recorded by both spectrometers at once.

Shots are taken in batches of a fixed size, each with random numbers of its own. That is
why a map does not depend on how many threads work on it.
"""

from typing import Any

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from spectransfer._typing import FloatArray
from spectransfer.simulation._layout import VIEWS
from spectransfer.simulation._recording import Recorder
from spectransfer.simulation._shots import Shots
from spectransfer.simulation._spectrometer import read_out
from spectransfer.spectra import PairedMaps

BATCH = 256  # shots; a part of what a seed means, so it never changes


def measure(
    shots: Shots,
    recorders: tuple[Recorder, Recorder],
    maps: PairedMaps,
    seed: np.random.SeedSequence,
    *,
    noise: float,
    n_jobs: int | None,
) -> None:
    """Record all shots of a map.

    Parameters
    ----------
    shots : Shots
        Plumes, in order.
    recorders : tuple of Recorder
        Primary and secondary.
    maps : PairedMaps
        Empty spectra, to be filled; noise-free ones, too, where its annotations
        have them.
    seed : SeedSequence
        Of the noise.
    noise : float
        Factor on the noise.
    n_jobs : int or None
        Threads, as joblib counts them.
    """

    def record(start: int) -> None:
        rows = slice(start, min(start + BATCH, len(maps)))
        for view, recorder in enumerate(recorders):
            light = recorder.expose(
                shots.plasma(rows, view), shots.view_gain[rows, view]
            )
            clean = maps.annotations.get(f"noise_free_{VIEWS[view]}")
            if clean is not None:
                most = recorder.spectrometer.saturation
                fill(clean, rows, np.minimum(light + recorder.bias, most))
            read_out(
                light,
                recorder.bias,
                recorder.spectrometer,
                _generator(seed, view, start // BATCH),
                shots.offset[rows, view],
                noise,
            )
            fill(getattr(maps, f"X_{VIEWS[view]}"), rows, light)

    # one thread for each batch is enough: more inside a product only wait
    with threadpool_limits(limits=1, user_api="blas"):
        Parallel(n_jobs=n_jobs, require="sharedmem")(
            delayed(record)(start) for start in range(0, len(maps), BATCH)
        )


def fill(array: np.ndarray, rows: slice, block: FloatArray) -> None:
    """Fill some rows of an array, or of the file that it is mapped from.

    The rows of a file are mapped for this block only, so that what has been written
    does not stay in the memory of this process.
    """
    name: Any = getattr(array, "filename", None)
    if not isinstance(array, np.memmap) or name is None:
        array[rows] = block
        return
    offset = array.offset + rows.start * array.strides[0]
    shape = (rows.stop - rows.start, *array.shape[1:])
    window = np.memmap(name, array.dtype, "r+", offset, shape)
    window[:] = block


def _generator(
    seed: np.random.SeedSequence, view: int, batch: int
) -> np.random.Generator:
    child = np.random.SeedSequence(
        seed.entropy, spawn_key=(*seed.spawn_key, view, batch)
    )
    return np.random.Generator(np.random.SFC64(child))
