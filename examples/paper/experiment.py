"""The maps, and everything that is computed from them, before a page is made of it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import joblib
import numpy as np
from sklearn.cluster import KMeans
from sklearn.utils import Bunch

from paper.fits import Work, judge_side_by_side
from paper.transfers import (
    Candidate,
    baseline_corrector,
    search,
    searched_transfers,
    transfers_to_judge,
)
from spectransfer import __version__
from spectransfer.evaluation import (
    PAPER_N_CLUSTERS,
    ClusterChoice,
    TransferTable,
    choose_n_clusters,
    fit_library_clusters,
)
from spectransfer.io import load_libs_transfer
from spectransfer.report import Stopwatch
from spectransfer.search import PublishedSearch
from spectransfer.simulation import make_libs_maps
from spectransfer.spectra import PairedMaps

# section 3.2.4 of the paper
N_CLUSTERS = 4
# a tenth of the library, as in the paper, and at least so many
_LEAST_DRAWN, _MOST_DRAWN = 2_000, 25_000


@dataclass(frozen=True)
class Setting:
    """What the command was asked for."""

    shapes: dict[str, tuple[int, int]]
    width: str = "full"
    seed: int = 0
    steps: int | str = "auto"
    data: Path | None = None
    maps_folder: Path | None = None
    without: tuple[str, ...] = ()
    search_folder: Path | None = None
    fits_folder: Path | None = None
    n_jobs: int = 1
    verbose: bool = True

    @property
    def origin(self) -> str:
        """What the maps are, in words that no other maps have."""
        return repr((self.shapes, self.width, self.seed, str(self.data), __version__))


@dataclass
class Results:
    """What came out, for the sections of the page."""

    setting: Setting
    maps: Bunch
    candidates: list[Candidate]
    kmeans: KMeans
    choice: ClusterChoice
    table: TransferTable
    same_day: TransferTable
    floor: float | None
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    found: PublishedSearch | None = None

    @property
    def protocols(self) -> list[str]:
        """What the test map was judged under; measured maps know no library's day."""
        return list(dict.fromkeys(row.protocol for row in self.table))

    @property
    def simulated(self) -> bool:
        """Whether the maps are simulated, here or before."""
        return "simulated" in self.maps.test.meta.get("source", "")


class Progress:
    """Tells on a terminal what is being done, and keeps the time."""

    def __init__(self, visible: bool) -> None:
        self.visible = visible
        self.stopwatch = Stopwatch()

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Name a step while it is done."""
        if self.visible:
            print(f"{step} ...", file=sys.stderr, flush=True)
        with self.stopwatch(step):
            yield


def open_maps(setting: Setting) -> Bunch:
    """Open the real maps, or simulate; with a folder, nothing is held in memory.

    What the same command has simulated into the folder is opened.
    """
    if setting.data is not None:
        return load_libs_transfer(setting.data)
    folder = setting.maps_folder
    finished = folder and folder / "origin.txt"
    if finished is not None and finished.exists():
        if finished.read_text(encoding="utf-8") == setting.origin:
            return load_libs_transfer(folder)
        finished.unlink()
    maps = make_libs_maps(
        **setting.shapes,
        spectrometers=setting.width,
        random_state=setting.seed,
        out=folder,
        overwrite=True,
        verbose=setting.verbose,
    )
    if finished is not None:
        finished.write_text(setting.origin, encoding="utf-8")
    return maps


def run(setting: Setting, progress: Progress) -> Results:
    """Open the maps, cluster, fit and judge all transfers."""
    with progress("opening the maps"):
        maps = open_maps(setting)
    corrector = baseline_corrector(setting.width).fit(maps.train.X_primary[:2])
    clustered = {"prepare": corrector.transform, "random_state": setting.seed}
    library = maps.train.X_primary
    with progress("clustering the primary training map"):
        kmeans = fit_library_clusters(library, N_CLUSTERS, **clustered)
    with progress("silhouettes of other numbers of clusters"):
        n_drawn = min(max(_LEAST_DRAWN, len(library) // 10), _MOST_DRAWN)
        options = [k for k in PAPER_N_CLUSTERS if k < min(n_drawn, len(library))]
        choice = choose_n_clusters(library, options, n_subsample=n_drawn, **clustered)
    candidates, found = candidates_of(setting, maps, progress)
    origin = setting.origin
    if setting.fits_folder is not None:
        with progress("reading the maps, to know finished fits by them"):
            origin += contents_of(maps)
    work = Work(maps, kmeans, setting.fits_folder, origin, setting.verbose)
    with progress("fitting and judging the transfers"):
        table, same_day = judge_side_by_side(work, candidates, setting.n_jobs)
    floor = None
    if setting.data is None and setting.maps_folder is None:
        with progress("the noise that no transfer can predict"):
            floor = noise_floor(setting, corrector, maps.validation)
    return Results(
        setting,
        maps,
        candidates,
        kmeans,
        choice,
        table,
        same_day,
        floor,
        progress.stopwatch,
        found,
    )


def contents_of(maps: Bunch) -> str:
    """Give a digest of all that is learned from and judged on.

    Contents, and neither names nor times of files: a folder may be copied or filled
    anew. To read them once is little beside a fit to them.
    """
    told = []
    for m in (maps.train, maps.validation, maps.test):
        axes = [np.asarray(m.wavelengths_secondary), np.asarray(m.wavelengths_primary)]
        told += [m.X_secondary, m.X_primary, dict(m.annotations), m.shape, m.raster]
        told += axes
    return joblib.hash(told, coerce_mmap=True)


def candidates_of(
    setting: Setting, maps: Bunch, progress: Progress
) -> tuple[list[Candidate], PublishedSearch | None]:
    """Give what is judged, with what a search finds where one is asked for."""
    known = transfers_to_judge(setting.width, setting.seed, setting.steps)
    candidates = [c for c in known if c.name not in setting.without]
    if setting.search_folder is None:
        return candidates, None
    with progress("searching hyperparameters on the validation map"):
        how = setting.width, setting.seed, setting.search_folder, setting.verbose
        found = search(maps, *how)
    return candidates + searched_transfers(found), found


def noise_floor(setting: Setting, corrector: object, measured: PairedMaps) -> float:
    """Error of the noise-free spectra of the validation map, which no transfer has.

    Every channel's mean difference is taken off first: it is the bias that noise gives
    the rolling minimum, and any regression learns it.
    """
    expected = make_libs_maps(
        None,
        setting.shapes["validation"],
        None,
        spectrometers=setting.width,
        random_state=setting.seed,
        noise_free=True,
    ).validation.annotations["noise_free_primary"]
    noisy = corrector.transform(measured.X_primary)
    noise = noisy - corrector.transform(expected)
    noise -= noise.mean(axis=0)
    scatter = noisy - noisy.mean(axis=0)
    return float(np.square(noise, dtype=float).sum() / np.square(scatter).sum())
