"""How spectra of each kind of spectroscopy are prepared, and what that takes away.

`benchmarks/preparations.py` chose them on real pairs of instruments;
docs/preprocessing.md has its table.
"""

import warnings
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.pipeline import Pipeline

from spectransfer._blocks import take_rows
from spectransfer._imports import need
from spectransfer._wrapping import flat_steps, unwrapped
from spectransfer.exceptions import SpectransferWarning
from spectransfer.preprocessing import (
    BaselineCorrector,
    StandardScaler,
    WavelengthCropper,
)

_ENOUGH = 256  # spectra that tell the share of variance
_MOST = 0.5
_ROUNDING = 1e-20  # of squares: what is left of equal spectra behind their mean


FLUORESCENCE = "fluorescence"  # name of a step that takes off what is known as such


def _baseline(name: str = "baseline") -> Pipeline:
    return Pipeline([(name, BaselineCorrector()), ("scaler", StandardScaler(power=0))])


def _derivative() -> Pipeline:
    what = 'preparation="nir"'
    derivative = need("chemotools.derivative", what, "spectransfer[chemotools]")
    scatter = need("chemotools.scatter", what, "spectransfer[chemotools]")
    return Pipeline(
        [
            ("derivative", derivative.SavitzkyGolay(15, 2, 1)),
            ("snv", scatter.StandardNormalVariate()),
            ("scaler", StandardScaler(power=0)),
        ]
    )


_KINDS = {
    "libs": _baseline,
    "raman": lambda: _baseline(FLUORESCENCE),
    "nir": _derivative,
}


def prepare_as(kind: str | None) -> Pipeline | None:
    """Give the preparation of one side, for a kind of spectroscopy.

    Parameters
    ----------
    kind : {"libs", "raman", "nir"} or None
        The kind.

    Returns
    -------
    Pipeline or None
        Not fitted, a new one in every call.
    """
    if kind is None:
        return None
    if kind not in _KINDS:
        raise ValueError(
            f"preparation must be one of {', '.join(map(repr, _KINDS))} or None, but "
            f"it is {kind!r}. For steps of your own pass secondary= and primary=."
        )
    return _KINDS[kind]()


def warn_of_lost(transformer: Any, table: Any) -> None:
    """Warn where a baseline takes away most of what distinguishes the spectra.

    The share is one minus the variance among corrected spectra over that before, both
    summed over channels. Steps that change the unit (scaling, derivatives) have no such
    share, and are passed by. A corrector that is called "fluorescence" in its pipeline,
    as that of "raman" is, takes off what its user knows: nothing is said.

    Parameters
    ----------
    transformer : transformer or None
        Fitted; of the primary side.
    table : array or data frame of shape (n_spectra, n_primary)
        The spectra that it was fitted to.
    """
    steps = [] if transformer is None else flat_steps(transformer)
    if len(table) < 2 or not any(isinstance(s, BaselineCorrector) for s in steps):
        return
    known = {
        id(step)
        for name, step in getattr(unwrapped(transformer), "steps", [])
        if name == FLUORESCENCE
    }
    some = slice(None, None, -(-len(table) // _ENOUGH))
    before = take_rows(table, some)
    for step in steps:
        if not isinstance(step, BaselineCorrector | WavelengthCropper):
            return
        # finite, says fit
        with config_context(assume_finite=True):
            after = step.transform(before)
        varied, size = _variance(before), _variance(before, about=0.0)
        told = isinstance(step, BaselineCorrector) and id(step) not in known
        if told and varied > _ROUNDING * size:
            _warn(1 - _variance(after) / varied)
        before = after


def _variance(spectra: Any, about: float | None = None) -> float:
    table = np.asarray(spectra, dtype=np.float64)
    return float(((table - (table.mean(0) if about is None else about)) ** 2).sum())


def _warn(share: float) -> None:
    if share > _MOST:
        warnings.warn(
            f"BaselineCorrector takes away {share:.0%} of the variance among the "
            "primary spectra. That is right where they differ by background: "
            'preparation="raman" says that it is fluorescence. It is wrong where broad '
            "bands tell them apart, as in NIR: then choose "
            'make_transfer_pipeline(..., preparation="nir") or preparation=None.',
            SpectransferWarning,
            stacklevel=4,
        )
