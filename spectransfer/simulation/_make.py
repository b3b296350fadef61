"""`make_libs_maps`: the whole experiment, in the manner of scikit-learn's `make_*`."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from sklearn.utils import Bunch, check_random_state

from spectransfer._progress import progress_bar
from spectransfer._typing import RandomState
from spectransfer._validation import StrOptions, validate_params
from spectransfer.io import create_libs_transfer, load_libs_transfer
from spectransfer.simulation._plasma import species
from spectransfer.simulation._recording import VIEWS, Recorder, measure
from spectransfer.simulation._rock import NAMES, Rock
from spectransfer.simulation._shots import (
    PLASMA_DRIFT,
    DayDrift,
    Shots,
    ShotVariation,
    fire,
)
from spectransfer.simulation._spectrometer import PRIMARY, SECONDARY, Spectrometer
from spectransfer.spectra import LIBRARY_DAY, PairedMaps

MAPS = ("train", "validation", "test")
STEPS = {"train": 40.0, "validation": 40.0, "test": 20.0}  # micrometres
_LIGHT = 4  # pixels of the full spectrometers that become one
_CITATION = (
    "Lines and levels: Kramida, Ralchenko, Reader and NIST ASD Team, "
    "doi:10.18434/T4W30F; Placco et al. 2021, RNAAS 5, 92"
)


@dataclass(frozen=True)
class Layout:
    """Arrays that the maps need."""

    shapes: dict[str, tuple[int, int]]
    steps: dict[str, float]
    instruments: tuple[Spectrometer, Spectrometer]
    dtype: np.dtype[Any]
    noise_free: bool
    known_day: frozenset[str]  # maps with spectra of the library's day

    @contextmanager
    def opened(
        self, out: Any, overwrite: bool, meta: dict[str, Any]
    ) -> Iterator[Mapping[str, PairedMaps]]:
        """Make maps without spectra, in memory or on the disk."""
        primary, secondary = (s.wavelengths() for s in self.instruments)
        if out is None:
            yield {
                name: PairedMaps(
                    self._empty(name, (len(secondary),), self.dtype),
                    self._empty(name, (len(primary),), self.dtype),
                    secondary,
                    primary,
                    shape=self.shapes[name],
                    raster="row-snake",
                    step=(self.steps[name], self.steps[name]),
                    annotations={
                        key: self._empty(name, tail, kind)
                        for key, (tail, kind) in self._annotations(name).items()
                    },
                    meta=meta,
                )
                for name in self.shapes
            }
            return
        with create_libs_transfer(
            out,
            self.shapes,
            wavelengths_secondary=secondary,
            wavelengths_primary=primary,
            dtype=self.dtype.name,
            step=self.steps,
            annotations={name: self._annotations(name) for name in self.shapes},
            meta=meta,
            overwrite=overwrite,
        ) as maps:
            yield maps

    def _empty(self, name: str, tail: tuple[int, ...], kind: Any) -> np.ndarray:
        rows, columns = self.shapes[name]
        return np.empty((rows * columns, *tail), dtype=kind)

    def _annotations(self, name: str) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape of a row and dtype of everything that is known of a shot."""
        text = np.array(NAMES).dtype.str
        known: dict[str, tuple[tuple[int, ...], str]] = {
            "mineral": ((), text),
            "mineral_fractions": ((len(NAMES),), "float32"),
            "composition": ((len(species().elements),), "float32"),
            "grain": ((), "int32"),
            "temperature": ((), "float64"),
            "electron_density": ((), "float64"),
            "ablated_mass": ((), "float64"),
        }
        if self.noise_free:
            for side, instrument in zip(VIEWS, self.instruments, strict=True):
                row = (instrument.n_channels,)
                known[f"noise_free_{side}"] = (row, self.dtype.name)
        if name in self.known_day:
            row = (self.instruments[0].n_channels,)
            known[LIBRARY_DAY] = (row, self.dtype.name)
        return known


