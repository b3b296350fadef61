"""Joining a library: a transfer from one's own instrument to its primary axis.

A joiner needs no primary spectra. What the decoder makes of the published latents of
the same standards stands for them, and the published steps of the primary side bring
predictions back.
"""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler
from sklearn.preprocessing import StandardScaler as _SklearnScaler

from spectransfer._axis import axis_of, compare_axes, with_names
from spectransfer._blocks import even_rows, take_rows
from spectransfer._labels import checked_labels, paired_labels, sample_names
from spectransfer._progress import progress_bar
from spectransfer._typing import ArrayLike, FloatArray, RandomState
from spectransfer.library._layers import DescribedVAE
from spectransfer.library._population import published_samples, with_axis
from spectransfer.pipeline import (
    PrimarySide,
    TransferPipeline,
    behind_side,
    fit_with_unpaired,
)
from spectransfer.preprocessing import BaselineCorrector
from spectransfer.spectra import Spectra
from spectransfer.transfer import FewStandardsTransfer

if TYPE_CHECKING:
    from spectransfer.library._library import Library

_FEW = 500  # samples, up to which classical maps do better than a network
_MOST_UNPAIRED = 4000
# steps that either side can have: others belong to the primary instrument alone
_OF_BOTH_SIDES = (
    BaselineCorrector, MaxAbsScaler, MinMaxScaler, RobustScaler, _SklearnScaler,
)  # fmt: skip


class Joining(NamedTuple):
    """How a transfer is fitted; see `Library.join`."""

    secondary: Any
    regressor: Any
    cv: Any
    random_state: RandomState
    verbose: bool | int


def join_library(
    library: Library,
    X: ArrayLike | Spectra,
    beside: tuple[Any, Any, Any],
    how: Joining,
) -> TransferPipeline:
    """Fit a transfer to a library, see `Library.join`.

    `beside` are sample_id, y and X_unpaired.
    """
    sample_id, y, X_unpaired = beside
    for side in (X, y):  # rows of y are those of X
        if isinstance(side, Spectra) and sample_id is None:
            sample_id = side.sample_id
    if len(X) == 0:  # type: ignore[arg-type]
        raise ValueError("X must hold at least one spectrum, but there is none.")
    spectra, unpaired = with_axis(X), with_axis(X_unpaired)
    if unpaired is not None:
        _compare_unpaired(spectra, unpaired)
    if y is None:
        targets, samples = _published_targets(library, len(spectra), sample_id)
    else:
        targets = library._side.prepare(with_axis(y), "y")
        if len(targets) != len(spectra):
            raise ValueError(
                "y must have a primary spectrum for each row of X, but there are "
                f"{len(targets)} and {len(spectra)}."
            )
        names = np.arange(len(spectra)) if sample_id is None else sample_id
        samples = checked_labels(names, len(spectra), "sample_id")
        if isinstance(y, Spectra) and y.sample_id is not None and sample_id is not None:
            _compare_samples(samples, y.sample_id)
    regressor = how.regressor
    if regressor is None:
        regressor = _default_regressor(library, len(np.unique(samples)), how)
    front = _front(library._side, how.secondary)
    transfer = Pipeline([*front, ("transfer", regressor)])
    others: dict[str, Any] = {}
    if unpaired is not None:
        drawn = library.latents[even_rows(len(library.latents), _MOST_UNPAIRED)]
        others = {
            "X_unpaired": unpaired,
            "y_unpaired": library._decode_prepared(drawn),
        }
    targets = with_names(targets, library._side.prepared_names)
    known = spectra, targets, samples
    expected = _expected_rse(library, transfer, known, others, how)
    fit_with_unpaired(transfer, spectra, targets, sample_id=samples, **others)
    columns = getattr(spectra, "columns", None)
    first = transfer.steps[0][1]
    if columns is not None and not hasattr(first, "feature_names_in_"):
        # as if they had come as a data frame: so the axis will be compared
        first.feature_names_in_ = np.array([str(c) for c in columns], object)
    joined = behind_side(transfer, library._side)
    joined.expected_rse_ = expected
    return joined


def _published_targets(
    library: Library, n_spectra: int, sample_id: ArrayLike | None
) -> tuple[FloatArray, np.ndarray]:
    """Give what the decoder makes of the samples of each spectrum."""
    if sample_id is None:
        raise ValueError(
            "Joining needs the partners of secondary spectra, but neither sample_id "
            "nor y came. Pass sample_id=, the names that the library has for the same "
            "samples, or y=, primary spectra of the same spots."
        )
    known = library.sample_id
    if known is None:
        raise ValueError(
            "The library has no names of its samples, so that sample_id finds no "
            "partners. Pass y=, primary spectra of the same spots."
        )
    own = sample_names(sample_id, n_spectra, "sample_id")
    own, known = paired_labels(own, known, n_spectra, len(known))
    samples, of_row = np.unique(own, return_inverse=True)
    missing = samples[~np.isin(samples, known)]
    if len(missing):
        some = ", ".join(map(str, missing[:5]))
        raise ValueError(
            f"sample_id must name samples of the library, but {len(missing)} of "
            f"{len(samples)} are not in it: {some}{' ...' * (len(missing) > 5)}. The "
            f"library has {', '.join(map(str, np.unique(known)[:3]))} and so on; leave "
            "out the others."
        )
    return published_samples(library, samples, known)[of_row], own


