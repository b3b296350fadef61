"""Transfers fitted and judged side by side, each kept as soon as it is done.

Every transfer is a work of its own: fitted to the training map, judged on the test map
under all protocols, and on the validation map. Works are done by several processes, of
one thread each by `make demo`, so that what comes out does not depend on how many they
are. With a folder each is kept, and is not done again by the same command; one that was
not finished goes on from an epoch of its networks.
"""

import os
import sys
import warnings
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import joblib
import numpy
import sklearn
import torch
from scipy.linalg import LinAlgWarning
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Bunch

import spectransfer
from paper.transfers import Candidate
from spectransfer.evaluation import TransferTable, evaluate_transfers
from spectransfer.networks import resumable

Tables = tuple[TransferTable, TransferTable]
_BLOCK = 2**24  # bytes


def be_quiet() -> None:
    """Leave out what is known: ridge on collinear channels, k-means on few spectra."""
    warnings.filterwarnings("ignore", category=LinAlgWarning)
    warnings.filterwarnings("ignore", category=ConvergenceWarning)


@dataclass(frozen=True)
class Work:
    """What all transfers have in common.

    Parameters
    ----------
    maps : Bunch
        Training, validation and test map.
    kmeans : KMeans
        Clusters of the primary training map.
    folder : Path or None
        Where finished transfers are kept.
    origin : str
        What the maps are; what was kept of others is done again.
    verbose : bool
        Whether to show progress.
    """

    maps: Bunch
    kmeans: KMeans
    folder: Path | None
    origin: str
    verbose: bool

    def told(self, candidate: Candidate) -> Tables:
        """Give the tables, and say that they are there, from whatever process."""
        tables = self.done(candidate)
        print(costs_of(candidate.name, tables[0]), file=sys.stderr, flush=True)
        return tables

    def done(self, candidate: Candidate) -> Tables:
        """Give the tables of a transfer, from the folder where they are kept."""
        if self.folder is None:
            return self._judged(candidate)
        file = self.folder / f"{self._key(candidate)[:16]}.joblib"
        if (kept := kept_whole(file)) is not None:
            return kept
        # a fit that is killed goes on from its last epoch
        with resumable(self.folder / "unfinished"):
            tables = self._judged(candidate)
            # whole or not there
            begun = file.with_suffix(f".{os.getpid()}")
            joblib.dump(tables, begun)
            with begun.open("rb+") as written:
                mark = digest_of(written, begun.stat().st_size)
                written.seek(0, os.SEEK_END)
                written.write(mark)
                written.flush()
                os.fsync(written.fileno())
            begun.replace(file)
        return tables

    def _key(self, candidate: Candidate) -> str:
        """Give a digest of all that a fit depends on, as `resumable` takes it."""
        parts = spectransfer, torch, numpy, sklearn
        told = [f"{part.__name__} {part.__version__}" for part in parts]
        told += [f"{torch.get_num_threads()} threads", self.origin]
        told += [candidate.name, candidate.describe()]
        return sha256("\n".join(told).encode()).hexdigest()

    def _judged(self, candidate: Candidate) -> Tables:
        be_quiet()
        judged = {"kmeans": self.kmeans, "verbose": self.verbose}
        table = evaluate_transfers(
            {candidate.name: candidate.transfer},
            self.maps.train,
            self.maps.test,
            validation=self.maps.validation,
            per_spectrum=True,
            return_estimator=True,
            **judged,
        )
        same_day = evaluate_transfers(
            table.estimators,
            self.maps.train,
            self.maps.validation,
            protocols="deployable",
            **judged,
        )
        return table, same_day


def digest_of(file: BinaryIO, n_bytes: int) -> bytes:
    """Give the digest of the first bytes of a file, which may be larger than memory."""
    digest = sha256()
    file.seek(0)
    for begin in range(0, n_bytes, _BLOCK):
        digest.update(file.read(min(_BLOCK, n_bytes - begin)))
    return digest.digest()


def kept_whole(file: Path) -> Tables | None:
    """Read what was kept, where it is there as it was written; else say so."""
    if not file.exists():
        return None
    n_bytes = file.stat().st_size - sha256().digest_size
    with file.open("rb") as kept:
        whole = n_bytes > 0 and digest_of(kept, n_bytes) == kept.read()
    if whole:
        return joblib.load(file)
    print(
        f"{file} is damaged or cut short: this transfer is fitted again.",
        file=sys.stderr,
        flush=True,
    )
    return None


def judge_side_by_side(work: Work, candidates: list[Candidate], n_jobs: int) -> Tables:
    """Do all works, the last (and longest) first, and put their tables together."""
    if work.folder is not None:
        work.folder.mkdir(parents=True, exist_ok=True)
    n_jobs = min(n_jobs, len(candidates))
    told = work.verbose or work.folder is not None
    if n_jobs > 1:
        # bars of several processes would write over each other
        work = Work(work.maps, work.kmeans, work.folder, work.origin, verbose=False)
    # arrays that lie in files are shared, those in memory are sent
    done = joblib.delayed(work.told if told else work.done)
    several = joblib.Parallel(n_jobs, max_nbytes=None)
    both = zip(*reversed(several(map(done, reversed(candidates)))), strict=True)
    test, same_day = (_together(list(tables)) for tables in both)
    return test, same_day


def costs_of(name: str, table: TransferTable) -> str:
    """Say what a long fit took, for each epoch of its networks where it has some."""
    (row, *_), fitted = table, table.estimators[name]
    if row.fit_time is None:
        return f"{name}: was fitted before"
    told = f"{name}: fitted in {row.fit_time:.0f} s"
    n_epochs = epochs_of(getattr(fitted[-1], "regressor_", None))
    if n_epochs:
        told += f", {n_epochs} epochs, {row.fit_time / n_epochs:.1f} s for each"
    return told


def epochs_of(regressor: Any) -> int:
    """Count the epochs of all networks of a transfer."""
    held = [getattr(regressor, f"{part}_", None) for part in ("autoencoder", "mapper")]
    n_epochs = 0
    for network in (regressor, *held):
        n_epochs += getattr(network, "n_epochs_", 0)
        n_epochs += len(getattr(network, "decoded_loss_curve_", None) or ())
    return n_epochs


def _together(tables: list[TransferTable]) -> TransferTable:
    return TransferTable(
        tuple(row for table in tables for row in table),
        tables[0].meta,
        {k: v for table in tables for k, v in table.spectrum_errors.items()},
        {k: v for table in tables for k, v in table.estimators.items()},
    )
