"""The space of prepared primary spectra that an estimator has learned.

An autoencoder knows spectra as they leave the primary side: without baseline, scaled by
the statistics of its own training spectra. Behind another preparation it decodes
something else, and nothing fails. So what was fitted in a pipeline carries what its
primary side makes of two spectra, and a frozen part is compared with the side that it
is joined to. What is compared is what the sides do, whatever they are made of.
"""

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np

from spectransfer._axis import Named
from spectransfer._typing import FloatArray
from spectransfer._validation import LEARNED_SPACE
from spectransfer._wrapping import is_frozen, layers
from spectransfer.exceptions import SpectransferWarning
from spectransfer.pipeline._primary_side import PrimarySide

# of the prepared spectra; another precision or another machine differs by less
_TOLERANCE = 1e-3
_N_DRAWN = 32


class PrimarySpace(NamedTuple):
    """Two spectra, what a primary side makes of them, and its wavelengths."""

    measured: FloatArray
    prepared: FloatArray
    axis: Named | None

    @classmethod
    def of(cls, side: PrimarySide, targets: FloatArray) -> Self | None:
        """Ask a side for mean and maximum of some spectra that it was fitted on.

        Parameters
        ----------
        side : PrimarySide
            Fitted.
        targets : ndarray of shape (n_spectra, n_primary) or (n_spectra,)
            Measured primary spectra. Single targets have no space: None.

        Returns
        -------
        PrimarySpace or None
            What an estimator that learned prepared spectra is to carry.
        """
        if targets.ndim == 1:
            return None
        rows = np.linspace(0, len(targets) - 1, _N_DRAWN).astype(int)
        drawn = targets[np.unique(rows)]
        measured = np.stack([drawn.mean(axis=0), drawn.max(axis=0)])
        return cls(measured, _prepared(side, measured), side.axis)

    def difference(self, side: PrimarySide) -> str | None:
        """Say how another side differs from the one this was made of, if it does."""
        n_channels = self.measured.shape[1]
        if side.shape != (n_channels,):
            return f"it was fitted on {n_channels} channels, and y has {side.shape[0]}"
        if self.axis is not None and side.axis is not None:
            places, unit = self.axis.values, self.axis.unit
            if None not in (unit, side.axis.unit) and unit != side.axis.unit:
                return f"its axis is in {unit}, and that of y in {side.axis.unit}"
            apart = float(np.abs(places - side.axis.values).max())
            if apart > _TOLERANCE * float(np.abs(np.diff(places)).min(initial=1)):
                words = f"{apart:.3g} {unit or ''}".rstrip()
                return f"its axis differs from that of y by up to {words}"
        found = _prepared(side, self.measured)
        if found.shape != self.prepared.shape:
            return (
                f"it knows {self.prepared.shape[1]} prepared channels, and here are "
                f"{found.shape[1]}"
            )
        size = float(np.sqrt(np.mean(np.square(self.prepared, dtype=np.float64))))
        error = (found - self.prepared).astype(np.float64)
        apart = float(np.sqrt(np.mean(np.square(error))))
        if apart <= _TOLERANCE * size:
            return None
        part = f"{100 * apart / size:.2g} %" if size > 0 else f"{apart:.2g}"
        return f"the same spectra, prepared by both sides, differ by {part}"


def mark(regressor: Any, space: PrimarySpace | None) -> None:
    """Let a regressor and its autoencoder carry the space that they learned.

    Parameters
    ----------
    regressor : estimator
        Just fitted. What is frozen in it carries its own.
    space : PrimarySpace or None
        The space.
    """
    if space is None:
        return
    for layer in layers(regressor):
        for part in (layer, getattr(layer, "autoencoder_", None)):
            if part is not None and not is_frozen(part):
                setattr(part, LEARNED_SPACE, space)


def check_joined(regressor: Any, side: PrimarySide) -> None:
    """Warn of frozen parts that were fitted behind another primary side.

    Parameters
    ----------
    regressor : estimator
        About to be fitted.
    side : PrimarySide
        Fitted: what prepares the primary spectra here.
    """
    for part in _frozen_parts(regressor):
        space = getattr(part, LEARNED_SPACE, None)
        found = None if space is None else space.difference(side)
        if found is not None:
            warnings.warn(
                "A frozen part must be joined with the preparation of primary spectra "
                f"that it was fitted behind, but for {_name(part)} {found}: its "
                "spectra may come out wrong by as much. Join both: "
                "make_transfer_pipeline(..., primary=FrozenEstimator(known.steps[-1]"
                "[1].transformer_)), where known is the pipeline that it is from.",
                SpectransferWarning,
                stacklevel=2,
            )


def _frozen_parts(regressor: Any) -> Iterator[Any]:
    seen: set[int] = set()
    for part in (regressor, *regressor.get_params().values()):
        if hasattr(part, "fit") and is_frozen(part) and id(part) not in seen:
            seen.add(id(part))
            yield part


def _name(part: Any) -> str:
    *_, inner = layers(part)
    return type(inner).__name__


def _prepared(side: PrimarySide, measured: FloatArray) -> FloatArray:
    with warnings.catch_warnings():
        # that these have no column names, where the others had
        warnings.simplefilter("ignore")
        return np.array(side.prepare(measured))
