"""`standards_curve`: transfers learned from few standards and more, drawn again."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from spectransfer._axis import axis_of
from spectransfer._blocks import take_rows
from spectransfer._labels import checked_labels
from spectransfer._progress import progress_bar
from spectransfer._typing import ArrayLike, FloatArray, IntArray, RandomState
from spectransfer._validation import Interval, StrOptions, validate_params
from spectransfer.evaluation._axes import (
    axes_of,
    check_axes,
    check_channels,
    named_sides,
)
from spectransfer.evaluation._named import named_transfers, refuse_taken
from spectransfer.evaluation._properties import (
    PRIMARY,
    UNTRANSFERRED,
    Property,
    checked_properties,
    untransferred,
)
from spectransfer.evaluation._spaces import Space, check_one_space, space_of
from spectransfer.evaluation._standards_curve import RSE, StandardsCurve, beside
from spectransfer.metrics import (
    check_space,
    property_errors,
    read_property,
    relative_squared_error,
    target_in_prediction_space,
)
from spectransfer.model_selection import select_standards
from spectransfer.pipeline import fit_with_unpaired
from spectransfer.spectra import Pair, as_pair, as_table
from spectransfer.transfer import LibraryMoments


@dataclass(frozen=True)
class _Draw:
    """What one draw learns from and is judged by."""

    pool: Pair
    groups: Any
    test: Pair
    properties: dict[str, Property]
    axes: tuple[Any, Any]

    def standards(self, k: int, method: str, order: IntArray, seed: int) -> IntArray:
        """Give rows of k samples of the pool."""
        if method == "random":
            if self.groups is None:
                return order[:k]
            return np.flatnonzero(np.isin(self.groups, order[:k]))
        return select_standards(
            self.pool.secondary, k, method=method, groups=self.groups, random_state=seed
        )


@dataclass
class _Errors:
    """Errors as they are found."""

    shape: tuple[int, int]
    errors: dict[str, dict[str, FloatArray]] = field(default_factory=dict)
    limits: dict[str, dict[str, FloatArray]] = field(default_factory=dict)

    def add(self, figure: str, name: str, at: tuple[int, int], error: float) -> None:
        found = self.errors.setdefault(figure, {})
        found.setdefault(name, np.full(self.shape, np.nan))[at] = error

    def add_limit(self, figure: str, name: str, draw: int, error: float) -> None:
        found = self.limits.setdefault(figure, {})
        found.setdefault(name, np.full(self.shape[1], np.nan))[draw] = error

    def judge(
        self, draw: _Draw, alike: Mapping[str, Any], name: str, at: tuple[int, int]
    ) -> None:
        """Judge one of the transfers that were fitted to the same standards."""
        fitted, primary = alike[name], draw.test.primary
        first, own = (space_of(n, alike[n], primary) for n in (next(iter(alike)), name))
        check_one_space(first, own, draw.properties)
        predicted = fitted.predict(draw.test.secondary)
        truth = target_in_prediction_space(fitted, primary)
        self.add(RSE, name, at, relative_squared_error(truth, predicted))
        for figure, prop in draw.properties.items():
            check_space(fitted, primary, prop.space, repr(figure))
            said = read_property(prop.calibration, predicted, repr(figure))
            self.add(figure, name, at, property_errors(prop.y, said).rmsep)

    def judge_limits(
        self, draw: _Draw, alike: Mapping[str, Any], rows: IntArray, n: int
    ) -> None:
        """Judge what needs no standards, in the space of each fitted transfer."""
        known = Pair(*(take_rows(side, rows) for side in draw.pool))
        plain, _ = untransferred(known, draw.axes)
        ready = {PRIMARY: draw.test.primary}
        if plain is not None:
            ready[UNTRANSFERRED] = plain.predict(draw.test.secondary)
        found: list[tuple[Space, float]] = []
        for name, fitted in alike.items() if plain is not None else ():
            space = space_of(name, fitted, draw.test.primary)
            same = [error for other, error in found if other.is_that_of(space)]
            if not same:
                both = (target_in_prediction_space(fitted, s) for s in ready.values())
                same = [relative_squared_error(*both)]
            found.append((space, same[0]))
            self.add_limit(RSE, beside(name), n, same[0])
        first = next(iter(alike.values()))
        for figure, prop in draw.properties.items():
            for name, spectra in ready.items():
                there = target_in_prediction_space(first, spectra)
                said = read_property(prop.calibration, there, repr(figure))
                self.add_limit(figure, name, n, property_errors(prop.y, said).rmsep)

    def curve(self, counts: list[int]) -> StandardsCurve:
        """Give the curve; one row is enough for transfers of one space."""
        limits = dict(self.limits)
        alone = list(limits.get(RSE, {}).values())
        if alone and all(np.array_equal(alone[0], errors) for errors in alone):
            limits[RSE] = {UNTRANSFERRED: alone[0]}
        return StandardsCurve(np.array(counts), self.errors, limits)


def _draws(
    pair: Pair,
    groups: Any,
    test: Pair | None,
    given: Mapping[str, Any] | None,
    axes: tuple[Any, Any],
    n_draws: int,
    rng: np.random.RandomState,
) -> Iterator[tuple[_Draw, IntArray]]:
    """Give draws, and the order in which their samples are standards at random."""
    n_judged = pair.n_spectra if test is None else test.n_spectra
    properties = checked_properties(given, pair.n_spectra, n_judged)
    refuse_taken(properties, "properties", [RSE])
    samples = np.arange(pair.n_spectra) if groups is None else np.unique(groups)
    for _ in range(n_draws):
        order = rng.permutation(samples)
        if test is not None:
            yield _Draw(pair, groups, test, properties, axes), order
            continue
        held, order = np.split(order, [len(order) // 2])
        labels = samples if groups is None else groups
        out = np.isin(labels, held)
        parts = [
            Pair(*(take_rows(side, np.flatnonzero(where)) for side in pair))
            for where in (~out, out)
        ]
        some = {k: p._replace(y=np.asarray(p.y)[out]) for k, p in properties.items()}
        if groups is None:
            order = np.searchsorted(np.flatnonzero(~out), order)
        inside = None if groups is None else groups[~out]
        yield _Draw(parts[0], inside, parts[1], some, axes), order


_HERE = {"who": "standards_curve", "standards": "pair"}
_WAYS = ("random", "kmeans", "kmedoids", "kennard-stone", "duplex", "d-optimal")
_CONSTRAINTS: dict[str, list[Any]] = {
    "sizes": ["array-like"],
    "method": [StrOptions(set(_WAYS))],
    "n_draws": [Interval(Integral, 1, None, closed="left")],
    "properties": [dict, None],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def standards_curve(
    transfers: Mapping[str, Any],
    pair: Any,
    sizes: Sequence[int] | IntArray,
    *,
    test: Any = None,
    library: ArrayLike | LibraryMoments | None = None,
    groups: ArrayLike | None = None,
    method: str = "random",
    properties: Mapping[str, Any] | None = None,
    n_draws: int = 10,
    random_state: RandomState = 0,
    verbose: bool | int = 0,
) -> StandardsCurve:
    """Learn from few standards and more, again and again, and tell how many are enough.

    In every draw standards are taken from `pair`, each transfer is fitted to them, and
    judged by spectra that it has not seen.

    Parameters
    ----------
    transfers : mapping of str to estimator
        Transfers that are not fitted yet; they are cloned. "untransferred" and
        "primary" are rows of the table itself, and no names for them.
    pair : SpectraPair, PairedMaps or tuple of (X_secondary, X_primary)
        What standards are taken from. All of its secondary spectra that are not held
        out are `X_unpaired` of transfers that learn from these.
    sizes : sequence of int
        Numbers of standards; of samples, where there are groups.
    test : SpectraPair, PairedMaps or tuple, default=None
    library : array-like of shape (n_library, n_primary) or LibraryMoments, default=None
        Primary spectra without partners, `y_unpaired` of transfers that learn from
        them.
    groups : array-like of shape (n_spectra,), default=None
        Sample of each spectrum of `pair`. None takes its `sample_id`, or every spectrum
        for a sample.
    method : {"random", "kmeans", "kmedoids", "kennard-stone", "duplex", \
            "d-optimal"}, default="random"
        How standards are chosen: at random, the larger sets with the smaller ones in
        them, or as `select_standards` does.
    properties : mapping of str to Property or tuple, default=None
        As in `evaluate_transfers`; the known values are those of `test`, or of `pair`
        where there is no test. None can be named "RSE".
    n_draws : int, default=10
        Number of draws.
    random_state : int, RandomState instance or None, default=0
        Seed of the draws.
    verbose : bool or int, default=0
        Whether to show a progress bar.

    Returns
    -------
    StandardsCurve
        Errors of each draw; it prints a table and an answer in words. Untransferred
        spectra are a row of it, or a row beside each transfer where these predict in
        different spaces.

    See Also
    --------
    spectransfer.model_selection.select_standards : Chooses them.
    spectransfer.plotting.StandardsCurveDisplay : Draws the curve.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from spectransfer import OffsetTransfer, make_transfer_pipeline
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.evaluation import standards_curve
    >>> pair = make_instrument_pair(n_spectra=120, random_state=0)
    >>> curve = standards_curve(
    ...     {"ridge": make_transfer_pipeline(Ridge())}, pair, [3, 6, 12], n_draws=3)
    >>> bool(curve.medians()["ridge"][2] < curve.medians()["ridge"][0])
    True
    """
    known = as_pair(pair, "pair")
    axes = axes_of(pair, known)
    judged = None if test is None else _checked_test(test, known, axes)
    groups = getattr(pair, "sample_id", None) if groups is None else groups
    labels = None
    if groups is not None:
        names = checked_labels(groups, known.n_spectra, "groups")
        labels = np.unique(names, return_inverse=True)[1]
    counts = _checked_sizes(sizes, known, labels, test is None)
    _check_judges(known, labels, judged)
    named = named_transfers(transfers, (PRIMARY, UNTRANSFERRED))
    if library is not None and not isinstance(library, LibraryMoments):
        library = as_table(library, "library")
        check_axes(axes, "library", (None, axis_of(library)), **_HERE)
    told = {} if library is None else {"y_unpaired": library}
    rng = check_random_state(random_state)
    found = _Errors((len(counts), n_draws))
    draws = _draws(known, labels, judged, properties, axes, n_draws, rng)
    n_fits = n_draws * len(counts) * len(named)
    with progress_bar(n_fits, "fit", visible=bool(verbose)) as bar:
        for n, (draw, order) in enumerate(draws):
            seed = int(rng.randint(2**31 - 1))
            unpaired = {"X_unpaired": draw.pool.secondary} | told
            for size, k in enumerate(counts):
                rows = draw.standards(k, method, order, seed)
                taken = Pair(*(take_rows(side, rows) for side in draw.pool))
                some = named_sides(taken, draw.axes)
                at, alike = (size, n), {}
                for name, transfer in named.items():
                    ids = None if draw.groups is None else draw.groups[rows]
                    try:
                        alike[name] = _fitted(transfer, some, sample_id=ids, **unpaired)
                        found.judge(draw, alike, name, at)
                    except Exception as error:
                        error.add_note(
                            f"This happened while evaluating {name!r} with {k} "
                            "standards."
                        )
                        raise
                    bar.update(1)
            found.judge_limits(draw, alike, rows, n)
    return found.curve(counts)


def _fitted(transfer: Any, standards: Any, **beside: Any) -> Any:
    """Fit a clone of a transfer to standards."""
    with warnings.catch_warnings():
        # what few standards lack is what the curve shows
        warnings.filterwarnings("ignore", ".*unlike all standards")
        return fit_with_unpaired(clone(transfer), *standards, **beside)


def _checked_sizes(
    sizes: Sequence[int] | IntArray, pair: Pair, groups: Any, halved: bool
) -> list[int]:
    """Refuse numbers of standards that there are not."""
    asked = list(sizes)
    if not all(isinstance(k, Integral) for k in asked):
        raise TypeError(f"sizes must be whole numbers of standards, but are {asked}.")
    counts = [int(k) for k in asked]
    n_samples = pair.n_spectra if groups is None else int(groups.max()) + 1
    most = n_samples - n_samples // 2 if halved else n_samples
    if (
        not counts
        or min(counts) < 1
        or max(counts) > most
        or sorted(set(counts)) != counts
    ):
        raise ValueError(
            f"sizes must be increasing numbers of standards from 1 to {most}, but they "
            f"are {counts}. "
            + (
                "Half of the samples is held out to judge by: pass test= to use all."
                if halved
                else "Ask for fewer."
            )
        )
    return counts


def _checked_test(test: Any, known: Pair, axes: tuple[Any, Any]) -> Pair:
    """Refuse spectra to judge by that are not on the axes of the standards."""
    judged = as_pair(test, "test")
    check_axes(axes, "test", axes_of(test, judged), **_HERE)
    check_channels(known, judged, None, standards="pair")
    return judged


def _check_judges(pair: Pair, groups: Any, test: Pair | None) -> None:
    """Refuse a single spectrum to judge by: it has no mean to be compared with."""
    if test is not None:
        where, n_judged = "test", test.n_spectra
    else:
        sizes = np.bincount(np.arange(pair.n_spectra) if groups is None else groups)
        where = "the half of the samples that is held out"
        n_judged = int(np.sort(sizes)[: len(sizes) // 2].sum())
    if n_judged < 2:
        raise ValueError(
            "There must be at least two spectra to judge by, since the RSE is relative "
            f"to their mean, but {where} may have {n_judged}. Pass more of them as "
            "test=."
        )
