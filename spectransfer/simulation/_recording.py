"""Recording: from plumes to spectra in counts, on both spectrometers at once.

A `Recorder` is one spectrometer on one day. A map is recorded in batches of a fixed
size, each with random numbers of its own: that is why it does not depend on how many
threads work on it.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from spectransfer._blocks import block_slices
from spectransfer._progress import Bar
from spectransfer._typing import FloatArray, IntArray
from spectransfer.simulation._plasma import (
    REFERENCE_DENSITY,
    REFERENCE_TEMPERATURE,
    Lines,
    Plasma,
    continuum_shape,
    continuum_strength,
    doppler_width,
    line_emission,
    lines,
    species,
)
from spectransfer.simulation._profiles import (
    Block,
    Columns,
    choose_columns,
    drop_unused,
    make_blocks,
)
from spectransfer.simulation._rock import (
    MINERALS,
    ideal_composition,
    property_of_minerals,
    trace_composition,
)
from spectransfer.simulation._shots import DayDrift, Shots
from spectransfer.simulation._spectrometer import (
    Spectrometer,
    drifted_background,
    read_out,
)
from spectransfer.spectra import LIBRARY_DAY, PairedMaps

VIEWS = ("primary", "secondary")
BATCH = 256  # shots; a part of what a seed means, so it never changes
_RARE = ("Nb", "Ta")  # half of all lines, and only columbite-tantalite has them
_ALBITE = list(MINERALS).index("albite")


@dataclass(frozen=True)
class _Plan:
    """Lines and their profiles."""

    lines: Lines
    columns: Columns
    blocks: list[Block]


class Recorder:
    """Spectra of one spectrometer on one day.

    Parameters
    ----------
    spectrometer : Spectrometer
        The instrument.
    day : DayDrift
        What has changed; `DayDrift.off()` for the first day.
    view : {0, 1}
        0 for the primary, 1 for the secondary.
    absorption, continuum : float
        Factors on the optical depth and on the continuum.
    """

    def __init__(
        self,
        spectrometer: Spectrometer,
        day: DayDrift,
        view: int,
        *,
        absorption: float,
        continuum: float,
    ) -> None:
        self.spectrometer = spectrometer
        self.absorption = absorption
        self._day, self.view = day, view
        nm = spectrometer.wavelengths()
        self._response = spectrometer.response(day.tilt[view]).astype(np.float32)
        self.bias = spectrometer.dark_level().astype(np.float32)
        glow = drifted_background(nm, day.baseline[view])
        self._glow = glow.astype(np.float32)
        self.scale = _counts_per_photon(spectrometer)
        self._continuum = (
            spectrometer.strongest_line
            * (spectrometer.continuum * continuum * day.continuum)
            * continuum_shape(nm, REFERENCE_TEMPERATURE)
            * (spectrometer.pixels() / spectrometer.pixels().mean())
        ).astype(np.float32)
        elements = species().elements
        self._rare = np.array([elements.index(e) for e in _RARE])
        is_rare = np.isin(lines().species // 2, self._rare)
        self._common_plan = self._plan(np.flatnonzero(~is_rare))
        self._rare_plan = self._plan(np.flatnonzero(is_rare))

    def _plan(self, chosen: IntArray) -> _Plan:
        own, atoms = lines().take(chosen), species()
        spectrometer, day = self.spectrometer, self._day
        channel, pixel = _channels(spectrometer, own.wavelengths)
        channel = channel + day.shift[self.view]
        intensity, width = line_emission(
            _extreme_plasmas(), own, atoms, absorption=self.absorption
        )
        at = np.clip(np.rint(channel), 0, spectrometer.n_channels - 1).astype(int)
        gain = self.scale * self._response[at] * day.gain[self.view]
        brightest = intensity.max(axis=1) * gain
        instrument = spectrometer.instrument_width(channel)
        instrument = instrument * day.resolution[self.view]
        doppler = doppler_width(own, atoms, REFERENCE_TEMPERATURE) / pixel
        columns = choose_columns(width.min(axis=1), width.max(axis=1))
        gauss = np.hypot(instrument, doppler)
        blocks = make_blocks(
            columns, channel, gauss, pixel, brightest, spectrometer.n_channels
        )
        seen, columns, blocks = drop_unused(columns, blocks)
        return _Plan(own.take(seen), columns, blocks)

    def expose(self, plasma: Plasma, gain: FloatArray) -> FloatArray:
        """Expected counts of light, without the dark level.

        Parameters
        ----------
        plasma : Plasma
            Plumes of n_shots shots.
        gain : ndarray of shape (n_shots,)
            Factor on the light of each.

        Returns
        -------
        ndarray of shape (n_shots, n_channels), float32
            Lines, continuum, stray light, and the second day's background.
        """
        collected = (gain * self._day.gain[self.view]).astype(np.float32)
        counts = np.empty((len(gain), len(self._response)), dtype=np.float32)
        glow = (continuum_strength(plasma) * collected).astype(np.float32)
        plans = [self._common_plan]
        if plasma.atoms[self._rare].any():
            plans.append(self._rare_plan)
        amounts = [self._amount(plan, plasma, collected) for plan in plans]
        for blocks in zip(*(plan.blocks for plan in plans), strict=True):
            here = slice(blocks[0].start, blocks[0].stop)
            part = glow[:, None] * self._continuum[here]
            for amount, block in zip(amounts, blocks, strict=True):
                part += amount[block.columns].T @ block.profiles
            part *= self._response[here]
            counts[:, here] = part
        stray = self.spectrometer.stray_light * counts.mean(axis=1, keepdims=True)
        counts += stray
        counts += self._glow
        return counts

    def _amount(self, plan: _Plan, plasma: Plasma, collected: FloatArray) -> FloatArray:
        intensity, width = line_emission(
            plasma, plan.lines, species(), absorption=self.absorption
        )
        intensity *= collected * np.float32(self.scale)
        return plan.columns.share(intensity, width)


def _channels(
    spectrometer: Spectrometer, nm: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Channel (not rounded) on which a wavelength falls, and the pixel's width."""
    axis, pixels = spectrometer.wavelengths(), spectrometer.pixels()
    index = np.arange(len(axis), dtype=float)
    channel = np.interp(nm, axis, index)
    channel = channel + np.minimum(nm - axis[0], 0) / pixels[0]
    channel = channel + np.maximum(nm - axis[-1], 0) / pixels[-1]
    return channel, np.interp(nm, axis, pixels)


