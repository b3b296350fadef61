r"""Figures of merit of one transfer under several protocols, block by block.

No map is ever transferred as a whole: a block of measured spectra meets the block that
is predicted for it, and leaves two distances and two clusters for each spectrum. The
relative squared error is put together in the end,

.. math:: \mathrm{RSE} = \sum_i d_i^2 \Big/ \sum_{ij} (y_{ij} - \bar y_j)^2 .
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spectransfer._blocks import block_slices, blocks_of, take_rows
from spectransfer._typing import FloatArray
from spectransfer._validation import check_targets
from spectransfer.evaluation._clusters import fit_library_clusters
from spectransfer.evaluation._table import SpectrumErrors
from spectransfer.metrics import (
    cluster_labels,
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
from spectransfer.spectra import Pair

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


@dataclass
class Stopwatch:
    """Seconds that the steps of a run take, by their names.

    Parameters
    ----------
    seconds : dict of str to float, default={}
        What has been measured.

    Examples
    --------
    >>> from spectransfer.report import Stopwatch
    >>> stopwatch = Stopwatch()
    >>> with stopwatch("simulate"):
    ...     pass
    >>> list(stopwatch.seconds)
    ['simulate']
    """

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Add what the block takes to a step.

        Parameters
        ----------
        step : str
            Its name.

        Yields
        ------
        None
            Nothing.
        """
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(step, time.perf_counter() - started)

    def add(self, step: str, seconds: float) -> None:
        """Add seconds that were measured elsewhere.

        Parameters
        ----------
        step : str
            Its name.
        seconds : float
            What it took.
        """
        self.seconds[step] = self.seconds.get(step, 0.0) + seconds


@dataclass
class Judged:
    """What one transfer achieved under one protocol, and the seconds it took."""

    errors: SpectrumErrors
    rse: float
    seconds: float

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
    """Copy a fitted transfer for each protocol, with the statistics it asks for."""

    def secondary() -> Any:
        return blocks_of(unseen.secondary, block_size)

    def primary() -> Any:
        return blocks_of(unseen.primary, block_size)

    versions, own, learning = {}, None, Stopwatch()
    for protocol in protocols:
        if protocol == "deployable":
            versions[protocol] = with_training_statistics(transfer)
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
    cosine_convention: str = "distance",
    block_size: int | None = None,
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
    cosine_convention : {"distance", "minus_cosine"}, default="distance"
        As in `spectransfer.metrics.spectrum_cosine`.
    block_size : int or None, default=None
        Spectra in a block; None takes all at once.
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
    scatter = StandardScaler()
    for rows in block_slices(unseen.n_spectra, block_size):
        secondary = take_rows(unseen.secondary, rows)
        measured = measured_in_space(transfer, take_rows(unseen.primary, rows))
        scatter.partial_fit(measured)
        clusters = cluster_labels(kmeans, measured)
        for name, version in versions.items():
            with spent(name):
                raw = version.predict(secondary)
            predicted = _checked(raw, measured, rows.start)
            errors = found[name]
            errors.euclidean[rows] = spectrum_euclidean(measured, predicted)
            errors.cosine[rows] = spectrum_cosine(
                measured, predicted, convention=cosine_convention
            )
            errors.measured_cluster[rows] = clusters
            errors.predicted_cluster[rows] = cluster_labels(kmeans, predicted)
            progress(len(measured))
    scattered = float(scatter.n_samples_seen_ * np.asarray(scatter.var_).sum())
    return {
        name: Judged(
            errors, _relative(errors.euclidean, scattered), spent.seconds[name]
        )
        for name, errors in found.items()
    }


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
