"""One transfer after the other: fitted, judged, measured, put into a table."""

import warnings
from dataclasses import dataclass, field
from typing import Any

from spectransfer._progress import Bar
from spectransfer._wrapping import is_fitted
from spectransfer.evaluation._judging import Clusters, Judged, Stopwatch, judge
from spectransfer.evaluation._rows import SpectrumErrors, TransferRow
from spectransfer.evaluation._sharing import shared_size
from spectransfer.evaluation._table import TransferTable
from spectransfer.exceptions import SpectransferWarning
from spectransfer.pipeline import fit_fresh
from spectransfer.spectra import Pair


@dataclass(frozen=True)
class Task:
    """What every transfer has to do."""

    known: Pair
    unseen: Pair
    watched: Pair | None
    protocols: list[str]
    clusters: Clusters
    options: dict[str, Any]

    def run(
        self, name: str, transfer: Any, bar: Bar
    ) -> tuple[Any, float | None, dict[str, Judged], int | None]:
        """Give the fitted transfer, what fitting took, its figures, and its size."""
        spent = Stopwatch()
        if not is_fitted(transfer):
            bar.describe(f"{name}, fit")
            bar.reach(0)
            with spent("fit"):
                transfer = fit_fresh(transfer, self.known, self.watched)
        bar.describe(f"{name}, clusters")
        bar.reach(0)
        kmeans = self.clusters.of(transfer)
        bar.describe(f"{name}, predict")
        judged = judge(
            transfer,
            self.protocols,
            self.unseen,
            kmeans,
            progress=bar.update,
            **self.options,
        )
        size = shared_size(transfer, *self.known.primary.shape)
        return (
            transfer,
            spent.seconds.get("fit"),
            judged,
            None if size is None else size.total,
        )


@dataclass
class Collected:
    """Rows as they are made, and what else is to be kept."""

    per_spectrum: bool
    return_estimator: bool
    rows: list[TransferRow] = field(default_factory=list)
    errors: dict[tuple[str, str], SpectrumErrors] = field(default_factory=dict)
    estimators: dict[str, Any] = field(default_factory=dict)

    def add(
        self,
        name: str,
        fitted: Any,
        fit_time: float | None,
        judged: dict[str, Judged],
        size: int | None,
    ) -> None:
        """Keep the figures of one transfer."""
        for protocol, found in judged.items():
            self.rows.append(
                TransferRow(
                    name,
                    protocol,
                    found.rse,
                    float(found.errors.euclidean.mean()),
                    float(found.errors.cosine.mean()),
                    found.k_score,
                    fit_time,
                    found.seconds,
                    size,
                )
            )
            if self.per_spectrum:
                self.errors[name, protocol] = found.errors
        if self.return_estimator:
            self.estimators[name] = fitted

    def add_failed(
        self, name: str, protocols: list[str], score: float, error: Exception
    ) -> None:
        """Keep the place of a transfer that failed, and warn."""
        warnings.warn(
            f"{name!r} could not be evaluated, and its figures are {score}: "
            f"{type(error).__name__}: {error}",
            SpectransferWarning,
            stacklevel=4,
        )
        nothing = (None,) * 3
        for protocol in protocols:
            self.rows.append(TransferRow(name, protocol, *(score,) * 4, *nothing))

    def finish(self, meta: dict[str, Any]) -> TransferTable:
        """Make the table."""
        return TransferTable(tuple(self.rows), meta, self.errors, self.estimators)


def meta_of(task: Task) -> dict[str, Any]:
    """Say what was compared."""
    fitted = list(task.clusters.fitted.values())
    sizes = [getattr(kmeans, "n_clusters", None) for kmeans in fitted]
    notes = []
    if len(fitted) > 1:
        notes.append(
            f"The transfers are judged in {len(fitted)} different spaces (with and "
            "without baseline, say): distances in counts compare within a space only."
        )
    return {
        "n_train": task.known.n_spectra,
        "n_test": task.unseen.n_spectra,
        "n_channels": task.unseen.primary.shape[1],
        "n_clusters": " or ".join(
            str(s) for s in dict.fromkeys(sizes) if s is not None
        ),
        "cosine_convention": task.options["cosine_convention"],
        "notes": tuple(notes),
    }
