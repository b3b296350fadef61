"""`evaluate_transfers`: many transfers, many figures of merit, every protocol."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from sklearn.base import clone

from spectransfer._progress import Bar, progress_bar
from spectransfer._typing import RandomState
from spectransfer._validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_params,
)
from spectransfer._wrapping import is_fitted, unit_of_predictions
from spectransfer.evaluation._axes import (
    axes_of,
    check_axes,
    check_channels,
    check_fitted_axes,
    checked_unpaired,
    read_pair,
)
from spectransfer.evaluation._judging import (
    BLOCK_SIZE,
    Clusters,
    Judged,
    check_map,
    judge,
    known_protocols,
    with_truth,
)
from spectransfer.evaluation._named import named_transfers
from spectransfer.evaluation._properties import (
    REFERENCES,
    Properties,
    checked_properties,
)
from spectransfer.evaluation._sharing import shared_size
from spectransfer.evaluation._stopwatch import Stopwatch
from spectransfer.evaluation._table import (
    SpectrumErrors,
    TransferRow,
    TransferTable,
    described,
)
from spectransfer.exceptions import SpectransferWarning
from spectransfer.pipeline import fit_watched, fit_with_unpaired
from spectransfer.spectra import Pair


@dataclass(frozen=True)
class _Task:
    """What every transfer has to do."""

    known: Pair
    unseen: Pair
    watched: Pair | None
    beside: dict[str, Any]
    protocols: list[str]
    clusters: Clusters
    options: dict[str, Any]
    properties: Properties
    unit: str | None
    without_unit: list[str] = field(default_factory=list)

    def _fit(self, transfer: Any) -> Any:
        """Fit with the pairs, and with what else a transfer makes use of."""
        X_val, y_val = self.watched or (None, None)
        if all(value is None for value in self.beside.values()):
            return fit_watched(transfer, *self.known, X_val=X_val, y_val=y_val)
        beside = self.beside | {"X_val": X_val, "y_val": y_val}
        return fit_with_unpaired(transfer, *self.known, **beside)

    def run(
        self, name: str, transfer: Any, bar: Bar
    ) -> tuple[Any, float | None, dict[str, Judged], int | None]:
        """Give the fitted transfer, what fitting took, its figures, and its size."""
        spent = Stopwatch()
        if is_fitted(transfer):
            check_fitted_axes(transfer, name, axes_of(self.unseen, self.unseen))
        else:
            bar.describe(f"{name}, fit")
            bar.reach(0)
            with spent("fit"):
                transfer = self._fit(clone(transfer))
        if unit_of_predictions(transfer, self.unit) != self.unit:
            self.without_unit.append(name)
        self.properties.check(name, transfer)
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
            calibrations={
                prop: asked.calibration
                for prop, asked in self.properties.wanted.items()
            },
            **self.options,
        )
        self.properties.begin(name, transfer)
        for protocol, found in judged.items():
            self.properties.add(name, protocol, found.rse, found.read)
        size = shared_size(transfer, *self.known.primary.shape)
        return (
            transfer,
            spent.seconds.get("fit"),
            judged,
            None if size is None else size.total,
        )


@dataclass
class _Collected:
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

    def finish(self, task: _Task) -> TransferTable:
        """Make the table."""
        return TransferTable(
            tuple(self.rows),
            described(task),
            self.errors,
            self.estimators,
            tuple(task.properties.rows),
        )


_CONSTRAINTS: dict[str, list[Any]] = {
    "unpaired": [tuple, None],
    "properties": [dict, None],
    "protocols": ["array-like", str, None],
    "kmeans": [HasMethods("predict"), None],
    "n_clusters": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    "cosine_convention": [StrOptions({"distance", "minus_cosine"})],
    "per_spectrum": ["boolean"],
    "return_estimator": ["boolean"],
    "block_size": [Interval(Integral, 1, None, closed="left"), None],
    "error_score": [StrOptions({"raise"}), Real],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=False)
def evaluate_transfers(
    transfers: Mapping[str, Any] | Iterable[tuple[str, Any]],
    train: Any,
    test: Any,
    *,
    validation: Any = None,
    unpaired: tuple[Any, Any] | None = None,
    properties: Mapping[str, Any] | None = None,
    protocols: str | Sequence[str] | None = None,
    kmeans: Any = None,
    n_clusters: int | str = 4,
    cosine_convention: str = "distance",
    per_spectrum: bool = False,
    return_estimator: bool = False,
    block_size: int | None = BLOCK_SIZE,
    error_score: str | float = "raise",
    random_state: RandomState = 0,
    verbose: bool | int = 0,
) -> TransferTable:
    r"""Judge several transfers on unseen spectra, under named protocols.

    Each transfer is fitted to `train` where it is not fitted yet, and used as it is
    where it is. What it predicts for `test` is compared with the measured primary
    spectra in the space of its predictions: with the relative squared error, the mean
    Euclidean and cosine distance, and the k-score of clusters of the primary training
    library.

    Parameters
    ----------
    transfers : mapping of str to estimator, or iterable of (str, estimator)
        Pipelines of `make_transfer_pipeline`, searches over them, or any multi-output
        regressors, by the names that they have in the table. None of them is changed.
    train : SpectraPair, PairedMaps or tuple of (X_secondary, X_primary)
        Shared standards. Spectra may be memory-mapped. A `sample_id` that it has
        reaches transfers that leave out samples.
    test : SpectraPair, PairedMaps or tuple of (X_secondary, X_primary)
        Unseen spectra of the same instruments, with what was measured.
    validation : SpectraPair, PairedMaps or tuple, default=None
        Pairs that networks watch while they are fitted; others do without.
    unpaired : tuple of (X_unpaired, y_unpaired), default=None
        Secondary and primary spectra without partners, as measured, for transfers that
        learn from them. One of both may be None, the primary ones `LibraryMoments`.
    properties : mapping of str to Property or tuple, default=None
        What transferred spectra are wanted for, by name: ``(calibration, y)``, a
        calibration that was fitted to primary spectra, and known values of the test
        spectra. RMSEP, bias and SEP of what it reads from the predictions stand in a
        second table, beside those of rows named "primary", "untransferred" and "slope
        and bias", so that no transfer can have these names. See `Property` for what
        else it may hold.
    protocols : str or sequence of str, default=None
        Whose mean and variance standardize, and what is the truth. "deployable": on
        both sides those of the training spectra. "deployable-batch": those of the test
        map itself on the secondary side, where all of its spectra are at hand.
        "library": as "deployable", but compared with what the primary would have
        measured on the library's day, the annotation `primary_library_day` of `test`,
        and not with what it measured with the test spectra. "paper": mean and variance
        of each map itself, the measured primary test map included, as in the paper's
        Table 1; it cannot be had in deployment. The transfer is not fitted again for
        any. None takes all, "library" where `test` has the annotation.
    kmeans : fitted estimator with `predict`, default=None
        Clusters for the k-score. None fits k-means to the primary training library, in
        the space of the predictions.
    n_clusters : int or "auto", default=4
        Number of these clusters: the paper's 4, or by silhouette.
    cosine_convention : {"distance", "minus_cosine"}, default="distance"
        Sign of the cosine: distance, or the negated cosine of the paper's Table 1.
    per_spectrum : bool, default=False
        Whether to keep errors and clusters of each spectrum, for maps.
    return_estimator : bool, default=False
        Whether to keep the fitted transfers.
    block_size : int or None, default=4096
        Spectra that are transferred at once; None takes all. Steps of a transfer,
        other than those that standardize, are taken to work row by row.
    error_score : "raise" or float, default="raise"
        What the figures of a transfer become that fails in fit or predict: an error,
        or this number, with a warning.
    random_state : int, RandomState instance or None, default=0
        Seed of k-means. The transfers have their own.
    verbose : bool or int, default=0
        Whether to show a progress bar.

    Returns
    -------
    TransferTable
        One row for each transfer and protocol. It prints, and goes to data frames,
        CSV, Markdown, LaTeX and HTML.

    Raises
    ------
    ValueError
        If rows do not pair, spectra are not finite, train and test differ in channels,
        a single spectrum is to be scaled by itself, or the library protocol is asked
        for and `test` has no spectra of the library's day.

    See Also
    --------
    shared_size : What the last column counts.
    spectransfer.metrics.transfer_scorers : The same figures for scikit-learn's
        cross-validation, under the protocol of the transfer's own scalers.

    Notes
    -----
    Times are wall-clock seconds. Predicting includes the preparation of the spectra and
    the passes that learn a map's own statistics, and excludes the figures of merit.

    Steps that standardize are scikit-learn's and our `StandardScaler`, in pipelines of
    any depth, on the secondary side and inside regressors, frozen or not. The protocol
    decides about their statistics, and not the option that they were made with. The
    primary side is fitted to the measured map as ``predict(X, reference=y)`` does it,
    in blocks where its steps allow. A transfer that standardizes nothing has the same
    figures under every protocol.

    Transfers that treat the primary side differently, with and without baseline
    correction, say, are judged in different spaces, each with clusters of its own. The
    table says so; their distances in counts do not compare.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from spectransfer import MeanTransfer, make_transfer_pipeline
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.evaluation import evaluate_transfers
    >>> pair = make_instrument_pair(n_spectra=200, random_state=0)
    >>> table = evaluate_transfers(
    ...     {"mean": make_transfer_pipeline(MeanTransfer()),
    ...      "ridge": make_transfer_pipeline(Ridge())},
    ...     train=pair[:150], test=pair[150:], protocols=("deployable", "paper"))
    >>> [(row.transfer, row.protocol) for row in table]
    [('mean', 'deployable'), ('mean', 'paper'), ('ridge', 'deployable'),
     ('ridge', 'paper')]
    >>> round(table["mean", "paper"].rse, 4)
    1.0
    >>> table["ridge", "paper"].rse < 0.5
    True
    """
    named = named_transfers(transfers, REFERENCES if properties else ())
    asked = None if protocols is None else known_protocols(protocols)
    used = list(named.values())
    known, unseen = read_pair(train, "train", used), read_pair(test, "test", used)
    names, library_day = with_truth(asked, test, unseen)
    watched = None if validation is None else read_pair(validation, "validation", used)
    check_channels(known, unseen, watched)
    check_axes(axes_of(train, known), "test", axes_of(test, unseen))
    if watched is not None:
        check_axes(axes_of(train, known), "validation", axes_of(validation, watched))
    check_map(unseen, names)
    task = _Task(
        known,
        unseen,
        watched,
        checked_unpaired(unpaired, known)
        | {"sample_id": getattr(train, "sample_id", None)},
        names,
        Clusters(kmeans, n_clusters, known.primary, random_state),
        {
            "library_day": library_day,
            "cosine_convention": cosine_convention,
            "block_size": block_size,
        },
        Properties(
            checked_properties(properties, known.n_spectra, unseen.n_spectra),
            known,
            unseen,
            axes_of(test, unseen),
            block_size,
        ),
        getattr(test, "intensity_unit", None),
    )
    table = _Collected(per_spectrum, return_estimator)
    n_steps = unseen.n_spectra * len(names)
    for name, transfer in named.items():
        with progress_bar(n_steps, "spectrum", visible=bool(verbose)) as bar:
            try:
                table.add(name, *task.run(name, transfer, bar))
            except Exception as error:
                error.add_note(f"This happened while evaluating {name!r}.")
                if isinstance(error_score, str):
                    raise
                table.add_failed(name, names, float(error_score), error)
    return table.finish(task)