def checked_shapes(*shapes: Any) -> dict[str, tuple[int, int]]:
    checked = {}
    for name, shape in zip(MAPS, shapes, strict=True):
        if shape is None:
            continue
        sizes = tuple(shape) if isinstance(shape, Iterable) else (shape,)
        if len(sizes) != 2 or any(int(s) != s or s < 2 for s in sizes):
            raise ValueError(
                f"{name} must be the shape of a map, (n_rows, n_columns) with at least "
                f"2 of each, or None for no such map, but it is {shape}."
            )
        checked[name] = (int(sizes[0]), int(sizes[1]))
    return checked


def checked_names(names: Iterable[str], what: str) -> frozenset[str]:
    chosen = frozenset((names,) if isinstance(names, str) else names)
    if not chosen <= set(MAPS):
        raise ValueError(
            f"{what} must name maps among {', '.join(MAPS)}, but it has "
            f"{', '.join(sorted(map(str, chosen - set(MAPS))))}."
        )
    return chosen


def checked_steps(step: float | Mapping[str, float] | None) -> dict[str, float]:
    if step is None:
        return STEPS
    given = step if isinstance(step, Mapping) else dict.fromkeys(MAPS, step)
    checked_names(given, "step")
    steps = STEPS | {name: float(value) for name, value in given.items()}
    for name, value in steps.items():
        if not value > 0:
            raise ValueError(
                f"step must be a positive distance in micrometres, but that of the "
                f"{name} map is {value}."
            )
    return steps


def checked_spectrometers(spectrometers: Any) -> tuple[Spectrometer, Spectrometer]:
    if isinstance(spectrometers, str):
        factor = {"full": 1, "light": _LIGHT}[spectrometers]
        return PRIMARY.binned(factor), SECONDARY.binned(factor)
    if len(spectrometers) != 2 or not all(
        isinstance(s, Spectrometer) for s in spectrometers
    ):
        raise ValueError(
            'spectrometers must be "full", "light", or the primary and the secondary '
            f"Spectrometer, but they are {spectrometers!r}."
        )
    return tuple(spectrometers)


def checked_dtype(dtype: Any) -> np.dtype[Any]:
    kind = np.dtype(dtype)
    if kind not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(f"dtype must be float32 or float64, but it is {kind}.")
    return kind


