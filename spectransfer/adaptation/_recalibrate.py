"""A fitted transfer for a new day: the drift is corrected in front of it.

What was learned stays as it is, and is shared with the transfer of the library's day.
"""

from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import _num_samples, check_is_fitted

from spectransfer._channels import axis_of, compare_axes, read_names
from spectransfer._labels import paired_labels
from spectransfer._typing import ArrayLike
from spectransfer._validation import HasMethods, validate_params
from spectransfer._wrapping import unwrapped
from spectransfer.adaptation._behind import AdaptedTransfer, adapted
from spectransfer.pipeline import TransferPipeline
from spectransfer.preprocessing import DriftCorrector

_STEP = "drift"


@validate_params(
    {"transfer": [HasMethods("predict")], "corrector": [DriftCorrector, None]},
    prefer_skip_nested_validation=False,
)
def recalibrate(
    transfer: Any,
    X_today: ArrayLike,
    X_reference: ArrayLike,
    *,
    sample_id: ArrayLike | None = None,
    reference_id: ArrayLike | None = None,
    y_reference: ArrayLike | None = None,
    corrector: DriftCorrector | None = None,
) -> TransferPipeline:
    """Give a fitted transfer for the spectra of a new day.

    A few standards, measured on both days by the *secondary* instrument alone, tell how
    it has drifted. The new transfer undoes that first. Nothing else is fitted, and
    no primary instrument is needed: primary spectra come out as on the day on which
    the transfer was learned, which is the day of its library.

    Parameters
    ----------
    transfer : estimator
        A fitted transfer: a pipeline, a search, anything that predicts from secondary
        spectra as the instrument gives them. It stays as it is. One that was
        recalibrated before is calibrated anew, and its old correction left out.
    X_today : array-like of shape (n_today, n_secondary)
        Standards today, as the secondary instrument gives them.
    X_reference : array-like of shape (n_reference, n_secondary)
        The same materials on the day of the transfer, by the same instrument.
    sample_id, reference_id : array-like, default=None
        Material of each row, as in `DriftCorrector.fit`. Shots tell more than means.
    y_reference : array-like of shape (n_reference, n_primary), default=None
        Primary spectra of the standards, as measured on the day of the transfer, row by
        row those of `X_reference`. From three materials on, what is still missing after
        the drift may then be corrected in the predictions (an `AdaptedTransfer`),
        where materials that are left out come nearer by it, and not otherwise.
    corrector : DriftCorrector, default=None
        With parameters of your own; a clone is fitted. None is `DriftCorrector()`.

    Returns
    -------
    TransferPipeline
        Fitted, with the step ``drift`` and, behind it, the transfer: its own steps
        where it is a pipeline, else a step ``transfer`` that is frozen. Where there is
        an adaptation, it is in the last step.

    Raises
    ------
    ValueError
        Standards that do not pair, as in `DriftCorrector.fit`.

    See Also
    --------
    spectransfer.preprocessing.DriftCorrector : Tells what has drifted, and how far.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from spectransfer import make_transfer_pipeline
    >>> from spectransfer.adaptation import recalibrate
    >>> from spectransfer.datasets import make_instrument_pair
    >>> pair = make_instrument_pair(n_spectra=100, random_state=0)
    >>> transfer = make_transfer_pipeline(Ridge()).fit(pair.X_secondary, pair.X_primary)
    >>> standards = pair.X_secondary[:5]
    >>> today = recalibrate(transfer, 1.4 * standards, standards)
    >>> [name for name, _ in today.steps]
    ['drift', 'baseline', 'scaler', 'transfer']
    >>> today.predict(1.4 * pair.X_secondary).shape == pair.X_primary.shape
    True
    """
    check_is_fitted(transfer)
    _check_channels(transfer, X_today)
    drift = DriftCorrector() if corrector is None else _fresh(corrector)
    drift.fit(X_today, X_reference, sample_id=sample_id, reference_id=reference_id)
    new = _in_front(drift, unwrapped(transfer))
    if y_reference is None:
        return new
    check_consistent_length(y_reference, X_reference)
    n_today, n_reference = _num_samples(X_today), _num_samples(X_reference)
    today = np.arange(n_today) if sample_id is None else sample_id
    names = paired_labels(today, reference_id, n_today, n_reference)
    return adapted(new, X_today, y_reference, *names)


def _check_channels(transfer: Any, X_today: ArrayLike) -> None:
    """Refuse standards on other channels than the transfer was fitted on."""
    wanted = getattr(transfer, "n_features_in_", None)
    given = np.shape(X_today)[-1] if np.ndim(X_today) == 2 else None
    if None not in (wanted, given) and wanted != given:
        raise ValueError(
            f"Standards must be spectra as the transfer takes them, of {wanted} "
            f"channels, but X_today has {given}. Pass the spectra as the secondary "
            "instrument gives them, before any cropping."
        )
    names, axis = getattr(transfer, "feature_names_in_", None), axis_of(X_today)
    known = None if names is None else read_names(names)
    if known is not None and axis is not None:
        compare_axes(known, axis, who="The transfer", what="standards")


def _in_front(drift: DriftCorrector, inner: Any) -> TransferPipeline:
    """Put a correction in front of a fitted transfer."""
    if not isinstance(inner, Pipeline):
        return TransferPipeline([(_STEP, drift), ("transfer", FrozenEstimator(inner))])
    steps = list(inner.steps)
    if isinstance(steps[0][1], DriftCorrector):
        del steps[0]
    if isinstance(steps[-1][1], AdaptedTransfer):
        steps[-1] = (steps[-1][0], steps[-1][1].transfer_)
    # a step of the user's may have our name
    name = _STEP
    while name in dict(steps):
        name = f"{name}_today"
    return TransferPipeline([(name, drift), *steps])


def _fresh(corrector: DriftCorrector) -> DriftCorrector:
    return DriftCorrector(**corrector.get_params(deep=False))
