r"""Figures of merit of one transfer under several protocols, block by block.

No map is ever transferred as a whole: a block of measured spectra meets the block that
is predicted for it, and leaves two distances and two clusters for each spectrum. The
relative squared error is put together in the end,

.. math:: \mathrm{RSE} = \sum_i d_i^2 / \sum_{ij} (y_{ij} - \bar y_j)^2 .
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spectransfer._blocks import block_slices, blocks_of, take_rows
from spectransfer._typing import FloatArray
from spectransfer._validation import check_targets
from spectransfer.evaluation._clusters import fit_library_clusters
from spectransfer.evaluation._stopwatch import Stopwatch
from spectransfer.evaluation._table import SpectrumErrors
from spectransfer.metrics import (
    cluster_labels,
    read_property,
    spectrum_cosine,
    spectrum_euclidean,
    target_in_prediction_space,
)
from spectransfer.pipeline import (
    PROTOCOLS,
    with_own_statistics,
    with_reference,
    with_training_statistics,
)
from spectransfer.preprocessing import StandardScaler
from spectransfer.spectra import LIBRARY_DAY, Pair, as_table

_PROBE_ROWS = 4
BLOCK_SIZE = 4096


def known_protocols(protocols: str | Iterable[str]) -> list[str]:
    """Refuse protocols that there are not."""
    names = [protocols] if isinstance(protocols, str) else list(protocols)
    unknown = [name for name in names if name not in PROTOCOLS]
    if unknown or not names or len(set(names)) < len(names):
        raise ValueError(
            f"protocols must be some of {', '.join(map(repr, PROTOCOLS))}, each once, "
            f"but they are {names!r}."
        )
    return names


def with_truth(
    asked: list[str] | None, test: Any, unseen: Pair
) -> tuple[list[str], Any]:
    """Give the protocols that are judged, and the spectra of the library's day.

    Parameters
    ----------
    asked : list of str or None
        Names of protocols; None are all that there is a truth for.
    test : SpectraPair, PairedMaps or tuple
        What was given as test spectra.
    unseen : Pair
        The same, as tables.

    Returns
    -------
    names : list of str
        Protocols.
    library_day : array-like of shape (n_spectra, n_primary) or None
        The annotation `primary_library_day`, where the library protocol is among them.
    """
    names = list(PROTOCOLS) if asked is None else asked
    if "library" not in names:
        return names, None
    given = getattr(test, "annotations", {}).get(LIBRARY_DAY)
    if given is None and asked is None:
        return [name for name in names if name != "library"], None
    if given is None:
        raise ValueError(
            "The library protocol judges by what the primary would have measured on "
            f"the library's day, the annotation {LIBRARY_DAY!r} of test, but there is "
            "none. Simulate the map (those of a second day of make_libs_maps have it), "
            "pass a SpectraPair or PairedMaps with "
            f"annotations={{{LIBRARY_DAY!r}: spectra}}, or leave the protocol out."
        )
    table = as_table(given, f"annotation {LIBRARY_DAY!r} of test")
    if table.shape != unseen.primary.shape:
        raise ValueError(
            f"The annotation {LIBRARY_DAY!r} must hold a primary spectrum for each of "
            f"test, in the shape {unseen.primary.shape}, but its shape is "
            f"{table.shape}. Bring it to the shots and the channels of the primary "
            "spectra, or leave it out."
        )
    return names, table


def check_map(unseen: Pair, protocols: list[str]) -> None:
    """Refuse to scale one spectrum by itself."""
    if unseen.n_spectra == 1 and not {*protocols} <= {"deployable", "library"}:
        raise ValueError(
            "A map is scaled by itself over its spectra, and one spectrum has no "
            "deviation, but test has 1. Evaluate more, or with "
            "protocols='deployable' only."
        )


def measured_in_space(transfer: Any, primary: Any) -> FloatArray:
    """Bring measured spectra to the space of a transfer's predictions, as an array."""
    return check_targets(target_in_prediction_space(transfer, primary))


