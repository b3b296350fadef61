"""Putting a known primary side behind a transfer onto prepared spectra.

A laboratory that joins a library has no measured primary spectra, only what the decoder
makes of latents: spectra as the primary side has prepared them. The regressor learns
these, and the side that the library was published with brings its predictions back.
"""

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from spectransfer.pipeline._pipeline import TransferPipeline
from spectransfer.pipeline._primary_side import PrimarySide
from spectransfer.pipeline._regressor import PrimarySpaceRegressor


def behind_side(transfer: Pipeline, side: PrimarySide) -> TransferPipeline:
    """Give an ordinary transfer of one that predicts prepared spectra.

    Parameters
    ----------
    transfer : Pipeline
        Fitted: steps of the secondary side, and a regressor onto prepared spectra.
    side : PrimarySide
        What prepared them.

    Returns
    -------
    TransferPipeline
        Fitted, with the same parts, as `make_transfer_pipeline` would have made it
        with the side's transformer frozen.
    """
    name, regressor = transfer.steps[-1]
    frozen = None if side.transformer is None else FrozenEstimator(side.transformer)
    last = PrimarySpaceRegressor(clone(regressor), transformer=frozen)
    last.regressor_, last.primary_side_ = regressor, side
    for known in ("n_features_in_", "feature_names_in_"):
        if hasattr(regressor, known):
            setattr(last, known, getattr(regressor, known))
    return TransferPipeline([*transfer.steps[:-1], (name, last)])
