"""What is asked for, checked; and arrays for it, in memory or on the disk."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectransfer.io import create_libs_transfer
from spectransfer.simulation._atoms import species
from spectransfer.simulation._minerals import NAMES
from spectransfer.simulation._spectrometer import PRIMARY, SECONDARY, Spectrometer
from spectransfer.spectra import PairedMaps

MAPS = ("train", "validation", "test")
VIEWS = ("primary", "secondary")
STEPS = {"train": 40.0, "validation": 40.0, "test": 20.0}  # micrometres
_LIGHT = 4  # pixels of the full spectrometers that become one


@dataclass(frozen=True)
class Layout:
    """Arrays that the maps need."""

    shapes: dict[str, tuple[int, int]]
    steps: dict[str, float]
    instruments: tuple[Spectrometer, Spectrometer]
    dtype: np.dtype[Any]
    noise_free: bool

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
                        for key, (tail, kind) in self._annotations().items()
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
            annotations=self._annotations(),
            meta=meta,
            overwrite=overwrite,
        ) as maps:
            yield maps

    def _empty(self, name: str, tail: tuple[int, ...], kind: Any) -> np.ndarray:
        rows, columns = self.shapes[name]
        return np.empty((rows * columns, *tail), dtype=kind)

    def _annotations(self) -> dict[str, tuple[tuple[int, ...], str]]:
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
