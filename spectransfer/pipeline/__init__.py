r"""The whole transfer as one estimator.

The method is a regression onto a transformed target: secondary spectra are prepared by
the steps of a pipeline, primary spectra by a transformer of their own, and predictions
are brought back through that transformer as far as it can be undone.

    secondary -- baseline, scale --> regressor --> scaled -- unscale --> primary
"""

from typing import TYPE_CHECKING

from spectransfer._imports import lazy_names

_MODULE_OF = {
    "PrimarySpaceRegressor": "spectransfer.pipeline._regressor",
    "TransferPipeline": "spectransfer.pipeline._pipeline",
    "make_published_pipeline": "spectransfer.pipeline._make",
    "make_transfer_pipeline": "spectransfer.pipeline._make",
    "transfer_spectra": "spectransfer.pipeline._streaming",
}

# not in __all__: for other rooms of this house
_FOR_ROOMS = {
    "PrimarySide": "spectransfer.pipeline._primary_side",
    "PrimarySpace": "spectransfer.pipeline._space",
    "PROTOCOLS": "spectransfer.pipeline._protocols",
    "behind_side": "spectransfer.pipeline._joining",
    "crop_first": "spectransfer.pipeline._steps",
    "fit_watched": "spectransfer.pipeline._fitting",
    "fit_with_unpaired": "spectransfer.pipeline._fitting",
    "watches": "spectransfer.pipeline._takes",
    "with_own_statistics": "spectransfer.pipeline._protocols",
    "with_reference": "spectransfer.pipeline._protocols",
    "with_training_statistics": "spectransfer.pipeline._protocols",
}

__all__ = sorted(_MODULE_OF)
if TYPE_CHECKING:  # written by .ci/lazy_types.py
    from spectransfer.pipeline._fitting import fit_watched as fit_watched
    from spectransfer.pipeline._fitting import fit_with_unpaired as fit_with_unpaired
    from spectransfer.pipeline._joining import behind_side as behind_side
    from spectransfer.pipeline._make import (
        make_published_pipeline as make_published_pipeline,
    )
    from spectransfer.pipeline._make import (
        make_transfer_pipeline as make_transfer_pipeline,
    )
    from spectransfer.pipeline._pipeline import TransferPipeline as TransferPipeline
    from spectransfer.pipeline._primary_side import PrimarySide as PrimarySide
    from spectransfer.pipeline._protocols import PROTOCOLS as PROTOCOLS
    from spectransfer.pipeline._protocols import (
        with_own_statistics as with_own_statistics,
    )
    from spectransfer.pipeline._protocols import with_reference as with_reference
    from spectransfer.pipeline._protocols import (
        with_training_statistics as with_training_statistics,
    )
    from spectransfer.pipeline._regressor import (
        PrimarySpaceRegressor as PrimarySpaceRegressor,
    )
    from spectransfer.pipeline._space import PrimarySpace as PrimarySpace
    from spectransfer.pipeline._steps import crop_first as crop_first
    from spectransfer.pipeline._streaming import transfer_spectra as transfer_spectra
    from spectransfer.pipeline._takes import watches as watches
else:
    __getattr__, __dir__ = lazy_names(__name__, _MODULE_OF | _FOR_ROOMS)