def _typical_atoms() -> FloatArray:
    """Composition of typical pure minerals, of shape (n_elements, n_minerals)."""
    return (ideal_composition() + trace_composition()).T


@cache
def _counts_per_photon(spectrometer: Spectrometer) -> float:
    """Factor that gives the strongest line of albite its height in counts."""
    albite = Plasma(
        temperature=np.array([REFERENCE_TEMPERATURE]),
        electron_density=np.array([REFERENCE_DENSITY]),
        atoms=_typical_atoms()[:, [_ALBITE]],
    )
    intensity, width = line_emission(albite, lines(), species())
    strong = np.argsort(intensity[:, 0])[-60:]
    channel, pixel = _channels(spectrometer, lines().wavelengths[strong])
    columns = choose_columns(width[strong, 0], width[strong, 0])
    blocks = make_blocks(
        columns,
        channel,
        spectrometer.instrument_width(channel),
        pixel,
        np.zeros(len(strong)),
        spectrometer.n_channels,
    )
    amount = columns.share(intensity[strong], width[strong])
    response = spectrometer.response()
    peaks = [
        (amount[b.columns].T @ b.profiles * response[b.start : b.stop]).max()
        for b in blocks
    ]
    return float(spectrometer.strongest_line / max(peaks))


def _extreme_plasmas() -> Plasma:
    """Pure minerals at the ends of what shots do, to see how wide lines can get."""
    atoms = _typical_atoms()
    n = atoms.shape[1]
    heat = REFERENCE_TEMPERATURE + property_of_minerals("heating")
    mass = property_of_minerals("mass")
    return Plasma(
        temperature=np.concatenate([0.88 * heat, heat, 1.1 * heat]),
        electron_density=REFERENCE_DENSITY * np.repeat([0.6, 1.0, 1.6], n),
        atoms=np.concatenate(
            [0.4 * atoms * mass, 1.4 * atoms * mass, 2.0 * atoms * mass], axis=1
        ),
    )


def measure(
    shots: Shots,
    recorders: tuple[Recorder, Recorder],
    maps: PairedMaps,
    seed: np.random.SeedSequence,
    *,
    noise: float,
    n_jobs: int | None,
    library_day: tuple[Shots, Recorder] | None = None,
    bar: Bar,
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
    library_day : tuple of (Shots, Recorder), default=None
        The same shots and the primary as they were on the library's day, for the
        annotation of that name. The noise has the random numbers of `X_primary`.
    bar : Bar
        Counts shots.
    """

    def record(rows: slice) -> None:
        for view, recorder in enumerate(recorders):
            spectra = getattr(maps, f"X_{VIEWS[view]}")
            clean = maps.annotations.get(f"noise_free_{VIEWS[view]}")
            _record(view, recorder, shots, rows, seed, noise, spectra, clean)
        if library_day is not None:
            then, primary = library_day
            spectra = maps.annotations[LIBRARY_DAY]
            _record(0, primary, then, rows, seed, noise, spectra)
        bar.update(rows.stop - rows.start)

    # one thread for each batch is enough: more inside a product only wait
    with threadpool_limits(limits=1, user_api="blas"):
        Parallel(n_jobs=n_jobs, require="sharedmem")(
            delayed(record)(rows) for rows in block_slices(len(maps), BATCH)
        )


def _record(
    view: int,
    recorder: Recorder,
    shots: Shots,
    rows: slice,
    seed: np.random.SeedSequence,
    noise: float,
    spectra: np.ndarray,
    clean: np.ndarray | None = None,
) -> None:
    """Record a batch of shots, and without noise where there is room for it."""
    light = recorder.expose(shots.plasma(rows, view), shots.view_gain[rows, view])
    if clean is not None:
        most = recorder.spectrometer.saturation
        fill(clean, rows, np.minimum(light + recorder.bias, most))
    read_out(
        light,
        recorder.bias,
        recorder.spectrometer,
        _generator(seed, view, rows.start // BATCH),
        shots.offset[rows, view],
        noise,
    )
    fill(spectra, rows, light)


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