def _compare_samples(own: np.ndarray, others: np.ndarray) -> None:
    """Refuse primary spectra whose samples are not those of the secondary rows."""
    here, there = paired_labels(own, others, len(own), len(others))
    differing = np.flatnonzero(here != there)
    if len(differing):
        row = differing[0]
        raise ValueError(
            "Rows of y must be of the samples of X, but "
            f"row {row} is {str(here[row])!r} in X and {str(there[row])!r} in y. Bring "
            "them together with spectransfer.io.load_pair(X, y), which pairs by "
            "sample, and pass the sides of the pair."
        )


def _default_regressor(library: Library, n_samples: int, how: Joining) -> Any:
    if n_samples <= _FEW or not isinstance(library._autoencoder, DescribedVAE):
        return FewStandardsTransfer()
    # only here: few standards need no torch
    from spectransfer.networks import SpectralMLP
    from spectransfer.transfer import VAELatentTransfer

    return VAELatentTransfer(
        FrozenEstimator(library._full_autoencoder),
        SpectralMLP(),
        random_state=how.random_state,
        verbose=how.verbose,
    )


def _front(side: PrimarySide, secondary: Any) -> list[tuple[str, Any]]:
    """Give the steps of the secondary side, not yet fitted."""
    if isinstance(secondary, str) and secondary not in ("default", "passthrough"):
        raise ValueError(
            "secondary must be a transformer, 'default', 'passthrough' or None, but it "
            f"is {secondary!r}. Pass the steps themselves, such as make_pipeline(...)."
        )
    if secondary is None or (isinstance(secondary, str) and secondary == "passthrough"):
        return []
    if isinstance(secondary, Pipeline):
        return list(clone(secondary).steps)
    if not isinstance(secondary, str):
        return [("prepare", clone(secondary))]
    steps = [clone(step) for step in side.steps if isinstance(step, _OF_BOTH_SIDES)]
    return list(make_pipeline(*steps).steps) if steps else []


def _taken(spectra: Any, rows: np.ndarray) -> Any:
    """Take some spectra, which go on to know their axis."""
    if hasattr(spectra, "iloc"):
        return take_rows(spectra, rows)
    taken = np.asarray(spectra)[rows]
    return with_names(taken, getattr(spectra, "columns", None))


def _compare_unpaired(spectra: Any, unpaired: Any) -> None:
    """Refuse spectra without partners that are on another axis than the standards."""
    if unpaired.shape[1] != spectra.shape[1]:
        raise ValueError(
            f"X_unpaired must have the {spectra.shape[1]} channels of X, but it has "
            f"{unpaired.shape[1]}. Pass spectra of the same instrument, as measured."
        )
    known, axis = axis_of(spectra), axis_of(unpaired)
    if known is not None and axis is not None:
        compare_axes(known, axis, who="Joining a library", what="X_unpaired")


def _expected_rse(
    library: Library,
    transfer: Pipeline,
    known: tuple[Any, FloatArray, np.ndarray],
    others: dict[str, Any],
    how: Joining,
) -> float:
    """Leave samples out in turn, and compare what comes with what was learned."""
    spectra, targets, samples = known
    if how.cv is not None and not (isinstance(how.cv, Integral) and int(how.cv) >= 2):
        raise ValueError(f"cv must be 2 or more groups, or None, but it is {how.cv!r}.")
    n_samples = len(np.unique(samples))
    n_folds = 0 if how.cv is None or n_samples < 3 else min(int(how.cv), n_samples)
    if n_folds < 2:  # two samples tell nothing of others
        return float("nan")
    measured = library._side.undo(np.asarray(targets))
    names = library._side.prepared_names
    error = 0.0
    folds = GroupKFold(n_folds).split(samples, groups=samples)
    with progress_bar(n_folds, "fold", visible=bool(how.verbose), desc="join") as bar:
        for kept, left in folds:
            fresh = clone(transfer)
            own = _taken(spectra, kept), with_names(targets[kept], names)
            fit_with_unpaired(fresh, *own, sample_id=samples[kept], **others)
            predicted = np.asarray(fresh.predict(_taken(spectra, left)))
            predicted = library._side.undo(predicted)
            error += float(np.square(measured[left] - predicted).sum())
            bar.update()
    spread = np.square(measured - measured.mean(axis=0, dtype=np.float64)).sum()
    return error / (float(spread) or 1.0)