@dataclass
class Clusters:
    """k-means of the primary training library, once for each space of predictions."""

    given: Any
    n_clusters: int | str
    library: Any
    random_state: Any
    fitted: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def of(self, transfer: Any) -> Any:
        """Give the clusters of the space in which a transfer is judged."""
        probe = measured_in_space(transfer, take_rows(self.library, slice(_PROBE_ROWS)))
        # transfers that treat a few spectra alike are judged in one space
        space = (probe.shape, probe.tobytes())
        if space not in self.fitted:
            self.fitted[space] = self._fit(transfer)
        return self.fitted[space]

    def _fit(self, transfer: Any) -> Any:
        if self.given is not None:
            return self.given
        return fit_library_clusters(
            self.library,
            self.n_clusters,
            prepare=lambda block: measured_in_space(transfer, block),
            random_state=self.random_state,
        )


@dataclass(eq=False)
class _Truth:
    """Spectra that predictions are compared with, a block of them at a time."""

    primary: Any
    scatter: StandardScaler = field(default_factory=StandardScaler)
    spectra: Any = None
    clusters: Any = None

    def read(self, rows: slice, transfer: Any, kmeans: Any) -> None:
        """Go on to the next block, in the space of the predictions."""
        self.spectra = measured_in_space(transfer, take_rows(self.primary, rows))
        self.scatter.partial_fit(self.spectra)
        self.clusters = cluster_labels(kmeans, self.spectra)

    @property
    def scattered(self) -> float:
        """Squared distance of all spectra from their mean."""
        scatter = self.scatter
        return float(scatter.n_samples_seen_ * np.asarray(scatter.var_).sum())


@dataclass
class Judged:
    """What one transfer achieved under one protocol, and the seconds it took."""

    errors: SpectrumErrors
    rse: float
    seconds: float
    read: dict[str, FloatArray] = field(default_factory=dict)

    @property
    def k_score(self) -> float:
        """Part of the spectra that keep their cluster."""
        return float(np.mean(~self.errors.differs))


def versions_of(
    transfer: Any,
    protocols: Iterable[str],
    unseen: Pair,
    block_size: int | None,
    spent: Stopwatch,
) -> dict[str, Any]:
    """Copy a fitted transfer for each protocol, with the statistics it asks for.

    Protocols that differ by what they are judged by share one copy.
    """

    def secondary() -> Any:
        return blocks_of(unseen.secondary, block_size)

    def primary() -> Any:
        return blocks_of(unseen.primary, block_size)

    versions, as_trained, own, learning = {}, None, None, Stopwatch()
    for protocol in protocols:
        if protocol in ("deployable", "library"):
            # one copy, so that a block is predicted once for both
            if as_trained is None:
                as_trained = with_training_statistics(transfer)
            versions[protocol] = as_trained
            continue
        if own is None:
            with learning("own statistics"):
                own = with_own_statistics(transfer, secondary)
        versions[protocol] = own
        spent.add(protocol, learning.seconds["own statistics"])
        if protocol == "paper":
            with spent(protocol):
                versions[protocol] = with_reference(own, primary, unseen.primary)
    return versions