@validate_params(
    {
        "noise_free": ["boolean"],
        "overwrite": ["boolean"],
        "spectrometers": [StrOptions({"full", "light"}), tuple, list],
        "rock": [Rock, None],
        "shots": [ShotVariation, None],
        "day": [DayDrift, None],
        "library_day": [StrOptions({"conditions", "instrument"}), None],
        "out": [str, os.PathLike, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def make_libs_maps(
    train: tuple[int, int] | None = (64, 64),
    validation: tuple[int, int] | None = (40, 40),
    test: tuple[int, int] | None = (50, 50),
    *,
    second_day: Iterable[str] = ("test",),
    step: float | Mapping[str, float] | None = None,
    spectrometers: str | tuple[Spectrometer, Spectrometer] = "full",
    rock: Rock | None = None,
    shots: ShotVariation | None = None,
    day: DayDrift | None = None,
    library_day: str | None = "conditions",
    noise_free: bool = False,
    dtype: Any = np.float32,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    verbose: bool | int = False,
) -> Bunch:
    r"""Simulate LIBS maps of a pegmatite, measured by two spectrometers at once.

    A laser fires at a raster of spots. Each shot ablates a mixture of the minerals
    under it; the plume is a plasma in local thermodynamic equilibrium, whose lines are
    those of atoms and first ions, with self-absorption and a continuum; two
    spectrometers of different range and resolution record it. Some maps are of a
    second day, when both have drifted. A line of species s has the intensity

    .. math:: I = \frac{N_s}{U_s(T)}\, g_k A_{ki}\, e^{-E_k / k T}
              \left(1 + \tau + \tfrac{\pi^2}{16} \tau^2\right)^{-1/4}

    with N from Saha's equation and the optical depth :math:`\tau` of the line.

    Parameters
    ----------
    train, validation, test : tuple of (n_rows, n_columns) or None
        Shots of each map; None leaves a map out. The paper's maps are (560, 560),
        (266, 500) and (500, 500). Each is a piece of the rock of its own.
    second_day : iterable of {"train", "validation", "test"}, default=("test",)
        Maps that are measured on the second day; with ``()`` all are of the first.
    step : float or mapping of str to float, default=None
        Distance between shots in micrometres, for all maps or by their names. None
        is the paper's: 20 for the test map, 40 for the others.
    spectrometers : {"full", "light"} or (Spectrometer, Spectrometer), default="full"
        Primary and secondary. "full" has the paper's 4062 and 3872 channels, "light"
        cameras of four times wider pixels (1015 and 968), for examples.
    rock : Rock, default=None
        Minerals, grains, laser spot. None is `Rock()`.
    shots : ShotVariation, default=None
        What differs from shot to shot, with strengths. None is `ShotVariation()`.
    day : DayDrift, default=None
        What has changed on the second day, with strengths. None is `DayDrift()`.
    library_day : {"conditions", "instrument"} or None, default="conditions"
        What the primary would have measured on the first day, the library's, as the
        annotation `primary_library_day` of maps of the second day: the same shots,
        with noise of the same random numbers. "conditions": plasma and spectrometer
        are those of the first day. "instrument": the spectrometer is, and sees the
        plasma of the second day. None leaves the annotation out, and with it the
        time and the room of as many primary spectra again.
    noise_free : bool, default=False
        Add the expected spectra, annotations `noise_free_primary` and `..._secondary`.
    dtype : {numpy.float32, numpy.float64}, default=numpy.float32
        Precision of the spectra. Both hold the same numbers.
    out : str or path-like, default=None
        Folder for the spectra, in the layout that `load_libs_transfer` reads. They
        are written block by block, and come back memory-mapped.
    overwrite : bool, default=False
        Whether maps in `out` may be replaced.
    n_jobs : int, default=None
        Threads, without effect on the result. None is 1 unless joblib's
        `parallel_config` says otherwise, -1 all cores.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same maps every time. A map does not depend on whether
        the others, or noise-free spectra, are asked for.
    verbose : bool or int, default=False
        Whether to show how far it is.

    Returns
    -------
    Bunch
        `train`, `validation` and `test`, each a `PairedMaps` (or None) with rows in
        the order of the shots: a snake. Its `annotations` have `mineral` (the main
        one in the spot), `mineral_fractions`, `composition` (atomic fractions of what
        was ablated), `grain`, `temperature` in K, `electron_density` per cm3 and
        `ablated_mass` (1 for a mean shot on albite), of the day of the map. `meta`
        names their columns, and says which `library_day` there is.

    See Also
    --------
    DayDrift : Effects of the second day.
    ShotVariation : Effects from shot to shot.
    make_instrument_pair : Faster and simpler pairs, without maps.

    Notes
    -----
    Minerals are quartz, albite and muscovite, with garnet, beryl and
    columbite-tantalite. What is left out: time (the gate sees one mean plasma),
    gradients within the plume, lines of second ions, and molecules. Strengths of
    Ta II are right to an order of magnitude only.

    References
    ----------
    .. [1] J. Vrábel et al., Library transfer between distinct Laser-Induced Breakdown
       Spectroscopy systems with shared standards, 2022.
    .. [2] A. Kramida, Yu. Ralchenko, J. Reader and NIST ASD Team, NIST Atomic Spectra
       Database, doi:10.18434/T4W30F.

    Examples
    --------
    >>> from spectransfer.simulation import DayDrift, make_libs_maps
    >>> maps = make_libs_maps(
    ...     (20, 25), None, (20, 20), spectrometers="light", random_state=0
    ... )
    >>> maps.train.X_primary.shape, maps.test.X_secondary.shape
    ((500, 1015), (400, 968))

    The same day without its drift in gain:

    >>> steady = make_libs_maps(
    ...     None, None, (20, 20), spectrometers="light",
    ...     day=DayDrift().without("gain"), random_state=0)
    >>> ratio = maps.test.X_primary.max() / steady.test.X_primary.max()
    >>> bool(ratio < 0.75)
    True
    """
    rock, shots, day = rock or Rock(), shots or ShotVariation(), day or DayDrift()
    shapes = checked_shapes(train, validation, test)
    late, steps = checked_names(second_day, "second_day"), checked_steps(step)
    instruments = checked_spectrometers(spectrometers)
    known_day = late if library_day else frozenset[str]()
    layout = Layout(
        shapes, steps, instruments, checked_dtype(dtype), noise_free, known_day
    )
    seeds, description = _seeds(random_state), _describe(late, library_day)

    def recorder(view: int, day: DayDrift) -> Recorder:
        absorption, continuum = shots.self_absorption, shots.continuum
        return _recorder(instruments[view], view, day, absorption, continuum)

    n_shots = sum(n_rows * n_columns for n_rows, n_columns in shapes.values())
    with (
        layout.opened(out, overwrite, description) as opened,
        progress_bar(n_shots, "shot", visible=bool(verbose)) as bar,
    ):
        for name in shapes:
            bar.describe(f"simulate {name}")
            for_shots, for_noise = seeds[name].spawn(2)
            drift = day if name in late else DayDrift.off()
            fired = fire(shapes[name], steps[name], rock, shots, drift, for_shots)
            for key, values in _annotations(fired).items():
                opened[name].annotations[key][:] = values
            known = None
            if name in known_day:
                of_plasma = PLASMA_DRIFT if library_day == "instrument" else ()
                then = drift.only(*of_plasma)
                known = fired.on(then, shots), recorder(0, then)
            measure(
                fired,
                (recorder(0, drift), recorder(1, drift)),
                opened[name],
                for_noise,
                noise=shots.noise,
                n_jobs=n_jobs,
                library_day=known,
                bar=bar,
            )
    made = opened if out is None else load_libs_transfer(out)
    return Bunch(**{name: made.get(name) if name in shapes else None for name in MAPS})


def _annotations(fired: Shots) -> dict[str, np.ndarray]:
    return {
        "mineral": np.array(NAMES)[fired.labels],
        "mineral_fractions": fired.fractions,
        "composition": fired.composition,
        "grain": fired.grain,
        "temperature": fired.temperature,
        "electron_density": fired.electron_density,
        "ablated_mass": fired.mass,
    }


def _describe(late: frozenset[str], library_day: str | None) -> dict[str, Any]:
    return {
        "source": "spectransfer.simulation.make_libs_maps (simulated)",
        "second_day": sorted(late),
        "unit": "counts",
        "axis": "nm",
        "minerals": list(NAMES),
        "elements": list(species().elements),
        "citation": _CITATION,
        "library_day": library_day,
    }


def _seeds(random_state: RandomState) -> dict[str, np.random.SeedSequence]:
    """Give every map its own seed, whether the others are made or not."""
    rng = check_random_state(random_state)
    root = np.random.SeedSequence(rng.randint(2**32, size=4, dtype=np.uint32).tolist())
    return dict(zip(MAPS, root.spawn(len(MAPS)), strict=True))


@lru_cache(maxsize=8)
def _recorder(
    instrument: Spectrometer,
    view: int,
    day: DayDrift,
    absorption: float,
    continuum: float,
) -> Recorder:
    return Recorder(instrument, day, view, absorption=absorption, continuum=continuum)