def judge(
    transfer: Any,
    protocols: Iterable[str],
    unseen: Pair,
    kmeans: Any,
    *,
    library_day: Any = None,
    cosine_convention: str = "distance",
    block_size: int | None = None,
    calibrations: Mapping[str, Any] | None = None,
    progress: Callable[[int], Any] = lambda n_rows: None,
) -> dict[str, Judged]:
    """Judge one fitted transfer on unseen spectra, under each protocol.

    Parameters
    ----------
    transfer : estimator
        A fitted transfer; it is not changed.
    protocols : iterable of str
        Names of protocols.
    unseen : Pair
        Spectra to transfer, and what was measured.
    kmeans : fitted estimator with `predict`
        Clusters of the primary library.
    library_day : array-like of shape (n_spectra, n_primary), default=None
        What the primary would have measured on the library's day, for the protocol
        of that name.
    cosine_convention : {"distance", "minus_cosine"}, default="distance"
        As in `spectransfer.metrics.spectrum_cosine`.
    block_size : int or None, default=None
        Spectra in a block; None takes all at once.
    calibrations : mapping of str to estimator, default=None
        What reads properties from predictions, by the names of the properties.
    progress : callable, default=<no progress>
        Told the number of spectra done, once for each protocol and block.

    Returns
    -------
    dict of str to Judged
        By protocol.
    """
    names = list(protocols)
    spent = Stopwatch()
    versions = versions_of(transfer, names, unseen, block_size, spent)
    found = {name: _empty(unseen.n_spectra) for name in names}
    calibrations = calibrations or {}
    read: dict[str, dict[str, FloatArray]] = {
        n: {p: np.empty(unseen.n_spectra) for p in calibrations} for n in names
    }
    that_day, librarys_day = _Truth(unseen.primary), _Truth(library_day)
    truths = {n: librarys_day if n == "library" else that_day for n in names}
    for rows in block_slices(unseen.n_spectra, block_size):
        secondary = take_rows(unseen.secondary, rows)
        for truth in dict.fromkeys(truths.values()):
            truth.read(rows, transfer, kmeans)
        for alike in _predicting_alike(versions):
            started = time.perf_counter()
            raw = versions[alike[0]].predict(secondary)
            seconds = time.perf_counter() - started
            said: dict[str, FloatArray] = {}
            for name in alike:
                spent.add(name, seconds)
                predicted = _checked(raw, truths[name].spectra, rows.start)
                for prop, calibration in calibrations.items():
                    if prop not in said:
                        said[prop] = read_property(calibration, predicted, repr(prop))
                    read[name][prop][rows] = said[prop]
                _compare(
                    truths[name],
                    predicted,
                    rows,
                    kmeans,
                    cosine_convention,
                    found[name],
                )
                progress(len(predicted))
    return {
        name: Judged(
            errors,
            _relative(errors.euclidean, truths[name].scattered),
            spent.seconds[name],
            read[name],
        )
        for name, errors in found.items()
    }


def _compare(
    truth: _Truth,
    predicted: FloatArray,
    rows: slice,
    kmeans: Any,
    convention: str,
    errors: SpectrumErrors,
) -> None:
    """Write down the errors of a block."""
    measured = truth.spectra
    errors.euclidean[rows] = spectrum_euclidean(measured, predicted)
    errors.cosine[rows] = spectrum_cosine(measured, predicted, convention=convention)
    errors.measured_cluster[rows] = truth.clusters
    errors.predicted_cluster[rows] = cluster_labels(kmeans, predicted)


def _predicting_alike(versions: Mapping[str, Any]) -> list[list[str]]:
    """Group protocols that differ by what they are judged by only."""
    groups: dict[int, list[str]] = {}
    for name, version in versions.items():
        groups.setdefault(id(version), []).append(name)
    return list(groups.values())


def _empty(n_spectra: int) -> SpectrumErrors:
    return SpectrumErrors(
        np.empty(n_spectra),
        np.empty(n_spectra),
        np.empty(n_spectra, np.int32),
        np.empty(n_spectra, np.int32),
    )


def _checked(raw: Any, measured: FloatArray, first: int) -> FloatArray:
    """Refuse predictions that cannot be compared, before they are averaged."""
    predicted = np.asarray(raw)
    predicted = predicted.reshape(-1, 1) if predicted.ndim == 1 else predicted
    if predicted.shape != measured.shape:
        raise ValueError(
            "Predicted and measured spectra must be on the same channels, but "
            f"{predicted.shape[1]} channels are predicted and {measured.shape[1]} were "
            "measured. Evaluate on primary spectra of the kind it was fitted on."
        )
    finite = np.isfinite(predicted).all(axis=1)
    if not finite.all():
        raise ValueError(
            "Predictions must be finite, but there is NaN or inf, first for spectrum "
            f"{first + int(np.argmin(finite))} (counted from 0). The training has most "
            "likely diverged: lower the learning rate, or scale the spectra before it."
        )
    return predicted


def _relative(distances: FloatArray, scatter: float) -> float:
    error = float(distances @ distances)
    if error == 0:
        return 0.0
    return error / scatter if scatter > 0 else float("inf")
